"""What a run says about a changed window, beside what it says about the window as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harstudio.studio.what_if.changes import Changes

FIRST = 3  # of the likeliest classes before, and of those after


@dataclass(frozen=True, slots=True)
class Moved:
    """One class: its index, and its probability before and after."""

    label: int
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class StreamSaid:
    """What a stream of the network says alone; None after where it was left out."""

    stream: str
    before: Moved
    after: Moved | None


@dataclass(frozen=True, eq=False)
class Answer:
    """window: (start_ns, end_ns, person). changes: what was taken away. told: the job's result."""

    window: tuple[int, int, str]
    changes: Changes
    told: Mapping[str, Any]

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(self.told["classes"])

    @property
    def kinds(self) -> tuple[str, ...]:
        """What the run sees of the recording."""
        return tuple(self.told["kinds"])

    @property
    def can_drop(self) -> tuple[str, ...]:
        """What can be left out beside what is."""
        return tuple(self.told["can_drop"])

    @property
    def moved(self) -> float:
        """The share of the probability that went to other classes."""
        return float(self.told["moved"])

    def ranking(self) -> tuple[Moved, ...]:
        """The likeliest classes before, then those that are among the likeliest now."""
        before = _row(self.told["before"]["probabilities"])
        after = _row(self.told["probabilities"])
        labels = dict.fromkeys([*_best(before, FIRST), *_best(after, FIRST)])
        return tuple(Moved(k, float(before[k]), float(after[k])) for k in labels)

    def by_stream(self) -> tuple[StreamSaid, ...]:
        """What each stream says alone; empty where there is one."""
        rows = self.told["before"]["by_stream"]
        if len(rows) < 2:
            return ()
        now = self.told["by_stream"]
        said = []
        for name, row in rows.items():
            before = _row(row)
            after = _likeliest(before, _row(now[name])) if name in now else None
            said.append(StreamSaid(name, _likeliest(before, before), after))
        return tuple(said)


def _row(values: Sequence[float]) -> NDArray[np.float64]:
    return np.asarray(values, dtype=np.float64)


def _best(row: NDArray[np.float64], count: int) -> list[int]:
    found: list[int] = np.argsort(-row, kind="stable")[:count].tolist()
    return found


def _likeliest(before: NDArray[np.float64], after: NDArray[np.float64]) -> Moved:
    """The likeliest class of a row of now, with what it was before."""
    label = int(np.argmax(after))
    return Moved(label, float(before[label]), float(after[label]))
