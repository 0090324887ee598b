"""MMAction2's annotations for temporal action detection, and its lists of clips.

``{name: {"duration_second", "duration_frame", "annotations": [{"segment": [s, e], "label"}],
"feature_frame", "fps", "rfps"}}``, times in seconds (``activitynet_dataset.py`` of MMAction2).
Lists of whole files, ``path label`` for VideoDataset and ``folder total_frames label`` for
RawframeDataset, are written by ``clip_lists`` beside clips that were cut to files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

from harstudio.labels.interchange.activitynet import lasting, read_annotation, segment
from harstudio.labels.interchange.base import Bundle, Labelled, Media, Reading, damaged
from harstudio.labels.interchange.json_text import read_json, write_json
from harstudio.labels.interchange.losses import losses
from harstudio.labels.interchange.rows import Rows
from harstudio.labels.interchange.times import SECOND_NS, Frames, ns_of, seconds
from harstudio.labels.model import typed

NAME = "mmaction"
TITLE = "MMAction2"
EXTENSIONS: tuple[str, ...] = (".mmaction.json",)
UNIT = "1 ns"
ONE_FILE: Literal["recording", "set"] = "set"

MARK = re.compile(rb'"(duration_second|duration_frame|feature_frame)"\s*:')
FEATURE_STEP = 16  # frames a feature of the common extractors covers


def recognises(path: Path, head: bytes) -> bool:
    """A JSON object of videos with ``duration_second``."""
    return head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"{") and MARK.search(head) is not None


def read(path: Path, reading: Reading) -> Bundle:
    """Every video as a recording, in the order of the file."""
    document = read_json(path, TITLE)
    recordings = []
    try:
        for name in document:
            video = typed(document, name, dict)
            rows = Rows(name)
            rows.add(reading.annotator, reading.annotator)
            for one in typed(video, "annotations", list, []):
                rows.add(reading.annotator, reading.annotator, read_annotation(one, reading))
            duration_ns = ns_of(typed(video, "duration_second", (int, float), 0))
            fps = float(typed(video, "fps", (int, float), 0))
            media = (Media("", name, fps=fps),) if 0 < fps < 1e6 else ()
            recordings.append(Labelled(name, rows.documents(), duration_ns, media))
    except ValueError as error:
        raise damaged(path, str(error), TITLE) from error
    return Bundle(tuple(recordings))


def write(bundle: Bundle, path: Path) -> Sequence[str]:
    """All recordings; frames are counted where they are known, else at 30 a second."""
    document = {one.recording: _video(one) for one in bundle.recordings}
    write_json(path, document)
    notes = losses(bundle, TITLE)
    if any(one.subset for one in bundle.recordings):
        notes.append(f"{TITLE} keeps one file a subset: which each recording is of is left out.")
    if any(not one.media for one in bundle.recordings):
        notes.append("Frames are counted at 30 a second where the recording does not tell.")
    return notes


def clip_lists(clips: Iterable[tuple[str, int, int]], folder: bool) -> str:
    """The text of a list: ``path label``, with ``folder`` ``path total_frames label``.

    clips: (path from the list's folder, frames, 0-based number of the label).
    """
    lines = (f"{path} {count} {label}" if folder else f"{path} {label}"
             for path, count, label in clips)  # fmt: skip
    return "".join(f"{line}\n" for line in lines)


def _video(labelled: Labelled) -> dict[str, Any]:
    frames = next(
        (Frames(m.grid, m.fps) for m in labelled.media if m.grid is not None or m.fps > 0),
        Frames(None, 30.0),
    )
    clips = sorted(
        (clip for document in labelled.documents for clip in lasting(document)),
        key=lambda clip: (clip.start_ns, clip.end_ns),
    )
    last_ns = max((clip.end_ns for clip in clips), default=0)
    duration_ns = labelled.duration_ns or last_ns
    rate = round(frames.rate_hz, 6)
    count = frames.count or round(duration_ns * rate / SECOND_NS)
    return {
        "duration_second": seconds(duration_ns),
        "duration_frame": count,
        "annotations": [{"segment": segment(clip), "label": clip.label} for clip in clips],
        "feature_frame": count // FEATURE_STEP * FEATURE_STEP,
        "fps": rate,
        "rfps": rate,
    }
