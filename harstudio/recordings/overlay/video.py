"""Recordings as mp4 videos that anybody can play, with skeletons and times drawn on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.container import OutputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray

from harstudio.errors import DataError, MissingError, UsageError
from harstudio.recordings.audio import AudioStream
from harstudio.recordings.overlay.ground import Ground, ground_of
from harstudio.recordings.overlay.painter import OVERLAYS, Painter
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import SECOND_NS, StreamKind
from harstudio.runs.recognised.explained import Explained

TIME_BASE = Fraction(1, 90_000)  # the clock of mp4 videos; 11 us a step
AUDIO_CHUNK_S = 0.1
ENCODER = {"preset": "veryfast", "crf": "20"}

Progress = Callable[[int, int], None]


def write_overlay_video(
    recording: Recording,
    file: Path,
    *,
    overlays: Sequence[str] = (),
    stream: str = "",
    hide_faces: bool = False,
    explained: Explained | None = None,
    title: str = "",
    span: tuple[int, int] | None = None,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> int:
    """Write one picture stream as H.264 mp4, every frame at its own time, with its sound.

    stream: its name; else colour, depth or infrared, whichever comes first, and the skeleton
    alone where there are no pictures. overlays: names of ``OVERLAYS``. hide_faces: heads are made
    coarse in colour and infrared, whole pictures where no head is known. explained: what of a
    recognition is drawn, with the class, its confidence and the meaning of the colours in a strip
    below; title: what the recording is called there. span: ``[start_ns, end_ns)`` alone, with the
    sound from there; MissingError where no frame is in it. The file appears when it
    is whole; ``cancelled`` leaves nothing. A frame that cannot be read is left out, so that the
    one before it stays; how many were is returned. Raises UsageError for a name that is none,
    MissingError when there is nothing to show or the skeleton's place is not known.
    """
    unknown = [name for name in overlays if name not in OVERLAYS]
    if unknown:
        raise UsageError(
            f"There is no overlay {unknown[0]}.", remedy=f"There are: {', '.join(OVERLAYS)}."
        )
    ground = ground_of(recording, stream, hide_faces=hide_faces)
    painter = Painter(recording, ground, overlays, explained, title)
    frames = _frames(ground, span, recording)
    part = file.with_name(f".{file.stem}.part.mp4")
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        lost = _write(recording, ground, painter, frames, part, progress, cancelled)
        if lost is None:
            return 0
        part.replace(file)
    except av.error.FFmpegError as error:
        raise DataError(f"The video cannot be written ({error}).", path=file) from error
    finally:
        part.unlink(missing_ok=True)
    return lost


def _frames(ground: Ground, span: tuple[int, int] | None, recording: Recording) -> range:
    """The frames of a span, of all without one."""
    if span is None:
        return range(len(ground.times_ns))
    first, last = np.searchsorted(ground.times_ns, span).tolist()
    if first >= last:
        raise MissingError(f"{ground.name} has no frame in that time.", path=recording.path)
    return range(first, last)


def _write(
    recording: Recording,
    ground: Ground,
    painter: Painter,
    frames: range,
    part: Path,
    progress: Progress | None,
    cancelled: Callable[[], bool] | None,
) -> int | None:
    """Encode everything; how many frames could not be read, None when cancelled."""
    lost, start_ns = 0, int(ground.times_ns[frames[0]])
    with av.open(str(part), "w", options={"movflags": "+faststart"}) as container:
        video = _video_track(container, ground.rate_hz, painter.size)
        sound = _sound(recording, container, start_ns)
        for done, index in enumerate(frames):
            if cancelled is not None and cancelled():
                return None
            time_ns = int(ground.times_ns[index])
            try:
                pixels = painter.paint(index)
            except DataError:
                lost += 1
                continue
            container.mux(video.encode(_video_frame(pixels, time_ns - start_ns)))
            sound.until(time_ns)
            if progress is not None:
                progress(done + 1, len(frames))
        container.mux(video.encode(None))
        whole = frames[-1] + 1 == len(ground.times_ns)
        sound.finish(ground.stop_ns if whole else int(ground.times_ns[frames[-1] + 1]))
    if lost == len(frames):
        raise DataError(f"None of the frames of {ground.name} can be read.", path=recording.path)
    return lost


def _video_track(
    container: OutputContainer, rate_hz: Fraction, size: tuple[int, int]
) -> VideoStream:
    video: VideoStream = container.add_stream(
        "libx264", rate=rate_hz.limit_denominator(1001), options=ENCODER
    )
    video.width, video.height = size
    video.pix_fmt = "yuv420p"
    video.codec_context.time_base = TIME_BASE
    return video


def _video_frame(pixels: NDArray[np.uint8], since_start_ns: int) -> av.VideoFrame:
    frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
    frame.time_base = TIME_BASE
    frame.pts = round(since_start_ns * TIME_BASE.denominator / SECOND_NS)
    return frame


class _Sound:
    """Feeds the recording's sound to the container as far as the pictures have come."""

    def __init__(self, audio: AudioStream, container: OutputContainer, start_ns: int) -> None:
        self._audio = audio
        self._container = container
        self._start_ns = start_ns
        self._track: Any = container.add_stream("aac", rate=audio.sample_rate)
        self._layout = "mono" if audio.channels == 1 else "stereo"
        self._track.layout = self._layout
        lead = max(0, start_ns - audio.start_ns)  # sound from before the first picture is left out
        self._next = lead * audio.sample_rate // SECOND_NS

    def until(self, time_ns: int) -> None:
        chunk = round(self._audio.sample_rate * AUDIO_CHUNK_S)
        last = self._samples_before(time_ns)
        while self._next + chunk <= last:
            self._feed(self._next + chunk)

    def _samples_before(self, time_ns: int) -> int:
        since = (time_ns - self._audio.start_ns) * self._audio.sample_rate // SECOND_NS
        return int(min(len(self._audio), since))

    def _feed(self, stop: int) -> None:
        samples = self._audio.samples(self._next, stop)[:, :2]
        packed = np.ascontiguousarray(samples).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(packed, format="s16", layout=self._layout)
        rate = self._audio.sample_rate
        frame.sample_rate = rate
        frame.time_base = Fraction(1, rate)
        begins_ns = self._audio.start_ns - self._start_ns
        frame.pts = self._next + round(begins_ns * rate / SECOND_NS)
        self._container.mux(self._track.encode(frame))
        self._next = stop

    def finish(self, stop_ns: int) -> None:
        self.until(stop_ns)
        rest = self._samples_before(stop_ns)
        if rest > self._next:
            self._feed(rest)
        self._container.mux(self._track.encode(None))


class _Silence:
    """The sound of a recording that has none."""

    def until(self, time_ns: int) -> None: ...

    def finish(self, stop_ns: int) -> None: ...


def _sound(recording: Recording, container: OutputContainer, start_ns: int) -> _Sound | _Silence:
    audio = recording.of_kind(StreamKind.AUDIO)
    if isinstance(audio, AudioStream) and len(audio):
        return _Sound(audio, container, start_ns)
    return _Silence()
