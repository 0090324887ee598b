"""Label Studio: a JSON list of tasks, one a recording.

``timelinelabels`` are frames from 1, the last one included, so frame n begins at (n - 1) / rate;
Audio ``labels`` and ``timeserieslabels`` are seconds (https://labelstud.io/guide/export). Written
are timeline labels. What a region has no place for stands in its ``meta``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

from harstudio.labels.interchange.base import Bundle, Labelled, Media, Reading, damaged
from harstudio.labels.interchange.fields import clip_with, finite, values_of
from harstudio.labels.interchange.file_names import stem_of
from harstudio.labels.interchange.json_text import read_json, write_json
from harstudio.labels.interchange.losses import losses
from harstudio.labels.interchange.rows import Rows
from harstudio.labels.interchange.times import (
    Frames,
    frames_to_read,
    frames_to_write,
    media_of,
    moved,
    span_of,
)
from harstudio.labels.model import Document, Origin, typed

NAME = "label-studio"
TITLE = "Label Studio"
EXTENSIONS: tuple[str, ...] = (".labelstudio.json",)
UNIT = "1 frame"
ONE_FILE: Literal["recording", "set"] = "set"

TIMELINE = "timelinelabels"
SECONDS = ("labels", "timeserieslabels")
MEDIA = ("video", "video_url", "audio", "audio_url", "timeseries", "csv", "url")
OURS = "harstudio"
ORIGINS = {
    Origin.HUMAN: "manual",
    Origin.MODEL: "prediction",
    Origin.IMPORTED: "manual",
    Origin.ACCEPTED: "prediction-changed",
}


def recognises(path: Path, head: bytes) -> bool:
    """A JSON list of tasks."""
    text = head.lstrip(b"\xef\xbb\xbf \r\n\t")
    tasks = any(key in head for key in (b'"annotations"', b'"predictions"', b'"completions"'))
    return text.startswith(b"[") and (tasks or b'"data"' in head)


# ---- writing


def write(bundle: Bundle, path: Path) -> Sequence[str]:
    """Every recording as a task; UsageError where its frames are not known."""
    tasks, rates = [], []
    for number, labelled in enumerate(bundle.recordings, 1):
        frames = frames_to_write(labelled, TITLE)
        rates.append(f"{frames.rate_hz:g}")
        video = labelled.media[0].path if labelled.media else labelled.recording
        told = [_annotation(document, frames) for document in labelled.documents]
        data = {"video": video, "recording": labelled.recording}
        tasks.append({"id": number, "data": data, "annotations": told, "predictions": []})
    write_json(path, tasks)
    carries = "person confidence comment attributes unsure origin annotators tiers points"
    notes = losses(bundle, TITLE, carries)
    rate = ", ".join(dict.fromkeys(rates))
    notes.append(
        f'{TITLE} counts frames: in its labelling setup the video needs frameRate="{rate}".'
    )
    return [*notes, *moved(bundle, TITLE)]


def _annotation(document: Document, frames: Frames) -> dict[str, Any]:
    result = []
    for tier in document.tiers:
        for clip in tier.clips:
            first, stop = frames.of(clip.start_ns, clip.end_ns)
            values = {"annotator": document.annotator, "tier": tier.name, **values_of(clip)}
            meta: dict[str, Any] = {OURS: values}
            if clip.comment:
                meta["text"] = [clip.comment]
            result.append(
                {
                    "id": clip.id[:10],
                    "from_name": "actions",
                    "to_name": "video",
                    "type": TIMELINE,
                    "origin": ORIGINS[clip.origin],
                    "value": {
                        "ranges": [{"start": first + 1, "end": stop}],
                        TIMELINE: [clip.label],
                    },
                    "meta": meta,
                }
            )
    return {"result": result, "was_cancelled": False, "ground_truth": False}


# ---- reading


def read(path: Path, reading: Reading) -> Bundle:
    """Tasks as recordings; what ``predictions`` say is a model's."""
    tasks = read_json(path, TITLE, list)
    rows: dict[str, Rows] = {}
    media: dict[str, Media] = {}
    counts: Counter[str] = Counter()
    try:
        for number, task in enumerate(tasks, 1):
            task_data = typed(task, "data", dict, {})
            source = next((str(task_data[key]) for key in MEDIA if task_data.get(key)), "")
            told = typed(task_data, "recording", str, "")
            name = told or _stem(source) or f"{path.stem}-{number}"
            if reading.recording and len(tasks) == 1:
                name = reading.recording
            own = rows.setdefault(name, Rows(name))
            own.add(reading.annotator, reading.annotator)
            regions = [*_regions(task, reading)]
            frames = None
            if any(region.get("type") == TIMELINE for *_, region in regions):
                frames = frames_to_read(reading, (name, _stem(source)), TITLE)
                media[name] = media_of(frames, source)
            media.setdefault(name, Media("", source))
            for annotator, origin, region in regions:
                _read_region(own, annotator, origin, region, frames, reading, counts)
    except ValueError as error:
        raise damaged(path, str(error), TITLE) from error
    recordings = tuple(
        Labelled(name, own.documents(), media=(media[name],)) for name, own in rows.items()
    )
    notes = []
    if counts["others"]:
        notes.append(f"{counts['others']} results that are no labels in time are not read.")
    if counts["series"]:
        notes.append("Times of time series labels are taken for seconds.")
    return Bundle(recordings, notes=tuple(notes))


