"""Encoders of the native format: pictures and sound into the tracks of one mkv."""

from __future__ import annotations

import io
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal, NamedTuple

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.container import OutputContainer
from av.packet import Packet
from av.video.frame import PictureType, VideoFrame
from av.video.reformatter import VideoReformatter
from av.video.stream import VideoStream
from numpy.typing import NDArray

from harstudio.errors import UsageError
from harstudio.recordings.formats.harrec_header import StreamSpec
from harstudio.recordings.streams import SECOND_NS, StreamKind

MILLISECOND = Fraction(1, 1000)
BT601 = 6  # SMPTE 170M, what swscale converts RGB with; said in the file so that players agree
LIMITED_RANGE = 1
# Little is lost when the process is killed: clusters are short, nothing waits for a silent track.
MUXER = {"cluster_time_limit": "200", "flush_packets": "1", "max_interleave_delta": "1"}


class Encoded(NamedTuple):
    """A picture as it lies in the mkv. key: it can be decoded without those before it.

    time_ms: the time it was given with.
    """

    data: bytes
    key: bool
    time_ms: int


def open_tracks(path: Path, attachments: dict[str, bytes]) -> OutputContainer:
    """A new mkv with its attachments, which have to stand before the first packet."""
    container = av.open(str(path), "w", format="matroska", options=MUXER)
    for name, data in attachments.items():
        container.add_attachment(name, "application/json", data)
    return container


def milliseconds(time_ns: int) -> int:
    """The mkv's clock."""
    return (time_ns + 500_000) // 1_000_000


class PictureEncoder:
    """Encodes one picture stream, into no file: what it gives may go into one or several.

    threads: of the encoder, 0 for as many as it likes. Its pictures are given and taken in one
    thread; several encoders run beside each other.
    """

    def __init__(self, spec: StreamSpec, *, threads: int = 0) -> None:
        self.spec = spec
        self._last_ms = -1
        self._reformatter = VideoReformatter()
        self._given, self._coded = _pixel_formats(spec)
        codec, options = _encoder(spec)
        # A stream can only be copied into a file from the stream of another one.
        self._nowhere = av.open(io.BytesIO(), "w", format="matroska")
        rate = Fraction(spec.rate_hz).limit_denominator(1001)
        stream = self._nowhere.add_stream(codec, rate=rate, options=options)
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
        if threads:
            context.thread_count = threads
        self._nowhere.start_encoding()
        self.stream: VideoStream = stream

    def encode(self, picture: NDArray[Any], time_ms: int, *, key: bool = False) -> list[Encoded]:
        """What is ready now: with lookahead not yet this one. key: it shall be a key frame.

        UsageError where its shape or dtype is not the stream's.
        """
        spec = self.spec
        color = spec.kind == StreamKind.COLOR
        shape = (spec.height, spec.width, 3) if color else (spec.height, spec.width)
        if picture.shape != shape or picture.dtype != np.dtype(spec.pixel_dtype):
            raise UsageError(
                f"Stream {spec.name} takes pictures of shape {shape}, {spec.pixel_dtype}, "
                f"not {picture.shape}, {picture.dtype}."
            )
        frame = VideoFrame.from_numpy_buffer(np.ascontiguousarray(picture), format=self._given)
        if self._coded != self._given:
            frame = self._reformatter.reformat(frame, format=self._coded)
        self._last_ms = max(self._last_ms + 1, time_ms)
        frame.pts, frame.time_base = self._last_ms, MILLISECOND
        frame.pict_type = PictureType.I if key else PictureType.NONE
        return self._ready(frame)

    def finish(self) -> list[Encoded]:
        """What the encoder still holds; it takes nothing more."""
        return self._ready(None)

    def close(self) -> None:
        """Let go of its memory."""
        self._nowhere.close()

    def _ready(self, frame: VideoFrame | None) -> list[Encoded]:
        packets = self.stream.encode(frame)
        return [Encoded(bytes(one), one.is_keyframe, int(one.pts or 0)) for one in packets]


class PictureTrack:
    """One picture track of an mkv; frame k of the track is the k-th encoded picture given."""

    def __init__(self, container: OutputContainer, encoder: PictureEncoder) -> None:
        self.spec = encoder.spec
        self._container = container
        self._last_ms = -1
        self._stream = container.add_stream_from_template(encoder.stream)
        self._stream.time_base = MILLISECOND
        self._stream.metadata["title"] = self.spec.track

    def put(self, picture: Encoded, time_ms: int) -> None:
        """time_ms: since the beginning of the file.

        Two pictures in one millisecond keep their order; times.jsonl has the exact clock.
        """
        self._last_ms = max(self._last_ms + 1, time_ms)
        packet: Packet[Any] = Packet(picture.data)
        packet.stream = self._stream
        packet.pts = packet.dts = self._last_ms
        packet.time_base = MILLISECOND
        packet.is_keyframe = picture.key
        self._container.mux(packet)


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
    options = {"crf": str(spec.crf), "preset": spec.preset, "forced-idr": "1"}
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
