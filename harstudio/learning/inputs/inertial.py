"""The ``inertial`` input: a worn sensor's signal, evenly in time.

Recordings hold acceleration in g and rotation in degrees a second (as UTD-MHAD does); the network
gets g and radians a second, which are of one size for people who move. Nothing else is scaled, so
that strong and weak movements stay apart, and a clip alone is as it is among others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from harstudio.errors import DataError
from harstudio.learning.inputs import Factor, InputSettings, Share, between
from harstudio.learning.inputs.places import Made, Stretch
from harstudio.recordings.streams import SampledStream, StreamKind

CHANNELS = ("ax", "ay", "az", "gx", "gy", "gz")
UNITS = np.array([1, 1, 1, *[np.pi / 180] * 3])  # to g and rad/s


class InertialInput(InputSettings):
    """The table of an inertial signal.

    frames: T; between samples the signal is linear. Only in training: crop, the least and the
    largest share of the stretch that is used; scale, the least and the largest factor on all
    channels.
    """

    kind: Literal["inertial"] = "inertial"
    frames: int = Field(default=128, ge=1, le=4096)
    crop: tuple[Share, Share] = (1.0, 1.0)
    scale: tuple[Factor, Factor] = (1.0, 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class Signal:
    """values: (S, 6) float32 in g and rad/s, finite. times_ns: (S,) int64."""

    values: NDArray[np.float32]
    times_ns: NDArray[np.int64]

    @property
    def nbytes(self) -> int:
        """Bytes of both."""
        return self.values.nbytes + self.times_ns.nbytes


def read(stretch: Stretch, settings: InertialInput) -> Signal:
    """The stretch's samples; one that is no number is filled in linearly in time, 0 in a channel
    without any. DataError where there are none, or other channels."""
    recording = stretch.recording
    stream = recording.of_kind(StreamKind.INERTIAL)
    if not isinstance(stream, SampledStream):
        raise DataError("There is no inertial sensor in this recording.", path=recording.path)
    lacking = [name for name in CHANNELS if name not in stream.channels]
    if lacking:
        raise DataError(
            f"Its inertial sensor has no channel {lacking[0]}.",
            path=recording.path,
            remedy=f"A network needs {', '.join(CHANNELS)}.",
        )
    first, last = np.searchsorted(stream.times_ns, (stretch.start_ns, stretch.end_ns))
    if first == last:
        raise DataError("There is no inertial sample in this clip.", path=recording.path)
    times_ns = stream.times_ns[first:last].copy()
    order = [stream.channels.index(name) for name in CHANNELS]
    values = stream.values[first:last, order] * UNITS
    since = (times_ns - times_ns[0]).astype(np.float64)
    for channel in values.T:
        known = np.isfinite(channel)
        if not known.all():
            channel[:] = np.interp(since, since[known], channel[known]) if known.any() else 0
    return Signal(values.astype(np.float32), times_ns)


def make(signal: Signal, settings: InertialInput, rng: np.random.Generator | None) -> Made:
    """(6, T) and the times of its samples; rng None as in testing."""
    start, stop = (int(t) for t in signal.times_ns[[0, -1]])
    factor = 1.0
    if rng is not None:
        share = between(settings.crop, rng)
        spare = (1 - share) * (stop - start)
        begin = start + rng.uniform() * spare
        start, stop = round(begin), round(begin + share * (stop - start))
        factor = between(settings.scale, rng)
    times_ns = np.rint(np.linspace(0, stop - start, settings.frames)).astype(np.int64) + start
    zero = signal.times_ns[0]
    at, since = ((t - zero).astype(np.float64) for t in (times_ns, signal.times_ns))
    values = [np.interp(at, since, channel) * factor for channel in signal.values.T]
    return Made(np.stack(values).astype(np.float32), times_ns=times_ns)
