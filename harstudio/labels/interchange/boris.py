"""BORIS: projects (``.boris``, JSON, gzipped or not) and its tables of events (``.tsv``).

An event of a project is ``[time_s, subject, code, modifier, comment(, frame)]``; a state event is
two of them, a start and a stop, paired in their order by subject, code and modifier (BORIS user
guide, "Coding" and "Project file"). Subjects are persons, modifiers are attributes, point events
go to a tier of points. Tables: see ``boris_tables``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from harstudio.labels.interchange import boris_tables
from harstudio.labels.interchange.base import Bundle, Labelled, Media, Reading, damaged, flattened
from harstudio.labels.interchange.boris_events import (
    ANNOTATOR,
    RECORDING,
    Asked,
    Event,
    by_start,
    clips_from,
    gathered,
    joined,
    modifier_text,
    point_code,
    questions,
    united,
)
from harstudio.labels.interchange.json_text import GZIP, read_json, write_json
from harstudio.labels.interchange.losses import losses, rounded
from harstudio.labels.interchange.rows import Rows, free_name
from harstudio.labels.interchange.times import MS_NS, Frames, ms_of, ns_of
from harstudio.labels.label_sets.attributes import Attribute
from harstudio.labels.label_sets.label_set import HOTKEYS, Label, LabelSet, label_color
from harstudio.labels.model import Clip, typed

NAME = "boris"
TITLE = "BORIS"
EXTENSIONS: tuple[str, ...] = (".boris", ".boris.tsv")
UNIT = "1 ms"
ONE_FILE: Literal["recording", "set"] = "set"

STATE, POINT = "State event", "Point event"
NUMERIC = 2  # the type of a modifier that is a number
DATE = "2000-01-01T00:00:00"  # BORIS needs one; when it was observed we do not know


@dataclass(frozen=True, slots=True)
class _Behaviour:
    code: str
    point: bool
    modifiers: tuple[Asked, ...]


def recognises(path: Path, head: bytes) -> bool:
    """By the name, a JSON object with BORIS's marks, or one of its tables."""
    if path.name.lower().endswith((".boris", ".boris.gz")):
        return True
    if b'"project_format_version"' in head and b'"observations"' in head:
        return True
    return path.suffix.lower() in (".tsv", ".csv") and boris_tables.recognises(head)


def read(path: Path, reading: Reading) -> Bundle:
    """Every observation as a recording of the observation's name."""
    with path.open("rb") as file:
        head = file.read(1)
    if head not in (b"{", GZIP[:1]) and path.suffix.lower() in (".tsv", ".csv", ".txt"):
        return boris_tables.read(path, reading)
    document = read_json(path, TITLE)
    notes: list[str] = []
    try:
        behaviours = _behaviours(typed(document, "behaviors_conf", dict, {}))
        label_set = _label_set(typed(document, "behaviors_conf", dict, {}), path.stem)
        observations = typed(document, "observations", dict)
        recordings = gathered(
            _observation(name, typed(observations, name, dict), behaviours, reading, notes)
            for name in observations
        )
    except ValueError as error:
        raise damaged(path, str(error), TITLE) from error
    return Bundle(recordings, label_set, flattened(notes))


