"""CVAT XML 1.1: no intervals, so a clip is a track of one full-frame rectangle.

The rectangle begins with the clip's first frame and a keyframe with ``outside="1"`` closes it, on
the frame after its last. Frames count from 0. Read are such tracks, tracks of any other shape
(as long as the shape is seen), and tags of single frames, one clip a run of frames
(https://docs.cvat.ai/docs/manual/advanced/xml_format/).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Literal
from xml.etree.ElementTree import Element, SubElement

from harstudio.labels.interchange import xml_files
from harstudio.labels.interchange.base import (
    Bundle,
    Labelled,
    Media,
    Reading,
    damaged,
    flattened,
)
from harstudio.labels.interchange.fields import clip_with, number_in, values_of
from harstudio.labels.interchange.file_names import stem_of
from harstudio.labels.interchange.losses import clips_of, losses
from harstudio.labels.interchange.rows import Rows
from harstudio.labels.interchange.times import (
    Frames,
    frames_to_read,
    frames_to_write,
    media_of,
    moved,
)
from harstudio.labels.interchange.xml_files import legal
from harstudio.labels.label_sets.label_set import Label, LabelSet
from harstudio.labels.model import AttributeValue, Origin

NAME = "cvat"
TITLE = "CVAT"
EXTENSIONS: tuple[str, ...] = (".cvat.xml", ".xml")
UNIT = "1 frame"
ONE_FILE: Literal["recording", "set"] = "recording"

COLOR = re.compile("#[0-9a-f]{6}")
WIDTH, HEIGHT = 1920, 1080  # of a picture whose size nobody knows
SOURCES = {
    Origin.HUMAN: "manual",
    Origin.MODEL: "auto",
    Origin.IMPORTED: "file",
    Origin.ACCEPTED: "semi-auto",
}


def recognises(path: Path, head: bytes) -> bool:
    """XML whose root is ``annotations``."""
    return xml_files.begins(head, "annotations")


def write(bundle: Bundle, path: Path) -> Sequence[str]:
    """One task: UsageError where the recording's frames are not known."""
    labelled = bundle.recordings[0]
    frames = frames_to_write(labelled, TITLE)
    media = labelled.media[0] if labelled.media else Media("", labelled.recording)
    size = str(media.width or WIDTH), str(media.height or HEIGHT)
    root = Element("annotations")
    SubElement(root, "version").text = "1.1"
    task = SubElement(SubElement(root, "meta"), "task")
    stop = frames.count
    number = 0
    for document in labelled.documents:
        for tier in document.tiers:
            for clip in tier.clips:
                first, after = frames.of(clip.start_ns, clip.end_ns)
                stop = max(stop, after)
                track = SubElement(root, "track", {"id": str(number)})
                track.set("label", legal(clip.label))
                track.set("source", SOURCES[clip.origin])
                values = {"annotator": document.annotator, "tier": tier.name, **values_of(clip)}
                values.pop("origin", None)  # the source tells it
                for frame, outside in ((first, "0"), (after, "1")):
                    _write_box(track, frame, outside, size, values)
                number += 1
    for name, text in (
        ("name", labelled.recording),
        ("size", str(stop)),
        ("mode", "interpolation"),
        ("start_frame", "0"),
        ("stop_frame", str(max(stop - 1, 0))),
        ("source", PurePath(media.path).name),
    ):
        SubElement(task, name).text = legal(text)
    _write_labels(task, bundle)
    xml_files.write_xml(root, path)
    carries = "person confidence comment attributes unsure origin annotators tiers points label_set"
    return [*losses(bundle, TITLE, carries), *moved(bundle, TITLE)]


