"""What every foreign format shares: the bundle that is read and written, and careful reading."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, Protocol

from harstudio.errors import DataError
from harstudio.labels.label_sets.label_set import LabelSet
from harstudio.labels.model import Document
from harstudio.recordings.frame_grid import FrameGrid

LARGEST_BYTES = 256 << 20
RECORDING_CLOCK = "clock of the recording"


@dataclass(frozen=True, slots=True)
class Media:
    """One file or stream of a recording, as other tools see it.

    stream: its name in the recording ("color"), RECORDING_CLOCK for no file of it: the times of
    the labels are on the recording's own clock; path: as it is to be written, relative where
    that makes sense; offset_ns: when its first frame is, on the recording's clock; grid: its
    frames on that clock, None for sound. fps: frames in a second of a plain player.
    """

    stream: str
    path: str
    kind: Literal["video", "audio"] = "video"
    offset_ns: int = 0
    grid: FrameGrid | None = None
    fps: float = 0.0
    width: int = 0
    height: int = 0


@dataclass(frozen=True, slots=True)
class Labelled:
    """A recording by name, with what each annotator says about it.

    duration_ns: of the recording, 0 where it is not known. subset: "training", "validation" or
    "test", "" where nobody said. media: the reference stream first. path: where the recording
    itself lies, for formats that hold its skeletons; None where it is not known. start_ns: when it
    begins on its clock, None where that is not known.
    """

    recording: str
    documents: tuple[Document, ...]
    duration_ns: int = 0
    media: tuple[Media, ...] = ()
    subset: str = ""
    path: Path | None = None
    start_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a foreign file holds, or is to hold.

    notes: what could not be carried, one sentence each, in words for a person.
    """

    recordings: tuple[Labelled, ...]
    label_set: LabelSet = field(default_factory=lambda: LabelSet(""))
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader cannot find in the file itself.

    annotator: who is taken for the author where the file names none. label_set: synonyms and
    codes in it are taken for its labels (``named``). recording: the name where the file names
    no recording, "" for the file's own stem. grid_of: the frames of a recording by its name or
    by the name of one of its media files, for formats that count frames. fps: the frame rate
    where grid_of knows none and the file tells none.
    """

    annotator: str = "imported"
    label_set: LabelSet = field(default_factory=lambda: LabelSet(""))
    recording: str = ""
    grid_of: Callable[[str], FrameGrid | None] = lambda _name: None
    fps: float = 0.0

    def named(self, text: str) -> str:
        """The name of the label that a foreign text means; the text itself where none does."""
        label = self.label_set.meant(text)
        return text.strip() if label is None else label.name


class ForeignFormat(Protocol):
    """What each module of this package offers.

    NAME is what ``--format`` takes ("elan"); TITLE is for people; EXTENSIONS as ".eaf"; UNIT is
    how exact its times are ("1 ms", "1 frame"); ONE_FILE says whether a file holds one
    recording or a whole set of them.
    """

    NAME: str
    TITLE: str
    EXTENSIONS: tuple[str, ...]
    UNIT: str
    ONE_FILE: Literal["recording", "set"]

    def recognises(self, path: Path, head: bytes) -> bool:
        """Whether a file is of this format, by its name and its first 4096 bytes."""

    def read(self, path: Path, reading: Reading) -> Bundle:
        """DataError when the file is damaged, too large or hostile; what it held that we
        cannot carry stands in the notes."""

    def write(self, bundle: Bundle, path: Path) -> Sequence[str]:
        """Write atomically; returns what could not be carried, one sentence each."""


def read_bytes(path: Path, largest: int = LARGEST_BYTES) -> bytes:
    """A whole file; DataError when it is missing, unreadable or larger than any label file."""
    try:
        size = path.stat().st_size
        if size > largest:
            raise DataError(
                f"The file has {size >> 20} MB; no label file of this kind is that large.",
                path=path,
                remedy=f"Split it into parts of at most {largest >> 20} MB.",
            )
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(f"The labels cannot be read ({reason}).", path=path) from error


def read_text(path: Path, encodings: Sequence[str] = ("utf-8-sig",)) -> str:
    """A whole text file in the first of the encodings that fits; DataError when none does."""
    data = read_bytes(path)
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise DataError(
        f"The file is not encoded as {' or '.join(encodings).replace('-sig', '').upper()}.",
        path=path,
        remedy="Save it as UTF-8 in the program that wrote it.",
    )


def damaged(path: Path, what: str, title: str) -> DataError:
    """The error for a file that is no whole file of its format. what: "line 3 has no end"."""
    return DataError(
        f"This is no whole {title} file: {what}.",
        path=path,
        remedy="Nothing was imported; export it again where it comes from.",
    )


class Counted(str):
    """A note with a number, which ``flattened`` adds up over the files of an export.

    one, many: its words for 1 and for more, with ``{n}`` where the number stands. lost: whether
    it counts clips that are not in the file.
    """

    number: int
    words: tuple[str, str]
    lost: bool

    def __new__(cls, number: int, many: str, one: str = "", *, lost: bool = False) -> Counted:
        one = one or many
        note = super().__new__(cls, (one if number == 1 else many).replace("{n}", str(number)))
        note.number, note.words, note.lost = number, (one, many), lost
        return note


def flattened(notes: Iterable[str]) -> tuple[str, ...]:
    """Notes without repetition, in the order they came; what they count is added up."""
    found: dict[object, str] = {}
    for note in notes:
        key = note.words if isinstance(note, Counted) else note
        there = found.get(key)
        if isinstance(there, Counted) and isinstance(note, Counted):
            one, many = note.words
            note = Counted(there.number + note.number, many, one, lost=note.lost)
        found[key] = note
    return tuple(found.values())


def clips_lost(notes: Iterable[str]) -> int:
    """How many clips the notes of an export say are not in its files."""
    return sum(note.number for note in notes if isinstance(note, Counted) and note.lost)


def only(bundle: Bundle, annotators: Sequence[str]) -> Bundle:
    """The bundle with the documents of some annotators; recordings without any go."""
    kept = (
        replace(r, documents=tuple(d for d in r.documents if d.annotator in annotators))
        for r in bundle.recordings
    )
    return replace(bundle, recordings=tuple(r for r in kept if r.documents))
