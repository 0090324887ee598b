"""Pose on real videos: how fast, how near MediaPipe's own, how near Kinect by depth, how smooth.

    python benchmarks/live/pose.py --videos DIR [--peer PYTHON] [--depth DIR] [--frames N]

--videos: a folder with video files, or with wheels that hold some (pose2sim and sports2d on PyPI
carry BSD-licensed ones of people). --peer: an interpreter with mediapipe 0.10.21 and OpenCV; lite
and heavy are compared where its package has those models, too. --depth: a folder of UTD-MHAD.
The models must be installed (harstudio pose install). Set OMP_NUM_THREADS=1 on a busy machine.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import cv2
import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from harstudio.live.pose.depth_placing import place_by_depth  # noqa: E402
from harstudio.live.pose.detector import Detector  # noqa: E402
from harstudio.live.pose.finder import LEAST_HZ, SPEED_HZ, PoseFinder  # noqa: E402
from harstudio.live.pose.landmarks import LandmarkModel, Landmarks  # noqa: E402
from harstudio.live.pose.models import DETECTOR, find_model, installed_models  # noqa: E402
from harstudio.live.pose.people import People  # noqa: E402
from harstudio.live.pose.placing import place  # noqa: E402
from harstudio.live.pose.regions import Region  # noqa: E402
from harstudio.live.pose.smoothing import OneEuro  # noqa: E402
from harstudio.recordings.formats import open_recording  # noqa: E402
from harstudio.recordings.streams import SECOND_NS  # noqa: E402
from harstudio.skeletons.topology import topology  # noqa: E402

VIDEO_ENDINGS = (".mp4", ".avi", ".mov")
PEOPLE = "Demo"  # of the wheels' videos only the real people, not renderings
NEAR = 0.02  # of body height
PEER = """
import sys, cv2, numpy as np, time
import mediapipe as mp
video, out, complexity, frames, shift = sys.argv[1], sys.argv[2], *map(int, sys.argv[3:6])
pose = mp.solutions.pose.Pose(model_complexity=complexity, smooth_landmarks=False)
capture, rows, ms = cv2.VideoCapture(video), [], []
while len(rows) < frames:
    good, picture = capture.read()
    if not good:
        break
    picture = np.roll(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB), shift, axis=1)
    height, width = picture.shape[:2]
    began = time.perf_counter()
    found = pose.process(picture)
    ms.append(1e3 * (time.perf_counter() - began))
    row = np.full((33, 5), np.nan)
    if found.pose_landmarks:
        row[:, :2] = [(p.x * width - shift, p.y * height) for p in found.pose_landmarks.landmark]
        row[:, 2:] = [(p.x, p.y, p.z) for p in found.pose_world_landmarks.landmark]
    rows.append(row)
