"""The panel of help: suggest, label, learn, suggest; more like this; labels that are doubted."""

from __future__ import annotations

import math
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from driving import StudioUnderTest, until
from harstudio.labels.editing.edits import AddClip, AddTier, Group, MarkDone
from harstudio.labels.editing.proposals import proposals_tier
from harstudio.labels.model import Clip, Origin
from harstudio.labels.project import Project
from harstudio.labels.suggested import suggestions_folder, suggestions_path
from harstudio.resources import resource
from harstudio.runs.seen import load_seen, note_kept, note_put
from harstudio.runs.suggestions import (
    Learned,
    Suggestion,
    Suggestions,
    add_learned,
    save_suggestions,
)
from harstudio.studio.helping.reading import HelpReader, in_order
from harstudio.studio.helping.words import next_step, point_text, worth

SECOND_NS = 1_000_000_000
SECONDS = 120  # a worker imports torch first, on a busy machine
ME = "dora"
FOUR = ("fall-s01", "fall-s02", "kick-s01", "kick-s02")


def learned(clips: int, accuracy: float, wide: float = 0.05, at: float = 0.0) -> Learned:
    low, high = accuracy - wide, accuracy + wide
    return Learned(at or float(clips), clips, 3, accuracy, low, high, 1.0, run="/r")


def tiny(folder: Path, names: tuple[str, ...] = FOUR) -> Project:
    """The demo project with some of its recordings."""
    demo = resource("demo")
    folder.mkdir()
    for name in ("project.toml", "labels.toml"):
        shutil.copy(demo / name, folder)
    for name in names:
        shutil.copytree(
            demo / "recordings" / f"{name}.harrec", folder / "recordings" / f"{name}.harrec"
        )
        shutil.copytree(demo / "labels" / name, folder / "labels" / name)
    return Project.open(folder)


def suggest(project: Project, recording: str, *clips: Suggestion, made: float = 10.0) -> None:
    path = suggestions_path(project.folder, ME, recording)
    save_suggestions(path, Suggestions("/runs/eyes", ME, made, clips, recording))


def say(project: Project, recording: str, *clips: Clip, done: bool = False) -> None:
    history = project.history(recording, ME)
    edits = [AddTier(ME), *(AddClip(ME, clip) for clip in clips)]
    history.do(Group("said", (*edits, MarkDone(True)) if done else tuple(edits)))
    history.close()


def never_hidden(_recording: str, _done: bool) -> str:
    return ""


# ---- words


def test_the_button_says_the_next_step() -> None:
    assert next_step(12, 0, suggested=False) == "Suggest for 12 recordings"
    assert next_step(12, 1, suggested=False) == "Learn from 1 clip and suggest"
    assert next_step(12, 34, suggested=True) == "Learn from 34 clips and suggest again"


def test_the_curve_promises_no_more_than_it_shows() -> None:
    assert worth(()) == ""
    nothing_held_out = replace(learned(4, 0.0), accuracy=math.nan)
    assert "Too little is labelled" in worth([nothing_held_out])
    first = learned(20, 0.60)
    assert worth([first]).startswith("60 % (55 to 65) right in unseen recordings.")
    people = replace(first, over="people")
    assert worth([people]).startswith("60 % (55 to 65) right for unseen people.")
    assert "learned from these recordings itself" in worth([first, replace(people, known=True)])
    assert "from 30 clips on" in worth([first, learned(25, 0.9)])  # five clips say nothing
    assert worth([first, learned(40, 0.80)]).endswith("+20 points over the last 20 clips.")
    by_chance = worth([learned(20, 0.60, 0.2), learned(40, 0.66, 0.2)])
    assert by_chance.endswith("+6 points over the last 20 clips, which may be chance.")
    assert "more of the same hardly helps" in worth([first, learned(40, 0.605)])
    assert "20 clips, 3 labels · 60 % (55 to 65)" in point_text(first)


# ---- what is kept


def test_what_was_seen_stays_and_damage_is_passed_over(tmp_path: Path) -> None:
    note_put(tmp_path, "room", 2.0)
    note_put(tmp_path, "room", 3.5)
    note_kept(tmp_path, "a", "wave", stays=True)
    note_kept(tmp_path, "b", "wave", stays=True)
    with (tmp_path / "seen.jsonl").open("ab") as file:
        file.write(b'{"put": \n[1]\n{"kept": "c"}\n')
    note_kept(tmp_path, "b", "wave", stays=False)
    seen = load_seen(tmp_path)
    assert seen.put == {"room": 3.5}
    assert seen.kept == {("a", "wave")}
    assert load_seen(tmp_path / "none").put == {}


