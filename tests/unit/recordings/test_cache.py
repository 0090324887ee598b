"""The cache keeps what is near the playhead; the reader threads fill it without waste."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import codec_matrix
from codec_matrix import Sample, number_of
from harstudio.errors import DataError
from harstudio.recordings import video
from harstudio.recordings.cache import FrameCache
from harstudio.recordings.prefetch import Prefetcher
from harstudio.recordings.streams import PictureStream, StreamKind, evenly
from harstudio.recordings.video import open_video

SIZE = 100  # bytes of one picture of a counting stream


class CountingReader:
    """Pictures that each stand alone, holding their number modulo 256; counts what is read."""

    def __init__(self, bad: set[int] | None = None, pause_s: float = 0.0) -> None:
        self.read_frames: list[int] = []
        self._bad = bad or set()
        self._pause_s = pause_s

    def read(self, index: int) -> NDArray[Any]:
        time.sleep(self._pause_s)
        self.read_frames.append(index)
        if index in self._bad:
            raise DataError(f"Frame {index} is damaged.", path=Path("clip.avi"))
        return np.full((10, 10), index % 256, dtype=np.uint8)

    def read_run(self, index: int) -> Iterator[tuple[int, NDArray[Any]]]:
        yield index, self.read(index)

    def close(self) -> None:
        """Nothing is open."""


def counting_stream(frames: int = 60, **reader: Any) -> PictureStream:
    return PictureStream(
        "infrared",
        StreamKind.INFRARED,
        evenly(frames, 30.0),
        CountingReader(**reader),
        width=10,
        height=10,
        dtype="uint8",
    )


def eventually(condition: Callable[[], bool], seconds: float = 10.0) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.005)
    return condition()


@pytest.fixture
def prefetch() -> Iterator[Callable[..., Prefetcher]]:
    made: list[Prefetcher] = []

    def make(streams: list[PictureStream], cache: FrameCache) -> Prefetcher:
        made.append(Prefetcher(streams, cache))
        return made[-1]

    yield make
    for prefetcher in made:
        prefetcher.close()


@pytest.fixture(scope="module")
def one_key(tmp_path_factory: pytest.TempPathFactory) -> Path:
    sample = Sample(
        "one_key.avi",
        "libx264",
        options={"preset": "veryfast", "sc_threshold": "0"},
        gop=1000,
        b_frames=3,
    )
    return codec_matrix.write(sample, tmp_path_factory.mktemp("clip"))


# ---- FrameCache


def test_it_never_holds_more_than_its_budget_and_keeps_the_nearest() -> None:
    stream = counting_stream()
    cache = FrameCache(10 * SIZE)
    cache.focus(stream, 30)
    for index in range(60):
        cache.put(stream, index, stream.frame(index))
        assert cache.used_bytes <= cache.budget_bytes
    held = np.flatnonzero(cache.cached(stream)).tolist()
    assert held == list(range(27, 37))  # what lies behind counts twice
    assert cache.get(stream, 30) is not None
    assert cache.get(stream, 10) is None


def test_going_back_turns_the_window_round() -> None:
    stream = counting_stream()
    cache = FrameCache(10 * SIZE)
    cache.focus(stream, 30, -1)
    for index in range(60):
        cache.put(stream, index, stream.frame(index))
    assert np.flatnonzero(cache.cached(stream)).tolist() == list(range(24, 34))


def test_a_far_picture_does_not_throw_out_near_ones() -> None:
    stream = counting_stream()
    cache = FrameCache(3 * SIZE)
    cache.focus(stream, 5)
    assert all(cache.put(stream, index, stream.frame(index)) for index in (5, 6, 7))
    assert not cache.wants(stream, 50)
    assert not cache.put(stream, 50, stream.frame(50))
    assert cache.cached(stream)[[5, 6, 7]].all()


def test_streams_share_the_budget_by_time() -> None:
    one, two = counting_stream(), counting_stream()
    cache = FrameCache(12 * SIZE)
    for stream in (one, two):
        cache.focus(stream, 0)
    for index in range(60):
        cache.put(one, index, one.frame(index))
    assert cache.cached(one).sum() == 12
    for index in range(60):
        cache.put(two, index, two.frame(index))
    assert cache.cached(one).sum() == cache.cached(two).sum() == 6


def test_the_picture_at_the_playhead_is_always_kept() -> None:
    stream = counting_stream()
    cache = FrameCache(SIZE // 2)
    cache.focus(stream, 8)
    assert cache.put(stream, 8, stream.frame(8))
    assert not cache.put(stream, 9, stream.frame(9))


def test_clearing_one_stream_leaves_the_other() -> None:
    one, two = counting_stream(), counting_stream()
    cache = FrameCache(100 * SIZE)
    cache.put(one, 0, one.frame(0))
    cache.put(two, 0, two.frame(0))
    cache.clear(one)
    assert cache.get(one, 0) is None
    assert cache.get(two, 0) is not None
    assert cache.used_bytes == SIZE
    cache.clear()
    assert cache.used_bytes == 0
    assert not cache.cached(two).any()


def test_putting_a_picture_again_counts_it_once() -> None:
    stream = counting_stream()
    cache = FrameCache(10 * SIZE)
    for _ in range(3):
        assert cache.put(stream, 4, stream.frame(4))
    assert cache.used_bytes == SIZE


def test_many_threads_keep_the_count_of_bytes() -> None:
    streams = [counting_stream() for _ in range(4)]
    cache = FrameCache(40 * SIZE)

    def work(stream: PictureStream, seed: int) -> None:
        random = np.random.default_rng(seed)
        for index in random.integers(0, 60, 400).tolist():
            cache.focus(stream, index, 1 if seed % 2 else -1)
            cache.put(stream, index, stream.frame(index))
            cache.get(stream, int(random.integers(0, 60)))

    threads = [
        threading.Thread(target=work, args=(stream, seed)) for seed, stream in enumerate(streams)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    held = sum(int(cache.cached(stream).sum()) for stream in streams)
    assert cache.used_bytes == held * SIZE
    assert cache.used_bytes <= cache.budget_bytes


# ---- Prefetcher


def test_the_whole_clip_is_cached_in_one_decode_pass(
    one_key: Path, prefetch: Callable[..., Prefetcher], monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = open_video(one_key, name="color", kind=StreamKind.COLOR)
    converted: list[int] = []
    starts: list[int] = []
    reader = type(stream.reader)
    keep, decode_from = video.packed, reader._decode_from
    monkeypatch.setattr(video, "packed", lambda *given: converted.append(1) or keep(*given))
    monkeypatch.setattr(
        reader, "_decode_from", lambda self, at: starts.append(at) or decode_from(self, at)
    )
    cache = FrameCache(200 * stream.frame_bytes)
    prefetcher = prefetch([stream], cache)
    prefetcher.look(int(stream.times_ns[50]))
    assert eventually(lambda: bool(cache.cached(stream).all()))
    assert len(converted) == len(stream)
    assert starts == [0]
    for index in (0, 17, 50, 89):
        picture = cache.get(stream, index)
        assert picture is not None
        assert number_of(picture) == index
    stream.close()


@pytest.mark.parametrize("direction", [1, -1])
def test_a_small_budget_does_not_thrash(
    one_key: Path,
    prefetch: Callable[..., Prefetcher],
    monkeypatch: pytest.MonkeyPatch,
    direction: int,
) -> None:
    """Backwards through one key frame: a pass for each half window, not one for each frame."""
    stream = open_video(one_key, name="color", kind=StreamKind.COLOR)
    starts: list[int] = []
    reader = type(stream.reader)
    decode_from = reader._decode_from
    monkeypatch.setattr(
        reader, "_decode_from", lambda self, at: starts.append(at) or decode_from(self, at)
    )
    cache = FrameCache(30 * stream.frame_bytes)
    prefetcher = prefetch([stream], cache)
    for index in range(90)[::direction]:
        prefetcher.look(int(stream.times_ns[index]), float(direction))
        assert eventually(lambda index=index: cache.get(stream, index) is not None)
        assert cache.used_bytes <= cache.budget_bytes
    assert len(starts) <= (3 if direction > 0 else 12)
    stream.close()


def test_it_works_ahead_first_and_then_behind(prefetch: Callable[..., Prefetcher]) -> None:
    stream = counting_stream()
    cache = FrameCache(1000 * SIZE)
    prefetch([stream], cache).look(int(stream.times_ns[20]), 1.0)
    assert eventually(lambda: bool(cache.cached(stream).all()))
    assert stream.reader.read_frames == [*range(20, 60), *range(19, -1, -1)]


def test_it_works_backwards_when_played_backwards(prefetch: Callable[..., Prefetcher]) -> None:
    stream = counting_stream()
    cache = FrameCache(1000 * SIZE)
    prefetch([stream], cache).look(int(stream.times_ns[20]), -1.0)
    assert eventually(lambda: bool(cache.cached(stream).all()))
    assert stream.reader.read_frames == [*range(20, -1, -1), *range(21, 60)]


def test_it_drops_what_the_playhead_has_left_behind(prefetch: Callable[..., Prefetcher]) -> None:
    """Pictures of 30 ms each for a playhead that jumps: only the newest position counts."""
    stream = counting_stream(frames=3000, pause_s=0.03)
    cache = FrameCache(20 * SIZE)
    prefetcher = prefetch([stream], cache)
    for index in range(0, 2900, 100):
        prefetcher.look(int(stream.times_ns[index]))
        time.sleep(0.005)
    start = time.monotonic()
    assert eventually(lambda: cache.get(stream, 2800) is not None, 2.0)
    assert time.monotonic() - start < 0.5
    assert len(stream.reader.read_frames) < 40


def test_looking_never_waits_for_the_decoder(prefetch: Callable[..., Prefetcher]) -> None:
    stream = counting_stream(frames=600, pause_s=0.2)
    prefetcher = prefetch([stream], FrameCache(1000 * SIZE))
    took = []
    for index in range(100):
        start = time.perf_counter()
        prefetcher.look(int(stream.times_ns[index]))
        took.append(time.perf_counter() - start)
    assert np.median(took) < 0.005


def test_it_tells_what_is_ready(prefetch: Callable[..., Prefetcher]) -> None:
    stream = counting_stream(frames=10)
    told: list[tuple[str, int]] = []
    prefetcher = prefetch([stream], FrameCache(1000 * SIZE))
    prefetcher.ready.connect(lambda name, index: told.append((name, index)))
    prefetcher.look(0)
    assert eventually(lambda: len(told) == 10)
    assert told == [("infrared", index) for index in range(10)]


def test_a_damaged_frame_is_told_once_and_the_rest_is_cached(
    prefetch: Callable[..., Prefetcher],
) -> None:
    stream = counting_stream(frames=20, bad={0, 7})
    cache = FrameCache(1000 * SIZE)
    told: list[str] = []
    prefetcher = prefetch([stream], cache)
    prefetcher.failed.connect(lambda name, sentence: told.append(sentence))
    prefetcher.look(0)
    assert eventually(lambda: int(cache.cached(stream).sum()) == 18)
    prefetcher.look(int(stream.times_ns[7]))
    time.sleep(0.05)
    assert told == ["clip.avi: Frame 0 is damaged.", "clip.avi: Frame 7 is damaged."]
    assert stream.reader.read_frames.count(7) == 1


def test_closing_ends_every_thread() -> None:
    streams = [counting_stream(pause_s=0.01) for _ in range(3)]
    before = threading.active_count()
    prefetcher = Prefetcher(streams, FrameCache(1000 * SIZE))
    prefetcher.look(0)
    assert threading.active_count() == before + 3
    prefetcher.close()
    assert threading.active_count() == before


def test_an_empty_stream_is_no_trouble(prefetch: Callable[..., Prefetcher]) -> None:
    prefetcher = prefetch([counting_stream(frames=0)], FrameCache(1000))
    prefetcher.look(0)
