"""Film a take: every frame of every stream that a virtual sensor gives."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harstudio.errors import HarstudioError
from harstudio.recordings.streams import SkeletonFrame, evenly
from harstudio.skeletons.cameras import Camera
from harstudio.synthesis.kinematics import Skeleton
from harstudio.synthesis.room import Room
from harstudio.synthesis.sensor import BodyTracker, DepthSensor, DepthShot
from harstudio.synthesis.stage import CameraView, gather
from harstudio.synthesis.subject import Subject
from harstudio.synthesis.surface import BodyMesh, body_mesh
from harstudio.synthesis.take import Take
from harstudio.synthesis.viewpoint import Viewpoint

RATE_HZ = 30.0

Progress = Callable[[int, int], None]
Cancelled = Callable[[], bool]


class CancelledError(HarstudioError):
    """The person asked to stop; what was finished stays."""


@dataclass(frozen=True, eq=False)
class Shot:
    """One frame. color (H, W, 3) uint8; bodies as tracked; truth: the actors' real skeletons."""

    time_ns: int
    time: float
    color: NDArray[np.uint8]
    depth: DepthShot
    bodies: SkeletonFrame
    truth: tuple[Skeleton, ...]


@dataclass(frozen=True, eq=False)
class Rig:
    """One sensor in one room, its empty pictures ready."""

    view: Viewpoint
    color: CameraView
    depth: DepthSensor

    @property
    def cameras(self) -> dict[str, Camera]:
        """By stream name, as recordings have them."""
        depth = self.depth.camera
        return {"color": self.color.camera, "depth": depth, "infrared": depth}


def make_rig(
    view: Viewpoint, room: Room, color: Camera, depth: Camera, noise: float = 1.0, quantum: int = 1
) -> Rig:
    """Set up a sensor; a second or two for casting the room."""
    return Rig(view, CameraView(color, view, room), DepthSensor(depth, view, room, noise, quantum))


@lru_cache(maxsize=8)
def mesh_of(subject: Subject) -> BodyMesh:
    """The subject's mesh, kept while it is in use."""
    return body_mesh(subject)


@contextmanager
def whole_or_nothing(*made: Path) -> Iterator[None]:
    """Remove these files and folders again when what makes them does not come to its end."""
    try:
        yield
    except BaseException:
        for path in made:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
        raise


class FrameCounter:
    """Counts frames as they pass, tells the progress and stops when asked."""

    def __init__(self, total: int, progress: Progress | None, cancelled: Cancelled | None) -> None:
        self.done = 0
        self._total = total
        self._progress = progress
        self._cancelled = cancelled

    def __call__(self, shots: Iterator[Shot]) -> Iterator[Shot]:
        """The same shots; CancelledError between two of them when asked to stop."""
        for shot in shots:
            if self._cancelled is not None and self._cancelled():
                raise CancelledError(
                    f"Stopped after {self.done} of {self._total} frames; the recordings finished "
                    "before stay."
                )
            yield shot
            self.done += 1
            if self._progress is not None:
                self._progress(self.done, self._total)


def frame_count(take: Take, rate_hz: float = RATE_HZ) -> int:
    """Frames of a take at the sensor's rate."""
    return max(2, round(take.end * rate_hz))


def film(
    take: Take, rig: Rig, seed: Sequence[int], tracked_color: Camera | None = None,
    rate_hz: float = RATE_HZ,
) -> Iterator[Shot]:  # fmt: skip
    """All shots of a take; the same seed gives the same bytes.

    tracked_color: the camera that the bodies' colour pixels are given for (default: the rig's).
    """
    meshes = [mesh_of(motion.subject) for motion in take.motions]
    color = tracked_color or rig.color.camera
    tracker = BodyTracker(rig.depth.camera, color, rig.view, len(meshes), seed)
    for index, time_ns in enumerate(evenly(frame_count(take, rate_hz), rate_hz)):
        time = float(time_ns) / 1e9
        skeletons = take.skeletons(time)
        scene = gather(list(zip(meshes, skeletons, strict=True)), take.placed(time, skeletons))
        rng = np.random.default_rng([*seed, index])
        shot = rig.depth.shot(scene, meshes, rng)
        yield Shot(
            int(time_ns),
            time,
            rig.color.picture(scene, meshes),
            shot,
            tracker.track(skeletons, shot.clean),
            tuple(skeletons),
        )
