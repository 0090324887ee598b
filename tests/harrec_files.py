"""Small harrec recordings for tests, and a child process that writes one until it is killed.

``python harrec_files.py FOLDER`` writes for ever and prints the number of each finished frame.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harstudio.recordings.formats.harrec_header import StreamSpec
from harstudio.recordings.formats.harrec_writer import HarrecWriter
from harstudio.recordings.recording import Action
from harstudio.recordings.streams import Body, SkeletonFrame, StreamKind
from harstudio.skeletons.cameras import Camera

START_NS = 1_700_000_000_123_456_789  # a wall clock: exact only in integers
SOUND_RATE = 16_000
FRAMES = 45

SPECS = (
    StreamSpec("color", StreamKind.COLOR, 96, 64, crf=18),
    StreamSpec("depth", StreamKind.DEPTH, 64, 48),
    StreamSpec("infrared", StreamKind.INFRARED, 64, 48, dtype="uint8"),
    StreamSpec("skeleton", StreamKind.SKELETON, topology="kinect_v2_25"),
    StreamSpec(
        "inertial",
        StreamKind.INERTIAL,
        rate_hz=100.0,
        channels=("ax", "ay", "az", "gx", "gy", "gz"),
    ),
    StreamSpec("audio", StreamKind.AUDIO, sample_rate=SOUND_RATE, channels=("mono",)),
)


def frame_time(k: int) -> int:
    """About 30 Hz, with jitter down to single ns."""
    jitter = int(np.random.default_rng(k).integers(-4_000_000, 4_000_000))
    return START_NS + k * 33_333_333 + (jitter if k else 0)


def color(k: int) -> NDArray[np.uint8]:
    picture = np.full((64, 96, 3), 90, dtype=np.uint8)
    picture[:, (k * 2) % 80 : (k * 2) % 80 + 16] = (200, 40 + k % 100, 60)
    return picture


def depth(k: int) -> NDArray[np.uint16]:
    picture = np.random.default_rng(k).integers(500, 8000, (48, 64)).astype(np.uint16)
    picture[k % 48] = 0
    return picture


def infrared(k: int) -> NDArray[np.uint8]:
    return (depth(k) % 256).astype(np.uint8)


def skeleton(k: int) -> SkeletonFrame:
    """No body, one, or two, by turns; values that are not short decimals; a lost joint."""
    random = np.random.default_rng(k)
    bodies = []
    for person in range(k % 3):
        joints = random.normal(size=(25, 3)).astype(np.float32)
        joints[3] = np.nan
        bodies.append(
            Body(
                id=str(72057594037931101 + person),
                joints=joints,
                tracking=random.integers(0, 3, 25).astype(np.uint8),
                depth_px=(random.normal(size=(25, 2)) * 100).astype(np.float32),
                color_px=(random.normal(size=(25, 2)) * 900).astype(np.float32),
                orientations=random.normal(size=(25, 4)).astype(np.float32) if person else None,
            )
        )
    return SkeletonFrame(tuple(bodies))


def inertial(k: int) -> NDArray[np.float32]:
    return np.random.default_rng(k).normal(size=6).astype(np.float32)


def sound(k: int) -> NDArray[np.int16]:
    count = SOUND_RATE // 30
    t = (np.arange(count) + k * count) / SOUND_RATE
    return (8000 * np.sin(2 * np.pi * 330 * t)).astype(np.int16)[:, None]


def open_writer(folder: Path) -> HarrecWriter:
    camera = Camera(64, 48, 50.0, 51.0, 32.0, 24.0, k1=0.1, translation=np.array([0.05, 0, 0]))
    return HarrecWriter(
        folder,
        name="S1 動作",
        streams=SPECS,
        subject=3,
        view=2,
        repetition=1,
        action=Action("A001", 0, "drink water"),
        cameras={"depth": camera},
        problems=("Made for a test.",),
    )


def write_frame(writer: HarrecWriter, k: int) -> None:
    time_ns = frame_time(k)
    writer.picture("color", time_ns, color(k))
    writer.picture("depth", time_ns + 7, depth(k))
    writer.picture("infrared", time_ns + 7, infrared(k))
    writer.skeleton("skeleton", time_ns + 7, skeleton(k))
    for step in range(3):
        writer.inertial("inertial", START_NS + (3 * k + step) * 10_000_000, inertial(3 * k + step))
    writer.audio("audio", sound(k))


def write_recording(folder: Path, frames: int = FRAMES) -> Path:
    with open_writer(folder) as writer:
        for k in range(frames):
            write_frame(writer, k)
    return folder


def main() -> None:
    writer = open_writer(Path(sys.argv[1]))
    k = 0
    while True:
        write_frame(writer, k)
        print(k, flush=True)
        k += 1
        time.sleep(0.002)


if __name__ == "__main__":
    main()
