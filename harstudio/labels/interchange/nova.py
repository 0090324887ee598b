"""NOVA and SSI: ``x.annotation`` (XML) says how ``x.annotation~`` beside it is to be read.

One file is one annotator's view of one role (person). Rows of a DISCRETE scheme are
``start;stop;id;confidence[;meta]`` in seconds, of a FREE one ``start;stop;text;confidence[;meta]``;
BINARY data are little endian ``f8 f8 u4 f4`` and ``f8 f8 u4 text f4``. A CONTINUOUS scheme is a
signal, not clips, and is not taken over. Text is UTF-8 or the code page of Windows (1252).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from glob import escape
from pathlib import Path
from typing import Literal
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from harstudio.errors import DataError
from harstudio.files import write_atomically
from harstudio.labels.interchange.base import (
    Bundle,
    Counted,
    Labelled,
    Reading,
    damaged,
    read_bytes,
)
from harstudio.labels.interchange.losses import confident, losses
from harstudio.labels.interchange.nova_reading import GARBAGE, Header, read_header, read_rows
from harstudio.labels.interchange.rows import Rows, free_name
from harstudio.labels.interchange.times import seconds, span_of
from harstudio.labels.keeping.names import safe_name
from harstudio.labels.label_sets.label_set import Label, LabelSet
from harstudio.labels.model import Clip, Origin

NAME = "nova"
TITLE = "NOVA"
EXTENSIONS: tuple[str, ...] = (".annotation",)
UNIT = "1 ns"
ONE_FILE: Literal["recording", "set"] = "recording"


def recognises(path: Path, head: bytes) -> bool:
    """By the name, or an XML head with NOVA's mark."""
    return path.name.endswith((".annotation", ".annotation~")) or b"<annotation ssi-v" in head


def read(path: Path, reading: Reading) -> Bundle:
    """Clips of an annotator and role, and of the files that ``write`` put beside.

    Either of the two files may be named. The recording is the file's stem; where that begins with
    the role, as NOVA names files in the folder of a session, the folder.
    """
    path = path.with_name(path.name.removesuffix("~"))
    header = read_header(path)
    stem = path.name.removesuffix(EXTENSIONS[0])
    session = bool(header.role) and stem.startswith(f"{header.role}.")
    own = _ends(header.annotator, header.role)
    named = header.recording or (path.parent.name if session else stem.removesuffix(own))
    recording = reading.recording or named
    rows, notes = Rows(recording), []
    labels: dict[str, Label] = {}
    for part in [path, *_beside(path, header)]:
        header = read_header(part)
        annotator = header.annotator or reading.annotator
        labels |= {label.name: label for label in header.items.values()}
        rows.add(annotator, header.role or annotator)
        if header.kind == "CONTINUOUS":
            notes.append(
                f"{part.name}: this is a signal of {header.rate_hz:g} values a second, not clips; "
                "it is not taken over."
            )
            continue
        clips = _clips(part, header, reading)
        rows.add(annotator, header.role or annotator, *clips)
    label_set = LabelSet(header.scheme or stem, tuple(labels.values()))
    return Bundle((Labelled(recording, rows.documents()),), label_set, tuple(notes))


def _ends(annotator: str, role: str) -> str:
    """What ``write`` puts behind the name of a file that is not the only one."""
    return "".join(f".{safe_name(one)}" for one in (role, annotator) if one)


def _beside(path: Path, header: Header) -> list[Path]:
    """The other files of ours about one recording; those of others that are named like ours."""
    stem = path.name.removesuffix(EXTENSIONS[0])
    found = []
    for other in sorted(path.parent.glob(f"{escape(stem)}.*{EXTENSIONS[0]}")):
        try:
            theirs = read_header(other)
        except DataError:
            continue  # no part of this one
        own = stem + _ends(theirs.annotator, theirs.role) == other.name.removesuffix(EXTENSIONS[0])
        if theirs.recording == header.recording and (theirs.recording or own):
            found.append(other)
    return found


def is_ours(path: Path) -> bool:
    """Whether this program wrote a file."""
    try:
        return bool(read_header(path).recording)
    except DataError:
        return False


def files(bundle: Bundle, path: Path) -> list[Path]:
    """The files beside that writing makes, and those of an earlier time that it takes away."""
    (labelled,) = bundle.recordings
    made = list(_targets(labelled, path).values())
    return [*made[1:], *(one for one in _stale(labelled, path) if one not in made)]


def _stale(labelled: Labelled, path: Path) -> list[Path]:
    """What is read with a file, and is about the recording."""
    try:
        header = read_header(path)
    except DataError:
        return []
    return _beside(path, header) if header.recording == labelled.recording else []


