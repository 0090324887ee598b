"""The qualitative sheet: key frames of some clips, and what each stream said, how surely.

Key frames are decoded from the recordings; a recording that is gone, or damaged, is said.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from harstudio.errors import DataError, HarstudioError
from harstudio.recordings.formats import open_recording
from harstudio.recordings.overlay.drawing import Canvas, SkeletonBrush
from harstudio.recordings.overlay.ground import Ground, PictureGround, StageGround
from harstudio.recordings.projection import project_joints
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import (
    PictureStream,
    SampledStream,
    SkeletonStream,
    StreamKind,
)
from harstudio.reports.documents import Clip, Evaluation

KEY_FRAMES = 5
SHOWN = 6  # clips that are right, and that are wrong
HEIGHT = 132  # pixels of a key frame; pages show them at two thirds for dense screens
EDGE = 2  # pixels between key frames
QUALITY = 80  # of JPEG
SIGNAL = (0x14, 0x17, 0x1D)
TRACES = ((0x56, 0xB4, 0xE9), (0xE6, 0x9F, 0x00), (0x00, 0x9E, 0x73))


@dataclass(frozen=True, slots=True)
class Said:
    """What one judge said of a clip."""

    judge: str
    name: str
    confidence: float | None
    right: bool


@dataclass(frozen=True, slots=True)
class Strip:
    """Key frames of one stream, left to right, as one picture. picture: a data URI."""

    kind: str
    picture: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One clip of the sheet. problem: why nothing of it can be seen; "" where it can."""

    clip: Clip
    true: str
    said: tuple[Said, ...]
    strips: tuple[Strip, ...]
    problem: str = ""


def sheet(
    evaluation: Evaluation,
    kinds: Sequence[str],
    pause: Callable[[int, int], None] = lambda done, total: None,
) -> tuple[list[Entry], list[Entry]]:
    """Some clips that are right and some that are wrong.

    kinds: of the streams that the network sees, in this order. pause: hears how many are done.
    """
    right, wrong = choose(evaluation)
    entries: list[Entry] = []
    for clip in (*right, *wrong):
        pause(len(entries), len(right) + len(wrong))
        entries.append(_entry(evaluation, clip, kinds))
    return entries[: len(right)], entries[len(right) :]


def choose(evaluation: Evaluation) -> tuple[list[Clip], list[Clip]]:
    """Right ones: where most streams are wrong first, then the least sure; wrong ones: the surest.

    Each class once, as long as there are others.
    """

    def order(clip: Clip) -> tuple[float, float, str, int]:
        lost = sum(said != clip.label for said in clip.streams.values())
        return -lost, clip.confidence, clip.recording, clip.start_ns

    right = sorted((clip for clip in evaluation.samples if clip.right), key=order)
    wrong = sorted(
        (clip for clip in evaluation.samples if not clip.right),
        key=lambda clip: (-clip.confidence, clip.recording, clip.start_ns),
    )
    return _varied(right), _varied(wrong)


def _varied(clips: Sequence[Clip]) -> list[Clip]:
    seen: dict[int, int] = {}
    rounds = []
    for place, clip in enumerate(clips):
        rounds.append((seen.get(clip.label, 0), place))
        seen[clip.label] = seen.get(clip.label, 0) + 1
    chosen = sorted(rounds)[:SHOWN]
    return [clips[place] for _, place in chosen]


def _entry(evaluation: Evaluation, clip: Clip, kinds: Sequence[str]) -> Entry:
    names = evaluation.classes
    said = [
        Said(name, names[one], clip.stream_confidence.get(name), one == clip.label)
        for name, one in clip.streams.items()
        if len(evaluation.streams) > 1
    ]
    said.append(Said(evaluation.whole, names[clip.predicted], clip.confidence, clip.right))
    true = names[clip.label]
    try:
        with open_recording(clip.path) as recording:
            strips = tuple(
                strip for kind in kinds if (strip := _strip(recording, kind, clip)) is not None
            )
        problem = "" if strips else "The recording has none of the streams that the network sees."
    except HarstudioError as error:
        strips, problem = (), f"{clip.recording} cannot be shown: {error.message}"
    except OSError as error:
        strips, problem = (), f"{clip.recording} cannot be read ({error.strerror})."
    return Entry(clip, true, tuple(said), strips, problem)


