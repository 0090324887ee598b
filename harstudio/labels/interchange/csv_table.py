"""Tables: our own with every field of a clip, and what others write with a start, end and label.

Ours has a row a clip: ``recording, annotator, tier, start_ns, end_ns, start_s, end_s, label,
person, confidence, origin, comment, unsure`` and a column an attribute (``text:NAME`` or
``number:NAME``). ``start_ns`` counts; the seconds are for people.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path, PurePath
from typing import Literal

from harstudio.files import write_atomically
from harstudio.labels.interchange.base import (
    RECORDING_CLOCK,
    Bundle,
    Labelled,
    Media,
    Reading,
    damaged,
    read_text,
)
from harstudio.labels.interchange.fields import clip_with, number_in, other
from harstudio.labels.interchange.losses import clips_of, losses
from harstudio.labels.interchange.rows import Rows
from harstudio.labels.interchange.times import MS_NS, SECOND_NS, ns_of
from harstudio.labels.model import AttributeValue, Clip

NAME = "csv"
TITLE = "CSV"
EXTENSIONS: tuple[str, ...] = (".csv",)
UNIT = "1 ns"
ONE_FILE: Literal["recording", "set"] = "set"

FIELDS = (
    "recording", "annotator", "tier", "start_ns", "end_ns", "start_s", "end_s", "label", "person",
    "confidence", "origin", "comment", "unsure",
)  # fmt: skip
TEXT, NUMBER = "text:", "number:"

# What columns of others are called, in the order they are looked for; the unit follows the name.
STARTS = ("start", "begin", "onset", "from", "t_start", "tmin", "start time", "begin time", "time")
ENDS = ("end", "stop", "offset", "to", "t_end", "tmax", "end time", "stop time", "finish")
TIMES: dict[str, tuple[str, ...]] = {
    "start": STARTS, "end": ENDS, "length": ("duration", "length"),
}  # fmt: skip
OTHERS: dict[str, tuple[str, ...]] = {
    "label": ("label", "action", "class", "activity", "behavior", "behaviour", "event", "category",
              "annotation", "value", "text", "name", "code"),
    "recording": ("recording", "video", "file", "filename", "video_id", "media", "observation id"),
    "annotator": ("annotator", "coder", "rater", "observer", "user"),
    "tier": ("tier", "track"),
    "person": ("person", "subject", "participant", "actor"),
    "comment": ("comment", "comments", "note", "notes", "description", "remark"),
    "confidence": ("confidence", "score", "probability"),
    "origin": ("origin",),
    "unsure": ("unsure",),
}  # fmt: skip
UNITS = {"ns": 1, "us": 1000, "ms": MS_NS, "msec": MS_NS, "s": SECOND_NS, "sec": SECOND_NS,
         "seconds": SECOND_NS, "ss.msec": SECOND_NS, "milliseconds": MS_NS}  # fmt: skip
UNIT_END = re.compile(
    r"[\s_\-]*[(\[]?(?<![a-z])(ns|us|ms|msec|s|sec|seconds|ss\.msec|milliseconds)[)\]]?$"
)
CLOCK = re.compile(r"(?:(\d{1,6}):)?(\d{1,6}):(\d{1,2}(?:[.,]\d+)?)")


def recognises(path: Path, head: bytes) -> bool:
    """A table with a column for the start and one for the label in its first line."""
    if path.suffix.lower() not in (".csv", ".tsv", ".txt"):
        return False
    try:
        first = head.decode("utf-8-sig", "ignore").lstrip().splitlines()[0]
        return bool(_columns(next(csv.reader([first], delimiter=_delimiter(first)))))
    except (ValueError, IndexError, StopIteration, csv.Error):
        return False


def write(bundle: Bundle, path: Path) -> Sequence[str]:
    """A row a clip."""
    attributes = dict.fromkeys(
        _column(name, value)
        for _, clip in clips_of(bundle)
        for name, value in clip.attributes.items()
    )
    table = io.StringIO()
    rows = csv.writer(table, lineterminator="\n")
    rows.writerow([*FIELDS, *attributes])
    empty = 0
    for labelled in bundle.recordings:
        for document in labelled.documents:
            empty += sum(not tier.clips for tier in document.tiers)
            for tier in document.tiers:
                for clip in tier.clips:
                    row = [labelled.recording, document.annotator, tier.name, *_cells(clip)]
                    own = {_column(*one): one[1] for one in clip.attributes.items()}
                    rows.writerow([*row, *(_cell(own.get(name, "")) for name in attributes)])
    write_atomically(path, table.getvalue().encode("utf-8", "backslashreplace"))
    carries = "person confidence comment attributes unsure origin annotators tiers points"
    notes = losses(bundle, TITLE, carries)
    if empty:
        notes.append(f"{TITLE} has a row a clip: tiers without clips ({empty}) are left out.")
    return notes


def _cells(clip: Clip) -> list[str | int]:
    confidence = "" if clip.confidence is None else repr(clip.confidence)
    return [
        clip.start_ns, clip.end_ns, _in_seconds(clip.start_ns), _in_seconds(clip.end_ns),
        clip.label, clip.person, confidence, clip.origin.value, clip.comment,
        "yes" if clip.unsure else "",
    ]  # fmt: skip


def _in_seconds(time_ns: int) -> str:
    return f"{Decimal(time_ns) / SECOND_NS:.9f}"


def _column(name: str, value: AttributeValue) -> str:
    return (TEXT if isinstance(value, str) else NUMBER) + name


def _cell(value: AttributeValue) -> str:
    return value if isinstance(value, str) else repr(value)


# ---- reading


def read(path: Path, reading: Reading) -> Bundle:
    """A row a clip, the recording in a column of its own or the same for all."""
    text = read_text(path)
    if "\0" in text:
        raise damaged(path, "it holds bytes that are no text", TITLE)
    try:
        return _bundle(text, path, reading)
    except (ValueError, csv.Error) as error:
        raise damaged(path, str(error), TITLE) from error


def _bundle(text: str, path: Path, reading: Reading) -> Bundle:
    first = text.lstrip().partition("\n")[0]
    table = csv.reader(io.StringIO(text.lstrip(), newline=""), delimiter=_delimiter(first))
    header = next(table, [])
    columns = _columns(header)
    unused = [
        name
        for place, name in enumerate(header)
        if place not in columns.values()
        and not name.startswith((TEXT, NUMBER))
        and name not in ("start_s", "end_s")
    ]
    rows: dict[str, Rows] = {}
    for cells in table:
        if not any(cell.strip() for cell in cells):
            continue
        try:
            _read_row(dict(enumerate(cells)), columns, header, path, reading, rows)
        except ValueError as error:
            raise ValueError(f"in line {table.line_num}, {error}") from None
    notes = []
    if unused:
        notes.append(f"Columns that are not read: {', '.join(unused)}.")
    ours = header[columns["start"]] == "start_ns"
    recordings = tuple(
        Labelled(name, own.documents(), media=(Media(RECORDING_CLOCK, name),) if ours else ())
        for name, own in rows.items()
    )
    return Bundle(recordings, notes=tuple(notes))


def _read_row(
    cells: Mapping[int, str],
    columns: Mapping[str, int],
    header: Sequence[str],
    path: Path,
    reading: Reading,
    rows: dict[str, Rows],
) -> None:
    def cell(what: str) -> str:
        return cells.get(columns.get(what, -1), "").strip()

    source = cell("recording")
    own_table = header[columns["start"]] == "start_ns"
    name = source if own_table else PurePath(source.replace("\\", "/")).stem
    name = reading.recording or name or path.stem
    start_ns = _time(cell("start"), header[columns["start"]])
    if cell("end"):
        end_ns = _time(cell("end"), header[columns["end"]])
    elif cell("length"):
        end_ns = start_ns + _time(cell("length"), header[columns["length"]])
    else:
        end_ns = start_ns  # nothing says how long: a point
    if end_ns < start_ns:
        raise ValueError(f"a clip ends at {cell('end')}, before it starts at {cell('start')}")
    values: dict[str, AttributeValue] = {
        key: cell(key) for key in ("person", "origin", "unsure") if cell(key)
    }
    comment = cells.get(columns.get("comment", -1), "")
    if comment:
        values["comment"] = comment
    if cell("confidence"):
        share = number_in(cell("confidence"))
        if isinstance(share, str) or not 0 <= share <= 1:
            raise ValueError(f"“{share}” is no confidence between 0 and 1")
        values["confidence"] = share
    for place, title in enumerate(header):
        text = cells.get(place, "")
        if title.startswith((TEXT, NUMBER)) and text:
            kind, _, attribute = title.partition(":")
            values[other(attribute)] = number_in(text) if kind == "number" else text
    clip = clip_with((start_ns, end_ns), reading.named(cell("label")) or "unlabelled", values)
    annotator = cell("annotator") or reading.annotator
    tier = cell("tier") or annotator
    rows.setdefault(name, Rows(name)).add(annotator, tier, clip)


def _columns(header: Sequence[str]) -> dict[str, int]:
    """Where the columns are; ValueError when there is none for the start or the label."""
    plain = [name.strip().strip("\ufeff").lower() for name in header]
    bare = [UNIT_END.sub("", name).strip() for name in plain]
    found: dict[str, int] = {}
    for what, names in TIMES.items():
        exact = f"{what}_ns"
        if exact in plain:
            found[what] = plain.index(exact)
            continue
        place = next((bare.index(name) for name in names if name in bare), None)
        if place is not None:
            found[what] = place
    for what, names in OTHERS.items():
        place = next((plain.index(name) for name in names if name in plain), None)
        if place is not None and place not in found.values():
            found[what] = place
    for what in ("start", "label"):
        if what not in found:
            raise ValueError(f"none of its columns ({', '.join(header)[:200]}) is called “{what}”")
    return found


def _time(text: str, column: str) -> int:
    """A time of a column: the unit that the column is named with, seconds or h:m:s."""
    clock = CLOCK.fullmatch(text)
    if clock is not None:
        hours, minutes, rest = clock[1] or "0", clock[2], clock[3].replace(",", ".")
        return ns_of(str(int(hours) * 3600 + int(minutes) * 60 + Decimal(rest)))
    unit = UNIT_END.search(column.strip().lower())
    return ns_of(text, UNITS[unit[1]] if unit else SECOND_NS)


def _delimiter(first: str) -> str:
    return max(",;\t|", key=first.count)
