"""Labels renamed and merged in all documents of a project: wholly, or not at all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harstudio.errors import ConflictError, DataError, HarstudioError, UsageError
from harstudio.labels.editing.edits import AddClip, AddTier
from harstudio.labels.keeping import renaming
from harstudio.labels.keeping.history import History
from harstudio.labels.keeping.renaming import (
    OpenHere,
    Rewritten,
    merge_labels,
    rename_label,
    rewrite_labels,
)
from harstudio.labels.label_sets.attributes import Attribute
from harstudio.labels.label_sets.label_set import Label, LabelSet
from harstudio.labels.model import Clip
from harstudio.labels.project import Project

NAMES = ("walk", "run", "sit")
RECORDINGS = ("one", "two", "three")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    labels = (Label("walk"), Label("run", parent="walk"), Label("sit"), Label("jog", parent="run"))
    asked = (Attribute("speed", "number", labels=("run", "jog")),)
    project = Project.create(
        tmp_path / "p", "p", label_set=LabelSet("set", labels, attributes=asked)
    )
    for recording in RECORDINGS:
        for annotator in ("alice", "bob"):
            history = project.history(recording, annotator)
            history.do(AddTier("t"))
            for number in range(6):
                clip = Clip(number * 10, number * 10 + 10, NAMES[number % 3])
                history.do(AddClip("t", clip))
            history.close()
    return project


def said(project: Project) -> set[str]:
    return {
        clip.label
        for recording in RECORDINGS
        for document in project.documents(recording)
        for tier in document.tiers
        for clip in tier.clips
    }


def quietly(_percent: int) -> None:
    pass


def never() -> bool:
    return False


def leftovers(project: Project) -> list[str]:
    """Files that say that something is under way."""
    names = {path.name for path in project.folder.rglob("*")}
    return sorted(n for n in names if n.startswith("renaming") or n.endswith((".lock", ".tmp")))


def test_a_renamed_label_is_so_everywhere_and_can_be_undone(project: Project) -> None:
    told: list[int] = []
    done = rename_label(project, "run", "sprint", told.append, never)
    assert done is not None
    assert (done.clips, done.documents) == (12, 6)
    assert told == sorted(told)
    assert told[-1] == 100
    again = Project.open(project.folder)
    assert said(again) == {"walk", "sprint", "sit"}
    assert [label.name for label in again.label_set.labels] == ["walk", "sprint", "sit", "jog"]
    jog = again.label_set.find("jog")
    assert jog is not None
    assert jog.parent == "sprint"
    assert again.label_set.attributes[0].labels == ("sprint", "jog")
    assert again.problems == ()
    assert leftovers(project) == []
    history = again.history("one", "bob")
    newest = history.versions()[0]
    assert newest.title == "Rename “run” to “sprint”"
    history.restore(newest.revision - 1)
    assert {clip.label for clip in history.document.tiers[0].clips} == set(NAMES)
    history.close()


def test_merged_labels_become_one(project: Project) -> None:
    merge_labels(project, ["run", "sit"], "walk")
    assert said(project) == {"walk"}
    assert [label.name for label in project.label_set.labels] == ["walk", "jog"]
    walk, jog = project.label_set.labels
    assert walk.synonyms == ("run", "sit")
    assert jog.parent == "walk"
    assert project.label_set.attributes[0].labels == ("walk", "jog")


def test_names_are_exchanged_at_once(project: Project) -> None:
    before = [[c.label for c in d.tiers[0].clips] for d in project.documents("two")]
    names = {"walk": "run", "run": "walk"}
    rewrite_labels(project, names, project.label_set, quietly, never)
    after = [[c.label for c in d.tiers[0].clips] for d in project.documents("two")]
    assert after == [[names.get(label, label) for label in row] for row in before]


def test_a_document_that_is_open_refuses_it(project: Project) -> None:
    held = project.history("two", "bob")
    with pytest.raises(ConflictError, match="another window") as caught:
        rename_label(project, "run", "sprint", quietly, never)
    assert "two" in str(caught.value)
    held.close()
    assert said(project) == set(NAMES)
    assert leftovers(project) == []


def test_a_document_that_is_open_here_keeps_its_undo(project: Project) -> None:
    held = project.history("two", "bob")
    held.do(AddClip("t", Clip(100, 110, "run")))
    names, label_set = {"run": "sprint"}, LabelSet.of("set", ["walk", "sprint", "sit"])
    stopped = OpenHere(held, lambda _function: None)
    assert rewrite_labels(project, names, label_set, quietly, never, here=stopped) is None
    assert said(project) == set(NAMES)
    assert leftovers(project) == [held.path.with_suffix(".lock").name]
    here = OpenHere(held, lambda function: function())
    done = rewrite_labels(project, names, label_set, quietly, never, here=here)
    assert done == Rewritten(13, 6)
    assert said(project) == {"walk", "sprint", "sit"}
    assert held.undo_title == "Rename “run” to “sprint”"
    for _ in range(2):
        held.undo()
    assert [clip.label for clip in held.document.tiers[0].clips] == [*NAMES, *NAMES]
    held.close()


def test_a_damaged_document_refuses_it(project: Project) -> None:
    path = project.folder / "labels" / "two" / "bob.json"
    path.write_bytes(b"[")
    with pytest.raises(DataError, match=r"bob\.json"):
        rename_label(project, "run", "sprint", quietly, never)
    path.unlink()
    assert said(project) == set(NAMES)


def test_what_cannot_be_renamed_is_refused_in_words(project: Project) -> None:
    with pytest.raises(UsageError, match="no label “fly”"):
        rename_label(project, "fly", "soar", quietly, never)
    with pytest.raises(UsageError, match="Merge the two labels"):
        rename_label(project, "run", "walk", quietly, never)
    with pytest.raises(UsageError, match="no label “fly”"):
        merge_labels(project, ["fly"], "walk")


@pytest.mark.parametrize("after", [2, 9])
def test_cancelled_while_it_looks_or_writes_nothing_is_changed(
    project: Project, after: int
) -> None:
    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked > after

    assert rename_label(project, "run", "sprint", quietly, cancelled) is None
    again = Project.open(project.folder)
    assert said(again) == set(NAMES)
    assert again.label_set.find("run") is not None
    assert again.problems == ()
    assert leftovers(project) == []


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("document", range(7))
def test_what_a_kill_interrupts_is_finished_at_the_next_opening(
    project: Project, monkeypatch: pytest.MonkeyPatch, document: int, swapped: bool
) -> None:
    """The kill comes before this document, or (the seventh) before the label set."""

    class Killed(BaseException):
        pass

    count = 0
    relabel = renaming._relabel

    def killed_at(history: History, intent: object) -> int:
        nonlocal count
        count += 1
        if count > document:
            raise Killed
        return relabel(history, intent)

    def killed(*args: object) -> None:
        raise Killed

    before = {r: [d.copy() for d in project.documents(r)] for r in RECORDINGS}
    names = {"run": "walk", "walk": "run"} if swapped else {"run": "sprint"}
    label_set = project.label_set
    if not swapped:
        run = label_set.labels[1]
        labels = (label_set.labels[0], replace(run, name="sprint"), label_set.labels[2])
        label_set = LabelSet("set", labels)
    with monkeypatch.context() as patch:
        patch.setattr(renaming, "_relabel", killed_at)
        patch.setattr(renaming, "_keep_label_set", killed)
        patch.setattr(History, "close", lambda history: history._release())
        with pytest.raises(Killed):
            rewrite_labels(project, names, label_set, quietly, never)
    again = Project.open(project.folder)
    assert "is finished now" in again.problems[0]
    for recording in RECORDINGS:
        for old, new in zip(before[recording], again.documents(recording), strict=True):
            expected = [names.get(c.label, c.label) for c in old.tiers[0].clips]
            assert [clip.label for clip in new.tiers[0].clips] == expected
    assert again.label_set == label_set
    assert leftovers(project) == []
    assert Project.open(project.folder).problems == ()


def test_what_cannot_be_finished_yet_waits_and_says_so(project: Project) -> None:
    held = project.history("one", "alice")
    intent = renaming.Intent({"run": "sprint"}, renaming.digest(project.label_set_path), {})
    intent.write(project.folder / renaming.INTENT)
    assert "another window" in Project.open(project.folder).problems[0]
    held.close()
    again = Project.open(project.folder)
    assert "is finished now" in again.problems[0]
    assert said(again) == {"walk", "sprint", "sit"}
    assert again.label_set.find("sprint") is not None


def test_a_damaged_intent_is_set_aside_and_told(project: Project) -> None:
    (project.folder / renaming.INTENT).write_bytes(b"{")
    again = Project.open(project.folder)
    assert "renaming.damaged-1.json" in again.problems[0]
    assert Project.open(project.folder).problems == ()


def test_a_failure_in_between_takes_back_what_was_done(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    relabel, count = renaming._relabel, 0

    def fail(history: History, intent: object) -> int:
        nonlocal count
        count += 1
        if count == 4:
            raise HarstudioError("The labels cannot be written (No space left on device).")
        return relabel(history, intent)

    monkeypatch.setattr(renaming, "_relabel", fail)
    with pytest.raises(HarstudioError, match="No space left"):
        rename_label(project, "run", "sprint", quietly, never)
    assert said(project) == set(NAMES)
    assert leftovers(project) == []
