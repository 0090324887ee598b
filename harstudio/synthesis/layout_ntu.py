"""Write takes as NTU RGB+D is distributed: the same trees, names, codecs and text."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from harstudio.errors import DataError
from harstudio.recordings.formats.ntu_writer import (
    COLOR,
    INFRARED,
    MASKED,
    SKELETONS,
    SampleName,
    avi,
    infrared_8bit,
)
from harstudio.recordings.streams import Body
from harstudio.synthesis.kinematics import ARMS, Skeleton
from harstudio.synthesis.sensor import masked
from harstudio.synthesis.shooting import Shot, whole_or_nothing
from harstudio.synthesis.take import Take

SETUP = 1
CLOSED_GRIP = 45.0


def write_ntu(
    out: Path, sample: SampleName, take: Take, shots: Iterator[Shot], count: int, color_width: int
) -> list[Path]:
    """One sample in all four modalities; returns its files and folders."""
    name = sample.name
    color, infrared = out / COLOR / f"{name}_rgb.avi", out / INFRARED / f"{name}_ir.avi"
    depth, text = out / MASKED / name, out / SKELETONS / f"{name}.skeleton"
    depth.mkdir(parents=True, exist_ok=True)
    text.parent.mkdir(parents=True, exist_ok=True)
    size = (color_width, round(color_width * 9 / 16))
    depth_size = (512, 424)
    lines = [str(count)]
    with (
        whole_or_nothing(color, infrared, depth),
        avi(color, size) as put_color,
        avi(infrared, depth_size) as put_infrared,
    ):
        for number, shot in enumerate(shots, 1):
            put_color(shot.color)
            put_infrared(np.repeat(infrared_8bit(shot.depth.infrared)[..., None], 3, axis=2))
            picture = depth / f"MDepth-{number:08d}.png"
            if not cv2.imwrite(str(picture), masked(shot.depth)):
                raise DataError("The depth picture could not be written.", path=picture)
            lines += _frame_lines(take, shot)
    text.write_text("\n".join(lines) + "\n", encoding="ascii", newline="\n")
    return [color, infrared, depth, text]


def _frame_lines(take: Take, shot: Shot) -> list[str]:
    lines = [str(len(shot.bodies.bodies))]
    for body in shot.bodies.bodies:
        actor = _actor_of(body, shot)
        lines.append(_body_line(take, actor, body, shot))
        lines.append("25")
        lines += _joint_lines(body)
    return lines


def _actor_of(body: Body, shot: Shot) -> int:
    """Which actor a tracked body is: the one whose bones point the same way and stand nearest."""
    if len(shot.truth) == 1:
        return 0
    spans = [_spread(body.joints, skeleton) for skeleton in shot.truth]
    return int(np.argmin(spans))


def _spread(joints: NDArray[np.float32], skeleton: Skeleton) -> float:
    """How much two sets of joints differ but for where they stand and which way they face."""
    one = np.linalg.norm(joints - joints[:1], axis=1)
    two = np.linalg.norm(skeleton.joints - skeleton.joints[:1], axis=1)
    return float(np.abs(one - two).sum())


def _body_line(take: Take, actor: int, body: Body, shot: Shot) -> str:
    """Identity, clipped edges, hands and lean."""
    motion = take.motions[actor]
    hands = []
    for side in "lr":
        known = bool(body.tracking[ARMS[side][3]] == 2)
        closed = float(motion.grips[side].at(shot.time)[0]) > CLOSED_GRIP
        hands += [str(int(known)), str((3 if closed else 2) if known else 1)]
    x, y, z = body.joints[20] - body.joints[0]
    high = max(float(y), 1e-3)
    lean = f"{np.clip(x / high, -1, 1):.7g} {np.clip(-z / high, -1, 1):.7g}"
    return f"{body.id} {_clipped(body)} {' '.join(hands)} 0 {lean} 2"


def _clipped(body: Body) -> int:
    """Which edges of the picture cut the body: right 1, left 2, top 4, bottom 8."""
    pixels = body.depth_px
    if pixels is None:
        return 0
    x, y = pixels.T
    edges = ((x > 511).any(), (x < 0).any(), (y < 0).any(), (y > 423).any())
    return sum(1 << bit for bit, cut in enumerate(edges) if cut)


def _joint_lines(body: Body) -> list[str]:
    pixels, color, turned = body.depth_px, body.color_px, body.orientations
    if pixels is None or color is None or turned is None:
        raise ValueError("a tracked body has pixels and orientations")
    rows = np.column_stack((body.joints, pixels, color, turned))
    return [
        " ".join(f"{value:.7g}" for value in row) + f" {state}"
        for row, state in zip(rows.tolist(), body.tracking.tolist(), strict=True)
    ]
