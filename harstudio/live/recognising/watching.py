"""Watch mode: chosen actions raise an alarm, once each time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harstudio.errors import UsageError
from harstudio.recordings.streams import SECOND_NS

WINDOWS = 3
LEAST = 0.5
REARM_S = 5.0
BREAK_S = 2.0  # so long without a window, and those before count no more


@dataclass(frozen=True, slots=True)
class Watched:
    """What raises an alarm: these actions, so many windows one after the other, each at least so
    probable."""

    names: tuple[str, ...] = ()
    windows: int = WINDOWS
    least: float = LEAST

    @classmethod
    def of(cls, payload: Mapping[str, Any]) -> Watched:
        """Of ``{names, windows, least}``. UsageError where numbers make no sense."""
        names = tuple(str(name) for name in payload.get("names") or ())
        windows = int(payload.get("windows") or WINDOWS)
        least = float(payload["least"]) if payload.get("least") is not None else LEAST
        if not 1 <= windows <= 1000 or not 0 < least <= 1:
            raise UsageError(
                f"An alarm after {windows} windows of {least:g} cannot be.",
                remedy="Use 1 to 1000 windows, and a confidence above 0 and up to 1.",
            )
        return cls(names, windows, least)


@dataclass(frozen=True, slots=True)
class Alarm:
    """What happened between two times, and how sure that is: the mean over the windows."""

    label: int
    name: str
    start_ns: int
    end_ns: int
    confidence: float

    def to_payload(self) -> dict[str, Any]:
        """Builtins."""
        return {name: getattr(self, name) for name in self.__slots__}


class Watch:
    """Fed window by window; an alarm when so many in a row show the same watched action.

    One alarm for one event: the next one only after the watched actions were unlikely, or nobody
    moved, for ``REARM_S``.
    """

    def __init__(self, watched: Watched, classes: Sequence[str]) -> None:
        self.watched = watched
        self._classes = tuple(classes)
        self._chosen = [k for k, name in enumerate(self._classes) if name in watched.names]
        self._label, self._count, self._sum = -1, 0, 0.0
        self._start_ns = 0
        self._last_ns: int | None = None
        self._rang_ns: int | None = None  # when the event of the last alarm was last seen

    def see(self, start_ns: int, end_ns: int, probabilities: NDArray[np.float32]) -> Alarm | None:
        """A window ``[start_ns, end_ns)`` and its (K,) probabilities; the alarm that it raises."""
        if not self._chosen:
            return None
        best = max(self._chosen, key=lambda k: float(probabilities[k]))
        sure = float(probabilities[best])
        late = self._last_ns is not None and end_ns - self._last_ns > BREAK_S * SECOND_NS
        self._last_ns = end_ns
        if sure < self.watched.least:
            self._count = 0
            return None
        if self._rang_ns is not None:
            if end_ns - self._rang_ns < REARM_S * SECOND_NS:
                self._rang_ns = end_ns
                return None
            self._rang_ns = None
        if best != self._label or self._count == 0 or late:
            self._label, self._count, self._sum, self._start_ns = best, 0, 0.0, start_ns
        self._count, self._sum = self._count + 1, self._sum + sure
        if self._count < self.watched.windows:
            return None
        mean, self._count, self._rang_ns = self._sum / self._count, 0, end_ns
        return Alarm(best, self._classes[best], self._start_ns, end_ns, mean)
