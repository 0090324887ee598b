"""Gold labels out of what annotators say."""

from __future__ import annotations

import numpy as np
import pytest

from harstudio.labels.agreement import Compared, measure
from harstudio.labels.model import Clip, Document, Tier, TierRules
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
    compared = Compared("r", tuple(documents), GRID)
    yield take_agreed(gold, compared).edit
    for one in measure(documents, GRID).disagreements:
        yield take(gold, one, compared, source.annotator)


def test_an_opinion_may_be_that_there_is_nothing() -> None:
    alice, bob = document("alice", (100, 300, "wave")), document("bob")
    gold = document(GOLD, (0, 500, "clap"))
    (one,) = measure([alice, bob], GRID).disagreements
    edit = take(gold, one, Compared("r", (alice, bob), GRID), "bob")
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
    take_agreed(gold, Compared("r", (alice, bob), GRID)).edit.apply(gold)
    assert [tier.name for tier in gold.tiers] == ["actions"]
    assert not measure([alice, gold], GRID).disagreements


@pytest.mark.parametrize("damaged", ["nothing", '{"a": 1}', "[[1]]", "[3]"])
def test_a_damaged_record_of_what_was_settled_settles_nothing(damaged: str) -> None:
    gold = Document("r", GOLD, kept={"settled": damaged})
    assert settled(gold) == set()


def test_what_was_settled_is_open_when_an_opinion_changed() -> None:
    alice, bob = document("alice", (100, 300, "y")), document("bob", (100, 300, "z"))
    gold = Document("r", GOLD)
    (one,) = measure([alice, bob], GRID).disagreements
    take(gold, one, Compared("r", (alice, bob), GRID), "bob").apply(gold)
    (same,) = measure([alice, bob], GRID).disagreements
    assert mark_of(same) in settled(gold)
    relabelled = document("bob", (100, 300, "w"))
    carol = document("carol", (100, 300, "q"))
    for others in ([relabelled], [bob, carol]):
        (changed,) = measure([alice, *others], GRID).disagreements
        assert mark_of(changed) not in settled(gold)
    gold.kept["settled"] = '[["",100,300]]'  # as it was kept before opinions were
    assert settled(gold) == set()


def test_what_all_agree_on_takes_nothing_away_from_gold() -> None:
    alice = document("alice", (100, 300, "wave"), (400, 500, "clap"))
    bob = document("bob", (100, 300, "wave"), (400, 500, "clap"))
    gold = document(GOLD, (100, 200, "wave"), (400, 500, "nod"), (600, 700, "kick"))
    agreed = take_agreed(gold, Compared("r", (alice, bob), GRID))
    agreed.edit.apply(gold)
    assert rows(gold) == [(100, 300, "wave"), (400, 500, "nod"), (600, 700, "kick")]
    assert agreed.left == 2
    assert take_agreed(gold, Compared("r", (alice, bob), GRID)).edit is None


def test_point_events_are_settled_too() -> None:
    def stepping(who: str, *steps: tuple[int, str]) -> Document:
        points = [Clip(at * 10**9, at * 10**9, label) for at, label in steps]
        return Document("r", who, [Tier("steps", points, TierRules(points=True))])

    alice = stepping("alice", (1, "heel"), (2, "heel"), (3, "heel"))
    bob = stepping("bob", (1, "heel"), (2, "toe"))
    gold = Document("r", GOLD)
    compared = Compared("r", (alice, bob), GRID)
    take_agreed(gold, compared).edit.apply(gold)
    assert rows(gold) == [(10**9, 10**9, "heel")]
    other, missed = measure([alice, bob], GRID).disagreements
    assert (other.opinions, other.kind) == ({"alice": "heel", "bob": "toe"}, "points")
    assert missed.opinions == {"alice": "heel", "bob": ""}
    take(gold, other, compared, "bob").apply(gold)
    take(gold, other, compared, "alice").apply(gold)  # another decision takes its place
    take(gold, missed, compared, "bob").apply(gold)
    assert rows(gold) == [(10**9, 10**9, "heel"), (2 * 10**9, 2 * 10**9, "heel")]
    assert settled(gold) == {mark_of(other), mark_of(missed)}
    assert [(tier.name, tier.rules.points) for tier in gold.tiers] == [("steps", True)]
    assert take_agreed(gold, compared).left == 0


def test_gold_has_one_tier_where_names_differ() -> None:
    alice = document("alice", (100, 300, "wave"), tier="actions")
    bob, carol = (document(who, (100, 320, "wave"), (400, 500, "x")) for who in ("bob", "carol"))
    gold = document(GOLD, (0, 50, "nod"), tier="actions")
    compared = Compared("r", (alice, bob, carol), GRID)
    take_agreed(gold, compared).edit.apply(gold)
    for one in measure([alice, bob, carol], GRID).disagreements:
        take(gold, one, compared, "bob").apply(gold)
    assert [tier.name for tier in gold.tiers] == ["actions"]
    assert rows(gold) == [(0, 50, "nod"), (100, 320, "wave"), (400, 500, "x")]


def test_attributes_are_not_settled_by_the_alphabet() -> None:
    sides = [document(who, (100, 300, "wave")) for who in ("alice", "bob")]
    for one, side in zip(sides, ("left", "right"), strict=True):
        one.tiers[0].clips[0] = Clip(100, 300, "wave", attributes={"side": side})
    gold, compared = Document("r", GOLD), Compared("r", tuple(sides), GRID)
    assert take_agreed(gold, compared).edit is None
    (one,) = measure(sides, GRID).disagreements
    assert one.told == {"alice": "wave (side: left)", "bob": "wave (side: right)"}
    take(gold, one, compared, "bob").apply(gold)
    assert [c.attributes for c in gold.tiers[0].clips] == [{"side": "right"}]
