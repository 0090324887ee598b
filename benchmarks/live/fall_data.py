"""Sessions of scripted people of whom some fall, for ``fall.py``.

A session is half a minute: standing, walking about, everyday actions, and at the end a fall
(backwards, forwards or aside), lying down with care, or neither. The virtual Kinect v2 sees colour,
depth and joints at 10 frames a second, with pictures of half its size. ``train`` are people 1 to
10 and their rooms, ``test`` people and rooms of another seed, ``occluded`` the same sessions as
``test`` behind a board 0.75 to 0.95 m high, 1.3 m before the person, that hides who lies.

``joints`` and ``joints-occluded`` are an hour each of other people, as many sessions as that takes,
without pictures: nothing is rendered but the empty room, so that nobody's own body hides a joint.

    python benchmarks/live/fall_data.py OUT        # OUT/train, OUT/test, OUT/occluded, ...

Frames of the same seed are the same. About 20 ms a frame on one core: 15 minutes in all; what is
there already is not made again.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np

from harstudio.labels.label_sets.label_set import LabelSet
from harstudio.labels.model import Clip
from harstudio.labels.project import Project, is_project
from harstudio.recordings.formats.harrec_header import StreamSpec
from harstudio.recordings.formats.harrec_writer import HarrecWriter
from harstudio.recordings.streams import StreamKind, evenly
from harstudio.skeletons.cameras import Camera
from harstudio.synthesis.layout_harrec import clip_id, write_labels
from harstudio.synthesis.room import Room
from harstudio.synthesis.scripts import SCRIPTS
from harstudio.synthesis.sensor import BodyTracker
from harstudio.synthesis.shooting import Rig, film, frame_count, make_rig, whole_or_nothing
from harstudio.synthesis.subject import Subject, make_subject
from harstudio.synthesis.take import Performed, Take, make_take, turn_to, walk
from harstudio.synthesis.viewpoint import color_camera, make_viewpoint

RATE_HZ = 10.0
COLOR_WIDTH = 256
DEPTH = Camera(256, 212, fx=182.75, fy=182.75, cx=128.4, cy=104.9)  # Kinect v2's, halved
NOTHING, LYING, SITTING, STANDING, WALKING = "", "lying", "sitting", "standing", "walking"
FALLS = ("fall", "fall-forward", "fall-aside")
# what people see of an action -> how it is called here
NAMES = {
    "fall": "falling", "fall-forward": "falling", "fall-aside": "falling",
    "lie-down": "lying down", "sit-down": "sitting down", "stand-up": "standing up",
    "crouch": "crouching", "squat": "crouching", "pick-up": "bending", "bow": "bending",
    "wave": "moving the arms", "cheer": "moving the arms", "kick": "kicking", "jump": "jumping",
}  # fmt: skip
EVERYDAY = ("crouch", "squat", "pick-up", "bow", "wave", "cheer", "kick", "jump")
CLASSES = (*dict.fromkeys(NAMES.values()), LYING, SITTING, STANDING, WALKING)
TIER_ANNOTATOR = "script"


class Part(NamedTuple):
    """people, sessions of each; whether a board hides them, whether pictures are made."""

    seed: int
    people: int
    sessions: int
    hidden: bool = False
    pictures: bool = True


PARTS = {
    "train": Part(901, 10, 5),
    "test": Part(502, 8, 4),
    "occluded": Part(502, 8, 4, hidden=True),
    "joints": Part(703, 24, 6, pictures=False),
    "joints-occluded": Part(703, 24, 6, hidden=True, pictures=False),
}


def session(subject: Subject, seed: list[int]) -> tuple[Take, bool]:
    """A session, and whether a chair stands there."""
    rng = np.random.default_rng([*seed, 77])
    take = make_take([subject], [(0.0, 0.0, 0.0)], seed)
    end = ("fall", "fall-forward", "fall-aside", "fall", "fall-forward", "fall-aside", "lie-down",
           "lie-down", NOTHING)[int(rng.integers(9))]  # fmt: skip
    chair = bool(rng.random() < 0.5)
    time = _still(take, 0.0, float(rng.uniform(0.8, 2.0)))

    def act(key: str) -> None:
        nonlocal time
        over = SCRIPTS[key].act(take, time)
        take.performed.append(Performed(time, over, NAMES[key], 0))
        time = over

    if chair:
        act("sit-down")
        sat = time
        time += float(rng.uniform(2.0, 4.0))
        take.performed.append(Performed(sat, time, SITTING, 0))
        act("stand-up")
        time = _still(take, time, float(rng.uniform(0.8, 1.6)))
    for _ in range(int(rng.integers(2, 4))):
        begun = time
        to = (float(rng.uniform(-0.7, 0.7)), float(rng.uniform(0.1, 0.8)))
        time = walk(take, 0, time, to, float(rng.uniform(-180, 180)))
        take.performed.append(Performed(begun, time, WALKING, 0))
        time = _still(take, time, float(rng.uniform(0.4, 1.6)))
        act(str(rng.choice(EVERYDAY)))
        time = _still(take, time, float(rng.uniform(0.4, 1.6)))
    if rng.random() < 0.5:
        time = turn_to(take, 0, time, float(rng.uniform(-180, 180)))
    if end:
        act(end)
        lay = time
        time += float(rng.uniform(2.5, 5.0))
        take.performed.append(Performed(lay, time, LYING, 0))
    else:
        time = _still(take, time, 3.0)
    take.end = time
    return take, chair


def _still(take: Take, time: float, seconds: float) -> float:
    take.performed.append(Performed(time, time + seconds, STANDING, 0))
    return time + seconds


def make(out: Path, part: str) -> None:
    """Write what is missing of a part."""
    seed, people, sessions, hidden, pictures = PARTS[part]
    out.mkdir(parents=True, exist_ok=True)
    project = (
        Project.open(out)
        if is_project(out)
        else Project.create(out, "Falls", label_set=LabelSet.of("Falls", list(CLASSES)))
    )
    for number in range(1, people + 1):
        for repetition in range(1, sessions + 1):
            name = f"s{number:02d}-r{repetition}"
            folder = out / "recordings" / f"{name}.harrec"
            if folder.exists() and project.annotators(name):
                continue
            shutil.rmtree(folder, ignore_errors=True)  # what was broken off
            take, chair = session(make_subject(number, seed), [seed, number, repetition])
            room = Room(seed + number, frozenset(("chair",) if chair else ()))
            if hidden:
                _put_board(room, seed, number)
            view = make_viewpoint(1, seed + number)
            rig = make_rig(view, room, color_camera(COLOR_WIDTH), DEPTH)
            about = folder, name, number, repetition
            _write(*about, take, rig, [seed, number, repetition], pictures)
            clips = [
                Clip(round(done.start * 1e9), round(done.end * 1e9), done.action,
                     id=clip_id(f"{seed}:{name}", k))
                for k, done in enumerate(take.performed)
            ]  # fmt: skip
            write_labels(project, name, TIER_ANNOTATOR, clips)
            print(f"{part} {name} {take.end:.0f} s", file=sys.stderr, flush=True)


def _put_board(room: Room, seed: int, number: int) -> None:
    """A low cupboard between sensor and person."""
    rng = np.random.default_rng([seed, number, 5])
    height, left = float(rng.uniform(0.75, 0.95)), float(rng.uniform(-1.6, -1.0))
    room.boxes.append(((left, 0.0, 1.55), (left + 2.6, height, 1.85), (138, 106, 78)))


def _write(
    folder: Path, name: str, subject: int, repetition: int, take: Take, rig: Rig,
    seed: list[int], pictures: bool,
) -> None:  # fmt: skip
    color, depth = rig.color.camera, rig.depth.camera
    specs = [StreamSpec("skeleton", StreamKind.SKELETON, rate_hz=RATE_HZ, topology="kinect_v2_25")]
    if pictures:
        specs += [
            StreamSpec("color", StreamKind.COLOR, color.width, color.height, RATE_HZ),
            StreamSpec("depth", StreamKind.DEPTH, depth.width, depth.height, RATE_HZ),
        ]
    with (
        whole_or_nothing(folder),
        HarrecWriter(
            folder, name=name, streams=specs, subject=subject, view=1, repetition=repetition,
            cameras={spec.name: rig.cameras[spec.name] for spec in specs if spec.width},
        ) as writer,
    ):  # fmt: skip
        if not pictures:
            tracker = BodyTracker(depth, color, rig.view, 1, seed)
            for time_ns in evenly(frame_count(take, RATE_HZ), RATE_HZ).tolist():
                bodies = tracker.track(take.skeletons(time_ns / 1e9), rig.depth.seen.empty.depth)
                writer.skeleton("skeleton", time_ns, bodies)
            return
        for shot in film(take, rig, seed, rate_hz=RATE_HZ):
            writer.picture("color", shot.time_ns, shot.color)
            writer.picture("depth", shot.time_ns, shot.depth.depth)
            writer.skeleton("skeleton", shot.time_ns, shot.bodies)


def main() -> None:
    """Make the parts that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--part", choices=(*PARTS, "all"), default="all")
    wanted = parser.parse_args()
    for part in PARTS if wanted.part == "all" else (wanted.part,):
        make(wanted.out / part, part)


if __name__ == "__main__":
    main()
