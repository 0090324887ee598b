"""Trials of UTD-MHAD one after the other as untrimmed recordings: what a run finds in them.

The trials of the test people (2, 4, 6, 8) are put together, each person's in an order drawn by lot,
without a pause between them, and written as harrec recordings; which trial stands where is the
truth. A run recognises them with sliding windows as ``harstudio predict`` does it.

    python benchmarks/recognition/untrimmed.py make UTD-MHAD FOLDER
    python benchmarks/recognition/untrimmed.py measure FOLDER joints-any-sensor [depth-skeleton ...]

Printed are, per run: segment mAP at IoU 0.1, 0.25 and 0.5 (that of ActivityNet: per class the area
under the interpolated precision-recall curve of segments ranked by confidence, each true segment
met once; the mean over classes), segment F1 at the same, frame accuracy, and the speed in multiples
of real time of the whole command, start of Python and loading of the network included.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from harstudio.learning.data.looked import extent
from harstudio.recordings.formats import open_recording, scan
from harstudio.recordings.formats.harrec_header import PICTURE_KINDS, StreamSpec
from harstudio.recordings.formats.harrec_writer import HarrecWriter
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import PictureStream, SkeletonStream

TEST_PEOPLE = (2, 4, 6, 8)
SEED = 0
IOUS = (0.1, 0.25, 0.5)
TRUTH = "truth.json"
STEP_NS = 33_333_333


def make(data: Path, out: Path) -> None:
    """One recording a person, and ``truth.json``: [start_ns, end_ns, action] by recording."""
    trials: dict[int, list[Path]] = {person: [] for person in TEST_PEOPLE}
    for found in scan(data).recordings:
        with open_recording(found.path) as one:
            if one.subject in trials:
                trials[one.subject].append(found.path)
    rng = np.random.default_rng(SEED)
    truth: dict[str, list[tuple[int, int, str]]] = {}
    for person, paths in trials.items():
        paths.sort()
        rng.shuffle(paths)  # type: ignore[arg-type]
        name = f"utd-person-{person}"
        truth[name] = join(name, person, paths, out / f"{name}.harrec")
        print(f"{name}: {len(paths)} trials, {truth[name][-1][1] / 1e9:.1f} s", flush=True)
    (out / TRUTH).write_text(json.dumps(truth), "utf-8")


def join(name: str, person: int, paths: Sequence[Path], out: Path) -> list[tuple[int, int, str]]:
    """Write trials one after the other; where each lies and what it shows."""
    with open_recording(paths[0]) as first:
        specs = [spec for stream in first.streams.values() if (spec := _spec(stream)) is not None]
        cameras = first.cameras
    told, at = [], 0
    with HarrecWriter(out, name=name, streams=specs, subject=person, cameras=cameras) as writer:
        for path in paths:
            with open_recording(path) as trial:
                start_ns, end_ns = extent(trial)
                _append(writer, trial, at - start_ns, {spec.name for spec in specs})
                assert trial.action is not None
                told.append((at, at + end_ns - start_ns, trial.action.name))
                at += end_ns - start_ns
    return told


def _spec(stream: Any) -> StreamSpec | None:
    if isinstance(stream, PictureStream):
        return StreamSpec(
            stream.name, stream.kind, stream.width, stream.height, rate_hz=30.0, dtype=stream.dtype
        )
    if isinstance(stream, SkeletonStream):
        return StreamSpec(stream.name, stream.kind, rate_hz=30.0, topology=stream.topology)
    return None  # the inertial sensor is not worn between trials


def _append(writer: HarrecWriter, trial: Recording, shift_ns: int, names: set[str]) -> None:
    for stream in trial.streams.values():
        if stream.name not in names:
            continue
        put = writer.picture if stream.kind in PICTURE_KINDS else writer.skeleton
        for index, time_ns in enumerate(stream.times_ns.tolist()):
            put(stream.name, time_ns + shift_ns, stream.frame(index))


# ---- figures


Found = tuple[str, int, int, str, float]  # recording, start, end, action, confidence


def mean_average_precision(
    found: Sequence[Found], truth: dict[str, list[list[Any]]], iou: float
) -> float:
    """ActivityNet's mAP at one IoU."""
    actions = sorted({one[2] for true in truth.values() for one in true})
    return float(np.mean([_average_precision(found, truth, action, iou) for action in actions]))