def write(bundle: Bundle, path: Path) -> Sequence[str]:
    """A project, or by the ending ``.tsv`` the table of aggregated events."""
    carries = "person comment attributes points annotators label_set"
    notes = losses(bundle, TITLE, carries) + rounded(bundle, TITLE, MS_NS, "milliseconds")
    table = path.suffix.lower() == ".tsv"
    told = {
        (one.recording, document.annotator): by_start(document)
        if table
        else united(document, notes)
        for one in bundle.recordings
        for document in one.documents
    }
    clips = [clip for own in told.values() for clip in own]
    sets = questions(clips, bundle.label_set)
    if table:
        boris_tables.write(bundle, told, sets, path)
        return flattened(notes)
    lasting = {clip.label for clip in clips if not clip.is_point}
    points = {clip.label for clip in clips if clip.is_point}
    observations: dict[str, Any] = {}
    for one in bundle.recordings:
        for document in one.documents:
            alone = len(one.documents) == 1
            name = one.recording if alone else f"{one.recording} [{document.annotator}]"
            own = told[one.recording, document.annotator]
            written = _written(one, document.annotator, own, lasting, sets)
            observations[free_name(name, observations)] = written
    persons = sorted({clip.person for clip in clips if clip.person})
    project = {
        "project_format_version": "7.0",
        "project_name": bundle.label_set.name or path.stem,
        "project_date": DATE,
        "time_format": "hh:mm:ss",
        "project_description": "",
        "behaviors_conf": _conf(bundle.label_set, lasting, points, sets),
        "subjects_conf": {
            str(k): {"key": "", "name": name, "description": ""}
            for k, name in enumerate(persons)
        },
        "independent_variables": {
            str(k): {"label": name, "description": "", "type": "text", "default value": "",
                     "possible values": ""}
            for k, name in enumerate((RECORDING, ANNOTATOR))
        },
        "behavioral_categories": [],
        "coding_map": {},
        "converters": {},
        "observations": observations,
    }  # fmt: skip
    write_json(path, project)
    both_ways = sorted(lasting & points)
    if both_ways:
        notes.append(f"Point events of {', '.join(both_ways)} are coded “... (point)”.")
    if any(one.not_this or one.synonyms or one.parent for one in bundle.label_set.labels):
        notes.append(f"{TITLE} keeps names, keys, colours and definitions of labels, no more.")
    return flattened(notes)


# ---- reading


def _behaviours(conf: dict[str, Any]) -> dict[str, _Behaviour]:
    found = {}
    for key in conf:
        one = typed(conf, key, dict)
        code, kind = typed(one, "code", str), typed(one, "type", str, STATE)
        modifiers = one.get("modifiers") or {}
        names: list[Asked] = []
        if isinstance(modifiers, dict):
            for number in sorted(modifiers, key=lambda k: (len(k), k)):
                one_set = typed(modifiers, number, dict)
                title = typed(one_set, "name", str, "") or f"modifier {len(names) + 1}"
                names.append(Asked(title, one_set.get("type") == NUMERIC))
        found[code] = _Behaviour(code, kind.casefold().startswith("point"), tuple(names))
    return found


def _label_set(conf: dict[str, Any], name: str) -> LabelSet:
    """The behaviours as labels, with keys where they are free, and modifiers as attributes."""
    labels: dict[str, Label] = {}
    keys: set[str] = set()
    attributes: dict[str, Attribute] = {}
    for one in conf.values():
        code, color = one["code"], one.get("color")
        key = typed(one, "key", str, "").upper()
        key = key if len(key) == 1 and key in HOTKEYS and key not in keys else ""
        keys.add(key)
        plain = joined(code, (other["code"] for other in conf.values()))
        if plain.strip() and plain not in labels:
            good = isinstance(color, str) and len(color) == 7 and color.startswith("#")
            labels[plain] = Label(
                plain,
                color=color.lower() if good else label_color(plain),
                hotkey=key,
                definition=typed(one, "description", str, ""),
            )
        modifiers = one.get("modifiers")
        for modifier in modifiers.values() if isinstance(modifiers, dict) else ():
            title = typed(modifier, "name", str, "")
            values = tuple(dict.fromkeys(map(str, typed(modifier, "values", list, []))))
            if not title or title in attributes:
                continue
            if modifier.get("type") == NUMERIC:
                attributes[title] = Attribute(title, "number")
            elif len(values) > 1:
                attributes[title] = Attribute(title, "choice", choices=values)
    return LabelSet(name, tuple(labels.values()), attributes=tuple(attributes.values()))


