"""The capture process over its ups and downs, and the sources that need no sensor."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import harrec_files
import harstudio
from harrec_files import depth
from harstudio.errors import HarstudioError, MissingError, UsageError
from harstudio.live import stage
from harstudio.live.sources import open_source
from harstudio.live.sources.source import CaptureSettings, Source, SourceEnded, WrongMode
from harstudio.live.streams import LiveFrame, LiveStream, spec_from_payload

TESTS = Path(__file__).parents[2]
CAMERA = "unit.live.file_camera"
FRAMES = 30


class Listener:
    """What the session does: gives rings, and keeps what is said."""

    def __init__(self, source: str, **settings: Any) -> None:
        self.said: list[tuple[str, dict[str, Any]]] = []
        self._all: list[tuple[str, dict[str, Any]]] = []
        self.rings: dict[str, LiveStream] = {}
        self.opened = 0
        self._old: list[LiveStream] = []
        self._lock = threading.Lock()
        self.stage = stage.Stage("capture", self._hear)
        asked = {"source": source, "settings": CaptureSettings(**settings).to_payload()}
        self.stage.run("harstudio.live.capturing:capture", asked)

    def _hear(self, _stage: str, kind: str, payload: dict[str, Any]) -> None:
        with self._lock:
            if kind == "opened":
                self.opened += 1
                specs = [spec_from_payload(one) for one in payload["streams"]]
                if specs != [ring.spec for ring in self.rings.values()]:
                    self._old += self.rings.values()
                    self.rings = {spec.name: LiveStream.create(spec) for spec in specs}
                streams = [ring.to_payload() for ring in self.rings.values()]
                self.stage.say("rings", {"streams": streams})
            self.said.append((kind, payload))
            self._all.append((kind, payload))

    def until(self, kind: str, *, state: str = "", text: str = "") -> dict[str, Any]:
        """The next of this kind, in this state, with this text; those before it are forgotten."""

        def heard() -> list[dict[str, Any]]:
            with self._lock:
                for place, (one, payload) in enumerate(self.said):
                    fits = state in ("", payload.get("state")) and text in str(payload)
                    if one == kind and fits:
                        if kind != "captured":
                            del self.said[: place + 1]
                        return [payload]
            return []

        found: list[dict[str, Any]] = self.waits(heard)
        return found[0]

    def last(self, kind: str) -> list[dict[str, Any]]:
        """The newest of this kind, also where it was forgotten."""
        return [payload for one, payload in self._all if one == kind][-1:]

    def waits(self, what: Callable[[], Any], seconds: float = 30.0) -> Any:
        until = time.monotonic() + seconds
        while not (found := what()):
            assert time.monotonic() < until, self.said
            time.sleep(0.01)
        return found

    def frame(self, name: str = "color") -> LiveFrame:
        """One that came after this was asked."""
        ring = self.rings[name]
        after = ring.newest()
        newest: int = self.waits(lambda: ring.newest() > after and ring.newest())
        found = ring.read(newest)
        return found if found is not None else self.frame(name)

    def close(self) -> None:
        self.stage.stop()
        self.stage.wait(10.0)
        for ring in (*self._old, *self.rings.values()):
            ring.close()


def write(device: Path, word: str) -> None:
    """In one step: the camera reads it all the time."""
    new = device.with_suffix(".new")
    new.write_text(word)
    new.replace(device)


@pytest.fixture
def listen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Listener]]:
    monkeypatch.setenv("PYTHONPATH", str(TESTS))
    made: list[Listener] = []

    def begin(source: str, **settings: Any) -> Listener:
        made.append(Listener(source, **settings))
        return made[-1]

    yield begin
    for listener in made:
        listener.close()


def test_a_camera_is_busy_wrong_unplugged_and_back(
    listen: Callable[..., Listener], tmp_path: Path
) -> None:
    device, lock = tmp_path / "device", tmp_path / "device.busy"
    device.write_text("steady")
    lock.write_text("")
    one = listen(f"{CAMERA}:{device}", width=640)
    busy = one.until("source", state="busy")
    assert (busy["sentence"], busy["remedy"]) == (
        "The camera is in use.",
        "Close the other program.",
    )
    lock.unlink()
    assert one.until("source", state="wrong mode")["sentence"] == "It gives 32 pixels, not 640."
    one.until("source", state="running")
    ring = one.rings["color"]
    assert one.frame().data.shape == (24, 32, 3)

    device.unlink()
    lost = one.until("source", state="lost")
    assert "plug" in lost["sentence"]
    before = ring.newest()
    device.write_text("steady")
    one.until("source", state="running")
    assert one.rings["color"] is ring
    assert one.frame().sequence > before
    assert one.opened == 1

    device.unlink()
    one.until("source", state="lost")
    device.write_text("steady 48")
    one.until("source", state="running")
    assert one.opened == 2
    assert one.frame().data.shape == (24, 48, 3)
    counts = one.until("captured")["streams"]["color"]
    assert counts["frames"] > 0
    assert counts["dropped"] == 0


def test_a_clock_that_is_set_and_a_storm_are_survived(
    listen: Callable[..., Listener], tmp_path: Path
) -> None:
    device = tmp_path / "device"
    device.write_text("steady")
    one = listen(f"{CAMERA}:{device}")
    one.until("source", state="running")
    before = one.frame()
    for word in ("ahead", "back"):
        write(device, word)
        told = one.until("source", text="jumped")
        assert word in told["sentence"]
        frame = one.frame()
        assert before.time_ns < frame.time_ns <= frame.captured_ns
        assert frame.captured_ns - frame.time_ns < 1_000_000_000
        before = frame
    write(device, "storm")
    assert "far more than its 30 frames" in one.until("source", text="far more")["sentence"]
    assert one.until("captured")["streams"]["color"]["dropped"] > 0


def test_a_driver_that_ends_or_holds_its_process_is_started_again(
    listen: Callable[..., Listener], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stage, "PAUSES_S", (0.05,))
    device = tmp_path / "device"
    device.write_text("steady")
    one = listen(f"{CAMERA}:{device}")
    one.until("source", state="running")
    ring = one.rings["color"]
    for word in ("hangs", "exits", "crashes"):
        write(device, word)
        if word == "hangs":
            assert "has not answered" in one.until("source", state="lost")["sentence"]
        assert "started again" in one.until("died")["sentence"]
        write(device, "steady")
        one.until("source", state="running")
        assert one.rings["color"] is ring
        one.frame()


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second of all kinds of stream."""
    return harrec_files.write_recording(tmp_path_factory.mktemp("live") / "one.harrec", FRAMES)


