"""What is said about agreement and versions."""

from __future__ import annotations

import datetime

import numpy as np
import pytest

from harstudio.labels.agreement import measure
from harstudio.labels.keeping.versions import Version
from harstudio.labels.model import Clip, Document, Tier
from harstudio.recordings.frame_grid import FrameGrid
from harstudio.studio.team.figure_rows import confused, figure_rows, kappa_words
from harstudio.studio.team.progress_page import spent
from harstudio.studio.versions.grouping import group, version_text
from harstudio.studio.versions.preview import difference_words, document_words

MS = 1_000_000
GRID = FrameGrid(np.arange(100, dtype=np.int64) * 10 * MS, 10 * MS)


def document(annotator: str, *clips: tuple[int, int, str], tier: str = "") -> Document:
    made = Document("r", annotator, [Tier(tier or annotator)])
    for start, end, label in clips:
        made.tiers[0].insert(Clip(start * MS, end * MS, label, id=f"{start}{label}"))
    return made


ALICE = document("alice", (100, 300, "wave"), (500, 700, "clap"))
BOB = document("bob", (100, 320, "wave"), (500, 700, "kick"))
CAROL = document("carol", (100, 300, "wave"))


def test_two_annotators_get_every_figure_with_words() -> None:
    rows = {row.name: row for row in figure_rows(measure([ALICE, BOB], GRID))}
    assert list(rows) == ["Cohen κ", "Frames alike", "Clips F1", "Edges"]
    assert rows["Frames alike"].value == "78%"
    assert rows["Frames alike"].words == "both say the same of 78 of 100 frames"
    assert rows["Clips F1"].value == "0.50 · 0.50 · 0.50"
    assert rows["Edges"].value == "10 ms"


def test_three_annotators_get_a_row_for_each_pair() -> None:
    names = [row.name for row in figure_rows(measure([ALICE, BOB, CAROL], GRID))]
    assert names == ["Fleiss κ", "Krippendorff α", "alice · bob", "alice · carol", "bob · carol"]


def test_what_is_confused_counts_both_ways() -> None:
    found = confused(measure([ALICE, BOB], GRID))
    assert found == [("clap", "kick", 20), ("wave", "", 2)]


@pytest.mark.parametrize(
    ("value", "words"),
    [(-0.1, "worse than by chance"), (0.0, "as by chance"), (0.05, "slight"),
     (0.41, "moderate"), (0.8, "substantial"), (0.81, "almost perfect"), (1.0, "almost perfect")],
)  # fmt: skip
def test_kappa_in_words(value: float, words: str) -> None:
    assert kappa_words(value) == words


def version(revision: int, minute: int, title: str, by: str = "alice", action="do") -> Version:
    at = datetime.datetime(2026, 3, 4, 12, minute, tzinfo=datetime.UTC).isoformat()
    return Version(revision, at, by, title, action)


def test_versions_are_grouped_by_person_and_pause() -> None:
    versions = (
        version(5, 40, "Label “wave”", "bob"),
        version(4, 39, "Move edge"),
        version(3, 38, "Label “clap”", action="undo"),
        version(2, 37, "Label “clap”"),
        version(1, 5, "Label “wave”"),
    )
    groups = group(versions)
    assert [[v.revision for v in one.versions] for one in groups] == [[5], [4, 3, 2], [1]]
    assert groups[1].what() == "move edge, undo, label"
    assert version_text(versions[2]).endswith("Undone: Label “clap”")
    days = {one.when(datetime.datetime(2026, 3, 5).astimezone()) for one in groups}
    assert len(days) == 3


def test_a_version_without_a_time_is_told_all_the_same() -> None:
    (one,) = group((Version(1, "", "alice", "Label “wave”", "do"),))
    assert one.when(datetime.datetime.now().astimezone()) == "at an unknown time"


def test_documents_in_words() -> None:
    assert document_words(ALICE) == "2 clips, 2 labels, 1 tier"
    assert difference_words(CAROL, ALICE) == "Restored: 1 clip would go."
    assert difference_words(ALICE, ALICE) == "The labels are like that now."


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, ""), (59, "59 s"), (90, "2 min"), (3900, "1 h 05 min")]
)
def test_time_spent(seconds: int, text: str) -> None:
    assert spent(seconds * 1_000_000_000) == text
