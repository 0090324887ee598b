"""Stick figures that show what can be tried: HARStudio's own actors, filmed as joints.

No joints of any data set are in here. Classes that the actors cannot act are shown by name.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from harstudio.labels.comparing import plain_name
from harstudio.resources import resource

FPS = 20.0
ACTOR, SEED = 6, 1  # a right-handed one
YAW = np.radians(24.0)  # a little from the side, so that reaching to the front is seen
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


def act_all(
    classes: Sequence[str],
    told: Callable[[int], None] | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> tuple[Acted, ...]:
    """Those of the classes that our actors can act, in their order; some 50 ms each."""
    made = []
    for name in classes:
        key = script_of(name)
        if stopped():
            break
        if key:
            made.append(act(name, key))
            if told is not None:
                told(len(made))
    return tuple(made)


def act(name: str, key: str) -> Acted:
    """One action by the key of its script."""
    from harstudio.synthesis.scripts import SCRIPTS, perform  # scipy: not before it is needed
    from harstudio.synthesis.subject import make_subject

    script = SCRIPTS[key]
    actors = [make_subject(ACTOR, SEED), make_subject(ACTOR + 1, SEED)]
    take = perform(script, actors, (SEED, ACTOR))
    frames = range(max(2, round(take.end * FPS)))
    joints = np.array([take.skeletons(frame / FPS)[0].joints for frame in frames])
    x = joints[..., 0] * np.cos(YAW) + joints[..., 2] * np.sin(YAW)
    points = np.stack([-x, joints[..., 1]], axis=-1).astype(np.float32)
    points[..., 0] -= np.median(points[..., 0])
    points[:, LEFT_OUT] = np.nan
    return Acted(name, points)


@cache
def _scripts() -> dict[str, str]:
    """Key of the script by every plain name that a class may have."""
    from harstudio.synthesis.scripts import SCRIPTS

    utd = json.loads(resource("datasets", "class_names_utd.json").read_text("utf-8"))
    names = {int(one["a"]): str(one["name"]) for one in utd["classes"]}
    ntu = tomllib.loads(resource("labels", "ntu120.toml").read_text("utf-8"))
    known: dict[str, str] = {}
    for key, script in SCRIPTS.items():
        if script.people > 1:
            continue
        given = [script.name, key, key.replace("-", " "), names.get(script.utd, "")]
        given += [label["name"] for label in ntu["labels"][script.ntu - 1 : script.ntu]]
        for name in filter(None, given):
            known.setdefault(plain_name(name), key)
    return known


def script_of(name: str) -> str:
    """Key of the script that acts a class, "" where there is none."""
    plain = plain_name(name)
    return _scripts().get(plain) or _scripts().get(plain_name(re.sub(r"\(.*?\)", "", name)), "")
