"""Policy, assignments and pseudonyms: files that several people change."""

from __future__ import annotations

import threading
import tomllib
from collections import Counter
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest

from harstudio.errors import ConflictError, DataError, HarstudioError, UsageError
from harstudio.labels.agreement import measure_all
from harstudio.labels.agreement.reading import read_compared
from harstudio.labels.editing.edits import AddClip, AddTier, Group, MarkDone
from harstudio.labels.interchange.base import Bundle, Labelled, Media
from harstudio.labels.keeping import shared_file
from harstudio.labels.keeping.lock import Lock
from harstudio.labels.model import Clip, Document, Tier, TierRules
from harstudio.labels.project import Project
from harstudio.labels.team.after_done import changed_after_done
from harstudio.labels.team.assignments import Assignments, assign, deal, distribute
from harstudio.labels.team.policy import GOLD, Policy
from harstudio.labels.team.pseudonyms import Pseudonyms, add_subject

STRICT = Policy(True, ("lead",), True, True, ("a1_s1_t1",))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project.create(tmp_path / "p", "P")


# ---- policy


def test_a_policy_is_kept_and_nothing_else_of_the_file_is_lost(project: Project) -> None:
    path = project.folder / "project.toml"
    path.write_text(
        path.read_text("utf-8") + '\nours = 3\n\n[policy]\nblind = true\nnewer = "x"\n', "utf-8"
    )
    project = Project.open(project.folder)
    assert project.policy == Policy(blind=True)
    project.set_policy(STRICT)
    assert project.policy == Project.open(project.folder).policy == STRICT
    project.set_policy(Policy())
    about = tomllib.loads(path.read_text("utf-8"))
    assert (about["ours"], about["policy"], about["name"]) == (3, {"newer": "x"}, "P")


def test_two_people_change_a_policy(project: Project) -> None:
    other = Project.open(project.folder)
    other.set_policy(Policy(blind=True, reviewers=("lead",)))
    project.set_policy(Policy(training=("a1_s1_t1",)))
    assert project.policy == Policy(True, ("lead",), training=("a1_s1_t1",))
    assert Project.open(project.folder).policy == project.policy
    other.set_policy(Policy(reviewers=("lead",)))
    assert Project.open(project.folder).policy == Policy(False, ("lead",), training=("a1_s1_t1",))
    other.set_policy(Policy(reviewers=("boss",), training=("a1_s1_t1", "b")))
    project.set_policy(Policy(True, ("lead",), training=("c",)))
    assert project.policy == Policy(False, ("boss",), training=("b", "c"))


def test_who_sees_and_who_is_trained() -> None:
    assert Policy().sees_others("bob")
    assert [STRICT.sees_others(who) for who in ("bob", "lead")] == [False, True]
    assert [STRICT.trains("a1_s1_t1", who) for who in ("bob", GOLD)] == [True, False]
    assert not STRICT.trains("a1_s1_t2", "bob")


@pytest.mark.parametrize("text", ["blind = 1", "training = [3]", 'reviewers = "x"'])
def test_a_wrong_policy_is_told(project: Project, text: str) -> None:
    path = project.folder / "project.toml"
    path.write_text(path.read_text("utf-8") + f"\n[policy]\n{text}\n", "utf-8")
    with pytest.raises(DataError, match=r"project\.toml.*damaged"):
        Project.open(project.folder)


def test_a_policy_that_cannot_be_kept_does_not_hold(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_file, "PATIENCE_S", 0.0)
    lock = Lock(project.folder / "project.lock")
    with pytest.raises(ConflictError, match=r"project\.toml"):
        project.set_policy(STRICT)
    lock.release()
    assert project.policy == Policy()
    assert not list(project.folder.glob("*.lock"))


# ---- assignments

RECORDINGS = [f"r{number}" for number in range(40)]


