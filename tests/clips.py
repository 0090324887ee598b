"""Recordings in memory for preprocessing: bodies that tests place, pictures that tell where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
from harstudio.skeletons.topology import topology

WIDTH, HEIGHT = 240, 200
CAMERA = Camera(WIDTH, HEIGHT, 200.0, 200.0, WIDTH / 2, HEIGHT / 2)
SECOND = 1_000_000_000


def body(joints: NDArray[Any], name: str = "1") -> Body:
    """A body with these (V, 3) joints, all tracked."""
    points = np.asarray(joints, dtype=np.float32)
    return Body(name, points, np.where(np.isfinite(points).all(axis=1), 2, 0).astype(np.uint8))


def at_pixels(pixels: NDArray[Any], z: float = 2.0) -> NDArray[np.float32]:
    """(V, 3) joints that the camera sees at (V, 2) pixels."""
    flat = (np.asarray(pixels, dtype=np.float64) - (CAMERA.cx, CAMERA.cy)) / CAMERA.fx * z
    return np.column_stack([flat[:, 0], -flat[:, 1], np.full(len(flat), z)]).astype(np.float32)


def spread(left: float, top: float, right: float, bottom: float, joints: int = 20) -> NDArray[Any]:
    """(V, 2) pixels that fill a box: its corners, then points within."""
    inside = np.random.default_rng(3).random((joints - 4, 2))
    inside = inside * (right - left, bottom - top) + (left, top)
    return np.vstack([[(left, top), (right, top), (left, bottom), (right, bottom)], inside])


def where() -> NDArray[np.uint8]:
    """A picture whose red is x, whose green is y, and whose blue says that it is the picture."""
    x, y = np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT))
    return np.dstack([x, y, np.full_like(x, 255)]).astype(np.uint8)


def recording(
    frames: Sequence[Sequence[Body]] | None,
    *,
    pictures: Mapping[str, NDArray[Any] | list[NDArray[Any]]] | None = None,
    times_ns: NDArray[np.int64] | None = None,
    name: str = "utd_mhad_20",
    inertial: NDArray[Any] | None = None,
) -> Recording:
    """Bodies frame by frame at 30 Hz, and for every kind one picture that stands all the time or a
    list of as many; inertial: (S, 6) at 50 Hz, in g and degrees a second."""
    streams: list[Stream[Any]] = []
    lists = [len(shown) for shown in (pictures or {}).values() if isinstance(shown, list)]
    count = max(lists, default=30) if frames is None else len(frames)
    times = evenly(count, 30) if times_ns is None else times_ns
    if frames is not None:
        reader = ArrayReader([SkeletonFrame(tuple(bodies)) for bodies in frames])
        streams.append(
            SkeletonStream("skeleton", times, reader, topology=name,
                           joints=len(topology(name).joints), max_bodies=6)
        )  # fmt: skip
    for kind, shown in (pictures or {}).items():
        every = shown if isinstance(shown, list) else [shown] * count
        height, width = every[0].shape[:2]
        streams.append(
            PictureStream(kind, StreamKind(kind), times[: len(every)], ArrayReader(every),
                          width=width, height=height, dtype=str(every[0].dtype))
        )  # fmt: skip
    if inertial is not None:
        streams.append(
            SampledStream("inertial", StreamKind.INERTIAL, evenly(len(inertial), 50), inertial,
                          channels=("ax", "ay", "az", "gx", "gy", "gz"))
        )  # fmt: skip
    cameras = dict.fromkeys(pictures or {}, CAMERA)
    return Recording("made", "test", Path("made"), {s.name: s for s in streams}, cameras=cameras)
