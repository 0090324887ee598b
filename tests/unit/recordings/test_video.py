"""The frame asked for is the frame shown, on every codec and container."""

from __future__ import annotations

import threading
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import codec_matrix
from codec_matrix import MATRIX, Sample, number_of
from harstudio.errors import DataError, MissingError
from harstudio.recordings.streams import PictureStream, StreamKind
from harstudio.recordings.video import open_video
from harstudio.recordings.video_index import index_media

BY_NAME = {sample.name: sample for sample in MATRIX}


@pytest.fixture(scope="session")
def matrix_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("matrix é 动作")


@pytest.fixture
def matrix(matrix_folder: Path):
    """Makes a file of the matrix once and opens it."""
    opened: list[PictureStream] = []

    def open_sample(name: str) -> PictureStream:
        path = matrix_folder / name
        if not path.exists():
            codec_matrix.write(BY_NAME[name], matrix_folder)
        kind = StreamKind.DEPTH if "depth" in name else StreamKind.COLOR
        opened.append(open_video(path, name=str(kind), kind=kind))
        return opened[-1]

    yield open_sample
    for stream in opened:
        stream.close()


def wrong_seeks(stream: PictureStream, seeks: int) -> list[tuple[int, int]]:
    random = np.random.default_rng(7)
    wanted = random.integers(0, len(stream), seeks).tolist()
    found = [(number, number_of(stream.frame(number))) for number in wanted]
    return [(number, shown) for number, shown in found if number != shown]


def name_of(sample: Sample) -> str:
    return sample.name


@pytest.mark.parametrize("sample", MATRIX, ids=name_of)
def test_random_seeks_show_the_frame_asked_for(matrix, sample: Sample) -> None:
    stream = matrix(sample.name)
    assert len(stream) == sample.frames
    assert wrong_seeks(stream, 60) == []


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("sample", MATRIX, ids=name_of)
def test_a_thousand_random_seeks(matrix, sample: Sample) -> None:
    assert wrong_seeks(matrix(sample.name), 1000) == []


@pytest.mark.parametrize("sample", MATRIX, ids=name_of)
def test_times(matrix, sample: Sample) -> None:
    """In AVI k / rate; elsewhere what the container says, to its own precision."""
    stream = matrix(sample.name)
    unit = 1e-3 if sample.variable else 1 / sample.rate
    expected = np.array(codec_matrix.ticks(sample)) * unit * 1e9
    precision = 1 if sample.name.endswith((".avi", ".mp4", ".mov")) else 600_000
    assert np.abs(stream.times_ns - expected).max() <= precision


@pytest.mark.parametrize("name", ["h264_b_one_key.avi", "h264_b.mp4", "ffv1_depth_long_gop.mkv"])
def test_a_run_gives_every_frame_on_the_way_once_and_the_wanted_last(matrix, name: str) -> None:
    stream = matrix(name)
    run = [(index, number_of(picture)) for index, picture in stream.reader.read_run(40)]
    assert run[-1] == (40, 40)
    assert all(index == shown for index, shown in run)
    assert all(after == before + 1 for (before, _), (after, _) in pairwise(run))
    if "one_key" in name:
        assert run[0] == (0, 0)


def test_a_run_turns_only_wanted_frames_into_pictures(matrix) -> None:
    stream = matrix("h264_b_one_key.mp4")
    run = [index for index, _ in stream.reader.read_run(50, lambda index: index >= 45)]
    assert run == [45, 46, 47, 48, 49, 50]


