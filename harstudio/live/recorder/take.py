"""One recording that is being written. Its zero is the moment it was started at; with what was
kept in memory before, the first frame of that."""

from __future__ import annotations

import contextlib
import datetime
import itertools
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harstudio.errors import DataError, HarstudioError
from harstudio.labels.keeping.lock import Lock
from harstudio.labels.keeping.names import safe_name
from harstudio.live.recorder.items import Item
from harstudio.recordings.formats.harrec_finish import finish
from harstudio.recordings.formats.harrec_header import PICTURE_KINDS, SUFFIX, StreamSpec
from harstudio.recordings.formats.harrec_tracks import PictureEncoder
from harstudio.recordings.formats.harrec_writer import HarrecWriter
from harstudio.recordings.streams import SECOND_NS, StreamKind
from harstudio.skeletons.cameras import Camera

LOCK_FILE = "recorder.lock"  # while a recording is being written; says by whom
RESERVE_FILE = "reserve.tmp"  # room for what has to be written at the end of a full disk
RESERVE_BYTES = 4 << 20
HOLE_NS = 50_000_000  # sound that comes so much too late gets silence before it
LONGEST_HOLE_NS = 600 * SECOND_NS


@dataclass(frozen=True, slots=True)
class Scene:
    """What all recordings of a session have in common. specs: as they are written."""

    specs: tuple[StreamSpec, ...]
    cameras: Mapping[str, Camera]


def claim(folder: Path, name: str, now: datetime.datetime | None = None) -> Path:
    """A new folder for a recording, named by date and time and, where given, ``name``.

    HarstudioError where it cannot be made; one that is there is never used again.
    """
    now = now or datetime.datetime.now()
    stem = safe_name(f"{now:%Y-%m-%d %H.%M.%S} {name}".strip())
    for number in itertools.count(1):
        path = folder / f"{stem}{'' if number == 1 else f' ({number})'}{SUFFIX}"
        try:
            path.mkdir(parents=True)
        except FileExistsError:
            if not path.exists():  # it is a folder above that is in the way
                raise _no_folder(folder, "there is a file of that name") from None
        except OSError as error:
            raise _no_folder(folder, error.strerror or str(error)) from error
        else:
            return path
    raise AssertionError


