"""Labels that a run tells of what is none of its actions, a minute of movement.

People move as they like, and what they do is not among the run's actions. Frames go through the
live recogniser; every segment that it tells is a false known label. Without a threshold, with the
run's own, and with others (``--least``).

    python benchmarks/live/unscripted.py RUN [--utkinect DIR] [--florence DIR] [--falls FALLS]
        [--least 0.72,0.76]

What it is made of, for a run that knows UTD-MHAD's 27 actions:

UTKinect: carrying something across the room and pulling (one hand), and, by itself, walking about,
of which "walking in place" would be right and is not counted. The published skeletons hold the
labelled stretches alone, so what lies between them cannot be asked.
Florence: drinking, answering a phone, tying a shoe, reading the watch, bowing.
Between clips the person stands still for a second, which is not counted as time.
Synthetic: the everyday sessions of ``fall_data.py``: walking about and turning, standing, bending
down, kicking, jumping, lying down, falling. Sitting down, standing up, squatting, walking and
moving the arms are UTD-MHAD's actions or near to them: what is told then is not counted.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from harstudio.labels.project import Project
from harstudio.live.growing import GrowingRecording
from harstudio.live.recognising.engine import TorchEngine
from harstudio.live.recognising.few_shot import FewShot
from harstudio.live.recognising.known import Known
from harstudio.live.recognising.nearness import Near
from harstudio.live.recognising.recogniser import Facts, Recogniser, keep_ns
from harstudio.live.recognising.segments import LiveSegment
from harstudio.recognition.trained import TrainedNetwork, load_run
from harstudio.recordings.formats import open_recording
from harstudio.recordings.formats.harrec_header import StreamSpec
from harstudio.recordings.streams import SECOND_NS, Body, SkeletonFrame, SkeletonStream, StreamKind
from harstudio.runs.bundled import find_run

sys.path.insert(0, str(Path(__file__).parent.parent))
from cross_dataset import FLORENCE, UTKINECT, Source, clips

STEP_NS = SECOND_NS // 30
PAUSE_NS = SECOND_NS
WALKING = "walking in place"
KNOWN_ACTED = ("sitting down", "standing up", "sitting", "crouching", "moving the arms", "walking")
SETS = {
    "UTKinect: carrying, pulling": (UTKINECT, (4, 7), ()),
    "UTKinect: walking about": (UTKINECT, (0,), (WALKING, "jogging in place")),
    "Florence: five others": (FLORENCE, (1, 2, 4, 7, 8), ()),
}


class Stretch(NamedTuple):
    """Frames and what is asked: of ``[start_ns, end_ns)``; these labels are right there."""

    frames: tuple[tuple[int, SkeletonFrame], ...]
    counted: tuple[tuple[int, int], ...]
    right: tuple[str, ...] = ()


class Silent:
    """A context that nobody listens to."""

    threads, device = 1, "cpu"

    def progress(self, done: float, total: float, text: str = "") -> None: ...
    def tell(self, kind: str, payload: dict[str, Any]) -> None: ...
    def log(self, sentence: str) -> None: ...
    def pause_point(self) -> None: ...


def of_clips(
    source: Source, folder: Path, actions: Sequence[int], right: tuple[str, ...]
) -> Iterator[Stretch]:
    """The clips of some actions, each between two seconds of standing still."""
    for action, _, _, joints in clips(source, folder):
        if action not in actions or not np.isfinite(joints).any():
            continue
        seen = np.isfinite(joints).all(axis=(1, 2))
        still = [joints[seen][0]] * 30
        rows = [*still, *joints, *[joints[seen][-1]] * 30]
        frames = tuple((k * STEP_NS, _frame(row)) for k, row in enumerate(rows))
        span = len(still) * STEP_NS, (len(still) + len(joints)) * STEP_NS
        yield Stretch(frames, (span,), right)


def of_sessions(folder: Path) -> Iterator[Stretch]:
    """The synthetic sessions, without what the run may know."""
    project = Project.open(folder)
    for name, path in sorted(project.recording_paths().items()):
        documents = project.documents(name)
        if not documents:
            continue
        parts = [
            (clip.start_ns, clip.end_ns)
            for tier in documents[0].tiers
            for clip in tier.clips
            if clip.label not in KNOWN_ACTED
        ]
        with open_recording(path) as recording:
            stream = recording.of_kind(StreamKind.SKELETON)
            assert isinstance(stream, SkeletonStream)
            frames = tuple(
                (int(time_ns), stream.frame(k)) for k, time_ns in enumerate(stream.times_ns)
            )
        yield Stretch(frames, tuple(parts))


def _frame(joints: NDArray[np.float32]) -> SkeletonFrame:
    if not np.isfinite(joints).any():
        return SkeletonFrame(())
    return SkeletonFrame((Body("1", joints, np.full(len(joints), 2, dtype=np.uint8)),))


def told_of(
    trained: TrainedNetwork, stretch: Stretch, topology: str, known: Near | None
) -> list[LiveSegment]:
    """The segments that are told, as they end."""
    spec = StreamSpec("skeleton", StreamKind.SKELETON, rate_hz=30.0, topology=topology)
    recording = GrowingRecording("live", [spec], {}, keep_ns=keep_ns(trained.usual_s))
    lacking = [kind for kind in trained.preprocessing.kinds if kind != "skeleton"]
    preprocessing = trained.preprocessing.leaving_out(lacking)
    facts = Facts(trained.classes, trained.usual_s, preprocessing)
    recogniser = Recogniser(facts, recording, TorchEngine(trained, Silent()))
    recogniser.known = known
    closed: dict[int, LiveSegment] = {}
    for k, (time_ns, frame) in enumerate(stretch.frames):
        recogniser.take("skeleton", time_ns, frame)
        if k % 2:
            continue
        for segment in recogniser.look().segments:
            closed[segment.start_ns] = segment
    return list(closed.values())


def false_labels(
    trained: TrainedNetwork, stretches: Sequence[Stretch], topology: str, known: Near | None
) -> tuple[int, float]:
    """How many segments lie for the most part in what is counted; minutes of that."""
    count, passed = 0, 0
    for stretch in stretches:
        passed += sum(end - start for start, end in stretch.counted)
        for segment in told_of(trained, stretch, topology, known):
            inside = sum(
                max(0, min(segment.end_ns, end) - max(segment.start_ns, start))
                for start, end in stretch.counted
            )
            name = trained.classes[segment.label]
            half = 2 * inside > segment.end_ns - segment.start_ns
            count += half and name not in stretch.right
    return count, passed / SECOND_NS / 60


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run")
    parser.add_argument("--utkinect", type=Path)
    parser.add_argument("--florence", type=Path)
    parser.add_argument("--falls", type=Path)
    parser.add_argument("--least", default="", help="other thresholds, with commas between")
    given = parser.parse_args()
    torch.set_num_threads(1)
    trained = load_run(find_run(given.run))
    known = Known.load(trained.folder)
    if known is None:
        raise SystemExit("The run is not calibrated.")
    found: dict[str, tuple[list[Stretch], str]] = {}
    for title, (source, actions, right) in SETS.items():
        folder = given.utkinect if source is UTKINECT else given.florence
        if folder is not None:
            stretches = list(of_clips(source, folder, actions, right))
            found[title] = stretches, source.topology
    if given.falls is not None:
        found["synthetic: everyday"] = list(of_sessions(given.falls / "test")), "kinect_v2_25"
    others = [float(one) for one in given.least.split(",") if one]
    for title, (stretches, topology) in found.items():
        words = []
        for least in (0.0, known.threshold, *others):
            near = Near(known, FewShot(known), least) if least else None
            count, minutes = false_labels(trained, stretches, topology, near)
            words.append(f"{least:.2f}: {count / minutes:5.1f}")
        print(f"{title:28} {minutes:4.1f} minutes, labels a minute from {', '.join(words)}",
              flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
