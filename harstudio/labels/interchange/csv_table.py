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
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
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
from harstudio.labels.interchange.file_names import names_of
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
    rows = csv.writer(table, lineterminator="\r\n")  # so that each of the two is quoted in a text
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
    ours = header[columns["start"]] == "start_ns"
    lines = [(table.line_num, cells) for cells in table if any(cell.strip() for cell in cells)]
    at = columns.get("recording", len(header))
    sources = (cells[at].strip() for _, cells in lines if len(cells) > at)
    names = {} if ours else names_of(filter(None, sources))
    rows: dict[str, Rows] = {}
    for number, cells in lines:
        try:
            row = _Row(cells, header, columns, ours)
            source = row.text("recording")
            name = names.get(source, source) or reading.recording or path.stem
            annotator = row.text("annotator") or reading.annotator
            clip = _clip(row, reading)
            rows.setdefault(name, Rows(name)).add(annotator, row.text("tier") or annotator, clip)
        except ValueError as error:
            raise ValueError(f"in line {number}, {error}") from None
    notes = []
    if unused:
        notes.append(f"Columns that are not read: {', '.join(unused)}.")
    recordings = tuple(
        Labelled(name, own.documents(), media=(Media(RECORDING_CLOCK, name),) if ours else ())
        for name, own in rows.items()
    )
    return Bundle(recordings, notes=tuple(notes))


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of a table. ours: blanks around texts belong to them."""

    cells: Sequence[str]
    header: Sequence[str]
    columns: Mapping[str, int]
    ours: bool

    def raw(self, what: str) -> str:
        place = self.columns.get(what, len(self.cells))
        return self.cells[place] if place < len(self.cells) else ""

    def text(self, what: str) -> str:
        return self.raw(what) if self.ours else self.raw(what).strip()

    def time(self, what: str) -> int | None:
        """In nanoseconds, None where the row has none."""
        text = self.raw(what).strip()
        return _time(text, self.header[self.columns[what]]) if text else None


def _clip(row: _Row, reading: Reading) -> Clip:
    start_ns, end_ns = row.time("start"), row.time("end")
    if start_ns is None:
        raise ValueError("“” is no time")
    if end_ns is None:
        end_ns = start_ns + (row.time("length") or 0)  # nothing says how long: a point
    if end_ns < start_ns:
        told = row.raw("end"), row.raw("start")
        raise ValueError(f"a clip ends at {told[0]}, before it starts at {told[1]}")
    values: dict[str, AttributeValue] = {
        key: row.text(key) for key in ("person", "origin", "unsure") if row.text(key)
    }
    if comment := row.raw("comment"):
        values["comment"] = comment
    if confidence := row.raw("confidence").strip():
        share = number_in(confidence)
        if isinstance(share, str) or not 0 <= share <= 1:
            raise ValueError(f"“{share}” is no confidence between 0 and 1")
        values["confidence"] = share
    for title, text in zip(row.header, row.cells, strict=False):
        if title.startswith((TEXT, NUMBER)) and text:
            kind, _, attribute = title.partition(":")
            values[other(attribute)] = number_in(text) if kind == "number" else text
    said = row.text("label")
    named = reading.named(said)
    label = said if named == said.strip() else named
    return clip_with((start_ns, end_ns), label or "unlabelled", values)


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
