"""Proposals at the keyboard: accepted, changed, rejected by one key each, in four orders."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from harstudio.labels.editing.proposals import proposal, rejected_proposals
from harstudio.labels.model import Origin
from harstudio.studio.proposals.commands import propose_recognition
from studio.label_bench import Bench
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
    bench.key("Backspace")
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
