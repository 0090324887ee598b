"""Writes a recording as NTU RGB+D is distributed: the same trees, names, codecs and text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray

from harstudio.errors import DataError
from harstudio.recordings.formats.ntu import RATE_HZ
from harstudio.recordings.formats.ntu_facts import COLOR_SIZE, DEPTH_SIZE
from harstudio.recordings.formats.ntu_skeleton import JOINTS
from harstudio.recordings.projection import project_joints
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import (
    SECOND_NS,
    Body,
    PictureStream,
    SkeletonFrame,
    SkeletonStream,
    Stream,
    StreamKind,
    evenly,
)

COLOR, INFRARED, MASKED, DEPTH, SKELETONS = (
    f"nturgb+d_{name}" for name in ("rgb", "ir", "depth_masked", "depth", "skeletons")
)
# As in the distributed files: B-frames and one key frame, so that seeking needs an index.
H264 = {"crf": "24", "preset": "veryfast", "bf": "3", "sc_threshold": "0", "profile": "high"}
TOPOLOGY = "kinect_v2_25"
SAME_RATE = 0.02  # how far from 30 a second frames are still taken one by one
MASK_SHARE = 0.5  # of a depth picture without depth, from which on it is a masked one


@dataclass(frozen=True, slots=True)
class SampleName:
    """The numbers in a sample's name; each from 0 to 999."""

    setup: int
    view: int
    subject: int
    repetition: int
    action: int

    @property
    def name(self) -> str:
        """S001C001P001R001A001"""
        return (
            f"S{self.setup:03d}C{self.view:03d}P{self.subject:03d}"
            f"R{self.repetition:03d}A{self.action:03d}"
        )


@dataclass
class WrittenSample:
    """frames: of the sample; paths: from the root; lacking: pictures that were not there or not
    readable, by stream; left_out: what NTU's layout has no place for."""

    frames: int
    paths: list[Path] = field(default_factory=list)
    lacking: Counter[str] = field(default_factory=Counter)
    left_out: list[str] = field(default_factory=list)