@pytest.mark.parametrize("people", [2, 3, 5])
@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_recordings_are_dealt_evenly(people: int, share: float) -> None:
    names = [f"a{number}" for number in range(people)]
    dealt = distribute(RECORDINGS, names, share, seed=7)
    assert list(dealt) == RECORDINGS
    assert sum(len(who) == 2 for who in dealt.values()) == round(share * 40)
    assert all(len(set(who)) == len(who) >= 1 for who in dealt.values())
    load = Counter(one for who in dealt.values() for one in who)
    assert max(load.values()) - min(load.values()) <= 1
    if share == 1:
        pairs = Counter(frozenset(who) for who in dealt.values())
        assert set(pairs) == {frozenset(pair) for pair in combinations(names, 2)}
    again = distribute(reversed(RECORDINGS), names, share, seed=7)
    assert again == dealt
    if share < 1:
        assert distribute(RECORDINGS, names, share, seed=8) != dealt


def test_what_is_dealt_already_stays_and_counts() -> None:
    there = Assignments({f"r{number}": ("alice",) for number in range(4)})
    dealt = distribute(RECORDINGS[:8], ["alice", "bob"], existing=there)
    assert dealt == {f"r{number}": ("bob",) for number in range(4, 8)}


def test_dealing_to_nobody_is_refused() -> None:
    with pytest.raises(UsageError, match="at least one"):
        distribute(["r"], [])
    with pytest.raises(UsageError, match="two annotators"):
        distribute(["r"], ["alice", "alice"], 1.0)
    with pytest.raises(UsageError, match="0 to 1"):
        distribute(["r"], ["alice", "bob"], 3)


def test_assignments_of_several_people_at_once_are_all_kept(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_file, "PATIENCE_S", 30.0)  # of a slow machine

    def give(name: str) -> None:
        for number in range(5):
            assign(project.folder, {f"{name}{number}": [name]})

    threads = [threading.Thread(target=give, args=(name,)) for name in ("alice", "bob", "carol")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = Assignments.load(project.folder)
    assert len(found.by_recording) == 15
    assert found.everybody() == ("alice", "bob", "carol")
    assert set(found.of("bob")) == {f"bob{number}" for number in range(5)}
    after = assign(project.folder, {"bob0": ["alice", "bob", "alice"], "bob1": []})
    assert after == Assignments.load(project.folder)
    assert (after.annotators("bob0"), after.annotators("bob1")) == (("alice", "bob"), ())


@pytest.mark.parametrize("text", ["recordings = 3", 'recordings = {r = "bob"}', "recordings"])
def test_damaged_assignments_are_told_and_kept(project: Project, text: str) -> None:
    path = project.folder / "assignments.toml"
    path.write_text(text)
    for attempt in (Assignments.load, lambda folder: assign(folder, {"r": ["bob"]})):
        with pytest.raises(DataError, match=r"assignments\.toml.*damaged"):
            attempt(project.folder)
    assert path.read_text() == text


def test_what_cannot_be_written_is_told(project: Project, tmp_path: Path) -> None:
    assign(project.folder, {"r": ["bob"]})
    with pytest.raises(UsageError, match=r"assignments\.toml.*no text"):
        assign(project.folder, {"caf\udce9": ["bob"]})
    assert Assignments.load(project.folder).of("bob") == ("r",)
    (tmp_path / "file").write_text("")
    with pytest.raises(HarstudioError, match="cannot be written"):
        assign(tmp_path / "file", {"r": ["bob"]})


# ---- pseudonyms


def test_pseudonyms_are_stable(project: Project) -> None:
    assert not Pseudonyms.load(project.folder)
    assert add_subject(project.folder, "Anna Meier") == "P01"
    assert add_subject(project.folder, "Jon") == "P02"
    assert add_subject(project.folder, "Anna Meier") == "P01"
    assert add_subject(project.folder, "meier", same_as="P01") == "P01"
    assert add_subject(project.folder, "王伟") == "P03"
    found = Pseudonyms.load(project.folder)
    assert found.name_of("P01") == "Anna Meier"
    assert found.name_of("P09") == ""
    for name, same_as in (("", ""), ("_x", ""), ("Eve", "P07")):
        with pytest.raises(UsageError):
            add_subject(project.folder, name, same_as)
    assert "/subjects.toml" in (project.folder / ".gitignore").read_text().splitlines()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("anna-meier_squat", "P01_squat"),
        ("AnnaMeierSquat", "P01Squat"),
        ("ANNA  MEIER, 2. Versuch", "P01, 2. Versuch"),
        ("Jonas and jon", "Jonas and P02"),
        ("JON2", "P02_2"),
        ("a1_s1_t1 a1_s10_t1", "a1_P04_t1 a1_s10_t1"),
        ("王伟走路", "P03走路"),
        ("Zoe\u0308 squats", "P05 squats"),
        ("nothing", "nothing"),
    ],
)
def test_names_are_found_however_they_are_written(text: str, shown: str) -> None:
    names = ["Anna Meier", "Jon", "王伟", "s1", "Zoë"]
    pseudonyms = Pseudonyms({name: f"P0{place + 1}" for place, name in enumerate(names)})
    assert pseudonyms.shown(text) == shown
    assert pseudonyms.hidden_in(shown, ["else", text]) == [text]


