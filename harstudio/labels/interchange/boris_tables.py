"""BORIS's tables of events: tabular (START, STOP, POINT) and aggregated, with tabs or commas.

Tabular: a block of lines about the observation, then ``Time, Media file path, Total length, FPS,
Subject, Behavior, Behavioral category, Comment, Status``; newer ones have a row's observation in
``Observation id`` and its status in ``Behavior type``. Aggregated: a row a clip, with ``Start (s)``
and ``Stop (s)``. Columns are known by their names, in any order.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePath

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
from harstudio.labels.interchange.boris_events import (
    ANNOTATOR,
    RECORDING,
    Asked,
    Event,
    attributes_of,
    clips_from,
    gathered,
    plain,
)
from harstudio.labels.interchange.rows import Rows
from harstudio.labels.interchange.times import Frames, ms_of, ns_of, span_of
from harstudio.labels.model import Clip, Origin

TITLE = "BORIS table"
OBSERVATION, MEDIA, SUBJECT, BEHAVIOUR = "Observation id", "Media file", "Subject", "Behavior"
START, STOP, TIME, STATUS = "Start (s)", "Stop (s)", "Time", ("Status", "Behavior type")
NO_SUBJECT = ("", "No focal subject")
COLUMNS = (
    OBSERVATION, "Observation date", "Description", MEDIA, "Total length", "FPS", RECORDING,
    ANNOTATOR, SUBJECT, BEHAVIOUR, "Behavioral category", "Modifiers", "Behavior type", START,
    STOP, "Duration (s)", "Comment start", "Comment stop",
)  # fmt: skip

Row = Mapping[str, str]


def recognises(head: bytes) -> bool:
    """Whether the head of a file has the columns of one of the tables."""
    if b"Behavior" not in head:
        return False
    return START.encode() in head or any(one.encode() in head for one in (*STATUS, "Time"))


def read(path: Path, reading: Reading) -> Bundle:
    """Every observation as a recording."""
    about, rows = _rows(path)
    notes: list[str] = []
    told: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        name = row.get(OBSERVATION) or about.get(OBSERVATION, "")
        recording = row.get(RECORDING) or name or reading.recording or path.stem
        told.setdefault((recording, row.get(ANNOTATOR) or reading.annotator), []).append(row)
    recordings = []
    for (recording, annotator), own in told.items():
        documents = Rows(recording)
        documents.add(annotator, annotator)
        try:
            clips = _clips(recording, own, reading, notes)
        except ValueError as error:
            raise damaged(path, str(error), TITLE) from error
        for clip in clips:
            documents.add(annotator, clip.person or annotator, clip)
        files = dict.fromkeys(_media(row) for row in own)
        media = tuple(Media(str(k), file) for k, file in enumerate(filter(None, files), 1))
        recordings.append(Labelled(recording, documents.documents(), media=media))
    return Bundle(gathered(recordings), notes=flattened(notes))


def write(
    bundle: Bundle,
    told: Mapping[tuple[str, str], list[Clip]],
    sets: Mapping[str, tuple[Asked, ...]],
    path: Path,
) -> None:
    """The aggregated table. told: the clips of a recording and annotator."""
    text = io.StringIO()
    table = csv.writer(text, delimiter="\t", lineterminator="\n")
    table.writerow(COLUMNS)
    for one in bundle.recordings:
        media = one.media[0] if one.media else Media("", one.recording)
        rate = Frames(media.grid, media.fps).rate_hz
        length = ms_of(one.duration_ns) / 1000
        for document in one.documents:
            for clip in told[one.recording, document.annotator]:
                start = ms_of(clip.start_ns)
                stop = start if clip.is_point else max(ms_of(clip.end_ns), start + 1)
                values = (
                    f"{asked.name}={plain(clip.attributes[asked.name])}"
                    for asked in sets.get(clip.label, ())
                    if asked.name in clip.attributes
                )
                table.writerow(
                    (one.recording, "", "", media.path, length, f"{rate:g}", one.recording,
                     document.annotator, clip.person or NO_SUBJECT[1], clip.label, "",
                     "|".join(values), "POINT" if clip.is_point else "STATE", start / 1000,
                     stop / 1000, (stop - start) / 1000, clip.comment, "")
                )  # fmt: skip
    write_atomically(path, text.getvalue().encode("utf-8", "replace"))


def _rows(path: Path) -> tuple[dict[str, str], list[Row]]:
    """What stands above the table, and its rows by column."""
    text = read_text(path, ("utf-8-sig", "cp1252"))
    line = next((one for one in text.splitlines() if BEHAVIOUR in one and _heads(one)), "")
    delimiter = max("\t,;", key=line.count)
    about: dict[str, str] = {}
    rows: list[Row] = []
    columns: list[str] = []
    try:
        for cells in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True):
            values = [cell.strip() for cell in cells]
            if columns and any(values):
                if len(values) < len(columns) // 2:
                    raise ValueError(f"a row has {len(values)} cells of {len(columns)}")
                rows.append(dict(zip(columns, values, strict=False)))
            elif not columns and BEHAVIOUR in values and _heads(delimiter.join(values)):
                columns = values
            elif len(values) > 1:
                about.setdefault(values[0], values[1])
    except (csv.Error, ValueError) as error:
        raise damaged(path, str(error), TITLE) from error
    if not columns:
        raise damaged(path, f"it has no columns {BEHAVIOUR} and {TIME} or {START}", TITLE)
    return about, rows


def _heads(line: str) -> bool:
    return START in line or TIME in line


def _media(row: Row) -> str:
    text = next((row[key] for key in (MEDIA, "Media file name", "Media file path") if key in row),
                "")  # fmt: skip
    return PurePath(text.replace("\\", "/")).as_posix() if text else ""


def _clips(name: str, rows: Iterable[Row], reading: Reading, notes: list[str]) -> list[Clip]:
    clips, events = [], []
    for row in rows:
        label = reading.named(row.get(BEHAVIOUR, ""))
        if not label:
            raise ValueError("a row has no behaviour")
        subject = row.get(SUBJECT, "")
        subject = "" if subject in NO_SUBJECT else subject
        modifier = row.get("Modifiers") or "|".join(
            value for key, value in row.items() if key.startswith("Modifier #")
        )
        status = next((row[key].upper() for key in STATUS if row.get(key)), "STATE")
        if START in row:
            times = span_of(row[START], row.get(STOP) or row[START])
            parts = dict.fromkeys((row.get("Comment start", ""), row.get("Comment stop", "")))
            clips.append(
                Clip(
                    *times,
                    label,
                    person=subject,
                    comment="\n".join(filter(None, parts)),
                    attributes=attributes_of(modifier, ()),
                    origin=Origin.IMPORTED,
                )
            )
            continue
        if status not in ("START", "STOP", "POINT", "STATE"):
            raise ValueError(f"a row has the status “{status[:40]}”")
        comment = row.get("Comment", "")
        time_ns = ns_of(row.get(TIME, ""))
        events.append(Event(time_ns, subject, label, status, modifier, comment))
    return clips + clips_from(name, events, notes)
