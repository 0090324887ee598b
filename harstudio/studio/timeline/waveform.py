"""The sound as an envelope: lowest and highest sample, at every magnification at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from harstudio.recordings.audio import AudioStream
from harstudio.recordings.streams import SECOND_NS
from harstudio.studio.timeline.scale import TimeScale

FINEST = 32  # samples a block of the lowest floor
MOST_BLOCKS = 1 << 22  # on the lowest floor
FACTOR = 4  # blocks of a floor that one of the next stands for
FULL = 32768.0


class Waveform:
    """Floors of blocks, each with its lowest and highest sample.

    The lowest floor has blocks of ``block`` samples, each further one of FACTOR times as many.
    It is filled from the left while the sound is read; ``known`` samples are in it.
    """

    def __init__(self, samples: int, sample_rate: float, start_ns: int) -> None:
        self.block = FINEST
        while -(-samples // self.block) > MOST_BLOCKS:
            self.block *= 2
        self.known = 0
        self._rate, self._start_ns = sample_rate, start_ns
        counts = [max(1, -(-samples // self.block))]
        while counts[-1] > FACTOR:
            counts.append(-(-counts[-1] // FACTOR))
        self._floors = [np.zeros((count, 2), dtype=np.int16) for count in counts]

    @property
    def chunk(self) -> int:
        """How many samples ``add`` takes at once: whole blocks of the highest floor but one."""
        size = self.block
        while size * FACTOR < self._rate and size < self.block * FACTOR ** (len(self._floors) - 1):
            size *= FACTOR
        return size * max(1, round(self._rate / size))

    def add(self, samples: NDArray[np.int16]) -> None:
        """The next (n, channels) samples; n is ``chunk`` except at the end."""
        low, high = samples.min(axis=1), samples.max(axis=1)
        first, size = self.known // self.block, self.block
        edges = np.arange(0, len(samples), size)
        values = np.column_stack(
            [np.minimum.reduceat(low, edges), np.maximum.reduceat(high, edges)]
        )
        for floor in self._floors:
            floor[first : first + len(values)] = values
            start = first - first % FACTOR  # a block above may have begun with an earlier chunk
            upper = floor[start : first + len(values)]
            edges = np.arange(0, len(upper), FACTOR)
            values = np.column_stack(
                [np.minimum.reduceat(upper[:, 0], edges), np.maximum.reduceat(upper[:, 1], edges)]
            )
            first = start // FACTOR
        self.known += len(samples)

    def columns(self, scale: TimeScale) -> NDArray[np.float32]:
        """(width, 2) lowest and highest level of each pixel column, in [-1, 1]; NaN outside."""
        per_px = scale.ns_per_px * self._rate / SECOND_NS
        floor, size = self._floors[0], self.block
        for higher in self._floors[1:]:
            if size * FACTOR > per_px:
                break
            floor, size = higher, size * FACTOR
        begin = (scale.origin_ns - self._start_ns) * self._rate / SECOND_NS
        edges = (begin + np.arange(scale.width + 1) * per_px) / size
        known = -(-self.known // size)
        first, after = np.floor(edges[:-1]).astype(int), np.ceil(edges[1:]).astype(int)
        inside = (after > 0) & (first < known)
        out = np.full((scale.width, 2), np.nan, dtype=np.float32)
        if not inside.any():
            return out
        first, after = np.clip(first[inside], 0, known - 1), np.clip(after[inside], 1, known)
        pairs = np.column_stack([first, after]).ravel()
        low = np.append(floor[:known, 0], np.int16(0))
        high = np.append(floor[:known, 1], np.int16(0))
        out[inside, 0] = np.minimum.reduceat(low, pairs)[::2] / FULL
        out[inside, 1] = np.maximum.reduceat(high, pairs)[::2] / FULL
        return out


def empty_waveform(stream: AudioStream) -> Waveform:
    """One with room for all of a stream's sound."""
    rate = stream.sample_rate / stream.rate_scale
    return Waveform(len(stream), rate, stream.start_ns)


def fill(
    waveform: Waveform,
    stream: AudioStream,
    progress: Callable[[int], None],
    cancelled: Callable[[], bool],
) -> None:
    """Read the sound into a waveform, about a second at a time; progress takes seconds."""
    size = waveform.chunk
    for start in range(0, len(stream), size):
        if cancelled():
            return
        waveform.add(stream.samples(start, min(start + size, len(stream))))
        progress(start // stream.sample_rate)
