"""Frames from rings, in the order of their times, and when each came."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from harstudio.live.recognising.recogniser import Recogniser
from harstudio.live.streams import LiveFrame, LiveStream
from harstudio.recordings.formats.harrec_header import PICTURE_KINDS

RECENT = 256  # stamps that are kept
MOST_AT_ONCE = 8  # pictures of one stream; of more that wait, so many evenly


class Stamp(NamedTuple):
    """Of one frame: the sensor's time, when its picture reached us, when it lay in the ring."""

    time_ns: int
    captured_ns: int
    ready_ns: int


class Intake:
    """Reads what came in all streams and gives it to the recogniser.

    lost: frames that were written over before they were read, came out of order, or were left out
    because too many pictures waited. start_ns: the zero of the recording.
    """

    def __init__(self, streams: Sequence[LiveStream], start_ns: int) -> None:
        self._streams = {one.spec.name: one for one in streams}
        self._read = dict.fromkeys(self._streams, -1)
        self._start_ns = start_ns
        self._stamps: dict[str, deque[Stamp]] = {}
        self.lost = 0

    def wait(self, stream: str, timeout_s: float) -> bool:
        """Whether a stream has a frame that was not taken yet, after the time at the latest."""
        read = self._read[stream]
        return self._streams[stream].ring.wait(read, timeout_s) > read

    def take(self, recogniser: Recogniser) -> int:
        """Give on all that came; how many frames of ``recogniser.stream`` did."""
        came: list[tuple[int, int, str, LiveFrame]] = []
        for name, stream in self._streams.items():
            newest, read = stream.newest(), self._read[name]
            first = max(read + 1, stream.ring.oldest()) if read >= 0 else max(0, newest)
            self.lost += first - read - 1 if read >= 0 else 0
            wanted = range(first, newest + 1)
            if stream.spec.kind in PICTURE_KINDS and len(wanted) > MOST_AT_ONCE:
                every = -(-len(wanted) // MOST_AT_ONCE)
                self.lost += len(wanted)
                wanted = wanted[::-every][::-1]  # the newest is among them
                self.lost -= len(wanted)
            for sequence in wanted:
                frame = stream.read(sequence)
                if frame is None:
                    self.lost += 1
                else:
                    heapq.heappush(came, (frame.time_ns, sequence, name, frame))
            self._read[name] = max(read, newest)
        taken = 0
        while came:
            _, _, name, frame = heapq.heappop(came)
            try:
                recogniser.take(name, frame.time_ns - self._start_ns, frame.data)
            except ValueError:
                self.lost += 1
                continue
            stamps = self._stamps.setdefault(name, deque(maxlen=RECENT))
            stamps.append(Stamp(frame.time_ns, frame.captured_ns, frame.ready_ns))
            taken += name == recogniser.stream
        return taken

    def newest(self, stream: str) -> Stamp | None:
        """The stamp of the newest frame that was taken."""
        stamps = self._stamps.get(stream)
        return stamps[-1] if stamps else None

    def close(self) -> None:
        """Let go of the memory."""
        for stream in self._streams.values():
            stream.close()
