"""Does the person mask keep the person and drop the room?

UTD-MHAD's depth has its background removed, so depth > 0 is the person. A furnished room is put
behind, another one for every trial, and the picture is masked by the trial's skeleton. Printed:
the share of the person's pixels that stay, of the room's that go, and milliseconds a picture.

    python benchmarks/person_mask.py [FOLDER] [--trials N] [--band BEFORE BEHIND]
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

import numpy as np

from harstudio.learning.inputs.person_mask import person_mask
from harstudio.learning.inputs.places import Stretch
from harstudio.learning.inputs.tracks import read_tracks
from harstudio.recordings.formats import open_recording, scan
from harstudio.synthesis.room import Room
from harstudio.synthesis.viewpoint import make_viewpoint

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("HARSTUDIO_DATA") or ROOT.parent / "shared" / "data")
FRAMES = 5  # of every trial, evenly


def main() -> None:
    """Print the shares over trials drawn with a seed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=DATA / "utd-mhad")
    parser.add_argument("--trials", type=int, default=100)
    parser.add_argument("--band", type=float, nargs=2, default=(0.45, 0.3))
    arguments = parser.parse_args()
    found = scan(arguments.folder).recordings
    chosen = np.random.default_rng(0).permutation(len(found))[: arguments.trials]
    kept, gone, pixels, taken = [], [], np.zeros(4), []
    for trial in sorted(chosen.tolist()):
        with open_recording(found[trial].path) as recording:
            depth = recording.streams["depth"]
            tracks = read_tracks(recording, 0, recording.stop_ns, "", 1, "utd_mhad_20")
            stretch = Stretch(recording, 0, recording.stop_ns, tracks, "utd_mhad_20")
            room = Room(trial, frozenset({"chair", "table"})).seen(
                recording.cameras["depth"], make_viewpoint(1, trial)
            )
            behind = np.rint(room.depth * 1000).astype(np.uint16)
            for index in np.linspace(0, len(depth) - 1, FRAMES).astype(int).tolist():
                person = depth.frame(index)
                there = person > 0
                picture = np.where(there, person, behind)
                started = time.perf_counter()
                mask = person_mask(
                    stretch, "depth", int(depth.times_ns[index]), picture, tuple(arguments.band)
                )
                taken.append(time.perf_counter() - started)
                if mask is None or not there.any():
                    continue
                counts = mask[there].sum(), there.sum(), (~mask[~there]).sum(), (~there).sum()
                pixels += counts
                kept.append(counts[0] / counts[1])
                gone.append(counts[2] / counts[3])
    print(f"{len(kept)} pictures of {len(chosen)} trials, band {arguments.band}, "
          f"{1000 * np.median(taken):.1f} ms a picture")  # fmt: skip
    for name, shares, all_of in (
        ("person's pixels that stay", kept, pixels[0] / pixels[1]),
        ("room's pixels that go", gone, pixels[2] / pixels[3]),
    ):
        worst = np.percentile(shares, (0, 1, 5, 50))
        print(f"{name}: {all_of:.2%}; worst picture {worst[0]:.1%}, 1st percentile {worst[1]:.1%}, "
              f"5th {worst[2]:.1%}, median {worst[3]:.1%}")  # fmt: skip


if __name__ == "__main__":
    main()
