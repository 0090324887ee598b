"""How evenly sources come: a 1080p video as a camera, and a trial of UTD-MHAD as a Kinect.

    python benchmarks/live/sources.py --trials UTD-MHAD [--seconds 60] [--json OUT]

The real capture process fills real rings; this process only reads them. For every stream: frames a
second, frames dropped, how much later than due a frame was there (p50, p95), how far the interval
between two frames is off (p50, p95), and how long it took from there into the ring (p95). For the
capture process: its share of one core, decoding included. Without --trials only the video.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import threading
import time
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from harstudio.live.sources.source import CaptureSettings
from harstudio.live.stage import Stage
from harstudio.live.streams import LiveStream, spec_from_payload

WIDTH, HEIGHT, RATE = 1920, 1080, 30
WARM_UP_S = 2.0


def make_video(path: Path, seconds: float) -> Path:
    """A textured picture that moves, H.264, as a camera or a phone would write."""
    texture = np.random.default_rng(0).integers(0, 255, (HEIGHT // 8, WIDTH // 8, 3))
    picture = np.kron(texture, np.ones((8, 8, 1))).astype(np.uint8)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.time_base = Fraction(1, RATE)
        for k in range(round(seconds * RATE)):
            frame = av.VideoFrame.from_ndarray(np.roll(picture, 4 * k, axis=1), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


class Watched:
    """A capture process whose rings are read until the time is over."""

    def __init__(self, source: str, settings: CaptureSettings) -> None:
        self.rings: dict[str, LiveStream] = {}
        self.captured: dict[str, Any] = {}
        self.running = threading.Event()
        self._stage = Stage("capture", self._hear)
        payload = {"source": source, "settings": asdict(settings)}
        self._stage.run("harstudio.live.capturing:capture", payload)

    def _hear(self, _stage: str, kind: str, payload: dict[str, Any]) -> None:
        if kind == "opened":
            specs = [spec_from_payload(one) for one in payload["streams"]]
            self.rings = {spec.name: LiveStream.create(spec) for spec in specs}
            streams = [ring.to_payload() for ring in self.rings.values()]
            self._stage.say("rings", {"streams": streams})
        elif kind == "source" and payload["state"] == "running":
            self.running.set()
        elif kind == "captured":
            self.captured = payload["streams"]
        elif kind in ("failed", "died"):
            raise SystemExit(payload["sentence"])

    def measure(self, seconds: float) -> dict[str, Any]:
        """Seconds after a warm-up; builtins."""
        if not self.running.wait(30):
            raise SystemExit("The source does not run.")
        time.sleep(WARM_UP_S)
        seen: dict[str, list[tuple[int, int, int]]] = {name: [] for name in self.rings}
        last = {name: ring.newest() for name, ring in self.rings.items()}
        dropped = {name: counts["dropped"] for name, counts in self.captured.items()}
        begun, cpu = time.monotonic(), self._cpu_s()
        while time.monotonic() - begun < seconds:
            time.sleep(0.05)
            for name, ring in self.rings.items():
                for sequence in range(last[name] + 1, ring.newest() + 1):
                    frame = ring.ring.read(sequence)
                    if frame is not None:
                        seen[name].append((frame.time_ns, frame.captured_ns, frame.ready_ns))
                    last[name] = sequence
        wall = time.monotonic() - begun
        share = (self._cpu_s() - cpu) / wall
        time.sleep(1.1)  # the last counts
        streams = {name: _figures(frames, wall) for name, frames in seen.items() if len(frames) > 2}
        for name, figures in streams.items():
            figures["dropped"] = self.captured[name]["dropped"] - dropped.get(name, 0)
        return {"streams": streams, "core_share": round(share, 3), "load": os.getloadavg()[0]}

    def _cpu_s(self) -> float:
        fields = Path(f"/proc/{self._stage.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        self._stage.stop()
        self._stage.wait(5)
        for ring in self.rings.values():
            ring.close()


def _figures(frames: list[tuple[int, int, int]], wall: float) -> dict[str, Any]:
    times, captured, ready = np.array(frames, dtype=np.int64).T / 1e6
    off = np.abs(np.diff(captured) - np.diff(times))
    return {
        "fps": round(len(frames) / wall, 2),
        "late_ms": _percentiles(captured - times),
        "interval_off_ms": _percentiles(off),
        "into_ring_ms_p95": round(float(np.percentile(ready - captured, 95)), 2),
    }


def _percentiles(values: np.ndarray) -> dict[str, float]:
    p50, p95 = np.percentile(values, [50, 95])
    return {"p50": round(float(p50), 2), "p95": round(float(p95), 2)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=Path, help="a folder of UTD-MHAD trials")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    told: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        video = make_video(Path(folder) / "camera.mp4", min(options.seconds, 20.0))
        sources = {"1080p30 video": f"file:{video}"}
        if options.trials is not None:
            trial = next(iter(sorted(options.trials.rglob("a1_s1_t1_depth.mat"))))
            sources["UTD-MHAD trial"] = f"replay:{trial}"
        for title, source in sources.items():
            watched = Watched(source, CaptureSettings(loop=True))
            try:
                told[title] = watched.measure(options.seconds)
            finally:
                watched.close()
            print(f"{title}: {told[title]['core_share']:.0%} of a core")
            for name, one in told[title]["streams"].items():
                late, off = one["late_ms"], one["interval_off_ms"]
                print(
                    f"  {name:9} {one['fps']:6.2f} fps, {one['dropped']} dropped, "
                    f"late {late['p50']} / {late['p95']} ms, "
                    f"interval off {off['p50']} / {off['p95']} ms, "
                    f"into the ring {one['into_ring_ms_p95']} ms"
                )
    if options.json is not None:
        options.json.write_text(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()
