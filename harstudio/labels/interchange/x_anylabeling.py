"""X-AnyLabeling's sidecar of a video: ``clip.mp4`` has ``clip.json``, times in milliseconds.

``{"version", "type": "video_classification", "video", "fps", "duration_ms", "width", "height",
"labels": [..], "label_colors": {..}, "segments": [{"id", "label", "start_ms", "end_ms",
"start_frame", "end_frame", "description"}]}``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from harstudio.labels.interchange.activitynet import lasting
from harstudio.labels.interchange.base import Bundle, Labelled, Media, Reading, damaged
from harstudio.labels.interchange.file_names import stem_of
from harstudio.labels.interchange.json_text import read_json, write_json
from harstudio.labels.interchange.losses import losses, rounded
from harstudio.labels.interchange.rows import Rows
from harstudio.labels.interchange.times import MS_NS, Frames, ms_of, ns_of, span_of
from harstudio.labels.label_sets.label_set import Label, LabelSet, label_color
from harstudio.labels.model import Clip, Origin, typed

NAME = "x-anylabeling"
TITLE = "X-AnyLabeling"
EXTENSIONS: tuple[str, ...] = (".json",)
UNIT = "1 ms"
ONE_FILE: Literal["recording", "set"] = "recording"

MARK = re.compile(rb'"type"\s*:\s*"video_classification"')
COLOR = re.compile(r"#[0-9a-fA-F]{6}")


def recognises(path: Path, head: bytes) -> bool:
    """A JSON object of the type ``video_classification``."""
    return head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"{") and MARK.search(head) is not None


def read(path: Path, reading: Reading) -> Bundle:
    """The segments of one video; its frames where it has no milliseconds."""
    document = read_json(path, TITLE)
    try:
        if typed(document, "type", str, "") != "video_classification":
            raise ValueError("its type is not “video_classification”")
        video = typed(document, "video", str, "")
        name = reading.recording or stem_of(video) or path.stem
        fps = float(typed(document, "fps", (int, float), 0))
        rows = Rows(name)
        rows.add(reading.annotator, reading.annotator)
        for one in typed(document, "segments", list, []):
            clip = _clip(one, reading, fps)
            rows.add(reading.annotator, reading.annotator, clip)
        colors = typed(document, "label_colors", dict, {})
        labels = tuple(
            Label(label, color=_color(colors.get(label), label))
            for label in dict.fromkeys(map(str, typed(document, "labels", list, [])))
            if label.strip()
        )
        duration_ns = ns_of(typed(document, "duration_ms", (int, float), 0), MS_NS)
        size = typed(document, "width", int, 0), typed(document, "height", int, 0)
    except ValueError as error:
        raise damaged(path, str(error), TITLE) from error
    media = Media("", video, fps=fps if 0 < fps < 1e6 else 0.0, width=size[0], height=size[1])
    labelled = Labelled(name, rows.documents(), duration_ns, (media,))
    return Bundle((labelled,), LabelSet(path.stem, labels))


def write(bundle: Bundle, path: Path) -> Sequence[str]:
    """One recording; frame numbers where its frames are known."""
    (labelled,) = bundle.recordings
    clips = [clip for document in labelled.documents for clip in lasting(document)]
    clips.sort(key=lambda clip: (clip.start_ns, clip.end_ns))
    video = next((media for media in labelled.media if media.kind == "video"), Media("", ""))
    frames = Frames(video.grid, video.fps or 30.0)
    known = [label.name for label in bundle.label_set.labels]
    names = list(dict.fromkeys([*known, *(clip.label for clip in clips)]))
    document: dict[str, Any] = {
        "version": "1.0.0",
        "type": "video_classification",
        "video": video.path or labelled.recording,
        "fps": round(frames.rate_hz, 6),
        "duration_ms": ms_of(labelled.duration_ns),
        "width": video.width,
        "height": video.height,
        "labels": names,
        "label_colors": {name: bundle.label_set.color_of(name) for name in names},
        "segments": [_segment(clip, frames) for clip in clips],
    }
    write_json(path, document)
    notes = losses(bundle, TITLE, "comment label_set")
    if any(label.hotkey or label.definition or label.code for label in bundle.label_set.labels):
        notes.append(f"{TITLE} keeps names and colours of labels, no codes, keys and definitions.")
    return notes + rounded(bundle, TITLE, MS_NS, "milliseconds")


def _clip(one: Any, reading: Reading, fps: float) -> Clip:
    label = reading.named(typed(one, "label", str))
    if "start_ms" in one or fps <= 0:
        kinds = (int, float)
        start, end = typed(one, "start_ms", kinds), typed(one, "end_ms", kinds)
        times = span_of(start, end, MS_NS)
    else:  # frames, the last one excluded
        start, end = typed(one, "start_frame", int), typed(one, "end_frame", int)
        if not 0 <= start <= end:
            raise ValueError(f"a segment goes from frame {start} to {end}")
        times = Frames(None, fps).span(start, end)
    return Clip(
        *times,
        label,
        comment=typed(one, "description", str, ""),
        origin=Origin.IMPORTED,
    )


def _segment(clip: Clip, frames: Frames) -> dict[str, Any]:
    first, stop = frames.of(clip.start_ns, clip.end_ns)
    start = ms_of(clip.start_ns)
    return {
        "id": clip.id,
        "label": clip.label,
        "start_ms": start,
        "end_ms": max(ms_of(clip.end_ns), start + 1),
        "start_frame": first,
        "end_frame": stop,
        "description": clip.comment,
    }


def _color(color: object, label: str) -> str:
    if isinstance(color, str) and COLOR.fullmatch(color):
        return color.lower()
    return label_color(label)
