"""The demo project: short clips, one untrimmed minute, and two annotators who disagree in places.

``python -m harstudio.synthesis.demo FOLDER`` makes it anew.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harstudio.labels.model import Clip
from harstudio.labels.project import Project
from harstudio.synthesis.layout_harrec import (
    About,
    Quality,
    clip_id,
    clips_of,
    label_set_of,
    script_action,
    shifted,
    write_labels,
    write_recording,
)
from harstudio.synthesis.room import Room
from harstudio.synthesis.scripts import SCRIPTS, perform, table_side
from harstudio.synthesis.shooting import FrameCounter, Rig, film, frame_count, make_rig
from harstudio.synthesis.subject import Subject, make_subject
from harstudio.synthesis.take import Performed, Take, make_take, turn_to, walk
from harstudio.synthesis.viewpoint import color_camera, depth_camera, make_viewpoint

SEED = 26
NAME = "HARStudio demo"
CLIPS = ("drink", "throw", "clap", "wave", "kick", "fall")
VIEW_OF_SUBJECT = {1: 1, 2: 3}
UNTRIMMED = "untrimmed-minute"
COLOR_WIDTH = 960
CLIP_STEP_MM, UNTRIMMED_STEP_MM = 4, 8  # noise is what depth without loss costs
QUALITY = Quality(
    crf=27, infrared_crf=28, body_depth_only=True, lean_bodies=True, sound="opus",
    preset="medium", lookahead=20, key_interval=30,
)  # fmt: skip
DOOR = (2.75, 1.3)  # where the visitor comes in, outside of the picture
MEETING = (0.98, 0.04)
CHEER, WAVE, STAND_UP = (SCRIPTS[key].name for key in ("cheer", "wave", "stand-up"))


@dataclass(frozen=True, eq=False)
class _Planned:
    """One recording to be made."""

    about: About
    take: Take
    rig: Rig
    seed: list[int]


def untrimmed_take(subjects: tuple[Subject, Subject], seed: int) -> Take:
    """A minute: one person acts and is visited by a second one."""
    take = make_take(subjects, [(0.0, 0.0, 0.0), (*DOOR, -125.0)], [seed, 60])
    time = 0.9

    def act(key: str) -> None:
        nonlocal time
        end = SCRIPTS[key].act(take, time)
        take.performed.append(Performed(time, end, SCRIPTS[key].name, 0))
        time = end + float(take.rng.uniform(0.7, 1.5))

    for key in ("wave", "drink", "sit-down"):
        act(key)
    time += 1.2
    for key in ("stand-up", "clap"):
        act(key)
    arrived = walk(take, 1, time - 1.0, MEETING, -90.0)
    time = max(arrived, turn_to(take, 0, time + 0.6, 90.0)) + 0.3
    act("handshake")
    walk(take, 1, time, DOOR, 60.0)
    time = turn_to(take, 0, time + 0.4, 0.0) + 0.4
    for key in ("phone", "pick-up", "throw", "kick", "cheer", "bow", "jump"):
        act(key)
    take.end = max(60.0, time + 0.3)
    return take


def write_demo(
    folder: Path,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Project:
    """Make the demo project in an empty or new folder.

    progress(frames done, frames in all); cancelled() stops between frames with
    CancelledError.
    """
    keys = [key for key, script in SCRIPTS.items() if script.ntu]
    project = Project.create(folder, NAME, label_set=label_set_of(keys, NAME))
    planned = _plan()
    counter = FrameCounter(sum(frame_count(p.take) for p in planned), progress, cancelled)
    for number, plan in enumerate(planned):
        name = plan.about.name
        shots = counter(film(plan.take, plan.rig, plan.seed))
        target = folder / "recordings" / f"{name}.harrec"
        write_recording(target, plan.about, plan.take, shots, plan.rig, plan.seed, QUALITY)
        truth = clips_of(plan.take, name)
        write_labels(project, name, "alice", _alice(truth))
        if name == UNTRIMMED or number % 6 != 4:
            write_labels(project, name, "bob", _bob(truth, name, number))
    return project


def _plan() -> list[_Planned]:
    subjects = (make_subject(1, SEED), make_subject(2, SEED))
    sensors = (color_camera(COLOR_WIDTH), depth_camera())
    planned = []
    rigs: dict[tuple[int, bool], Rig] = {}
    for who in subjects:
        view = VIEW_OF_SUBJECT[who.number]
        for key in CLIPS:
            furniture = frozenset(SCRIPTS[key].furniture)
            if (view, bool(furniture)) not in rigs:
                room = Room(SEED, furniture, table_side(who))
                rigs[view, bool(furniture)] = make_rig(
                    make_viewpoint(view, SEED), room, *sensors, 0.0, CLIP_STEP_MM
                )
            rig = rigs[view, bool(furniture)]
            seed = [SEED, who.number, CLIPS.index(key)]
            about = About(f"{key}-s{who.number:02d}", who.number, view, 1, script_action(key))
            planned.append(_Planned(about, perform(SCRIPTS[key], [who], seed), rig, seed))
    room = Room(SEED + 1, frozenset(("chair", "table")), table_side(subjects[0]))
    rig = make_rig(make_viewpoint(1, SEED + 1), room, *sensors, 0.0, UNTRIMMED_STEP_MM)
    take = untrimmed_take(subjects, SEED)
    planned.append(_Planned(About(UNTRIMMED, 1, 1, 1, None), take, rig, [SEED, 60]))
    return planned


def _alice(truth: list[Clip]) -> list[Clip]:
    """A careful annotator: a frame or two off."""
    moves = ((0, 1), (-1, 0), (1, -1), (0, 0), (-1, 2))
    return [shifted(clip, *moves[k % 5]) for k, clip in enumerate(truth)]


def _bob(truth: list[Clip], recording: str, number: int) -> list[Clip]:
    """A quicker one: cuts differently, takes the cheering for waving, misses the standing up."""
    moves = ((4, -9), (-6, 3), (7, 5), (2, -12), (-3, -4), (9, 2))
    said = []
    for k, clip in enumerate(truth):
        label = clip.label
        if recording == UNTRIMMED and label == STAND_UP:
            continue
        label = WAVE if recording == UNTRIMMED and label == CHEER else label
        moved = shifted(clip, *moves[(k + number) % 6], label)
        identity = clip_id(f"bob:{recording}", k)
        said.append(Clip(moved.start_ns, moved.end_ns, label, id=identity))
    return said


def main(arguments: list[str]) -> int:
    """Command line: one folder."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m harstudio.synthesis.demo FOLDER\n")
        return 2
    folder = Path(arguments[0])

    def progress(done: int, total: int) -> None:
        if done % 30 == 0 or done == total:
            sys.stderr.write(f"\r{done} of {total} frames")

    write_demo(folder, progress)
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    sys.stderr.write(f"\n{folder}: {size / 1e6:.1f} MB\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
