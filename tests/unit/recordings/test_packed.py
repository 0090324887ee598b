"""Pictures kept as the decoder left them are the same pictures."""

from __future__ import annotations

import numpy as np
import pytest
from av.video.frame import VideoFrame

from harstudio.recordings.packed import Memory, PackedPicture, packed, unpacked


def noise(width: int, height: int, pix_fmt: str) -> VideoFrame:
    """Smooth colours (chroma is kept at half the size), through that pixel format."""
    y, x = np.mgrid[:height, :width]
    rgb = np.stack([x * 255 // width, y * 255 // height, (x + y) % 200], axis=-1)
    return VideoFrame.from_ndarray(rgb.astype(np.uint8), format="rgb24").reformat(format=pix_fmt)


@pytest.mark.parametrize("size", [(64, 48), (330, 242)])  # with and without padded rows
def test_planes_become_the_same_rgb_as_ffmpeg_makes(size: tuple[int, int]) -> None:
    frame = noise(*size, "yuv420p")
    kept = packed(frame, size, "rgb24", "uint8")
    assert isinstance(kept, PackedPicture)
    assert kept.nbytes < 0.62 * size[0] * size[1] * 3
    rgb = kept.unpack()
    assert rgb.shape == (size[1], size[0], 3)
    expected = frame.to_ndarray(format="rgb24").astype(int)
    assert np.abs(rgb.astype(int) - expected).max() <= 4


@pytest.mark.parametrize("pix_fmt", ["yuvj420p", "yuv422p", "yuv444p", "rgb24"])
def test_other_formats_are_left_to_ffmpeg(pix_fmt: str) -> None:
    frame = noise(64, 48, pix_fmt)
    kept = packed(frame, (64, 48), "rgb24", "uint8")
    assert isinstance(kept, np.ndarray)
    assert np.array_equal(kept, frame.to_ndarray(format="rgb24"))


def test_other_matrices_are_left_to_ffmpeg() -> None:
    frame = noise(64, 48, "yuv420p")
    frame.colorspace = 1  # BT.709
    assert isinstance(packed(frame, (64, 48), "rgb24", "uint8"), np.ndarray)


def test_a_frame_of_another_size_is_brought_to_the_track_s() -> None:
    kept = packed(noise(64, 48, "yuv420p"), (32, 24), "rgb24", "uint8")
    assert unpacked(kept).shape == (24, 32, 3)


def test_depth_comes_back_to_the_last_bit() -> None:
    depth = np.random.default_rng(0).integers(0, 65536, (37, 51), dtype=np.uint16)
    frame = VideoFrame.from_ndarray(depth, format="gray16le")
    kept = packed(frame, (51, 37), "gray16le", "uint16")
    assert isinstance(kept, PackedPicture)
    found = kept.unpack()
    assert found.dtype == np.uint16
    assert np.array_equal(found, depth)
    found[:] = 0  # the caller's own: the kept picture stays
    assert np.array_equal(kept.unpack(), depth)


def test_memory_is_used_again_only_when_nobody_looks_at_it() -> None:
    frame = noise(64, 48, "yuv420p")
    first = packed(frame, (64, 48), "rgb24", "uint8")
    second = packed(noise(64, 48, "yuv420p"), (64, 48), "rgb24", "uint8")
    assert not np.shares_memory(first._pixels, second._pixels)
    place = first._pixels.__array_interface__["data"]
    shown = first.unpack()
    before = shown.copy()
    del first
    third = packed(VideoFrame(64, 48, "yuv420p"), (64, 48), "rgb24", "uint8")
    assert third._pixels.__array_interface__["data"] == place
    assert np.array_equal(shown, before)


def test_idle_memory_is_limited() -> None:
    memory = Memory(limit_bytes=1000)
    pieces = [memory.take(size) for size in (400, 400, 400, 100)]
    for piece in pieces:
        memory.give(piece)
    again = [memory.take(400) for _ in range(3)]
    assert sum(any(one is piece for piece in pieces) for one in again) == 2
    assert memory.take(100) is pieces[3]
