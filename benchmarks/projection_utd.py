"""Do UTD-MHAD's joints lie on the person in the depth pictures?

For every trial, joints are projected with the nominal Kinect v1 camera into the real depth
pictures, whose background was removed, so that depth > 0 is the person. Printed: the share of
joints on the person, the median |depth - z| there, and both again for mirrored joints (-x): if
the pictures were mirror images of the joints, the second would be better.

    python benchmarks/projection_utd.py [FOLDER] [--every N]
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harstudio.recordings.formats import open_recording, scan
from harstudio.recordings.recording import Recording

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("HARSTUDIO_DATA") or ROOT.parent / "shared" / "data")


def trial_figures(recording: Recording, every: int) -> NDArray[np.float64]:
    """(frames * joints, 4): depth under the joint and under the mirrored one, z, frame; mm."""
    depth, skeleton = recording.streams["depth"], recording.streams["skeleton"]
    camera = recording.cameras["depth"]
    rows = []
    for t in range(0, len(skeleton), every):
        for body in skeleton.frame(t).bodies:
            picture = depth.frame(t)
            under = [
                _under(picture, camera.project(body.joints * np.array([side, 1, 1])))
                for side in (1, -1)
            ]
            rows.append(np.stack([*under, body.joints[:, 2] * 1000], axis=1))
    return np.concatenate(rows)


def _under(picture: NDArray[np.uint16], pixels: NDArray[np.float64]) -> NDArray[np.float64]:
    """(V,) depth in mm under pixels (V, 2); 0 outside the picture."""
    height, width = picture.shape
    u, v = np.rint(pixels).astype(int).T
    inside = (u >= 0) & (u < width) & (v >= 0) & (v < height)
    found = np.zeros(len(u))
    found[inside] = picture[v[inside], u[inside]]
    return found


def main() -> None:
    """Print the figures over all trials."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=DATA / "utd-mhad")
    parser.add_argument("--every", type=int, default=1, help="look at every Nth frame")
    arguments = parser.parse_args()
    started = time.perf_counter()
    result = scan(arguments.folder)
    print(f"scan: {len(result.recordings)} trials, {len(result.problems)} problems, "
          f"{time.perf_counter() - started:.2f} s")  # fmt: skip
    started = time.perf_counter()
    tables = []
    better = 0
    for found in result.recordings:
        with open_recording(found.path) as recording:
            table = trial_figures(recording, arguments.every)
        tables.append(table)
        better += int(np.mean(table[:, 0] > 0) > np.mean(table[:, 1] > 0))
    table = np.concatenate(tables)
    print(f"{len(table)} joints of every {arguments.every}. frame of {len(tables)} trials, "
          f"{time.perf_counter() - started:.0f} s")  # fmt: skip
    for column, name in ((0, "as given (+x)"), (1, "mirrored (-x)")):
        on = table[:, column] > 0
        away = np.abs(table[on, column] - table[on, 2])
        shares = [np.mean(one[:, column] > 0) for one in tables]
        print(f"{name}: {100 * on.mean():.1f} % of the joints on the person "
              f"(worst trial {100 * min(shares):.1f} %), median |depth - z| "
              f"{np.median(away):.0f} mm, "
              f"90th percentile {np.percentile(away, 90):.0f} mm")  # fmt: skip
    print(f"+x is better than -x in {better} of {len(tables)} trials")


if __name__ == "__main__":
    main()
