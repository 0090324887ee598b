"""The recorder: every frame of the rings in a recording, what was before it, labels, full disks."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import harstudio
from harstudio.errors import DataError
from harstudio.labels.label_sets.label_set import LabelSet
from harstudio.labels.model import Clip, Origin
from harstudio.labels.project import Project
from harstudio.live.recorder.disk import DiskGuard
from harstudio.live.recorder.hold import Hold
from harstudio.live.recorder.items import Item, Mark
from harstudio.live.recorder.lanes import Lane
from harstudio.live.recorder.leftovers import WHY
from harstudio.live.recorder.recorder import GONE, NEARLY_FULL, Recorder
from harstudio.live.recorder.take import Scene, Take, claim
from harstudio.live.recorder.take_labels import labels_project
from harstudio.live.stage import Stage
from harstudio.live.streams import LiveStream
from harstudio.recordings.audio import AudioStream
from harstudio.recordings.formats.harrec_header import StreamSpec
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import Body, SkeletonFrame, StreamKind

SOUND_RATE = 8000
SPECS = (
    StreamSpec("color", StreamKind.COLOR, 96, 64),
    StreamSpec("depth", StreamKind.DEPTH, 64, 48),
    StreamSpec("skeleton", StreamKind.SKELETON, topology="kinect_v2_25"),
    StreamSpec("wrist", StreamKind.INERTIAL, channels=("ax", "ay", "az")),
    StreamSpec("audio", StreamKind.AUDIO, sample_rate=SOUND_RATE, channels=("mono",)),
)
PERIOD_NS = 10_000_000


def until(true: Callable[[], Any], seconds: float = 30.0) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = true()
        if found:
            return found
        time.sleep(0.005)
    raise AssertionError("it did not happen in time")


def put_all(streams: dict[str, LiveStream], k: int, now: int) -> None:
    """Frame k of all streams; every one tells its number."""
    noise = np.random.default_rng(k).integers(0, 60000, (48, 64)).astype(np.uint16)
    noise[0, 0] = k
    joints = np.full((25, 3), k, np.float32)
    body = Body("a", joints, np.full(25, 2, np.uint8), color_px=joints[:, :2] * 2)
    sound = np.full((SOUND_RATE * PERIOD_NS // 10**9, 1), k, np.int16)
    streams["color"].put(np.full((64, 96, 3), k * 5 % 250, np.uint8), now, now)
    streams["depth"].put(noise, now, now)
    streams["skeleton"].put(SkeletonFrame((body,)), now, now)
    streams["wrist"].put(np.full(3, k, np.float32), now, now)
    streams["audio"].put(sound, now, now)


class Rig:
    """Rings, frames that tell their number, and a recorder that listens."""

    def __init__(self, folder: Path, **how: Any) -> None:
        self.streams = {spec.name: LiveStream.create(spec) for spec in SPECS}
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.put_in = 0
        self.last_ns = 0
        self.recorder = Recorder(
            list(self.streams.values()),
            {},
            folder,
            "Ann",
            lambda kind, payload: self.told.append((kind, payload)),
            **how,
        )

    def feed(self, count: int) -> None:
        """Frames of all streams with stamps of now."""
        for _ in range(count):
            k = self.put_in
            now = max(time.monotonic_ns(), self.last_ns + PERIOD_NS)
            time.sleep(max(0, now - time.monotonic_ns()) / 1e9)
            put_all(self.streams, k, now)
            self.put_in, self.last_ns = k + 1, now

    def heard(self, kind: str, state: str | None = None) -> dict[str, Any] | None:
        found = (p for k, p in list(self.told) if k == kind)
        return next((p for p in found if state is None or p.get("state") == state), None)

    def start(self, **how: Any) -> dict[str, Any]:
        self.told.clear()
        self.recorder.obey("start", {"name": "", **how})
        return dict(until(lambda: self.heard("recording", "recording")))

    def stop(self) -> dict[str, Any]:
        self.recorder.obey("stop", {})
        return dict(until(lambda: self.heard("recording", "done")))

    def close(self) -> None:
        self.recorder.close()
        for stream in self.streams.values():
            stream.close()


@contextlib.contextmanager
def rig(folder: Path, **how: Any) -> Iterator[Rig]:
    made = Rig(folder, **how)
    try:
        yield made
    finally:
        made.close()


def numbers(recording: Recording) -> dict[str, list[int]]:
    """The numbers that the frames of each stream tell."""
    streams = recording.streams
    depth, skeleton = streams["depth"], streams["skeleton"]
    return {
        "depth": [int(depth.frame(k)[0, 0]) for k in range(len(depth))],
        "skeleton": [int(skeleton.frame(k).bodies[0].joints[0, 0]) for k in range(len(skeleton))],
        "wrist": [int(value[0]) for value in streams["wrist"].values],
    }


def clips_of(path: Path, annotator: str = "Ann") -> list[Clip]:
    (document,) = labels_project(path.parent).documents(path.stem)
    assert document.annotator == annotator
    return [clip for tier in document.tiers for clip in tier.clips]


def test_every_frame_is_there_and_nothing_before_the_key_was_pressed(tmp_path: Path) -> None:
    with rig(tmp_path) as live:
        live.feed(5)
        begun = live.start(name="7")
        live.feed(30)
        done = live.stop()
        live.feed(5)
    assert done["lost"] == dict.fromkeys(done["lost"], 0)
    assert done["sentence"] == ""
    path = Path(done["path"])
    assert path.name.endswith(" 7.harrec")
    with harstudio.open(path) as recording:
        assert recording.problems == ()
        assert recording.subject == 7
        for found in numbers(recording).values():
            assert found == list(range(5, 35))
        color, audio = recording.streams["color"], recording.streams["audio"]
        assert [round(float(color.frame(k).mean()) / 5) for k in (0, 17, 29)] == [5, 22, 34]
        assert isinstance(audio, AudioStream)
        assert set(audio.samples(0, len(audio))[:, 0].tolist()) == set(range(5, 35))
        assert 0 <= color.times_ns[0] < 1_000_000_000
        assert color.times_ns[-1] == live_time(begun, live.last_ns - 5 * PERIOD_NS, color)
    assert sorted(file.name for file in path.iterdir()) == [
        "imu.jsonl",
        "recording.json",
        "skeleton.jsonl",
        "streams.mkv",
        "times.jsonl",
    ]


def live_time(begun: dict[str, Any], near_ns: int, stream: Any) -> int:
    """The stamp nearest to a time of the session, on the recording's clock."""
    wanted = near_ns - begun["start_ns"]
    return int(stream.times_ns[np.argmin(np.abs(stream.times_ns - wanted))])


