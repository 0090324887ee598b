"""Foreign times and ours: seconds, milliseconds and counted frames against nanoseconds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from harstudio.errors import UsageError
from harstudio.labels.interchange.base import Bundle, Counted, Labelled, Media, Reading
from harstudio.labels.model import brief
from harstudio.recordings.frame_grid import FrameGrid

SECOND_NS = 1_000_000_000
MS_NS = 1_000_000
LATEST_NS = 1 << 62  # 146 years, so that a clock that counts from 1970 fits; later is a mistake


def ns_of(value: object, unit_ns: int = SECOND_NS) -> int:
    """A foreign time in nanoseconds, to the last digit of what is written.

    value: a number or its text, a decimal comma too. ValueError with what is wrong with it when
    it is no number, not finite, negative or beyond 146 years.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise ValueError(f"a time is {brief(value)}")
    try:
        number = Decimal(str(value).strip().replace(",", "."))
    except InvalidOperation:
        raise ValueError(f"“{value}” is no time") from None
    if not number.is_finite():
        raise ValueError(f"“{value}” is no time")
    if number < 0:
        raise ValueError(f"{value} is a time before the beginning")
    if number > LATEST_NS // unit_ns:
        raise ValueError(f"{value} is too late a time")
    return round(number * unit_ns)


def span_of(start: object, end: object, unit_ns: int = SECOND_NS) -> tuple[int, int]:
    """``ns_of`` both; ValueError also when the end comes before the start."""
    start_ns, end_ns = ns_of(start, unit_ns), ns_of(end, unit_ns)
    if end_ns < start_ns:
        raise ValueError(f"a clip ends at {end}, before it starts at {start}")
    return start_ns, end_ns


def seconds(time_ns: int) -> float:
    """Seconds as a number that reads back as the same nanosecond (below 50 days)."""
    return time_ns / SECOND_NS


def ms_of(time_ns: int) -> int:
    """The nearest whole millisecond."""
    return (time_ns + MS_NS // 2) // MS_NS


@dataclass(frozen=True, slots=True)
class Frames:
    """Frame numbers from 0 against times: by the frames of a stream, else by an even rate.

    grid: the frames that there are. fps: frames a second, from time 0, where grid is None.
    """

    grid: FrameGrid | None
    fps: float = 0.0

    def start_of(self, frame: int) -> int:
        """When a frame begins; beyond the last one of the grid, when that one ends."""
        if self.grid is None:
            return round(Decimal(frame) * SECOND_NS / Decimal(repr(float(self.fps))))
        if frame >= len(self.grid):
            return self.grid.end_of(len(self.grid) - 1)
        return self.grid.start_of(frame)

    def end_before(self, frame: int) -> int:
        """When the frame before this one is over: the end of a clip that excludes it."""
        if self.grid is None:
            return self.start_of(frame)
        return self.grid.end_of(frame - 1) if frame > 0 else self.grid.start_of(0)

    def span(self, first: int, stop: int) -> tuple[int, int]:
        """``[start_ns, end_ns)`` of the frames ``first`` to ``stop - 1``."""
        start_ns = self.start_of(first)
        return start_ns, max(self.end_before(stop), start_ns)

    def of(self, start_ns: int, end_ns: int) -> tuple[int, int]:
        """First frame of a clip and the one after its last, nearest to its ends; one at least."""
        if self.grid is None:
            rate = Decimal(repr(float(self.fps))) / SECOND_NS
            first = max(round(start_ns * rate), 0)
            return first, max(round(end_ns * rate), first + 1)
        first = self.grid.index(start_ns)
        last = self.grid.index(end_ns)
        stop = min((last, last + 1), key=lambda k: abs(self.end_before(k) - end_ns))
        return first, max(stop, first + 1)

    @property
    def count(self) -> int:
        """How many frames there are, 0 where only the rate is known."""
        return 0 if self.grid is None else len(self.grid)

    @property
    def rate_hz(self) -> float:
        """Frames a second of a plain player."""
        return self.fps if self.grid is None else SECOND_NS / max(self.grid.period_ns, 1)


def frames_to_write(labelled: Labelled, title: str) -> Frames:
    """The frames that a format which counts them is written by; UsageError without any."""
    for media in labelled.media:
        if media.grid is not None:
            return Frames(media.grid)
    for media in labelled.media:
        if media.fps > 0:
            return Frames(None, media.fps)
    raise UsageError(
        f"{title} counts frames, and the frames of “{labelled.recording}” are not known.",
        remedy="Say how many a second there are with --fps.",
    )


def frames_to_read(
    reading: Reading, names: Sequence[str], title: str, file_fps: float = 0.0
) -> Frames:
    """The frames that a file counts: the recording's own, else the file's rate, else --fps.

    names: of the recording and its media, as the file has them. UsageError without any.
    """
    for name in names:
        grid = reading.grid_of(name) if name else None
        if grid is not None:
            return Frames(grid)
    fps = file_fps if 0 < file_fps < 1e6 else reading.fps
    if fps > 0:
        return Frames(None, fps)
    raise UsageError(
        f"{title} counts frames, and the frames of “{names[0] if names else ''}” are not known.",
        remedy="Say how many a second there are with --fps.",
    )


def media_of(frames: Frames, path: str, width: int = 0, height: int = 0) -> Media:
    """The media that a file of frames tells of, for whoever writes it on."""
    return Media("", path, grid=frames.grid, fps=frames.rate_hz, width=width, height=height)


def moved(bundle: Bundle, title: str) -> Iterator[str]:
    """The sentence about clips whose ends lie between two frames, where there are any."""
    off = 0
    for labelled in bundle.recordings:
        frames = frames_to_write(labelled, title)
        clips = (c for document in labelled.documents for t in document.tiers for c in t.clips)
        for clip in clips:
            whole = frames.span(*frames.of(clip.start_ns, clip.end_ns))
            off += (whole[0] if clip.is_point else whole) != (
                clip.start_ns if clip.is_point else (clip.start_ns, clip.end_ns)
            )
    if off:
        yield Counted(
            off,
            f"{title} counts frames: the ends of {{n}} clips are moved to the nearest ones.",
            f"{title} counts frames: the ends of 1 clip are moved to the nearest ones.",
        )
