"""Video files with their sound, and folders of pictures."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

import codec_matrix
from codec_matrix import MATRIX, SOUND_RATE, number_of
from harstudio.errors import DataError
from harstudio.recordings.audio import AudioStream
from harstudio.recordings.formats import open_recording, pictures, scan
from harstudio.recordings.streams import SECOND_NS, StreamKind

BY_NAME = {sample.name: sample for sample in MATRIX}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("vidéos 動画")


def made(folder: Path, name: str) -> Path:
    path = folder / name
    return path if path.exists() else codec_matrix.write(BY_NAME[name], folder)


# ---- videos


@pytest.mark.parametrize("name", ["h264_sound.mp4", "mpeg4_b_sound.avi", "mjpeg_sound.avi"])
def test_a_video_opens_with_its_sound(folder: Path, name: str) -> None:
    with open_recording(made(folder, name)) as recording:
        assert recording.format == "video"
        assert sorted(recording.streams) == ["audio", "color"]
        assert recording.problems == ()
        assert number_of(recording.streams["color"].frame(44)) == 44
        audio = recording.streams["audio"]
        assert isinstance(audio, AudioStream)
        assert (audio.sample_rate, audio.channels) == (SOUND_RATE, 1)
        assert len(audio) == 3 * SOUND_RATE
        expected = codec_matrix.sound(3.0)
        heard = audio.samples(0, len(audio))[:, 0]
        assert np.corrcoef(heard, expected)[0, 1] > 0.99


def test_sound_in_parts_is_the_sound_as_a_whole(folder: Path) -> None:
    path = made(folder, "h264_sound.mp4")
    with open_recording(path) as one, open_recording(path) as other:
        first, second = one.streams["audio"], other.streams["audio"]
        assert isinstance(first, AudioStream)
        assert isinstance(second, AudioStream)
        whole = first.samples(0, 10**9)
        late = second.samples(30_000, 31_000)
        assert late.shape == (1000, 1)
        assert np.array_equal(late, whole[30_000:31_000])
        assert np.array_equal(second.samples(-5, 100), whole[:100])
        assert second.samples(50_000, 60_000).shape == (0, 1)
        second.close()
        assert np.array_equal(second.samples(47_900, 10**6), whole[47_900:])


def test_times_of_sound_are_arithmetic(folder: Path) -> None:
    with open_recording(made(folder, "mpeg4_b_sound.avi")) as recording:
        audio = recording.streams["audio"]
        assert isinstance(audio, AudioStream)
        times = audio.times_ns
        assert times.dtype == np.int64
        assert len(times) == len(audio)
        assert (audio.start_ns, audio.end_ns) == (int(times[0]), int(times[-1]))
        assert audio.nearest(SECOND_NS) == SOUND_RATE
        assert audio.sample_at(SECOND_NS) == SOUND_RATE
        assert audio.nearest(10 * SECOND_NS) is None
        audio.align(offset_ns=250_000_000, rate_scale=2.0)
        assert audio.start_ns == 250_000_000
        assert int(audio.times_ns[SOUND_RATE]) == 2_250_000_000
        assert audio.sample_at(2_250_000_000) == SOUND_RATE


def test_a_gray_16_bit_track_is_depth(folder: Path) -> None:
    with open_recording(made(folder, "ffv1_depth.mkv")) as recording:
        assert list(recording.streams) == ["depth"]
        assert recording.streams["depth"].frame(3).dtype == np.uint16


def test_a_video_without_pictures_is_told(tmp_path: Path) -> None:
    (tmp_path / "empty.mp4").write_bytes(b"")
    with pytest.raises(DataError, match=r"empty\.mp4"):
        open_recording(tmp_path / "empty.mp4")


def test_a_scan_finds_videos(folder: Path) -> None:
    made(folder, "mjpeg.avi")
    found = [one for one in scan(folder).recordings if one.name == "mjpeg"]
    assert [(one.format, one.streams) for one in found] == [("video", ("color",))]


# ---- pictures


def write_pictures(folder: Path, numbers: list[int], pattern: str, deep: bool) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        if deep:
            picture = np.full((30, 40), 1000 + number, dtype=np.uint16)
        else:
            picture = np.full((30, 40, 3), (10, 100, number), dtype=np.uint8)  # blue, green, red
        done, data = cv2.imencode(Path(pattern).suffix, picture)
        assert done
        (folder / pattern.format(number)).write_bytes(data.tobytes())


def test_pictures_are_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    where = tmp_path / "bilder ö"
    write_pictures(where, [1, 2, 9, 10, 11, 100], "frame_{}.png", deep=False)
    with open_recording(where) as recording:
        assert (recording.format, recording.name) == ("pictures", "bilder ö")
        color = recording.streams["color"]
        assert [int(color.frame(k)[5, 5, 0]) for k in range(len(color))] == [1, 2, 9, 10, 11, 100]
        assert color.frame(0)[5, 5].tolist() == [1, 100, 10]
        assert int(color.times_ns[3]) == 100_000_000
    with open_recording(where / "frame_9.png") as recording:
        assert len(recording.streams["color"]) == 6


def test_16_bit_png_is_depth_in_mm(tmp_path: Path) -> None:
    write_pictures(tmp_path / "d", [3, 4, 5], "{:08d}.png", deep=True)
    with open_recording(tmp_path / "d") as recording:
        depth = recording.streams["depth"]
        assert depth.kind == StreamKind.DEPTH
        assert depth.frame(2).dtype == np.uint16
        assert [int(depth.frame(k).max()) for k in range(3)] == [1003, 1004, 1005]
    found = scan(tmp_path).recordings
    assert [(one.path, one.format, one.streams) for one in found] == [
        (tmp_path / "d", "pictures", ("depth",))
    ]


def test_jpg_pictures(tmp_path: Path) -> None:
    write_pictures(tmp_path / "j", [0, 1], "IMG_{}.JPG", deep=False)
    with open_recording(tmp_path / "j") as recording:
        assert recording.streams["color"].frame(1).shape == (30, 40, 3)


def test_a_damaged_picture_is_told_and_the_others_are_shown(tmp_path: Path) -> None:
    write_pictures(tmp_path / "p", [0, 1, 2, 3], "{}.png", deep=False)
    (tmp_path / "p" / "0.png").write_bytes(b"")
    (tmp_path / "p" / "2.png").write_bytes(b"\x89PNG nothing")
    cv2.imwrite(str(tmp_path / "p" / "3.png"), np.zeros((5, 5, 3), dtype=np.uint8))
    with open_recording(tmp_path / "p") as recording:
        assert recording.problems
        color = recording.streams["color"]
        assert int(color.frame(1)[0, 0, 0]) == 1
        for index in (0, 2, 3):
            with pytest.raises(DataError, match=rf"{index}\.png"):
                color.frame(index)


def test_a_png_that_asks_for_gigabytes_is_refused(tmp_path: Path) -> None:
    write_pictures(tmp_path / "p", [0, 1], "{}.png", deep=True)
    data = bytearray((tmp_path / "p" / "1.png").read_bytes())
    data[16:24] = (200_000).to_bytes(4, "big") * 2
    (tmp_path / "p" / "1.png").write_bytes(bytes(data))
    with (
        open_recording(tmp_path / "p") as recording,
        pytest.raises(DataError, match=r"1\.png.*200000 x 200000"),
    ):
        recording.streams["depth"].frame(1)


def test_the_largest_set_of_names_is_the_sequence() -> None:
    names = ["a_1.png", "a_2.png", "a_10.png", "b_1.png", "cover.png", "a_3.txt"]
    assert pictures.longest_sequence(names) == ["a_1.png", "a_2.png", "a_10.png"]
    assert pictures.longest_sequence(["x.png", "y_1.png"]) == []


def test_no_readable_picture_is_one_sentence(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.png").write_bytes(b"nothing")
    with pytest.raises(DataError):
        open_recording(tmp_path)
