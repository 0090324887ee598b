"""Jobs: recognise recordings, and explain one window for another class."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from harstudio.errors import UsageError
from harstudio.jobs.context import Context, Payload
from harstudio.recognition.answers import Answers, answer
from harstudio.recognition.network_cache import network_of, window_of
from harstudio.recognition.recognise import Question, recognise
from harstudio.recognition.removing import changes_of
from harstudio.recognition.trained import TrainedNetwork
from harstudio.recognition.windows import Sliding
from harstudio.recordings.formats import FORMATS, open_recording, scan
from harstudio.results import Window
from harstudio.runs.recognised.segments import Trimming


def predict(payload: Payload, context: Context) -> Payload:
    """Recognise recordings.

    payload: run (folder), paths (recordings, or folders that are searched), out (folder for the
    files; without, none are written), explain (bool), window_s, stride_s and scales (see
    ``Sliding``), trimming {smooth_s, confidence, least_s} (see ``Trimming``), each_person (bool),
    target_class (index or name; None = what each window is said to be), person (body id), resume
    (bool): a recording that was answered in the same way, since the weights and the recording were
    written, is told without asking again.

    Tells "device" {device, name} and for every recording "recognition" {path, recording, file,
    label, name, classes, confidence, top, windows, segments, persons, without, kept, error}: name
    is that of the class, classes all that it could be, file "" if none was written, top the three
    best as [name, confidence], windows and segments their number, persons the body ids that were
    told apart, without the kinds of stream that the recording lacks, kept whether it was answered
    before, error None or a sentence. One bad recording does not stop the others.
    Returns {run, network, classes, recordings: how many, failed and kept: how many of them}.
    """
    trained = network_of(payload["run"], context)
    question = Question(
        sliding=_sliding(payload),
        explain=bool(payload.get("explain", False)),
        target=_target(payload, trained),
        person=str(payload.get("person") or ""),
        each_person=bool(payload.get("each_person", False)),
        trimming=Trimming(**(payload.get("trimming") or {})),
    )
    paths = _recordings(_paths(payload), context)
    answers, resume = Answers(payload.get("out")), bool(payload.get("resume", False))
    failed = kept = 0
    for number, path in enumerate(paths):

        def progress(share: float, done: int = number, name: str = path.name) -> None:
            context.progress(done + share, len(paths), name)

        context.pause_point()
        progress(0.0)
        told = answer(trained, path, context, question, answers, resume=resume, progress=progress)
        failed += told["error"] is not None
        kept += told["kept"]
        context.tell("recognition", told)
    return {
        "run": str(trained.folder),
        "network": trained.name,
        "classes": list(trained.classes),
        "recordings": len(paths),
        "failed": failed,
        "kept": kept,
    }


def explain(payload: Payload, context: Context) -> Payload:
    """Explain one window, for any class.

    payload: run, path, start_ns, end_ns, target_class (index or name; None = what is said), out
    (folder for the file), person. Returns {file, path, recording, label, name, confidence, target,
    target_name}: the file holds a recognition of this one window.
    """
    trained = network_of(payload["run"], context)
    target = _target(payload, trained)
    start_ns, end_ns = int(payload["start_ns"]), int(payload["end_ns"])
    if start_ns >= end_ns:
        raise UsageError("The window ends before it starts.")
    question = Question(
        spans=((start_ns, end_ns),),
        explain=True,
        target=target,
        person=str(payload.get("person") or ""),
    )
    with open_recording(payload["path"]) as recording:
        recognition = recognise(trained, recording, context, question)
    shown = recognition.label if target is None else target
    return {
        "file": Answers(payload["out"]).save(recognition),
        "path": recognition.path,
        "recording": recognition.recording,
        "label": recognition.label,
        "name": recognition.classes[recognition.label],
        "confidence": recognition.confidence,
        "target": shown,
        "target_name": recognition.classes[shown],
    }


def what_if(payload: Payload, context: Context) -> Payload:
    """What a run says about one window with something taken away.

    payload: run, path, start_ns, end_ns, person; without (kinds of stream), masked (tables of
    stream, left, top, right, bottom in its pixels), joints (names of the recording's topology);
    explain (bool) and out (folder for the file with what was looked at then). What was read of the
    window is kept in the worker for the next question about it.

    Returns {run, path, start_ns, end_ns, person, classes, before, label, name, confidence,
    probabilities, by_stream, moved, kinds, can_drop, file}: before has the keys from label to
    by_stream, of the window as it is; moved, the share of the probability that went to other
    classes; kinds, what the run sees of the recording; can_drop, what can be dropped beside what
    is; file "" where nothing was to be explained.
    """
    trained = network_of(payload["run"], context)
    changes, person = changes_of(payload), str(payload.get("person") or "")
    path = Path(payload["path"]).expanduser().absolute()
    span = int(payload["start_ns"]), int(payload["end_ns"])
    window = window_of(trained, path, *span, person)
    said = window.ask(changes, explaining=bool(payload.get("explain")))
    recognition = window.recognition(said, changes)
    before, after = window.before.probabilities, said.window.probabilities
    return {
        "run": str(trained.folder),
        "path": str(path),
        "start_ns": span[0],
        "end_ns": span[1],
        "person": person,
        "classes": list(trained.classes),
        "before": _opinion(trained, window.before),
        **_opinion(trained, said.window),
        "moved": float(np.abs(after - before).sum() / 2),
        "kinds": list(window.kinds),
        "can_drop": list(window.can_drop(changes.without)),
        "file": Answers(payload["out"]).save(recognition) if said.explanations else "",
    }


def _opinion(trained: TrainedNetwork, window: Window) -> Payload:
    label = int(window.probabilities.argmax())
    return {
        "label": label,
        "name": trained.classes[label],
        "confidence": float(window.probabilities[label]),
        "probabilities": window.probabilities.tolist(),
        "by_stream": {name: row.tolist() for name, row in window.by_stream.items()},
    }


# ---- what was asked


def _sliding(payload: Payload) -> Sliding:
    scales = tuple(float(scale) for scale in payload.get("scales") or (1.0,))
    return Sliding(_seconds(payload, "window_s"), _seconds(payload, "stride_s"), scales)


def _seconds(payload: Payload, key: str) -> float | None:
    value = payload.get(key)
    return None if value is None else float(value)


def _target(payload: Payload, trained: TrainedNetwork) -> int | None:
    wanted = payload.get("target_class")
    return None if wanted is None else trained.class_index(wanted)


def _paths(payload: Payload) -> list[Path]:
    return [Path(path).expanduser().absolute() for path in payload["paths"]]


def _recordings(paths: list[Path], context: Context) -> list[Path]:
    """The recordings at paths, each once; folders that are none themselves are searched."""
    found: dict[Path, None] = {}
    for path in paths:
        for recording in _inside(path, context) if _is_dataset(path) else (path,):
            found.setdefault(recording)
    return list(found)


def _is_dataset(path: Path) -> bool:
    return path.is_dir() and not any(known.recognises(path) for known in FORMATS)


def _inside(folder: Path, context: Context) -> Iterator[Path]:
    def looked(entries: int) -> None:
        context.pause_point()
        context.progress(0, 0, f"looking for recordings: {entries} files")

    result = scan(folder, looked)
    paths = {found.path for found in result.recordings}
    for problem in result.problems:
        if problem.path not in paths:  # what is wrong with a recording is told with its answer
            context.log(f"{problem.path}: {problem.message}")
    # A folder without any is opened like a recording, which says so.
    yield from [found.path for found in result.recordings] or [folder]
