"""Prepared data: a folder with what preprocessing reads of every clip, mapped into memory.

cache.json tells where the clips come from, their classes, and how they were read. data.bin holds
one record a clip (``packing``), index.jsonl one line a record, written once its bytes are safe, so
that what a killed preparation left half written is not in it. Processes that read it share the
same memory. ``cache_writing`` makes such folders.
"""

from __future__ import annotations

import json
import mmap
import threading
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from harstudio import __version__
from harstudio.errors import DataError, HarstudioError, MissingError
from harstudio.learning.data.samples import Sample
from harstudio.learning.prepared.packing import LAYOUT, Bytes, unpack
from harstudio.learning.preprocessing import Preprocessing, Raw
from harstudio.recordings.recording import Recording

VERSION = 1
ABOUT, DATA, INDEX = "cache.json", "data.bin", "index.jsonl"
LARGEST_ABOUT = 1 << 30  # bytes; the 114,480 clips of NTU RGB+D 120 take 30 MB
LOOKED_AT = 64  # recordings that are looked at before the data are used
NAMED = 3  # of those that have changed
AGAIN = "Delete this folder and prepare the data again."

Clip = tuple[str, int, int, str]  # path, start and end, person
Edges = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Entry:
    """One clip of the index.

    at, size, crc: of its record. parts: bytes by input. boxes: by picture input, where its people
    are, in shares of the picture; None where nobody is known. files: those of the recording with
    size and time of change. error: why the clip cannot be read (then there is no record): message,
    path and remedy.
    """

    at: int = 0
    size: int = 0
    crc: int = 0
    parts: Mapping[str, int] = field(default_factory=dict)
    boxes: Mapping[str, Edges | None] = field(default_factory=dict)
    files: Mapping[str, Sequence[int]] = field(default_factory=dict)
    error: tuple[str, str, str] | None = None

    def failure(self) -> DataError:
        """The error of a clip that cannot be read."""
        message, path, remedy = self.error or ("", "", "")
        return DataError(message, path=path or None, remedy=remedy)

    def line(self, clip: Clip) -> bytes:
        """Its line of index.jsonl."""
        told = {"clip": clip, **asdict(self)}
        return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def is_cache(path: Path) -> bool:
    """Whether the folder holds prepared data."""
    return (path / ABOUT).is_file()


def source_of(path: Path) -> Path:
    """The dataset that prepared data were made of; any other path as it is. DataError where
    cache.json is damaged."""
    return Path(read_about(path)["source"]) if is_cache(path) else path


def open_cache(path: Path) -> Cache | None:
    """The prepared data at a path, None where it is anything else; raises as ``Cache``."""
    return Cache(path) if is_cache(path) else None


