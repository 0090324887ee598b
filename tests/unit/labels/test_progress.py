"""Progress: clips, labelled share, doubts, what is missing, time spent."""

from __future__ import annotations

import datetime
import time
from pathlib import Path

import pytest

from harstudio.labels.editing import clip_edits
from harstudio.labels.editing.edits import AddTier, Edit, MarkDone
from harstudio.labels.keeping.journal import Record, to_line
from harstudio.labels.label_sets.attributes import Attribute
from harstudio.labels.label_sets.label_set import Label, LabelSet
from harstudio.labels.model import Clip, TierRules
from harstudio.labels.project import Project
from harstudio.labels.team.assignments import Assignments
from harstudio.labels.team.progress import Progress, Total, active_ns, measure_progress

S = 1_000_000_000
LABELS = LabelSet(
    "L", (Label("drink"), Label("never")), attributes=(Attribute("reps", "number", required=True),)
)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project.create(tmp_path / "p", "P", label_set=LABELS)


def say(project: Project, recording: str, annotator: str, *clips: Clip, done: bool = False) -> Path:
    history = project.history(recording, annotator)
    if any(clip.is_point for clip in clips):
        history.do(AddTier("points", rules=TierRules(points=True)))
    for clip in clips:
        tier = "points" if clip.is_point else annotator + (clip.person and " " + clip.person)
        history.do(clip_edits.place(history.document, tier, clip))
    if done:
        history.do(MarkDone(True))
    history.close()
    return history.path


def test_rows_and_totals(project: Project) -> None:
    reps = {"reps": 3}
    say(
        project,
        "r1",
        "alice",
        Clip(0, 2 * S, "drink", attributes=reps),
        Clip(1 * S, 4 * S, "drink", person="2", unsure=True),
        Clip(6 * S, 7 * S, "other", attributes=reps),
        Clip(6 * S, 6 * S, "drink"),
        done=True,
    )
    say(project, "r1", "bob", Clip(0, 20 * S, "drink", attributes=reps))
    say(project, "r2", "bob", Clip(0, 1 * S, "drink", attributes=reps))
    assigned = Assignments({"r1": ("alice",), "r3": ("alice", "bob")})
    found = measure_progress(project, {"r1": 10 * S}, assigned)
    assert [(row.recording, row.annotator) for row in found.rows] == [
        ("r1", "alice"), ("r1", "bob"), ("r2", "bob"), ("r3", "alice"), ("r3", "bob"),
    ]  # fmt: skip
    alice = found.rows[0]
    assert (alice.clips, alice.points, alice.done, alice.doubts, alice.missing) == (
        3,
        1,
        True,
        1,
        2,
    )
    assert (alice.labelled_ns, alice.share) == (5 * S, 0.5)
    assert found.rows[1].share == 1.0
    assert found.rows[2].share is None
    assert [row.begun for row in found.rows] == [True, True, True, False, False]
    total = found.total
    assert (total.documents, total.begun, total.done, total.clips) == (5, 3, 1, 5)
    assert total.share == 15 / 20
    assert found.by_annotator()["alice"].documents == 2
    assert list(found.labels) == ["drink", "never", "other"]
    drink = found.labels["drink"]
    assert (drink.clips, drink.points, drink.total_ns) == (4, 1, 26 * S)
    assert (drink.shortest_ns, drink.median_ns, drink.longest_ns) == (1 * S, 5 * S // 2, 20 * S)
    assert found.labels["never"].clips == found.labels["never"].median_ns == 0


def test_a_damaged_document_is_told_and_the_others_count(project: Project) -> None:
    say(project, "r", "alice", Clip(0, S, "drink"))
    path = say(project, "r", "bob", Clip(0, S, "drink"))
    path.write_text("{")
    found = measure_progress(project)
    assert found.total.clips == 1
    assert [row.annotator for row in found.rows if row.problem] == ["bob"]
    assert "bob.json" in found.problems[0]


def test_it_can_be_watched_and_stopped(project: Project) -> None:
    for number in range(3):
        say(project, f"r{number}", "alice", Clip(0, S, "drink"))
    seen: list[tuple[int, int]] = []
    measure_progress(project, progress=lambda *at: seen.append(at))
    assert seen == [(0, 3), (1, 3), (2, 3)]
    stopped = measure_progress(project, progress=lambda *at: None, cancelled=lambda: True)
    assert stopped.rows == ()
    assert Total.of(stopped.rows).share is None


def lines(*at_s: float, first: int = 1) -> bytes:
    zero = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.UTC)
    edit: Edit = MarkDone(True)
    return b"".join(
        to_line(
            Record(
                first + place, "do", edit, at=(zero + datetime.timedelta(seconds=s)).isoformat()
            ).to_dict()
        )
        for place, s in enumerate(at_s)
    )


@pytest.mark.parametrize(
    ("log", "seconds"),
    [
        (b"", 0),
        (lines(0), 0),
        (lines(0, 10, 15.5), 15.5),
        (lines(0, 10, 131, 140), 19),  # away for 121 s
        (lines(0, 120), 120),
        (lines(100, 110, 50, 55), 15),  # the clock was set back
        (lines(0, 10) + lines(0, 10) + lines(20, first=3), 20),  # lines that are there twice
        (lines(0, 10) + b'{"check":"0","body":{"closed":2}}\nhalf' + lines(20, first=3), 10),
    ],
)
def test_time_spent_is_from_edit_to_edit(tmp_path: Path, log: bytes, seconds: float) -> None:
    (tmp_path / "a.history.jsonl").write_bytes(log)
    assert active_ns(tmp_path / "a.json") == round(seconds * S)


def test_time_spent_of_a_document_that_was_really_edited(project: Project) -> None:
    history = project.history("r", "alice")
    history.do(clip_edits.place(history.document, "alice", Clip(0, S, "drink")))
    history.save()
    time.sleep(0.05)
    history.do(clip_edits.place(history.document, "alice", Clip(S, 2 * S, "drink")))
    unsaved = active_ns(history.path)
    history.close()
    assert 0.04 * S < active_ns(history.path) == unsaved < 30 * S


def test_time_spent_goes_on_in_the_journal(tmp_path: Path) -> None:
    (tmp_path / "a.history.jsonl").write_bytes(lines(0, 10))
    (tmp_path / "a.journal.jsonl").write_bytes(
        b'{"check":"x","body":{"journal":"j"}}\n' + lines(10, 30, first=2)
    )
    assert active_ns(tmp_path / "a.json") == 30 * S
    assert Progress("r", "a").share is None
