"""Random access in a 1080p clip with one key frame: HARStudio's cache against OpenCV and PyAV.

Run ``python benchmarks/video_seek.py``. Every figure is a ratio of times taken in turn in one
process, so that other work on the machine weighs on both sides. The cache keeps what the decoder
gives and makes RGB of it when it is looked at, so the first pass is measured without and with. All
ways run once before they are timed, so memory is as warm as in a studio that has run a while.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
from av.video.frame import VideoFrame

from harstudio.recordings.cache import FrameCache
from harstudio.recordings.prefetch import Prefetcher
from harstudio.recordings.streams import PictureStream, StreamKind
from harstudio.recordings.video import open_video

WIDTH, HEIGHT, RATE = 1920, 1080, 30
BITS = 12
BLOCK = 64


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, nargs="*", default=[72, 150])
    parser.add_argument("--pairs", type=int, default=5, help="first passes to compare")
    parser.add_argument("--seeks", type=int, default=25, help="random seeks to compare")
    options = parser.parse_args()
    cv2.setNumThreads(2)
    for frames in options.frames:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, f"clip_{frames}.avi")
            write_clip(path, frames)
            print(f"{frames} frames, {path.stat().st_size / 1e6:.1f} MB")
            compare_first_pass(path, frames, options.pairs)
            compare_seeks(path, frames, options.seeks)


def write_clip(path: Path, frames: int) -> None:
    """H.264 with B-frames in AVI, one key frame, each picture numbered by blocks."""
    rng = np.random.default_rng(0)
    room = cv2.resize(rng.integers(40, 200, (27, 48, 3), dtype=np.uint8), (WIDTH, HEIGHT))
    grain = rng.integers(0, 40, (4, HEIGHT // 4, WIDTH // 4, 3), dtype=np.uint8)
    grain = np.stack([cv2.resize(one, (WIDTH, HEIGHT)) for one in grain])
    with av.open(str(path), "w") as container:
        options = {"preset": "veryfast", "crf": "30", "sc_threshold": "0"}
        stream = container.add_stream("libx264", rate=RATE, options=options)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.gop_size, stream.codec_context.max_b_frames = frames + 1, 3
        for number in range(frames):
            picture = room + np.roll(grain[number % 4], number * 7, axis=1)
            x = 200 + number * 9 % 1400
            cv2.rectangle(picture, (x, 300), (x + 180, 900), (200, 120, 60), -1)
            for bit in range(BITS):
                shade = 235 if number >> bit & 1 else 16
                picture[:BLOCK, bit * BLOCK : (bit + 1) * BLOCK] = shade
            container.mux(stream.encode(VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))


def number_of(picture: np.ndarray) -> int:
    """The number painted into a picture."""
    row = picture[BLOCK // 2, BLOCK // 2 : BITS * BLOCK : BLOCK].mean(axis=-1) > 125
    return sum(1 << bit for bit in range(BITS) if row[bit])


def compare_first_pass(path: Path, frames: int, pairs: int) -> None:
    """Opening and caching the whole clip against plain sequential decoding.

    Like against like: what is cached is no RGB, so it stands beside decoding alone; with every
    picture looked at once it stands beside decoding to RGB.
    """
    ways: dict[str, Callable[[], None]] = {
        "decoding alone": lambda: decode_bare(path, rgb=False),
        "decoding to RGB": lambda: decode_bare(path),
        "cached": lambda: put_away(*cache_all(path, frames)),
        "cached and looked at": lambda: put_away(*look_at_all(*cache_all(path, frames))),
    }
    for way in ways.values():
        way()
    wall, processor = interleaved(ways, pairs)
    for ours, peer in (
        ("cached", "decoding alone"),
        ("cached", "decoding to RGB"),
        ("cached and looked at", "decoding to RGB"),
    ):
        for kind, taken in (("time", wall), ("processor time", processor)):
            ratios = [a / b for a, b in zip(taken[ours], taken[peer], strict=True)]
            print(
                f"  first pass, {ours} / PyAV {peer}, {kind}: {statistics.median(ratios):.2f}x "
                f"(min {min(ratios):.2f}, max {max(ratios):.2f}); "
                f"ours {statistics.median(taken[ours]) / frames * 1e3:.1f} ms a frame"
            )


def compare_seeks(path: Path, frames: int, seeks: int) -> None:
    """Random frames from the cache, and from the reader alone, against OpenCV."""
    cache, prefetcher, stream = cache_all(path, frames)
    bare = open_video(path, name="color", kind=StreamKind.COLOR)
    capture = cv2.VideoCapture(str(path))
    wanted = np.random.default_rng(1).integers(0, frames, seeks).tolist()
    taken: dict[str, list[float]] = {"cache": [], "reader": [], "opencv": []}
    wrong = dict.fromkeys(taken, 0)

    def seek_opencv(number: int) -> np.ndarray:
        capture.set(cv2.CAP_PROP_POS_FRAMES, number)
        return capture.read()[1]

    ways: dict[str, Callable[[int], np.ndarray | None]] = {
        "cache": lambda number: cache.get(stream, number),
        "reader": bare.frame,
        "opencv": seek_opencv,
    }
    for number in wanted:
        for name, way in ways.items():
            start = time.perf_counter()
            picture = way(number)
            taken[name].append(time.perf_counter() - start)
            wrong[name] += picture is None or number_of(picture) != number
    prefetcher.close()
    bare.close()
    mean = {name: statistics.fmean(times) for name, times in taken.items()}
    print(
        f"  random seek: OpenCV {mean['opencv'] * 1e3:.0f} ms; "
        f"cached {mean['cache'] * 1e6:.0f} us, "
        f"{mean['opencv'] / mean['cache']:.0f}x faster; "
        f"reader without cache {mean['opencv'] / mean['reader']:.2f}x faster"
    )
    print(f"  wrong pictures of {seeks}: {wrong}")


def decode_bare(path: Path, rgb: bool = True) -> None:
    """What anyone would write with PyAV, with its fastest threading."""
    with av.open(str(path)) as container:
        container.streams.video[0].thread_type = "AUTO"
        for frame in container.decode(video=0):
            if rgb:
                frame.to_ndarray(format="rgb24")


def cache_all(path: Path, frames: int) -> tuple[FrameCache, Prefetcher, PictureStream]:
    """Open the clip and wait until the reader thread has cached all of it."""
    stream = open_video(path, name="color", kind=StreamKind.COLOR)
    cache = FrameCache(stream.frame_bytes * (frames + 8))
    prefetcher = Prefetcher([stream], cache)
    full = threading.Event()

    def note(_name: str, _index: int) -> None:
        if cache.cached(stream).all():
            full.set()

    prefetcher.ready.connect(note)
    prefetcher.look(0)
    full.wait()
    return cache, prefetcher, stream


def look_at_all(
    cache: FrameCache, prefetcher: Prefetcher, stream: PictureStream
) -> tuple[FrameCache, Prefetcher, PictureStream]:
    """RGB of every picture, once."""
    for index in range(len(stream)):
        cache.get(stream, index)
    return cache, prefetcher, stream


def put_away(cache: FrameCache, prefetcher: Prefetcher, stream: PictureStream) -> None:
    """What the studio does when another recording is opened."""
    prefetcher.close()
    cache.clear(stream)
    stream.close()


Taken = dict[str, list[float]]


def interleaved(ways: dict[str, Callable[[], None]], rounds: int) -> tuple[Taken, Taken]:
    """Seconds, and seconds of processor time over all threads, of each way, taken in turn."""
    wall: Taken = {name: [] for name in ways}
    processor: Taken = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            start, start_processor = time.perf_counter(), time.process_time()
            way()
            wall[name].append(time.perf_counter() - start)
            processor[name].append(time.process_time() - start_processor)
    return wall, processor


if __name__ == "__main__":
    main()
