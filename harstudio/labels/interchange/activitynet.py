"""ActivityNet: ground truth and detections of many videos in one JSON file, times in seconds.

``{"version", "taxonomy", "database": {name: {"subset", "duration", "url", "annotations":
[{"segment": [s, e], "label"}]}}}`` and ``{"version", "results": {name: [{"label", "score",
"segment"}]}, "external_data"}`` (Caba Heilbron 2015, the challenge's own formats). A file may hold
both: ``results`` are clips that a network made.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from harstudio.labels.interchange.base import Bundle, Counted, Labelled, Reading, damaged
from harstudio.labels.interchange.json_text import read_json, write_json
from harstudio.labels.interchange.losses import confident, losses
from harstudio.labels.interchange.rows import Rows
from harstudio.labels.interchange.times import ns_of, seconds, span_of
from harstudio.labels.label_sets.label_set import Label, LabelSet
from harstudio.labels.model import Clip, Document, Origin, typed

NAME = "activitynet"
TITLE = "ActivityNet"
EXTENSIONS: tuple[str, ...] = (".activitynet.json",)
UNIT = "1 ns"
ONE_FILE: Literal["recording", "set"] = "set"

DETECTIONS = "detections"
PREFIX = "v_"
SUBSETS = {"test": "testing"}  # what we call otherwise
NO_SCORE = 1.0  # of a clip of a network that has no confidence
MARK = re.compile(rb'"(database|results)"\s*:\s*\{')


def recognises(path: Path, head: bytes) -> bool:
    """A JSON object with ``database`` or ``results``."""
    return head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"{") and MARK.search(head) is not None


def read(path: Path, reading: Reading) -> Bundle:
    """Videos of ``database`` and ``results`` as recordings, in the order of the file."""
    document = read_json(path, TITLE)
    rows: dict[str, Rows] = {}
    facts: dict[str, tuple[int, str]] = {}
    notes: list[str] = []
    try:
        database = typed(document, "database", dict, {})
        results = typed(document, "results", dict, {})
        if not ("database" in document or "results" in document):
            raise ValueError("it has neither “database” nor “results”")
        for name, video in database.items():
            own = rows.setdefault(name, Rows(name))
            duration = typed(video, "duration", (int, float, str), 0)
            facts[name] = ns_of(duration), typed(video, "subset", str, "")
            own.add(reading.annotator, reading.annotator)
            for one in typed(video, "annotations", list, []):
                own.add(reading.annotator, reading.annotator, read_annotation(one, reading))
        for name in results:
            twin = twin_of(name)
            own = rows[twin] if twin in rows else rows.setdefault(name, Rows(name))
            for one in typed(results, name, list):
                own.add(reading.annotator, DETECTIONS, _detection(one, reading, notes))
        label_set = _label_set(typed(document, "taxonomy", list, []), path.stem)
    except ValueError as error:
        raise damaged(path, str(error), TITLE) from error
    recordings = tuple(
        Labelled(name, own.documents(), *_facts(facts.get(name))) for name, own in rows.items()
    )
    return Bundle(recordings, label_set, tuple(notes))


def write(bundle: Bundle, path: Path) -> Sequence[str]:
    """Clips of people to ``database``, clips of networks to ``results``."""
    results = {
        one.recording: [_result(clip) for clip in _clips(one) if clip.origin is Origin.MODEL]
        for one in bundle.recordings
    }
    database = {}
    for one in bundle.recordings:
        color = next((media for media in one.media if media.width), None)
        database[one.recording] = {
            "subset": SUBSETS.get(one.subset, one.subset),
            "duration": seconds(one.duration_ns),
            "resolution": "" if color is None else f"{color.width}x{color.height}",
            "url": "",
            "annotations": [
                {"segment": segment(clip), "label": clip.label}
                for clip in _clips(one)
                if clip.origin is not Origin.MODEL
            ],
        }
    document: dict[str, Any] = {"version": "VERSION 1.3", "taxonomy": _taxonomy(bundle.label_set)}
    document["database"] = database
    if any(results.values()):
        document["results"] = {name: found for name, found in results.items() if found}
        document["external_data"] = {"used": False, "details": ""}
    write_json(path, document)
    notes = losses(bundle, TITLE, "origin confidence")
    made = (c for one in bundle.recordings for c in _clips(one) if c.origin is Origin.MODEL)
    notes += confident(made, TITLE)
    sure = sum(
        clip.confidence is not None
        for one in bundle.recordings
        for clip in _clips(one)
        if clip.origin is not Origin.MODEL
    )
    if sure:
        many = f"{TITLE} gives scores to detections only: {{n}} clips lost a confidence."
        notes.append(Counted(sure, many, many.replace("{n} clips", "1 clip")))
    return notes


def twin_of(name: str) -> str:
    """The other way a video is called: the database says "v_x" and the results "x"."""
    return name.removeprefix(PREFIX) if name.startswith(PREFIX) else PREFIX + name


def read_annotation(one: Any, reading: Reading) -> Clip:
    """``{"segment": [s, e], "label"}`` as a clip; ValueError when it is none."""
    start_ns, end_ns = _segment(one)
    label = reading.named(typed(one, "label", str))
    return Clip(start_ns, end_ns, label, origin=Origin.IMPORTED)


def segment(clip: Clip) -> list[float]:
    """[start, end] in seconds."""
    return [seconds(clip.start_ns), seconds(clip.end_ns)]


def lasting(document: Document) -> list[Clip]:
    """The clips of a document in order of time, point events left out."""
    clips = [clip for tier in document.tiers for clip in tier.clips if not clip.is_point]
    return sorted(clips, key=lambda clip: (clip.start_ns, clip.end_ns))


def _clips(labelled: Labelled) -> list[Clip]:
    clips = [clip for document in labelled.documents for clip in lasting(document)]
    return sorted(clips, key=lambda clip: (clip.start_ns, clip.end_ns))


def _segment(one: Any) -> tuple[int, int]:
    times = typed(one, "segment", list)
    if len(times) != 2:
        raise ValueError(f"a segment has {len(times)} times")
    return span_of(*times)


def _detection(one: Any, reading: Reading, notes: list[str]) -> Clip:
    start_ns, end_ns = _segment(one)
    score = float(typed(one, "score", (int, float), NO_SCORE))
    if not 0 <= score <= 1:
        notes.append("Scores beyond 0 to 1 are no confidence and are left out.")
    label = reading.named(typed(one, "label", str))
    confidence = score if 0 <= score <= 1 else None
    return Clip(start_ns, end_ns, label, confidence=confidence, origin=Origin.MODEL)


def _result(clip: Clip) -> dict[str, Any]:
    score = NO_SCORE if clip.confidence is None else clip.confidence
    return {"label": clip.label, "score": score, "segment": segment(clip)}


def _facts(facts: tuple[int, str] | None) -> tuple[int, tuple[()], str]:
    duration_ns, subset = facts or (0, "")
    ours = {theirs: ours for ours, theirs in SUBSETS.items()}
    return duration_ns, (), ours.get(subset, subset)


def _taxonomy(label_set: LabelSet) -> list[dict[str, Any]]:
    """The root is node 0; labels count from 1."""
    numbers = {label.name: k for k, label in enumerate(label_set.labels, 1)}
    root = {"nodeName": "Root", "nodeId": 0, "parentName": None, "parentId": None}
    return [root] + [
        {
            "nodeName": label.name,
            "nodeId": numbers[label.name],
            "parentName": label.parent if label.parent in numbers else "Root",  # groups are none
            "parentId": numbers.get(label.parent, 0),
        }
        for label in label_set.labels
    ]


def _label_set(taxonomy: list[Any], name: str) -> LabelSet:
    """Nodes below the root, with what they are a kind of."""
    parents: dict[str, str] = {}
    for node in taxonomy:
        node_name = typed(node, "nodeName", str)
        parent = node.get("parentName")
        if parent is not None:
            parents[node_name] = parent if isinstance(parent, str) else ""
    labels = [
        Label(label, parent=parent if parent in parents else "")
        for label, parent in parents.items()
    ]
    return LabelSet(name, tuple(labels))
