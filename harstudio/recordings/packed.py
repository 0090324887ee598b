"""Decoded pictures as the decoder left them: half the bytes of RGB, in memory that it recycles.

Fresh memory is dear: filling 6 MB for the first time takes longer than decoding a 1080p picture.
FFmpeg gives the memory of pictures that nobody holds any more to the next ones.
"""

from __future__ import annotations

from functools import cache
from threading import local
from typing import Any

import numpy as np
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane
from av.video.reformatter import ColorRange, VideoReformatter
from numpy.typing import NDArray

BT601 = (2, 5, 6)  # numbers of colour spaces: not told, PAL, NTSC
_own = local()


class PackedPicture:
    """One picture of a video track; ``unpack`` makes the array of it, in about 1 ms at 1080p."""

    __slots__ = ("_dtype", "_frame", "nbytes")

    def __init__(self, frame: VideoFrame, dtype: str) -> None:
        self._frame = frame
        self._dtype = dtype
        self.nbytes: int = sum(plane.buffer_size for plane in frame.planes)

    def unpack(self) -> NDArray[Any]:
        """(H, W, 3) uint8 RGB, or (H, W) of a grey track; the caller's own."""
        frame = self._frame
        planes = [_pixels(plane, self._dtype) for plane in frame.planes]
        if len(planes) == 1:
            return planes[0].copy()
        stacked = np.empty((frame.height * 3 // 2, frame.width), dtype=np.uint8)
        flat, start = stacked.reshape(-1), 0
        for plane in planes:
            flat[start : start + plane.size].reshape(plane.shape)[:] = plane
            start += plane.size
        cv2 = _opencv()
        rgb: NDArray[np.uint8] = cv2.cvtColor(stacked, cv2.COLOR_YUV2RGB_I420)
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
