"""Pictures out of video files: the frame asked for is the frame given, on every codec.

Frames are named by packet numbers (see ``video_index``), never by the container's times. The
decoder is kept running forward; it jumps only back, or ahead over a key frame.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

import av
import numpy as np
from av.container import InputContainer
from av.packet import Packet
from av.stream import Discard
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream as AvVideoStream
from numpy.typing import NDArray

from harstudio.errors import DataError
from harstudio.recordings.packed import PackedPicture, packed, unpacked
from harstudio.recordings.streams import PictureStream, StreamKind
from harstudio.recordings.video_index import MAX_PIXELS, VideoIndex, index_media, open_media

JUMP_FRAMES = 8  # decode on rather than seek when a key frame is fewer frames ahead
LARGE_PIXELS = 1280 * 720
THREADS_LARGE = min(8, os.cpu_count() or 1)
THREADS_SMALL = 1  # more only take the processor from the other streams

Wanted = Callable[[int], bool]
PackedRun: TypeAlias = Generator[tuple[int, PackedPicture | NDArray[Any]], None, None]
NumberedPacket: TypeAlias = "tuple[int, Packet[AvVideoStream]]"


def picture_format(kind: StreamKind, pix_fmt: str) -> tuple[str, str]:
    """(pixel format, dtype) in which the pictures of a track are given."""
    if kind == StreamKind.COLOR:
        return "rgb24", "uint8"
    deep = kind == StreamKind.DEPTH or pix_fmt.startswith(("gray16", "gray12", "gray10"))
    return ("gray16le", "uint16") if deep else ("gray", "uint8")


def video_stream(
    index: VideoIndex,
    path: Path,
    *,
    name: str,
    kind: StreamKind,
    times_ns: NDArray[np.int64] | None = None,
) -> PictureStream:
    """A stream over one track; ``times_ns`` where better clocks than the file's are known."""
    times = index.times_ns if times_ns is None else times_ns
    return PictureStream(
        name,
        kind,
        times,
        VideoReader(path, kind, index),
        width=index.width,
        height=index.height,
        dtype=picture_format(kind, index.pix_fmt)[1],
        nominal_rate_hz=index.rate_hz,
    )


def open_video(path: Path, *, name: str, kind: StreamKind) -> PictureStream:
    """The first picture track of a file as a stream; DataError where there is none."""
    media = index_media(Path(path))
    if not media.video:
        raise DataError("There are no pictures in this file.", path=path)
    return video_stream(media.video[0], media.path, name=name, kind=kind)


