"""What was seen of each recording when it was opened, kept until its files change.

Collecting the samples of a dataset opens every recording to know how long it is and what it has:
minutes for fifty thousand. What was seen is kept in the cache folder, by the dataset's folder, with
size and time of change of every file it was read from, so that the next time takes seconds.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from harstudio import __version__
from harstudio.errors import HarstudioError
from harstudio.files import write_atomically
from harstudio.recordings.formats import open_recording
from harstudio.recordings.formats.found import Found
from harstudio.recordings.formats.ntu_facts import LISTED
from harstudio.recordings.recording import SEEN, Action, Recording
from harstudio.recordings.streams import SkeletonStream, StreamKind
from harstudio.settings import cache_dir

MAX_BYTES = 1 << 29
FEW = 32  # files in a folder that are looked at one by one

State = list[list[Any]]  # of each file: path, size, time of change in ns


@dataclass(frozen=True, slots=True)
class Seen:
    """Of a recording: ``[start_ns, end_ns)`` of its pictures and skeletons, or of all where it has
    none; kinds of stream that hold something; topology, "" without skeletons; most bodies in a
    frame; whether its dataset lists it as one with a bad skeleton."""

    path: Path
    name: str
    subject: int | None
    view: int | None
    action: Action | None
    start_ns: int
    end_ns: int
    kinds: tuple[str, ...]
    topology: str
    bodies: int
    listed: bool


def see(recording: Recording) -> Seen:
    """What an open recording tells."""
    start_ns, end_ns = extent(recording)
    stream = recording.of_kind(StreamKind.SKELETON)
    skeleton = stream if isinstance(stream, SkeletonStream) else None
    return Seen(
        path=recording.path,
        name=recording.name,
        subject=recording.subject,
        view=recording.view,
        action=recording.action,
        start_ns=start_ns,
        end_ns=end_ns,
        kinds=tuple(sorted({str(one.kind) for one in recording.streams.values() if len(one)})),
        topology="" if skeleton is None else skeleton.topology,
        bodies=0 if skeleton is None else skeleton.max_bodies,
        listed=LISTED in recording.problems,
    )


def extent(recording: Recording) -> tuple[int, int]:
    """``[start_ns, end_ns)`` over all pictures and skeletons; over all streams without them."""
    shown = [s for s in recording.streams.values() if s.kind in SEEN and len(s)]
    if not shown:
        return recording.start_ns, max(recording.stop_ns, recording.start_ns + 1)
    return min(s.start_ns for s in shown), max(s.end_ns + s.period_ns for s in shown)


class Looked:
    """What was seen of the recordings of one dataset folder, now and before."""

    def __init__(self, folder: Path) -> None:
        name = hashlib.sha256(str(folder).encode()).hexdigest()[:32]
        self.path = cache_dir() / "looked" / f"{name}.json"
        self._before: dict[str, Any] = _read(self.path)
        self._now: dict[str, Any] = {}
        self._fresh = False

    def look(self, found: Found) -> Seen:
        """What is seen of a recording; it is opened only where that is not known.

        Raises what opening raises.
        """
        known = self._known(found)
        if known is not None:
            self._now[str(found.path)] = self._before[str(found.path)]
            return known
        with open_recording(found.path) as recording:
            told = see(recording)
            files = recording.files or (recording.path,)
        values = list(astuple(told))
        values[0] = str(told.path)
        self._now[str(found.path)] = [list(found.streams), _states(files), values]
        self._fresh = True
        return told

    def save(self, *, whole: bool) -> None:
        """Keep it. whole: every recording of the folder was looked at, so that others are gone."""
        if not self._fresh and (not whole or len(self._now) == len(self._before)):
            return
        kept = self._now if whole else {**self._before, **self._now}
        document = {"version": __version__, "recordings": kept}
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self.path, json.dumps(document, separators=(",", ":")).encode())
        except (OSError, HarstudioError):
            return  # it is only slower the next time

    def _known(self, found: Found) -> Seen | None:
        try:
            streams, files, values = self._before[str(found.path)]
            if streams != list(found.streams) or files != _states([Path(one[0]) for one in files]):
                return None
            path, name, subject, view, action, *rest = values
            start_ns, end_ns, kinds, topology, bodies, listed = rest
            return Seen(
                Path(path), name, subject, view, None if action is None else Action(*action),
                int(start_ns), int(end_ns), tuple(kinds), topology, bodies, listed,
            )  # fmt: skip
        except (KeyError, TypeError, ValueError, IndexError, OSError):
            return None


def _states(files: Sequence[Path]) -> State:
    """Size and time of change of files; of a folder also of what is in it where that is little."""
    states: State = []
    for path in files:
        about = path.stat()
        states.append([str(path), about.st_size, about.st_mtime_ns])
        if path.is_dir():
            inner = sorted(islice(path.iterdir(), FEW + 1))
            if len(inner) <= FEW:
                sizes = [(one.name, one.stat().st_size, one.stat().st_mtime_ns) for one in inner]
                states[-1].append([list(size) for size in sizes])
    return states


def _read(path: Path) -> dict[str, Any]:
    """What was kept; nothing where it is damaged, or another version wrote it."""
    try:
        if path.stat().st_size > MAX_BYTES:
            return {}
        document = json.loads(path.read_bytes())
        recordings = document["recordings"] if document["version"] == __version__ else {}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {}
    return recordings if isinstance(recordings, dict) else {}