def test_a_bundle_for_export_names_nobody() -> None:
    clip = Clip(0, 5, "squat", "Jon", comment="jon fell", attributes={"who": "Jon", "reps": 3})
    tiers = [Tier("alice", [clip]), Tier("Jon", [], TierRules(person="Jon"))]
    document = Document("jon_1", "alice", tiers, kept={"elan": "<TIER PARTICIPANT='Jon'/>"})
    media = (Media("color", "media/Jon_1.mp4"),)
    bundle = Bundle((Labelled("jon_1", (document,), media=media),))
    hidden = Pseudonyms({"Jon": "P02"}).bundle(bundle)
    assert "jon" not in repr(hidden).casefold()
    [labelled] = hidden.recordings
    assert (labelled.recording, labelled.media[0].path) == ("P02_1", "media/P02_1.mp4")
    assert labelled.documents[0].tiers[0].clips[0].attributes == {"who": "P02", "reps": 3}
    assert labelled.documents[0].find(clip.id)[1].person == "P02"
    assert "jon" in repr(bundle).casefold()


def test_a_stale_view_takes_nothing_from_others(project: Project) -> None:
    """Both look at one state; what the first writes stays when the second does."""
    seen = assign(project.folder, {"r": ["alice"], "s": ["alice"]})
    assign(project.folder, {"r": ["alice", "carol"], "s": []}, seen)
    after = assign(project.folder, {"r": ["alice", "dan"], "s": ["alice", "eve"]}, seen)
    assert after.by_recording == {"r": ("alice", "carol", "dan"), "s": ("eve",)}
    assert deal(project.folder, ("r", "s", "t"), ("bob",))[1] == 1
    after, count = deal(project.folder, ("r", "s", "t", "u"), ("frank",))
    assert (after.annotators("t"), after.annotators("u"), count) == (("bob",), ("frank",), 1)


def test_labels_changed_after_done_are_told_where_annotation_is_blind(project: Project) -> None:
    project.set_policy(Policy(blind=True, reviewers=("rita",)))
    for who in ("alice", "bob", "rita"):
        history = project.history("r", who)
        history.do(Group("made", (AddTier(who), AddClip(who, Clip(0, 10, "x")))))
        history.do(MarkDone(True))
        history.undo()
        if who != "bob":
            history.do(AddClip(who, Clip(20, 30, "y")))
        history.do(MarkDone(True))
        history.close()
    assert changed_after_done(project, "r") == ("alice",)
    found = measure_all(read_compared(project, ["r"], on_problem=print))
    assert "1 document was changed" in found.remarks[0]
    assert "alice's of “r”" in found.remarks[0]
    project.set_policy(replace(project.policy, blind=False))
    assert changed_after_done(project, "r") == ()


def test_a_policy_that_others_changed_is_read_again(project: Project) -> None:
    Project.open(project.folder).set_policy(Policy(blind=True))
    assert project.read_policy().blind
    assert project.policy.blind
