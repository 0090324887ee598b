"""Proposals at the keyboard: accepted, changed, rejected by one key each, in four orders."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt

from harstudio.labels.editing.proposals import proposal, rejected_proposals
from harstudio.labels.model import Clip, Origin
from harstudio.results import Recognition, Window
from harstudio.studio.panels.clip_facts import facts
from harstudio.studio.proposals.commands import propose_recognition
from harstudio.studio.proposals.orders import dispute_of_streams
from harstudio.studio.proposals.strip import ProposalStrip
from harstudio.studio.timeline.menu import clip_text
from harstudio.studio.timeline.rows import Kind
from studio.label_bench import Bench, write_document
from studio.made_recognition import made_recognition

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


def put(bench: Bench, *clips: tuple, source: str = "runs/one") -> None:
    """Proposals by first frame, last frame, label, confidence, second confidence."""
    grid = bench.labelling.grid
    made = [
        proposal(grid.start_of(first), grid.end_of(last), label, sure, second=second and "wave",
                 second_confidence=second or None)
        for first, last, label, sure, second in clips
    ]  # fmt: skip
    assert bench.labelling.proposals.put(made, source)


@pytest.fixture
def three(bench: Bench) -> Bench:
    put(bench, (10, 29, "clap", 0.9, 0.05), (60, 89, "wave", 0.5, 0.0), (120, 149, "box", 0.6, 0.4))
    return bench


def first_frame(bench: Bench) -> int | None:
    clip = bench.labelling.proposals.current()
    return None if clip is None else bench.labelling.grid.first_of(clip.start_ns)


def test_one_key_each_accepts_changes_and_rejects(three: Bench) -> None:
    bench, proposals = three, three.labelling.proposals
    assert bench.clips() == []
    proposals.next()
    assert first_frame(bench) == 10
    assert bench.session.transport.loop == (
        proposals.open()[0].start_ns,
        proposals.open()[0].end_ns,
    )
    assert bench.session.transport.playing
    bench.pass_time(3)  # again and again
    bench.key("Return")
    assert bench.clips() == [(10, 29, "clap")]
    assert bench.clip_at(0).origin is Origin.ACCEPTED
    assert first_frame(bench) == 60
    bench.key("3")  # throw
    assert bench.clips()[1:] == [(60, 89, "throw")]
    bench.key("Backspace")
    assert len(bench.clips()) == 2
    assert [clip.label for clip in rejected_proposals(bench.document)] == ["box"]
    assert proposals.open() == []
    assert bench.session.selection is None
    assert bench.session.transport.loop is None
    assert not bench.session.transport.playing
    for _ in range(3):
        bench.key("Z", CTRL)
    assert bench.clips() == []
    assert len(proposals.open()) == 3


def test_keys_keep_their_meaning_where_nothing_is_proposed(three: Bench) -> None:
    bench = three
    bench.go(200)
    bench.key("1")
    bench.go(209)
    bench.key("1")
    assert bench.clips() == [(200, 209, "wave")]
    bench.go(205)
    bench.key("Backspace")  # meant for a proposal, says who has an eye on these
    assert "Select your clip first" in bench.said()
    bench.session.select(bench.clip_at(0).id)
    bench.key("Backspace")
    assert bench.said() == "Deleted “wave”. Ctrl+Z brings it back."
    assert bench.clips() == []
    assert len(bench.labelling.proposals.open()) == 3
    bench.go(65)  # over a proposal, nothing selected
    bench.key("2")
    assert bench.clips() == [(60, 89, "clap")]


def test_edges_are_moved_before_it_is_accepted(three: Bench) -> None:
    bench = three
    bench.labelling.proposals.next()
    bench.key("Right", CTRL)
    bench.key("Left", CTRL | SHIFT)
    clip = bench.labelling.proposals.current()
    assert bench.session.transport.loop == (clip.start_ns, clip.end_ns)
    bench.key("Return")
    assert bench.clips() == [(9, 30, "clap")]


@pytest.mark.parametrize(
    ("order", "frames"),
    [
        ("time", [10, 60, 120]),
        ("uncertainty", [120, 60, 10]),
        ("rarity", [60, 120, 10]),
    ],
)
def test_orders(three: Bench, order: str, frames: list[int]) -> None:
    bench = three
    bench.add((250, 255, "clap"), (260, 265, "clap"), (270, 275, "box"))
    seen = []
    bench.go(0)
    bench.session.select(None)
    bench.labelling.proposals.next(order)
    for _ in range(3):
        seen.append(first_frame(bench))
        bench.key("Down")
    assert seen == frames
    assert first_frame(bench) == frames[0]  # after the last comes the first
    bench.key("Up")
    assert first_frame(bench) == frames[-1]


def test_settling_goes_on_in_the_order_and_comes_back_to_what_was_passed_over(three: Bench) -> None:
    bench = three
    bench.labelling.proposals.next("uncertainty")
    bench.key("Down")
    assert first_frame(bench) == 60
    bench.key("Return")
    assert first_frame(bench) == 10
    bench.key("Return")
    assert first_frame(bench) == 120


def test_the_confident_ones_at_once_as_one_step(three: Bench) -> None:
    bench = three
    assert bench.labelling.proposals.accept_above(0.6)
    assert bench.clips() == [(10, 29, "clap"), (120, 149, "box")]
    assert bench.said() == "2 proposals accepted, 1 still open."
    bench.key("Z", CTRL)
    assert bench.clips() == []


def test_a_recognition_becomes_proposals_with_the_names_of_the_label_set(bench: Bench) -> None:
    recognition = made_recognition(bench.session.recording, explain=False)
    bench.session.show_recognition(recognition)
    assert propose_recognition(bench.labelling.proposals)
    made = bench.labelling.proposals.open()
    assert len(made) == len(recognition.segments)
    lacking = bench.labelling.proposals.lacking()
    assert all(name in bench.said() for name in lacking[:3])
    bench.labelling.proposals.add_lacking()
    assert bench.labelling.proposals.lacking() == []
    again = [clip.id for clip in made]
    assert propose_recognition(bench.labelling.proposals)  # in the place of the open ones
    assert len(bench.labelling.proposals.open()) == len(again)


# ---- on the timeline


def row_of(bench: Bench) -> int:
    return next(k for k, row in enumerate(bench.timeline.rows) if row.kind is Kind.PROPOSED)


def test_they_lie_under_the_current_tier_until_they_are_settled(three: Bench) -> None:
    bench = three
    assert [row.kind for row in bench.timeline.rows[:2]] == [Kind.OWN, Kind.PROPOSED]
    bench.labelling.tiers.add("hands")
    kinds = [(row.kind, row.title) for row in bench.timeline.rows[:3]]
    assert kinds == [(Kind.OWN, "alice"), (Kind.OWN, "hands"), (Kind.PROPOSED, "proposals")]
    assert bench.labelling.tiers.names() == ["alice", "hands"]
    row = bench.timeline.rows[2]
    bench.labelling.proposals.next()
    bench.key("Backspace")
    assert [len(lane) for lane in bench.timeline.rows[2].lanes] == [2]
    assert row.tier is not bench.timeline.rows[2].tier
    bench.labelling.proposals.clear()
    assert [row.title for row in bench.timeline.rows[:2]] == ["alice", "hands"]


def test_an_edge_is_pulled_and_a_clip_is_dragged_into_a_tier(three: Bench) -> None:
    bench, grid = three, three.labelling.grid
    row = row_of(bench)
    bench.drag(bench.place(grid.end_of(29) - 10_000_000, row), bench.place(grid.end_of(39), row))
    (clip, *_) = bench.labelling.proposals.open()
    assert grid.last_of(clip.end_ns) in range(37, 42)
    assert bench.session.tier_name == "alice"
    middle = (clip.start_ns + clip.end_ns) // 2
    bench.drag(bench.place(middle, row), bench.place(middle, 0))
    made = bench.clip_at(0)
    assert (made.label, made.origin, made.attributes) == ("clap", Origin.ACCEPTED, {})
    assert len(bench.labelling.proposals.open()) == 2


def test_what_is_told_of_one(three: Bench) -> None:
    bench = three
    bench.labelling.proposals.next()
    clip = bench.labelling.proposals.current()
    rows = {name: value for name, value, _ in facts(bench.labelling, bench.document, [clip], True)}
    assert (rows["proposed by"], rows["confidence"]) == ("runs/one", "90 %")
    assert rows["else"] == "wave 5 %"
    told = clip_text(clip, "alice", bench.labelling, 0)
    assert "proposed by runs/one" in told
    assert "else wave 0.05" in told


def test_the_strip_tells_the_keys_and_accepts_the_sure_ones(three: Bench, qtbot) -> None:
    bench = three
    strip = ProposalStrip(bench.labelling.proposals, lambda: None, lambda: None)
    qtbot.addWidget(strip)
    assert strip.sentence.text() == "3 open proposals of runs/one. F12 goes to the next one."
    bench.labelling.proposals.next()
    assert "Enter accepts" in strip.sentence.text()
    strip.share.setValue(60)
    assert strip.all.text() == "Accept 2 of at least"
    strip.all.click()
    assert len(bench.clips()) == 2
    strip.order.activated.emit(1)
    assert bench.labelling.proposals.order == "uncertainty"
    bench.labelling.proposals.clear()
    assert strip.isHidden()


# ---- what may not be


def test_the_most_disputed_come_first(three: Bench) -> None:
    bench = three
    grid = bench.labelling.grid
    theirs = [Clip(grid.start_of(10), grid.end_of(29), "clap"),
              Clip(grid.start_of(60), grid.end_of(89), "knock")]  # fmt: skip
    write_document(bench.project, "moving", "bob", theirs)
    bench.labelling.others.read()
    bench.labelling.proposals.next("disagreement")
    assert first_frame(bench) == 60


def test_streams_that_differ_are_a_dispute(bench: Bench) -> None:
    window = Window(0, 10, np.array([0.5, 0.5]), {"a": np.array([1.0, 0.0]), "b": np.eye(2)[1]})
    told = Recognition("run", "net", ("wave", "clap"), "moving", "", (window,), (), 0, 0.5)
    assert dispute_of_streams(proposal(0, 5, "wave"), told) == pytest.approx(1.0)
    alike = replace(window, by_stream={"a": np.array([0.8, 0.2]), "b": np.array([0.8, 0.2])})
    calm = replace(told, windows=(alike,))
    assert dispute_of_streams(proposal(0, 5, "wave"), calm) == pytest.approx(0.0)


def test_nothing_is_proposed_for_the_agreed_labels(bench: Bench) -> None:
    bench.session.settles = True
    assert not bench.labelling.proposals.put([proposal(0, 10**9, "wave")], "run")
    assert "Agreed labels" in bench.said()


def test_clips_and_proposals_are_not_mixed_up(three: Bench) -> None:
    bench = three
    bench.add((200, 220, "wave"))
    bench.key("A", CTRL)
    assert len(bench.session.selected) == 1
    bench.labelling.selecting.same_label()
    assert len(bench.session.selected) == 1
    bench.labelling.proposals.next()
    bench.key("B", CTRL)
    assert "Enter accepts it first" in bench.said()
    bench.labelling.copying.carry(1, moving=True)
    assert bench.clips()[0] == (10, 29, "clap")


# ---- keys are for what one looks at


def test_the_key_after_the_last_decision_is_not_for_the_clip_just_made(bench: Bench) -> None:
    put(bench, (10, 29, "clap", 0.9, 0.0))
    bench.add((30, 39, "wave"))
    bench.labelling.proposals.next()
    bench.key("Return")
    bench.key("Backspace")
    assert bench.clips() == [(10, 29, "clap"), (30, 39, "wave")]
    bench.key("2")  # begins a clip behind them
    assert bench.labelling.grid.first_of(bench.labelling.open_clip.start_ns) == 40


def test_undo_goes_back_to_what_was_decided(three: Bench) -> None:
    bench = three
    bench.labelling.proposals.next()
    bench.key("Return")
    bench.key("Backspace")
    bench.key("Backspace")
    for frame in (120, 60, 10):
        bench.key("Z", CTRL)
        assert first_frame(bench) == frame
    bench.key("Y", CTRL)
    assert bench.clips() == [(10, 29, "clap")]
    assert bench.session.selection is None


def test_in_points_and_open_clips_do_not_take_the_keys_of_proposals(three: Bench) -> None:
    bench = three
    bench.go(5)
    bench.key("I")
    bench.labelling.proposals.next()
    bench.key("1")
    assert bench.clips() == [(10, 29, "wave")]
    bench.session.select(None)
    bench.go(200)
    bench.key("2")
    assert not bench.labelling.proposals.next()
    assert "the open clip first" in bench.said()
    assert bench.labelling.proposals.current() is None


def test_a_label_that_the_set_lacks_is_not_accepted(bench: Bench) -> None:
    put(bench, (10, 29, "no such thing", 0.95, 0.0), (60, 89, "wave", 0.95, 0.0))
    bench.labelling.proposals.next()
    bench.key("Return")
    assert "“no such thing” is not in your label set" in bench.said()
    assert bench.labelling.proposals.accept_above(0.9)
    assert bench.clips() == [(60, 89, "wave")]
    bench.labelling.proposals.add_lacking()
    bench.key("Return")
    assert bench.clips()[0] == (10, 29, "no such thing")


def test_what_is_cut_short_is_told(bench: Bench) -> None:
    bench.add((40, 49, "wave"))
    put(bench, (10, 69, "clap", 0.9, 0.0))
    bench.labelling.proposals.next()
    bench.key("Return")
    assert bench.clips() == [(10, 39, "clap"), (40, 49, "wave")]
    assert bench.said() == "“clap” took 1.0 s of 2.0 s: the rest is labelled already."


@pytest.mark.parametrize("own_first", [True, False])
def test_a_clip_and_a_proposal_together_are_each_treated_as_what_they_are(
    three: Bench, own_first: bool
) -> None:
    bench, proposals = three, three.labelling.proposals
    bench.add((200, 220, "wave"))
    both = [bench.clip_at(0).id, proposals.open()[0].id]
    bench.session.select(*(both if own_first else both[::-1]))
    bench.key("3")
    assert bench.clips() == [(10, 29, "throw"), (200, 220, "throw")]
    bench.key("Z", CTRL)
    bench.session.select(*(both if own_first else both[::-1]))
    bench.key("Backspace")
    assert bench.clips() == []
    assert [clip.label for clip in rejected_proposals(bench.document)] == ["clap"]
    assert bench.said() == "Deleted “wave” and a proposal rejected. Ctrl+Z brings it back."
    bench.key("Z", CTRL)
    assert bench.clips() == [(200, 220, "wave")]
    assert len(proposals.open()) == 3


def test_dragging_one_into_a_tier_covers_nothing_that_is_there(three: Bench) -> None:
    bench, grid = three, three.labelling.grid
    bench.add((70, 79, "wave"))
    middle, row = grid.start_of(75), row_of(bench)
    bench.drag(bench.place(middle, row), bench.place(middle, 0))
    assert bench.clips() == [(60, 69, "wave"), (70, 79, "wave")]
    assert "the rest is labelled already" in bench.said()


def test_an_edge_that_was_mended_stays_when_new_ones_come(three: Bench) -> None:
    bench, proposals = three, three.labelling.proposals
    proposals.next()
    bench.key("Right", CTRL)
    chosen = bench.session.selection
    put(bench, (10, 29, "clap", 0.8, 0.0), (62, 89, "wave", 0.5, 0.0), source="runs/two")
    assert bench.session.selection == chosen
    bench.key("Return")
    assert bench.clips() == [(10, 30, "clap")]
    assert bench.clip_at(0).attributes == {}
    assert [bench.labelling.grid.first_of(clip.start_ns) for clip in proposals.open()] == [62]
