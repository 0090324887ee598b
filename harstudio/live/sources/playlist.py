"""Recordings one after the other on one clock that begins at 0, each opened before it is due."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harstudio.errors import DataError, HarstudioError, MissingError
from harstudio.recordings.formats import open_recording
from harstudio.recordings.formats.harrec_header import StreamSpec
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import (
    PictureStream,
    SampledStream,
    SkeletonStream,
    Stream,
    StreamKind,
)
from harstudio.recordings.video import VideoReader

Wanted = Callable[[Recording], Sequence[Stream[Any]]]


@dataclass(eq=False)
class Play:
    """A recording in its turn. offset_ns: of the clock that begins at 0, when it begins."""

    recording: Recording
    streams: Mapping[str, Stream[Any]]
    start_ns: int
    length_ns: int
    offset_ns: int = 0


class Playlist:
    """Gives the plays in order to one thread for each stream.

    wanted: the streams of a recording that are played. ``specs`` are those of the first recording;
    a stream of a later one that is another kind or size is left out. DataError, MissingError:
    there is nothing to play.
    """

    def __init__(self, paths: Sequence[Path], wanted: Wanted, *, loop: bool) -> None:
        self._paths, self._wanted, self._loop = paths, wanted, loop
        self._lock = threading.Lock()
        self._opener = ThreadPoolExecutor(1, "opens recordings")
        self._plays: dict[int, Play | None] = {}
        self._readers: dict[int, int] = {}
        self._next: Future[tuple[Play | None, int]] | None = None
        self.specs: tuple[StreamSpec, ...] = ()
        self.elapsed_ns: Callable[[], int] = lambda: 0
        try:
            first, self._place = self._open(0)
        except BaseException:
            self._opener.shutdown(wait=False)
            raise
        if first is None:
            self._opener.shutdown(wait=False)
            raise DataError("None of these recordings can be opened.", path=paths[0])
        self._plays[0] = self.first = first
        self._readers[0] = len(first.streams)
        self.specs = tuple(stream_spec(stream) for stream in first.streams.values())

    def play(self, number: int) -> Play | None:
        """The play with this number; None after the last one. Waits until it is open."""
        with self._lock:
            while max(self._plays) < number and self._plays[max(self._plays)] is not None:
                self._add(max(self._plays) + 1)
            play = self._plays[min(number, max(self._plays))]
            if play is not None and self._next is None:
                self._next = self._opener.submit(self._open, self._place)
            return play

    def leave(self, number: int) -> None:
        """A stream is through with this play; the last one closes it."""
        with self._lock:
            play = self._plays.get(number)
            if play is None:
                return
            self._readers[number] -= 1
            if not self._readers[number]:
                del self._readers[number]
                self._forget(number)

    def close(self) -> None:
        """When no thread reads any more."""
        self._opener.shutdown(wait=True, cancel_futures=True)
        opened = {id(p.recording): p.recording for p in self._plays.values() if p is not None}
        if self._next is not None and self._next.done() and not self._next.cancelled():
            play = None if self._next.exception() else self._next.result()[0]
            opened |= {} if play is None else {id(play.recording): play.recording}
        for recording in opened.values():
            recording.close()
        self._next = None

    # ---- inside

    def _add(self, number: int) -> None:
        """The play after the last one; it begins when that ends, or later where opening lasted."""
        last = self._plays[number - 1]
        assert last is not None  # noqa: S101 -- the caller looked
        future = self._next or self._opener.submit(self._open, self._place)
        self._next = None
        play, self._place = future.result()
        if play is not None:
            play.offset_ns = max(last.offset_ns + last.length_ns, self.elapsed_ns())
            self._readers[number] = len(self.specs)
        self._plays[number] = play

    def _forget(self, number: int) -> None:
        """The newest play stays known, for the time of the one after it."""
        for old in [one for one in self._plays if one not in self._readers]:
            play = self._plays[old]
            if play is None or old == max(self._plays):
                continue
            del self._plays[old]
            others = [one for one in self._plays.values() if one is not None]
            if len(self._paths) > 1 and play.recording not in [o.recording for o in others]:
                play.recording.close()

    def _open(self, place: int) -> tuple[Play | None, int]:
        """The next recording that can be played from ``place`` on, and the place after it."""
        paths = self._paths
        if len(paths) == 1 and self.specs:  # the same again, which is open
            again = self.first
            more = Play(again.recording, again.streams, again.start_ns, again.length_ns)
            return (more if self._loop else None), 0
        for _ in paths:
            if place >= len(paths):
                if not self._loop:
                    return None, place
                place = 0
            path, place = paths[place], place + 1
            try:
                return self._begin(open_recording(path)), place
            except HarstudioError as error:
                if len(paths) == 1:
                    raise
                sys.stderr.write(f"{error} It is left out.\n")
        return None, place

    def _begin(self, recording: Recording) -> Play:
        try:
            streams = {s.name: s for s in self._wanted(recording) if len(s)}
            if self.specs:
                like = {spec.name: _shape(spec) for spec in self.specs}
                streams = {
                    n: s for n, s in streams.items() if like.get(n) == _shape(stream_spec(s))
                }
            if not streams:
                raise MissingError("There is no stream in it to play.", path=recording.path)
            for stream in streams.values():
                if not isinstance(stream.reader, VideoReader):
                    stream.frame(0)  # such files are read whole at the first frame
        except BaseException:
            recording.close()
            raise
        start_ns = min(stream.start_ns for stream in streams.values())
        stop_ns = max(stream.end_ns + stream.period_ns for stream in streams.values())
        return Play(recording, streams, start_ns, stop_ns - start_ns)


def stream_spec(stream: Stream[Any]) -> StreamSpec:
    """What a stream of a recording is, as a live one."""
    rate = round(stream.nominal_rate_hz or stream.rate_hz or 30.0, 3)
    if isinstance(stream, PictureStream):
        width, height = stream.width, stream.height
        return StreamSpec(stream.name, stream.kind, width, height, rate, dtype=stream.dtype)
    if isinstance(stream, SkeletonStream):
        return StreamSpec(stream.name, stream.kind, rate_hz=rate, topology=stream.topology)
    if isinstance(stream, SampledStream):  # files stretch signals to the length of the rest
        rate = round(stream.rate_hz or rate, 3)
        return StreamSpec(stream.name, stream.kind, rate_hz=rate, channels=stream.channels)
    return StreamSpec(stream.name, stream.kind, rate_hz=rate)


def playable(recording: Recording) -> list[Stream[Any]]:
    """All streams but sound."""
    return [stream for stream in recording.streams.values() if stream.kind != StreamKind.AUDIO]


def _shape(spec: StreamSpec) -> tuple[object, ...]:
    return (spec.kind, spec.width, spec.height, spec.dtype, spec.topology, spec.channels)
