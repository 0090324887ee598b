"""The whole webcam path on real videos of people: skeletons and windows a second, latency, drops.

    python benchmarks/live/webcam_path.py VIDEO [VIDEO ...] [--run color-skeleton-live]
        [--seconds 30] [--fps 30] [--size 1280x720] [--pose lite] [--explain] [--json OUT]

Every video is written anew as such a camera would give it (fitted into ``--size``, ``--fps``
pictures a second) and paced so, over and over, through a real session with all its processes:
capture, pose, recogniser. Counting begins when the recogniser is ready and warm and ends after
``--seconds``. Latency is from the moment when a picture reached this machine until this process has
heard what is said of it; stages are as the recogniser tells them, and ``told`` is the way from
there to here. Windows a second are counted while somebody moves, because who stands still is not
asked about. Recordings work, too (``replay:PATH``); a sensor's own skeletons need no pose.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import threading
import time
from collections import Counter
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from harstudio.live.session import LiveOptions, LiveSession
from harstudio.live.sources.source import CaptureSettings

STAGES = ("capture", "pose", "wait", "window", "network", "told")
READY_S = 90.0
GAP_S = 0.5  # between two windows of one movement at most


class Listener:
    """What the stages of one session said."""

    def __init__(self) -> None:
        self.ready = threading.Event()
        self.failed = ""
        self.facts: dict[str, Any] = {}
        self.counting = False
        self.whole_ms: list[float] = []
        self.stages_ms: dict[str, list[float]] = {name: [] for name in STAGES}
        self.windows_ns: list[int] = []
        self.said = self.nobody = self.explained = 0
        self.skipped = {"first": None, "last": 0}
        self.labels: Counter[str] = Counter()
        self.shares: list[dict[str, float]] = []
        self.captured: dict[str, Any] = {}
        self.posed: dict[str, Any] = {}

    def hear(self, stage: str, kind: str, payload: dict[str, Any]) -> None:
        """On the threads of the workers."""
        if kind == "failed":
            self.failed = str(payload.get("sentence"))
            self.ready.set()
        elif kind == "ready" and stage == "recogniser":
            self.facts = payload
            self.ready.set()
        elif kind == "captured":
            self.captured = payload["streams"]
        elif kind == "posed":
            self.posed = payload
        elif kind == "explained":
            self.explained += self.counting
        elif kind == "said" and self.counting:
            self._said(payload)

    def _said(self, said: dict[str, Any]) -> None:
        now = time.monotonic_ns()
        self.said += 1
        self.nobody += said["person"] == ""
        if self.skipped["first"] is None:
            self.skipped["first"] = said["skipped"]
        self.skipped["last"] = said["skipped"]
        if not said["moving"]:
            return
        self.windows_ns.append(now)
        self.whole_ms.append((now - said["captured_ns"]) / 1e6)
        before = 0.0
        for name in STAGES[:-1]:
            value = float(said["stages"][name] or 0.0)
            self.stages_ms[name].append(value)
            before += value * (name != "capture")
        self.stages_ms["told"].append(self.whole_ms[-1] - before)
        self.labels[said["name"] or "nothing known"] += 1
        if said["shares"]:
            self.shares.append(said["shares"])


def as_camera(video: Path, folder: Path, given: argparse.Namespace) -> Path:
    """The video as a camera of that size and rate gives it, with black borders."""
    width, height = (int(side) for side in given.size.split("x"))
    place = folder / video.with_suffix(".mp4").name
    rate = Fraction(given.fps).limit_denominator(1000)
    with av.open(str(video)) as read, av.open(str(place), "w") as written:
        stream = written.add_stream("libx264", rate=rate, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        count = 0
        for frame in read.decode(video=0):
            if frame.time is None or frame.time * given.fps < count:
                continue
            picture = frame.to_ndarray(format="rgb24")
            share = min(width / picture.shape[1], height / picture.shape[0])
            size = round(picture.shape[1] * share), round(picture.shape[0] * share)
            small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
            whole = np.zeros((height, width, 3), np.uint8)
            top, left = (height - size[1]) // 2, (width - size[0]) // 2
            whole[top : top + size[1], left : left + size[0]] = small
            written.mux(stream.encode(av.VideoFrame.from_ndarray(whole, format="rgb24")))
            count += 1
        written.mux(stream.encode())
    return place


def measure(source: str, given: argparse.Namespace) -> dict[str, Any]:
    """One session; its document."""
    listener = Listener()
    settings = CaptureSettings(loop=True)
    if source.startswith("file:"):
        settings = CaptureSettings(fps=given.fps, loop=True)
    options = LiveOptions(
        source, settings, run=given.run, pose_model=given.pose, explain=given.explain, device="cpu"
    )
    session = LiveSession(options, heard=listener.hear)
    begun = time.monotonic()
    session.start()
    try:
        if not listener.ready.wait(READY_S) or listener.failed:
            raise SystemExit(f"{source}: {listener.failed or 'the recogniser is not ready'}")
        ready_s = time.monotonic() - begun
        time.sleep(given.warm_up)
        first = {name: stream.newest() for name, stream in session.streams.items()}
        dropped = _dropped(listener)
        listener.counting, counted = True, time.monotonic()
        time.sleep(given.seconds)
        listener.counting, seconds = False, time.monotonic() - counted
        frames = {name: s.newest() - first[name] for name, s in session.streams.items()}
        after = _dropped(listener)
    finally:
        session.stop()
    moving = _moving(listener.windows_ns)
    lost = listener.skipped["last"] - (listener.skipped["first"] or 0)
    return {
        "source": Path(source.partition(":")[2]).name,
        "run": given.run,
        "network": listener.facts.get("network"),
        "seconds": round(seconds, 2),
        "ready_s": round(ready_s, 2),
        "load": [round(one, 1) for one in os.getloadavg()],
        "fps": {name: round(count / seconds, 2) for name, count in frames.items()},
        "found": listener.posed.get("found"),
        "windows_a_second": round(moving[0] / moving[1], 2) if moving[1] else None,
        "moving_s": round(moving[1], 2),
        "told_a_second": round(listener.said / seconds, 2),
        "nobody": listener.nobody,
        "latency_ms": _quantiles(listener.whole_ms),
        "stages_ms": {name: _quantiles(ms) for name, ms in listener.stages_ms.items()},
        "dropped": {name: after[name] - dropped[name] for name in after} | {"recogniser": lost},
        "explained": listener.explained,
        "labels": dict(listener.labels.most_common(5)),
        "shares": _mean_shares(listener.shares),
    }


def _dropped(listener: Listener) -> dict[str, int]:
    capture = sum(int(one["dropped"]) for one in listener.captured.values())
    return {"capture": capture, "pose": int(listener.posed.get("skipped", 0))}


def _moving(windows_ns: list[int]) -> tuple[int, float]:
    """Windows, and seconds in which somebody moved: what lies between two windows near in time."""
    gaps = np.diff(np.array(windows_ns, dtype=np.float64)) / 1e9
    near = gaps[gaps < GAP_S]
    return len(near), float(near.sum())


def _quantiles(values: list[float]) -> dict[str, float | None]:
    if not values:
        return {"p50": None, "p95": None}
    p50, p95 = np.quantile(values, (0.5, 0.95))
    return {"p50": round(float(p50), 1), "p95": round(float(p95), 1)}


def _mean_shares(shares: list[dict[str, float]]) -> dict[str, dict[str, float]]:
    """Mean, least and largest share of every modality over the windows."""
    found = {}
    for name in shares[0] if shares else ():
        values = [one[name] for one in shares]
        told = {"mean": np.mean(values), "least": min(values), "largest": max(values)}
        found[name] = {key: round(float(value), 3) for key, value in told.items()}
    return found


def show(found: dict[str, Any]) -> None:
    """As a table."""
    print(f"\n{found['source']}, {found['run']}, {found['seconds']} s, load {found['load'][0]}")
    fps = ", ".join(f"{name} {value}" for name, value in found["fps"].items())
    print(f"  frames a second: {fps}; pose found in {found['found']}")
    print(
        f"  windows a second {found['windows_a_second']} over {found['moving_s']} s of movement, "
        f"told {found['told_a_second']}; dropped {found['dropped']}; ready after "
        f"{found['ready_s']} s"
    )
    print("  ms        p50     p95")
    rows = {"all": found["latency_ms"], **found["stages_ms"]}
    for name, one in rows.items():
        p50, p95 = ("-" if one[key] is None else f"{one[key]:.1f}" for key in ("p50", "p95"))
        print(f"  {name:8s}{p50:>6s}  {p95:>6s}")
    print(f"  labels {found['labels']}; shares {found['shares']}; explained {found['explained']}")


def main() -> None:
    """Measure all, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sources", nargs="+", help="videos, or sources such as replay:PATH")
    parser.add_argument("--run", default="color-skeleton-live")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--warm-up", type=float, default=3.0)
    parser.add_argument("--fps", type=float, default=30.0)
    parser.add_argument(
        "--size", default="1280x720", help="of the camera; each video is fitted into it"
    )
    parser.add_argument("--pose", default="lite", help="lite, full or heavy")
    parser.add_argument("--explain", action="store_true")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    documents = []
    with tempfile.TemporaryDirectory() as folder:
        for source in given.sources:
            named = source
            if source.partition(":")[0] not in ("replay", "file"):
                named = f"file:{as_camera(Path(source), Path(folder), given)}"
            documents.append(measure(named, given))
            show(documents[-1])
    if given.json is not None:
        given.json.write_text(json.dumps(documents, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
