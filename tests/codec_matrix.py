"""Video files made for the tests: every picture carries its number as black and white blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.video.frame import VideoFrame
from numpy.typing import NDArray

BITS = 12
SOUND_RATE = 16_000


@dataclass(frozen=True)
class Sample:
    """One file of the matrix. variable: uneven presentation times, in 1/1000 s."""

    name: str
    codec: str
    frames: int = 90
    options: dict[str, str] = field(default_factory=dict)
    gop: int = 12
    b_frames: int = 0
    pix_fmt: str = "yuv420p"
    rate: int = 30
    sound: str | None = None
    variable: bool = False
    width: int = 192
    height: int = 64


def _x264(**more: str) -> dict[str, str]:
    return {"preset": "veryfast", "crf": "20", "sc_threshold": "0", **more}


OPEN_GOP = _x264(**{"x264-params": "open-gop=1"})
X265 = {"preset": "ultrafast", "x265-params": "log-level=none"}
VP8 = {"deadline": "good", "cpu-used": "4", "auto-alt-ref": "1", "lag-in-frames": "16"}


MATRIX: Sequence[Sample] = (
    Sample("h264_b.avi", "libx264", options=_x264(), b_frames=3),
    Sample("h264_b_one_key.avi", "libx264", options=_x264(), b_frames=3, gop=1000),
    Sample("h264_b.mp4", "libx264", options=_x264(), b_frames=3),
    Sample("h264_b_one_key.mp4", "libx264", options=_x264(), b_frames=3, gop=1000),
    Sample("h264_b.mkv", "libx264", options=_x264(), b_frames=3),
    Sample("h264_b.mov", "libx264", options=_x264(), b_frames=3),
    Sample("h264_open_gop.avi", "libx264", options=OPEN_GOP, b_frames=3),
    Sample("h264_open_gop.mp4", "libx264", options=OPEN_GOP, b_frames=3),
    Sample("h264_sound.avi", "libx264", options=_x264(), b_frames=2, sound="libmp3lame"),
    Sample("h264_sound.mp4", "libx264", options=_x264(), b_frames=2, sound="aac"),
    Sample("h264_variable.mp4", "libx264", options=_x264(), b_frames=3, variable=True),
    Sample("h264_variable.mkv", "libx264", options=_x264(), b_frames=3, variable=True),
    Sample("mpeg4.avi", "mpeg4", options={"b": "2M"}, gop=40),
    Sample("mpeg4_b.avi", "mpeg4", options={"b": "2M"}, b_frames=2),
    Sample("mpeg4_b_sound.avi", "mpeg4", options={"b": "2M"}, b_frames=2, sound="pcm_s16le"),
    Sample("mpeg4_b.mp4", "mpeg4", options={"b": "2M"}, b_frames=2),
    Sample("mjpeg.avi", "mjpeg", options={"q": "3"}, pix_fmt="yuvj420p"),
    Sample("mjpeg_sound.avi", "mjpeg", options={"q": "3"}, pix_fmt="yuvj420p", sound="pcm_s16le"),
    Sample("ffv1_depth.mkv", "ffv1", pix_fmt="gray16le", gop=1),
    Sample("ffv1_depth_long_gop.mkv", "ffv1", pix_fmt="gray16le", gop=20),
    Sample(
        "h265_b.mp4",
        "libx265",
        options=X265,
        b_frames=3,
    ),
    Sample("vp9.webm", "libvpx-vp9", options={"deadline": "realtime", "cpu-used": "8"}),
    Sample(
        "vp8.webm",
        "libvpx",
        options=VP8,
    ),
)


def ticks(sample: Sample) -> list[int]:
    """Presentation time of every frame in ms (variable rate) or in frames."""
    if not sample.variable:
        return list(range(sample.frames))
    steps = np.random.default_rng(3).integers(12, 90, sample.frames)
    return [int(t) for t in np.cumsum(steps) - steps[0]]


def picture(sample: Sample, number: int) -> NDArray[np.uint8]:
    """(height, width) uint8: two rows of blocks, the number and its complement."""
    small = np.zeros((2, BITS), dtype=np.uint8)
    for bit in range(BITS):
        small[0, bit] = number >> bit & 1
        small[1, bit] = 1 - small[0, bit]
    big = np.kron(small, np.ones((sample.height // 2, sample.width // BITS), dtype=np.uint8))
    return np.asarray(big * 219 + 16, dtype=np.uint8)


def number_of(picture: NDArray[np.generic]) -> int:
    """The number painted in a decoded picture; -1 where the blocks contradict each other."""
    gray = np.asarray(picture, dtype=np.float64)
    gray = gray.mean(axis=-1) if gray.ndim == 3 else gray
    height, width = gray.shape
    rows = gray.reshape(2, height // 2, BITS, width // BITS).mean(axis=(1, 3))
    bits = rows[0] > rows[1]
    if float(np.abs(rows[0] - rows[1]).min()) < 0.25 * float(gray.max() - gray.min()):
        return -1
    return sum(1 << bit for bit in range(BITS) if bits[bit])


def sound(seconds: float) -> NDArray[np.int16]:
    """(n,) int16: a 440 Hz tone with a click every half second."""
    t = np.arange(round(seconds * SOUND_RATE)) / SOUND_RATE
    tone = 6000 * np.sin(2 * np.pi * 440 * t)
    tone[(t * 2) % 1 < 0.01] *= 4
    return tone.astype(np.int16)


def write(sample: Sample, folder: Path) -> Path:
    """Make the file."""
    path = folder / sample.name
    with av.open(str(path), "w") as container:
        stream = container.add_stream(sample.codec, rate=sample.rate, options=dict(sample.options))
        stream.width, stream.height, stream.pix_fmt = sample.width, sample.height, sample.pix_fmt
        context = stream.codec_context
        context.gop_size, context.max_b_frames = sample.gop, sample.b_frames
        base = Fraction(1, 1000) if sample.variable else Fraction(1, sample.rate)
        context.time_base = base
        audio = (
            container.add_stream(sample.sound, rate=SOUND_RATE, layout="mono")
            if sample.sound
            else None
        )
        for number, tick in enumerate(ticks(sample)):
            gray = picture(sample, number)
            if sample.pix_fmt == "gray16le":
                frame = VideoFrame.from_ndarray(gray.astype(np.uint16) * 17, format="gray16le")
            else:
                frame = VideoFrame.from_ndarray(gray, format="gray").reformat(format=sample.pix_fmt)
            frame.pts, frame.time_base = tick, base
            container.mux(stream.encode(frame))
            if audio is not None:
                _encode_sound(container, audio, number, sample)
        container.mux(stream.encode(None))
        if audio is not None:
            container.mux(audio.encode(None))
    return path


def _encode_sound(
    container: OutputContainer, audio: AudioStream, number: int, sample: Sample
) -> None:
    samples = sound(sample.frames / sample.rate)
    first, last = (round(n * SOUND_RATE / sample.rate) for n in (number, number + 1))
    frame = AudioFrame.from_ndarray(samples[None, first:last], format="s16", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = SOUND_RATE, first, Fraction(1, SOUND_RATE)
    container.mux(audio.encode(frame))
