"""Bodies of a skeleton stream from landmarks: names, sides, states, another topology."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from harstudio.recordings.streams import Body
from harstudio.skeletons.maps import convert_joints
from harstudio.skeletons.topology import topology

LANDMARKS = "mediapipe_33"
VISIBLE = 0.5  # from which a landmark counts as tracked; below it is inferred
INFERRED, TRACKED = 1, 2


def make_body(
    person: str,
    joints: NDArray[np.float32],
    pixels: NDArray[np.float32],
    depth_px: NDArray[np.float32] | None,
    visibility: NDArray[np.float32],
    picture: tuple[int, int],
    *,
    topology_name: str,
    mirrored: bool,
) -> Body:
    """One body of a skeleton stream.

    joints: (33, 3) metres, y up. pixels, depth_px: (33, 2). visibility: (33,) 0 to 1. picture:
    width and height in pixels, outside of which nothing is tracked. mirrored: the picture is a
    mirror image, so what looks like a left arm is the person's right one, and names are swapped.
    """
    width, height = picture
    inside = ((pixels >= 0) & (pixels < (width, height))).all(axis=1)
    states = np.where((visibility >= VISIBLE) & inside, TRACKED, INFERRED).astype(np.uint8)
    order = np.array(topology(LANDMARKS).mirror if mirrored else range(len(joints)))

    def mapped(points: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
        return convert_joints(points[order], states[order], LANDMARKS, topology_name)

    def flat(points: NDArray[np.float32] | None) -> NDArray[np.float32] | None:
        if points is None:
            return None
        whole = np.column_stack([points, np.zeros(len(points), dtype=np.float32)])
        return np.ascontiguousarray(mapped(whole)[0][:, :2])

    placed, tracking = mapped(joints)
    return Body(person, placed, tracking, depth_px=flat(depth_px), color_px=flat(pixels))