def _write_box(
    track: Element,
    frame: int,
    outside: str,
    size: tuple[str, str],
    values: dict[str, AttributeValue],
) -> None:
    box = SubElement(track, "box", {"frame": str(frame), "keyframe": "1", "outside": outside})
    box.attrib |= {"occluded": "0", "xtl": "0", "ytl": "0", "xbr": size[0], "ybr": size[1]}
    box.set("z_order", "0")
    for name, value in values.items():
        SubElement(box, "attribute", {"name": legal(name)}).text = legal(str(value))


def _write_labels(task: Element, bundle: Bundle) -> None:
    """The labels with the attributes that their clips have, as CVAT's constructor wants them."""
    kinds: dict[str, dict[str, bool]] = {label.name: {} for label in bundle.label_set.labels}
    for _, clip in clips_of(bundle):
        of_label = kinds.setdefault(clip.label, {})
        for name in ("annotator", "tier"):
            of_label[name] = False
        for name, value in values_of(clip).items():
            number = not isinstance(value, str) and name != "confidence"
            of_label[name] = number and of_label.get(name, True)
    labels = SubElement(task, "labels")
    for name, attributes in kinds.items():
        label = SubElement(labels, "label")
        SubElement(label, "name").text = legal(name)
        SubElement(label, "color").text = bundle.label_set.color_of(name)
        SubElement(label, "type").text = "any"
        holder = SubElement(label, "attributes")
        for attribute, number in attributes.items():
            one = SubElement(holder, "attribute")
            SubElement(one, "name").text = legal(attribute)
            SubElement(one, "mutable").text = "False"
            SubElement(one, "input_type").text = "number" if number else "text"
            SubElement(one, "default_value").text = ""
            SubElement(one, "values").text = ""


# ---- reading


@dataclass(slots=True)
class _Task:
    name: str
    source: str
    size: int
    frames: Frames
    rows: Rows
    shapes: int = 0
    numbers: set[tuple[str, str]] = field(default_factory=set)  # (label, attribute)


def read(path: Path, reading: Reading) -> Bundle:
    """A task, or the tasks of a project: every track and every run of tags is a clip."""
    root = xml_files.read_xml(path, "annotations", TITLE)
    try:
        tasks = _tasks(root, path, reading)
        for track in root.iterfind("track"):
            _read_track(track, _task_of(track, tasks), reading)
        _read_tags(root, tasks, reading)
    except ValueError as error:
        raise damaged(path, str(error), TITLE) from error
    notes = []
    shapes = sum(task.shapes for task in tasks.values())
    if shapes:
        notes.append(
            f"Where shapes are in the picture is not read: of {shapes} tracks only when they are "
            "seen."
        )
    recordings = tuple(
        Labelled(
            task.rows.recording, task.rows.documents(), media=(media_of(task.frames, task.source),)
        )
        for task in tasks.values()
    )
    return Bundle(recordings, _label_set(root, path.stem), flattened(notes))


def _tasks(root: Element, path: Path, reading: Reading) -> dict[str, _Task]:
    found = root.findall("meta/task") or root.findall("meta/project/tasks/task")
    tasks: dict[str, _Task] = {}
    for element in found or [Element("task")]:
        told = (element.findtext("name") or "").strip()
        source = (element.findtext("source") or "").strip()
        name = told or stem_of(source) or path.stem.removesuffix(".cvat")
        if reading.recording and len(found) < 2:
            name = reading.recording
        size = _count(element.findtext("stop_frame") or "-1") + 1
        size = size or _count(element.findtext("size") or "0")
        frames = frames_to_read(reading, (name, source, path.stem), TITLE)
        task = _Task(name, source, size, frames, Rows(name))
        task.rows.add(reading.annotator, reading.annotator)
        tasks[element.findtext("id") or str(len(tasks))] = task
    numbers = {
        ((label.findtext("name") or ""), (one.findtext("name") or ""))
        for label in root.iterfind("meta//label")
        for one in label.iterfind("attributes/attribute")
        if one.findtext("input_type") == "number"
    }
    for task in tasks.values():
        task.numbers = numbers
    return tasks


