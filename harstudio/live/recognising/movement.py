"""Whom a window is about, and where it begins: where the person began to move.

A network learned from clips that hold one action. Live, a window of a fixed length holds what came
before it too. So a window begins shortly before the movement and ends now: it grows while somebody
moves, up to ``most_s``, then slides; it is over when the person stands still. Measured in
``docs/reference/live.md``.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harstudio.recordings.streams import SECOND_NS, Body, SkeletonFrame

GONE_NS = SECOND_NS  # somebody not seen for longer is gone
CENTRAL = 0.5  # prominence at the edges of a picture of 90 degrees, 1 in its middle
FASTEST = 3  # joints whose speed counts


class MainPerson:
    """One person of those who are seen: the nearest and most central; whoever it is stays it until
    gone for a second."""

    def __init__(self) -> None:
        self.id = ""
        self._seen_ns = 0

    def choose(self, frame: SkeletonFrame, time_ns: int) -> Body | None:
        """The person's body in a frame; None where it is not seen."""
        known = [body for body in frame.bodies if np.isfinite(body.joints).all(axis=1).any()]
        found = next((body for body in known if body.id == self.id), None)
        if found is None and (not self.id or time_ns - self._seen_ns > GONE_NS):
            found = max(known, key=_prominence, default=None)
            self.id = "" if found is None else found.id
        if found is not None:
            self._seen_ns = time_ns
        return found


def _prominence(body: Body) -> float:
    x, _, z = np.nanmedian(body.joints, axis=0).tolist()
    away = max(z, 0.1)
    return float((1 - CENTRAL * min(1.0, abs(x) / away)) / away)


@dataclass(frozen=True, slots=True)
class Gate:
    """When a movement begins and ends.

    begins_m_s, ends_m_s: speed of the three fastest joints, metres a second, over ``over_s``.
    still_s: so long below ``ends_m_s`` is the end. lead_s: the window begins so long before the
    movement. Trained clips begin about 0.2 s before it.
    """

    begins_m_s: float = 0.4
    ends_m_s: float = 0.25
    over_s: float = 0.1
    still_s: float = 0.25
    lead_s: float = 0.15


class Movement:
    """The movement of one person, told frame by frame.

    start_ns: where the window begins, None while the person stands still. ended_ns: when the last
    movement ended, None before the first end.
    """

    def __init__(self, gate: Gate = Gate()) -> None:
        self._gate = gate
        self._recent: deque[tuple[int, NDArray[np.float32]]] = deque()
        self._moved_ns = 0
        self.start_ns: int | None = None
        self.ended_ns: int | None = None

    def see(self, time_ns: int, body: Body | None) -> int | None:
        """A frame: the body, None where the person is not seen; ``start_ns`` then. Joints (V, 3) in
        metres; NaN = not seen."""
        gate = self._gate
        speed = 0.0 if body is None else self._speed(time_ns, body.joints)
        if self.start_ns is None:
            if speed > gate.begins_m_s:
                self.start_ns = time_ns - _ns(gate.over_s + gate.lead_s)
                self._moved_ns = time_ns
        elif speed > gate.ends_m_s:
            self._moved_ns = time_ns
        elif time_ns - self._moved_ns > _ns(gate.still_s):
            self.start_ns, self.ended_ns = None, self._moved_ns
        return self.start_ns

    def forget(self) -> None:
        """Somebody else is looked at."""
        if self.start_ns is not None:
            self.start_ns, self.ended_ns = None, self._moved_ns
        self._recent.clear()

    def _speed(self, time_ns: int, joints: NDArray[np.float32]) -> float:
        recent, over = self._recent, _ns(self._gate.over_s)
        if recent and len(recent[-1][1]) != len(joints):
            recent.clear()
        recent.append((time_ns, joints))
        while len(recent) > 2 and recent[1][0] <= time_ns - over:
            recent.popleft()
        began_ns, before = recent[0]
        if time_ns <= began_ns or time_ns - began_ns > 3 * over:  # nobody was seen meanwhile
            return 0.0
        gone = np.linalg.norm(joints - before, axis=1)
        gone = np.sort(gone[np.isfinite(gone)])[-FASTEST:]
        return float(gone.mean()) * SECOND_NS / (time_ns - began_ns) if len(gone) else 0.0


def _ns(seconds: float) -> int:
    return round(seconds * SECOND_NS)
