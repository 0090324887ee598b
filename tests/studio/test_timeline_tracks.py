"""Pictures and sound on the timeline: read beside the window, and only where one looks."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from PySide6.QtTest import QTest

from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import ArrayReader, PictureStream, StreamKind, evenly
from harstudio.recordings.video import open_video
from harstudio.studio.timeline.film import Film, cells
from harstudio.studio.timeline.rows import Kind
from harstudio.studio.timeline.scale import TimeScale
from harstudio.studio.timeline.waveform import Waveform
from studio.label_bench import Bench

SECOND = 1_000_000_000
RATE = 30


class Counting(ArrayReader):
    """Notes which frames were read."""

    def __init__(self, frames: list[np.ndarray]) -> None:
        super().__init__(frames)
        self.asked: list[int] = []

    def read(self, index: int) -> np.ndarray:
        self.asked.append(index)
        return super().read(index)


def counting_recording(frames: int) -> tuple[Recording, Counting]:
    """Pictures that grow brighter."""
    reader = Counting([np.full((30, 40, 3), k * 255 // frames, np.uint8) for k in range(frames)])
    stream = PictureStream(
        "color", StreamKind.COLOR, evenly(frames, RATE), reader, width=40, height=30, dtype="uint8"
    )
    return Recording("bright", "made", Path("bright"), {"color": stream}), reader


def test_places_for_pictures_stay_when_one_pans_and_every_second_when_one_zooms() -> None:
    times = evenly(30 * 600, RATE)
    scale = TimeScale(0, 600 * SECOND, 1000).fit().zoomed(8, 300)
    there = cells(times, SECOND // RATE, scale, 60.0)
    assert all(30 <= cell.width <= 60 for cell in there)
    panned = {c.frame for c in cells(times, SECOND // RATE, scale.panned(333), 60.0)}
    frames = {c.frame for c in there}
    assert len(frames & panned) >= len(frames) * 0.6
    nearer = {c.frame for c in cells(times, SECOND // RATE, scale.zoomed(2, 500), 60.0)}
    middle = sorted(frames)[len(frames) // 3 : len(frames) // 2]
    assert nearer >= set(middle)
    for cell in there:
        assert abs(scale.x(int(times[cell.frame])) - cell.left) < 1


def test_only_what_is_in_sight_is_decoded_and_what_left_it_is_not(qtbot) -> None:
    recording, reader = counting_recording(3000)
    film = Film()
    film.set_recording(recording)
    scale = TimeScale(0, 100 * SECOND, 800).fit().zoomed(10, 0)
    for step in range(20):  # one zooms on: nothing is decoded meanwhile
        film.look(scale.panned(400 * step), 1.0)
    last = scale.panned(400 * 20)
    wanted = {cell.frame for cell, _ in film.look(last, 1.0)}
    assert film.wait()
    QTest.qWait(10)
    assert set(reader.asked) == wanted
    shown = film.look(last, 1.0)
    assert all(image is not None for _, image in shown)
    levels = [image.pixelColor(5, 5).red() for _, image in shown]
    assert levels == sorted(levels)
    asked = len(reader.asked)
    film.look(last.panned(1), 1.0)
    film.wait()
    assert len(reader.asked) <= asked + 1
    film.set_recording(None)


def test_pictures_of_a_video_have_a_decoder_of_their_own(qtbot, tmp_path: Path) -> None:
    path = tmp_path / "v.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), RATE, (64, 48))
    for k in range(90):
        writer.write(np.full((48, 64, 3), 2 * k, np.uint8))
    writer.release()
    stream = open_video(path, name="color", kind=StreamKind.COLOR)
    recording = Recording("v", "made", path, {"color": stream})
    film = Film()
    film.set_recording(recording)
    scale = TimeScale(0, 3 * SECOND, 600).fit()
    run = stream.reader.read_run(50)  # playback holds its reader
    next(run)
    film.look(scale, 1.0)
    assert film.wait()
    QTest.qWait(10)
    shown = film.look(scale, 1.0)
    assert abs(shown[-1][1].pixelColor(5, 5).red() - 2 * shown[-1][0].frame) < 8
    run.close()
    film.set_recording(None)
    recording.close()


def test_the_envelope_holds_the_lowest_and_highest_sample_at_every_magnification() -> None:
    random = np.random.default_rng(5)
    samples = random.integers(-9000, 9000, (200_000, 2)).astype(np.int16)
    samples[123_456, 1], samples[77_777, 0] = 32_000, -32_000
    waveform = Waveform(len(samples), 8000, SECOND)
    for start in range(0, len(samples), waveform.chunk):
        waveform.add(samples[start : start + waveform.chunk])
    scale = TimeScale(SECOND, 26 * SECOND, 500).fit()
    for view in (scale, scale.zoomed(7, 250), scale.zoomed(40, 120)):
        columns = waveform.columns(view)
        begin = (view.origin_ns - SECOND) * 8000 / SECOND
        per_px = 8000 * view.ns_per_px / SECOND
        for column in (3, 250, 490):
            part = samples[int(begin + column * per_px) : int(begin + (column + 1) * per_px)]
            assert columns[column, 0] <= part.min() / 32768
            assert columns[column, 1] >= part.max() / 32768
    whole = waveform.columns(scale)
    assert abs(np.argmax(whole[:, 1]) - int(123_456 * SECOND / 8000 / scale.ns_per_px)) <= 1
    assert abs(np.argmin(whole[:, 0]) - int(77_777 * SECOND / 8000 / scale.ns_per_px)) <= 1
    assert np.isnan(waveform.columns(TimeScale(0, SECOND // 2, 100).fit())).all()


def test_a_hidden_track_is_not_read_and_comes_back(bench: Bench) -> None:
    def kinds() -> list[Kind]:
        return [row.kind for row in bench.timeline.rows if row.tier is None]

    assert kinds() == [Kind.MOTION]
    assert bench.commands["timeline.motion"].checked()
    bench.commands.run("timeline.motion")
    assert kinds() == []
    assert bench.session.settings.hidden_tracks == ["motion"]
    assert not bench.timeline.tracks._tasks
    bench.commands.run("timeline.motion")
    bench.timeline.tracks.wait()
    QTest.qWait(10)
    assert kinds() == [Kind.MOTION]
