"""NTU RGB+D 60 and 120: Kinect v2 colour, infrared, depth and skeletons of three cameras.

Samples are named ``SsssCcccPpppRrrrAaaa`` (setup, camera, performer, replication, action) and
their files lie in one of many trees, so files are known by their names alone: ``<id>_rgb.avi``,
``<id>_ir.avi``, ``<id>.skeleton`` and folders ``<id>`` of ``MDepth-00000001.png`` (masked) or
``Depth-00000001.png``. There are no time stamps: all streams share the frame number at 30 Hz.

No calibration is given; the cameras are fitted to the joints of the sample itself, which the
sensor gave in metres and in pixels. All pictures are the sensor's mirrored view: a person facing
the camera has the right hand on the right of the picture, and so have the joints. Nothing is
flipped; an estimator that finds people in these pictures calls their left hand right.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from harstudio.errors import DataError, UnknownFormatError, together
from harstudio.recordings.formats.depth_pngs import PNG, is_depth_folder, list_depth_folder
from harstudio.recordings.formats.first_look import (
    damaged_pictures,
    look_at_skeleton,
    look_at_video,
)
from harstudio.recordings.formats.found import Claim, Found, Listing, Problem, Scanner
from harstudio.recordings.formats.ntu_facts import (
    LISTED,
    TREE,
    Sample,
    camera_of,
    is_listed,
    pixel_factors,
    sample,
)
from harstudio.recordings.formats.ntu_skeleton import (
    JOINTS,
    SkeletonTable,
    TableReader,
    read_skeleton,
)
from harstudio.recordings.formats.pictures import PictureReader
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import (
    PictureStream,
    SkeletonStream,
    Stream,
    StreamKind,
    evenly,
)
from harstudio.recordings.video import video_stream
from harstudio.recordings.video_index import index_media

NAME = "ntu"
RATE_HZ = 30.0
ID = r"S\d{3}C\d{3}P\d{3}R\d{3}A\d{3}"
FILE = re.compile(rf"({ID})(?:_(rgb|ir)\.avi|\.(skeleton))", re.IGNORECASE)
FOLDER = re.compile(ID, re.IGNORECASE)
ORDER = ("skeleton", "rgb", "masked", "depth", "ir")  # the first that is there names the sample
KINDS = {
    "skeleton": "skeleton",
    "rgb": "color",
    "masked": "depth",
    "depth": "depth",
    "ir": "infrared",
}
FRAMES_APART = 1  # streams may differ by so many frames before it is said


def recognises(path: Path) -> bool:
    """A file of a sample, a folder of its depth pictures, or one of them, by name."""
    return bool(_modality(_of_sample(path)))


def _of_sample(path: Path) -> Path:
    """The path itself, or the folder of a depth picture."""
    picture = PNG.fullmatch(path.name) is not None and FOLDER.fullmatch(path.parent.name)
    return path.parent if picture else path


def scanner() -> Scanner:
    """Samples over the dataset's folders; the ends of their files are looked at."""
    return _SampleScanner()


def open_recording(path: Path) -> Recording:
    """The sample that a file or depth folder belongs to; its skeletons are parsed at once."""
    path = _of_sample(path)
    modality = _modality(path)
    match = FILE.fullmatch(path.name) or FOLDER.fullmatch(path.name)
    if match is None or not modality:
        raise UnknownFormatError("This is not named like an NTU RGB+D sample.", path=path)
    about = sample(match[0][:20].upper())
    files, expected = _files(path.parent, about)
    files[modality] = path
    problems = [
        f"{about.name} has no {KINDS[name]} here ({name}), though other samples have."
        for name in ORDER
        if name in expected - set(files)
    ]
    if is_listed(about.name):
        problems.append(LISTED)
    failures: list[DataError] = []
    pictures = _pictures(files, problems, failures)
    table = _table(files.get("skeleton"), pictures, failures)
    problems += map(str, failures)
    streams: list[Stream[Any]] = [*pictures]
    if table is not None:
        streams.append(_skeleton(table))
    if not streams:
        raise together(failures)
    _compare(streams, problems)
    return Recording(
        name=about.name,
        format=NAME,
        path=next(files[name] for name in ORDER if name in files),
        streams={stream.name: stream for stream in streams},
        subject=about.performer,
        view=about.camera,
        repetition=about.replication,
        action=about.action,
        cameras={
            stream.name: camera_of(table, _sensor(stream), stream.width, stream.height)
            for stream in pictures
        },
        problems=tuple(problems),
        files=tuple(files.values()),
    )