def _observation(
    name: str,
    one: dict[str, Any],
    behaviours: dict[str, _Behaviour],
    reading: Reading,
    notes: list[str],
) -> Labelled:
    files = one.get("file")
    paths = [
        str(path)
        for player in (files.values() if isinstance(files, dict) else ())
        for path in (player if isinstance(player, list) else ())
    ]
    info = typed(one, "media_info", dict, {})
    rates, lengths = typed(info, "fps", dict, {}), typed(info, "length", dict, {})
    offset = typed(one, "time offset", (int, float), 0)
    if offset:
        notes.append(f"“{name}” has a time offset of {offset:g} s, which is not applied.")
    variables = typed(one, "independent_variables", dict, {})
    recording = str(variables.get(RECORDING) or name)
    annotator = str(variables.get(ANNOTATOR) or reading.annotator)
    events = []
    for row in typed(one, "events", list, []):
        if not isinstance(row, list) or len(row) < 3 or not all(map(_is_text, row[1:3])):
            raise ValueError(f"“{name}” has an event that is {row!r:.60}")
        code = row[2]
        known = behaviours.get(code, _Behaviour(code, False, ()))
        modifier, comment = (str(row[k] or "") if len(row) > k else "" for k in (3, 4))
        label = reading.named(joined(code, behaviours))
        kind = "POINT" if known.point else "STATE"
        events.append(Event(ns_of(row[0]), row[1], label, kind, modifier, comment, known.modifiers))
    rows = Rows(recording)
    rows.add(annotator, annotator)
    for clip in clips_from(name, events, notes):
        rows.add(annotator, clip.person or annotator, clip)
    media = tuple(
        Media(str(k), path, offset_ns=0, fps=_rate(rates.get(path)))
        for k, path in enumerate(paths, 1)
    )
    length = lengths.get(paths[0]) if paths else 0
    number = isinstance(length, (int, float)) and not isinstance(length, bool)
    return Labelled(recording, rows.documents(), ns_of(length) if number else 0, media)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _rate(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) and 0 < value < 1e6 else 0.0


# ---- writing


def _conf(
    label_set: LabelSet,
    lasting: Iterable[str],
    points: Iterable[str],
    sets: dict[str, tuple[Asked, ...]],
) -> dict[str, Any]:
    """A behaviour for each label that is known or used, once more where it has points too."""
    lasting, points = set(lasting), set(points)
    names = [*(label.name for label in label_set.labels), *sorted(lasting | points)]
    codes: dict[str, tuple[str, str]] = {}
    for name in dict.fromkeys(names):
        if name in lasting or name not in points:
            codes[name] = name, STATE
        if name in points:
            codes[point_code(name, lasting)] = name, POINT
    choices = {one.name: one for one in label_set.attributes}
    conf = {}
    for number, (code, (name, kind)) in enumerate(codes.items()):
        label = label_set.find(name)
        conf[str(number)] = {
            "type": kind,
            "key": "" if label is None or code != name else label.hotkey.lower(),
            "code": code,
            "description": "" if label is None else label.definition,
            "color": label_set.color_of(name),
            "category": "",
            "modifiers": {
                str(k): _modifier(asked, choices.get(asked.name))
                for k, asked in enumerate(sets.get(name, ()))
            },
            "excluded": "",
            "coding map": "",
        }
    return conf


def _modifier(asked: Asked, attribute: Attribute | None) -> dict[str, Any]:
    values = [] if attribute is None else list(attribute.choices)
    kind = NUMERIC if asked.number else 0
    return {"name": asked.name, "description": "", "type": kind, "values": values}


def _written(
    labelled: Labelled,
    annotator: str,
    clips: list[Clip],
    lasting: set[str],
    sets: dict[str, tuple[Asked, ...]],
) -> dict[str, Any]:
    """An observation; at one time the stops stand before the starts."""
    events: list[tuple[int, int, list[Any]]] = []
    for clip in clips:
        modifier = modifier_text(clip, sets)
        code = point_code(clip.label, lasting) if clip.is_point else clip.label
        start = ms_of(clip.start_ns)
        row = [clip.person, code, modifier]
        events.append((start, 1, [start / 1000, *row, clip.comment]))
        if not clip.is_point:
            end = max(ms_of(clip.end_ns), start + 1)
            events.append((end, 0, [end / 1000, *row, ""]))
    events.sort(key=lambda event: event[:2])
    paths = [media.path for media in labelled.media if media.path] or [labelled.recording]
    rates = {media.path: Frames(media.grid, media.fps).rate_hz for media in labelled.media}
    return {
        "date": DATE,
        "type": "MEDIA",
        "file": {str(k): [path] for k, path in enumerate(paths, 1)},
        "time offset": 0.0,
        "description": "",
        "independent_variables": {RECORDING: labelled.recording, ANNOTATOR: annotator},
        "media_info": {
            "length": dict.fromkeys(paths, ms_of(labelled.duration_ns) / 1000),
            "fps": {path: rates.get(path, 0.0) for path in paths},
            "hasVideo": dict.fromkeys(paths, True),
            "hasAudio": dict.fromkeys(paths, False),
        },
        "events": [row for _, _, row in events],
    }
