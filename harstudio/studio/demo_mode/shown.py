"""What stands on the screen for visitors at one moment, as plain data."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harstudio.recordings.streams import Body
from harstudio.runs.recognised.patches import Patch
from harstudio.studio.live.watch.alarm import Alarm

MOST_RANKED, MOST_JUST_NOW = 3, 5


class Scene(enum.StrEnum):
    """What the whole screen is about."""

    STARTING = "starting"  # nothing was seen yet
    DOING = "doing"  # somebody is seen: what they do
    IDLE = "idle"  # nobody is there


@dataclass(frozen=True, slots=True, eq=False)
class Figure:
    """One person over the picture: points (V, 2) float64 picture pixels, NaN where there is none;
    weights (V,) in [0, 1] where the network tells how much each joint counted."""

    person: int
    body: Body
    points: NDArray[np.float64]
    topology: str
    weights: NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Mirror:
    """The picture with what lies over it.

    picture: (H, W, 3) uint8 RGB or (H, W) uint32 0xffRRGGBB. patch: what the network looked at.
    """

    picture: NDArray[Any]
    figures: tuple[Figure, ...] = ()
    patch: Patch | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """The words and figures beside the picture.

    label: "" while nothing was said; known: whether it is a class. past: it is over, and
    stays to be read. ranked: (class, share in
    [0, 1]), the likeliest first. shares: (modality, share), which decided how much. just_now:
    actions before this one, the newest first. recorded: a recording plays since the sensor is
    away. sentence: something is wrong, in calm words.
    """

    scene: Scene = Scene.STARTING
    ready: bool = True  # the network is loaded
    label: str = ""
    known: bool = True
    past: bool = False  # it is over
    ranked: tuple[tuple[str, float], ...] = ()
    shares: tuple[tuple[str, float], ...] = ()
    just_now: tuple[str, ...] = ()
    source: str = ""
    fps: float | None = None
    latency_ms: float | None = None
    recording_s: float | None = None
    recorded: bool = False
    move: str = ""  # what the visitor is asked to do
    sentence: str = ""
    classes: tuple[str, ...] = ()
    alarm: Alarm | None = None
    alarms: tuple[Alarm, ...] = ()
    watching: str = ""  # what is watched for; "" where nothing is