def _modality(path: Path) -> str:
    """Which stream a path holds; nothing where the name tells none."""
    match = FILE.fullmatch(path.name)
    if match is not None:
        return (match[2] or match[3]).lower()
    if FOLDER.fullmatch(path.name) is None or not is_depth_folder(path):
        return ""
    return _depth_modality(path)


def _depth_modality(folder: Path) -> str:
    """ "masked" or "depth", from the folder above or else from the first picture's name."""
    above = folder.parent.name.casefold()
    if "masked" in above or "mdepth" in above:
        return "masked"
    if "depth" in above:
        return "depth"
    return "masked" if next(folder.glob("[Mm][Dd]epth*"), None) else "depth"


def _files(folder: Path, about: Sample) -> tuple[dict[str, Path], set[str]]:
    """The paths of a sample by modality, and the modalities that its neighbours have."""
    files: dict[str, Path] = {}
    expected: set[str] = set()
    for place in TREE.folders(folder):
        candidates = {
            "skeleton": place / f"{about.name}.skeleton",
            "rgb": place / f"{about.name}_rgb.avi",
            "ir": place / f"{about.name}_ir.avi",
        }
        for modality, path in candidates.items():
            if path.is_file():
                files.setdefault(modality, path)
        pictures = place / about.name
        if pictures.is_dir() and is_depth_folder(pictures):
            files.setdefault(_depth_modality(pictures), pictures)
        expected |= about.modalities_named_by(place)
    return files, expected


def _pictures(
    files: dict[str, Path], problems: list[str], failures: list[DataError]
) -> list[PictureStream]:
    both = "masked" in files and "depth" in files
    makers: dict[str, Callable[[Path], PictureStream]] = {
        "rgb": lambda path: _video(path, "color", StreamKind.COLOR, problems),
        "ir": lambda path: _video(path, "infrared", StreamKind.INFRARED, problems),
        "masked": lambda path: _depth(path, "depth_masked" if both else "depth", problems),
        "depth": lambda path: _depth(path, "depth", problems),
    }
    streams: list[PictureStream] = []
    for modality, make in makers.items():
        if modality in files:
            try:
                streams.append(make(files[modality]))
            except DataError as error:
                failures.append(error)
    return streams


def _table(
    path: Path | None, pictures: list[PictureStream], failures: list[DataError]
) -> SkeletonTable | None:
    """The skeletons, their pixels scaled where people made the pictures smaller."""
    if path is None:
        return None
    try:
        table = read_skeleton(path)
    except DataError as error:
        failures.append(error)
        return None
    factors = {"depth": (1.0, 1.0), "color": (1.0, 1.0)}
    for stream in pictures:
        sensor = _sensor(stream)
        factors[sensor] = pixel_factors(table, sensor, stream.width, stream.height)
    return table.scaled(**factors)


def _sensor(stream: PictureStream) -> str:
    return "color" if stream.kind == StreamKind.COLOR else "depth"


def _skeleton(table: SkeletonTable) -> SkeletonStream:
    return SkeletonStream(
        "skeleton",
        evenly(len(table), RATE_HZ),
        TableReader(table),
        topology="kinect_v2_25",
        joints=JOINTS,
        max_bodies=table.max_bodies,
    )


def _video(path: Path, name: str, kind: StreamKind, problems: list[str]) -> PictureStream:
    media = index_media(path)
    if not media.video or not len(media.video[0]):
        raise DataError("There are no pictures in this file.", path=path)
    problems += [f"{path.name}: {problem}" for problem in media.problems]
    index = media.video[0]
    # The container's times are worthless (AVI has none): the frame number is the time.
    times = evenly(len(index), RATE_HZ)
    return video_stream(index, path, name=name, kind=kind, times_ns=times)


def _depth(folder: Path, name: str, problems: list[str]) -> PictureStream:
    pictures = list_depth_folder(folder)
    if pictures.lost:
        problems.append(f"{folder.name}: {pictures.lost} depth pictures are missing.")
    damaged = damaged_pictures(pictures.paths)
    if damaged:
        problems.append(f"{folder}: {damaged}")
    # Pictures are numbered from 1; a missing one leaves a gap in time.
    places = np.array(pictures.numbers) - min(1, pictures.numbers[0])
    return PictureStream(
        name,
        StreamKind.DEPTH,
        evenly(int(places[-1]) + 1, RATE_HZ)[places],
        PictureReader(pictures.paths, StreamKind.DEPTH, (pictures.height, pictures.width)),
        width=pictures.width,
        height=pictures.height,
        dtype="uint16",
    )