class Cache:
    """Prepared data that are whole; may be used from several threads.

    about: cache.json. source: the dataset. preprocessing: as the clips were read. DataError where
    they are damaged, not finished, or of another version of HARStudio.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.about = read_about(path)
        self.source = Path(self.about["source"])
        if self.about["finished"] is None:
            raise DataError(
                "The preparation of these data is not finished.",
                path=path,
                remedy="Give the same harstudio prepare again, and it goes on.",
            )
        try:
            self.preprocessing = Preprocessing.from_dict(self.about["preprocessing"])
        except (ValueError, HarstudioError) as error:
            raise damaged(path / ABOUT, error) from None
        self.entries, _ = read_index(path)
        self._data = _mapped(path / DATA)
        end = max((one.at + one.size for one in self.entries.values()), default=0)
        if len(self.entries) < self.about["finished"] or end > len(self._data):
            raise damaged(path / (INDEX if end <= len(self._data) else DATA), "it is cut off")
        self._sound: set[Clip] = set()
        self._lock = threading.Lock()

    def raw(self, sample: Sample, inputs: Mapping[str, object]) -> Raw:
        """What was read of a clip, as much of it as ``inputs`` names; its arrays are views of the
        file, which cannot be written. DataError where the clip could not be read, is not there, or
        its bytes are damaged."""
        clip = clip_of(sample, self.source)
        entry = self.entries.get(clip)
        if entry is None:
            raise DataError(
                f"A clip of {sample.recording} is not in the prepared data.",
                path=self.path,
                remedy="Give the same harstudio prepare again.",
            )
        if entry.error is not None:
            raise entry.failure()
        record = self._data[entry.at : entry.at + entry.size]
        try:
            self._check(clip, entry, record)
            raw = unpack(record)
        except ValueError as error:
            raise damaged(self.path / DATA, f"{sample.recording}: {error}") from None
        seen = {name: one for name, one in raw.seen.items() if name in inputs}
        return Raw(raw.tracks, seen)

    def _check(self, clip: Clip, entry: Entry, record: Bytes) -> None:
        """ValueError where the bytes are not those that were written; once a clip."""
        if clip in self._sound:
            return
        if zlib.crc32(record.data) != entry.crc:
            raise ValueError("other bytes than were written")
        with self._lock:
            self._sound.add(clip)

    def box(self, sample: Sample, name: str) -> Edges | None:
        """Where a clip's people are in the picture of an input; None where nobody is known."""
        entry = self.entries.get(clip_of(sample, self.source))
        return None if entry is None else entry.boxes.get(name)

    def changed(self) -> list[str]:
        """A sentence where recordings have changed since they were read, of a few looked at.

        What is no longer there does not count: the prepared data can be used alone.
        """
        by_path = {clip[0]: entry for clip, entry in self.entries.items()}
        some = list(by_path)[:: max(1, len(by_path) // LOOKED_AT)]
        other = [Path(path).stem for path in some if has_changed(by_path[path], self.source)]
        if not other:
            return []
        names = ", ".join(other[:NAMED])
        more = f" and {len(other) - NAMED} more" if len(other) > NAMED else ""
        return [
            f"{len(other)} of {len(some)} recordings have changed since they were prepared: "
            f"{names}{more}. Give the same harstudio prepare again."
        ]


# ---- files


def clip_of(sample: Sample, source: Path) -> Clip:
    """How the index knows a clip: its path relative to the dataset, its stretch and person."""
    return told(sample.path, source), sample.start_ns, sample.end_ns, sample.person


def told(path: Path, source: Path) -> str:
    """A path as the files of a cache have it: relative to the dataset where it lies there."""
    return path.relative_to(source).as_posix() if path.is_relative_to(source) else str(path)


def stamps_of(recording: Recording, source: Path) -> dict[str, list[int]]:
    """Size and time of change of every file of a recording; of a folder those of all in it."""
    return {told(path, source): _stamp(path) for path in recording.files or (recording.path,)}


def has_changed(entry: Entry, source: Path) -> bool:
    """Whether a file of the recording is there and another one than when the clip was read."""
    try:
        return any(_stamp(source / name) != list(known) for name, known in entry.files.items())
    except OSError:
        return False


def _stamp(path: Path) -> list[int]:
    inside = sorted(path.iterdir()) if path.is_dir() else [path]
    seen = [one.stat() for one in inside]
    return [sum(one.st_size for one in seen), max((one.st_mtime_ns for one in seen), default=0)]


def read_about(path: Path) -> dict[str, Any]:
    """cache.json, checked; DataError where it is damaged or of another version."""
    file = path / ABOUT
    try:
        with file.open("rb") as opened:
            text = opened.read(LARGEST_ABOUT + 1)
        about = json.loads(text) if len(text) <= LARGEST_ABOUT else None
    except FileNotFoundError:
        raise MissingError("There are no prepared data here.", path=path) from None
    except OSError as error:
        raise DataError(f"It cannot be read ({error.strerror}).", path=file) from None
    except (ValueError, RecursionError) as error:
        raise damaged(file, error) from None
    if not isinstance(about, dict) or "version" not in about:
        raise damaged(file, "it is no table")
    if about["version"] != VERSION or about.get("layout") != LAYOUT:
        raise DataError(
            f"These data were prepared by HARStudio {about.get('made_by')}, and this is "
            f"{__version__}, which keeps them otherwise.",
            path=path,
            remedy=AGAIN,
        )
    kinds = {
        "source": str, "annotator": str, "network": str, "preprocessing": dict, "dataset": dict,
        "finished": int | None,
    }  # fmt: skip
    for name, kind in kinds.items():
        if name not in about or not isinstance(about[name], kind):
            raise damaged(file, f"{name} is missing or wrong")
    return about


def read_index(path: Path) -> tuple[dict[Clip, Entry], int]:
    """The clips of index.jsonl, of several lines about one the last, and the bytes of the lines
    that are whole. DataError where it cannot be read."""
    entries: dict[Clip, Entry] = {}
    whole = 0
    try:
        with (path / INDEX).open("rb") as file:
            for line in file:
                one = _entry(line)
                if one is None:
                    break
                entries.update([one])
                whole += len(line)
    except FileNotFoundError:
        return {}, 0
    except OSError as error:
        raise DataError(f"It cannot be read ({error.strerror}).", path=path / INDEX) from None
    return entries, whole


def _entry(line: bytes) -> tuple[Clip, Entry] | None:
    """A line of the index; None where it is not whole."""
    if not line.endswith(b"\n"):
        return None
    try:
        values = json.loads(line)
        path, start_ns, end_ns, person = values.pop("clip")
        entry = Entry(**values)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
    numbers = (start_ns, end_ns, entry.at, entry.size, entry.crc)
    tables = (entry.parts, entry.boxes, entry.files)
    right = all(type(one) is int and one >= 0 for one in numbers[2:])
    right &= all(isinstance(one, dict) for one in tables) and isinstance(path, str)
    return ((path, start_ns, end_ns, person), entry) if right else None


def damaged(path: Path, why: object) -> DataError:
    """What is said of a file of prepared data that is not as it was written."""
    return DataError(f"These prepared data are damaged ({why}).", path=path, remedy=AGAIN)


def _mapped(path: Path) -> Bytes:
    """The bytes of a file, read from the disk when they are used."""
    try:
        with path.open("rb") as file:
            if not path.stat().st_size:
                return np.empty(0, np.uint8)
            return np.frombuffer(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), np.uint8)
    except OSError as error:
        raise DataError(f"It cannot be read ({error.strerror}).", path=path) from None