np.savez(out, rows=np.array(rows), ms=np.array(ms))
"""
KINECT = {
    "shoulder": "Shoulder", "elbow": "Elbow", "wrist": "Wrist", "hip": "Hip", "knee": "Knee",
    "ankle": "Ankle", "foot_index": "Foot",
}  # fmt: skip


def find_videos(folder: Path, scratch: Path) -> list[Path]:
    """Video files of a folder and of the wheels in it, each content once."""
    found = [one for one in sorted(folder.iterdir()) if one.suffix in VIDEO_ENDINGS]
    for wheel in sorted(folder.glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            seen = set()
            for member in archive.infolist():
                inside = Path(member.filename)
                if inside.suffix in VIDEO_ENDINGS and PEOPLE in member.filename:
                    if member.CRC in seen:
                        continue
                    seen.add(member.CRC)
                    name = "-".join((wheel.name.split("-")[0], *inside.parts[-3:]))
                    target = scratch / name.replace("-videos", "")
                    target.write_bytes(archive.read(member))
                    found.append(target)
    return found


def frames_of(video: Path, most: int) -> tuple[list[np.ndarray], float]:
    """RGB pictures and the frame rate."""
    capture, pictures = cv2.VideoCapture(str(video)), []
    while len(pictures) < most:
        good, picture = capture.read()
        if not good:
            break
        pictures.append(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))
    return pictures, capture.get(cv2.CAP_PROP_FPS) or 30.0


def sized(picture: np.ndarray, width: int, height: int) -> np.ndarray:
    """The whole picture inside width x height, with bars."""
    scale = min(width / picture.shape[1], height / picture.shape[0])
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    out = np.zeros((height, width, 3), dtype=np.uint8)
    out[: small.shape[0], : small.shape[1]] = small
    return out


def speed(video: Path, frames: int) -> None:
    """Milliseconds a picture, by model, threads and size; "processor" is what it takes of all cores
    together, which is the time on a quiet machine where one thread works."""
    pictures, fps = frames_of(video, frames)
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    print(f"\n## Milliseconds a picture ({video.name}, load {load:.1f}, whole PoseFinder)\n")
    print("| model | threads | picture | p50 | p95 | processor | detector alone | model alone |")
    print("|---|---|---|---|---|---|---|---|")
    for model in installed_models():
        for threads in (1, 2):
            for width, height in ((640, 480), (1280, 720), (1920, 1080)):
                shown = [sized(one, width, height) for one in pictures]
                finder = PoseFinder(model, people=1, threads=threads, topology_name="kinect_v2_25")
                ms = []
                worked = time.process_time()
                for k, picture in enumerate(shown):
                    began = time.perf_counter()
                    finder.find(picture, round(k * SECOND_NS / fps))
                    ms.append(1e3 * (time.perf_counter() - began))
                worked = 1e3 * (time.process_time() - worked) / len(shown)
                p50, p95 = np.percentile(ms, [50, 95])
                detector = Detector(find_model(DETECTOR), threads)
                alone = median_ms(lambda d=detector, s=shown: d.find(s[0]))
                landmarks = LandmarkModel(find_model(model), threads)
                region = Region(width / 2, height / 2, height, 0.0)
                one = median_ms(lambda m=landmarks, s=shown, r=region: m.find(s[0], r))
                print(
                    f"| {model} | {threads} | {width}x{height} | {p50:.1f} | {p95:.1f} "
                    f"| {worked:.1f} | {alone:.1f} | {one:.1f} |",
                    flush=True,
                )


def median_ms(action: object, runs: int = 20) -> float:
    """Of so many runs."""
    times = []
    for _ in range(runs):
        began = time.perf_counter()
        action()  # type: ignore[operator]
        times.append(1e3 * (time.perf_counter() - began))
    return statistics.median(times)


def ask_peer(
    python: str, video: Path, model: str, frames: int, shift: int
) -> tuple[np.ndarray, np.ndarray] | None:
    """(frames, 33, 5) pixels and world landmarks by mediapipe, NaN where none; ms a picture."""
    complexity = str(("lite", "full", "heavy").index(model))
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch, "out.npz")
        command = [python, "-c", PEER, str(video), str(out), complexity, str(frames), str(shift)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            print(f"peer: {model} does not run there: {done.stderr.splitlines()[-1:]}")
            return None
        kept = np.load(out)
        return kept["rows"], kept["ms"]


def ours(video: Path, model: str, frames: int) -> list[list[Landmarks]]:
    """All people of each picture, before smoothing."""
    pictures, _ = frames_of(video, frames)
    people = People(Detector(find_model(DETECTOR)), LandmarkModel(find_model(model)), most=3)
    found = []
    for k, picture in enumerate(pictures):  # mediapipe takes videos for 30 frames a second
        seen = people.find(picture, round(k * SECOND_NS / 30))
        found.append([one.landmarks for one in seen])
    return found


def the_same(row: np.ndarray, people: list[Landmarks]) -> np.ndarray | None:
    """(33, 2) pixels of the one whom mediapipe found: it follows one person of several."""

    def apart(one: Landmarks) -> float:
        return float(np.abs(one.pixels - row[:, :2]).mean())

    return min(people, key=apart).pixels if people else None


def gaps(rows: np.ndarray, others: list[np.ndarray | None]) -> tuple[np.ndarray, float]:
    """(n, 33) distances in body heights of the frames where both have somebody, and the share of
    the first one's frames in which the second has."""
    out, both, first = [], 0, 0
    for row, other in zip(rows, others, strict=True):
        if not np.isfinite(row[0, 0]):
            continue
        first += 1
        if other is None or not np.isfinite(other[0, 0]):
            continue
        both += 1
        tall = max(np.ptp(row[:, 0]), np.ptp(row[:, 1]))
        out.append(np.linalg.norm(other[:, :2] - row[:, :2], axis=1) / tall)
    return np.array(out).reshape(-1, 33), both / max(1, first)