def test_what_was_before_is_kept_only_when_asked_for(tmp_path: Path) -> None:
    with rig(tmp_path, keep_s=20.0) as live:
        live.feed(40)
        until(lambda: any(told.get("held_bytes", 0) > 0 for _, told in list(live.told)))
        assert list(tmp_path.iterdir()) == []  # in memory only
        live.recorder.obey("keep", {"seconds": 20, "name": "fall", "labels": [
            {"name": "fall", "start_ns": live.last_ns - PERIOD_NS * 5, "end_ns": live.last_ns,
             "confidence": 0.75}]})  # fmt: skip
        kept = until(lambda: live.heard("kept"))
        live.start(keep=False)
        live.feed(5)
        without = live.stop()
        live.start(keep=True)
        live.feed(5)
        with_it = live.stop()
    with harstudio.open(kept["path"]) as recording:
        assert recording.problems == ()
        assert numbers(recording)["depth"] == list(range(40))
        assert recording.start_ns == 0
        assert len(recording.streams["color"]) == 40
    (fall,) = clips_of(Path(kept["path"]))
    assert (fall.label, fall.origin, fall.confidence) == ("fall", Origin.MODEL, 0.75)
    assert fall.end_ns == live_end(kept)
    with harstudio.open(without["path"]) as recording:
        assert numbers(recording)["depth"] == list(range(40, 45))
        assert round(float(recording.streams["color"].frame(0).mean()) / 5) == 40
    with harstudio.open(with_it["path"]) as recording:
        assert numbers(recording)["skeleton"] == list(range(50))
        color = recording.streams["color"]
        assert [round(float(color.frame(k).mean()) / 5) for k in (0, 44, 49)] == [0, 44, 49]


def live_end(kept: dict[str, Any]) -> int:
    return int(kept["end_ns"] - kept["start_ns"])


