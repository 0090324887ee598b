"""The native format: everything comes back exactly, also from a writer that was killed."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import harrec_files as made
from harstudio.errors import ConflictError, DataError, UsageError
from harstudio.recordings.audio import AudioStream
from harstudio.recordings.formats import harrec, open_recording, scan
from harstudio.recordings.formats.harrec_convert import write_harrec
from harstudio.recordings.formats.harrec_header import StreamSpec, read_header
from harstudio.recordings.formats.harrec_tables import in_order
from harstudio.recordings.formats.harrec_writer import HarrecWriter
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import Body, SkeletonFrame, StreamKind


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made.write_recording(tmp_path_factory.mktemp("rec é") / "動作.harrec")


@pytest.fixture
def copy(written: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(written, tmp_path / "copy.harrec"))


def assert_same_bodies(found: SkeletonFrame, expected: SkeletonFrame) -> None:
    assert len(found.bodies) == len(expected.bodies)
    for one, other in zip(found.bodies, expected.bodies, strict=True):
        assert one.id == other.id
        for name in Body.__slots__[1:]:
            value, wanted = getattr(one, name), getattr(other, name)
            if wanted is None:
                assert value is None
            else:
                assert value.dtype == wanted.dtype
                assert np.array_equal(value, wanted, equal_nan=wanted.dtype != np.uint8)


def assert_as_made(recording: Recording, frames: int) -> None:
    """The first ``frames`` of every stream are what was given to the writer."""
    streams = recording.streams
    for name, shift in (("color", 0), ("depth", 7), ("infrared", 7), ("skeleton", 7)):
        expected = [made.frame_time(k) + shift for k in range(frames)]
        assert streams[name].times_ns[:frames].tolist() == expected
    for k in range(frames):
        assert np.array_equal(streams["depth"].frame(k), made.depth(k))
        assert np.array_equal(streams["infrared"].frame(k), made.infrared(k))
        assert_same_bodies(streams["skeleton"].frame(k), made.skeleton(k))
        difference = streams["color"].frame(k).astype(int) - made.color(k)
        assert np.abs(difference).mean() < 4


def test_everything_comes_back(written: Path) -> None:
    with open_recording(written) as recording:
        assert recording.format == "harrec"
        assert recording.name == "S1 動作"
        assert (recording.subject, recording.view, recording.repetition) == (3, 2, 1)
        assert recording.action is not None
        assert recording.action.name == "drink water"
        assert recording.problems == ("Made for a test.",)
        assert {name: len(stream) for name, stream in recording.streams.items()} == {
            "audio": 45 * (made.SOUND_RATE // 30),
            "color": 45,
            "depth": 45,
            "inertial": 135,
            "infrared": 45,
            "skeleton": 45,
        }
        assert_as_made(recording, 45)
        inertial = recording.streams["inertial"]
        assert np.array_equal(inertial.values[77], made.inertial(77))
        assert inertial.times_ns[77] == made.START_NS + 770_000_000
        camera = recording.cameras["depth"]
        assert (camera.fx, camera.k1, camera.translation[0]) == (50.0, 0.1, 0.05)
        skeleton = recording.streams["skeleton"].describe()
        assert (skeleton["topology"], skeleton["joints"], skeleton["bodies"]) == (
            "kinect_v2_25",
            25,
            2,
        )


def test_sound_comes_back_sample_by_sample(written: Path) -> None:
    with open_recording(written) as recording:
        audio = recording.streams["audio"]
        assert isinstance(audio, AudioStream)
        assert audio.start_ns == made.START_NS
        whole = np.concatenate([made.sound(k) for k in range(45)])
        assert np.array_equal(audio.samples(0, len(audio)), whole)
        assert np.array_equal(audio.samples(9000, 9100), whole[9000:9100])


def test_opening_looks_at_headers_only(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "harstudio.recordings.formats.harrec.index_media", lambda _: pytest.fail("read the mkv")
    )
    open_recording(written).close()


@pytest.mark.parametrize("name", ["streams.mkv", "recording.json", "skeleton.jsonl"])
def test_any_file_in_it_opens_it(written: Path, name: str) -> None:
    with open_recording(written / name) as recording:
        assert recording.path == written


def test_a_scan_finds_it(written: Path) -> None:
    result = scan(written.parent)
    assert [(found.path, found.format, found.subject) for found in result.recordings] == [
        (written, "harrec", 3)
    ]
    assert result.recordings[0].streams == (
        "audio",
        "color",
        "depth",
        "inertial",
        "infrared",
        "skeleton",
    )
    assert result.problems == ()
    assert [found.path for found in scan(written).recordings] == [written]


def test_converting_keeps_times_depth_skeleton_and_sound(written: Path, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    with open_recording(written) as source:
        target = tmp_path / "again.harrec"
        write_harrec(source, target, progress=lambda done, total: told.append((done, total)))
        with open_recording(target) as recording:
            assert_as_made(recording, 45)
            assert recording.action == source.action
            assert recording.problems == source.problems
            for name, stream in source.streams.items():
                assert np.array_equal(recording.streams[name].times_ns, stream.times_ns)
            ours, theirs = recording.streams["audio"], source.streams["audio"]
            assert np.array_equal(ours.samples(0, len(ours)), theirs.samples(0, len(theirs)))
            ours, theirs = recording.streams["inertial"], source.streams["inertial"]
            assert np.array_equal(ours.values, theirs.values)
    assert told[-1][0] == told[-1][1] == len(told)


def test_a_cancelled_conversion_leaves_nothing(written: Path, tmp_path: Path) -> None:
    with open_recording(written) as source:
        write_harrec(source, tmp_path / "half.harrec", cancelled=lambda: True)
    assert not (tmp_path / "half.harrec").exists()


def test_it_overwrites_nothing(written: Path) -> None:
    with open_recording(written) as source, pytest.raises(ConflictError):
        write_harrec(source, written)
    assert_as_made(open_recording(written), 3)


def test_the_writer_refuses_what_does_not_fit(tmp_path: Path) -> None:
    with made.open_writer(tmp_path / "a.harrec") as writer:
        writer.picture("depth", 100, made.depth(0))
        with pytest.raises(UsageError, match="go back"):
            writer.picture("depth", 99, made.depth(1))
        with pytest.raises(UsageError, match="takes pictures"):
            writer.picture("depth", 101, made.depth(1).astype(np.float32))
        with pytest.raises(UsageError, match="no such stream"):
            writer.picture("skeleton", 101, made.depth(1))
    with pytest.raises(UsageError, match="closed"):
        writer.picture("depth", 200, made.depth(1))


def test_odd_sizes_close_times_and_opus(tmp_path: Path) -> None:
    specs = [
        StreamSpec("color", StreamKind.COLOR, 33, 21),
        StreamSpec("sound", StreamKind.AUDIO, sample_rate=48_000, codec="opus"),
    ]
    with HarrecWriter(tmp_path / "odd.harrec", name="odd", streams=specs) as writer:
        for k in range(20):
            writer.picture("color", 5_000 * k, np.full((21, 33, 3), 10 * k, dtype=np.uint8))
        tone = (9000 * np.sin(np.arange(48_000) * 0.05)).astype(np.int16)
        writer.audio("sound", tone[:, None])
    with open_recording(tmp_path / "odd.harrec") as recording:
        color, sound = recording.streams["color"], recording.streams["sound"]
        assert color.times_ns.tolist() == [5_000 * k for k in range(20)]
        assert [round(float(color.frame(k).mean()), -1) for k in (0, 7, 19)] == [0, 70, 190]
        heard = sound.samples(0, len(sound))[:, 0]
        assert np.corrcoef(heard[5000:40_000], tone[5000:40_000])[0, 1] > 0.99


# ---- what is not whole


def test_a_cut_mkv_is_told_and_its_beginning_is_shown(copy: Path) -> None:
    pictures = copy / "streams.mkv"
    pictures.write_bytes(pictures.read_bytes()[: pictures.stat().st_size * 6 // 10])
    with open_recording(copy) as recording:
        assert any("cut off" in problem for problem in recording.problems)
        count = len(recording.streams["depth"])
        assert 15 < count < 40
        whole = min(len(recording.streams[name]) for name in ("color", "depth", "infrared"))
        assert whole >= count - 2
        assert_as_made(recording, whole)
        assert len(recording.streams["skeleton"]) == 45


def test_a_lost_mkv_leaves_skeleton_and_inertial(copy: Path) -> None:
    (copy / "streams.mkv").unlink()
    with open_recording(copy) as recording:
        assert sorted(recording.streams) == ["inertial", "skeleton"]
        assert any("color" in problem for problem in recording.problems)


def test_lost_times_fall_back_to_the_mkv(copy: Path) -> None:
    (copy / "times.jsonl").unlink()
    with open_recording(copy) as recording:
        depth = recording.streams["depth"]
        assert len(depth) == 45
        exact = np.array([made.frame_time(k) + 7 for k in range(45)])
        assert np.abs(depth.times_ns - exact).max() <= 1_000_000
        assert any("millisecond" in problem for problem in recording.problems)


def test_damaged_lines_are_left_out_and_counted(copy: Path) -> None:
    for name in ("skeleton.jsonl", "imu.jsonl"):
        lines = (copy / name).read_bytes().splitlines(keepends=True)
        lines[10] = b'{"t": 1, "half\n'
        lines[-1] = lines[-1][:20]
        (copy / name).write_bytes(b"".join(lines))
    with open_recording(copy) as recording:
        assert len(recording.streams["skeleton"]) == 43
        assert len(recording.streams["inertial"]) == 133
        assert_same_bodies(recording.streams["skeleton"].frame(10), made.skeleton(11))
        assert any("skeleton.jsonl" in problem for problem in recording.problems)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"format": "harrec", "version": 1}', b'{"format": "x"}']
)
def test_a_damaged_header_is_one_sentence(copy: Path, content: bytes) -> None:
    (copy / "recording.json").write_bytes(content)
    with pytest.raises(DataError) as caught:
        open_recording(copy)
    assert caught.value.path == copy / "recording.json"
    assert [problem.path for problem in scan(copy.parent).problems] == [copy / "recording.json"]


def test_a_newer_version_is_told(copy: Path) -> None:
    header = json.loads((copy / "recording.json").read_text("utf-8"))
    (copy / "recording.json").write_text(json.dumps(header | {"version": 99}))
    with pytest.raises(DataError, match="version 99"):
        open_recording(copy)


def test_an_exception_in_the_writers_block_leaves_a_readable_recording(tmp_path: Path) -> None:
    def fail_after_ten() -> None:
        with made.open_writer(tmp_path / "broken.harrec") as writer:
            for k in range(10):
                made.write_frame(writer, k)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_after_ten()
    with open_recording(tmp_path / "broken.harrec") as recording:
        assert harrec.KILLED in recording.problems
        assert_as_made(recording, 10)


def test_in_order_keeps_the_longest_ascending_part() -> None:
    assert in_order([]) == []
    assert in_order([1, 2, 2, 3]) == [0, 1, 2, 3]
    assert in_order([1, 2, 10**12, 3, 4]) == [0, 1, 3, 4]
    assert in_order([5, 1, 2, 3]) == [1, 2, 3]


# ---- killed


def kill_after(folder: Path, frames: int) -> int:
    """Write in a child, kill it once ``frames`` are acknowledged; the last acknowledged one."""
    command = [sys.executable, made.__file__, str(folder)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    last = -1
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as child:
        assert child.stdout is not None
        for line in child.stdout:
            last = int(line)
            if last >= frames:
                child.send_signal(signal.SIGKILL)
                break
        rest = child.stdout.read().split()
    return int(rest[-1]) if rest else last


def check_killed(folder: Path, acknowledged: int) -> None:
    header = read_header(folder / "recording.json")
    assert not header.clean_close
    with open_recording(folder) as recording:
        assert harrec.KILLED in recording.problems
        assert len(recording.streams["skeleton"]) >= acknowledged + 1
        assert len(recording.streams["inertial"]) >= 3 * (acknowledged + 1)
        pictures = min(len(recording.streams[name]) for name in ("color", "depth", "infrared"))
        assert pictures >= acknowledged + 1 - 30, "more than a second of pictures is lost"
        assert_as_made(recording, pictures)


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is POSIX")
def test_a_killed_writer_leaves_a_readable_recording(tmp_path: Path) -> None:
    folder = tmp_path / "killed.harrec"
    check_killed(folder, kill_after(folder, 75))


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is POSIX")
def test_a_writer_killed_at_random_moments(tmp_path: Path) -> None:
    dice = random.Random(5)
    for run in range(40):
        folder = tmp_path / f"{run}.harrec"
        check_killed(folder, kill_after(folder, dice.randint(35, 200)))
        shutil.rmtree(folder)
