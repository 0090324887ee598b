"""How recordings end, and what is told of them; each runs in a thread of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harstudio.errors import HarstudioError
from harstudio.live.recorder.items import Item
from harstudio.live.recorder.take import Scene, Take
from harstudio.live.recorder.take_labels import Labelled, TakeLabels
from harstudio.recordings.formats.harrec_tracks import PictureEncoder

Payload = dict[str, Any]
NOTHING = "Nothing was recorded: no frame came."


def state_of(take: Take, labels: TakeLabels | None, state: str) -> Payload:
    """What "recording" tells of one."""
    return {
        "state": state,
        "path": str(take.path),
        "name": take.name,
        "start_ns": take.zero_ns,
        "seconds": take.seconds,
        "frames": dict(take.frames),
        "lost": dict(take.lost),
        "labels": 0 if labels is None else labels.count,
        "label": "" if labels is None else labels.open_label,
    }


def labelled(payload: Mapping[str, Any]) -> Labelled:
    """One of the labels that "keep" brings."""
    confidence = payload.get("confidence")
    return Labelled(
        str(payload["name"]),
        int(payload["start_ns"]),
        int(payload["end_ns"]),
        str(payload.get("person") or ""),
        None if confidence is None else float(confidence),
    )


def close(
    take: Take, told: Payload, error: HarstudioError | OSError | None = None, note: str = ""
) -> Payload:
    """Make it whole; ``told`` with how that went. One that nothing came into goes: its path is
    "" then, as that of one which somebody took away. error and note: as of ``Take.close``."""
    try:
        told["sentence"] = take.close(error, note)
    except (HarstudioError, OSError) as problem:
        told["sentence"] = str(problem)
    told["bytes"] = take.bytes
    if not take.is_there:
        told["path"] = ""
        return told
    if not any(take.frames.values()) and not told["labels"]:
        take.discard()
        told |= {"path": "", "sentence": NOTHING}
    return told


def write_kept(
    folder: Path,
    scene: Scene,
    encoders: Mapping[str, PictureEncoder],
    kept: tuple[int, Sequence[Item]],
    name: str,
    found: Sequence[Labelled],
    annotator: str,
) -> Payload:
    """A whole recording of what was kept in memory (zero, frames), with its labels; what is told
    of it. HarstudioError where it cannot be written."""
    zero_ns, items = kept
    take = Take(folder, scene, encoders, zero_ns, name)
    failed: HarstudioError | OSError | None = None
    try:
        for item in items:
            take.put(item)
    except (HarstudioError, OSError) as error:
        failed = error
    told = close(take, state_of(take, None, "done"), failed)
    if found and told["path"]:
        labels = TakeLabels(take.path, take.name, annotator, zero_ns)
        try:
            labels.add(found)
            labels.close(take.last_ns)
        except (HarstudioError, OSError) as error:  # the recording is there
            told["sentence"] = f"{told['sentence']} {error}".strip()
        told["labels"] = labels.count
    return told | {"start_ns": zero_ns, "end_ns": take.last_ns}
