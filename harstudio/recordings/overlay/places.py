"""Where in the picture that a network saw the parts of an explanation lie."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from harstudio.recordings.projection import project_joints
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import PictureStream, SkeletonStream, StreamKind
from harstudio.runs.recognised.patches import Patch, moved_joint


def joint_point(
    recording: Recording, stream: PictureStream, patch: Patch
) -> NDArray[np.float64] | None:
    """(2,) where the joint whose relation it is was in the picture that was seen; None where there
    is none or nobody knows."""
    skeleton = recording.of_kind(StreamKind.SKELETON)
    if not isinstance(skeleton, SkeletonStream) or patch.joint is None:
        return None
    index = skeleton.nearest(patch.time_ns, recording.tolerance_ns(skeleton))
    bodies = () if index is None else skeleton.frame(index).bodies
    bodies = tuple(b for b in bodies if b.id == patch.person) or bodies[:1]
    joint = moved_joint(patch.joint, patch.topology, skeleton.topology)
    if not bodies or joint is None or joint >= len(bodies[0].joints):
        return None
    points = project_joints(recording, stream.name, bodies[0])
    if points is None or not np.isfinite(points[joint]).all():
        return None
    return np.asarray(points[joint], dtype=np.float64)


def strongest_cells(
    patch: Patch, threshold: float, count: int
) -> list[tuple[tuple[float, float], float]]:
    """((x, y), weight) of the middles of the cells above the threshold, where pixel k of the
    stream's picture covers [k, k + 1); the weakest of the ``count`` strongest first."""
    rows, columns = patch.values.shape
    box = patch.box
    order = np.argsort(-patch.values, axis=None, kind="stable")[:count]
    found = []
    for at in order[::-1].tolist():
        row, column = divmod(at, columns)
        weight = float(patch.values[row, column])
        if weight > threshold:
            x = box.left + (column + 0.5) / columns * (box.right - box.left)
            y = box.top + (row + 0.5) / rows * (box.bottom - box.top)
            found.append(((x, y), weight))
    return found