def _parts(labelled: Labelled) -> dict[tuple[str, str], list[Clip]]:
    """Clips by annotator and person."""
    parts: dict[tuple[str, str], list[Clip]] = {}
    for document in labelled.documents:
        parts.setdefault((document.annotator, ""), [])
        for tier in document.tiers:
            for clip in tier.clips:
                person = clip.person or tier.rules.person
                parts.setdefault((document.annotator, person), []).append(clip)
    return {key: clips for key, clips in parts.items() if clips} or dict([*parts.items()][:1])


def _targets(labelled: Labelled, path: Path) -> dict[tuple[str, str], Path]:
    """The file of each annotator and person; the first is ``path``."""
    stem = path.name.removesuffix(EXTENSIONS[0])
    stems: dict[tuple[str, str], str] = {}
    for annotator, role in _parts(labelled):
        name = stem + _ends(annotator, role) if stems else stem
        stems[annotator, role] = free_name(name, stems.values())
    return {key: path.with_name(name + EXTENSIONS[0]) for key, name in stems.items()}


def _clips(path: Path, header: Header, reading: Reading) -> list[Clip]:
    data = read_bytes(path.with_name(path.name + "~"))
    clips = []
    for start, stop, label, confidence, meta in read_rows(data, header, path):
        try:
            times = span_of(start, stop)
        except ValueError as error:
            raise damaged(path, str(error), TITLE) from error
        clips.append(
            Clip(
                *times,
                reading.named(label),
                person=header.role,
                confidence=confidence,
                comment=meta,
                origin=Origin.IMPORTED,
            )
        )
    return clips


def write(bundle: Bundle, path: Path) -> Sequence[str]:
    """ASCII files of a DISCRETE scheme: ``path``, and one beside it for each further annotator
    and person. What was written beside it before about the recording goes."""
    (labelled,) = bundle.recordings
    parts, targets = _parts(labelled), _targets(labelled, path)
    stale = set(_stale(labelled, path)) - set(targets.values())
    for (annotator, role), target in targets.items():
        whose = {"annotator": annotator, "role": role, "recording": labelled.recording}
        _write_part(target, whose, parts[annotator, role], bundle.label_set)
    for old in stale:  # it would be read with the new ones
        old.unlink(missing_ok=True)
        old.with_name(old.name + "~").unlink(missing_ok=True)
    notes = losses(bundle, TITLE, "person confidence comment points annotators label_set")
    notes += confident((clip for clips in parts.values() for clip in clips), TITLE)
    if len(parts) > 1:
        many = f"{TITLE} has a file for each annotator and person: {{n}} are written."
        notes.append(Counted(len(parts), many))
    points = sum(clip.is_point for clips in parts.values() for clip in clips)
    if points:
        many = "{n} point events are written as clips of no length."
        notes.append(Counted(points, many, "1 point event is written as a clip of no length."))
    if any(label.hotkey or label.definition or label.code for label in bundle.label_set.labels):
        notes.append(f"{TITLE} keeps names and colours of labels, no codes, keys and definitions.")
    changed = sum(_one_line(c.comment) != c.comment for clips in parts.values() for c in clips)
    if changed:
        many = "Semicolons and line ends in {n} comments became commas and blanks."
        notes.append(Counted(changed, many, many.replace("{n} comments", "1 comment")))
    return notes


# ---- writing


def _write_part(path: Path, whose: dict[str, str], clips: list[Clip], label_set: LabelSet) -> None:
    names = [label.name for label in label_set.labels] + [clip.label for clip in clips]
    numbers = {name: k for k, name in enumerate(n for n in dict.fromkeys(names) if n != GARBAGE)}
    numbers[GARBAGE] = -1
    root = Element("annotation", {"ssi-v": "3"})
    SubElement(root, "info", {"ftype": "ASCII", "size": str(len(clips))})
    SubElement(root, "meta", whose)
    scheme = SubElement(root, "scheme", {"name": label_set.name or "action", "type": "DISCRETE"})
    for name, number in numbers.items():
        if number >= 0:
            color = f"#FF{label_set.color_of(name)[1:].upper()}"
            SubElement(scheme, "item", {"name": name, "id": str(number), "color": color})
    lines = [
        ";".join(_cells(clip, numbers)) + "\r\n"
        for clip in sorted(clips, key=lambda clip: (clip.start_ns, clip.end_ns))
    ]
    indent(root)
    head = b'<?xml version="1.0" ?>\n' + tostring(root, "utf-8")
    write_atomically(path.with_name(path.name + "~"), "".join(lines).encode("utf-8", "replace"))
    write_atomically(path, head)


def _cells(clip: Clip, numbers: dict[str, int]) -> Iterator[str]:
    yield f"{seconds(clip.start_ns):.9f}".rstrip("0").rstrip(".")
    yield f"{seconds(clip.end_ns):.9f}".rstrip("0").rstrip(".")
    yield str(numbers[clip.label])
    yield "1" if clip.confidence is None else repr(clip.confidence)
    if clip.comment:
        yield _one_line(clip.comment)


def _one_line(text: str) -> str:
    return " ".join(text.replace(";", ",").split())
