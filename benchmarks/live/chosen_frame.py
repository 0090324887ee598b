"""What "the middle frame" and "the joint that moved most" are in a window that grows.

MMFF sees the middle frame of a clip, and in it a square around the joint that lies farthest from
where it was in the clip's first frame. Trials of UTD-MHAD's test people are looked at as live
windows: from the onset of the movement to now, 15 times a second, to the trial's end; what
``mmff-lite``'s preprocessing chooses is compared with what it chooses of the finished window.

    python benchmarks/live/chosen_frame.py UTD-MHAD [--trials 20]

Printed, over all windows: how old the middle frame is; from window to window, how often it is
another frame and how often the joint is another; by how much of the movement is over, the distance
of the middle frame from that of the finished window, and the share of windows whose joint is that
of the finished one; the milliseconds of making a window, with frames kept, and of an untrained
``mmff-lite``, on one thread.
"""

from __future__ import annotations

import argparse
import json
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch

from harstudio.learning.inputs.kept import Kept
from harstudio.learning.inputs.picture import Still
from harstudio.learning.preprocessing import Preprocessing
from harstudio.live.recognising.movement import Gate, Movement
from harstudio.networks import create_network
from harstudio.recordings.formats import open_recording, scan
from harstudio.recordings.streams import SECOND_NS, SkeletonStream, StreamKind

TEST_PEOPLE = (2, 4, 6, 8)
RATE = 15
LEAST_NS = 400_000_000
TENTHS = (0.25, 0.5, 0.75, 0.9)


def windows(path: Path, preprocessing: Preprocessing) -> list[tuple[float, Still, int]]:
    """Share of the movement that is over, the picture, and the end of every window; the last one is
    the finished window."""
    with open_recording(path) as trial:
        stream = trial.of_kind(StreamKind.SKELETON)
        assert isinstance(stream, SkeletonStream)
        movement, start_ns = Movement(Gate()), None
        times = stream.times_ns.tolist()
        for index, time_ns in enumerate(times):
            body = stream.frame(index).bodies[0]
            start_ns = movement.see(time_ns, body) if start_ns is None else start_ns
        if start_ns is None:
            return []
        start_ns, end_ns = max(start_ns, times[0]), times[-1]
        kept, found = Kept(), []
        ends = [*range(start_ns + LEAST_NS, end_ns, SECOND_NS // RATE), end_ns]
        for now in ends:
            raw = preprocessing.read(trial, start_ns, now + 1, kept=kept)
            still = raw.seen["picture"]
            assert isinstance(still, Still)
            found.append(((now - start_ns) / (end_ns - start_ns), still, now))
        return found


def figures(trials: list[list[tuple[float, Still, int]]]) -> dict[str, Any]:
    """What is printed."""
    ages, frames, joints = [], [], []
    apart: dict[float, list[float]] = {share: [] for share in TENTHS}
    same: dict[float, list[bool]] = {share: [] for share in TENTHS}
    for trial in trials:
        final = trial[-1][1]
        ages += [(now - still.time_ns) / SECOND_NS for _, still, now in trial]
        for (_, before, _), (_, after, _) in pairwise(trial):
            frames.append(before.time_ns != after.time_ns)
            joints.append(before.joint != after.joint)
        for share in TENTHS:
            over, still, _ = min(trial, key=lambda one: abs(one[0] - share))
            if abs(over - share) < 0.1:
                apart[share].append((final.time_ns - still.time_ns) / SECOND_NS)
                same[share].append(still.joint == final.joint)
    return {
        "trials": len(trials),
        "windows": len(ages),
        "age_s": {"p50": float(np.median(ages)), "p95": float(np.quantile(ages, 0.95))},
        "another_frame": float(np.mean(frames)),
        "another_joint": float(np.mean(joints)),
        "to_final_s": {str(k): float(np.median(v)) for k, v in apart.items()},
        "final_joint": {str(k): float(np.mean(v)) for k, v in same.items()},
    }


def timed(path: Path, preprocessing: Preprocessing) -> dict[str, float]:
    """Milliseconds of a window and of the network, the median of 20."""
    torch.set_num_threads(1)
    network = create_network("mmff-lite", 27, preprocessing.topology).eval()
    kept, making, asking = Kept(), [], []
    with open_recording(path) as trial, torch.inference_mode():
        end_ns = trial.end_ns
        for k in range(21):
            now = end_ns - (20 - k) * SECOND_NS // RATE // 2
            begun = time.perf_counter()
            made = preprocessing.make(preprocessing.read(trial, 0, now + 1, kept=kept), None)
            done = time.perf_counter()
            network({name: torch.from_numpy(one)[None] for name, one in made.inputs.items()})
            making.append(done - begun)
            asking.append(time.perf_counter() - done)
    return {
        "window_ms": float(np.median(making[1:])) * 1e3,
        "network_ms": float(np.median(asking[1:])) * 1e3,
    }


def main() -> None:
    """Print one document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--trials", type=int, default=20, help="of each person, by lot")
    given = parser.parse_args()
    network = create_network("mmff-lite", 27, "kinect_v1_20")
    table = Preprocessing.for_card(
        network.card, "kinect_v1_20", ("depth", "skeleton"), most_bodies=1
    )
    found = sorted(scan(given.data).recordings, key=lambda one: one.path.name)
    chosen: list[Path] = []
    for person in TEST_PEOPLE:
        own = [one.path for one in found if f"_s{person}_" in one.path.name]
        order = np.random.default_rng(person).permutation(len(own))
        chosen += [own[k] for k in order[: given.trials]]
    told = [trial for path in chosen if len(trial := windows(path, table)) > 2]
    print(json.dumps(figures(told) | timed(chosen[0], table), indent=1))


if __name__ == "__main__":
    main()