def _compare(streams: list[Stream[Any]], problems: list[str]) -> None:
    counts = {stream.name: len(stream) for stream in streams}
    if max(counts.values()) - min(counts.values()) > FRAMES_APART:
        told = ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
        problems.append(f"The streams differ in frames: {told}.")
    if "skeleton" in counts and not counts["skeleton"]:
        problems.append("The skeleton file holds no frames.")


class _Places(NamedTuple):
    """Where the samples of one modality lie: file names and folders by sample id.

    The full dataset is half a million names, so there is no object for each.
    """

    names: dict[str, str]
    folders: dict[str, Path]

    def path(self, sample_id: str) -> Path:
        return self.folders[sample_id] / self.names[sample_id]


class _SampleScanner:
    """Files and folders of NTU samples by dataset root, modality and sample id."""

    def __init__(self) -> None:
        self._roots: dict[Path, dict[str, _Places]] = {}
        self._problems: list[Problem] = []
        self._unreadable: set[tuple[str, str]] = set()  # modality and sample id

    def visit(self, listing: Listing) -> Claim:
        folder = listing.folder
        files = [(name, match) for name in listing.files if (match := FILE.fullmatch(name))]
        folders = [
            (name, modality)
            for name in listing.folders
            if FOLDER.fullmatch(name) and (modality := self._look(folder, name))
        ]
        if not files and not folders:
            return Claim()
        root = TREE.root(folder)
        for name, match in files:
            modality = (match[2] or match[3]).lower()
            self._add(root, modality, match[1].upper(), folder, name)
            self._look_at(modality, match[1].upper(), folder / name)
        for name, modality in folders:
            self._add(root, modality, name.upper(), folder, name)
        return Claim([name for name, _ in files], [name for name, _ in folders])

    def _look_at(self, modality: str, sample_id: str, path: Path) -> None:
        """Note what is wrong with a file; one that cannot be shown is no stream."""
        try:
            if modality == "skeleton":
                look_at_skeleton(path)
                return
            cut = look_at_video(path)
        except DataError as error:
            self._unreadable.add((modality, sample_id))
            self._problems.append(Problem(path, error.sentence))
            return
        if cut:
            self._problems.append(Problem(path, cut))

    def _look(self, parent: Path, name: str) -> str:
        """Which depth a folder holds; one that holds none may be walked into."""
        above = parent.name.casefold()
        if "depth" in above:
            return "masked" if "masked" in above or "mdepth" in above else "depth"
        folder = parent / name
        return _depth_modality(folder) if is_depth_folder(folder) else ""

    def _add(self, root: Path, modality: str, sample_id: str, folder: Path, name: str) -> None:
        places = self._roots.setdefault(root, {}).setdefault(modality, _Places({}, {}))
        if sample_id in places.names:
            first = places.path(sample_id)
            message = f"The {KINDS[modality]} of this sample is in {first} already."
            self._problems.append(Problem(folder / name, message))
        else:
            places.names[sample_id] = name
            places.folders[sample_id] = folder

    def finish(self) -> Claim:
        found: list[Found] = []
        for _, modalities in sorted(self._roots.items()):
            expected: dict[str, set[str]] = defaultdict(set)
            for modality, places in modalities.items():
                for setup in {sample_id[:4] for sample_id in places.names}:
                    expected[setup].add(modality)  # a setup is downloaded as a whole
            for sample_id in sorted(set().union(*(one.names for one in modalities.values()))):
                there = [
                    one for one in ORDER if one in modalities and sample_id in modalities[one].names
                ]
                own = tuple(one for one in there if (one, sample_id) not in self._unreadable)
                path = modalities[(own or there)[0]].path(sample_id)
                found.append(_found(sample_id, path, own))
                missing = expected[sample_id[:4]].difference(there)
                self._problems += _problems(sample_id, path, missing)
        return Claim(recordings=found, problems=self._problems)


def _found(sample_id: str, path: Path, modalities: tuple[str, ...]) -> Found:
    about = sample(sample_id)
    kinds = _kinds(modalities)
    return Found(path, NAME, sample_id, about.performer, about.camera, about.action, kinds)


@cache
def _kinds(modalities: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(KINDS[one] for one in modalities))


def _problems(sample_id: str, path: Path, missing: set[str]) -> list[Problem]:
    problems = [
        Problem(path, f"{sample_id} has no {KINDS[one]} here ({one}), though others have.")
        for one in ORDER
        if one in missing
    ]
    if is_listed(sample_id):
        problems.append(Problem(path, LISTED))
    return problems