class VideoReader:
    """Frames of one picture track; implements FrameReader and may be called from any thread.

    A run holds the reader until it is finished or its iterator is closed. Colour comes as
    (H, W, 3) uint8 RGB; depth and deep infrared as (H, W) uint16; other infrared as (H, W) uint8.
    """

    def __init__(
        self,
        path: Path,
        kind: StreamKind,
        index: VideoIndex | Callable[[], VideoIndex],
        *,
        threads: int = 0,
    ) -> None:
        """index: how the file is built, or a function that finds out at the first frame.
        threads: of the decoder, 0 for as many as the size of the pictures asks for."""
        self.path = Path(path)
        self._threads = threads
        self._kind = kind
        self._given = index
        self._lock = threading.Lock()
        self._holder: int | None = None
        self._closing = False
        self._container: InputContainer | None = None
        self._pictures: Iterator[tuple[int, VideoFrame]] | None = None
        self._next = 0  # the frame that the running decoder gives next
        self._held: tuple[int, VideoFrame] | None = None  # decoded, not yet given

    def read(self, index: int) -> NDArray[Any]:
        """Frame ``index``; DataError naming the file where it cannot be decoded."""
        for _, picture in self.read_run(index, lambda _: False):
            return picture
        raise DataError(f"Frame {index} was not read: the recording is closed.", path=self.path)

    def read_run(
        self, index: int, wanted: Wanted | None = None
    ) -> Iterator[tuple[int, NDArray[Any]]]:
        """Every frame decoded on the way to ``index``, which comes last.

        wanted: which of the frames on the way are worth giving (default all).
        """
        with closing(self.read_packed(index, wanted)) as run:
            for number, picture in run:
                yield number, unpacked(picture)

    def read_packed(self, index: int, wanted: Wanted | None = None) -> PackedRun:
        """As ``read_run``, but pictures to be unpacked when they are looked at."""
        if self._holder == threading.get_ident():
            raise RuntimeError("finish or close the run before reading another frame")
        with self._lock:
            self._holder = threading.get_ident()
            try:
                yield from self._run(index, wanted)
            finally:
                self._holder = None
                if self._closing:
                    self._release()

    def another(self) -> VideoReader:
        """A reader of the same track with a decoder of its own, of one thread: neither waits
        for the other."""
        return VideoReader(self.path, self._kind, lambda: self._index, threads=1)

    def key_frame_in(self, first: int, last: int) -> int:
        """A frame of [first, last] that is decoded at once, without those before it; ``first``
        where there is none."""
        key = self._order.key_before(last)
        return key if first <= key <= last else first

    def close(self) -> None:
        """Let go of the file; a run in another thread ends at its next frame."""
        self._closing = True
        with self._lock:
            self._release()

    @cached_property
    def _index(self) -> VideoIndex:
        return self._given if isinstance(self._given, VideoIndex) else self._given()

    @cached_property
    def _order(self) -> _ShowOrder:
        return _ShowOrder(self._index)

    @cached_property
    def _format(self) -> tuple[str, str]:
        return picture_format(self._kind, self._index.pix_fmt)

    def _release(self) -> None:
        self._pictures, self._held = None, None
        if self._container is not None:
            self._container.close()
            self._container = None
        self._closing = False

    def _run(self, index: int, wanted: Wanted | None) -> PackedRun:
        size = (self._index.width, self._index.height)
        if not 0 <= index < len(self._index):
            raise DataError(f"There is no frame {index}.", path=self.path)
        try:
            self._aim(index)
            while (found := self._advance()) is not None:
                number, frame = found
                if number > index:
                    self._held, self._next = found, number
                    break
                if self._closing:
                    return
                if number == index or wanted is None or wanted(number):
                    yield number, packed(frame, size, *self._format)
                if number == index:
                    return
        except (av.FFmpegError, ValueError, MemoryError) as error:
            self._pictures = None
            raise DataError(
                f"Frame {index} cannot be decoded ({error}).", path=self.path
            ) from error
        raise DataError(
            f"Frame {index} cannot be decoded.",
            path=self.path,
            remedy="The file is damaged there; other frames can be seen.",
        )

    def _aim(self, index: int) -> None:
        """Let the decoder go on where it is, or start it at the right key frame."""
        key = self._order.key_before(index)
        running = self._pictures is not None and self._next <= index
        if running and key <= self._next + JUMP_FRAMES:
            return
        self._held, self._next = None, key
        self._pictures = self._decode_from(key)

    def _advance(self) -> tuple[int, VideoFrame] | None:
        found, self._held = self._held, None
        if found is None and self._pictures is not None:
            found = next(self._pictures, None)
        if found is None:
            self._pictures = None
        else:
            self._next = found[0] + 1
        return found

    def _decode_from(self, start: int) -> Iterator[tuple[int, VideoFrame]]:
        """(frame number, picture) in the order they are shown, from key frame ``start`` on."""
        packets = self._packets_from(self._order.packet(start))
        before = start - 1
        for ordinal, frame in _decode(packets):
            number = self._order.number(ordinal, before)
            if number is not None and number >= start:
                before = number
                yield number, frame
        self._order.ended(before)

    def _open(self) -> tuple[InputContainer, AvVideoStream]:
        if self._container is None:
            self._container = open_media(self.path)
        container, track = self._container, self._index.track
        stream = next((s for s in container.streams.video if s.index == track), None)
        if stream is None or stream.codec_context is None:
            raise DataError("The file has changed since it was opened.", path=self.path)
        context = stream.codec_context
        if not context.is_open:
            context.thread_type = "AUTO"
            large = context.width * context.height >= LARGE_PIXELS
            usual = THREADS_LARGE if large else THREADS_SMALL
            context.thread_count = self._threads or usual
            context.options = {"max_pixels": str(MAX_PIXELS)}
            for other in container.streams:
                if other.index != track:
                    other.discard = Discard.all
        return container, stream

    def _packets_from(self, first: int) -> Iterator[NumberedPacket]:
        """Packets from the key packet ``first`` on."""
        index = self._index
        container, stream = self._open()
        if index.place is not None:
            targets = (int(index.seek_dts[first]), int(index.seek_pts[first]))
            for target in dict.fromkeys(targets):
                try:
                    container.seek(target, stream=stream)
                except av.FFmpegError:
                    continue
                packets = _numbered(container, stream, first)
                head = next(packets, None)
                if head is not None and head[1].pos == index.place[first]:
                    yield head
                    yield from packets
                    return
        # The container cannot seek there: read, without decoding, from the beginning.
        container.close()
        self._container = None
        container, stream = self._open()
        for number, packet in _numbered(container, stream, 0):
            if number >= first:
                yield number, packet


