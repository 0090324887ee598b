"""THUMOS14: a folder with one text file a class, lines ``video start end`` in seconds.

``BaseballPitch_val.txt`` holds ``video_validation_0000053  67.5 75.9``; what stands after the
last ``_`` of the file's name is the part, ``val`` or ``test`` (THUMOS challenge 2014,
"Temporal annotations"). ``detclasslist.txt`` lists the classes with their numbers.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from harstudio.errors import ConflictError, DataError
from harstudio.files import write_atomically
from harstudio.labels.interchange.activitynet import lasting
from harstudio.labels.interchange.base import Bundle, Labelled, Reading, damaged, read_text
from harstudio.labels.interchange.losses import losses
from harstudio.labels.interchange.rows import Rows
from harstudio.labels.interchange.times import seconds, span_of
from harstudio.labels.keeping.names import safe_name
from harstudio.labels.label_sets.label_set import Label, LabelSet
from harstudio.labels.model import Clip, Origin

NAME = "thumos"
TITLE = "THUMOS14"
EXTENSIONS: tuple[str, ...] = (".thumos",)
UNIT = "1 ns"
ONE_FILE: Literal["recording", "set"] = "set"

CLASSES = "detclasslist.txt"
PARTS = {"training": "train", "validation": "val", "test": "test"}
FILE = re.compile(r"(.+?)(?:_(train|val|test))?\.txt", re.IGNORECASE)
ENCODED = re.compile(r"((?:%[0-9A-F]{2})+)")
LINE = re.compile(r"(\S.*?)\s+(\S+)\s+(\S+)")
MOST_FILES = 10_000
ENCODINGS = ("utf-8-sig", "cp1252")


def recognises(path: Path, head: bytes) -> bool:
    """A folder of text files that has the list of classes, or one file of such a folder."""
    folder = path if path.is_dir() else path.parent
    return (path.is_dir() or path.suffix == ".txt") and (folder / CLASSES).is_file()


def read(path: Path, reading: Reading) -> Bundle:
    """Every video that a file of a class names, by name."""
    folder = path if path.is_dir() else path.parent
    try:
        files = sorted(file for file in folder.iterdir() if file.suffix.lower() == ".txt")
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(f"The folder cannot be read ({reason}).", path=folder) from error
    if len(files) > MOST_FILES or not files:
        raise damaged(folder, f"it has {len(files)} text files", TITLE)
    rows: dict[str, Rows] = {}
    parts: dict[str, str] = {}
    labels = []
    subsets = {theirs: ours for ours, theirs in PARTS.items()}
    for file in files:
        match = FILE.fullmatch(file.name)
        if match is None or file.name == CLASSES:
            continue
        name = _decoded(match[1])
        label = reading.named(name)
        labels.append(name)
        for video, start_ns, end_ns in _lines(file):
            own = rows.setdefault(video, Rows(video))
            clip = Clip(start_ns, end_ns, label, origin=Origin.IMPORTED)
            own.add(reading.annotator, reading.annotator, clip)
            parts.setdefault(video, subsets.get((match[2] or "").lower(), ""))
    recordings = tuple(
        Labelled(video, own.documents(), subset=parts[video]) for video, own in sorted(rows.items())
    )
    named = tuple(Label(label) for label in dict.fromkeys(labels) if label.strip())
    return Bundle(recordings, LabelSet(folder.name, named))


def write(bundle: Bundle, path: Path) -> Sequence[str]:
    """A folder, new or empty; ConflictError where there is something in it."""
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise ConflictError(
            f"A folder is written for {TITLE}, and something is here already.",
            path=path,
            remedy="Choose a new name or an empty folder.",
        )
    known = [label.name for label in bundle.label_set.labels]
    texts: dict[str, list[str]] = {}
    empty = []
    for one in bundle.recordings:
        clips = [clip for document in one.documents for clip in lasting(document)]
        if not clips:
            empty.append(one.recording)
        for clip in sorted(clips, key=lambda clip: (clip.start_ns, clip.end_ns)):
            part = PARTS.get(one.subset, "")
            name = _stem(clip.label) + (f"_{part}" if part else "") + ".txt"
            times = f"{seconds(clip.start_ns):.9f} {seconds(clip.end_ns):.9f}"
            texts.setdefault(name, []).append(f"{' '.join(one.recording.split())}  {times}\n")
            known.append(clip.label)
    classes = enumerate(dict.fromkeys(known), 1)
    texts[CLASSES] = [f"{number} {_stem(name)}\n" for number, name in classes]
    part_folder = path.with_name(f".{path.name}.part")
    shutil.rmtree(part_folder, ignore_errors=True)
    try:
        for name, lines in texts.items():
            write_atomically(part_folder / name, "".join(lines).encode("utf-8", "replace"))
        if path.exists():
            path.rmdir()
        part_folder.replace(path)
    finally:
        shutil.rmtree(part_folder, ignore_errors=True)
    notes = losses(bundle, TITLE)
    if empty:
        notes.append(f"{TITLE} names labelled videos only: {len(empty)} recordings are left out.")
    return notes


def is_set(path: Path) -> bool:
    """Whether it is a folder with a list of classes."""
    return (path / CLASSES).is_file()


def rewrite(bundle: Bundle, path: Path) -> Sequence[str]:
    """The same into a folder that is one of THUMOS14: its classes go, other files in it stay."""
    fresh = path.with_name(f".{path.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        notes = write(bundle, fresh)
        made = {file.name for file in fresh.iterdir()}
        listed = (line.split(None, 1) for line in read_text(path / CLASSES, ENCODINGS).splitlines())
        stems = {parts[-1].strip() for parts in listed if parts}
        for file in list(path.glob("*.txt")):
            match = FILE.fullmatch(file.name)
            if match is not None and match[1] in stems and file.name not in made:
                file.unlink()
        for name in sorted(made, key=lambda name: name == CLASSES):  # the list last
            (fresh / name).replace(path / name)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return notes


def _lines(file: Path) -> list[tuple[str, int, int]]:
    found = []
    for number, line in enumerate(read_text(file, ENCODINGS).splitlines(), 1):
        if not line.strip():
            continue
        match = LINE.fullmatch(line.strip())
        if match is None:
            raise damaged(file, f"line {number} is no video with two times", TITLE)
        try:
            found.append((match[1], *span_of(match[2], match[3])))
        except ValueError as error:
            raise damaged(file, f"in line {number} {error}", TITLE) from error
    return found


def _stem(label: str) -> str:
    """The name of a class's file; one that ends like a part is told from it."""
    stem = safe_name(label)
    match = FILE.fullmatch(stem + ".txt")
    return stem if match is None or not match[2] else f"{match[1]}%5F{match[2]}"


def _decoded(stem: str) -> str:
    """The label that ``_stem`` made a file's name of; a name of others is the label itself."""
    label = ENCODED.sub(_text, stem)
    return label if _stem(label) == stem else stem


def _text(match: re.Match[str]) -> str:
    return bytes.fromhex(match[1].replace("%", "")).decode("utf-8", "replace")