def test_without_keeping_nothing_can_be_kept(tmp_path: Path) -> None:
    with rig(tmp_path) as live:
        live.feed(3)
        live.recorder.obey("keep", {"seconds": 20})
        assert "memory" in until(lambda: live.heard("refused"))["sentence"]
    assert list(tmp_path.iterdir()) == []


def test_labels_by_key_are_in_the_project_of_the_folder(tmp_path: Path) -> None:
    set_ = LabelSet.of("mine", ["wave"])
    project = Project.create(tmp_path / "p", "p", label_set=set_)
    with rig(project.folder) as live:
        begun = live.start()
        zero_ns = begun["start_ns"]
        assert Path(begun["path"]).parent == project.folder / "recordings"

        def press(name: str, at_ms: int, *, down: bool) -> None:
            time_ns = zero_ns + at_ms * 1_000_000
            live.recorder.obey("label", {"name": name, "time_ns": time_ns, "down": down})

        press("wave", 100, down=True)
        press("wave", 400, down=False)
        press("sit", 500, down=True)
        press("clap", 700, down=True)  # ends the one before
        press("sit", 800, down=False)  # which nobody hears any more
        press("clap", 900, down=False)
        press("wave", 1000, down=True)  # still down at the end
        live.feed(10)
        done = live.stop()
    assert done["labels"] == 4
    (document,) = Project.open(project.folder).documents(done["name"])
    clips = [clip for tier in document.said for clip in tier.clips]
    millisecond = 1_000_000
    assert [(c.label, c.start_ns // millisecond, c.end_ns // millisecond) for c in clips[:3]] == [
        ("wave", 100, 400),
        ("sit", 500, 700),
        ("clap", 700, 900),
    ]
    assert (clips[3].label, clips[3].start_ns // millisecond) == ("wave", 1000)
    assert {clip.origin for clip in clips} == {Origin.HUMAN}
    known = Project.open(project.folder).label_set.labels
    assert [label.name for label in known] == ["wave", "sit", "clap"]
    assert len(Project.open(project.folder).recordings()) == 1


def test_frames_that_were_overwritten_are_counted() -> None:
    stream = LiveStream.create(StreamSpec("wrist", StreamKind.INERTIAL, channels=("a",)))
    out: list[Item | Mark] = []
    lane = Lane(stream, lambda item: not out.append(item))
    try:
        slots = stream.ring.slots
        lane.begin(0, None)
        for k in range(3):
            stream.put([k], 1000 + k, 1000 + k)
        while lane.step():
            pass
        for k in range(3, slots + 50):
            stream.put([k], 1000 + k, 1000 + k)
        lane.mark(1, 1000 + slots + 48)
        while lane.step():
            pass
    finally:
        stream.close()
    items = [one for one in out if isinstance(one, Item)]
    assert sum(item.lost for item in items) == slots + 50 - len(items)
    assert sum(item.lost for item in items) >= 47
    assert items[-1].time_ns == 1000 + slots + 49
    assert isinstance(out[-1], Mark)


def test_a_clock_that_jumps_is_not_believed() -> None:
    stream = LiveStream.create(StreamSpec("wrist", StreamKind.INERTIAL, channels=("a",)))
    out: list[Any] = []
    lane = Lane(stream, lambda item: not out.append(item))
    try:
        lane.begin(0, None)
        second = 10**9
        for k, time_s in enumerate((10, 11, 3_000, 13, 2, 15)):
            stream.put([k], time_s * second, (10 + k) * second)
        while lane.step():
            pass
    finally:
        stream.close()
    assert [item.time_ns // second for item in out] == [10, 11, 12, 13, 14, 15]


def test_memory_is_bounded_and_what_is_kept_begins_with_a_key_frame() -> None:
    hold = Hold(5.0, ["color"], most_bytes=10_000)
    for k in range(200):
        hold.put(Item("color", k * 100_000_000, None, k % 10 == 0, 10, 0))
    assert hold.bytes <= 75 * 10
    zero_ns, items = hold.since(17_450_000_000)
    assert zero_ns == 17_000_000_000
    assert items[0].key
    for k in range(200, 300):
        hold.put(Item("color", k * 100_000_000, None, True, 3_000, 0))
        assert hold.bytes <= 10_000


def test_a_name_is_never_used_twice(tmp_path: Path) -> None:
    now = datetime(2026, 11, 21, 22, 31, 5)
    paths = [claim(tmp_path / "new", "a/b", now) for _ in range(3)]
    assert [path.name for path in paths] == [
        "2026-11-21 22.31.05 a%2Fb.harrec",
        "2026-11-21 22.31.05 a%2Fb (2).harrec",
        "2026-11-21 22.31.05 a%2Fb (3).harrec",
    ]
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="Choose another folder"):
        claim(tmp_path / "file", "", now)


def test_sound_that_is_lacking_is_silence_and_what_was_before_the_zero_goes(tmp_path: Path) -> None:
    (spec,) = (one for one in SPECS if one.name == "audio")
    second = 10**9
    take = Take(tmp_path, Scene((spec,), {}), {}, zero_ns=10 * second)

    def put(at_ns: int, value: int) -> None:
        samples = np.full((SOUND_RATE // 10, 1), value, np.int16)
        take.put(Item("audio", at_ns, samples, True, samples.nbytes, 0))

    put(10 * second - second // 5, 9)
    put(10 * second - second // 20, 1)  # half of it
    put(10 * second + second // 20, 2)
    put(11 * second, 3)
    take.close()
    with harstudio.open(take.path) as recording:
        audio = recording.streams["audio"]
        assert isinstance(audio, AudioStream)
        heard = audio.samples(0, len(audio))[:, 0]
    tenth = SOUND_RATE // 10
    expected = np.zeros(11 * tenth, np.int16)
    expected[: tenth // 2], expected[tenth // 2 : tenth * 3 // 2] = 1, 2
    expected[10 * tenth :] = 3
    assert audio.start_ns == 0
    assert np.array_equal(heard, expected)


# ---- the disk


def test_no_recording_begins_on_a_full_disk_and_one_ends_before_it_is(tmp_path: Path) -> None:
    with rig(tmp_path, guard=DiskGuard(tmp_path, start_bytes=1 << 60)) as live:
        live.recorder.obey("start", {})
        assert "Free some space" in until(lambda: live.heard("refused"))["sentence"]
        assert until(lambda: live.heard("disk"))["enough"] is False
    assert list(tmp_path.iterdir()) == []
    guard = DiskGuard(tmp_path, start_bytes=0, stop_bytes=0)
    with rig(tmp_path, guard=guard) as live:
        live.start()
        assert "no frame" in live.stop()["sentence"]
        assert list(tmp_path.iterdir()) == []
        live.start()
        live.feed(5)
        guard.stop_bytes = 1 << 60
        done = until(lambda: live.heard("recording", "done"))
    assert done["sentence"] == NEARLY_FULL
    with harstudio.open(done["path"]) as recording:
        assert recording.problems == (NEARLY_FULL,)


@pytest.mark.skipif(sys.platform == "win32", reason="what is open cannot be moved there")
def test_a_folder_that_is_moved_ends_the_recording_at_once(tmp_path: Path) -> None:
    guard = DiskGuard(tmp_path, start_bytes=0, stop_bytes=0)
    with rig(tmp_path, guard=guard) as live:
        path = Path(live.start()["path"])
        live.feed(3)
        path.rename(tmp_path / "elsewhere")
        done = until(lambda: live.heard("recording", "done"))
        assert done["path"] == ""
        assert GONE in done["sentence"]
        assert Path(live.start()["path"]).is_dir()  # another can be begun
        live.feed(3)
        assert live.stop()["frames"]["depth"] > 0


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=5m", "tmpfs", str(folder)]
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root mounts a small disk")
    if subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("nothing can be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=False)


def test_a_disk_that_fills_up_ends_a_whole_recording(small_disk: Path) -> None:
    guard = DiskGuard(small_disk, start_bytes=0, stop_bytes=0)
    with rig(small_disk, guard=guard) as live:
        live.start()
        until(lambda: live.feed(20) or live.heard("recording", "done"))
        done = live.heard("recording", "done")
    assert done is not None
    assert "No space left" in done["sentence"]
    path = Path(done["path"])
    with harstudio.open(path) as recording:
        assert len(recording.problems) == 1, recording.problems
        found = numbers(recording)["depth"]
        assert found == list(range(found[0], found[0] + len(found)))
        assert len(found) > 30


# ---- killed


class Killed:
    """The recorder's own process on all streams, fed all the time, and killed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.feeding = Feeding()
        self.stage = Stage("recorder", lambda _stage, kind, said: self.told.append((kind, said)))
        streams = [stream.to_payload() for stream in self.feeding.streams.values()]
        about = {"folder": str(folder), "annotator": "Ann", "keep_s": 0}
        self.stage.run("harstudio.live.recorder.jobs:record", {"streams": streams, **about})

    def heard(self, kind: str, state: str = "") -> dict[str, Any] | None:
        told = list(self.told)
        return next((p for k, p in told if k == kind and p.get("state", "") == state), None)

    def start(self) -> None:
        """Once is enough: a recorder that is started again goes on."""
        until(lambda: self.heard("recording", "idle"))
        self.stage.say("start", {})

    def once(self, seconds: float) -> tuple[dict[str, Any], int]:
        """What was told of the recording, and when its process was killed."""
        begun = until(lambda: self.heard("recording", "recording"))
        self.told.clear()
        self.stage.say("label", {"name": "wave", "down": True, "time_ns": begun["start_ns"] + 1})
        until(lambda: any(p.get("labels") and p["frames"]["depth"] > 10 for _, p in self.told[:]))
        time.sleep(seconds)
        assert self.stage.pid is not None
        os.kill(self.stage.pid, signal.SIGKILL)
        killed_ns = time.monotonic_ns()
        until(lambda: any(kind == "died" for kind, _ in self.told[:]))
        self.told.clear()
        return begun, killed_ns

    def end(self) -> None:
        self.stage.stop()
        self.stage.wait(20)
        self.feeding.end()


class Feeding:
    """Frames of all streams 100 times a second, from a thread."""

    def __init__(self) -> None:
        self.streams = {spec.name: LiveStream.create(spec) for spec in SPECS}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        k = 0
        while not self._over.wait(PERIOD_NS / 1e9):
            put_all(self.streams, k, time.monotonic_ns())
            k += 1

    def end(self) -> None:
        self._over.set()
        self._thread.join()
        for stream in self.streams.values():
            stream.close()


def check_finished(begun: dict[str, Any], finished: dict[str, Any], killed_ns: int) -> float:
    """Seconds that are lacking of the pictures before the kill."""
    path = Path(begun["path"])
    assert finished["path"] == str(path)
    with harstudio.open(path) as recording:
        assert recording.problems == (WHY,)
        assert set(recording.streams) == {spec.name for spec in SPECS}
        found = numbers(recording)
        for values in found.values():
            assert values == list(range(values[0], values[0] + len(values)))
        color, depth = recording.streams["color"], recording.streams["depth"]
        last = min(len(color), len(depth)) - 1
        assert color.times_ns[last] == depth.times_ns[last]
        shown = float(color.frame(last).mean())
        assert abs(shown - found["depth"][last] * 5 % 250) < 4
        last_ns = min(color.end_ns, depth.end_ns)
    (clip,) = clips_of(path)
    assert (clip.label, clip.start_ns) == ("wave", 1)
    return (killed_ns - begun["start_ns"] - last_ns) / 1e9


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is POSIX")
def test_a_killed_recorder_leaves_a_recording_that_the_next_one_finishes(tmp_path: Path) -> None:
    killed = Killed(tmp_path)
    try:
        killed.start()
        begun, at_ns = killed.once(0.2)
        finished = until(lambda: killed.heard("finished"))  # it is started again by itself
        again = until(lambda: killed.heard("recording", "recording"))
        killed.stage.say("stop", {})
        done = until(lambda: killed.heard("recording", "done"))
    finally:
        killed.end()
    check_finished(begun, finished, at_ns)
    assert done["path"] == again["path"] != begun["path"]


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is POSIX")
def test_a_recorder_killed_at_random_moments_loses_half_a_second(tmp_path: Path) -> None:
    dice = random.Random(3)
    killed = Killed(tmp_path)
    try:
        killed.start()
        for _ in range(20):
            begun, at_ns = killed.once(dice.uniform(0, 2))
            finished = until(lambda: killed.heard("finished"))
            assert check_finished(begun, finished, at_ns) < 0.5
            killed.stage._deaths = 0  # started again at once
    finally:
        killed.end()
