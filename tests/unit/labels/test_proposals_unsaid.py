"""What a network proposes stays out of everything that people's labels are used for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harstudio.cli_agreement import stats
from harstudio.labels.agreement import Compared, measure_all
from harstudio.labels.agreement.reading import by_a_person, says_something
from harstudio.labels.editing import bulk_edits, clip_edits
from harstudio.labels.editing.edits import EditError, MarkDone
from harstudio.labels.editing.proposals import (
    accept,
    open_proposals,
    proposal,
    propose,
    proposed,
    reject,
)
from harstudio.labels.interchange.exporting import export
from harstudio.labels.interchange.incoming import merged
from harstudio.labels.keeping.renaming import rename_label
from harstudio.labels.label_sets.label_set import LabelSet
from harstudio.labels.model import Clip, Document, Origin, Tier, TierRules
from harstudio.labels.project import Project
from harstudio.labels.team.after_done import changed_after_done
from harstudio.labels.team.gold import take_agreed
from harstudio.labels.team.policy import Policy
from harstudio.labels.team.progress import measure_progress, progress_of
from harstudio.learning.data.datasets import _by_people

S = 1_000_000_000
LABELS = ("wave", "clap", "kick")
FROM_NETWORK = "made up by a network"  # a label that no person ever says
GRID_NS = S // 10

times = st.integers(0, 40).map(lambda k: k * S // 2)
operations = st.one_of(
    st.tuples(st.just("propose"), st.lists(st.tuples(times, st.integers(1, 8)), max_size=4)),
    st.tuples(st.just("reject"), st.integers(0, 9)),
    st.tuples(st.just("label"), times, st.integers(1, 8), st.sampled_from(LABELS)),
    st.tuples(st.just("delete"), st.integers(0, 9)),
    st.tuples(st.just("edge"), st.integers(0, 9), times),
    st.tuples(st.just("unsure"), st.integers(0, 9)),
    st.tuples(st.just("merge"), st.sampled_from(LABELS)),
    st.tuples(st.just("undo")),
)


def do(document: Document, operation: tuple, undone: list) -> None:
    """Everything that may happen to a document but that somebody accepts."""
    kind, *told = operation
    waiting = open_proposals(document)
    own = [clip for tier in document.said for clip in tier.clips]
    edit = None
    if kind == "propose":
        clips = [proposal(at, at + k * S // 2, FROM_NETWORK, 0.9) for at, k in told[0]]
        edit = propose(document, clips, "run")
    elif kind == "reject" and waiting:
        edit = reject(document, [waiting[told[0] % len(waiting)].id])
    elif kind == "label":
        at, k, label = told
        edit = clip_edits.place(document, "alice", Clip(at, at + k * S // 2, label), GRID_NS)
    elif kind == "delete" and own:
        edit = clip_edits.delete(document, own[told[0] % len(own)].id)
    elif kind == "edge" and waiting:
        clip = waiting[told[0] % len(waiting)]
        if told[1] < clip.end_ns:
            edit = clip_edits.change(document, clip.id, start_ns=told[1])
    elif kind == "unsure" and waiting:
        edit = bulk_edits.set_unsure(document, [waiting[told[0] % len(waiting)].id], True)
    elif kind == "merge":
        file = Document("r1", "alice", [Tier("proposals", [Clip(50 * S, 51 * S, told[0])])])
        edit = merged(document, file, "Import").edit
    elif kind == "undo" and undone:
        undone.pop().inverse().apply(document)
    if edit is not None:
        edit.apply(document)
        undone.append(edit)


@settings(max_examples=60, deadline=None)
@given(st.lists(operations, min_size=1, max_size=12))
def test_whatever_happens_nothing_counts_before_somebody_accepts_it(todo: list[tuple]) -> None:
    document, undone = Document("r1", "alice", [Tier("alice")]), []
    for operation in todo:
        do(document, operation, undone)
    people = [clip for tier in document.said for clip in tier.clips]
    assert all(clip.label != FROM_NETWORK for clip in people)
    assert by_a_person(document)
    assert says_something(document) is bool(people)
    bob = Document("r1", "bob", [Tier("bob", [Clip(0, 20 * S, FROM_NETWORK)])])
    compared = Compared("r1", (document, bob), GRID_NS)
    told = measure_all([compared]).pairs["alice", "bob"].labels
    assert told[FROM_NETWORK].frames_first == 0
    gold = Document("r1", "gold")
    edit = take_agreed(gold, compared).edit
    if edit is not None:
        edit.apply(gold)
    assert FROM_NETWORK not in [c.label for tier in gold.tiers for c in tier.clips]
    assert FROM_NETWORK not in [clip.label for clip in _by_people(document)]
    row = progress_of(document, ())
    assert (row.clips, row.doubts) == (len(people), 0)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """alice said one clip, accepted one, rejected one; one is open."""
    made = Project.create(tmp_path / "p", "p", label_set=LabelSet.of("s", LABELS))
    history = made.history("r1", "alice")
    history.do(clip_edits.place(history.document, "alice", Clip(0, S, "wave")))
    offered = [proposal(k * S, k * S + S, FROM_NETWORK, 0.9, second="kick") for k in (2, 4, 6)]
    history.do(propose(history.document, offered, "runs/one"))
    waiting = open_proposals(history.document)
    history.do(accept(history.document, [waiting[0].id], "alice", "clap"))
    history.do(reject(history.document, [waiting[1].id]))
    history.close()
    return made


@pytest.mark.parametrize("name", ["csv", "elan", "webvtt", "label-studio", "boris", "cvat"])
def test_exports_hold_what_is_said_and_tell_what_was_left_out(project, tmp_path, name) -> None:
    out = tmp_path / f"out-{name}"
    out.mkdir()
    done = export(project, out, format=name, fps=30)
    assert (done.clips, done.total) == (2, 2)
    assert "1 open proposal of a network was not written: nobody has accepted it." in done.notes
    for file in done.files:
        text = file.read_text("utf-8")
        assert FROM_NETWORK not in text
        assert "proposed by" not in text


def test_a_label_of_another_name_has_it_in_proposals_too(project) -> None:
    project.set_label_set(project.label_set.with_label(FROM_NETWORK))
    for old, new in (("kick", "kick a ball"), (FROM_NETWORK, "jump")):
        rename_label(project, old, new, lambda _k: None, lambda: False)
    document = next(iter(project.documents("r1")))
    (clip,) = open_proposals(document)
    assert (clip.label, proposed(clip).second) == ("jump", "kick a ball")


def test_proposals_for_a_finished_recording_are_no_change_of_its_labels(tmp_path) -> None:
    project = Project.create(tmp_path / "p", "p")
    project.set_policy(Policy(blind=True))
    history = project.history("r1", "alice")
    history.do(clip_edits.place(history.document, "alice", Clip(0, S, "wave")))
    history.do(MarkDone(True))
    history.do(propose(history.document, [proposal(2 * S, 3 * S, "clap")], "runs/one"))
    assert changed_after_done(project, "r1") == ()
    (clip,) = open_proposals(history.document)
    history.do(accept(history.document, [clip.id], "alice"))
    history.close()
    assert changed_after_done(project, "r1") == ("alice",)


def test_whoever_carries_a_proposal_into_a_tier_accepts_it() -> None:
    document = Document("r1", "alice", [Tier("alice")])
    propose(document, [proposal(0, S, "clap", 0.9)], "run").apply(document)
    (clip,) = open_proposals(document)
    bulk_edits.copy_to_tier(document, [clip.id], "alice", moving=True).apply(document)
    (said,) = document.tier("alice").clips
    assert (said.origin, said.confidence, said.attributes) == (Origin.ACCEPTED, None, {})
    with pytest.raises(EditError, match="tier of proposals"):
        bulk_edits.copy_to_tier(document, [said.id], "proposals")


def test_predictions_among_a_persons_labels_are_no_gold_and_count_nowhere(tmp_path) -> None:
    people = [Document("r1", who, [Tier(who, [Clip(5 * S, 6 * S, "wave")])]) for who in ("a", "b")]
    for document in people:  # a prediction that came into the tier before the rest
        document.tiers[0].insert(Clip(S, 2 * S, FROM_NETWORK, origin=Origin.MODEL))
    assert all(map(by_a_person, people))
    gold = Document("r1", "gold")
    take_agreed(gold, Compared("r1", tuple(people), GRID_NS)).edit.apply(gold)
    assert [clip.label for tier in gold.tiers for clip in tier.clips] == ["wave"]
    assert progress_of(people[0], ()).clips == 1
    network = Document("r1", "net", [Tier("net", [Clip(0, S, "wave", origin=Origin.MODEL)])])
    assert not by_a_person(network)
    assert progress_of(network, ()).clips == 1  # that is what it says


def test_predictions_of_a_file_come_into_a_persons_labels_as_proposals() -> None:
    document = Document("r1", "alice", [Tier("alice", [Clip(0, S, "wave")])])
    guessed = [Clip(at * S, at * S + S, "clap", origin=Origin.MODEL) for at in (0, 2)]
    rules = TierRules(proposals=True, overlap=True)  # whatever the file says about them
    tiers = [Tier("alice", guessed), Tier("hands", [Clip(4 * S, 5 * S, "kick")], rules)]
    done = merged(document, Document("r1", "alice", tiers), "Import m.csv")
    assert (done.added, done.already) == (2, 1)  # one is labelled already
    done.edit.apply(document)
    assert [(clip.start_ns // S, clip.label) for clip in open_proposals(document)] == [(2, "clap")]
    assert [c.label for tier in document.said for c in tier.clips] == ["wave", "kick"]
    again = merged(document, Document("r1", "alice", tiers), "Import m.csv")
    assert (again.edit, again.added) == (None, 0)


def test_a_recording_with_nothing_but_proposals_is_not_labelled(project, capsys) -> None:
    history = project.history("r2", "alice")
    history.do(propose(history.document, [proposal(0, S, "clap")], "runs/one"))
    history.close()
    assert [row.recording for row in measure_progress(project).rows] == ["r1"]
    stats(project.folder, json=True, csv=None)
    told = json.loads(capsys.readouterr().out)
    assert (told["labelled"], told["total"]["documents"]) == (1, 1)
