"""Proposals of a network in the annotator's document: put, accepted, changed, rejected."""

from __future__ import annotations

import pytest

from harstudio.labels.editing import proposals
from harstudio.labels.editing.edits import AddClip, AddTier, EditError
from harstudio.labels.editing.proposals import (
    accept,
    clear,
    open_proposals,
    proposal,
    proposed,
    reject,
)
from harstudio.labels.keeping.history import History
from harstudio.labels.model import Clip, Document, Origin, Tier, TierRules

S = 1_000_000_000


def labelled(*clips, rules=None):
    """A document whose annotator said these."""
    tier = Tier("alice", rules=rules or TierRules())
    for clip in clips:
        tier.insert(clip)
    return Document("r1", "alice", [tier])


def propose(document, *clips, source="runs/one"):
    edit = proposals.propose(document, clips, source)
    if edit is not None:
        edit.apply(document)
    return edit


def said(document, name="alice"):
    tier = document.tier(name)
    return [] if tier is None else [(c.start_ns // S, c.end_ns // S, c.label) for c in tier.clips]


def test_what_is_proposed_nobody_has_said():
    document = labelled(Clip(0, 2 * S, "wave"))
    propose(document, proposal(3 * S, 5 * S, "clap", 0.93, second="wave", second_confidence=0.04))
    assert [tier.name for tier in document.said] == ["alice"]
    (clip,) = open_proposals(document)
    assert (clip.label, clip.confidence, clip.origin) == ("clap", 0.93, Origin.MODEL)
    assert proposed(clip) == proposals.Proposed("runs/one", "wave", 0.04)


def test_new_proposals_replace_the_open_ones_and_never_repeat_what_was_settled():
    document = labelled(Clip(0, 2 * S, "wave"))
    covered = proposal(S, 3 * S, "clap")  # the annotator covers half of it
    free = proposal(S, 4 * S, "clap")
    wrong = proposal(6 * S, 8 * S, "clap")
    propose(document, covered, free, wrong)
    assert [(c.start_ns // S, c.label) for c in open_proposals(document)] == [
        (1, "clap"), (6, "clap")]  # fmt: skip
    reject(document, [open_proposals(document)[1].id]).apply(document)
    told = proposals.admitted(document, [covered, free, wrong, proposal(9 * S, 9 * S, "clap")])
    assert (len(told.clips), told.covered, told.rejected) == (1, 1, 1)
    propose(document, free, wrong, proposal(6 * S, 8 * S, "wave"), source="runs/two")
    assert [(c.start_ns // S, c.label) for c in open_proposals(document)] == [
        (1, "clap"), (6, "wave")]  # fmt: skip
    assert [c.label for c in proposals.rejected_proposals(document)] == ["clap"]
    assert len([tier for tier in document.tiers if tier.rules.proposals]) == 1
    clear(document).apply(document)
    assert open_proposals(document) == []
    assert clear(document) is None
    assert len(proposals.rejected_proposals(document)) == 1


def test_what_is_proposed_again_stays_the_same_clip():
    document = labelled()
    propose(document, proposal(0, 2 * S, "clap", 0.5), proposal(4 * S, 6 * S, "clap", 0.5))
    first, second = open_proposals(document)
    propose(document, proposal(0, 2 * S, "clap", 0.7), proposal(4 * S, 5 * S, "clap", 0.5))
    again, other = open_proposals(document)
    assert (again.id, again.confidence) == (first.id, 0.7)
    assert other.id != second.id
    unchanged = [proposal(c.start_ns, c.end_ns, c.label, c.confidence) for c in (again, other)]
    assert proposals.propose(document, unchanged, "runs/one") is None


def test_labelling_by_hand_settles_what_it_covers_and_undo_opens_it_again():
    document = labelled()
    propose(document, proposal(0, 2 * S, "clap"), proposal(5 * S, 7 * S, "clap"))
    by_hand = AddClip("alice", Clip(0, 1 * S, "wave"))
    by_hand.apply(document)
    assert [c.start_ns // S for c in open_proposals(document)] == [5]
    by_hand.inverse().apply(document)
    assert [c.start_ns // S for c in open_proposals(document)] == [0, 5]


def test_accepted_clips_are_the_persons_and_take_what_is_free():
    document = labelled(Clip(0, 2 * S, "wave"), Clip(6 * S, 7 * S, "wave"))
    propose(document, proposal(1 * S, 9 * S, "clap", 0.9, second="wave"))
    (clip,) = open_proposals(document)
    edit = accept(document, [clip.id], "alice", "kick")
    assert edit.title == "Accept “kick”"
    edit.apply(document)
    assert said(document) == [(0, 2, "wave"), (2, 6, "kick"), (6, 7, "wave")]
    taken = document.find(clip.id)[1]
    assert (taken.origin, taken.confidence, taken.attributes) == (Origin.ACCEPTED, None, {})
    assert open_proposals(document) == []
    edit.inverse().apply(document)
    assert open_proposals(document) == [clip]


def test_of_several_the_surest_wins_and_those_without_room_stay():
    document = Document("r1", "alice")
    propose(document, proposal(0, 4 * S, "clap", 0.6), proposal(0, 4 * S, "wave", 0.9),
            proposal(8 * S, 9 * S, "wave", 0.8))  # fmt: skip
    ids = [clip.id for clip in open_proposals(document)]
    edit = accept(document, ids, "alice")
    assert edit.title == "Accept 2 proposals"
    edit.apply(document)
    assert said(document) == [(0, 4, "wave"), (8, 9, "wave")]
    assert open_proposals(document) == []  # the third is covered
    (left,) = document.tier("proposals").clips
    with pytest.raises(EditError, match="no room"):
        accept(document, [left.id], "alice")


def test_two_persons_at_once_go_to_their_tiers():
    document = labelled()
    for person in ("P1", "P2"):
        AddTier(person, 9, TierRules(person=person)).apply(document)
    propose(document, proposal(0, 4 * S, "kick", person="P2"),
            proposal(0, 4 * S, "fall", person="P1"))  # fmt: skip
    for clip in open_proposals(document):
        accept(document, [clip.id], "alice").apply(document)
    assert said(document, "P1") == [(0, 4, "fall")]
    assert said(document, "P2") == [(0, 4, "kick")]


def test_what_cannot_be_accepted_or_rejected_is_refused():
    document = labelled(Clip(0, S, "wave", id="own"))
    AddTier("taps", 9, TierRules(points=True)).apply(document)
    propose(document, proposal(3 * S, 4 * S, "clap"))
    (clip,) = open_proposals(document)
    with pytest.raises(EditError, match="no open proposal"):
        accept(document, ["own"], "alice")
    with pytest.raises(EditError, match="point events"):
        accept(document, [clip.id], "taps")
    with pytest.raises(EditError, match="tier of proposals"):
        accept(document, [clip.id], "proposals")
    reject(document, [clip.id]).apply(document)
    with pytest.raises(EditError, match="no open proposal"):
        reject(document, [clip.id])


def test_a_tier_of_that_name_is_left_alone():
    document = Document("r1", "alice", [Tier("proposals", [Clip(0, S, "wave")])])
    propose(document, proposal(3 * S, 4 * S, "clap"))
    assert [(t.name, t.rules.proposals) for t in document.tiers] == [
        ("proposals", False), ("proposals 2", True)]  # fmt: skip


def test_they_are_journalled_and_undone(tmp_path):
    history = History(tmp_path / "alice.json", "r1", "alice")
    history.do(proposals.propose(history.document, [proposal(0, S, "clap", 0.5)], "runs/one"))
    (clip,) = open_proposals(history.document)
    history.do(accept(history.document, [clip.id], "alice"))
    history.undo()
    assert open_proposals(history.document) == [clip]
    history.redo()
    history.close()
    again = History(tmp_path / "alice.json", "r1", "alice")
    assert said(again.document) == [(0, 1, "clap")]
    assert again.document.find(clip.id)[1].origin is Origin.ACCEPTED
    again.close()


@pytest.mark.parametrize(
    ("others", "name", "person"),
    [((), "B", "B"), ((Tier("all"),), "all", ""), ((Tier("B", rules=TierRules("B")),), "B", "B")],
)
def test_a_proposal_about_one_person_never_becomes_a_clip_of_another(others, name, person):
    document = Document("r1", "alice", [Tier("A", rules=TierRules(person="A")), *others])
    propose(document, proposal(0, S, "wave", person="B"))
    (clip,) = open_proposals(document)
    with pytest.raises(EditError, match="“wave” is about B; “A” is about A"):
        accept(document, [clip.id], "A", nowhere_else=True)
    accept(document, [clip.id], "A").apply(document)
    tier, made = document.find(clip.id)
    assert (tier.name, tier.rules.person, made.person) == (name, person, "B")


def test_a_clip_in_the_tier_of_a_person_settles_nothing_of_another():
    document = Document("r1", "alice", [Tier("A", [Clip(0, S, "wave")], TierRules(person="A"))])
    propose(document, proposal(0, S, "wave", person="B"), proposal(0, S, "clap", person="A"))
    assert [clip.person for clip in open_proposals(document)] == ["B"]


def test_what_tells_its_source_keeps_it_when_it_is_put_again():
    document = labelled()
    proposals.propose_also(document, [proposal(2 * S, 3 * S, "wave")], "more like this").apply(
        document
    )
    for run in ("runs/one", "runs/two"):
        propose(document, proposal(5 * S, 6 * S, "clap"), open_proposals(document)[0], source=run)
    sources = [proposed(clip).source for clip in open_proposals(document)]
    assert sources == ["more like this", "runs/two"]


def test_a_short_rejected_one_does_not_stop_a_long_one():
    document = labelled()
    propose(document, proposal(S, 2 * S, "wave"))
    reject(document, [open_proposals(document)[0].id]).apply(document)
    told = proposals.admitted(document, [proposal(0, 20 * S, "wave"), proposal(S, 3 * S, "wave")])
    assert (len(told.clips), told.rejected) == (1, 1)
