"""Stick figures that show what can be tried; ``acting`` makes their file.

Classes that HARStudio's actors cannot act are shown by name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from harstudio.labels.comparing import plain_name
from harstudio.resources import resource

FILE = ("figures", "acted.npz")
FPS = 20.0
TOPOLOGY = "kinect_v2_25"
LEFT_OUT = (21, 22, 23, 24)  # finger tips and thumbs: a heap of discs at that size


@dataclass(frozen=True, slots=True, eq=False)
class Acted:
    """An action as it looks in a mirror: points (T, 25, 2) float32 metres, x to the right, y up
    from the floor, FPS a second; NaN for joints that are not drawn."""

    name: str
    points: NDArray[np.float32]

    def at(self, seconds: float, pause: float) -> NDArray[np.float32]:
        """(25, 2) at a time of the loop, which waits at its end."""
        last = len(self.points) - 1
        at = min((seconds % (last / FPS + pause)) * FPS, float(last))
        before = int(at)
        after, share = min(before + 1, last), at - before
        made = self.points[before] * (1 - share) + self.points[after] * share
        return np.asarray(made, dtype=np.float32)


@cache
def _file() -> tuple[dict[str, NDArray[np.float32]], dict[str, str]]:
    """Points by key, and the key by every plain name; none where the program came without."""
    path = resource(*FILE)
    if not path.is_file():
        return {}, {}
    with np.load(path, allow_pickle=False) as found:
        names = json.loads(str(found["names"]))
        points = {key: found[key].astype(np.float32) / 1000 for key in names}
    for one in points.values():
        one[:, LEFT_OUT] = np.nan
    known: dict[str, str] = {}
    for key, given in names.items():
        for name in given:
            known.setdefault(plain_name(name), key)  # of two that do the same the first
    return points, known


def key_of(name: str) -> str:
    """Key of what acts a class, "" where nothing does."""
    known = _file()[1]
    return known.get(plain_name(name)) or known.get(plain_name(re.sub(r"\(.*?\)", "", name)), "")


def acted(classes: Sequence[str]) -> tuple[Acted, ...]:
    """Those of the classes that can be acted, in their order."""
    points = _file()[0]
    return tuple(Acted(name, points[key]) for name in classes if (key := key_of(name)))
