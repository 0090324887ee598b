"""Gold labels out of what annotators say."""

from __future__ import annotations

import numpy as np
import pytest

from harstudio.labels.agreement import Compared, measure
from harstudio.labels.model import Clip, Document, Tier
from harstudio.labels.team.gold import keep, mark_of, settled, take, take_agreed
from harstudio.labels.team.policy import GOLD
from harstudio.recordings.frame_grid import FrameGrid

GRID = FrameGrid(np.arange(100, dtype=np.int64) * 10, 10)


def document(annotator: str, *clips: tuple[int, int, str], tier: str = "") -> Document:
    made = Document("r", annotator, [Tier(tier or annotator)])
    for start, end, label in clips:
        made.tiers[0].insert(Clip(start, end, label))
    return made


def rows(gold: Document) -> list[tuple[int, int, str]]:
    return [(c.start_ns, c.end_ns, c.label) for tier in gold.tiers for c in tier.clips]


def test_taking_all_of_one_opinion_gives_that_annotators_labels() -> None:
    alice = document("alice", (100, 300, "wave"), (300, 500, "clap"), (700, 800, "kick"))
    bob = document("bob", (120, 320, "wave"), (320, 480, "clap"), (600, 650, "kick"))
    for source in (alice, bob):
        gold = Document("r", GOLD)
        for edit in _all(gold, [alice, bob], source):
            edit.apply(gold)
        assert rows(gold) == rows(source)
        found = measure([alice, bob], GRID).disagreements
        assert settled(gold) == {mark_of(one) for one in found}
        assert len({c.id for tier in gold.tiers for c in tier.clips}) == len(rows(gold))


def _all(gold: Document, documents: list[Document], source: Document):
    yield take_agreed(gold, Compared("r", tuple(documents), GRID))
    for one in measure(documents, GRID).disagreements:
        yield take(gold, one, source)


def test_an_opinion_may_be_that_there_is_nothing() -> None:
    alice, bob = document("alice", (100, 300, "wave")), document("bob")
    gold = document(GOLD, (0, 500, "clap"))
    (one,) = measure([alice, bob], GRID).disagreements
    edit = take(gold, one, bob)
    before = gold.copy()
    edit.apply(gold)
    assert rows(gold) == [(0, 100, "clap"), (300, 500, "clap")]
    edit.inverse().apply(gold)
    assert gold.tiers == before.tiers
    assert settled(gold) == set()


def test_what_gold_says_already_can_be_kept() -> None:
    alice, bob = document("alice", (100, 300, "wave")), document("bob", (100, 300, "clap"))
    gold = document(GOLD, (100, 300, "nod"))
    (one,) = measure([alice, bob], GRID).disagreements
    keep(gold, one).apply(gold)
    assert rows(gold) == [(100, 300, "nod")]
    assert settled(gold) == {mark_of(one)}
    assert keep(gold, one) is None


def test_tiers_of_people_keep_their_names() -> None:
    alice = document("alice", (100, 300, "wave"), tier="actions")
    bob = document("bob", (100, 300, "wave"), tier="actions")
    gold = Document("r", GOLD)
    take_agreed(gold, Compared("r", (alice, bob), GRID)).apply(gold)
    assert [tier.name for tier in gold.tiers] == ["actions"]
    assert not measure([alice, gold], GRID).disagreements


@pytest.mark.parametrize("damaged", ["nothing", '{"a": 1}', "[[1]]", "[3]"])
def test_a_damaged_record_of_what_was_settled_settles_nothing(damaged: str) -> None:
    gold = Document("r", GOLD, kept={"settled": damaged})
    assert settled(gold) == set()