def test_the_queue_tells_what_waits_and_what_is_settled(tmp_path: Path) -> None:
    project = tiny(tmp_path / "project")
    half, two = SECOND_NS // 2, 2 * SECOND_NS
    sure = Suggestion(0, half, "falling", "", 0.9, "throw", 0.05, rarity=0.2)
    unsure = Suggestion(half, two, "throw", "", 0.4, "falling", 0.35, rarity=0.9)
    suggest(project, "fall-s01", sure)
    suggest(project, "fall-s02", sure, unsure)
    suggest(project, "kick-s01", unsure)
    suggest(project, "kick-s02", sure)
    say(project, "kick-s01", Clip(half, two, "kicking something"))  # says what was suggested
    say(project, "kick-s02", done=True)
    folder = suggestions_folder(project.folder, ME)
    add_learned(folder, learned(20, 0.6))
    reader = HelpReader()
    helped = reader.read(project, ME, never_hidden, lambda: False)
    assert [(one.recording, one.open, one.finished) for one in helped.waiting] == [
        ("fall-s01", 1, False), ("fall-s02", 2, False), ("kick-s01", 0, True),
        ("kick-s02", 1, True),
    ]  # fmt: skip
    assert (helped.recordings, len(helped.curve), helped.hidden) == (4, 1, 0)
    assert helped.labelled == 4  # what alice and bob say alike is one; and one of one's own
    names = [one.recording for one in in_order(helped.waiting, "uncertainty")]
    assert names == ["fall-s02", "fall-s01", "kick-s02", "kick-s01"]  # finished ones last
    assert in_order(helped.waiting, "rarity")[0].recording == "fall-s02"
    note_put(folder, "fall-s01", 10.0)  # but nothing lies in the labels: it was undone
    path = suggestions_path(project.folder, ME, "fall-s02")
    path.write_text("{")
    again = reader.read(project, ME, never_hidden, lambda: False)
    assert [one.recording for one in again.waiting if not one.finished] == []
    assert "fall-s02" in again.problems[0]
    blind = reader.read(project, ME, lambda _name, done: "" if done else "blind", lambda: False)
    assert ([one.recording for one in blind.waiting], blind.hidden) == (["kick-s02"], 3)
    assert blind.labelled == 2  # one's own, and those of the recording that is done


# ---- in the window


@pytest.fixture
def studio(window, tmp_path: Path) -> StudioUnderTest:
    window.session.settings.annotator = ME
    made = StudioUnderTest(window, window.session)
    project = tiny(tmp_path / "project")
    one = Suggestion(300_000_000, 1_200_000_000, "falling", "", 0.8, "throw", 0.1)
    for name in FOUR:
        suggest(project, name, one)
    return made


def test_the_queue_opens_puts_and_goes_to_the_first(studio: StudioUnderTest, tmp_path) -> None:
    window, session, helping = studio.window, studio.session, studio.window.helping
    studio.open(tmp_path / "project")
    assert not helping.is_panel_seen()
    assert window.proposals.open() == []  # nothing comes to who does not look
    window.commands.run("view.suggest")
    until(lambda: window.proposals.open(), what="what is new is put when one looks")
    assert session.recording.name == "fall-s01"
    until(lambda: helping.run_in_use.known, what="the runs that can look")
    assert helping.run_in_use.chosen.name == "joints-any-sensor"
    page = helping.panel.pages["suggest"]
    until(lambda: page.count.text() == "4 of 4 wait")
    window.commands.run("suggest.next_recording")
    until(lambda: session.recording.name == "fall-s02" and session.selection is not None)
    assert window.proposals.is_open(session.selection)
    studio.key("enter")
    until(lambda: page.count.text() == "3 of 4 wait", what="the finished one is ticked")
    assert [clip.origin for clip in session.document.tier(ME).clips] == [Origin.ACCEPTED]
    assert [row.key for row in page.list.rows.rows if row.ticked] == ["fall-s02"]
    folder = suggestions_folder(tmp_path / "project", ME)
    until(lambda: len(load_seen(folder).put) == 2)
    window.commands.run("proposal.by_uncertainty")
    until(lambda: page.order.text() == "Least sure")


