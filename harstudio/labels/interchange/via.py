"""VIA 3 projects (JSON, 3.1.1) and its CSV: segments of videos, seconds with decimals.

A segment is metadata with ``z = [start, end]`` and the values ``av`` of attributes; the label is
the value of one attribute of segments (``FILE1_Z2_XY0``), the rest are attributes of the clip
(https://www.robots.ox.ac.uk/~vgg/software/via/docs/).
"""

from __future__ import annotations

import csv
import io
import json
import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from harstudio.files import write_atomically
from harstudio.labels.interchange.base import (
    Bundle,
    Labelled,
    Media,
    Reading,
    damaged,
    flattened,
    read_text,
)
from harstudio.labels.interchange.fields import clip_with, number_in, values_of
from harstudio.labels.interchange.file_names import names_of
from harstudio.labels.interchange.json_text import read_json, write_json
from harstudio.labels.interchange.losses import clips_of, losses
from harstudio.labels.interchange.rows import Rows
from harstudio.labels.interchange.times import ns_of, seconds, span_of
from harstudio.labels.label_sets.label_set import Label, LabelSet
from harstudio.labels.model import AttributeValue, Origin, typed

NAME = "via"
TITLE = "VIA"
EXTENSIONS: tuple[str, ...] = (".via.json", ".via.csv")
UNIT = "1 ns"
ONE_FILE: Literal["recording", "set"] = "set"

SEGMENT = "FILE1_Z2_XY0"
MOMENT = "FILE1_Z1_XY0"
TEXT, CHECKBOX, SELECT = 1, 2, 4
LABEL_NAMES = ("action", "label", "class", "activity", "behavior", "behaviour")
OUR_LABEL = "action"
NUMBER = "a number"  # the description of attributes that are numbers
CSV_MARK = "# CSV_HEADER = metadata_id"
CSV_COLUMNS = "metadata_id,file_list,flags,temporal_coordinates,spatial_coordinates,metadata"
MARK = re.compile(rb'"data_format_version"|"__VIA_PROJECT|"vid_list"|"via_[a-z_]+"')


def recognises(path: Path, head: bytes) -> bool:
    """A JSON object with VIA's own keys, or a CSV with its header in a comment."""
    text = head.lstrip(b"\xef\xbb\xbf \r\n\t")
    if text.startswith(b"{"):
        return MARK.search(head) is not None and b'"project"' in head
    return CSV_MARK.encode() in head


# ---- writing


def write(bundle: Bundle, path: Path) -> Sequence[str]:
    """A project with a view a recording; by the ending ``.csv`` VIA's table."""
    attributes = _attributes_for(bundle)
    numbers = {about["aname"]: number for number, about in attributes.items()}
    options = {text: number for number, text in attributes["1"]["options"].items()}
    files: dict[str, Any] = {}
    views: dict[str, Any] = {}
    metadata: dict[str, Any] = {}
    for view, labelled in enumerate(bundle.recordings, 1):
        name = labelled.media[0].path if labelled.media else labelled.recording
        files[str(view)] = {
            "fid": str(view), "fname": name, "type": 4, "loc": 1, "src": name,
            "recording": labelled.recording,
        }  # fmt: skip
        views[str(view)] = {"fid_list": [str(view)]}
        for document in labelled.documents:
            for tier in document.tiers:
                for clip in tier.clips:
                    said = {"annotator": document.annotator, "tier": tier.name, **values_of(clip)}
                    values = {numbers[key]: str(value) for key, value in said.items()}
                    times = [seconds(clip.start_ns), seconds(clip.end_ns)]
                    metadata[f"{view}_{clip.id[:8]}{len(metadata)}"] = {
                        "vid": str(view), "flg": 0, "xy": [],
                        "z": times[:1] if clip.is_point else times,
                        "av": {"1": options[clip.label], **values},
                    }  # fmt: skip
    project = {
        "pid": "__VIA_PROJECT_ID__",
        "rev": "__VIA_PROJECT_REV_ID__",
        "rev_timestamp": "__VIA_PROJECT_REV_TIMESTAMP__",
        "pname": bundle.label_set.name or "labels",
        "creator": "HARStudio",
        "created": int(time.time() * 1000),
        "vid_list": list(views),
        "data_format_version": "3.1.1",
    }
    if path.suffix.lower() == ".csv":
        _write_csv(path, files, attributes, metadata)
    else:
        write_json(path, {
            "project": project,
            "config": {
                "file": {"loc_prefix": {"1": "", "2": "", "3": "", "4": ""}},
                "ui": {"file_content_align": "center"},
            },
            "attribute": attributes, "file": files, "view": views, "metadata": metadata,
        })  # fmt: skip
    carries = "person confidence comment attributes unsure origin annotators tiers points label_set"
    notes = losses(bundle, TITLE, carries)
    if any(label.hotkey or label.definition or label.code for label in bundle.label_set.labels):
        notes.append(f"{TITLE} keeps the names of labels, no codes, colours, keys and definitions.")
    return notes


