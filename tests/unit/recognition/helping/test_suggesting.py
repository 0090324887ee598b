"""Suggestions for recordings without joints, edges where people put them, the run's own classes."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from harstudio.labels.agreement.segments import overlap
from harstudio.labels.model import Clip, Document, Origin, Tier, TierRules
from harstudio.recognition.helping.features import FeatureMaker, Stretch
from harstudio.recognition.helping.head import NOTHING, Examples, Head
from harstudio.recognition.helping.suggesting import (
    Wanted,
    class_speaker,
    learned_speaker,
    motion_speaker,
    suggest_for,
    unsettled,
)
from harstudio.recognition.trained import load_run
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import SampledStream, StreamKind
from harstudio.runs.suggestions import Suggestion
from job_context import Heard
from raised_arms import raised, stream
from trained_runs import write_run

S = 1_000_000_000
RATE = 100
SHAKES = {"wave": 1.0, "clap": 4.0}  # Hz


def worn(seed: int, *done: tuple[str, float, float], seconds: float = 20) -> Recording:
    """A wrist that shakes so often a second while something is done, and else hardly moves."""
    times = np.arange(0, seconds, 1 / RATE)
    values = np.random.default_rng(seed).normal(scale=0.02, size=(times.size, 6))
    for label, start, end in done:
        here = (times >= start) & (times < end)
        swing = np.sin(2 * np.pi * SHAKES[label] * times[here])
        values[here] += swing[:, None] * np.linspace(0.5, 1.5, 6)
    names = ("ax", "ay", "az", "gx", "gy", "gz")
    there = SampledStream(
        "wrist", StreamKind.INERTIAL, (times * S).astype(np.int64), values, channels=names
    )
    path = Path(f"worn-{seed}")
    return Recording(path.name, "made", path, {"wrist": there})


def ns(label: str, start: float, end: float) -> Stretch:
    return Stretch(round(start * S), round(end * S))


def test_without_joints_windows_are_cut(tmp_path: Path) -> None:
    write_run(tmp_path, "imu-tcn", topology="", overrides={})
    trained = load_run(tmp_path)
    said = [("wave", 2, 5), ("clap", 7, 10), ("wave", 12, 15), ("clap", 16, 19)]
    empty = [(NOTHING, 0, 2), (NOTHING, 5, 7), (NOTHING, 10, 12)]
    first = worn(0, *said)
    with FeatureMaker(trained, first, Heard()) as maker:
        rows = maker.of([ns(*one) for one in (*said, *empty)])
    labels = tuple(label for label, _, _ in (*said, *empty))
    head = Head(Examples(rows, labels, labels))

    done = [("clap", 3, 6), ("wave", 9, 12)]
    wanted = Wanted(("",), 3.0, Counter(label for label, _, _ in said))
    with FeatureMaker(trained, worn(1, *done), Heard()) as maker:
        found = suggest_for(worn(1, *done), maker, learned_speaker(head), wanted)
    for label, start, end in done:
        met = [
            one
            for one in found
            if overlap(Stretch(one.start_ns, one.end_ns), ns(label, start, end)) >= 0.5
        ]
        assert [one.label for one in met] == [label], found


@pytest.fixture
def moving() -> Recording:
    made = stream(11, raised((1.0, 3.0), (4.0, 6.5), (8.0, 9.5)))
    return Recording("moving", "made", Path("moving"), {"skeleton": made})  # type: ignore[dict-item]


def test_edges_lie_where_people_put_them(tmp_path: Path, moving: Recording) -> None:
    write_run(tmp_path)
    speaker = motion_speaker(np.empty((0, 256), dtype=np.float32), (), ("wave",))
    with FeatureMaker(load_run(tmp_path), moving, Heard()) as maker:
        plain = suggest_for(moving, maker, speaker, Wanted(("",), 2.0, Counter()))
        later = Wanted(("",), 2.0, Counter(), edges_ns=(S // 4, -S // 5))
        moved = suggest_for(moving, maker, speaker, later)
        wide = Wanted(("",), 2.0, Counter(), edges_ns=(-3 * S, 3 * S))
        touching = suggest_for(moving, maker, speaker, wide)
    assert [one.start_ns + S // 4 for one in plain] == [one.start_ns for one in moved]
    assert [one.end_ns - S // 5 for one in plain] == [one.end_ns for one in moved]
    assert touching[0].start_ns == 0
    assert all(a.end_ns <= b.start_ns for a, b in pairwise(touching))
    assert {one.label for one in plain} == {"wave"}


def test_rejected_stretches_are_not_suggested_again(tmp_path: Path, moving: Recording) -> None:
    write_run(tmp_path)
    speaker = class_speaker(("wave", "clap", "throw"), ("Throw", "Wave", "sit"))
    assert speaker is not None
    assert speaker.labels == ("Wave", "Throw")
    no = Wanted(("",), 2.0, Counter(), rejected=(ns("", 4.0, 6.5),))
    with FeatureMaker(load_run(tmp_path), moving, Heard()) as maker:
        found = suggest_for(moving, maker, speaker, no)
    assert [round(one.start_ns / S) for one in found] == [1, 8]


def test_only_what_may_be_put_is_suggested() -> None:
    document = Document("moving", "dora")
    own = Tier("actions")
    own.insert(Clip(S, 2 * S, "wave"))
    put = Tier("proposals", rules=TierRules(overlap=True, proposals=True))
    put.insert(Clip(5 * S, 6 * S, "clap", origin=Origin.MODEL, rejected=True))
    document.tiers += [own, put]
    half = S // 2
    covered, refused, other = (
        Suggestion(half, 2 * S + half, "clap", "", 0.9),
        Suggestion(5 * S + half // 2, 6 * S + half, "clap", "", 0.9),
        Suggestion(5 * S + half // 2, 6 * S + half, "wave", "", 0.9),
    )
    assert unsettled(document, (covered, refused, other)) == (other,)


def test_classes_of_a_run_that_are_no_labels_say_nothing() -> None:
    assert class_speaker(("wave", "clap"), ("sit", "wave")) is None


def test_nearest_label(tmp_path: Path) -> None:
    known = np.eye(3, dtype=np.float32)[:2]
    speaker = motion_speaker(known, ("clap", "wave"), ("sit",))
    rows = np.array([[0.9, 0.1, 0], [0, 0, 1], [0.1, 0.9, 0]], dtype=np.float32)
    shares = speaker.say(rows, rows)
    assert [speaker.labels[k] for k in shares.argmax(axis=1)][::2] == ["clap", "wave"]
    assert shares[1].max() < shares[0].max()
