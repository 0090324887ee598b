"""Jobs that answer like the real ones, without a network; imported by workers."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from harstudio.jobs.context import Context
from harstudio.recordings.formats import open_recording
from harstudio.results import Recognition
from harstudio.runs.folder import stamp
from harstudio.runs.kept_recognitions import OF, marks
from harstudio.runs.recognitions import SUFFIX, save_recognition
from studio.made_recognition import made_recognition

Payload = dict[str, Any]
CLASSES = ("right arm swipe to the left", "right hand wave", "clap")


def answer(path: str, **options: Any) -> Recognition:
    with open_recording(Path(path)) as recording:
        made = made_recognition(recording, classes=CLASSES, windows=3, **options)
        return replace(made, asked={OF: marks(stamp(Path(made.run)), recording.mark())})


def predict(payload: Payload, context: Context) -> Payload:
    """Says "right arm swipe to the left" of everything but what is called a9_..."""
    path = payload["paths"][0]
    context.progress(0, 1, "looking")
    if "a9_" in path:
        context.tell("recognition", {"path": path, "file": "", "error": f"{path}: It is damaged."})
        return {}
    while "a8_" in path:
        context.pause_point()
        time.sleep(0.02)
    found = answer(path, run=payload["run"])
    file = Path(payload["out"]) / f"{found.recording}{SUFFIX}"
    save_recognition(file, found)
    told = {"path": path, "file": str(file), "label": found.label, "error": None}
    context.tell("recognition", told)
    return {}


def explain(payload: Payload, context: Context) -> Payload:
    """Explains with a grid of as many cells as the class has in its number, plus four."""
    path, target = payload["path"], payload["target_class"]
    found = answer(path, run=payload["run"], grid=4 + (target or 0))
    starts = [w.start_ns for w in found.windows]
    at = starts.index(payload["start_ns"])
    one = Recognition(
        found.run, found.network, found.classes, found.recording, found.path,
        (found.windows[at],), (), found.label, found.confidence, (found.explanations[at],),
    )  # fmt: skip
    file = Path(payload["out"]) / f"{found.recording}{SUFFIX}"
    save_recognition(file, one)
    return {"file": str(file), "path": path, "target": target}
