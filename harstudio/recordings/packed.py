"""Decoded pictures as the decoder left them: half the bytes of RGB, in memory that is recycled.

Fresh memory is dear: the first touch of 6 MB can take longer than decoding a 1080p picture. So
the memory of pictures that nobody holds any more goes to the next ones, of the next recording too.
"""

from __future__ import annotations

from functools import cache
from threading import RLock, local
from typing import Any

import numpy as np
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane
from av.video.reformatter import ColorRange, VideoReformatter
from numpy.typing import NDArray

BT601 = (2, 5, 6)  # numbers of colour spaces: not told, PAL, NTSC
IDLE_BYTES = 512 << 20
_own = local()


class Memory:
    """Pieces of memory that are used again; safe to call from any thread."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes  # of what lies idle
        self._idle: dict[int, list[NDArray[np.uint8]]] = {}
        self._idle_bytes = 0
        self._lock = RLock()  # a picture may be let go of by the very thread that takes memory

    def take(self, size: int) -> NDArray[np.uint8]:
        """(size,) uint8 with anything in it."""
        with self._lock:
            pieces = self._idle.get(size)
            if pieces:
                self._idle_bytes -= size
                return pieces.pop()
        return np.empty(size, dtype=np.uint8)

    def give(self, piece: NDArray[np.uint8]) -> None:
        """Nobody looks at it any more."""
        with self._lock:
            self._idle.setdefault(piece.size, []).append(piece)
            self._idle_bytes += piece.size
            while self._idle_bytes > self._limit_bytes:
                largest = max((size for size, pieces in self._idle.items() if pieces))
                self._idle[largest].pop(0)
                self._idle_bytes -= largest


MEMORY = Memory(IDLE_BYTES)


class PackedPicture:
    """One picture of a video track; ``unpack`` makes the array of it, in about 1 ms at 1080p."""

    __slots__ = ("_colored", "_memory", "_pixels")

    def __init__(self, frame: VideoFrame, dtype: str) -> None:
        planes = [_pixels(plane, dtype) for plane in frame.planes]
        self._colored = len(planes) > 1
        self._memory = MEMORY.take(sum(plane.nbytes for plane in planes))
        start = 0
        for plane in planes:
            part = self._memory[start : start + plane.nbytes].view(dtype)
            part.reshape(plane.shape)[:] = plane
            start += plane.nbytes
        self._pixels = self._memory.view(dtype).reshape(-1, frame.width)

    def __del__(self) -> None:
        MEMORY.give(self._memory)

    @property
    def nbytes(self) -> int:
        """Bytes that it takes."""
        return self._pixels.nbytes

    def unpack(self) -> NDArray[Any]:
        """(H, W, 3) uint8 RGB, or (H, W) of a grey track; the caller's own."""
        if not self._colored:
            return self._pixels.copy()
        cv2 = _opencv()
        rgb: NDArray[np.uint8] = cv2.cvtColor(self._pixels, cv2.COLOR_YUV2RGB_I420)
        return rgb


def packed(
    frame: VideoFrame, size: tuple[int, int], pix_fmt: str, dtype: str
) -> PackedPicture | NDArray[Any]:
    """The picture to keep: packed where unpacking is cheap, else an array.

    size: (width, height) of the track. pix_fmt, dtype: what the array is to be.
    """
    if (frame.width, frame.height) == size:
        same = frame.format.name == pix_fmt and pix_fmt.startswith("gray")
        if same or (pix_fmt == "rgb24" and _is_plain_yuv(frame)):
            return PackedPicture(frame, dtype)
    if not hasattr(_own, "reformatter"):
        _own.reformatter = VideoReformatter()  # keeps its tables; not to be shared by threads
    width, height = size
    converted = _own.reformatter.reformat(
        frame, width=width, height=height, format=pix_fmt, threads=1
    )
    return np.ascontiguousarray(converted.to_ndarray())


def unpacked(picture: PackedPicture | NDArray[Any]) -> NDArray[Any]:
    """The array of a picture that may be packed."""
    return picture.unpack() if isinstance(picture, PackedPicture) else picture


def _is_plain_yuv(frame: VideoFrame) -> bool:
    """Whether OpenCV's only formula for planes fits: 4:2:0, BT.601, video levels."""
    return (
        frame.format.name == "yuv420p"
        and int(frame.colorspace) in BT601
        and frame.color_range != ColorRange.JPEG
        and frame.width % 2 == 0
        and frame.height % 2 == 0
    )


def _pixels(plane: VideoPlane, dtype: str) -> NDArray[Any]:
    """(h, w) look into a plane, without the padding of its rows."""
    flat: NDArray[Any] = np.asarray(memoryview(plane))
    rows = flat.reshape(-1, plane.line_size)
    return rows[: plane.height].view(dtype)[:, : plane.width]


@cache
def _opencv() -> Any:
    import cv2

    cv2.setNumThreads(1)  # a second thread doubles the processor time of 1 ms and saves nothing
    return cv2
