"""Times that never go back, whatever the clock of a sensor does."""

from __future__ import annotations

LATE_NS = 2_000_000_000  # no frame takes so long to arrive
GLITCH_NS = 5_000_000  # two frames in the wrong order or with one time; no jump
TOLD_NS = 100_000_000


class SteadyTimes:
    """Corrects the times of one source's streams, which share a clock.

    A time is left as it is where it lies before its arrival, by ``LATE_NS`` at most. Another one is
    of a clock that was set, or that runs ahead: the difference is taken off from then on, also for
    the other streams. Times of one stream always rise.
    """

    def __init__(self) -> None:
        self.jump_ns = 0  # the last jump, until the caller clears it
        self._shifts = [0]  # the newest last; the one before still serves frames on their way
        self._last: dict[str, int] = {}
        self._delay: dict[str, int] = {}  # from a frame's time to its arrival, as it was last

    def steady(self, stream: str, time_ns: int, captured_ns: int) -> int:
        """The time of a frame, after the one before and, where that is possible, not after its
        arrival."""
        last = self._last.get(stream, -1)
        for shift in reversed(self._shifts):
            moved = time_ns + shift
            if last - GLITCH_NS <= moved <= captured_ns <= moved + LATE_NS:
                self._delay[stream] = captured_ns - moved
                break
        else:
            moved = self._set_again(stream, time_ns, captured_ns)
        self._last[stream] = moved = max(moved, last + 1)
        return moved

    def _set_again(self, stream: str, time_ns: int, captured_ns: int) -> int:
        """Find the difference anew; frames arrive as late as they did before."""
        before = self._shifts[-1]
        ahead = time_ns + before - captured_ns
        slightly = 0 < ahead <= TOLD_NS
        shift = captured_ns - time_ns - (0 if slightly else self._delay.get(stream, 0))
        self._shifts = [before, shift]
        if abs(shift - before) > TOLD_NS:
            self.jump_ns = before - shift
        return time_ns + shift
