"""What is known of NTU RGB+D beside its files: names, trees, listed samples, cameras."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import numpy as np

from harstudio.recordings.formats.ntu_skeleton import SkeletonTable
from harstudio.recordings.formats.trees import Tree, holds
from harstudio.recordings.recording import Action
from harstudio.resources import resource
from harstudio.skeletons.cameras import Camera
from harstudio.skeletons.fit import CameraFit, fit_camera

LISTED = "The dataset lists this sample: its skeleton is missing or incomplete."
COLOR_SIZE = (1920, 1080)
DEPTH_SIZE = (512, 424)
CAMERAS = {
    "color": Camera(
        *COLOR_SIZE, 1081.37, 1081.37, 959.5, 539.5, translation=np.array([0.052, 0.0, 0.0])
    ),
    "depth": Camera(*DEPTH_SIZE, 365.481, 365.481, 257.346, 210.347),
}
INNER = tuple(
    f"{start}_{kind}"
    for start in ("nturgb+d", "nturgbd")
    for kind in ("rgb", "ir", "depth_masked", "depth", "skeletons")
)
TREE = Tree(
    re.compile(
        r"nturgb\+?d\w*_(rgb|ir|depth|skeletons?)\w*"
        r"|(rgb|colou?r|videos?|avi|ir|infrared|m?depth|depth_masked|masked_depth|masked"
        r"|skeletons?)([-_]?s\d{3})?"
        r"|s\d{3}",
        re.IGNORECASE,
    ),
    INNER,
)
WORDS = {
    "skeleton": re.compile(r"skeleton", re.IGNORECASE),
    "rgb": re.compile(r"(^|_)(rgb|colou?r|avi)($|[_-])", re.IGNORECASE),
    "ir": re.compile(r"(^|_)(ir|infrared)($|[_-])", re.IGNORECASE),
    "masked": re.compile(r"masked|mdepth", re.IGNORECASE),
    "depth": re.compile(r"(^|_)depth", re.IGNORECASE),
}
SAMPLE = re.compile(r"S\d{3}C\d{3}P\d{3}R\d{3}A\d{3}.*", re.IGNORECASE)
SETUPS = re.compile(r"s(\d{3})(?:_to_s(\d{3}))?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Sample:
    """What a sample's name tells."""

    name: str
    setup: int
    camera: int
    performer: int
    replication: int
    action: Action

    def modalities_named_by(self, folder: Path) -> set[str]:
        """Modalities that this sample should have because a folder is named after them.

        A folder of other setups, or an empty one, promises nothing.
        """
        for place in (folder, folder.parent):
            setups = SETUPS.search(place.name)
            if setups is not None:
                first = int(setups[1])
                if not first <= self.setup <= int(setups[2] or first):
                    return set()
        named = {word for word, pattern in WORDS.items() if pattern.search(folder.name)}
        if "masked" in named:
            named.discard("depth")
        return named if named and holds(folder, SAMPLE) else set()


def sample(name: str) -> Sample:
    """The parts of a name like S001C001P001R001A001."""
    setup, camera, performer, replication, action = (
        int(name[at : at + 3]) for at in (1, 5, 9, 13, 17)
    )
    return Sample(name, setup, camera, performer, replication, _action(action))


@cache
def _action(number: int) -> Action:
    name = _class_names().get(number, f"action {number}")
    return Action(f"A{number:03d}", number - 1, name)


@lru_cache(maxsize=1)
def _class_names() -> dict[int, str]:
    facts = json.loads(resource("datasets", "class_names_ntu120.json").read_text(encoding="utf-8"))
    return {int(one["a"]): str(one["name"]) for one in facts["classes"]}


@lru_cache(maxsize=1)
def _listed() -> frozenset[str]:
    facts = json.loads(resource("datasets", "missing_skeletons.json").read_text(encoding="utf-8"))
    return frozenset(facts["ntu60"]) | frozenset(facts["ntu120"])


def is_listed(name: str) -> bool:
    """Whether the dataset's authors list the sample as one with a bad skeleton."""
    return name in _listed()


def camera_of(table: SkeletonTable | None, sensor: str, width: int, height: int) -> Camera:
    """The camera of a "depth" or "color" picture: fitted to the joints, else the nominal one."""
    fit = None if table is None else fit_sensor(table, sensor, width, height)
    if fit is not None:
        return fit.camera
    nominal = CAMERAS[sensor]
    across, down = width / nominal.width, height / nominal.height
    return Camera(
        width,
        height,
        nominal.fx * across,
        nominal.fy * down,
        nominal.cx * across,
        nominal.cy * down,
        translation=nominal.translation,
    )


def pixel_factors(
    table: SkeletonTable, sensor: str, width: int, height: int
) -> tuple[float, float]:
    """What the file's pixels are to be multiplied with to lie in pictures of this size.

    People make the pictures smaller and keep the skeleton files; others write both for the
    smaller size. The focal length that the joints tell says which it is.
    """
    nominal = CAMERAS[sensor]
    across, down = width / nominal.width, height / nominal.height
    if across == 1.0:
        return 1.0, down
    fit = fit_sensor(table, sensor, nominal.width, nominal.height)
    if fit is None or not fit.camera.fx > 0:  # joints of few frames need not fit any camera
        return across, down
    seen = fit.camera.fx / nominal.fx
    follows = abs(math.log(seen / across)) < abs(math.log(seen))
    return (1.0, 1.0) if follows else (across, down)


def fit_sensor(table: SkeletonTable, sensor: str, width: int, height: int) -> CameraFit | None:
    """The "depth" or "color" camera as the joints tell it; None where they tell too little."""
    return fit_camera(
        table.joints,
        table.depth_px if sensor == "depth" else table.color_px,
        table.tracking,
        width=width,
        height=height,
        same_frame=sensor == "depth",
    )