def test_a_recording_is_replayed_whole_and_on_one_clock(
    listen: Callable[..., Listener], recorded: Path
) -> None:
    one = listen(f"replay:{recorded}")
    one.until("over")
    (counts,) = one.last("captured")
    with harstudio.open(recorded) as recording:
        assert set(counts["streams"]) == set(recording.streams) - {"audio"}
        starts = []
        for name, count in counts["streams"].items():
            stream, ring = recording.streams[name], one.rings[name]
            assert count["frames"] + count["dropped"] == len(stream)
            for sequence in range(ring.newest() + 1):
                frame = ring.read(sequence)
                assert frame is not None
                if name == "depth":  # random pictures: they tell which frame this is
                    same = [k for k in range(FRAMES) if (depth(k) == frame.data).all()]
                    starts.append(frame.time_ns - int(stream.times_ns[same[0]]))
        assert len(set(starts)) == 1
        for name, ring in one.rings.items():
            newest = ring.read(ring.newest())
            assert newest is not None
            assert newest.time_ns - starts[0] in recording.streams[name].times_ns


def taken(source: Source, pause_s: float = 0.0) -> list[int]:
    """Times of the skeletons of a source to its end."""
    times: list[int] = []
    try:
        while True:
            times += [one.time_ns for one in source.read(1.0) if one.stream == "skeleton"]
            time.sleep(pause_s)
            pause_s = 0.0
    except SourceEnded:
        return times
    finally:
        source.close()


