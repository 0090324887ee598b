"""Made skeletons as recordings, and what a run says about them; for the benchmarks beside this."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harstudio.recordings.formats.harrec_header import StreamSpec
from harstudio.recordings.formats.harrec_writer import HarrecWriter
from harstudio.recordings.recording import Action
from harstudio.recordings.streams import Body, SkeletonFrame, StreamKind


def write(
    folder: Path,
    name: str,
    joints: NDArray[np.float32],
    times_ns: NDArray[np.int64],
    topology: str,
    action: Action,
    subject: int,
) -> None:
    """A recording of one person: (T, V, 3) metres, y up; NaN = not seen."""
    spec = StreamSpec("skeleton", StreamKind.SKELETON, topology=topology)
    place = folder / f"{name}.harrec"
    with HarrecWriter(place, name=name, streams=[spec], subject=subject, action=action) as writer:
        for time_ns, points in zip(times_ns.tolist(), joints, strict=True):
            states = np.where(np.isfinite(points).all(axis=1), 2, 0).astype(np.uint8)
            body = Body("1", points.astype(np.float32), states)
            writer.skeleton("skeleton", time_ns, SkeletonFrame((body,)))


def evaluate(run: Path, folder: Path) -> dict[str, Any]:
    """The document of ``harstudio evaluate RUN --data FOLDER --json``; or SystemExit."""
    command = [sys.executable, "-m", "harstudio", "evaluate", str(run), "--json"]
    done = subprocess.run(
        [*command, "--data", str(folder)], capture_output=True, text=True, check=False
    )
    try:
        document: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        raise SystemExit(done.stderr) from None
    return document


def classes_of(document: dict[str, Any]) -> list[str]:
    """The names of all classes of the run, in its order."""
    return list(document["per_class"])


def show(title: str, document: dict[str, Any]) -> float:
    """Print accuracy and what each class was taken for; the accuracy."""
    samples, classes = document["samples"], classes_of(document)
    right = sum(one["label"] == one["predicted"] for one in samples)
    top1 = right / len(samples)
    low, high = document.get("ci95") or (float("nan"), float("nan"))
    print(
        f"{title}: {100 * top1:.1f} % of {len(samples)} clips ({100 * low:.1f} to {100 * high:.1f})"
    )
    for label in sorted({one["label"] for one in samples}):
        own = [one["predicted"] for one in samples if one["label"] == label]
        others = Counter(classes[k] for k in own if k != label).most_common(2)
        taken = ", ".join(f"{name} {count}" for name, count in others)
        print(f"  {classes[label]:34} {own.count(label):3} of {len(own):3}   {taken}")
    return top1
