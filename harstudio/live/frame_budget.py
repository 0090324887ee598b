"""How many frames of a stream may pass: twice its rate, 60 a second at least, so that a driver that
storms does not take the whole computer."""

from __future__ import annotations

from harstudio.recordings.formats.harrec_header import PICTURE_KINDS, StreamSpec
from harstudio.recordings.streams import SECOND_NS, StreamKind

FACTOR, LEAST_HZ = 2.0, 60.0  # some drivers tell too low a rate
BURST = 8.0  # frames that may come at once, after a hiccup
LIMITED = (*PICTURE_KINDS, StreamKind.SKELETON)  # samples of signals are small and come in bundles


class FrameBudget:
    """A bucket that fills at that rate; every frame takes one out."""

    def __init__(self, spec: StreamSpec) -> None:
        self.overrun = False  # a frame did not pass
        self._rate = max(FACTOR * spec.rate_hz, LEAST_HZ)
        self._usual = spec.rate_hz
        self._free = spec.kind not in LIMITED
        self._tokens = BURST
        self._at_ns: int | None = None

    @property
    def pause_s(self) -> float:
        """Until the next frame may pass."""
        return max(0.0, (1.0 - self._tokens) / self._rate)

    def spend(self, captured_ns: int) -> bool:
        """Whether a frame that came now may pass."""
        if self._free:
            return True
        since = 0 if self._at_ns is None else max(0, captured_ns - self._at_ns)
        self._at_ns = captured_ns
        self._tokens = min(BURST, self._tokens + self._rate * since / SECOND_NS)
        if self._tokens < 1.0:
            self.overrun = True
            return False
        self._tokens -= 1.0
        return True

    def sentence(self, title: str) -> str:
        """What is told of it."""
        return (
            f"{title} gives far more than its {self._usual:g} frames a second; "
            "the rest is left out."
        )
