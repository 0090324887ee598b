"""Milliseconds a window: a run's network in torch and in ONNX Runtime, on the same real clips.

    python benchmarks/live/engines.py [RUN] [RECORDING...] [--threads N] [--rounds N]

RUN: a run folder or bundled weights; recordings: the demo's where none is named. Prints one line an
engine: median and 95th percentile over rounds * clips, after a warm-up; and how far logits are
apart.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from harstudio.learning.preprocessing import Prepared
from harstudio.recognition.exporting import clips_of, compare, onnx_bytes
from harstudio.recognition.onnx_network import OnnxNetwork
from harstudio.recognition.trained import load_run
from harstudio.resources import resource
from harstudio.runs.bundled import find_run

WARM_UP = 3


def measure(ask: Callable[[Prepared], object], clips: list[Prepared], rounds: int) -> np.ndarray:
    taken = []
    for number in range(rounds + WARM_UP):
        for clip in clips:
            begun = time.perf_counter()
            ask(clip)
            if number >= WARM_UP:
                taken.append(1000 * (time.perf_counter() - begun))
    return np.array(taken)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("run", nargs="?", default="joints-any-sensor")
    parser.add_argument("recordings", nargs="*", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=40)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    trained = load_run(find_run(Path(given.run)))
    paths = given.recordings or sorted(resource("demo", "recordings").iterdir())
    clips = [clip for path in paths for clip in clips_of(trained, path)]
    begun = time.perf_counter()
    network = OnnxNetwork(onnx_bytes(trained), threads=given.threads)
    exported_s = time.perf_counter() - begun
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    print(
        f"{trained.name} of {given.run}: {len(clips)} clips, {given.threads} threads, "
        f"load {load:.1f}"
    )
    for name, ask in (("torch", trained.ask), ("onnx", network.ask)):
        p50, p95 = np.percentile(measure(ask, clips, given.rounds), (50, 95))
        print(f"{name:6s} p50 {p50:6.2f} ms   p95 {p95:6.2f} ms")
    said = compare(trained, network, clips)
    print(
        f"logits within {said.difference:.1e} of at most {said.logit:.1f}; "
        f"export {exported_s:.1f} s"
    )


if __name__ == "__main__":
    main()