def _regions(
    task: dict[str, Any], reading: Reading
) -> Iterator[tuple[str, Origin, dict[str, Any]]]:
    """Every region of a task with its annotator and origin."""
    told = typed(task, "annotations", list, None)
    for one in told if told is not None else typed(task, "completions", list, []):
        if typed(one, "was_cancelled", bool, False):
            continue
        annotator = _person(one.get("completed_by")) or reading.annotator
        for region in typed(one, "result", list, []):
            yield annotator, Origin.IMPORTED, _object(region)
    for one in typed(task, "predictions", list, []):
        annotator = str(one.get("model_version") or "") if isinstance(one, dict) else ""
        for region in typed(one, "result", list, []):
            yield annotator or "model", Origin.MODEL, _object(region)


def _read_region(
    rows: Rows,
    annotator: str,
    origin: Origin,
    region: dict[str, Any],
    frames: Frames | None,
    reading: Reading,
    counts: Counter[str],
) -> None:
    kind = typed(region, "type", str, "")
    value = typed(region, "value", dict, {})
    spans: list[tuple[int, int]] = []
    if kind == TIMELINE and frames is not None:
        for one in typed(value, "ranges", list):
            first, last = typed(one, "start", int), typed(one, "end", int)
            if not 1 <= first <= last < 1 << 40:
                raise ValueError(f"a range goes from frame {first} to {last}")
            spans.append(frames.span(first - 1, last))
    elif kind in SECONDS and "start" in value and "end" in value:
        text = isinstance(value["start"], str) or isinstance(value["end"], str)
        if kind == "labels" and text:
            counts["others"] += 1  # labels of a text, not of a sound
            return
        counts["series"] += kind == "timeserieslabels"
        spans.append(span_of(value["start"], value["end"]))
    else:
        counts["others"] += 1
        return
    meta = typed(region, "meta", dict, {})
    own = meta.get(OURS)
    values = {str(k): v for k, v in own.items() if finite(v)} if isinstance(own, dict) else {}
    text = meta.get("text")
    if isinstance(text, list) and text:
        values["comment"] = "\n".join(map(str, text))
    score = region.get("score")
    if origin is Origin.MODEL and isinstance(score, (int, float)) and 0 <= score <= 1:
        values.setdefault("confidence", score)
    annotator = str(values.pop("annotator", "")) or annotator
    tier = str(values.pop("tier", "")) or annotator
    if own and origin is not Origin.MODEL:
        values.setdefault("origin", Origin.HUMAN.value)
    for label in typed(value, kind, list, []) or [""]:
        for times in spans:
            named = reading.named(str(label)) or "unlabelled"
            rows.add(annotator, tier, clip_with(times, named, values, origin))


def _person(completed_by: Any) -> str:
    if isinstance(completed_by, dict):
        names = (completed_by.get(key) for key in ("email", "first_name", "id"))
        return next((str(name) for name in names if name), "")
    if isinstance(completed_by, (int, str)) and not isinstance(completed_by, bool):
        return f"annotator {completed_by}" if isinstance(completed_by, int) else completed_by
    return ""


def _object(region: Any) -> dict[str, Any]:
    if not isinstance(region, dict):
        raise ValueError(f"a result is {region!r}")
    return region


def _stem(source: str) -> str:
    """The name of a file in a path or in an address of Label Studio's own file server."""
    parts = urlsplit(source)
    named = parse_qs(parts.query).get("d")
    path = named[0] if named else parts.path or source
    return stem_of(path)
