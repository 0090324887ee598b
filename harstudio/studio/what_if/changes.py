"""What a person takes away from a window."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

GROUPS = {  # of joints by their names, whatever the sensor calls them
    "head": re.compile(r"^(head|nose)|eye|ear|mouth", re.IGNORECASE),
    "hands": re.compile(r"wrist|hand|thumb|pinky|(left|right)_index", re.IGNORECASE),
    "arms": re.compile(r"elbow|wrist|hand|thumb|pinky|(left|right)_index", re.IGNORECASE),
    "legs": re.compile(r"knee|ankle|foot|heel|toe", re.IGNORECASE),
}


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle in pixels of a picture stream; pixel k covers [k, k + 1)."""

    stream: str
    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top

    def moved(self, x: float, y: float) -> Area:
        """The same, so many pixels to the right and down."""
        return Area(self.stream, self.left + x, self.top + y, self.right + x, self.bottom + y)

    def has(self, x: float, y: float) -> bool:
        """Whether a point lies in it."""
        return self.left <= x < self.right and self.top <= y < self.bottom


@dataclass(frozen=True, slots=True)
class Changes:
    """without: kinds of stream. masked: areas, in the order in which they were drawn. joints: names
    of the recording's topology."""

    without: frozenset[str] = frozenset()
    masked: tuple[Area, ...] = ()
    joints: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.without or self.masked or self.joints)

    def payload(self) -> dict[str, Any]:
        """As the job ``what_if`` takes it."""
        return {
            "without": sorted(self.without),
            "masked": [asdict(area) for area in self.masked],
            "joints": sorted(self.joints),
        }

    def with_kind(self, kind: str, *, dropped: bool) -> Changes:
        return replace(self, without=self.without | {kind} if dropped else self.without - {kind})

    def with_area(self, area: Area) -> Changes:
        return replace(self, masked=(*self.masked, area))

    def without_area(self, number: int) -> Changes:
        return replace(self, masked=self.masked[:number] + self.masked[number + 1 :])

    def with_joints(self, names: Iterable[str], *, hidden: bool) -> Changes:
        names = frozenset(names)
        return replace(self, joints=self.joints | names if hidden else self.joints - names)


def group(name: str, joints: Iterable[str]) -> frozenset[str]:
    """Those of a topology's joints that belong to a group; empty where it has none."""
    return frozenset(joint for joint in joints if GROUPS[name].search(joint))
