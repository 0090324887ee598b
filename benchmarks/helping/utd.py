"""Features of the trials of UTD-MHAD, for the benchmarks of help with labelling."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from harstudio.learning.data.looked import extent
from harstudio.recognition.helping.features import Stretch, features_of
from harstudio.recognition.trained import load_run
from harstudio.recordings.formats import open_recording, scan
from harstudio.recordings.motion import joint_positions
from harstudio.recordings.streams import SkeletonStream, StreamKind
from harstudio.runs.bundled import find_run

FRAMES = 16
POOL = (1, 3, 5, 7)
JOINTS = "joints"  # no network: where the joints are at 16 times


@dataclass(frozen=True, eq=False)
class Trials:
    """names, actions and people of n trials, with features (n, D) float32."""

    names: NDArray[np.str_]
    actions: NDArray[np.str_]
    people: NDArray[np.int64]
    features: NDArray[np.float32]

    @property
    def pool(self) -> NDArray[np.bool_]:
        """(n,) whether a trial is of people 1, 3, 5, 7, from whom the bundled weights learned."""
        return np.isin(self.people, POOL)


def load(data: Path, run: str) -> Trials:
    """The trials as a run sees their joints alone; ``JOINTS``: as they are."""
    trained = None if run == JOINTS else load_run(find_run(run))
    preprocessing = None
    if trained is not None:
        pictures = [kind for kind in trained.preprocessing.kinds if kind != "skeleton"]
        preprocessing = trained.preprocessing.leaving_out(pictures)
    names, actions, people, rows = [], [], [], []
    for found in scan(data).recordings:
        with open_recording(found.path) as recording:
            stream = recording.of_kind(StreamKind.SKELETON)
            if not isinstance(stream, SkeletonStream) or recording.action is None:
                continue
            if trained is None or preprocessing is None:
                row = _places(stream)
            else:
                prepared = preprocessing.make(
                    preprocessing.read(recording, *Stretch(*extent(recording)))
                )
                row = features_of(trained.ask(prepared))[0]
            names.append(found.name)
            actions.append(recording.action.name)
            people.append(recording.subject or 0)
            rows.append(row)
    return Trials(np.array(names), np.array(actions), np.array(people), np.array(rows))


def _places(stream: SkeletonStream) -> NDArray[np.float32]:
    """Joints at 16 times, from where the body's middle is at first, over its size."""
    joints = np.nan_to_num(joint_positions(stream)[:, 0])
    at = np.linspace(0, len(joints) - 1, FRAMES).round().astype(int)
    places = joints[at] - joints[0].mean(axis=0)
    return np.asarray((places / np.abs(places).max()).ravel(), dtype=np.float32)


torch.set_num_threads(1)
