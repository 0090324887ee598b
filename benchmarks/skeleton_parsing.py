"""How much faster ``.skeleton`` files are parsed than by the readers in common use.

Three peers, each written after the way published readers work: a dictionary of floats for every
joint (the readers of 2s-AGCN and mmaction2), one small array for every joint (the dataset's own
Python reader), and the leanest line-by-line reader that gives all values. All give equal values.
Also printed: NumPy's and Python's bare conversion of the same numbers, which no reader made of
them can beat.

    python benchmarks/skeleton_parsing.py [FILE]      a made sample of 103 frames by default
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from harstudio.recordings.formats.ntu_skeleton import read_skeleton

ROUNDS = 40
BODY = ("bodyID", "clipedEdges", "handLeftConfidence", "handLeftState", "handRightConfidence",
        "handRightState", "isResticted", "leanX", "leanY", "trackingState")  # fmt: skip
JOINT = ("x", "y", "z", "depthX", "depthY", "colorX", "colorY", "orientationW", "orientationX",
         "orientationY", "orientationZ", "trackingState")  # fmt: skip


def with_dictionaries(path: Path) -> np.ndarray:
    """(bodies, 25, 12): a dictionary for every body and joint, then an array."""
    bodies = []
    with path.open() as file:
        for _ in range(int(file.readline())):
            for _ in range(int(file.readline())):
                body: dict[str, Any] = dict(zip(BODY, map(float, file.readline().split()),
                                                strict=True))  # fmt: skip
                body["joints"] = [
                    dict(zip(JOINT, map(float, file.readline().split()), strict=True))
                    for _ in range(int(file.readline()))
                ]
                bodies.append(body)
    return np.array([[list(joint.values()) for joint in body["joints"]] for body in bodies])


def with_small_arrays(path: Path) -> np.ndarray:
    """(bodies, 25, 12): an array for every line."""
    bodies = []
    with path.open() as file:
        for _ in range(int(file.readline())):
            for _ in range(int(file.readline())):
                file.readline()
                body = np.zeros((int(file.readline()), 12))
                for joint in range(len(body)):
                    body[joint] = np.array(list(map(float, file.readline().split(" "))))
                bodies.append(body)
    return np.array(bodies)


def with_lists(path: Path) -> np.ndarray:
    """(bodies, 25, 12): only lists of floats."""
    bodies = []
    with path.open() as file:
        for _ in range(int(file.readline())):
            for _ in range(int(file.readline())):
                file.readline()
                count = int(file.readline())
                bodies.append([list(map(float, file.readline().split())) for _ in range(count)])
    return np.array(bodies)


def made_sample(folder: Path, frames: int = 103) -> Path:
    """A file of the length of S001C001P001R001A001, with numbers written as there."""
    rng = np.random.default_rng(0)
    lines = [str(frames)]
    for _ in range(frames):
        lines += ["1", "72057594037931101 0 1 1 1 1 0 0.02764709 0.05745083 2", "25"]
        for x, y, z in rng.normal((0, 0, 3), (0.3, 0.5, 0.2), size=(25, 3)):
            values = [x, y, z, 257.3 + 365.5 * x / z, 210.3 - 365.5 * y / z,
                      959.5 + 1081.4 * x / z, 539.5 - 1081.4 * y / z,
                      *rng.normal(scale=0.5, size=4)]  # fmt: skip
            lines.append(" ".join(f"{value:.7g}" for value in values) + " 2")
    path = folder / "S001C001P001R001A001.skeleton"
    path.write_text("\n".join(lines) + "\n")
    return path


def milliseconds(work: Callable[[], object]) -> float:
    """Best of many rounds."""
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times) * 1e3


def main() -> None:
    """Print times and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="?", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = arguments.file or made_sample(Path(folder))
        own = milliseconds(lambda: read_skeleton(path))
        values = read_skeleton(path).values
        print(f"{path.stat().st_size} bytes, {values.shape[0]} bodies; harstudio {own:.2f} ms")
        for peer in (with_dictionaries, with_small_arrays, with_lists):
            equal = np.array_equal(peer(path).astype(np.float32), values, equal_nan=True)
            took = milliseconds(lambda peer=peer: peer(path))
            name = peer.__name__.replace("_", " ")
            print(f"line by line {name}: {took:.2f} ms, {took / own:.1f}x, equal values: {equal}")
        texts = path.read_text().split()
        took = milliseconds(lambda: list(map(float, texts)))
        print(f"float() of the same numbers alone, without reading or splitting: {took:.2f} ms")
        rows = [line for line in path.read_text().splitlines() if line.count(" ") == 11]
        took = milliseconds(lambda: np.loadtxt(rows))
        print(f"numpy.loadtxt of the joints alone: {took:.2f} ms")


if __name__ == "__main__":
    main()
