"""Explanations as files that others can look at; ``harstudio explain`` and "Save explanation…"."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from harstudio.errors import DataError, MissingError, UsageError
from harstudio.files import write_atomically
from harstudio.reports.explanation_arrays import write_arrays
from harstudio.results import Picture
from harstudio.runs.recognised.explained import Explained
from harstudio.runs.recognised.opinion import Opinion, Where
from harstudio.runs.recognitions import load_recognition

if TYPE_CHECKING:
    from harstudio.jobs.context import Context, Payload
    from harstudio.recordings.recording import Recording
    from harstudio.results import Recognition

ENDINGS = {".png": "picture", ".mp4": "video", ".npz": "arrays"}
OVERLAYS = ("skeleton", "time")


def save(payload: Payload, context: Context) -> Payload:
    """Write ``file``, whose ending says what: a picture (png), a video (mp4) or arrays (npz).

    ``{recognition, file}`` and, with the defaults of the studio: ``recording`` (path, else the one
    that the recognition names), ``stream`` (a name, "" for the one that the map lies on), ``map``
    and ``joints`` (names of explanations, "" for none, None for the first), ``beside`` ({name:
    bool}, whose squares are drawn), ``opacity``, ``threshold``, ``joint`` (index), ``at_ns`` of a
    picture (None: in the middle), ``start_ns`` and ``end_ns`` of a video (None: all of it), all
    three counted from the recording's start, ``title`` (what the recording is called in it; its
    name unless told, by pseudonym where a project asks for that),
    ``hide_faces`` (None: where a project that the recording belongs to says so), ``temporary``
    (the recognition's file is the job's own and is taken away), ``person`` (body id; where each
    person was asked about, "" is the first).
    Gives ``{"file", "problems": [sentences]}``.
    """
    try:
        return _save(payload, context)
    finally:
        if payload.get("temporary"):
            Path(str(payload.get("recognition"))).unlink(missing_ok=True)


def _save(payload: Payload, context: Context) -> Payload:
    for key in ("recognition", "file"):
        if not payload.get(key):
            raise UsageError(f"The job needs {key}.")
    file = Path(str(payload["file"])).expanduser().absolute()
    kind = ENDINGS.get(file.suffix.lower())
    if kind is None:
        raise UsageError(
            f"Explanations are not saved as {file.suffix or 'a file without an ending'}.",
            path=file,
            remedy=f"Name a file that ends in {', '.join(ENDINGS)}.",
        )
    recognition = load_recognition(Path(str(payload["recognition"])))
    problems: list[str] = []
    if kind == "arrays":
        shown, problems = _seen_pictures(recognition, payload)
        write_arrays(shown, file, _title(recognition.recording, recognition, payload))
    else:
        explained = chosen(recognition, payload)
        problems = _draw(recognition, explained, file, kind, payload, context)
    return {"file": str(file), "problems": problems}


def chosen(recognition: Recognition, payload: dict[str, Any]) -> Explained:
    """The recognition with the choice of a payload; UsageError for names that it does not tell."""
    explained = Explained()
    persons = recognition.persons
    person = str(payload.get("person") or "") or next(iter(persons), "")
    if person and person not in persons:
        raise UsageError(
            f"{recognition.network} says nothing about person {person}.",
            remedy=f"There are: {', '.join(persons)}." if persons else "",
        )
    explained.meet(Opinion(recognition.of_person(person) if person else recognition))
    places = explained.places()
    for key, place in (("map", Where.PICTURE), ("joints", Where.JOINTS)):
        name = payload.get(key)
        if name and places.get(name) is not place:
            there = [one for one, where in places.items() if where is place]
            raise UsageError(
                f"{recognition.network} tells no {name} for {recognition.recording}.",
                remedy=f"There are: {', '.join(there)}." if there else "",
            )
    on_picture, on_joints = payload.get("map"), payload.get("joints")
    explained.on_picture = explained.first(Where.PICTURE) if on_picture is None else on_picture
    explained.on_joints = explained.first(Where.JOINTS) if on_joints is None else on_joints
    explained.beside = {str(k): bool(v) for k, v in (payload.get("beside") or {}).items()}
    explained.opacity = _share(payload, "opacity", explained.opacity)
    explained.threshold = _share(payload, "threshold", explained.threshold)
    joint = payload.get("joint")
    explained.joint = None if joint is None else int(joint)
    return explained


def _share(payload: dict[str, Any], key: str, otherwise: float) -> float:
    value = payload.get(key)
    if value is None:
        return otherwise
    if not 0 <= float(value) <= 1:
        raise UsageError(f"The {key} lies between 0 and 1.")
    return float(value)


def _title(name: str, recognition: Recognition, payload: dict[str, Any]) -> str:
    """What the recording may be called: as the payload says, else by pseudonym where a project
    that it belongs to asks for that."""
    from harstudio.labels.team.faces_rule import projects_of

    title = str(payload.get("title") or "")
    if title:
        return title
    path = Path(str(payload.get("recording") or recognition.path))
    for project in projects_of(path):
        name = project.pseudonyms().shown(name)
    return name


def _seen_pictures(
    recognition: Recognition, payload: dict[str, Any]
) -> tuple[Recognition, list[str]]:
    """The recognition with its pictures as they may be seen, and a sentence where they cannot be
    told: what a network was given shows faces as its recording does."""
    from harstudio.labels.team.faces_rule import hides_faces
    from harstudio.recordings.faces import FaceMask
    from harstudio.recordings.formats import open_recording
    from harstudio.recordings.hidden_inputs import hidden_input

    if not any(isinstance(one, Picture) for told in recognition.explanations for one in told):
        return recognition, []
    path = Path(str(payload.get("recording") or recognition.path))
    hides = payload.get("hide_faces")
    if not path.exists() and hides is not False:  # nobody knows whether faces are to be hidden
        sentence = f"{path} is not there: what the network was given is left out."
        return _with_pictures(recognition, lambda one: None), [sentence]
    if not (hides_faces(path) if hides is None else hides):
        return recognition, []
    with open_recording(path) as recording:
        masks = {name: FaceMask(recording, name) for name in recording.streams}
        return _with_pictures(recognition, lambda one: hidden_input(one, masks.get(one.stream))), []


def _with_pictures(
    recognition: Recognition, change: Callable[[Picture], Picture | None]
) -> Recognition:
    """The same with other pictures; those that become None are left out."""
    told = [
        [change(one) if isinstance(one, Picture) else one for one in window]
        for window in recognition.explanations
    ]
    kept = tuple(tuple(one for one in window if one is not None) for window in told)
    return replace(recognition, explanations=kept)


def _draw(
    recognition: Recognition,
    explained: Explained,
    file: Path,
    kind: str,
    payload: dict[str, Any],
    context: Context,
) -> list[str]:
    from harstudio.labels.team.faces_rule import hides_faces
    from harstudio.recordings.formats import open_recording
    from harstudio.recordings.overlay.video import write_overlay_video

    path = Path(str(payload.get("recording") or recognition.path))
    if not path.exists():
        raise MissingError(
            "The recording is not there.", path=path, remedy="Say where it is (--recording)."
        )
    hides = payload.get("hide_faces")
    hides = hides_faces(path) if hides is None else bool(hides)
    with open_recording(path) as recording:
        title = _title(recording.name, recognition, payload)
        stream = str(payload.get("stream") or "") or _stream_of(recording, explained)
        overlays = OVERLAYS if _has_place(recording, stream) else OVERLAYS[1:]
        if kind == "picture":
            _write_picture(recording, explained, file, stream, overlays, hides, payload, title)
            return []
        first_ns, end_ns = payload.get("start_ns"), payload.get("end_ns")
        span = None
        if first_ns is not None or end_ns is not None:
            length_ns = recording.stop_ns - recording.start_ns + 1
            span = (
                recording.start_ns + int(first_ns or 0),
                recording.start_ns + (length_ns if end_ns is None else int(end_ns)),
            )

        def go_on() -> bool:
            context.pause_point()  # waits while paused; raises when it is to end
            return False

        lost = write_overlay_video(
            recording,
            file,
            overlays=overlays,
            stream=stream,
            hide_faces=hides,
            explained=explained,
            title=title,
            span=span,
            progress=context.progress,
            cancelled=go_on,
        )
    return [f"{lost} frames of {path} could not be read and are left out."] if lost else []


def _stream_of(recording: Recording, explained: Explained) -> str:
    """The stream that the shown map lies on, "" where there is none."""
    opinion = explained.opinion
    told = () if opinion is None else opinion.explanations_at(0)
    names = [getattr(one, "stream", "") for one in told if one.name == explained.on_picture]
    return next((name for name in names if name in recording.streams), "")


def _has_place(recording: Recording, stream: str) -> bool:
    """Whether a skeleton can be drawn on a stream; explanations do without."""
    from harstudio.recordings.overlay.ground import ground_of
    from harstudio.recordings.streams import SkeletonStream, StreamKind

    skeleton = recording.of_kind(StreamKind.SKELETON)
    if not isinstance(skeleton, SkeletonStream) or not len(skeleton):
        return False
    ground = ground_of(recording, stream)
    bodies = (body for k in range(len(skeleton)) for body in skeleton.frame(k).bodies)
    first = next(bodies, None)
    return first is not None and ground.place(first) is not None


def _write_picture(
    recording: Recording,
    explained: Explained,
    file: Path,
    stream: str,
    overlays: tuple[str, ...],
    hides: bool,
    payload: dict[str, Any],
    title: str,
) -> None:
    import cv2

    from harstudio.recordings.overlay.ground import ground_of
    from harstudio.recordings.overlay.painter import Painter

    ground = ground_of(recording, stream, hide_faces=hides)
    painter = Painter(recording, ground, overlays, explained, title)
    at_ns = payload.get("at_ns")
    length_ns = recording.stop_ns - recording.start_ns
    if at_ns is not None and not 0 <= int(at_ns) <= length_ns:
        raise UsageError(
            f"The recording has no picture at {int(at_ns) / 1e9:g} s.",
            path=recording.path,
            remedy=f"It is {length_ns / 1e9:.3f} s long.",
        )
    wanted = recording.start_ns + (length_ns // 2 if at_ns is None else int(at_ns))
    index = int(np.argmin(np.abs(ground.times_ns - wanted)))
    pixels = painter.paint(index)
    done, packed = cv2.imencode(".png", pixels[..., ::-1])
    if not done:
        raise DataError("The picture cannot be packed.", path=file)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(file, packed.tobytes())
