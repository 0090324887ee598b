"""Makes ``resources/figures/acted.npz``, the stick figures that show what can be tried.

HARStudio's own actors act, and their joints are filmed as a mirror shows them. No joints of any
data set are in it. ``python -m harstudio.studio.demo_mode.acting`` writes it anew.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from harstudio.resources import resource
from harstudio.studio.demo_mode.acted import FILE, FPS, LEFT_OUT
from harstudio.studio.demo_mode.gestures import gestures
from harstudio.synthesis.scripts import SCRIPTS, Script, perform
from harstudio.synthesis.subject import make_subject

ACTOR, SEED = 6, 1  # a right-handed one
YAW = np.radians(24.0)  # a little from the side, so that reaching to the front is seen


def act(script: Script) -> NDArray[np.int16]:
    """(T, 25, 2) millimetres as in a mirror: x to the right, y up from the floor; FPS a second."""
    take = perform(script, [make_subject(ACTOR, SEED)], (SEED, ACTOR))
    frames = range(max(2, round(take.end * FPS)))
    joints = np.array([take.skeletons(frame / FPS)[0].joints for frame in frames])
    x = joints[..., 0] * np.cos(YAW) + joints[..., 2] * np.sin(YAW)
    points = np.stack([-x, joints[..., 1]], axis=-1)
    points[..., 0] -= np.median(points[..., 0])
    points[:, LEFT_OUT] = 0
    return np.rint(points * 1000).astype(np.int16)


def alone() -> dict[str, Script]:
    """Scripts of one actor, by key: those of the sample data, then those for figures only."""
    return {key: one for key, one in SCRIPTS.items() if one.people == 1} | gestures()


def names_of(key: str, script: Script) -> list[str]:
    """What a class of this action may be called: as the script, UTD-MHAD and NTU RGB+D do."""
    utd = json.loads(resource("datasets", "class_names_utd.json").read_text("utf-8"))
    ntu = tomllib.loads(resource("labels", "ntu120.toml").read_text("utf-8"))
    given = [script.name, key, key.replace("-", " ")]
    given += [str(one["name"]) for one in utd["classes"] if int(one["a"]) == script.utd]
    given += [str(one["name"]) for one in ntu["labels"][max(script.ntu, 1) - 1 : script.ntu]]
    return list(dict.fromkeys(given))


def write(scripts: Iterable[tuple[str, Script]]) -> None:
    """The file, in the resources."""
    made, names = {}, {}
    for key, script in scripts:
        made[key] = act(script)
        names[key] = names_of(key, script)
    path = resource(*FILE)
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, names=np.array(json.dumps(names)), **made)


if __name__ == "__main__":
    write(alone().items())
