"""Skeletons of one camera, picture by picture: people, places in metres, smoothing, topology."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harstudio.live.pose.bodies import LANDMARKS, VISIBLE, make_body
from harstudio.live.pose.depth_placing import place_by_depth
from harstudio.live.pose.detector import Detector
from harstudio.live.pose.landmarks import LandmarkModel
from harstudio.live.pose.models import DETECTOR, find_model
from harstudio.live.pose.people import People, Seen
from harstudio.live.pose.placing import Placed, assumed_camera, place
from harstudio.live.pose.smoothing import OneEuro
from harstudio.recordings.streams import SECOND_NS, Body, SkeletonFrame
from harstudio.skeletons.cameras import Camera
from harstudio.skeletons.topology import topology

FORGOTTEN_NS = 2 * SECOND_NS
# One-euro filter of joints, speeds in metres a second: at rest 1.5 Hz, a hand at 2 m/s 17.5 Hz.
LEAST_HZ, SPEED_HZ = 1.5, 8.0


class MainPerson(NamedTuple):
    """Where the main person is, for whoever guides people into the picture.

    box: left, top, right, bottom as shares of the picture, beyond 0 to 1 where the person is.
    height_share: of the picture's height. whole: head and feet are seen. distance_m: of the hips
    from the camera; measured: by depth, else guessed from the size.
    """

    id: str
    box: tuple[float, float, float, float]
    height_share: float
    whole: bool
    distance_m: float
    measured: bool


@dataclass
class _Smoothing:
    joints: OneEuro = field(default_factory=lambda: OneEuro(LEAST_HZ, SPEED_HZ))
    pixels: OneEuro = field(default_factory=lambda: OneEuro(LEAST_HZ, SPEED_HZ))
    time_ns: int = 0
    size: float = 1.0  # of the body, as depth told it last


class PoseFinder:
    """Finds the skeletons in the pictures of one camera, which must come in the order of time."""

    def __init__(
        self,
        model: str = "lite",
        *,
        topology_name: str = LANDMARKS,
        color_camera: Camera | None = None,
        depth_camera: Camera | None = None,
        mirrored: bool = True,
        people: int = 2,
        threads: int = 1,
    ) -> None:
        """model: "lite", "full" or "heavy". mirrored: pictures are mirror images. people: so many
        are followed at most, each for a run of the model. Depth is used where both cameras are
        known. MissingError where a model or LiteRT is not installed."""
        detector = Detector(find_model(DETECTOR), threads)
        self._people = People(detector, LandmarkModel(find_model(model), threads), people)
        self._topology, self._mirrored = topology_name, mirrored
        self._color, self._depth = color_camera, depth_camera
        self._smoothing: dict[str, _Smoothing] = {}
        self.main: MainPerson | None = None  # in the last picture

    @property
    def takes_depth(self) -> bool:
        """Whether depth pictures make a difference."""
        return self._color is not None and self._depth is not None

    def find(
        self,
        picture: NDArray[np.uint8],
        time_ns: int,
        depth: NDArray[np.uint16] | None = None,
    ) -> SkeletonFrame:
        """The people in an (H, W, 3) uint8 RGB picture, the main one first; ``self.main`` follows.

        depth: (H, W) uint16 mm of the same moment.
        """
        height, width = picture.shape[:2]
        camera = self._camera(width, height)
        bodies: list[Body] = []
        self.main = None
        for seen in self._people.find(picture, time_ns):
            kept = self._smoothing.setdefault(seen.id, _Smoothing())
            placed = self._place(seen, camera, depth, kept)
            joints, pixels = _smooth(kept, seen, placed, camera, time_ns)
            if seen.id == self._people.main:
                self.main = _main(seen, placed, width, height)
            bodies.append(
                make_body(
                    seen.id,
                    joints,
                    pixels,
                    placed.depth_px,
                    seen.landmarks.visibility,
                    (width, height),
                    topology_name=self._topology,
                    mirrored=self._mirrored,
                )
            )
        old = [
            one for one, kept in self._smoothing.items() if time_ns - kept.time_ns > FORGOTTEN_NS
        ]
        for one in old:
            del self._smoothing[one]
        return SkeletonFrame(tuple(bodies))

    def _camera(self, width: int, height: int) -> Camera:
        known = self._color
        if known is None:
            return assumed_camera(width, height)
        return (
            known if (known.width, known.height) == (width, height) else known.scaled(width, height)
        )

    def _place(
        self, seen: Seen, camera: Camera, depth: NDArray[np.uint16] | None, kept: _Smoothing
    ) -> Placed:
        """Where a picture's depth is missing, the body keeps its size: else it would jump."""
        alone = place(seen.landmarks, camera, kept.size)
        if depth is None or self._depth is None or not self.takes_depth:
            return alone
        rows, columns = depth.shape
        known = self._depth
        if (known.width, known.height) != (columns, rows):
            known = known.scaled(columns, rows)
        placed = place_by_depth(seen.landmarks, camera, depth, known)
        if not placed.measured.any():
            return alone
        kept.size *= _away(placed) / max(0.1, _away(alone))
        return placed


def _smooth(
    kept: _Smoothing, seen: Seen, placed: Placed, camera: Camera, time_ns: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    kept.time_ns = time_ns
    metre_px = camera.fx / max(0.1, _away(placed))
    joints = kept.joints.smooth(placed.joints, time_ns)
    return joints, kept.pixels.smooth(seen.landmarks.pixels, time_ns, unit=metre_px)


def _names(*names: str) -> NDArray[np.int64]:
    return np.array([topology(LANDMARKS).index(name) for name in names])


def _away(placed: Placed) -> float:
    return float(np.median(placed.joints[_names("left_hip", "right_hip"), 2]))


def _main(seen: Seen, placed: Placed, width: int, height: int) -> MainPerson:
    pixels = seen.landmarks.pixels / (width, height)
    low, high = pixels.min(axis=0), pixels.max(axis=0)
    ends = _names("nose", "left_ankle", "right_ankle")
    inside = ((pixels[ends] > 0) & (pixels[ends] < 1)).all()
    whole = bool(inside and (seen.landmarks.visibility[ends] >= VISIBLE).all())
    box = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
    trunk = _names("left_shoulder", "right_shoulder", "left_hip", "right_hip")
    measured = bool(placed.measured[trunk].any())
    return MainPerson(seen.id, box, box[3] - box[1], whole, _away(placed), measured)
