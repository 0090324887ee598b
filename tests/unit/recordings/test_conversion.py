"""Converting one recording and many: exact, complete, and one failure does not stop the rest."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import harrec_files
import harstudio
from harstudio.cli import main
from harstudio.errors import MissingError, UnknownFormatError, UsageError
from harstudio.recordings.conversion import Conversion, convert_all
from trials import write_trial

HARREC = Conversion("harrec")


@pytest.mark.parametrize(
    ("target", "asked", "expected"),
    [
        ("out.mp4", {}, "mp4"),
        ("out.harrec", {}, "harrec"),
        ("out", {}, "harrec"),
        ("out", {"overlay": "skeleton"}, "mp4"),
        ("out", {"stream": "depth"}, "mp4"),
        ("out", {"to": "mp4"}, "mp4"),
    ],
)
def test_the_format_follows_from_what_is_asked(
    target: str, asked: dict[str, str], expected: str
) -> None:
    assert Conversion.asked(Path(target), overwrite=False, **asked).to == expected


@pytest.mark.parametrize(
    ("target", "asked"),
    [
        ("out.mp4", {"to": "harrec"}),
        ("out.harrec", {"overlay": "skeleton"}),
        ("out", {"to": "harrec", "stream": "depth"}),
        ("out.mp4", {"overlay": "skeleton,glasses"}),
        ("out.avi", {}),
        ("out.MKV", {"overlay": "skeleton"}),
        ("out.txt", {"to": "harrec"}),
    ],
)
def test_contradictions_are_wrong_usage(target: str, asked: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        Conversion.asked(Path(target), overwrite=False, **asked)


def test_a_folder_may_have_an_ending(tmp_path: Path) -> None:
    (tmp_path / "takes.old").mkdir()
    for target in (tmp_path / "takes.old", tmp_path / "takes 1.2", tmp_path / ".takes"):
        assert Conversion.asked(target, overwrite=False).to == "harrec"


def test_one_file_that_is_there_is_not_passed_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = write_trial(tmp_path / "trials")
    target = tmp_path / "one.harrec"
    for arguments, code in (([], 0), ([], 1), (["--overwrite"], 0)):
        with pytest.raises(SystemExit) as ended:
            main(["convert", str(source), str(target), *arguments])
        assert ended.value.code == code
        assert ("there already" in capsys.readouterr().err) == (code == 1)


def assert_same(first: Path, second: Path) -> None:
    with harstudio.open(first) as a, harstudio.open(second) as b:
        assert list(a.streams) == list(b.streams)
        assert (a.name, a.subject, a.repetition, a.action) == (
            b.name,
            b.subject,
            b.repetition,
            b.action,
        )
        for name, stream in a.streams.items():
            np.testing.assert_array_equal(stream.times_ns, b.streams[name].times_ns)
        for k in range(len(a.streams["depth"])):
            np.testing.assert_array_equal(a.streams["depth"].frame(k), b.streams["depth"].frame(k))
            np.testing.assert_array_equal(
                a.streams["skeleton"].frame(k).bodies[0].joints,
                b.streams["skeleton"].frame(k).bodies[0].joints,
            )


def test_a_trial_to_harrec_is_exact(tmp_path: Path) -> None:
    file = write_trial(tmp_path / "in")
    outcome = convert_all(file, tmp_path / "out", HARREC)
    assert outcome.failures == []
    assert outcome.written == [tmp_path / "out" / "a1_s1_t1.harrec"]
    assert_same(file, outcome.written[0])
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a1_s1_t1.harrec"]


def test_a_folder_is_converted_whole(tmp_path: Path) -> None:
    names = ("a1_s1_t1", "a1_s2_t1", "a2_s1_t3")
    files = [write_trial(tmp_path / "in", name) for name in names]
    seen: list[tuple[float, float]] = []
    outcome = convert_all(
        tmp_path / "in", tmp_path / "out", HARREC, progress=lambda *done: seen.append(done)
    )
    assert sorted(path.stem for path in outcome.written) == sorted(names)
    for file, name in zip(files, names, strict=True):
        assert_same(file, tmp_path / "out" / f"{name}.harrec")
    assert seen == sorted(seen)
    assert seen[-1] == (3, 3)


def test_what_is_there_is_left_alone_unless_asked(tmp_path: Path) -> None:
    file = write_trial(tmp_path / "in", frames=6)
    folder = tmp_path / "out"
    target = folder / "a1_s1_t1.harrec"
    convert_all(file, folder, HARREC)
    longer = write_trial(tmp_path / "in", frames=9)
    outcome = convert_all(longer, folder, HARREC)
    assert outcome.written == outcome.failures == []
    assert str(target) in outcome.left_alone[0]
    with harstudio.open(target) as recording:
        assert len(recording.streams["depth"]) == 6
    convert_all(longer, folder, Conversion("harrec", overwrite=True))
    with harstudio.open(target) as recording:
        assert len(recording.streams["depth"]) == 9


def test_one_that_fails_is_named_and_the_others_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a1_s1_t1", "a1_s2_t1"):
        write_trial(tmp_path / "in", name)
    for bad in (tmp_path / "in").rglob("a1_s1_t1_*.mat"):
        bad.write_bytes(bad.read_bytes()[:150])
    with pytest.raises(SystemExit) as ended:
        main(["convert", str(tmp_path / "in"), str(tmp_path / "out"), "--to", "mp4"])
    assert ended.value.code == 1
    err = capsys.readouterr().err
    assert "a1_s1_t1" in err
    assert "no project known here: faces are as recorded (--hide-faces)" in err
    assert "Traceback" not in err
    assert (tmp_path / "out" / "a1_s2_t1.mp4").stat().st_size > 1000
    assert not (tmp_path / "out" / "a1_s1_t1.mp4").exists()


def test_an_interrupted_conversion_leaves_no_half_recording(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = write_trial(tmp_path / "in")

    def interrupted(*_arguments: object, **_named: object) -> None:
        (tmp_path / ".out.part.harrec").mkdir()
        raise KeyboardInterrupt

    monkeypatch.setattr("harstudio.recordings.conversion.write_harrec", interrupted)
    with pytest.raises(KeyboardInterrupt):
        convert_all(file, tmp_path / "out.harrec", HARREC)
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_many_do_not_go_into_one_file(tmp_path: Path) -> None:
    for name in ("a1_s1_t1", "a1_s2_t1"):
        write_trial(tmp_path / "in", name)
    with pytest.raises(UsageError, match="one file"):
        convert_all(tmp_path / "in", tmp_path / "out.mp4", Conversion("mp4"))


def test_nothing_to_convert_is_said(tmp_path: Path) -> None:
    with pytest.raises(MissingError):
        convert_all(tmp_path, tmp_path / "out", HARREC)
    (tmp_path / "notes.txt").write_text("x")
    with pytest.raises(UnknownFormatError):
        convert_all(tmp_path / "notes.txt", tmp_path / "out", HARREC)


def test_a_real_trial_becomes_a_video(utd_mhad: Path, tmp_path: Path) -> None:
    file = utd_mhad / "Depth" / "a1_s1_t1_depth.mat"
    conversion = Conversion("mp4", overlays=("skeleton", "time"))
    outcome = convert_all(file, tmp_path / "out.mp4", conversion)
    assert outcome.failures == []
    with harstudio.open(outcome.written[0]) as video, harstudio.open(file) as trial:
        assert len(video.streams["color"]) == len(trial.streams["depth"])
        assert abs(video.duration_ns - trial.duration_ns) < 50_000


def test_faces_are_hidden_on_demand_where_no_project_is_known(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = harrec_files.write_recording(tmp_path / "take.harrec", 6)
    sizes = []
    for name, arguments in (("video", []), ("plain", []), ("hidden", ["--hide-faces"])):
        target = tmp_path / f"{name}.mp4"
        with pytest.raises(SystemExit) as ended:
            main(["convert", str(source), str(target), *arguments])
        assert ended.value.code == 0
        assert ("as recorded" in capsys.readouterr().err) == (not arguments)
        sizes.append(target.stat().st_size)
        source = tmp_path / "video.mp4"  # without a skeleton: the whole picture is coarse
    assert sizes[1] != sizes[2]
