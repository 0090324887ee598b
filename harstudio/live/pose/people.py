"""Who is in the picture, over time: people are found, followed, told apart; one is the main one.

The detector sees the whole picture; the landmark model then follows each person from the region
that its last landmarks give, which is cheaper and steadier. The detector looks again at every
picture while nobody is followed, five times a second for a second after somebody was lost, and
once a second for newcomers.

Identity: a person is the one whose middle was nearest before, at most half a region away and of
about the same size; whoever is gone for longer than ``BRIDGED_NS`` comes back as somebody new.

Main person: prominence is the apparent size (share of the picture's height) times 1 in the middle
of the picture's width, falling to one half at its edges; so who stands nearest and most central.
Who is main stays so until somebody else is 1.5 times as prominent for a second, or until gone for
longer than ``BRIDGED_NS``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harstudio.live.pose.detector import Detector
from harstudio.live.pose.landmarks import LandmarkModel, Landmarks
from harstudio.live.pose.regions import Region
from harstudio.live.pose.smoothing import OneEuro
from harstudio.recordings.streams import SECOND_NS

BRIDGED_NS = SECOND_NS
LOOK_NS = SECOND_NS
LOOK_AFTER_LOSS_NS = SECOND_NS // 5
SAME_PLACE = 0.25  # of a region's side, within which a detection shows somebody who is followed
SAME_PERSON = 0.5  # of a region's side, that somebody may have gone meanwhile
SIZE_RATIO = 1.8
TWICE = 0.08  # of a region's side: landmarks that near are those of one person
SURE = 0.5  # of the detector; below it the landmark model must be surer than usual
CONFIRMED = 0.9
MORE_PROMINENT = 1.5
TAKES_OVER_NS = SECOND_NS
# Of the two points that regions come from, speeds in sides of a region: a cut that stands still
# makes steady landmarks. As in MediaPipe's graph pose_landmark_filtering (Apache-2.0).
STEADY_HZ, STEADY_SPEED_HZ = 0.01, 10.0


class Seen(NamedTuple):
    """A person in this picture."""

    id: str
    landmarks: Landmarks


@dataclass(eq=False)
class _Person:
    id: str
    landmarks: Landmarks
    region: Region  # where to look next
    seen_ns: int
    steady: OneEuro = field(default_factory=lambda: OneEuro(STEADY_HZ, STEADY_SPEED_HZ))


class People:
    """Follows up to ``most`` people through pictures; each costs a run of the landmark model."""

    def __init__(self, detector: Detector, model: LandmarkModel, most: int = 2) -> None:
        self._detector, self._model, self._most = detector, model, most
        self._followed: list[_Person] = []
        self._lost: list[_Person] = []
        self._looked_ns = -LOOK_NS
        self._ids = 0
        self._main = MainPerson()

    def find(self, picture: NDArray[np.uint8], time_ns: int) -> list[Seen]:
        """People in an (H, W, 3) uint8 RGB picture, the main one first; may be empty."""
        self._lost = [one for one in self._lost if abs(time_ns - one.seen_ns) <= BRIDGED_NS]
        followed = self._followed
        self._followed = [one for one in followed if self._follow(one, picture, time_ns)]
        self._drop_twins()
        self._lost += [one for one in followed if one not in self._followed]
        if time_ns - self._looked_ns >= self._pause_ns() or time_ns < self._looked_ns:
            self._look(picture, time_ns)
        height, width = picture.shape[:2]
        ranks = {one.id: prominence(one.region, width, height) for one in self._followed}
        main = self._main.choose(ranks, {one.id for one in self._lost}, time_ns)
        self._followed.sort(key=lambda one: (one.id != main, -ranks[one.id]))
        return [Seen(one.id, one.landmarks) for one in self._followed]

    @property
    def main(self) -> str:
        """Id of the main person, "" where there is none; may be lost for a moment."""
        return self._main.id

    def _pause_ns(self) -> int:
        if not self._followed:
            return 0
        return LOOK_AFTER_LOSS_NS if self._lost else LOOK_NS

    def _follow(self, one: _Person, picture: NDArray[np.uint8], time_ns: int) -> bool:
        found = self._model.find(picture, one.region)
        if found is None or not _near(found.next_region, picture.shape):
            return False
        one.landmarks, one.seen_ns = found, time_ns
        one.region = _steadied(one.steady, found.next_region, time_ns)
        return True

    def _drop_twins(self) -> None:
        """Of two that came to follow one person, the one that was found later goes."""
        kept: list[_Person] = []
        for one in sorted(self._followed, key=lambda one: int(one.id)):
            if not any(_twins(one.landmarks, other.landmarks) for other in kept):
                kept.append(one)
        self._followed = kept

    def _look(self, picture: NDArray[np.uint8], time_ns: int) -> None:
        self._looked_ns = time_ns
        height, width = picture.shape[:2]
        new = [
            (self._rank(one.region, width, height), one)
            for one in self._detector.find(picture)
            if not any(_apart(one.region, other.region) < SAME_PLACE for other in self._followed)
        ]
        new.sort(key=lambda ranked: -ranked[0])
        for rank, detected in new[: self._most]:
            if not self._room_for(rank, width, height):
                break
            found = self._model.find(picture, detected.region)
            if found is None or (detected.score < SURE and found.score < CONFIRMED):
                continue
            if any(_twins(found, other.landmarks) for other in self._followed):
                continue
            known = self._known(found.next_region)
            if known is None:
                self._ids += 1
                known = _Person(str(self._ids), found, found.next_region, time_ns)
            known.landmarks, known.region, known.seen_ns = found, found.next_region, time_ns
            known.steady = OneEuro(STEADY_HZ, STEADY_SPEED_HZ)
            self._followed.append(known)
        self._followed.sort(key=lambda one: self._importance(one, width, height), reverse=True)
        self._lost += self._followed[self._most :]
        self._followed = self._followed[: self._most]

    def _rank(self, region: Region, width: int, height: int) -> float:
        """Prominence of somebody detected; the main person who comes back goes before everybody."""
        back = any(one.id == self.main and _alike(one.region, region) for one in self._lost)
        return math.inf if back else prominence(region, width, height)

    def _room_for(self, rank: float, width: int, height: int) -> bool:
        """Whether a newcomer of this prominence would be followed."""
        if len(self._followed) < self._most:
            return True
        last = min(self._importance(one, width, height) for one in self._followed)
        return rank > MORE_PROMINENT * last

    def _importance(self, one: _Person, width: int, height: int) -> float:
        return math.inf if one.id == self.main else prominence(one.region, width, height)

    def _known(self, region: Region) -> _Person | None:
        """Who was lost there a moment ago, taken from the lost ones."""
        near = [one for one in self._lost if _alike(one.region, region)]
        if not near:
            return None
        best = min(near, key=lambda one: _apart(one.region, region))
        self._lost = [one for one in self._lost if one is not best]
        return best


class MainPerson:
    """Who of several people counts, by the rule that the module states."""

    def __init__(self) -> None:
        self.id = ""
        self._rival, self._since_ns = "", 0

    def choose(self, ranks: dict[str, float], missed: Iterable[str], time_ns: int) -> str:
        """ranks: prominence by id of those who are there; missed: ids of those lost a moment ago.
        The id of the main person, "" where there is none."""
        best = max(ranks, key=lambda one: ranks[one], default="")
        if self.id not in ranks:
            if self.id not in missed:
                self.id = best
            self._rival = ""
            return self.id
        if ranks[best] <= MORE_PROMINENT * ranks[self.id]:
            self._rival = ""
        elif best != self._rival:
            self._rival, self._since_ns = best, time_ns
        elif time_ns - self._since_ns >= TAKES_OVER_NS:
            self.id, self._rival = best, ""
        return self.id


def prominence(region: Region, width: int, height: int) -> float:
    """Of a person in a picture of that size, as the module states."""
    aside = min(1.0, abs(region.x - width / 2) / (width / 2))
    return region.size / height * (1 - 0.5 * aside)


def _steadied(steady: OneEuro, region: Region, time_ns: int) -> Region:
    dx, dy = math.sin(region.angle), -math.cos(region.angle)
    arm = region.size / 2
    points = np.array([[region.x, region.y], [region.x + dx * arm, region.y + dy * arm]])
    middle, above = steady.smooth(points, time_ns, unit=region.size)
    turn = above - middle
    size = 2 * math.hypot(*turn)
    return Region(float(middle[0]), float(middle[1]), size, math.atan2(turn[0], -turn[1]))


def _apart(one: Region, other: Region) -> float:
    return math.hypot(one.x - other.x, one.y - other.y) / max(one.size, other.size)


def _alike(one: Region, other: Region) -> bool:
    ratio = max(one.size, other.size) / max(1.0, min(one.size, other.size))
    return _apart(one, other) <= SAME_PERSON and ratio <= SIZE_RATIO


def _twins(one: Landmarks, other: Landmarks) -> bool:
    gap = np.linalg.norm(one.pixels - other.pixels, axis=1)
    return float(np.median(gap)) < TWICE * max(one.next_region.size, other.next_region.size)


def _near(region: Region, shape: tuple[int, ...]) -> bool:
    """Whether a region's middle still lies at the picture, and it is worth to look into."""
    height, width = shape[:2]
    inside = -0.5 * region.size < region.x < width + 0.5 * region.size
    return inside and -0.5 * region.size < region.y < height + 0.5 * region.size