def test_the_decoder_keeps_running_forward(matrix, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = matrix("h264_b_one_key.avi")
    starts: list[int] = []
    whole = type(stream.reader)._decode_from
    monkeypatch.setattr(
        type(stream.reader),
        "_decode_from",
        lambda reader, start: starts.append(start) or whole(reader, start),
    )
    for number in (0, 1, 2, 10, 11, 60, 89):
        assert number_of(stream.frame(number)) == number
    assert starts == [0]
    assert number_of(stream.frame(30)) == 30
    assert len(starts) == 2


def test_reading_again_after_close(matrix) -> None:
    stream = matrix("h264_b.avi")
    assert number_of(stream.frame(33)) == 33
    stream.close()
    assert number_of(stream.frame(34)) == 34


def test_many_threads_read_one_stream(matrix) -> None:
    stream = matrix("h264_b.mp4")
    wrong: list[tuple[int, int]] = []

    def read(seed: int) -> None:
        for number in np.random.default_rng(seed).integers(0, len(stream), 25).tolist():
            shown = number_of(stream.frame(number))
            if shown != number:
                wrong.append((number, shown))

    threads = [threading.Thread(target=read, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    assert wrong == []


def test_reading_inside_a_run_is_refused_instead_of_waiting_for_ever(matrix) -> None:
    stream = matrix("mjpeg.avi")
    run = stream.reader.read_run(3)
    next(run)
    with pytest.raises(RuntimeError):
        stream.frame(2)
    run.close()
    assert number_of(stream.frame(2)) == 2


def test_depth_keeps_every_value(matrix) -> None:
    picture = matrix("ffv1_depth.mkv").frame(5)
    assert picture.dtype == np.uint16
    expected = codec_matrix.picture(BY_NAME["ffv1_depth.mkv"], 5).astype(np.uint16) * 17
    assert np.array_equal(picture, expected)


def test_infrared_of_a_color_video_is_gray(matrix, matrix_folder: Path) -> None:
    matrix("h264_b.avi")
    stream = open_video(matrix_folder / "h264_b.avi", name="infrared", kind=StreamKind.INFRARED)
    picture = stream.frame(21)
    stream.close()
    assert picture.shape == (64, 192)
    assert picture.dtype == np.uint8
    assert number_of(picture) == 21


def test_indexing_decodes_nothing(
    matrix, matrix_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    matrix("h264_b_one_key.avi")
    monkeypatch.setattr(
        "harstudio.recordings.video._pictures_of", lambda *_: pytest.fail("decoded a picture")
    )
    index = index_media(matrix_folder / "h264_b_one_key.avi")
    assert len(index.video[0]) == 90
    assert index.problems == ()


@pytest.mark.parametrize("name", ["h264_b.avi", "h264_b.mkv", "mpeg4_b_sound.avi"])
def test_a_video_cut_in_half_shows_its_first_half(matrix, tmp_path: Path, name: str) -> None:
    whole = Path(matrix(name).reader.path)
    cut = tmp_path / name
    place = index_media(whole).video[0].place
    assert place is not None
    cut.write_bytes(whole.read_bytes()[: int(place[45])])
    media = index_media(cut)
    assert any("cut off" in problem or "damaged" in problem for problem in media.problems)
    stream = open_video(cut, name="color", kind=StreamKind.COLOR)
    assert 40 <= len(stream) <= 46
    for number in (0, 5, 15):
        assert number_of(stream.frame(number)) == number
    stream.close()


@pytest.mark.parametrize(
    "content",
    [b"", b"not a video at all" * 100, b"RIFF\x00\x00\x00\x00AVI LIST", bytes(5000)],
    ids=["empty", "text", "header", "zeros"],
)
def test_garbage_is_one_sentence_naming_the_file(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "clip é.avi"
    path.write_bytes(content)
    with pytest.raises(DataError) as caught:
        open_video(path, name="color", kind=StreamKind.COLOR)
    assert caught.value.path == path
    assert str(path) in str(caught.value)


def test_an_mp4_without_its_index_is_told(matrix, tmp_path: Path) -> None:
    whole = Path(matrix("h264_b.mp4").reader.path)
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    with pytest.raises(DataError, match=r"cut\.mp4"):
        open_video(cut, name="color", kind=StreamKind.COLOR)


def test_a_playlist_named_avi_opens_no_other_file(tmp_path: Path, matrix) -> None:
    other = Path(matrix("mjpeg.avi").reader.path)
    path = tmp_path / "list.avi"
    path.write_text(f"ffconcat version 1.0\nfile '{other}'\n")
    with pytest.raises(DataError):
        open_video(path, name="color", kind=StreamKind.COLOR)


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(MissingError):
        open_video(tmp_path / "none.avi", name="color", kind=StreamKind.COLOR)


def test_a_damaged_frame_is_told_and_the_others_are_shown(matrix, tmp_path: Path) -> None:
    whole = Path(matrix("mjpeg.avi").reader.path)
    index = index_media(whole).video[0]
    assert index.place is not None
    start = int(index.place[20])
    data = bytearray(whole.read_bytes())
    stop = int(index.place[21]) - 8  # the next chunk's own header stays
    data[start:stop] = bytes(stop - start)
    path = tmp_path / "hole.avi"
    path.write_bytes(bytes(data))
    stream = open_video(path, name="color", kind=StreamKind.COLOR)
    with pytest.raises(DataError, match=r"hole\.avi.*Frame 20"):
        stream.frame(20)
    for number in (19, 21, 22, 3):
        assert number_of(stream.frame(number)) == number
    stream.close()
