"""Documents of evaluations and comparisons, made without a network."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from harstudio.learning.evaluating import figures
from harstudio.learning.evaluating.evaluation import score_figures


def made_evaluation(
    run: Path,
    classes: Sequence[str],
    *,
    streams: Sequence[str] = ("skeleton", "clip"),
    each: int = 3,
    path: Path | str = "gone.harrec",
    seed: int = 0,
) -> dict[str, Any]:
    """``evaluate --json`` of ``each`` clips a class; the fusion is surer than its streams."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(classes)), each)
    logits = {
        name: rng.normal(size=(len(labels), len(classes))).astype(np.float32)
        for name in (*streams, "fusion")
    }
    for name, one in logits.items():
        one[np.arange(len(labels)), labels] += 3 if name == "fusion" else 2
    scores = {name: figures.probabilities(one) for name, one in logits.items()}
    fused = score_figures(scores["fusion"], labels, len(classes))
    said = {name: one.argmax(axis=1) for name, one in scores.items()}
    return {
        "run": str(run),
        "network": "late-score" if len(streams) > 1 else "st-gcn",
        "protocol": "cross-subject",
        "part": "test",
        "weights": "last",
        "selected_by": "last",
        "seed": 0,
        "data": "utd-mhad",
        "device": "CPU",
        "clips": len(labels),
        **{key: value for key, value in fused.items() if key != "per_class"},
        "bootstrap": figures.bootstrap(labels, said["fusion"], len(classes)),
        "reliability": figures.reliability(scores["fusion"], labels),
        "per_class": {
            name: {"clips": each, "accuracy": share}
            for name, share in zip(classes, fused["per_class"], strict=True)
        },
        "streams": {name: score_figures(scores[name], labels, len(classes)) for name in streams},
        "seconds_per_clip": 0.01,
        "parameters": 1000,
        "multiply_adds": None,
        "samples": [
            {
                "path": str(path),
                "recording": f"r{k}",
                "start_ns": 0,
                "end_ns": 1_000_000_000,
                "subject": k % 4,
                "label": int(label),
                "predicted": int(said["fusion"][k]),
                "confidence": float(scores["fusion"][k].max()),
                "true_confidence": float(scores["fusion"][k, label]),
                "streams": {name: int(said[name][k]) for name in streams},
                "stream_confidence": {name: float(scores[name][k].max()) for name in streams},
            }
            for k, label in enumerate(labels)
        ],
        "problems": [],
    }


def _removal(better: float, curve: list[float]) -> dict[str, Any]:
    return {
        "clips": 10, "better": better, "ci95": [0.5, 1.0], "gain": 0.1, "gain_ci95": [0.0, 0.2],
        "area": sum(curve) / len(curve), "random_area": 0.5, "curve": curve,
        "random_curve": [1.0, 0.5, 0.1],
    }  # fmt: skip


def made_truth(run: Path) -> dict[str, Any]:
    """Checked explanations, as the job ``check_explanations`` returns them."""
    return {
        "version": 1, "run": str(run), "network": "mmff-lite", "clips": 12, "clips_of_part": 40,
        "of_hands": 7, "random_orders": 4, "kept": True, "problems": ["one: it is damaged."],
        "explanations": [
            {"name": "relation", "kind": "relation", "clips": 12,
             "why": {"deletion": "It lies on no cells."}},
            {"name": "Grad-CAM picture", "kind": "heat_map", "on": "picture", "clips": 12,
             "indifferent": 2, "deletion": _removal(0.8, [1.0, 0.3, 0.1]),
             "insertion": _removal(1.0, [0.1, 0.9, 1.0]),
             "person": {"clips": 9, "share": 0.5, "chance": 0.1, "ratio": 5.0, "most": 9.0,
                        "ci95": [4.0, 6.0]},
             "top_tenth": {"clips": 9, "share": 0.3, "chance": 0.02, "ci95": [0.2, 0.4]}},
        ],
    }  # fmt: skip
