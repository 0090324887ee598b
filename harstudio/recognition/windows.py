"""Windows over a recording."""

from __future__ import annotations

from dataclasses import dataclass

from harstudio.errors import UsageError

SECOND_NS = 1_000_000_000
WHOLE_UP_TO = 2  # usual clips: a recording that is no longer is one window
STRIDES_A_WINDOW = 4
MAX_WINDOWS = 100_000
MAX_SCALES = 16


@dataclass(frozen=True, slots=True)
class Sliding:
    """How a recording is cut into windows.

    window_s: length, None = as long as the run's usual clip, and the whole recording where that
    lasts at most twice as long and neither stride nor scales are asked for. stride_s: from window
    to window, None = a quarter of the length. scales: the recording is cut once for each; a scale
    is a factor on length and stride, so that over every moment lie as many windows of each length.
    """

    window_s: float | None = None
    stride_s: float | None = None
    scales: tuple[float, ...] = (1.0,)

    def __post_init__(self) -> None:
        for name, seconds in (("window", self.window_s), ("stride", self.stride_s)):
            if seconds is not None and not 1e-3 <= seconds <= 1e6:
                raise UsageError(
                    f"The {name} lasts {seconds:g} s.", remedy="Use at least 0.001 seconds."
                )
        if not 1 <= len(self.scales) <= MAX_SCALES:
            raise UsageError(
                f"There are {len(self.scales)} scales.", remedy=f"Use 1 to {MAX_SCALES}."
            )
        for scale in self.scales:
            if not 0.01 <= scale <= 100:
                raise UsageError(f"A scale is {scale:g}.", remedy="Use 0.01 to 100.")

    def over(self, start_ns: int, end_ns: int, usual_s: float) -> tuple[tuple[int, int], ...]:
        """The windows ``[start, end)`` over ``[start_ns, end_ns)``, each once, in order.

        Those of one scale begin at ``start_ns``, one stride after the other; where they do not
        come out even one more ends at ``end_ns``, so that nothing is left out. UsageError where
        there would be more than 100,000.
        """
        span = end_ns - start_ns
        if span <= 0:
            return ()
        window_s = usual_s if self.window_s is None else self.window_s
        if self == Sliding() and span <= window_s * SECOND_NS * WHOLE_UP_TO:
            return ((start_ns, end_ns),)
        stride_s = window_s / STRIDES_A_WINDOW if self.stride_s is None else self.stride_s
        found: set[tuple[int, int]] = set()
        for scale in dict.fromkeys(self.scales):
            window = max(1, round(window_s * scale * SECOND_NS))
            stride = max(1, int(stride_s * scale * SECOND_NS))
            if (span - window) // stride + len(found) > MAX_WINDOWS:
                raise UsageError(
                    f"The recording would have more than {MAX_WINDOWS} windows.",
                    remedy="Use a longer stride.",
                )
            starts = list(range(start_ns, end_ns - window + 1, stride)) or [start_ns]
            if starts[-1] + window < end_ns:
                starts.append(end_ns - window)
            found.update((start, min(start + window, end_ns)) for start in starts)
        return tuple(sorted(found))
