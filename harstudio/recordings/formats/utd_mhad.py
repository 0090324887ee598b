"""UTD-MHAD: Kinect v1 depth and skeletons and one inertial sensor, 27 actions, 8 subjects.

Files ``aA_sS_tT_{color.avi,depth.mat,skeleton.mat,inertial.mat}``, in one folder or in the
dataset's ``RGB``, ``Depth``, ``Skeleton`` and ``Inertial``. There are no time stamps: the streams
of a trial were cut to the same action, so each is spread over the same time, which is that of
the skeleton (else depth, colour) at 30 frames a second, else of the inertial sensor at 50 Hz.

Pictures and joints are of the same mirrored view: joints project into the depth picture with +x,
without flipping, and the subject's right hand is on the right of the picture. No calibration is
published; the cameras are the nominal ones of a Kinect v1.
"""

from __future__ import annotations

import json
import re
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harstudio.errors import DataError, UnknownFormatError, together
from harstudio.recordings.formats.first_look import look_at_video
from harstudio.recordings.formats.found import Claim, Found, Listing, Problem, Scanner
from harstudio.recordings.formats.matlab import Variable, load_matlab, matlab_variables
from harstudio.recordings.formats.trees import Tree, holds
from harstudio.recordings.recording import Action, Recording
from harstudio.recordings.streams import (
    SECOND_NS,
    ArrayReader,
    Body,
    PictureStream,
    SampledStream,
    SkeletonFrame,
    SkeletonStream,
    Stream,
    StreamKind,
)
from harstudio.recordings.video import video_stream
from harstudio.recordings.video_index import VideoIndex, index_media
from harstudio.resources import resource
from harstudio.skeletons.cameras import Camera

NAME = "utd-mhad"
RATE_HZ = 30.0
INERTIAL_HZ = 50.0
JOINTS = 20
CHANNELS = ("ax", "ay", "az", "gx", "gy", "gz")  # g and degrees a second
VARIABLES = {"skeleton": "d_skel", "depth": "d_depth", "inertial": "d_iner"}
ORDER = ("skeleton", "depth", "inertial", "color")  # the first that is there names the trial
COLOR_BASELINE_M = 0.025  # the colour camera stands this far beside the depth camera
FILE = re.compile(
    r"(a(\d{1,2})_s(\d{1,2})_t(\d{1,2}))_(?:(color)\.avi|(depth|skeleton|inertial)\.mat)",
    re.IGNORECASE,
)
NEIGHBOURS = {name: re.compile(rf"a\d+_s\d+_t\d+_{name}\.\w+", re.I) for name in ORDER}
TREE = Tree(re.compile(r"(rgb|colou?r|depth|skeleton|inertial)([-_ ]?(part)?[-_ ]?\d+)?", re.I))


def recognises(path: Path) -> bool:
    """A file of a trial, by its name."""
    return FILE.fullmatch(path.name) is not None and not path.is_dir()


def scanner() -> Scanner:
    """Trials over the dataset's folders; the headers of their files are looked at."""
    return _TrialScanner()


def open_recording(path: Path) -> Recording:
    """The trial that a file belongs to; depth is read when its first frame is asked for."""
    trial, modality = _split(path.name)
    if not trial:
        raise UnknownFormatError("This is not named like a UTD-MHAD file.", path=path)
    files, expected = _files(path.parent, trial)
    files[modality] = path
    problems = [
        f"{trial}_{name} is missing: the other trials here have {name}."
        for name in sorted(expected - set(files))
    ]
    failures: list[DataError] = []
    variables: dict[str, Variable] = {}
    for name in ORDER[:3]:
        if name in files:
            try:
                variables[name] = _variable(files[name], name)
            except DataError as error:
                failures.append(error)
    streams = _streams(files, variables, problems, failures)
    if not streams:
        raise together(failures)
    problems += map(str, failures)
    return Recording(
        name=trial,
        format=NAME,
        path=next(files[name] for name in ORDER if name in files),
        streams={stream.name: stream for stream in streams},
        cameras=_cameras(streams),
        problems=tuple(problems),
        files=tuple(files.values()),
        **_meaning(trial),
    )


def _split(name: str) -> tuple[str, str]:
    match = FILE.fullmatch(name)
    if match is None:
        return "", ""
    return match[1].lower(), (match[5] or match[6]).lower()


def _meaning(trial: str) -> dict[str, Any]:
    action, subject, repetition = (int(part[1:]) for part in trial.split("_"))
    name = _class_names().get(action)
    return {
        "subject": subject,
        "repetition": repetition,
        "action": None if name is None else Action(f"a{action}", action - 1, name),
    }


@lru_cache(maxsize=1)
def _class_names() -> dict[int, str]:
    facts = json.loads(resource("datasets", "class_names_utd.json").read_text(encoding="utf-8"))
    return {int(one["a"]): str(one["name"]) for one in facts["classes"]}


