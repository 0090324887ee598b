"""More like this: what is nearest to a stretch in the features of a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics.pairwise import cosine_distances
from sklearn.preprocessing import StandardScaler

from harstudio.errors import DataError, HarstudioError
from harstudio.jobs.context import Context
from harstudio.labels.agreement.segments import overlap
from harstudio.learning.data.looked import extent
from harstudio.recognition.helping.cutting import Cutting, cut
from harstudio.recognition.helping.examples import usual_seconds
from harstudio.recognition.helping.features import FeatureMaker, Features, Stretch
from harstudio.recognition.helping.teaching import Said, covered
from harstudio.recognition.trained import TrainedNetwork
from harstudio.recognition.windows import Sliding
from harstudio.recordings.formats import open_recording
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import SkeletonStream, StreamKind

SAME = 0.5  # intersection over union from which two stretches are one


@dataclass(frozen=True, slots=True)
class Alike:
    """A stretch, its cosine distance in [0, 2] from the asked one, and its label, "" where nobody
    said."""

    recording: str
    path: str
    start_ns: int
    end_ns: int
    person: str
    distance: float
    label: str

    def to_dict(self) -> dict[str, Any]:
        """Builtins for JSON."""
        return asdict(self)


def find_similar(
    trained: TrainedNetwork,
    recordings: Mapping[str, Path],
    said: Sequence[Said],
    path: Path,
    asked: Stretch,
    count: int,
    context: Context,
    problems: list[str],
) -> list[Alike]:
    """The ``count`` nearest of all labelled clips and unlabelled stretches, nearest first.

    recordings: where is looked, by name. Bad recordings are told in ``problems``. DataError where
    the network can make nothing of the asked stretch. Pauses and stops between stretches.
    """
    with open_recording(path) as recording, FeatureMaker(trained, recording, context) as maker:
        wanted = maker.of([asked])
    if not np.isfinite(wanted).all():
        raise DataError("Nothing can be compared in this stretch.", path=path)
    usual_s = usual_seconds(said, trained.usual_s)
    rows: list[Features] = []
    there: list[Alike] = []
    for number, (name, where) in enumerate(recordings.items()):

        def progress(share: float, first: int = number, name: str = name) -> None:
            context.progress(first + share, len(recordings), name)

        context.pause_point()
        progress(0.0)
        try:
            with open_recording(where) as recording:
                clips = _labelled(said, name)
                found = clips | dict.fromkeys(_others(recording, list(clips), usual_s), "")
                with FeatureMaker(trained, recording, context) as maker:
                    features = maker.of(list(found), progress)
        except HarstudioError as error:
            problems.append(str(error))
            continue
        for row, (one, label) in zip(features, found.items(), strict=True):
            if where == path and overlap(one, asked) >= SAME:
                continue
            if row.size == wanted.shape[1] and np.isfinite(row).all():
                rows.append(row)
                there.append(Alike(name, str(where), *one, distance=0.0, label=label))
    return _nearest(wanted, rows, there, count)


def _nearest(
    wanted: Features, rows: Sequence[Features], there: Sequence[Alike], count: int
) -> list[Alike]:
    if not rows:
        return []
    known = np.array(rows, dtype=np.float64)
    scaler = StandardScaler().fit(known)
    apart = cosine_distances(scaler.transform(wanted.astype(np.float64)), scaler.transform(known))[
        0
    ]
    order = np.argsort(apart, kind="stable")[:count].tolist()
    return [_at(there[k], float(apart[k])) for k in order]


def _at(one: Alike, distance: float) -> Alike:
    return Alike(**(one.to_dict() | {"distance": max(0.0, distance)}))


def _labelled(said: Sequence[Said], recording: str) -> dict[Stretch, str]:
    """The clips of a recording with their labels; what two annotators say alike comes once."""
    found: dict[Stretch, str] = {}
    for one in said:
        for clip in one.clips if one.recording == recording else ():
            same = any(
                label == clip.label and overlap(stretch, clip.stretch) >= SAME
                for stretch, label in found.items()
            )
            if not same:
                found[clip.stretch] = clip.label
    return found


def _others(recording: Recording, clips: Sequence[Stretch], usual_s: float) -> list[Stretch]:
    """Stretches that nobody labelled: those away from rest, else windows."""
    stream = recording.of_kind(StreamKind.SKELETON)
    if isinstance(stream, SkeletonStream) and len(stream):
        found = cut(stream, "", Cutting(usual_s=usual_s))
    else:
        found = [Stretch(*span) for span in Sliding(usual_s).over(*extent(recording), usual_s)]
    return [one for one in found if covered(one, clips) < SAME]