def _attributes_for(bundle: Bundle) -> dict[str, dict[str, Any]]:
    """The label as the first attribute, then one for everything that some clip says."""
    labels = dict.fromkeys(label.name for label in bundle.label_set.labels)
    others: dict[str, bool] = {"annotator": False, "tier": False}
    for _, clip in clips_of(bundle):
        labels.setdefault(clip.label)
        for name, value in values_of(clip).items():
            number = not isinstance(value, str)
            others[name] = number and others.get(name, True)
    title = OUR_LABEL if OUR_LABEL not in others else "label"
    options = {str(number): name for number, name in enumerate(labels)}
    attributes = {"1": _attribute(title, SELECT, "", options)}
    for name, number in others.items():
        about = NUMBER if number else ""
        attributes[str(len(attributes) + 1)] = _attribute(name, TEXT, about, {})
    return attributes


def _attribute(name: str, kind: int, about: str, options: dict[str, str]) -> dict[str, Any]:
    return {
        "aname": name, "anchor_id": SEGMENT, "type": kind, "desc": about, "options": options,
        "default_option_id": "",
    }  # fmt: skip


def _write_csv(
    path: Path,
    files: Mapping[str, Mapping[str, Any]],
    attributes: Mapping[str, Any],
    metadata: Mapping[str, Mapping[str, Any]],
) -> None:
    table = io.StringIO()
    table.write("# Exported by HARStudio for VIA\n")
    table.write(f"# ATTRIBUTES = {json.dumps(attributes)}\n")
    table.write(f"# CSV_HEADER = {CSV_COLUMNS}\n")
    rows = csv.writer(table, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\n")
    for name, one in metadata.items():
        file_list = [files[one["vid"]]["fname"]]
        cells = (json.dumps(cell) for cell in (one["z"], one["xy"], one["av"]))
        rows.writerow([name, json.dumps(file_list), 0, *cells])
    write_atomically(path, table.getvalue().encode("utf-8", "replace"))


# ---- reading


@dataclass(frozen=True, slots=True)
class _Segment:
    """One metadata: the file it lies in, its times and values by attribute."""

    file: str
    z: list[Any]
    xy: list[Any]
    av: dict[str, Any]


def read(path: Path, reading: Reading) -> Bundle:
    """Segments of every file of the project; a moment becomes a point event."""
    try:
        if path.suffix.lower() == ".csv":
            attributes, files, segments = _read_csv(path)
        else:
            attributes, files, segments = _read_project(path)
        return _bundle(path, reading, attributes, files, segments)
    except ValueError as error:
        raise damaged(path, str(error), TITLE) from error


def _read_project(path: Path) -> tuple[dict[str, Any], dict[str, str], list[_Segment]]:
    document = read_json(path, TITLE)
    attributes = typed(document, "attribute", dict, {})
    found = typed(document, "file", dict, {})
    views = typed(document, "view", dict, {})
    files: dict[str, str] = {}
    first: dict[str, str] = {}  # file of each view
    for number in views:
        fids = typed(views[number], "fid_list", list, [])
        if fids:
            first[number] = str(fids[0])
    sources = {
        fid: typed(about, "fname", str, "") or typed(about, "src", str, "") or fid
        for fid, about in found.items()
    }
    names = names_of(sources.values())
    for fid, source in sources.items():
        name = typed(found[fid], "recording", str, "") or names[source]
        files[fid] = source if name in files.values() else name
    segments = []
    for one in typed(document, "metadata", dict, {}).values():
        view = str(typed(one, "vid", (str, int)))
        if view not in first or first[view] not in files:
            raise ValueError(f"a segment lies in the view {view}, which has no file")
        parts = typed(one, "z", list, []), typed(one, "xy", list, []), typed(one, "av", dict, {})
        segments.append(_Segment(files[first[view]], *parts))
    return attributes, files, segments


def _read_csv(path: Path) -> tuple[dict[str, Any], dict[str, str], list[_Segment]]:
    lines = read_text(path).splitlines(keepends=True)
    heads = [line for line in lines if line.startswith("#")]
    told = next((h.partition("=")[2] for h in heads if h.startswith("# ATTRIBUTES")), "{}")
    attributes = json.loads(told)
    columns = next((h.partition("=")[2] for h in heads if "CSV_HEADER" in h), CSV_COLUMNS)
    names = [name.strip() for name in columns.split(",")]
    rows = csv.reader(io.StringIO("".join(line for line in lines if not line.startswith("#"))))
    segments: list[_Segment] = []
    files: dict[str, str] = {}
    try:
        for cells in rows:
            if not cells:
                continue
            if len(cells) != len(names):
                raise ValueError(f"row {rows.line_num} has {len(cells)} columns, not {len(names)}")
            row = dict(zip(names, cells, strict=True))
            parsed = {key: _json(row.get(key, "[]")) for key in names[1:] if key != "flags"}
            file_list = parsed.get("file_list")
            if not isinstance(file_list, list) or not file_list:
                raise ValueError(f"row {rows.line_num} names no file")
            name = str(file_list[0])
            files[name] = name
            z, xy = (parsed.get(f"{key}_coordinates") for key in ("temporal", "spatial"))
            av = parsed.get("metadata")
            if not (isinstance(z, list) and isinstance(xy, list) and isinstance(av, dict)):
                raise ValueError(f"row {rows.line_num} is no segment")
            segments.append(_Segment(name, z, xy, av))
    except csv.Error as error:
        raise ValueError(f"row {rows.line_num}: {error}") from error
    files = names_of(files)
    segments = [replace(one, file=files[one.file]) for one in segments]
    return attributes if isinstance(attributes, dict) else {}, files, segments


def _bundle(
    path: Path,
    reading: Reading,
    attributes: dict[str, Any],
    files: dict[str, str],
    segments: Iterable[_Segment],
) -> Bundle:
    label_key = _label_attribute(attributes)
    counts: Counter[str] = Counter()
    rows: dict[str, Rows] = {}
    names = {name: reading.recording or name for name in files.values()}
    if len(names) > 1:
        names = {name: name for name in names}
    for name in names.values():
        rows[name] = Rows(name)
        rows[name].add(reading.annotator, reading.annotator)
    for segment in segments:
        if segment.xy or len(segment.z) not in (1, 2):
            counts["regions" if segment.xy else "whole"] += 1
            continue
        times = span_of(*segment.z) if len(segment.z) == 2 else (ns_of(segment.z[0]),) * 2
        values = dict(_values(segment.av, attributes, label_key))
        if "annotator" in values and "tier" in values:  # ours, where only other origins are said
            values = {"origin": Origin.HUMAN.value, **values}
        annotator = str(values.pop("annotator", "")) or reading.annotator
        tier = str(values.pop("tier", "")) or annotator
        for label in _labels(segment.av, attributes, label_key):
            clip = clip_with(times, reading.named(label) or "unlabelled", values)
            rows[names[segment.file]].add(annotator, tier, clip)
    notes = []
    if counts["regions"]:
        notes.append(f"{counts['regions']} regions in pictures are not read, only segments.")
    if counts["whole"]:
        notes.append(f"{counts['whole']} remarks on whole files are not read, only segments.")
    recordings = tuple(
        Labelled(name, own.documents(), media=(Media("", name),)) for name, own in rows.items()
    )
    options = typed(attributes.get(label_key, {}), "options", dict, {})
    texts = dict.fromkeys(str(text).strip() for text in options.values())
    labels = tuple(Label(text) for text in texts if text)
    return Bundle(recordings, LabelSet(path.stem, labels), flattened(notes))


def _label_attribute(attributes: dict[str, Any]) -> str:
    """The attribute that is the label: by its name, else the first of segments with choices."""
    of_segments = [
        key
        for key, about in attributes.items()
        if isinstance(about, dict) and about.get("anchor_id") in (SEGMENT, MOMENT, None)
    ]
    for key in of_segments:
        if str(attributes[key].get("aname", "")).strip().lower() in LABEL_NAMES:
            return key
    chosen = (key for key in of_segments if attributes[key].get("options"))
    return next(chosen, next(iter(of_segments), "1"))


def _labels(av: dict[str, Any], attributes: dict[str, Any], key: str) -> list[str]:
    """The label of a segment; of boxes that are ticked, each."""
    about = attributes.get(key, {})
    value = str(av.get(key, ""))
    if isinstance(about, dict) and about.get("type") == CHECKBOX:
        return [_option(one, about) for one in value.split(",") if one] or [""]
    return [_option(value, about)]


def _values(
    av: dict[str, Any], attributes: dict[str, Any], label_key: str
) -> Iterator[tuple[str, AttributeValue]]:
    for key, value in av.items():
        about = attributes.get(key)
        about = about if isinstance(about, dict) else {}
        if key == label_key or str(value) == "":
            continue
        text = _option(str(value), about)
        name = str(about.get("aname") or f"attribute {key}")
        yield name, number_in(text) if about.get("desc") == NUMBER else text


def _option(value: str, about: Any) -> str:
    options = about.get("options") if isinstance(about, dict) else None
    return str(options.get(value, value)) if isinstance(options, dict) else value


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("it nests too deeply") from None
