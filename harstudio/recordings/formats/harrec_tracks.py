"""Encoders of the native format: pictures and sound into the tracks of one mkv."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.container import OutputContainer
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from harstudio.errors import UsageError
from harstudio.recordings.formats.harrec_header import StreamSpec
from harstudio.recordings.streams import SECOND_NS, StreamKind

MILLISECOND = Fraction(1, 1000)
BT601 = 6  # SMPTE 170M, what swscale converts RGB with; said in the file so that players agree
LIMITED_RANGE = 1
# Little is lost when the process is killed: clusters are short, nothing waits for a silent track.
MUXER = {"cluster_time_limit": "500", "flush_packets": "1", "max_interleave_delta": "500000"}


def open_tracks(path: Path, attachments: dict[str, bytes]) -> OutputContainer:
    """A new mkv with its attachments, which have to stand before the first packet."""
    container = av.open(str(path), "w", format="matroska", options=MUXER)
    for name, data in attachments.items():
        container.add_attachment(name, "application/json", data)
    return container


def milliseconds(time_ns: int) -> int:
    """The mkv's clock."""
    return (time_ns + 500_000) // 1_000_000


class PictureTrack:
    """Encodes one picture stream; frame k of the track is the k-th picture given."""

    def __init__(self, container: OutputContainer, spec: StreamSpec) -> None:
        self.spec = spec
        self.frames = 0
        self._container = container
        self._last_ms = -1
        self._reformatter = VideoReformatter()
        self._given, self._coded = _pixel_formats(spec)
        codec, options = _encoder(spec)
        rate = Fraction(spec.rate_hz).limit_denominator(1001)
        stream = container.add_stream(codec, rate=rate, options=options)
        stream.width, stream.height = spec.width, spec.height
        stream.pix_fmt = self._coded
        stream.time_base = MILLISECOND
        context = stream.codec_context
        context.time_base = MILLISECOND
        context.gop_size = spec.key_interval or (30 if codec == "libx264" else 1)
        if codec == "libx264":
            context.max_b_frames = 0
            context.colorspace, context.color_range = BT601, LIMITED_RANGE
        else:
            context.thread_type = "SLICE"
        stream.metadata["title"] = spec.track
        self._stream = stream

    def put(self, picture: NDArray[Any], since_start_ns: int) -> None:
        """Encode one picture; raises UsageError where its shape or dtype is not the stream's."""
        spec = self.spec
        color = spec.kind == StreamKind.COLOR
        shape = (spec.height, spec.width, 3) if color else (spec.height, spec.width)
        if picture.shape != shape or picture.dtype != np.dtype(spec.pixel_dtype):
            raise UsageError(
                f"Stream {spec.name} takes pictures of shape {shape}, {spec.pixel_dtype}, "
                f"not {picture.shape}, {picture.dtype}."
            )
        frame = VideoFrame.from_ndarray(np.ascontiguousarray(picture), format=self._given)
        if self._coded != self._given:
            frame = self._reformatter.reformat(frame, format=self._coded)
        # Two pictures in one millisecond keep their order; times.jsonl has the exact clock.
        self._last_ms = max(self._last_ms + 1, milliseconds(since_start_ns))
        frame.pts, frame.time_base = self._last_ms, MILLISECOND
        self._container.mux(self._stream.encode(frame))
        self.frames += 1

    def finish(self) -> None:
        """Write what the encoder still holds."""
        self._container.mux(self._stream.encode(None))


def _pixel_formats(spec: StreamSpec) -> tuple[str, str]:
    """How a picture is given, and how it is coded."""
    h264 = spec.chosen_codec == "h264"
    if spec.kind == StreamKind.COLOR:
        even = spec.width % 2 == 0 and spec.height % 2 == 0
        return "rgb24", ("yuv420p" if even else "yuv444p") if h264 else "bgr0"
    if spec.pixel_dtype == "uint8":
        return "gray", "gray"
    if h264:
        raise UsageError(f"Stream {spec.name}: H.264 takes 8-bit infrared only.")
    return "gray16le", "gray16le"


def _encoder(spec: StreamSpec) -> tuple[Literal["ffv1", "libx264"], dict[str, str]]:
    codec = spec.chosen_codec
    if codec == "ffv1":
        return "ffv1", {"level": "3", "slices": "4", "slicecrc": "1"}
    if codec != "h264" or spec.kind == StreamKind.DEPTH:
        raise UsageError(f"Stream {spec.name}: {spec.kind} cannot be written as {codec}.")
    options = {"crf": str(spec.crf), "preset": spec.preset}
    if spec.lookahead:
        options["rc-lookahead"] = str(spec.lookahead)
    else:
        options["tune"] = "zerolatency"
    return "libx264", options


class AudioTrack:
    """Encodes one sound stream from 16-bit samples."""

    def __init__(self, container: OutputContainer, spec: StreamSpec) -> None:
        self.spec = spec
        self.channels = max(1, len(spec.channels))
        self.samples = 0
        self.first_ns = 0
        self._container = container
        if spec.sample_rate <= 0 or self.channels > 2:
            raise UsageError(f"Stream {spec.name} needs a sample rate and one or two channels.")
        if spec.chosen_codec not in ("flac", "opus"):
            raise UsageError(f"Stream {spec.name}: sound cannot be written as {spec.codec}.")
        codec: Literal["flac", "libopus"] = "flac" if spec.chosen_codec == "flac" else "libopus"
        stream = container.add_stream(codec, rate=spec.sample_rate)
        self._layout = "mono" if self.channels == 1 else "stereo"
        stream.codec_context.layout = self._layout
        stream.codec_context.format = "s16"
        stream.metadata["title"] = spec.track
        self._stream = stream

    def put(self, samples: NDArray[np.int16], since_start_ns: int) -> None:
        """Encode (n, channels) int16 that follow what was given before."""
        if samples.ndim != 2 or samples.shape[1] != self.channels or samples.dtype != np.int16:
            raise UsageError(
                f"Stream {self.spec.name} takes (n, {self.channels}) int16, "
                f"not {samples.shape}, {samples.dtype}."
            )
        rate = self.spec.sample_rate
        for block in _blocks(samples, rate // 10):
            frame = AudioFrame.from_ndarray(
                np.ascontiguousarray(block).reshape(1, -1), format="s16", layout=self._layout
            )
            frame.sample_rate = rate
            frame.time_base = Fraction(1, rate)
            frame.pts = self.samples + round(since_start_ns * rate / SECOND_NS)
            self._container.mux(self._stream.encode(frame))
            self.samples += len(block)

    def finish(self) -> None:
        """Write what the encoder still holds."""
        if self.samples:
            self._container.mux(self._stream.encode(None))


def _blocks(samples: NDArray[np.int16], size: int) -> Iterator[NDArray[np.int16]]:
    for start in range(0, len(samples), max(1, size)):
        yield samples[start : start + max(1, size)]
