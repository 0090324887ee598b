"""Run folders as a training leaves them, written without training."""

from __future__ import annotations

import json
import math
import socket
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

CONFIG = """
[data]
path = "/data/trials"
protocol = "cross-subject"
modalities = ["skeleton"]

[network]
name = "{network}"
dropout = 0.5

[training]
batch_size = 4
{stages}
[run]
folder = "."
"""


def write_run(
    folder: Path,
    *,
    network: str = "st-gcn",
    stages: Sequence[str] = ("joints",),
    epochs: int = 10,
    done: int = 10,
    state: str = "finished",
    validated: bool = True,
    evaluation: dict[str, Any] | None = None,
    **status: Any,
) -> Path:
    """A run of ``epochs`` epochs a stage of which ``done`` are through; the folder."""
    (folder / "checkpoints").mkdir(parents=True)
    tables = "".join(
        f"[training.stage.{name}]\nepochs = {epochs}\nlearning_rate = 0.1\n" for name in stages
    )
    (folder / "config.toml").write_text(CONFIG.format(network=network, stages=tables))
    lines = [line for at in range(done) for line in epoch_lines(stages, epochs, at, validated)]
    write_lines(folder, lines)
    now = time.time()
    last = max(0, done - 1)
    told = {
        "version": 1,
        "state": state,
        "job": "train",
        "pid": 1,
        "host": socket.gethostname(),
        "started": now - 60,
        "beat": now,
        "stage": stages[min(last // epochs, len(stages) - 1)],
        "epoch": last % epochs + 1,
        "epochs": epochs,
        "reason": "",
    }
    (folder / "status.json").write_text(json.dumps(told | status))
    if evaluation is not None:
        (folder / "evaluation.json").write_text(json.dumps(evaluation))
    return folder


def epoch_lines(
    stages: Sequence[str], epochs: int, at: int, validated: bool = True
) -> list[dict[str, Any]]:
    """Two steps and the line of the epoch ``at``, counted over all stages from 0."""
    stage, epoch = stages[at // epochs], at % epochs + 1
    loss, accuracy = math.exp(-epoch / epochs), 1 - math.exp(-epoch / epochs)
    step = {"kind": "step", "stage": stage, "epoch": epoch, "steps": 2, "seconds": float(at)}
    return [
        {**step, "step": 1, "loss": loss + 0.2},
        {**step, "step": 2, "loss": loss},
        {
            "kind": "epoch",
            "stage": stage,
            "epoch": epoch,
            "epochs": epochs,
            "train": {"loss": loss, "accuracy": accuracy},
            "validation": {"loss": loss + 0.1, "accuracy": accuracy * 0.9} if validated else None,
            "learning_rate": 0.1,
            "seconds": 2.0,
            "samples_per_s": 31.5,
            "wait_share": 0.1,
        },
    ]


def write_lines(folder: Path, lines: Sequence[dict[str, Any]], mode: str = "w") -> None:
    """Write, or with mode "a" append, lines of metrics."""
    with (folder / "metrics.jsonl").open(mode) as file:
        file.writelines(json.dumps(line) + "\n" for line in lines)
