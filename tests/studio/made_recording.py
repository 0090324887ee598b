"""A small recording in memory whose every pixel and joint is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import (
    ArrayReader,
    Body,
    PictureStream,
    SampledStream,
    SkeletonFrame,
    SkeletonStream,
    Stream,
    StreamKind,
    evenly,
)
from harstudio.skeletons.cameras import Camera

TOPOLOGY = "kinect_v2_25"
RATE_HZ = 30.0
COLOR_SIZE = (320, 180)
DEPTH_SIZE = (128, 106)
COLOR_CAMERA = Camera(320, 180, fx=180.0, fy=180.0, cx=160.0, cy=90.0)
DEPTH_CAMERA = Camera(128, 106, fx=91.0, fy=91.0, cx=64.0, cy=53.0)
BACKGROUND_MM = 3000
STANDING = np.array(
    [
        (0, -0.1), (0, 0.2), (0, 0.55), (0, 0.7),
        (-0.2, 0.45), (-0.35, 0.2), (-0.4, -0.05), (-0.42, -0.12),
        (0.2, 0.45), (0.35, 0.2), (0.4, -0.05), (0.42, -0.12),
        (-0.1, -0.12), (-0.12, -0.5), (-0.12, -0.85), (-0.15, -0.9),
        (0.1, -0.12), (0.12, -0.5), (0.12, -0.85), (0.15, -0.9),
        (0, 0.45), (-0.44, -0.2), (-0.38, -0.15), (0.44, -0.2), (0.38, -0.15),
    ],
    dtype=np.float32,
)  # fmt: skip


def joints_at(index: int, shift_m: float = 0.0) -> np.ndarray:
    """(25, 3) float32 metres: a person 2 m away whose right hand goes up and down."""
    joints = np.column_stack([STANDING, np.full(25, 2.0)]).astype(np.float32)
    joints[9:12, 1] += 0.3 * np.float32(np.sin(index / 5))
    joints[:, 0] += shift_m
    return joints


def made_recording(
    frames: int = 30,
    *,
    without: tuple[str, ...] = (),
    bodies: int = 1,
    tracking: int = 2,
    depth_from: int = 0,
    name: str = "made",
    path: Path = Path("made"),
) -> Recording:
    """Colour (R = frame number), depth (left half 1000 mm, right half 3000, top row none),
    infrared, 25 joints, inertial. depth_from: frames of depth missing at the start.
    """
    times = evenly(frames, RATE_HZ)
    color = [np.full((180, 320, 3), (k % 256, 60, 90), dtype=np.uint8) for k in range(frames)]
    depth = np.full((106, 128), BACKGROUND_MM, dtype=np.uint16)
    depth[:, :64] = 1000
    depth[0] = 0
    infrared = (np.arange(106 * 128, dtype=np.uint16) % 4000).reshape(106, 128)
    people = []
    for k in range(frames):
        seen = [
            Body(str(n), joints_at(k, 0.6 * n), np.full(25, tracking, dtype=np.uint8))
            for n in range(bodies)
        ]
        people.append(SkeletonFrame(tuple(seen)))
    streams: dict[str, Stream] = {
        "color": PictureStream(
            "color", StreamKind.COLOR, times, ArrayReader(color), width=320, height=180,
            dtype="uint8",
        ),
        "depth": PictureStream(
            "depth", StreamKind.DEPTH, times[depth_from:],
            ArrayReader([depth] * (frames - depth_from)), width=128, height=106, dtype="uint16",
        ),
        "infrared": PictureStream(
            "infrared", StreamKind.INFRARED, times, ArrayReader([infrared] * frames), width=128,
            height=106, dtype="uint16",
        ),
        "skeleton": SkeletonStream(
            "skeleton", times, ArrayReader(people), topology=TOPOLOGY, joints=25,
            max_bodies=max(1, bodies),
        ),
        "inertial": SampledStream(
            "inertial", StreamKind.INERTIAL, evenly(frames * 3, 3 * RATE_HZ),
            np.sin(np.arange(frames * 18).reshape(-1, 6) / 9),
            channels=("ax", "ay", "az", "gx", "gy", "gz"),
        ),
    }  # fmt: skip
    cameras = {"color": COLOR_CAMERA, "depth": DEPTH_CAMERA, "infrared": DEPTH_CAMERA}
    kept = {key: stream for key, stream in streams.items() if key not in without}
    return Recording(name, "made", path, kept, cameras=cameras)