def _files(folder: Path, trial: str) -> tuple[dict[str, Path], set[str]]:
    """The files of a trial by modality, and the modalities that other trials here have."""
    files: dict[str, Path] = {}
    expected: set[str] = set()
    for place in TREE.folders(folder):
        for modality in ORDER:
            suffix = "avi" if modality == "color" else "mat"
            file = place / f"{trial}_{modality}.{suffix}"
            if file.is_file():
                files.setdefault(modality, file)
            if modality not in expected and holds(place, NEIGHBOURS[modality]):
                expected.add(modality)
    return files, expected


def _variable(path: Path, modality: str) -> Variable:
    """The variable of a file, its shape checked; DataError says what is wrong."""
    found = matlab_variables(path)
    name = VARIABLES[modality]
    if name not in found:
        raise DataError(
            f"The variable {name} is not in it, only {', '.join(sorted(found))}.", path=path
        )
    shape = found[name].shape
    good = {
        "skeleton": shape[:2] == (JOINTS, 3) and len(shape) in (2, 3) and shape[2:] != (0,),
        "depth": len(shape) in (2, 3) and min(shape) > 0 and max(shape[:2]) <= 4096,
        "inertial": len(shape) == 2 and shape[1] == len(CHANNELS) and shape[0] > 0,
    }[modality]
    if not good:
        wanted = {
            "skeleton": f"({JOINTS}, 3, frames)",
            "depth": "(height, width, frames)",
            "inertial": f"(samples, {len(CHANNELS)})",
        }[modality]
        raise DataError(f"{name} has the shape {shape}, not {wanted}.", path=path)
    return found[name]


def _count(modality: str, variable: Variable) -> int:
    """Frames or samples; MATLAB drops the last axis of a single frame."""
    if modality == "inertial":
        return variable.shape[0]
    return variable.shape[2] if len(variable.shape) == 3 else 1


def _unequal(counts: dict[str, int]) -> str:
    """A sentence where depth and skeleton, one sensor's, differ in length; else nothing."""
    depth, skeleton = counts.get("depth"), counts.get("skeleton")
    if depth is None or skeleton is None or depth == skeleton:
        return ""
    return (
        f"Depth has {depth} frames and the skeleton {skeleton}: they are matched by their "
        "relative position."
    )


def _spread(count: int, duration_ns: float) -> NDArray[np.int64]:
    """(count,) int64 times of samples spread evenly, both ends included."""
    steps = np.arange(count) * (duration_ns / max(1, count - 1))
    return np.asarray(np.rint(steps), dtype=np.int64)


def _streams(
    files: dict[str, Path],
    variables: dict[str, Variable],
    problems: list[str],
    failures: list[DataError],
) -> list[Stream[Any]]:
    counts = {name: _count(name, variable) for name, variable in variables.items()}
    color = _color_index(files.get("color"), problems, failures)
    if color is not None:
        counts["color"] = len(color)
    leader = next((name for name in ("skeleton", "depth", "color") if name in counts), None)
    rate = RATE_HZ if leader else INERTIAL_HZ
    duration = (counts.get(leader or "inertial", 1) - 1) * SECOND_NS / rate
    unequal = _unequal(counts)
    if unequal:
        problems.append(unequal)
    makers: dict[str, Callable[[NDArray[np.int64]], Stream[Any]]] = {
        "skeleton": lambda times: _skeleton(files["skeleton"], variables["skeleton"], times),
        "depth": lambda times: _depth(files["depth"], variables["depth"], times),
        "inertial": lambda times: _inertial(files["inertial"], variables["inertial"], times),
    }
    streams: list[Stream[Any]] = []
    for name in variables:
        try:
            streams.append(makers[name](_spread(counts[name], duration)))
        except DataError as error:
            failures.append(error)
    if color is not None:
        times = _spread(len(color), duration)
        streams.append(
            video_stream(color, files["color"], name="color", kind=StreamKind.COLOR, times_ns=times)
        )
    return streams


def _skeleton(path: Path, variable: Variable, times: NDArray[np.int64]) -> SkeletonStream:
    values = np.asarray(load_matlab(path, variable), dtype=np.float32)
    values = np.moveaxis(values.reshape(JOINTS, 3, len(times)), 2, 0)
    frames = [_frame(np.ascontiguousarray(joints)) for joints in values]
    return SkeletonStream(
        "skeleton",
        times,
        ArrayReader(frames),
        topology="utd_mhad_20",
        joints=JOINTS,
        max_bodies=1,
    )


def _frame(joints: NDArray[np.float32]) -> SkeletonFrame:
    """One body, or nobody where the tracker wrote only zeros; a joint that is no number is NaN."""
    known = np.isfinite(joints).all(axis=1)
    joints[~known] = np.nan
    if not known.any() or not np.any(joints[known]):
        return SkeletonFrame(())
    tracking = np.where(known, np.uint8(2), np.uint8(0))
    return SkeletonFrame((Body("1", joints, tracking),))


def _inertial(path: Path, variable: Variable, times: NDArray[np.int64]) -> SampledStream:
    return SampledStream(
        "inertial",
        StreamKind.INERTIAL,
        times,
        load_matlab(path, variable),
        channels=CHANNELS,
        nominal_rate_hz=INERTIAL_HZ,
    )