class _ShowOrder:
    """Packet numbers in the order in which the pictures are shown.

    Known from the index, or learned while the file is decoded from its beginning.
    """

    def __init__(self, index: VideoIndex) -> None:
        count = len(index)
        self._key = index.key
        self._shown = np.full(count, -1, dtype=np.int64)
        self._numbers = np.full(count, -1, dtype=np.int64)
        self._known = 0
        self._growing = index.shown is None
        if index.shown is not None:
            self._shown = index.shown
            self._numbers[index.shown] = np.arange(count)
            self._known = count
        self._key_numbers = np.sort(self._numbers[self._key]) if not self._growing else None
        self._learned_keys = [0]

    def packet(self, number: int) -> int:
        """Packet of a key frame that ``key_before`` gave."""
        return int(self._shown[number]) if self._known else 0

    def key_before(self, number: int) -> int:
        """The last key frame at or before a frame, as far as the order is known."""
        keys = self._learned_keys if self._key_numbers is None else self._key_numbers
        place = int(np.searchsorted(keys, number, side="right")) - 1
        return int(keys[place]) if place >= 0 else 0

    def number(self, ordinal: int, before: int) -> int | None:
        """Frame number of a decoded packet, given the number of the frame shown before it."""
        if not 0 <= ordinal < self._numbers.size:
            return None
        number = int(self._numbers[ordinal])
        if number < 0 and self._growing and before + 1 == self._known:
            number = self._known
            self._numbers[ordinal], self._shown[number] = number, ordinal
            self._known += 1
            if self._key[ordinal] and number:
                self._learned_keys.append(number)
        return None if number < 0 else number

    def ended(self, last: int) -> None:
        """The decoder has given everything: nothing more will be learned."""
        if self._growing and last + 1 == self._known:
            self._growing = False


def _numbered(
    container: InputContainer, stream: AvVideoStream, start: int
) -> Iterator[NumberedPacket]:
    number = start
    try:
        for packet in container.demux(stream):
            if packet.size and not packet.is_discard:
                yield number, packet
                number += 1
    except (av.FFmpegError, ValueError):
        return  # the file breaks off here; the decoder still gives what it holds


def _decode(packets: Iterator[NumberedPacket]) -> Iterator[tuple[int, VideoFrame]]:
    """(packet number, picture); damaged packets give nothing."""
    context: VideoCodecContext | None = None
    for number, packet in packets:
        context = packet.stream.codec_context
        packet.pts = packet.dts = number
        yield from _pictures_of(context, packet)
    if context is not None:
        yield from _pictures_of(context, None)


def _pictures_of(
    context: VideoCodecContext, packet: Packet[AvVideoStream] | None
) -> Iterator[tuple[int, VideoFrame]]:
    try:
        frames = context.decode(packet)
    except (av.FFmpegError, ValueError):
        return
    for frame in frames:
        if frame.pts is not None:
            yield frame.pts, frame