def _task_of(element: Element, tasks: dict[str, _Task]) -> _Task:
    wanted = element.get("task_id")
    first = next(iter(tasks.values()))
    return first if wanted is None else tasks.get(wanted, first)


def _read_track(track: Element, task: _Task, reading: Reading) -> None:
    shapes = sorted(
        (_count(shape.get("frame", "")), shape.get("outside") == "1", place, shape)
        for place, shape in enumerate(track)
        if shape.get("frame") is not None
    )
    if any(shape.tag != "box" or not _is_whole(shape, shapes[0][3]) for *_, shape in shapes):
        task.shapes += 1
    begun: tuple[int, Element] | None = None
    for frame, outside, _, shape in shapes:
        if begun is None and not outside:
            begun = frame, shape
        elif begun is not None and outside:
            _add(task, reading, track, begun[1], begun[0], frame)
            begun = None
    if begun is not None:  # no keyframe closes it: it lasts to the end
        _add(task, reading, track, begun[1], begun[0], max(shapes[-1][0] + 1, task.size))


def _is_whole(shape: Element, first: Element) -> bool:
    """Whether it is a rectangle from the corner that never moves: one that stands for a clip."""
    corners = ("xtl", "ytl", "xbr", "ybr")
    same = all(shape.get(corner) == first.get(corner) for corner in corners)
    return same and all((shape.get(c) or "0").strip("0.") == "" for c in corners[:2])


def _add(
    task: _Task, reading: Reading, said: Element, shape: Element, first: int, stop: int
) -> None:
    label = said.get("label", "")
    values: dict[str, AttributeValue] = {}
    for one in (*said.iterfind("attribute"), *shape.iterfind("attribute")):
        name, text = one.get("name", ""), one.text or ""
        if text:
            values[name] = number_in(text) if (label, name) in task.numbers else text
    annotator = str(values.pop("annotator", "")) or reading.annotator
    tier = str(values.pop("tier", "")) or annotator
    sources = {source: origin for origin, source in SOURCES.items()}
    origin = sources.get(said.get("source", ""), Origin.IMPORTED)
    values.pop("origin", None)
    times = task.frames.span(first, stop)
    task.rows.add(annotator, tier, clip_with(times, reading.named(label), values, origin))


def _read_tags(root: Element, tasks: dict[str, _Task], reading: Reading) -> None:
    """Tags of single frames: a clip from the first to the last of a run."""
    runs: dict[tuple[str, str], tuple[int, int, Element, Element]] = {}
    for image in sorted(root.iterfind("image"), key=lambda one: _count(one.get("id", ""))):
        frame, wanted = _count(image.get("id", "")), image.get("task_id", "")
        for tag in image.iterfind("tag"):
            key = wanted, tag.get("label", "")
            run = runs.get(key)
            if run is not None and run[1] == frame:
                runs[key] = run[0], frame + 1, *run[2:]
                continue
            if run is not None:
                _add(_task_of(run[3], tasks), reading, run[2], run[2], run[0], run[1])
            runs[key] = frame, frame + 1, tag, image
    for first, stop, tag, image in runs.values():
        _add(_task_of(image, tasks), reading, tag, tag, first, stop)


def _count(text: str) -> int:
    """A frame number; ValueError when it is none, -1 stays."""
    try:
        number = int(text)
    except ValueError:
        raise ValueError(f"“{text}” is no frame number") from None
    if not -1 <= number < 1 << 40:
        raise ValueError(f"{number} is no frame number")
    return number


def _label_set(root: Element, name: str) -> LabelSet:
    labels: dict[str, Label] = {}
    for one in root.iterfind("meta//label"):
        label = (one.findtext("name") or "").strip()
        color = (one.findtext("color") or "").strip().lower()
        if label:
            labels.setdefault(label, Label(label, color=color if COLOR.fullmatch(color) else ""))
    return LabelSet(name, tuple(labels.values()))
