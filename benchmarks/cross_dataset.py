"""A network that learned UTD-MHAD, tried on two other datasets, on the actions that they share.

UTKinect-Action3D (Kinect v1, 20 joints, metres) and Florence 3D Actions (15 joints, millimetres)
are read from ``.mat`` files of cells (action, person, repetition) of (3, joints, frames), written
as recordings whose actions have the names of UTD-MHAD, and evaluated by ``harstudio evaluate``:
the joints are mapped to those of the run. The answer is one of all classes of the run.

    python benchmarks/cross_dataset.py RUN --utkinect FOLDER --florence FOLDER [--keep FOLDER]
    python benchmarks/cross_dataset.py --check --utkinect FOLDER --florence FOLDER

RUN has to see joints that the data have: a network trained with ``data.topology = "common_16"``
sees such as all have.

The order of the classes in the files is that of the datasets' own lists. ``--check`` prints by what
that can be seen, medians over the clips of each class: the way of the hips, how far the head falls
or rises, how far each wrist comes above the head and how near each other they come.

Not counted, as they are other actions than UTD-MHAD's: UTKinect's wave (two hands there, one here),
push (one hand there, two here) and pick up (thrown after it here). UTKinect's walk crosses the
room, UTD-MHAD's stays in place; it is counted, and the share without it is told.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import scipy.io
from numpy.typing import NDArray
from skeleton_recordings import classes_of, evaluate, show, write

from harstudio.recordings.recording import Action
from harstudio.skeletons.maps import convert_joints
from harstudio.skeletons.topology import topology

RATE_HZ = 30.0
WALK = "walking in place"


class Source(NamedTuple):
    """shared: row of the file and the name of the same action in UTD-MHAD."""

    title: str
    file: str
    topology: str
    metres: float
    classes: tuple[str, ...]
    shared: dict[int, str]


UTKINECT = Source(
    "UTKinect",
    "UTKinect_Skeletons.mat",
    "kinect_v1_20",
    1.0,
    ("walk", "sit down", "stand up", "pick up", "carry", "throw", "push", "pull", "wave hands",
     "clap hands"),
    {0: WALK, 1: "stand to sit", 2: "sit to stand", 5: "right arm throw", 9: "two hand front clap"},
)  # fmt: skip
FLORENCE = Source(
    "Florence",
    "Florence_3D_Action_Skeletons.mat",
    "florence3d_15",
    0.001,
    ("wave", "drink", "answer phone", "clap", "tight lace", "sit down", "stand up", "read watch",
     "bow"),
    {0: "right hand wave", 3: "two hand front clap", 5: "stand to sit", 6: "sit to stand"},
)  # fmt: skip


def clips(source: Source, folder: Path) -> Iterator[tuple[int, int, int, NDArray[np.float32]]]:
    """Action, person, repetition and (T, V, 3) metres of every clip; frames of zeros are NaN."""
    cells = scipy.io.loadmat(folder / source.file)["data"]
    count = len(topology(source.topology).joints)
    for place in np.ndindex(cells.shape):
        values = np.asarray(cells[place], dtype=np.float64)
        if values.ndim == 3 and values.shape[1] == count and values.size:
            joints = np.moveaxis(values, 2, 0).transpose(0, 2, 1) * source.metres
            joints[~joints.any(axis=(1, 2))] = np.nan
            yield *(int(k) for k in place), joints.astype(np.float32)


def write_all(source: Source, folder: Path, out: Path) -> None:
    """The shared actions as recordings named by UTD-MHAD."""
    for action, person, repetition, joints in clips(source, folder):
        if action in source.shared:
            times_ns = (np.arange(len(joints)) * 1e9 / RATE_HZ).astype(np.int64)
            name = (
                f"{source.title.casefold()}_a{action + 1:02d}_s{person + 1:02d}_e{repetition + 1}"
            )
            named = Action(f"a{action + 1}", action, source.shared[action])
            write(out, name, joints, times_ns, source.topology, named, person + 1)


def check(source: Source, folder: Path) -> None:
    """By what the order of the classes can be seen."""
    at = topology("common_16").index
    told: dict[int, list[list[float]]] = {}
    for action, _, _, joints in clips(source, folder):
        states = np.full(joints.shape[:2], 2, dtype=np.uint8)
        body, _ = convert_joints(joints, states, source.topology, "common_16")
        head, hips = body[:, at("Head")], body[:, at("SpineBase")]
        left, right = body[:, at("WristLeft")], body[:, at("WristRight")]
        facts = [
            float(np.hypot(np.ptp(hips[:, 0]), np.ptp(hips[:, 2]))),
            float(head[-1, 1] - head[0, 1]),
            float(np.max(left[:, 1] - head[:, 1])),
            float(np.max(right[:, 1] - head[:, 1])),
            float(np.linalg.norm(left - right, axis=1).min()),
        ]
        told.setdefault(action, []).append(facts)
    print(f"{source.title}, metres   clips  hips' way  head   left   right over head  wrists apart")
    for action, rows in sorted(told.items()):
        middle = np.nanmedian(np.array(rows), axis=0)
        words = "  ".join(f"{value:7.2f}" for value in middle)
        print(f"  {source.classes[action]:14} {len(rows):10}  {words}")


def main() -> None:
    """Write both datasets, evaluate the run on each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run", type=Path, nargs="?")
    parser.add_argument("--utkinect", type=Path)
    parser.add_argument("--florence", type=Path)
    parser.add_argument("--keep", type=Path, help="where the recordings are written and left")
    parser.add_argument("--check", action="store_true", help="only look at the order of classes")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        for source, folder in ((UTKINECT, wanted.utkinect), (FLORENCE, wanted.florence)):
            if folder is None:
                continue
            if wanted.check or wanted.run is None:
                check(source, folder)
                continue
            out = (wanted.keep or Path(scratch)) / source.title.casefold()
            if not out.is_dir():
                write_all(source, folder, out)
            document = evaluate(wanted.run, out)
            show(source.title, document)
            walk = [k for k, name in enumerate(classes_of(document)) if name == WALK]
            same = [one for one in document["samples"] if one["label"] not in walk]
            if len(same) < len(document["samples"]):
                right = sum(one["label"] == one["predicted"] for one in same)
                print(f"  without {WALK}: {100 * right / len(same):.1f} % of {len(same)}")


if __name__ == "__main__":
    main()
