"""How well the recorder keeps up, and what a killed one loses.

    python benchmarks/live/recorder.py [--seconds 60] [--depth 640x576] [--keep 30]
    python benchmarks/live/recorder.py --kills 100

1080p colour, depth, a skeleton, an inertial sensor and sound come at 30 fps from a process of
their own through the session's rings; the real job records them in its own. Prints frames put in,
written and lost, the processor time of the recorder and bytes a second; then of the colour alone,
beside what PyAV (libx264, the same preset) and, with ``--ffmpeg PATH``, the ffmpeg program take to
write the same pictures as fast as they can.

``--kills``: the recorder is killed at random moments, and every recording is opened: how much of
each stream is lacking before the kill, in seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

import harstudio
from harstudio.labels.model import Document
from harstudio.live.recorder.items import CRF, PRESET
from harstudio.live.recorder.leftovers import finish_leftovers
from harstudio.live.recorder.take_labels import labels_project
from harstudio.live.stage import Stage
from harstudio.live.streams import LiveStream, cameras_to_payload
from harstudio.recordings.formats.harrec_header import StreamSpec
from harstudio.recordings.streams import SECOND_NS, Body, SkeletonFrame, StreamKind
from harstudio.skeletons.cameras import Camera

WIDTH, HEIGHT, RATE = 1920, 1080, 30
PICTURES = 24  # different ones, again and again
SOUND_RATE, INERTIAL_RATE = 48_000, 60
PEER_S = 10.0


def specs(depth: tuple[int, int]) -> list[StreamSpec]:
    return [
        StreamSpec("color", StreamKind.COLOR, WIDTH, HEIGHT, RATE),
        StreamSpec("depth", StreamKind.DEPTH, *depth, RATE),
        StreamSpec("skeleton", StreamKind.SKELETON, rate_hz=RATE, topology="kinect_v2_25"),
        StreamSpec("wrist", StreamKind.INERTIAL, rate_hz=INERTIAL_RATE, channels=tuple("abcdef")),
        StreamSpec("audio", StreamKind.AUDIO, sample_rate=SOUND_RATE, channels=("mono",)),
    ]


def color_pictures() -> list[NDArray[np.uint8]]:
    """A textured room that the camera looks along, a person-sized thing that moves, noise."""
    dice = np.random.default_rng(0)
    room = dice.integers(0, 255, (68, 120, 3)).astype(np.uint8)
    room = cv2.resize(room, (WIDTH * 2, HEIGHT), interpolation=cv2.INTER_CUBIC)
    noise = [dice.integers(-6, 7, (HEIGHT, WIDTH, 3)).astype(np.int16) for _ in range(4)]
    made = []
    for k in range(PICTURES):
        picture = room[:, 8 * k : 8 * k + WIDTH].astype(np.int16)
        picture[200:900, 200 + 40 * k : 500 + 40 * k] = (180, 90, 60)
        made.append(np.clip(picture + noise[k % 4], 0, 255).astype(np.uint8))
    return made


def depth_pictures(width: int, height: int) -> list[NDArray[np.uint16]]:
    """A slope with 2 mm of noise, holes, and a thing that moves before it."""
    dice = np.random.default_rng(1)
    y, x = np.mgrid[:height, :width]
    made = []
    for k in range(PICTURES):
        picture = 1500 + 2 * x + y + dice.normal(0, 2, (height, width))
        picture[:, 50 + 10 * k : 140 + 10 * k] -= 600
        picture[dice.random((height, width)) < 0.05] = 0
        made.append(picture.astype(np.uint16))
    return made


# ---- the process that feeds


def feed(payload: dict[str, Any]) -> None:
    """Put frames in at their times until standard input ends; prints what was put in."""
    streams = {one["spec"]["name"]: LiveStream.from_payload(one) for one in payload["streams"]}
    color = color_pictures()
    size = streams["depth"].spec if "depth" in streams else StreamSpec("", StreamKind.DEPTH, 200, 9)
    depth = depth_pictures(size.width, size.height)
    joints = np.random.default_rng(2).normal(0, 0.5, (PICTURES, 25, 3)).astype(np.float32)
    sound = np.zeros((SOUND_RATE // RATE, 1), dtype=np.int16)
    over = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
    print("ready", flush=True)
    start, k = time.monotonic_ns(), 0
    late_ms = 0.0
    while not over.is_set():
        due = start + k * SECOND_NS // RATE
        time.sleep(max(0, due - time.monotonic_ns()) / 1e9)
        now = time.monotonic_ns()
        late_ms = max(late_ms, (now - due) / 1e6)
        n = k % PICTURES
        streams["color"].put(color[n], now, now)
        k += 1
        if len(streams) == 1:
            continue
        streams["depth"].put(depth[n], now, now)
        body = Body("1", joints[n], np.full(25, 2, np.uint8), color_px=joints[n, :, :2] * 100)
        streams["skeleton"].put(SkeletonFrame((body,)), now, now)
        for half in range(2):
            streams["wrist"].put(np.arange(6) + k, now + half * SECOND_NS // 60, now)
        streams["audio"].put(sound, due, now)
    print(json.dumps({"frames": k, "most_late_ms": round(late_ms, 1)}), flush=True)
    for stream in streams.values():
        stream.close()


class Bench:
    """Rings, the process that feeds them, and the recorder's stage."""

    def __init__(
        self, depth: tuple[int, int], folder: Path, keep_s: float, count: int | None = None
    ) -> None:
        """count: only the first so many streams."""
        self.streams = [LiveStream.create(spec) for spec in specs(depth)[:count]]
        self.folder = folder
        self.told: list[tuple[str, dict[str, Any]]] = []
        camera = Camera(*depth, fx=500.0, fy=500.0, cx=depth[0] / 2, cy=depth[1] / 2)
        self._payload = {
            "streams": [stream.to_payload() for stream in self.streams],
            "cameras": cameras_to_payload({"depth": camera}),
            "folder": str(folder),
            "annotator": "bench",
            "keep_s": keep_s,
        }
        self._feeder = subprocess.Popen(
            [sys.executable, __file__, "--feed"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._feeder.stdin is not None
        assert self._feeder.stdout is not None
        self._feeder.stdin.write(json.dumps(self._payload) + "\n")
        self._feeder.stdin.flush()
        self._feeder.stdout.readline()

    def record(self) -> Stage:
        self.told = []
        told = self.told
        stage = Stage("recorder", lambda _stage, kind, payload: told.append((kind, payload)))
        stage.run("harstudio.live.recorder.jobs:record", self._payload)
        return stage

    def until(self, wanted: str, state: str = "", patience_s: float = 60.0) -> dict[str, Any]:
        """What was told first of a kind (and state), as soon as it was."""
        end = time.monotonic() + patience_s
        while time.monotonic() < end:
            for kind, payload in list(self.told):
                if kind == wanted and payload.get("state", "") == state:
                    return payload
                if kind in ("failed", "died", "refused"):
                    raise SystemExit(f"{kind}: {payload}")
            time.sleep(0.01)
        raise SystemExit(f"The recorder told no {wanted} {state}: {self.told[-3:]}")

    def end(self) -> dict[str, Any]:
        assert self._feeder.stdin is not None
        assert self._feeder.stdout is not None
        self._feeder.stdin.close()
        fed = json.loads(self._feeder.stdout.readline())
        self._feeder.wait()
        for stream in self.streams:
            stream.close()
        return dict(fed)


def processor_s(pid: int) -> float:
    """Processor time of a process so far (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def keeping_up(
    arguments: argparse.Namespace, folder: Path, count: int | None = None
) -> dict[str, Any]:
    bench = Bench(arguments.depth, folder, arguments.keep, count)
    stage = bench.record()
    bench.until("recording", "idle")
    if arguments.keep:
        time.sleep(arguments.keep + 2)
    assert stage.pid is not None
    before = processor_s(stage.pid), time.monotonic()
    stage.say("start", {"name": "", "keep": bool(arguments.keep)})
    time.sleep(arguments.seconds)
    used = processor_s(stage.pid) - before[0]
    wall = time.monotonic() - before[1]
    stage.say("stop", {})
    done = bench.until("recording", "done")
    stage.stop()
    stage.wait(10)
    fed = bench.end()
    with harstudio.open(done["path"]) as recording:
        counts = {name: len(stream) for name, stream in recording.streams.items()}
        problems = list(recording.problems)
        gaps = {
            name: round(float(np.diff(stream.times_ns).max()) / 1e6, 1)
            for name, stream in recording.streams.items()
            if name in ("color", "depth", "skeleton")
        }
        decoded = [
            recording.streams[name].frame(counts[name] // 2).shape
            for name in ("color", "depth")
            if name in counts
        ]
    return {
        "seconds": round(done["seconds"], 1),
        "frames": counts,
        "lost": done["lost"],
        "largest_gap_ms": gaps,
        "feeder": fed,
        "processor_share_of_one_core": round(used / wall, 3),
        "megabytes_a_second": round(done["bytes"] / done["seconds"] / 1e6, 2),
        "problems": problems,
        "decoded": [list(shape) for shape in decoded],
    }


def peers(arguments: argparse.Namespace, folder: Path, seconds: float = PEER_S) -> dict[str, Any]:
    """Processor time a second of video to write the colour pictures alone, by others."""
    pictures = color_pictures()
    count = round(seconds * RATE)
    start = time.process_time()
    with av.open(str(folder / "peer.mkv"), "w") as container:
        options = {"preset": PRESET, "crf": str(CRF), "tune": "zerolatency"}
        stream = container.add_stream("libx264", rate=Fraction(RATE), options=options)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.thread_count = 1
        for k in range(count):
            frame = VideoFrame.from_ndarray(pictures[k % PICTURES], format="rgb24")
            frame.pts, frame.time_base = k, Fraction(1, RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    found = {"pyav": round((time.process_time() - start) / seconds, 3)}
    if arguments.ffmpeg:
        size = ["-s", f"{WIDTH}x{HEIGHT}", "-r", str(RATE)]
        command = [arguments.ffmpeg, "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24"]
        command += [*size, "-i", "-", "-c:v", "libx264", "-preset", PRESET, "-crf", str(CRF)]
        command += ["-tune", "zerolatency", "-threads", "1", "-pix_fmt", "yuv420p"]
        child_before = os.times()
        with subprocess.Popen([*command, str(folder / "f.mkv")], stdin=subprocess.PIPE) as child:
            assert child.stdin is not None
            for k in range(count):
                child.stdin.write(pictures[k % PICTURES].data)
            child.stdin.close()
            child.wait()
        after = os.times()
        used = after.children_user + after.children_system
        used -= child_before.children_user + child_before.children_system
        found["ffmpeg"] = round(used / seconds, 3)
    return found


def killing(arguments: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Kill at random moments; seconds that are lacking of each stream, worst and median."""
    dice = random.Random(arguments.seed)
    bench = Bench(arguments.depth, folder, 0.0)
    lacking: dict[str, list[float]] = {}
    clips, labelled_late = 0, 0.0
    for run in range(arguments.kills):
        stage = bench.record()
        bench.until("recording", "idle")
        stage.say("start", {"name": f"kill {run}"})
        begun = bench.until("recording", "recording")
        stage.say("label", {"name": "wave", "down": True, "time_ns": time.monotonic_ns()})
        time.sleep(dice.uniform(0.6, 3.0))
        pid, killed_ns = stage.pid, time.monotonic_ns()
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        stage.stop()
        stage.wait(10)
        path = Path(begun["path"])
        with harstudio.open(path) as recording:
            for name, stream in recording.streams.items():
                lost = (killed_ns - begun["start_ns"] - stream.end_ns) / SECOND_NS
                lacking.setdefault(name, []).append(lost)
            missing = {spec.name for spec in specs(arguments.depth)} - set(recording.streams)
            assert not missing, f"{path}: {missing} cannot be read: {recording.problems}"
        (document,) = labels_project(folder).documents(begun["name"])
        clips += len(_clips(document))
        end_ns = begun["start_ns"] + _clips(document)[-1].end_ns
        labelled_late = max(labelled_late, (killed_ns - end_ns) / SECOND_NS)
        finished, problems = finish_leftovers(folder)
        assert [one for one, _ in finished] == [path], problems
        assert not problems, problems
        with harstudio.open(path) as recording:
            assert len(recording.problems) == 1, recording.problems
            for name in ("color", "depth"):
                stream = recording.streams[name]
                stream.frame(len(stream) - 1)
        shutil.rmtree(path)
        print(f"{run + 1} of {arguments.kills}", end="\r", file=sys.stderr)
    bench.end()
    return {
        "kills": arguments.kills,
        "lacking_s": {
            name: {"median": round(float(np.median(all_)), 3), "worst": round(max(all_), 3)}
            for name, all_ in lacking.items()
        },
        "labels": {"kept": clips, "of": arguments.kills, "latest_s": round(labelled_late, 3)},
    }


def _clips(document: Document) -> list[Any]:
    return [clip for tier in document.said for clip in tier.clips]


def _size(text: str) -> tuple[int, int]:
    width, height = text.split("x")
    return int(width), int(height)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--depth", type=_size, default=(640, 576), metavar="WxH")
    parser.add_argument("--keep", type=float, default=0.0, help="seconds kept before")
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--ffmpeg", default=shutil.which("ffmpeg"))
    parser.add_argument("--feed", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.feed:
        feed(json.loads(sys.stdin.readline()))
        return
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["HARSTUDIO_HOME"] = str(Path(scratch, "home"))
        folder = Path(scratch, "recordings")
        folder.mkdir()
        load = os.getloadavg()[0]
        if arguments.kills:
            found = killing(arguments, folder)
        else:
            found = keeping_up(arguments, folder)
            arguments.seconds, arguments.keep = min(arguments.seconds, PEER_S), 0
            alone = keeping_up(arguments, folder, 1)["processor_share_of_one_core"]
            shares = peers(arguments, Path(scratch))
            ratios = {f"to_{name}": round(alone / share, 2) for name, share in shares.items()}
            found["color_alone"] = {"recorder": alone, **shares, "ratio": ratios}
        print(
            json.dumps({"load_before": round(load, 1), "cores": os.cpu_count(), **found}, indent=1)
        )


if __name__ == "__main__":
    main()
