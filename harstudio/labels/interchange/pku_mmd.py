"""PKU-MMD: a text file a recording, a line an action: ``label,start,end,confidence``.

Labels count from 1 in the order of PKU-MMD's 51 classes; frames count from 1, the last one
belongs to the action; 30 frames a second; confidence is 1 (slight) or 2 (strong). Where there are
labels that are not PKU-MMD's, ``classes.txt`` beside the files has all names, one a line: PKU-MMD's
51 and then the others.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Literal

from harstudio.files import write_atomically
from harstudio.labels.interchange.activitynet import lasting
from harstudio.labels.interchange.base import (
    Bundle,
    Counted,
    Labelled,
    Media,
    Reading,
    damaged,
    read_text,
)
from harstudio.labels.interchange.losses import losses
from harstudio.labels.interchange.rows import Rows
from harstudio.labels.interchange.times import Frames, frames_to_read
from harstudio.labels.label_sets.label_set import LabelSet, bundled_label_set
from harstudio.labels.model import Clip, Origin

NAME = "pku-mmd"
TITLE = "PKU-MMD"
EXTENSIONS: tuple[str, ...] = (".txt",)
UNIT = "1 frame"
ONE_FILE: Literal["recording", "set"] = "recording"

CLASSES = "classes.txt"
RATE_HZ = 30.0
CONFIDENCE = {"1": 0.5, "2": 1.0}
SLIGHT = 0.75  # below it we say slight
LINE = re.compile(r"(\d{1,9})[\s,]+(\d{1,9})[\s,]+(\d{1,9})(?:[\s,]+(\d{1,9}))?")
FIRST = re.compile(rb"\d+ *, *\d+ *, *\d+ *(, *\d+)?\s*?(\r?\n|$)")


def recognises(path: Path, head: bytes) -> bool:
    """A text file whose first line is three or four numbers with commas between, or an empty
    one: a recording without an action."""
    text = head.removeprefix(b"\xef\xbb\xbf").strip()
    return path.suffix.lower() == ".txt" and (not text or FIRST.match(text) is not None)


def read(path: Path, reading: Reading) -> Bundle:
    """The actions of one recording, which has the file's stem as its name."""
    name = reading.recording or path.stem
    frames = frames_to_read(reading, (name, path.stem), TITLE, RATE_HZ)
    classes = _classes(path.with_name(CLASSES))
    rows = Rows(name)
    rows.add(reading.annotator, reading.annotator)
    beyond = 0
    for number, line in enumerate(read_text(path).splitlines(), 1):
        if not line.strip():
            continue
        match = LINE.fullmatch(line.strip())
        if match is None:
            raise damaged(path, f"line {number} is not “label,start,end,confidence”", TITLE)
        label, first, last = int(match[1]), int(match[2]), int(match[3])
        if not 1 <= label <= len(classes):
            raise damaged(path, f"line {number} has the label {label} of {len(classes)}", TITLE)
        if not 1 <= first <= last:
            raise damaged(path, f"line {number} goes from frame {first} to {last}", TITLE)
        beyond += bool(frames.count and last > frames.count)
        clip = Clip(
            *frames.span(first - 1, last),
            reading.named(classes[label - 1]),
            confidence=CONFIDENCE.get(match[4] or ""),
            origin=Origin.IMPORTED,
        )
        rows.add(reading.annotator, reading.annotator, clip)
    notes = (f"{name}: {beyond} actions go on after the last frame.",) if beyond else ()
    label_set = LabelSet.of(TITLE, classes)
    return Bundle((Labelled(name, rows.documents()),), label_set, notes)


def write(bundle: Bundle, path: Path) -> Sequence[str]:
    """One recording, sorted by start; ``classes.txt`` beside it where PKU-MMD's labels do not do.

    Numbers never change: files of one folder, written one after the other, share the list.
    """
    (labelled,) = bundle.recordings
    frames = _frames(labelled.media)
    clips = [clip for document in labelled.documents for clip in lasting(document)]
    notes = losses(bundle, TITLE, "confidence")
    listed = path.with_name(CLASSES)
    labels = [label.name for label in bundle.label_set.labels]
    names = list(dict.fromkeys([*_classes(listed), *labels, *(clip.label for clip in clips)]))
    if tuple(names) != _known():
        write_atomically(listed, "".join(f"{_line(name)}\n" for name in names).encode())
        notes.append(f"Labels that are not {TITLE}'s are counted as {CLASSES} beside lists them.")
    numbers = {name: k for k, name in enumerate(names, 1)}
    lines, moved, unsure, silent = [], 0, 0, 0
    for clip in sorted(clips, key=lambda clip: (clip.start_ns, clip.end_ns)):
        first, stop = frames.of(clip.start_ns, clip.end_ns)
        moved += frames.span(first, stop) != (clip.start_ns, clip.end_ns)
        strong = clip.confidence is None or clip.confidence >= SLIGHT
        unsure += clip.confidence not in (0.5, 1.0, None)
        silent += clip.confidence is None
        lines.append(f"{numbers[clip.label]},{first + 1},{stop},{2 if strong else 1}\n")
    write_atomically(path, "".join(lines).encode())
    if moved:
        many = f"{TITLE} counts frames: the times of {{n}} clips are rounded."
        notes.append(Counted(moved, many, many.replace("{n} clips", "1 clip")))
    if unsure:
        many = f"{TITLE} knows slight (1) and strong (2): {{n}} confidences are rounded."
        notes.append(Counted(unsure, many, many.replace("{n} confidences are", "1 confidence is")))
    if silent:
        many = f"{TITLE} wants a confidence: {{n}} clips without one are strong (2)."
        notes.append(
            Counted(
                silent, many, many.replace("{n} clips without one are", "1 clip without one is")
            )
        )
    if frames.grid is None:
        notes.append(f"Frames are counted at {frames.fps:g} a second.")
    return notes


def _frames(media: Sequence[Media]) -> Frames:
    for one in media:
        if one.grid is not None or one.fps > 0:
            return Frames(one.grid, one.fps)
    return Frames(None, RATE_HZ)


@cache
def _known() -> tuple[str, ...]:
    return tuple(label.name for label in bundled_label_set("pku-mmd").labels)


def _classes(path: Path) -> tuple[str, ...]:
    """The names in ``classes.txt``, else PKU-MMD's."""
    if not path.is_file():
        return _known()
    names = [line.strip() for line in read_text(path).splitlines() if line.strip()]
    if not names or len(set(names)) < len(names):
        raise damaged(path, "it has no names, or one twice", TITLE)
    return tuple(names)


def is_foreign(classes: Path) -> bool:
    """Whether a list of classes is there whose numbers are not PKU-MMD's."""
    return classes.is_file() and _classes(classes)[: len(_known())] != _known()


def _line(name: str) -> str:
    return " ".join(name.split())