def test_what_is_new_leaves_the_proposal_in_hand_alone(studio: StudioUnderTest, tmp_path) -> None:
    window, session, looping = studio.window, studio.session, studio.window.helping.looping
    studio.open(tmp_path / "project")
    window.commands.run("view.suggest")
    until(lambda: window.proposals.open())
    window.proposals.next()
    studio.key("ctrl+right", 4)
    mended, put = window.proposals.current(), looping.helped.seen.put["fall-s01"]
    other = Suggestion(1_500_000_000, 2_000_000_000, "throw", "", 0.9)
    project = session.project
    suggest(project, "fall-s01", other, made=put + 1)
    looping.read()
    until(lambda: looping.held)
    assert window.proposals.current() == mended
    assert session.selection == mended.id
    assert window.proposals.accept()  # settles it, and with none left the hands are free
    until(lambda: [clip.label for clip in window.proposals.open()] == ["throw"])
    assert [(c.start_ns, c.end_ns) for c in session.document.tier(ME).clips] == [
        (mended.start_ns, mended.end_ns)
    ]


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_network_suggests_what_is_put(window, tmp_path: Path) -> None:
    window.session.settings.annotator = ME
    tiny(tmp_path / "project", ("fall-s01", "fall-s02"))
    studio, looping = StudioUnderTest(window, window.session), window.helping.looping
    studio.open(tmp_path / "project")
    window.commands.run("suggest.step")  # the panel was not seen yet, nothing was read
    until(lambda: looping.job.busy, SECONDS)
    until(lambda: not looping.job.busy, SECONDS)
    assert looping.job.problem == ""
    assert looping.problems == ()
    until(lambda: window.proposals.open(), what="they are put into what is open")
    until(lambda: len(looping.waiting) == 2)
    assert all(one.suggestions.annotator == ME for one in looping.waiting)


@pytest.mark.skipif(sys.platform == "win32", reason="kills the worker by a signal of POSIX")
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_whole_loop_with_weights_from_the_box(studio: StudioUnderTest, tmp_path) -> None:
    window, session, helping = studio.window, studio.session, studio.window.helping
    shutil.rmtree(tmp_path / "project" / "suggestions")
    studio.open(tmp_path / "project")
    window.commands.run("view.suggest")
    looping, pages = helping.looping, helping.panel.pages
    until(lambda: looping.step_words() == "Learn from 4 clips and suggest")
    assert "Learn from 4 clips" in pages["suggest"].step.text()
    window.commands.run("suggest.step")
    until(lambda: looping.job.busy and looping.job.record.state == "running", SECONDS)
    os.kill(worker_of(window), signal.SIGKILL)
    until(lambda: not looping.job.busy, SECONDS)
    assert "killed" in looping.job.problem
    for times in (1, 2):
        window.commands.run("suggest.step")
        until(lambda: looping.job.busy, SECONDS)
        until(lambda: not looping.job.busy, SECONDS)
        assert looping.job.problem == ""
        until(lambda n=times: len(looping.helped.curve) == n)
        if times == 1:
            until(lambda: window.proposals.open())
            window.proposals.next()
            studio.key("enter")
    assert [one.clips >= 4 for one in pages["suggest"].curve.points] == [True, True]
    own = session.document.tier(ME).clips[0]
    session.select(own.id)
    window.commands.run("suggest.alike")
    until(lambda: helping.alike.found is not None, SECONDS)
    assert [one.distance for one in helping.alike.found] == sorted(
        one.distance for one in helping.alike.found
    )
    other = next(one for one in helping.alike.found if one.recording != session.recording.name)
    written: list[bool] = []
    helping.alike.proposed.connect(lambda: written.append(True))
    helping.alike.propose([other], "throw")
    until(lambda: written)
    helping.alike.go(other)
    until(lambda: window.labelling.mark_in_ns is not None, SECONDS)
    assert session.recording.name == other.recording
    assert "throw" in [clip.label for clip in proposals_tier(session.document).clips]
    window.commands.run("suggest.audit")
    until(lambda: helping.audit.checked is not None and not helping.audit.job.busy, SECONDS)
    assert helping.audit.checked == 7


def worker_of(window) -> int:
    """The process that does the jobs of this window."""
    asked = ["pgrep", "-P", str(os.getpid()), "-f", "harstudio.jobs.worker"]
    return int(subprocess.run(asked, capture_output=True, text=True, check=True).stdout.split()[0])