def _average_precision(
    found: Sequence[Found], truth: dict[str, list[list[Any]]], action: str, iou: float
) -> float:
    right = {name: [one for one in true if one[2] == action] for name, true in truth.items()}
    total = sum(map(len, right.values()))
    met: set[tuple[str, int]] = set()
    hits = []
    for name, start, end, _, _ in sorted(
        (one for one in found if one[3] == action), key=lambda one: -one[4]
    ):
        overlaps = [_iou((start, end), (one[0], one[1])) for one in right[name]]
        free = [k for k, o in enumerate(overlaps) if o >= iou and (name, k) not in met]
        best = max(free, key=lambda k: overlaps[k], default=None)
        if best is not None:
            met.add((name, best))
        hits.append(best is not None)
    if not hits:
        return 0.0
    won = np.cumsum(hits)
    precision = won / np.arange(1, len(hits) + 1)
    precision = np.maximum.accumulate(precision[::-1])[::-1]
    recall = np.concatenate([[0.0], won / total])
    return float(np.sum(np.diff(recall) * precision))


def f1(found: Sequence[Found], truth: dict[str, list[list[Any]]], iou: float) -> float:
    """Segment F1: each true segment is met once by one of its action."""
    hits = 0
    for name, true in truth.items():
        free = set(range(len(true)))
        for _, start, end, action, _ in (one for one in found if one[0] == name):
            fits = [
                k
                for k in free
                if true[k][2] == action and _iou((start, end), (true[k][0], true[k][1])) >= iou
            ]
            if fits:
                hits += 1
                free.remove(max(fits, key=lambda k: _iou((start, end), (true[k][0], true[k][1]))))
    return 2 * hits / (len(found) + sum(map(len, truth.values())))


def frame_accuracy(found: Sequence[Found], truth: dict[str, list[list[Any]]]) -> float:
    """Share of the frames (30 a second) whose segment says what is done."""
    right = total = 0
    for name, true in truth.items():
        times = np.arange(true[0][0], true[-1][1], STEP_NS)
        said = np.full(times.size, "", dtype=object)
        for _, start, end, action, _ in (one for one in found if one[0] == name):
            said[(times >= start) & (times < end)] = action
        for start, end, action in true:
            inside = (times >= start) & (times < end)
            right += int((said[inside] == action).sum())
            total += int(inside.sum())
    return right / total


def _iou(one: tuple[int, int], other: tuple[int, int]) -> float:
    common = min(one[1], other[1]) - max(one[0], other[0])
    return max(0, common) / (max(one[1], other[1]) - min(one[0], other[0]))


def measure(folder: Path, run: str, options: Sequence[str]) -> None:
    """Recognise everything in the folder and print the figures."""
    truth = json.loads((folder / TRUTH).read_text("utf-8"))
    seconds = sum(true[-1][1] for true in truth.values()) / 1e9
    command = [sys.executable, "-m", "harstudio", "predict", run, str(folder), "--json", *options]
    started = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    taken = time.perf_counter() - started
    said = json.loads(done.stdout)
    found: list[Found] = [
        (Path(one["path"]).stem, s["start_ns"], s["end_ns"], s["name"], s["confidence"])
        for one in said["recordings"]
        for s in one["segments"]
    ]
    maps = ", ".join(f"{100 * mean_average_precision(found, truth, iou):.1f}" for iou in IOUS)
    scores = ", ".join(f"{100 * f1(found, truth, iou):.1f}" for iou in IOUS)
    print(
        f"{run} {' '.join(options)}: mAP {maps} %; F1 {scores} % at IoU "
        f"{', '.join(map(str, IOUS))}; frames right {100 * frame_accuracy(found, truth):.1f} %; "
        f"{len(found)} segments for {sum(map(len, truth.values()))}; {seconds:.0f} s in "
        f"{taken:.1f} s, {seconds / taken:.1f} times real time",
        flush=True,
    )


def main() -> None:
    """Make the recordings, or measure runs on them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ways = parser.add_subparsers(dest="way", required=True)
    making = ways.add_parser("make")
    making.add_argument("data", type=Path)
    making.add_argument("out", type=Path)
    measuring = ways.add_parser("measure")
    measuring.add_argument("folder", type=Path)
    measuring.add_argument("runs", nargs="+")
    measuring.add_argument("--options", default="", help="further options of predict, as one text")
    wanted = parser.parse_args()
    if wanted.way == "make":
        make(wanted.data, wanted.out)
        return
    for run in wanted.runs:
        measure(wanted.folder, run, wanted.options.split())


if __name__ == "__main__":
    main()