@contextmanager
def avi(
    path: Path, size: tuple[int, int], codec: str = "libx264", options: dict[str, str] | None = None
) -> Iterator[Any]:
    """A function that appends (H, W, 3) uint8 RGB frames, resized where needed, to an avi."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w", format="avi") as container:
        stream = container.add_stream(codec, rate=30, options=options or H264)
        assert isinstance(stream, VideoStream)  # noqa: S101 - narrows the type
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.gop_size = 250 if codec == "libx264" else 12

        def append(frame: NDArray[np.uint8]) -> None:
            if (frame.shape[1], frame.shape[0]) != size:
                frame = np.asarray(
                    cv2.resize(frame, size, interpolation=cv2.INTER_LINEAR), dtype=np.uint8
                )
            picture = av.VideoFrame.from_ndarray(np.ascontiguousarray(frame), format="rgb24")
            container.mux(stream.encode(picture))

        yield append
        container.mux(stream.encode(None))


def infrared_8bit(infrared: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """(H, W) uint8 as stored in videos: brightness by its square root."""
    bright = np.sqrt(infrared.astype(np.float32) / 24000)
    return np.asarray(np.clip(bright, 0, 1) * 255, dtype=np.uint8)


def write_sample(
    recording: Recording,
    root: Path,
    name: str,
    duration_ns: int,
    step: Callable[[int, int], None] = lambda _done, _total: None,
) -> WrittenSample:
    """One sample from a recording whose clock starts at 0, in all modalities that it has.

    NTU's streams share the frame number at 30 a second: frames of the reference stream are taken
    one by one where it has that rate, and otherwise the nearest of every 30th of a second. Depth
    that is 0 over more than half of the picture is written as masked depth, else as full depth.
    step: called with (frames done, frames in all) after each; what it raises ends the writing.
    """
    ticks = _ticks(recording, duration_ns)
    written = WrittenSample(len(ticks))
    by_kind = {kind: recording.of_kind(kind) for kind in StreamKind}
    skeleton = by_kind[StreamKind.SKELETON]
    for kind in (StreamKind.AUDIO, StreamKind.INERTIAL):
        if by_kind[kind] is not None:
            written.left_out.append(f"{kind} has no place in NTU's layout")
    if isinstance(skeleton, SkeletonStream) and skeleton.topology != TOPOLOGY:
        written.left_out.append(f"skeletons of {skeleton.topology} are none of a Kinect v2")
        skeleton = None
    lines: list[str] = [str(len(ticks))]
    ids: dict[str, str] = {}
    with ExitStack() as files:
        put = _pictures(by_kind, root, name, files, written)
        for number, time_ns in enumerate(ticks.tolist(), 1):
            for kind, append in put.items():
                append(number, _frame(recording, by_kind[kind], time_ns, written))
            if skeleton is not None:
                frame = _frame(recording, skeleton, time_ns, written)
                lines += _frame_lines(recording, frame, ids)
            step(number, len(ticks))
    if skeleton is not None:
        text = root / SKELETONS / f"{name}.skeleton"
        text.parent.mkdir(parents=True, exist_ok=True)
        text.write_text("\n".join(lines) + "\n", encoding="ascii", newline="\n")
        written.paths.append(text.relative_to(root))
    return written


def _ticks(recording: Recording, duration_ns: int) -> NDArray[np.int64]:
    """When each frame of the sample is."""
    reference = recording.reference
    period = SECOND_NS / RATE_HZ
    if reference is not None and abs(reference.period_ns / period - 1) < SAME_RATE:
        times = reference.times_ns
        if len(times) < 2 or int(np.diff(times).max()) < 1.5 * period:
            return times
    return evenly(max(1, round(duration_ns / period)), RATE_HZ)


def _frame(
    recording: Recording, stream: Stream[Any] | None, time_ns: int, written: WrittenSample
) -> Any:
    """The frame of a stream at a time; None where it has none that can be read."""
    if stream is None:
        return None
    try:
        found = stream.at(time_ns, recording.tolerance_ns(stream))
    except DataError:
        found = None
    if found is None:
        written.lacking[stream.name] += 1
        return None
    return found.data


def _pictures(
    by_kind: dict[StreamKind, Stream[Any] | None],
    root: Path,
    name: str,
    files: ExitStack,
    written: WrittenSample,
) -> dict[StreamKind, Callable[[int, Any], None]]:
    """What takes (number, picture or None) of each kind of picture that is there."""
    put: dict[StreamKind, Callable[[int, Any], None]] = {}
    for kind, folder, ending in (
        (StreamKind.COLOR, COLOR, "_rgb.avi"),
        (StreamKind.INFRARED, INFRARED, "_ir.avi"),
    ):
        stream = by_kind[kind]
        if stream is not None:
            path = root / folder / f"{name}{ending}"
            width, height = getattr(stream, "width", 0), getattr(stream, "height", 0)
            append = files.enter_context(avi(path, (width - width % 2, height - height % 2)))
            blank = np.zeros((height, width, 3), dtype=np.uint8)
            put[kind] = _Video(append, blank)
            written.paths.append(path.relative_to(root))
    depth = by_kind[StreamKind.DEPTH]
    if depth is not None:
        masked = _is_masked(depth)
        folder_path = root / (MASKED if masked else DEPTH) / name
        folder_path.mkdir(parents=True, exist_ok=True)
        put[StreamKind.DEPTH] = _Depth(folder_path, "MDepth" if masked else "Depth")
        written.paths.append(folder_path.relative_to(root))
    return put


def _is_masked(depth: Stream[Any]) -> bool:
    try:
        middle = depth.frame(len(depth) // 2)
    except DataError:
        return False
    return float(np.mean(middle == 0)) > MASK_SHARE


class _Video:
    """Appends pictures; where one is missing, the one before it stays."""

    def __init__(self, append: Callable[[NDArray[np.uint8]], None], blank: NDArray[np.uint8]):
        self._append = append
        self._last = blank

    def __call__(self, _number: int, picture: NDArray[Any] | None) -> None:
        if picture is not None:
            if picture.ndim == 2:
                grey = picture if picture.dtype == np.uint8 else infrared_8bit(picture)
                picture = np.repeat(grey[..., None], 3, axis=2)
            self._last = picture
        self._append(self._last)


class _Depth:
    """Writes pictures by their number; a missing one is missing."""

    def __init__(self, folder: Path, start: str) -> None:
        self._folder = folder
        self._start = start

    def __call__(self, number: int, picture: NDArray[Any] | None) -> None:
        if picture is None:
            return
        path = self._folder / f"{self._start}-{number:08d}.png"
        good, coded = cv2.imencode(".png", picture)
        if not good:
            raise DataError("The depth picture could not be written.", path=path)
        path.write_bytes(coded.tobytes())  # cv2.imwrite fails on non-ASCII Windows paths


def _frame_lines(
    recording: Recording, frame: SkeletonFrame | None, ids: dict[str, str]
) -> Iterator[str]:
    bodies = () if frame is None else frame.bodies
    yield str(len(bodies))
    for body in bodies:
        known = body.id if body.id.isascii() and body.id.isdigit() else str(len(ids) + 1)
        yield f"{ids.setdefault(body.id, known)} 0 0 0 0 0 0 0 0 2"
        yield str(JOINTS)
        yield from _joint_lines(recording, body)


def _joint_lines(recording: Recording, body: Body) -> Iterator[str]:
    """Nine digits tell every float32 exactly; pixels are those of pictures of NTU's size."""
    depth = _pixels(recording, body, (StreamKind.DEPTH, StreamKind.INFRARED), DEPTH_SIZE)
    color = _pixels(recording, body, (StreamKind.COLOR,), COLOR_SIZE)
    turned = body.orientations
    turned = np.zeros((JOINTS, 4), dtype=np.float32) if turned is None else turned
    rows = np.column_stack((body.joints, depth, color, turned))
    for row, state in zip(rows.tolist(), body.tracking.tolist(), strict=True):
        values = (f"{value:.9g}" if value == value else "NaN" for value in row)
        yield f"{' '.join(values)} {state}"


def _pixels(
    recording: Recording, body: Body, kinds: tuple[StreamKind, ...], size: tuple[int, int]
) -> NDArray[np.float32]:
    """(V, 2) pixels in the first of these pictures that knows any; NaN without."""
    for stream in map(recording.of_kind, kinds):
        if isinstance(stream, PictureStream):
            pixels = project_joints(recording, stream.name, body)
            if pixels is not None:
                factors = size[0] / stream.width, size[1] / stream.height
                return pixels * np.array(factors, dtype=np.float32)
    return np.full((JOINTS, 2), np.nan, dtype=np.float32)