def compare(videos: list[Path], python: str, frames: int) -> None:
    """With mediapipe's own, which is compared with itself, too: one pixel of shift shows how much
    the landmarks of these videos can be trusted at all."""
    print("\n## Against mediapipe 0.10.21 (distances in % of body height)\n")
    print(
        "| video | model | its ms | it finds | of these found | mean | median | within 2 % "
        "| it, shifted 1 px: mean | within 2 % |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    totals: dict[str, list[tuple[np.ndarray, float, np.ndarray]]] = {}
    for video in videos:
        for model in installed_models():
            answer = ask_peer(python, video, model, frames, 0)
            again = ask_peer(python, video, model, frames, 1)
            if answer is None or again is None:
                continue
            rows, ms = answer
            people = ours(video, model, frames)
            mine = [the_same(row, seen) for row, seen in zip(rows, people, strict=True)]
            gap, found = gaps(rows, mine)
            control, _ = gaps(rows, list(again[0]))
            totals.setdefault(model, []).append((gap, found, control))
            there = np.isfinite(rows[:, 0, 0]).mean()
            print(
                f"| {video.stem} | {model} | {np.median(ms):.1f} | {there:.1%} | {found:.1%} "
                f"| {figures(gap)} | {100 * control.mean():.2f} | {within(control)} |",
                flush=True,
            )
    for model, parts in totals.items():
        gap = np.concatenate([one[0] for one in parts])
        control = np.concatenate([one[2] for one in parts])
        worst = min(one[1] for one in parts)
        print(
            f"| all | {model} | | | {worst:.1%} at least | {figures(gap)} "
            f"| {100 * control.mean():.2f} | {within(control)} |"
        )


def figures(gap: np.ndarray) -> str:
    return f"{100 * gap.mean():.2f} | {100 * np.median(gap):.2f} | {within(gap)}"


def within(gap: np.ndarray) -> str:
    return f"{(gap <= NEAR).mean():.1%}"


def by_depth(folder: Path, most: int = 60) -> None:
    """Kinect's own joints are what an estimator would have seen (0.7 px and 6 cm of noise, bodies
    believed to be a tenth too small): how near to them depth and size put the joints."""
    names, rng = topology("mediapipe_33").joints, np.random.default_rng(0)
    errors: dict[str, list[tuple[float, float]]] = {}
    measured = []
    files = sorted(folder.rglob("a*_t1_depth.mat"))
    for file in files[:: max(1, len(files) // most)]:
        with open_recording(file) as recording:
            streams = {str(one.kind): one for one in recording.streams.values()}
            skeletons, depth = streams["skeleton"], streams["depth"]
            camera = recording.cameras[depth.name]
            kinect = topology(skeletons.topology).joints
            for index in range(0, len(skeletons), 7):
                bodies = skeletons.frame(index).bodies
                picture = depth.at(int(skeletons.times_ns[index]))
                if not bodies or picture is None:
                    continue
                points, known = np.zeros((33, 3)), np.zeros(33, dtype=bool)
                for k, name in enumerate(names):
                    side, _, part = name.partition("_")
                    if part in KINECT:
                        joint = kinect.index(f"{KINECT[part]}{side.capitalize()}")
                        points[k], known[k] = bodies[0].joints[joint], True
                hips = points[[23, 24]].mean(axis=0)
                points[~known] = hips
                world = (points - hips) / 1.1
                world[:, 2] += rng.normal(0, 0.06, 33)
                seen = known.astype(np.float32)
                landmarks = Landmarks(
                    1.0,
                    (camera.project(points) + rng.normal(0, 0.7, (33, 2))).astype(np.float32),
                    seen,
                    seen,
                    (world * (1, -1, 1)).astype(np.float32),
                    Region(0, 0, 1, 0),
                )
                placed = place_by_depth(landmarks, camera, picture.data, camera)
                alone = place(landmarks, camera)
                measured.append(placed.measured[known].mean())
                for k in np.flatnonzero(known):
                    part = names[k].partition("_")[2]
                    gap = np.linalg.norm(placed.joints[k] - points[k])
                    other = np.linalg.norm(alone.joints[k] - points[k])
                    errors.setdefault(part, []).append((gap, other))
    print(f"\n## By depth against Kinect's joints (UTD-MHAD, {len(measured)} frames), cm\n")
    print(f"{np.mean(measured):.1%} of the joints measured\n")
    print("| joint | mean | median | 95 % | by size alone, mean |")
    print("|---|---|---|---|---|")
    errors["all"] = [one for rows in errors.values() for one in rows]
    for part, rows in errors.items():
        gap, alone = np.array(rows).T * 100
        print(
            f"| {part} | {gap.mean():.1f} | {np.median(gap):.1f} | {np.percentile(gap, 95):.1f} "
            f"| {alone.mean():.1f} |"
        )


def smoothness() -> None:
    """Noise that is left of a joint at rest, and how late a moving one is, at 30 Hz."""
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.01, (600, 50))
    still = OneEuro(LEAST_HZ, SPEED_HZ)
    held = np.array([still.smooth(row, k * SECOND_NS // 30) for k, row in enumerate(noise)])
    print(f"\n## One-euro filter, {LEAST_HZ:g} Hz and {SPEED_HZ:g} Hz for each m/s\n")
    print(f"At rest {held[30:].std() / noise[30:].std():.0%} of the noise is left.\n")
    print("| speed | late by |")
    print("|---|---|")
    for metres in (0.25, 0.5, 1.0, 2.0, 4.0):
        moving = OneEuro(LEAST_HZ, SPEED_HZ)
        true = metres * np.arange(120) / 30
        got = [moving.smooth(np.array([x]), k * SECOND_NS // 30)[0] for k, x in enumerate(true)]
        print(f"| {metres:g} m/s | {1e3 * (true[-1] - got[-1]) / metres:.0f} ms |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--videos", type=Path, required=True)
    parser.add_argument("--peer", default="")
    parser.add_argument("--depth", type=Path)
    parser.add_argument("--frames", type=int, default=150)
    parser.add_argument("--only", default="", help="speed, peer, depth or smoothness")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        videos = find_videos(asked.videos, Path(scratch))
        if asked.only in ("", "smoothness"):
            smoothness()
        if asked.only in ("", "depth") and asked.depth is not None:
            by_depth(asked.depth)
        if asked.only in ("", "speed"):
            speed(videos[0], asked.frames)
        if asked.only in ("", "peer") and asked.peer:
            compare(videos, asked.peer, asked.frames)


if __name__ == "__main__":
    main()
