"""The qualitative sheet: key frames of some clips, and what each stream said, how surely.

Key frames are decoded from the recordings; a recording that is gone, or damaged, is said.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from harstudio.errors import DataError, HarstudioError
from harstudio.recordings.formats import open_recording
from harstudio.recordings.overlay_drawing import Canvas, SkeletonBrush
from harstudio.recordings.overlay_ground import Ground, PictureGround, StageGround
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
    """None where the recording has no such stream, or one of whose frames cannot be decoded."""
    if kind not in set(StreamKind):
        return None
    stream = recording.of_kind(StreamKind(kind))
    if stream is None or not len(stream):
        return None
    times = np.linspace(clip.start_ns, clip.end_ns, 2 * KEY_FRAMES + 1)[1::2].astype(np.int64)
    if isinstance(stream, SampledStream):
        return _packed(kind, _signal(stream, clip))
    ground: Ground
    if isinstance(stream, PictureStream):
        ground = PictureGround(recording, stream)
    elif isinstance(stream, SkeletonStream):
        ground = StageGround(stream)
    else:
        return None
    frames = [_frame(recording, ground, stream, int(time)) for time in times]
    return _packed(kind, np.concatenate(frames, axis=1))


def _frame(recording: Recording, ground: Ground, stream: Any, time_ns: int) -> NDArray[np.uint8]:
    """(HEIGHT, W, 3) uint8 RGB of the frame nearest to a time."""
    index = int(np.abs(stream.times_ns - time_ns).argmin())
    painted = ground.paint(index)
    ratio = HEIGHT / painted.pixels.shape[0]
    width = max(1, round(painted.pixels.shape[1] * ratio))
    small = cv2.resize(painted.pixels, (width, HEIGHT), interpolation=cv2.INTER_AREA)
    frame = np.array(small, dtype=np.uint8)
    if isinstance(stream, SkeletonStream):
        brush = SkeletonBrush(stream, ground.place, recording.tolerance_ns(stream))
        brush.draw(Canvas(frame, painted.scale * ratio), int(stream.times_ns[index]))
        middle = width // 2  # the stage is wide; people are not
        frame = frame[:, max(0, middle - HEIGHT // 2) : middle + HEIGHT // 2]
    edge = np.zeros((HEIGHT, 2, 3), dtype=np.uint8)
    return np.concatenate((frame, edge), axis=1)


def _signal(stream: SampledStream, clip: Clip) -> NDArray[np.uint8]:
    """The first channels over the clip, each in its own range, as lines."""
    width = KEY_FRAMES * HEIGHT
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