def test_frames_are_lost_on_request_and_by_who_does_not_take_them(
    recorded: Path, tmp_path: Path
) -> None:
    unlucky = CaptureSettings(drop=0.3, drift_ppm=900, jitter_ms=5, seed=1)
    source = open_source(f"replay:{recorded}", unlucky)
    times = taken(source)
    lost = source.dropped["skeleton"]
    assert len(times) + lost == FRAMES
    assert lost > 0
    assert all(b > a for a, b in pairwise(times))

    for k in range(2):  # a folder: one after the other
        shutil.copytree(recorded, tmp_path / "two" / f"{k}.harrec")
    (tmp_path / "two" / "damaged.harrec").mkdir()
    (tmp_path / "two" / "damaged.harrec" / "recording.json").write_text("{")
    source = open_source(f"replay:{tmp_path / 'two'}", CaptureSettings())
    times = taken(source, pause_s=1.0)  # the length of the first: nobody takes it
    assert len(times) + source.dropped["skeleton"] == 2 * FRAMES
    assert source.dropped["skeleton"] > 4
    assert all(b > a for a, b in pairwise(times))


SERVER = """
import sys, time, cv2, numpy as np
from http.server import BaseHTTPRequestHandler, HTTPServer
END = chr(13) + chr(10)
class Camera(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        picture = np.zeros((48, 64, 3), np.uint8)
        picture[:, :32] = (0, 0, 255)  # BGR: the left half is red
        jpeg = cv2.imencode(".jpg", picture)[1].tobytes()
        while True:
            head = f"--frame{END}Content-Type: image/jpeg{END}Content-Length: {len(jpeg)}{END}{END}"
            self.wfile.write(head.encode() + jpeg + END.encode())
            time.sleep(0.02)
    def log_message(self, *_):
        pass
HTTPServer(("127.0.0.1", int(sys.argv[1])), Camera).serve_forever()
"""


def test_a_camera_on_the_network_goes_away_and_comes_back(listen: Callable[..., Listener]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"file:http://user:secret@127.0.0.1:{port}/video.mjpg"
    with pytest.raises(HarstudioError, match="does not answer") as refused:
        open_source(address, CaptureSettings())
    assert "secret" not in str(refused.value)

    def serve() -> subprocess.Popen[bytes]:
        process = subprocess.Popen([sys.executable, "-c", SERVER, str(port)])
        while socket.socket().connect_ex(("127.0.0.1", port)):
            time.sleep(0.05)
        return process

    server = serve()
    try:
        one = listen(address)
        one.until("source", state="running")
        picture = one.frame().data
        assert picture[24, 48, 0] > 200  # a mirror image: red is on the right
        assert picture[24, 16, 0] < 60
        server.kill()
        one.until("source", state="lost")
        server.wait()
        server = serve()
        one.until("source", state="running")
        one.frame()
    finally:
        server.kill()
        server.wait()


def test_what_is_no_source_is_told(recorded: Path) -> None:
    with pytest.raises(UsageError, match="kinds are webcam"):
        open_source("toaster:0", CaptureSettings())
    with pytest.raises(UsageError, match="Write replay:"):
        open_source(str(recorded), CaptureSettings())
    with pytest.raises(MissingError, match=r"no Python module my_lab\.camera"):
        open_source("my_lab.camera:0", CaptureSettings())
    with pytest.raises(WrongMode) as wrong:
        open_source(f"file:{recorded / 'streams.mkv'}", CaptureSettings(width=4000))
    assert wrong.value.nearest == CaptureSettings(width=96, height=64, fps=30.0)