def _strip(recording: Recording, kind: str, clip: Clip) -> Strip | None:
    """None where the recording has no such stream."""
    if kind not in set(StreamKind):
        return None
    stream = recording.of_kind(StreamKind(kind))
    if stream is None or not len(stream):
        return None
    times = np.linspace(clip.start_ns, clip.end_ns, 2 * KEY_FRAMES + 1)[1::2].astype(np.int64)
    if isinstance(stream, SampledStream):
        return _packed(kind, _signal(stream, clip))
    if isinstance(stream, PictureStream):
        middle = _middle(recording, stream, times)
        pictures = PictureGround(recording, stream)
        frames = [_picture(pictures, time, middle) for time in times]
    elif isinstance(stream, SkeletonStream):
        stage = StageGround(stream)
        frames = [_skeleton(recording, stream, stage, time) for time in times]
    else:
        return None
    edge = np.zeros((HEIGHT, EDGE, 3), dtype=np.uint8)
    return _packed(kind, np.concatenate([part for one in frames for part in (one, edge)], axis=1))


def _picture(ground: Ground, time_ns: int, middle: float | None) -> NDArray[np.uint8]:
    """(HEIGHT, W, 3) uint8 RGB of the frame nearest to a time; a square about the person, whose
    ``middle`` is a share of the width, or the whole where that is not known."""
    painted = ground.paint(_nearest(ground, time_ns)).pixels
    width = max(1, round(painted.shape[1] * HEIGHT / painted.shape[0]))
    small = cv2.resize(painted, (width, HEIGHT), interpolation=cv2.INTER_AREA)
    frame = np.asarray(small, dtype=np.uint8)
    if middle is None or width <= HEIGHT:
        return frame
    left = min(max(0, round(middle * width) - HEIGHT // 2), width - HEIGHT)
    return frame[:, left : left + HEIGHT]


def _skeleton(
    recording: Recording, stream: SkeletonStream, ground: StageGround, time_ns: int
) -> NDArray[np.uint8]:
    """(HEIGHT, HEIGHT, 3) uint8 RGB: the middle of the stage with who is on it."""
    index = _nearest(ground, time_ns)
    ratio = HEIGHT / ground.height
    whole = cv2.resize(ground.paint(index).pixels, (round(ground.width * ratio), HEIGHT))
    pixels = np.array(whole, dtype=np.uint8)
    brush = SkeletonBrush(stream, ground.place, recording.tolerance_ns(stream))
    brush.draw(Canvas(pixels, ratio), int(stream.times_ns[index]))
    left = (pixels.shape[1] - HEIGHT) // 2
    return pixels[:, left : left + HEIGHT]


def _nearest(ground: Ground, time_ns: int) -> int:
    return int(np.abs(ground.times_ns - time_ns).argmin())


def _middle(recording: Recording, stream: PictureStream, times: NDArray[np.int64]) -> float | None:
    """Where the people of a clip are in the pictures, as a share of the width; None where nobody
    knows."""
    skeleton = recording.of_kind(StreamKind.SKELETON)
    if not isinstance(skeleton, SkeletonStream):
        return None
    found: list[float] = []
    for time in times:
        frame = skeleton.at(int(time), recording.tolerance_ns(skeleton))
        for body in () if frame is None else frame.data.bodies:
            pixels = project_joints(recording, stream.name, body)
            if pixels is not None:
                found += pixels[np.isfinite(pixels[:, 0]), 0].tolist()
    return float(np.median(found)) / stream.width if found else None


def _signal(stream: SampledStream, clip: Clip) -> NDArray[np.uint8]:
    """The first channels over the clip, each in its own range, as lines."""
    width = KEY_FRAMES * (HEIGHT + EDGE)
    pixels = np.empty((HEIGHT, width, 3), dtype=np.uint8)
    pixels[:] = SIGNAL
    times = np.linspace(clip.start_ns, clip.end_ns, width).astype(np.int64)
    values = stream.interpolate(times)
    count = min(values.shape[1], 2 * len(TRACES))
    groups = max(1, count // len(TRACES))  # three axes of one sensor share a row and its range
    band = HEIGHT / groups
    for group in range(groups):
        own = values[:, group * len(TRACES) : (group + 1) * len(TRACES)]
        if not np.isfinite(own).any():
            continue
        low, high = float(np.nanmin(own)), float(np.nanmax(own))
        for number, trace in enumerate(own.T):
            level = (trace - low) / max(high - low, 1e-6)
            points = np.stack((np.arange(width), band * (group + 0.92 - 0.84 * level)), axis=1)
            seen = points[np.isfinite(points).all(axis=1)].round().astype(np.int32)
            cv2.polylines(pixels, [seen], False, TRACES[number], 1, cv2.LINE_AA)
    return pixels


def _packed(kind: str, pixels: NDArray[np.uint8]) -> Strip:
    """JPEG in a data URI."""
    bgr = cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2BGR)
    done, coded = cv2.imencode(".jpg", bgr, (cv2.IMWRITE_JPEG_QUALITY, QUALITY))
    if not done:
        raise DataError("A key frame cannot be packed.")
    data = base64.b64encode(coded.tobytes()).decode("ascii")
    return Strip(kind, f"data:image/jpeg;base64,{data}", pixels.shape[1], pixels.shape[0])
