"""Where people, hands and heads are in the pictures and among the joints of one clip."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property
from typing import cast

import numpy as np
from numpy.typing import NDArray

from harstudio.learning.evaluating.disturbing_pictures import BAND_M, REMOVED
from harstudio.learning.inputs.frames import mask_of
from harstudio.learning.inputs.places import Stretch
from harstudio.learning.inputs.tracks import bodies_at
from harstudio.recordings.projection import project_joints
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import Body, PictureStream, StreamKind
from harstudio.skeletons.topology import Topology, topology

DISC_M = 0.12  # radius around a hand and a head
# For each place the joints that stand for it, the best first.
HANDS = (
    ("HandRight", "WristRight", "RWrist", "right_wrist"),
    ("HandLeft", "WristLeft", "LWrist", "left_wrist"),
)
HEAD = (("Head", "Nose", "nose"),)
HAND_JOINT = re.compile(r"hand|wrist|thumb|pinky|(left|right)_index", re.IGNORECASE)
OTHERS = (
    ("AnkleRight", "FootRight", "RAnkle", "right_ankle"),
    ("AnkleLeft", "FootLeft", "LAnkle", "left_ankle"),
    ("Head", "Nose", "nose"),
)
MIDDLE = ("SpineMid", "Spine", "SpineNaval", "Torso", "MidHip", "SpineShoulder", "Neck")
MORE = 2.0  # by how much hands move more than feet and head in an action of the hands

Mask = NDArray[np.bool_]


def hand_joints(known: Topology) -> list[int]:
    """Indices of all joints of both hands, wrists among them."""
    return [k for k, name in enumerate(known.joints) if HAND_JOINT.search(name)]


def found(known: Topology, wanted: tuple[tuple[str, ...], ...]) -> list[int]:
    """The first joint of each row that a topology has."""
    rows = ([name for name in names if name in known.joints] for names in wanted)
    return [known.index(names[0]) for names in rows if names]


def is_of_hands(stretch: Stretch) -> bool | None:
    """Whether hands move at least twice as far as each foot and the head, all seen from the middle
    of the spine; of the person who moves most. None where nobody is known."""
    if stretch.tracks is None:
        return None
    known = topology(stretch.topology)
    joints = stretch.tracks.joints[:, 0].astype(np.float64)
    middle = next((known.index(name) for name in MIDDLE if name in known.joints), 0)
    seen = joints - joints[:, middle][:, None]

    def farthest(rows: tuple[tuple[str, ...], ...]) -> float:
        places = found(known, rows)
        ways = [np.percentile(np.linalg.norm(seen[:, k] - seen[0, k], axis=1), 90) for k in places]
        return float(max(ways, default=0.0))

    return farthest(HANDS) >= MORE * farthest(OTHERS)


@dataclass(frozen=True, slots=False, eq=False)
class Scene:
    """The pictures of one clip; what is asked twice is looked up once."""

    recording: Recording
    stretch: Stretch

    @cached_property
    def _masks(self) -> dict[tuple[str, int], Mask | None]:
        return {}

    def picture(self, stream: str, time_ns: int) -> tuple[PictureStream, int]:
        """The stream and the index of its frame nearest to a time."""
        seen = cast("PictureStream", self.recording.streams[stream])
        return seen, int(np.abs(seen.times_ns - time_ns).argmin())

    def person(self, stream: str, time_ns: int) -> Mask | None:
        """(h, w) where a picture shows a person: what has a value where depth has no background,
        else what the person mask finds; None where that cannot be known."""
        key = stream, time_ns
        if key not in self._masks:
            seen, index = self.picture(stream, time_ns)
            frame = seen.frame(index)
            mask: Mask | None
            if seen.kind == StreamKind.DEPTH and float((frame == 0).mean()) >= REMOVED:
                mask = frame > 0
            else:
                at = int(seen.times_ns[index])
                mask = mask_of(self.stretch, seen, at, frame, BAND_M)
            self._masks[key] = mask
        return self._masks[key]

    def discs(self, stream: str, time_ns: int, rows: tuple[tuple[str, ...], ...]) -> Mask | None:
        """(h, w) discs of 0.12 m around joints of everybody seen, as large as the camera shows them
        at the joint's distance; None where joints have no place in the picture."""
        if self.stretch.tracks is None:
            return None
        seen, _ = self.picture(stream, time_ns)
        y, x = np.mgrid[: seen.height, : seen.width] + 0.5
        mask = np.zeros((seen.height, seen.width), dtype=np.bool_)
        known = False
        for body in bodies_at(self.stretch.tracks, time_ns):
            if body is None:
                continue
            pixels = project_joints(self.recording, stream, body)
            reach = None if pixels is None else self._radius_px(stream, body, pixels)
            if pixels is None or reach is None:
                continue
            for k in found(topology(self.stretch.topology), rows):
                if np.isfinite([*pixels[k], reach[k]]).all():
                    known = True
                    mask |= (x - pixels[k, 0]) ** 2 + (y - pixels[k, 1]) ** 2 <= reach[k] ** 2
        return mask if known else None

    def _radius_px(
        self, stream: str, body: Body, pixels: NDArray[np.float32]
    ) -> NDArray[np.float64] | None:
        """(V,) the radius of a disc around each joint: by the camera, else by what the body's own
        joints tell of it."""
        if self.recording.cameras.get(stream) is not None:
            moved = body.joints + np.array((DISC_M, 0, 0), dtype=body.joints.dtype)
            plain = replace(body, depth_px=None, color_px=None)
            here = project_joints(self.recording, stream, plain)
            there = project_joints(self.recording, stream, replace(plain, joints=moved))
            if here is not None and there is not None:
                return np.asarray(np.linalg.norm(there - here, axis=1), dtype=np.float64)
        fine = np.isfinite(np.hstack([pixels, body.joints])).all(axis=1)
        if fine.sum() < 2:
            return None
        extent = float(np.linalg.norm(np.ptp(body.joints[fine, :2], axis=0)))
        if extent <= 0:
            return None
        focal = float(np.linalg.norm(np.ptp(pixels[fine], axis=0))) / extent
        away = body.joints[:, 2].astype(np.float64)
        middle = float(np.median(away[fine]))
        radius: NDArray[np.float64] = DISC_M * focal * middle / np.maximum(away, 0.2)
        return radius
