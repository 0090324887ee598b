"""Sample data sets in the layouts people really have, made from a seed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from harstudio.errors import UsageError
from harstudio.labels.project import Project
from harstudio.recordings.formats.ntu_writer import SampleName
from harstudio.skeletons.cameras import Camera
from harstudio.synthesis.layout_harrec import (
    About,
    Quality,
    clips_of,
    label_set_of,
    script_action,
    write_labels,
    write_recording,
)
from harstudio.synthesis.layout_ntu import SETUP, write_ntu
from harstudio.synthesis.layout_utd import write_utd
from harstudio.synthesis.room import Room
from harstudio.synthesis.scripts import Script, find_scripts, perform, table_side
from harstudio.synthesis.shooting import (
    FrameCounter,
    Rig,
    Shot,
    film,
    frame_count,
    make_rig,
)
from harstudio.synthesis.subject import Subject, make_subject
from harstudio.synthesis.take import Take
from harstudio.synthesis.viewpoint import (
    VIEW_DEGREES,
    color_camera,
    depth_camera,
    kinect_v1_cameras,
    make_viewpoint,
)

Layout = Literal["ntu", "utd", "harrec"]
LAYOUTS: tuple[Layout, ...] = ("ntu", "utd", "harrec")
RENDER_WIDTH = 960
ANNOTATOR = "script"


@dataclass(frozen=True)
class SampleReport:
    """What was written: recordings (one a view), frames, and the paths of their files."""

    recordings: int
    frames: int
    paths: tuple[Path, ...]


@dataclass(frozen=True, eq=False)
class _Performance:
    """One take and who acted what for which time."""

    script: Script
    subject: int
    repetition: int
    take: Take
    seed: list[int]


def write_sample(
    out: Path,
    layout: Layout = "ntu",
    subjects: int = 2,
    actions: Sequence[str] = (),
    repeats: int = 1,
    views: int = 1,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
    *,
    color_width: int = 0,
    cancelled: Callable[[], bool] | None = None,
) -> SampleReport:
    """Write a sample data set into ``out`` (made when missing).

    actions: keys ("drink"), dataset codes ("A001", "a25") or names; none takes all of the
    layout. views: 1 to 3 (front, then 45 degrees on either side). seed: the same seed gives the
    same people, motions and bytes of skeletons and depth. color_width: pixels of the colour
    pictures (even; 0: NTU 1920 as the real ones, harrec 960; UTD-MHAD is always 640 x 480).
    progress(frames done, frames in all); cancelled() stops between frames with CancelledError,
    leaving what is finished. UsageError for numbers and names that make no sense.
    """
    scripts = _checked(layout, subjects, actions, repeats, views, color_width)
    performances = list(_perform(scripts, subjects, repeats, seed))
    total = sum(frame_count(p.take) for p in performances) * views
    counter = FrameCounter(total, progress, cancelled)
    out.mkdir(parents=True, exist_ok=True)
    writer = {"ntu": _write_ntu, "utd": _write_utd, "harrec": _write_harrec}[layout]
    paths = writer(out, performances, views, seed, color_width, counter)
    return SampleReport(len(performances) * views, counter.done, tuple(paths))


def _checked(
    layout: str, subjects: int, actions: Sequence[str], repeats: int, views: int, width: int
) -> list[Script]:
    if layout not in LAYOUTS:
        raise UsageError(f"There is no layout {layout!r}.", remedy=f"Choose {', '.join(LAYOUTS)}.")
    limits = {"subjects": (subjects, 999), "repeats": (repeats, 999), "views": (views, 3)}
    for name, (value, most) in limits.items():
        if not 1 <= value <= most:
            raise UsageError(f"{name} is {value} but has to be 1 to {most}.")
    if width and (width < 160 or width > 1920 or width % 32):
        raise UsageError(
            f"The colour width {width} will not do.",
            remedy="Choose a multiple of 32 from 160 to 1920.",
        )
    if layout == "utd" and views != 1:
        raise UsageError("UTD-MHAD has a single view.", remedy="Leave views at 1.")
    return find_scripts(actions, layout if layout != "harrec" else "")


def _perform(
    scripts: Sequence[Script], subjects: int, repeats: int, seed: int
) -> Iterator[_Performance]:
    """All takes; the second person of a pair is the next subject."""
    for number in range(1, subjects + 1):
        pair = [make_subject(number, seed), make_subject(number % max(subjects, 2) + 1, seed)]
        for script in scripts:
            for repetition in range(1, repeats + 1):
                mark = sum(ord(c) * 131**k for k, c in enumerate(script.key)) % (2**31)
                key = [seed, number, mark, repetition]
                take = perform(script, pair, key)
                yield _Performance(script, number, repetition, take, key)


def _rigs(
    views: int, seed: int, color: Camera, depth: Camera
) -> Callable[[int, Script, Subject], Rig]:
    """Rigs by view and furniture, each set up once."""
    kept: dict[tuple[int, frozenset[str], float], Rig] = {}

    def rig(view: int, script: Script, subject: Subject) -> Rig:
        furniture = frozenset(script.furniture)
        key = (view, furniture, table_side(subject) if "table" in furniture else 0.0)
        if key not in kept:
            room = Room(seed, furniture, key[2])
            kept[key] = make_rig(make_viewpoint(view, seed), room, color, depth)
        return kept[key]

    return rig


def _each(
    performances: Sequence[_Performance], views: int, seed: int, cameras: tuple[Camera, Camera],
    counter: FrameCounter, tracked: Camera | None = None,
) -> Iterator[tuple[_Performance, int, Rig, Iterator[Shot]]]:  # fmt: skip
    """Every performance in every view, ready to be filmed."""
    rig = _rigs(views, seed, *cameras)
    for performance in performances:
        for view in list(VIEW_DEGREES)[:views]:
            take = performance.take
            used = rig(view, performance.script, take.motions[0].subject)
            shots = film(take, used, [*performance.seed, view], tracked)
            yield performance, view, used, counter(shots)


def _write_ntu(
    out: Path, performances: Sequence[_Performance], views: int, seed: int, width: int,
    counter: FrameCounter,
) -> list[Path]:  # fmt: skip
    stored = width or 1920
    cameras = (color_camera(min(stored, RENDER_WIDTH)), depth_camera())
    paths: list[Path] = []
    for p, view, _, shots in _each(
        performances, views, seed, cameras, counter, color_camera(stored)
    ):
        sample = SampleName(SETUP, view, p.subject, p.repetition, p.script.ntu)
        paths += write_ntu(out, sample, p.take, shots, frame_count(p.take), stored)
    return paths


def _write_utd(
    out: Path, performances: Sequence[_Performance], views: int, seed: int, width: int,
    counter: FrameCounter,
) -> list[Path]:  # fmt: skip
    depth, color = kinect_v1_cameras()
    paths: list[Path] = []
    for p, _, _, shots in _each(performances, views, seed, (color, depth), counter):
        number = p.script.utd
        paths += write_utd(out, number, p.subject, p.repetition, p.take, shots, p.seed)
    return paths


def _write_harrec(
    out: Path, performances: Sequence[_Performance], views: int, seed: int, width: int,
    counter: FrameCounter,
) -> list[Path]:  # fmt: skip
    """A project whose labels say what really happened."""
    keys = list(dict.fromkeys(p.script.key for p in performances))
    project = Project.create(out, "Sample", label_set=label_set_of(keys, "Sample"))
    cameras = (color_camera(width or RENDER_WIDTH), depth_camera())
    paths: list[Path] = []
    for p, view, rig, shots in _each(performances, views, seed, cameras, counter):
        name = f"{p.script.key}-s{p.subject:02d}-r{p.repetition}-v{view}"
        action = script_action(p.script.key)
        about = About(name, p.subject, view, p.repetition, action)
        folder = out / "recordings" / f"{name}.harrec"
        write_recording(folder, about, p.take, shots, rig, p.seed, Quality())
        write_labels(project, name, ANNOTATOR, clips_of(p.take, f"{seed}:{name}"))
        paths.append(folder)
    return paths