class Take:
    """Writes one recording; used by one thread. HarstudioError where it cannot begin.

    encoders: those that the pictures come from, by stream. zero_ns: the recording's zero on the
    session's clock; what was before does not belong to it.
    """

    def __init__(
        self,
        folder: Path,
        scene: Scene,
        encoders: Mapping[str, PictureEncoder],
        zero_ns: int,
        name: str = "",
    ) -> None:
        self.path = claim(folder, name)
        self.name = self.path.name.removesuffix(SUFFIX)
        self.zero_ns = zero_ns
        self.until_ns: int | None = None  # frames after it do not belong to it
        self.last_ns = zero_ns
        self.frames = dict.fromkeys((spec.name for spec in scene.specs), 0)
        self.lost = dict.fromkeys(self.frames, 0)
        self._kinds = {spec.name: spec.kind for spec in scene.specs}
        self._rates = {spec.name: spec.sample_rate for spec in scene.specs}
        self._unseen = set(encoders)  # no key frame came yet
        self._sound_end_ns: dict[str, int] = {}
        self._sound_start_ns: dict[str, int] = {}
        self._lock: Lock | None = None
        try:
            self._writer = HarrecWriter(
                self.path,
                name=self.name,
                streams=scene.specs,
                subject=int(name) if name.isdecimal() and len(name) < 9 else None,
                cameras=dict(scene.cameras),
                encoders=encoders,
                start_ns=0,
            )
            self._lock = Lock(self.path / LOCK_FILE)
            (self.path / RESERVE_FILE).write_bytes(bytes(RESERVE_BYTES))
        except OSError as error:
            self.discard()
            raise _no_folder(self.path, error.strerror or str(error)) from error

    @property
    def seconds(self) -> float:
        """How long it is."""
        return (self.last_ns - self.zero_ns) / SECOND_NS

    @property
    def bytes(self) -> int:
        """On the disk so far."""
        total = 0
        with contextlib.suppress(OSError):  # somebody takes files away
            for file in self.path.iterdir():
                total += 0 if file.name == RESERVE_FILE else file.stat().st_size
        return total

    def put(self, item: Item) -> None:
        """A frame, if it belongs to it. DataError or OSError where it cannot be written."""
        time_ns = item.time_ns - self.zero_ns
        name, kind = item.stream, self._kinds[item.stream]
        if kind == StreamKind.AUDIO:
            self._sound(item, time_ns)
            return
        if time_ns < 0 or (self.until_ns is not None and item.time_ns > self.until_ns):
            return
        if name in self._unseen:
            if not item.key:
                return
            self._unseen.discard(name)
        if kind in PICTURE_KINDS:
            self._writer.encoded(name, time_ns, item.data)
        elif kind == StreamKind.SKELETON:
            self._writer.skeleton(name, time_ns, item.data)
        else:
            self._writer.inertial(name, time_ns, item.data)
        self._count(item, 1, item.time_ns)

    @property
    def is_there(self) -> bool:
        """Whether its folder is where it was; deleted or moved, nothing more can be kept."""
        return self.path.is_dir()

    def beat(self) -> None:
        """Show other computers that somebody is writing."""
        if self._lock is not None:
            self._lock.beat()

    def close(self, error: HarstudioError | OSError | None = None, note: str = "") -> str:
        """Finish the recording; what is not whole about it, in a sentence, "" for nothing.

        error: what ended it. note: kept among its problems. What cannot be written any more is
        left out and the rest made whole; HarstudioError where not even that can be done: it is
        then finished when the recorder starts next.
        """
        (self.path / RESERVE_FILE).unlink(missing_ok=True)
        for name, count in self.lost.items():
            if count:
                told = f"{count} frames of stream {name} are lost: the computer did not keep up."
                self._writer.note_problem(told)
        if note:
            self._writer.note_problem(note)
        try:
            self._writer.close(clean=error is None)
        except (HarstudioError, OSError) as last:
            error = error or last
        if error is not None:
            note = _ended_early(error)
            try:
                finish(self.path, note)
            except (HarstudioError, OSError) as last:  # the lock stays: that is how it is found
                what = f"{note} It could not be made whole: {_reason(last)}"
                raise DataError(what, path=self.path) from last
        if self._lock is not None:
            self._lock.release()
        return note

    def discard(self) -> None:
        """Take away a recording that nothing came into."""
        if self._lock is not None:
            self._lock.release()
        shutil.rmtree(self.path, ignore_errors=True)

    def _sound(self, item: Item, time_ns: int) -> None:
        """Sound has no times of its own: where some is lacking there is silence."""
        rate = self._rates[item.stream]
        samples: NDArray[np.int16] = item.data
        if self.until_ns is not None and item.time_ns > self.until_ns:
            return
        end_ns = self._sound_end_ns.get(item.stream)
        if end_ns is None:
            samples = samples[_count(max(0, -time_ns), rate) :]
            if not len(samples):
                return
            end_ns = self._sound_start_ns[item.stream] = max(0, time_ns)
        elif time_ns - end_ns > HOLE_NS:
            silent = _count(min(time_ns - end_ns, LONGEST_HOLE_NS), rate)
            quiet = np.zeros((silent, samples.shape[1]), dtype=np.int16)
            samples = np.concatenate([quiet, samples])
        elif end_ns - time_ns > HOLE_NS:
            samples = samples[_count(end_ns - time_ns, rate) :]
        if not len(samples):
            return
        start_ns = self._sound_start_ns[item.stream]
        self._writer.audio(item.stream, np.ascontiguousarray(samples), start_ns)
        self._count(item, len(samples), item.time_ns)
        written = self.frames[item.stream]
        self._sound_end_ns[item.stream] = start_ns + written * SECOND_NS // rate

    def _count(self, item: Item, many: int, time_ns: int) -> None:
        if self.frames[item.stream]:
            self.lost[item.stream] += item.lost
        self.frames[item.stream] += many
        self.last_ns = max(self.last_ns, time_ns)


def _count(duration_ns: int, rate: int) -> int:
    return duration_ns * rate // SECOND_NS


def _reason(error: HarstudioError | OSError) -> str:
    if isinstance(error, HarstudioError):
        return error.message
    return f"{error.strerror or error}."


def _no_folder(folder: Path, why: str) -> HarstudioError:
    return DataError(
        f"No recording can be made there ({why}).",
        path=folder,
        remedy="Choose another folder for recordings.",
    )


def _ended_early(error: HarstudioError | OSError) -> str:
    return f"The recording ends early: {_reason(error)}"
