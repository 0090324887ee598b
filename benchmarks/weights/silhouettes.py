"""Made colour for UTD-MHAD: what the bundled colour stream has seen, for there is no real one.

The depth of UTD-MHAD has its background removed. Each trial's people get skin, shirt, trousers and
hair of random colours, lit from the slope of their depth, in front of a furnished room of
``harstudio.synthesis`` that only this trial has. Written are recordings with this colour (every
second frame) and the joints as they are; names, subjects and actions stay.

    python benchmarks/weights/silhouettes.py UTD-MHAD OUT
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from harstudio.recordings.formats import open_recording, scan
from harstudio.recordings.formats.harrec_header import StreamSpec
from harstudio.recordings.formats.harrec_writer import HarrecWriter
from harstudio.recordings.projection import project_joints
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import Body, StreamKind
from harstudio.skeletons.topology import topology
from harstudio.synthesis.room import Room
from harstudio.synthesis.viewpoint import make_viewpoint

EVERY = 2  # frames of depth for one of colour
LIGHT = np.array((-0.4, -0.6, -0.7)) / np.linalg.norm((0.4, 0.6, 0.7))
AMBIENT = 0.45
SKIN = ((236, 188, 180), (198, 134, 66), (141, 85, 36), (255, 219, 172))

Picture = NDArray[np.uint8]


def main() -> None:
    """Write all trials; those that are there stay."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("out", type=Path)
    arguments = parser.parse_args()
    found = sorted(scan(arguments.data).recordings, key=lambda one: one.name)
    for number, one in enumerate(found):
        place = arguments.out / f"{one.name}.harrec"
        if place.exists():
            continue
        with open_recording(one.path) as recording:
            write(recording, place, seed=number)
        if number % 50 == 0:
            print(f"{number} of {len(found)}", flush=True)


def write(recording: Recording, place: Path, seed: int) -> None:
    """One trial with made colour."""
    depth, skeleton = recording.streams["depth"], recording.streams["skeleton"]
    camera = recording.cameras["depth"]
    room = Room(seed, frozenset({"chair", "table"})).seen(camera, make_viewpoint(1, seed))
    behind = (np.sqrt(np.clip(room.light, 0, 1)) * 255).astype(np.uint8)
    rng = np.random.default_rng([seed, 11])
    colors = dress(rng)
    height, width = behind.shape[:2]
    specs = [
        StreamSpec("color", StreamKind.COLOR, width, height, 30 / EVERY, lookahead=10),
        StreamSpec("skeleton", StreamKind.SKELETON, topology=skeleton.topology),
    ]
    with HarrecWriter(
        place, name=recording.name, streams=specs, subject=recording.subject,
        repetition=recording.repetition, action=recording.action, cameras={"color": camera},
    ) as writer:  # fmt: skip
        for index, time_ns in enumerate(skeleton.times_ns.tolist()):
            writer.skeleton("skeleton", time_ns, skeleton.frame(index))
        for index in range(0, len(depth) + 1 - EVERY, EVERY):  # none lasts longer than the trial
            body = skeleton.frame(min(index, len(skeleton) - 1)).bodies[0]
            rows = heights(recording, body, skeleton.topology)
            seen = painted(depth.frame(index), behind, colors, rows, rng)
            writer.picture("color", int(depth.times_ns[index]), seen)


def dress(rng: np.random.Generator) -> NDArray[np.float32]:
    """(3, 3) colours of skin, shirt and trousers, 0 to 255."""
    skin = SKIN[int(rng.integers(len(SKIN)))]
    return np.array((skin, rng.uniform(20, 235, 3), rng.uniform(15, 160, 3)), dtype=np.float32)


def heights(recording: Recording, body: Body, name: str) -> tuple[float, float]:
    """Rows of the picture at the neck and at the hips."""
    known = topology(name)
    pixels = project_joints(recording, "depth", body)
    assert pixels is not None
    neck, hips = known.index("ShoulderCenter"), known.index("HipCenter")
    return float(pixels[neck, 1]), float(pixels[hips, 1])


def painted(
    depth: NDArray[Any], behind: Picture, colors: NDArray[np.float32],
    rows: tuple[float, float], rng: np.random.Generator,
) -> Picture:  # fmt: skip
    """(H, W, 3) the person before the room."""
    person = depth > 0
    smooth = cv2.medianBlur(depth.astype(np.uint16), 5).astype(np.float32)
    across, down = cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)
    normal = np.dstack((across / 40, down / 40, np.full(depth.shape, -1, np.float32)))
    normal /= np.linalg.norm(normal, axis=2, keepdims=True)
    shade = AMBIENT + (1 - AMBIENT) * np.clip(normal @ LIGHT.astype(np.float32), 0, 1)
    row = np.arange(depth.shape[0], dtype=np.float32)[:, None]
    part = np.where(row < rows[0], 0, np.where(row < rows[1], 1, 2))
    own = colors[np.broadcast_to(part, depth.shape)] * shade[..., None]
    noise = rng.normal(0, 3, depth.shape).astype(np.float32)[..., None]
    out = np.where(person[..., None], own, behind) + noise
    return np.clip(out, 0, 255).astype(np.uint8)


if __name__ == "__main__":
    main()