def _depth(path: Path, variable: Variable, times: NDArray[np.int64]) -> PictureStream:
    height, width = variable.shape[:2]
    reader = DepthReader(path, variable)
    return PictureStream(
        "depth", StreamKind.DEPTH, times, reader, width=width, height=height, dtype="uint16"
    )


class DepthReader:
    """Depth frames of one file: all are inflated together when the first is asked for."""

    def __init__(self, path: Path, variable: Variable) -> None:
        self._path = path
        self._variable = variable
        self._frames: NDArray[np.uint16] | None = None
        self._lock = threading.Lock()

    def read(self, index: int) -> NDArray[np.uint16]:
        with self._lock:
            if self._frames is None:
                self._frames = self._load()
            frames = self._frames
        return np.ascontiguousarray(frames[:, :, index])

    def read_run(self, index: int) -> Iterator[tuple[int, NDArray[np.uint16]]]:
        yield index, self.read(index)

    def close(self) -> None:
        with self._lock:
            self._frames = None

    def _load(self) -> NDArray[np.uint16]:
        values = load_matlab(self._path, self._variable)
        if values.ndim == 2:
            values = values[:, :, None]
        if values.dtype != np.uint16:
            limits = np.iinfo(np.uint16)
            values = np.clip(np.nan_to_num(values, nan=0.0), limits.min, limits.max)
        return values.astype(np.uint16, copy=False)


def _color_index(
    path: Path | None, problems: list[str], failures: list[DataError]
) -> VideoIndex | None:
    if path is None:
        return None
    try:
        media = index_media(path)
        if not media.video or not len(media.video[0]):
            raise DataError("There are no pictures in this file.", path=path)
    except DataError as error:
        failures.append(error)
        return None
    problems += [f"{path.name}: {problem}" for problem in media.problems]
    return media.video[0]


def _cameras(streams: list[Stream[Any]]) -> dict[str, Camera]:
    """Nominal Kinect v1 cameras, scaled to the pictures; nothing better is published."""
    cameras: dict[str, Camera] = {}
    for stream in streams:
        if isinstance(stream, PictureStream):
            width, height = stream.width, stream.height
            color = stream.kind == StreamKind.COLOR
            focal = 531.15 * width / 640 if color else 285.63 * width / 320
            shift = np.array([COLOR_BASELINE_M if color else 0.0, 0.0, 0.0])
            cameras[stream.name] = Camera(
                width, height, focal, focal, width / 2, height / 2, translation=shift
            )
    return cameras


class _TrialScanner:
    """Files of UTD-MHAD by dataset root and trial."""

    def __init__(self) -> None:
        self._trials: dict[tuple[Path, str], dict[str, Path]] = defaultdict(dict)
        self._problems: list[Problem] = []

    def visit(self, listing: Listing) -> Claim:
        mine = [name for name in listing.files if FILE.fullmatch(name)]
        root = TREE.root(listing.folder) if mine else listing.folder
        for name in mine:
            trial, modality = _split(name)
            path = listing.folder / name
            first = self._trials[root, trial].setdefault(modality, path)
            if first != path:
                self._problems.append(Problem(path, f"{trial} is already in {first.parent}."))
        return Claim(files=mine)

    def finish(self) -> Claim:
        expected: dict[Path, set[str]] = defaultdict(set)
        for (root, _), files in self._trials.items():
            expected[root] |= set(files)
        found = []
        for (root, trial), files in sorted(self._trials.items(), key=_by_number):
            one, problems = _found(trial, files, expected[root])
            found.append(one)
            self._problems += problems
        return Claim(recordings=found, problems=self._problems)


def _by_number(item: tuple[tuple[Path, str], dict[str, Path]]) -> tuple[str, list[int]]:
    (root, trial), _ = item
    return str(root), [int(part[1:]) for part in trial.split("_")]


def _found(trial: str, files: dict[str, Path], expected: set[str]) -> tuple[Found, list[Problem]]:
    """What a scan says of one trial; headers tell whether its files are whole."""
    path = next(files[name] for name in ORDER if name in files)
    problems = [
        Problem(path, f"{trial} has no {name}, the other trials here have.")
        for name in sorted(expected - set(files))
    ]
    counts: dict[str, int] = {}
    kinds: list[str] = []
    for name in ORDER:
        if name in files:
            try:
                if name == "color":
                    cut = look_at_video(files[name])
                    problems += [Problem(files[name], cut)] if cut else []
                else:
                    counts[name] = _count(name, _variable(files[name], name))
                kinds.append(name)
            except DataError as error:
                problems.append(Problem(files[name], error.sentence))
    unequal = _unequal(counts)
    if unequal:
        problems.append(Problem(path, unequal))
    meaning = _meaning(trial)
    one = Found(path, NAME, trial, meaning["subject"], None, meaning["action"], tuple(kinds))
    return one, problems
