"""Projects: layout, annotators apart, damaged ones told, private projects."""

from __future__ import annotations

import json
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from harstudio.errors import ConflictError, DataError, HarstudioError, MissingError, UsageError
from harstudio.labels.editing import clip_edits
from harstudio.labels.label_sets.label_set import Label, LabelSet, bundled_label_set
from harstudio.labels.model import Clip
from harstudio.labels.project import Project, is_project

NAMES = ["a1_s1_t1", "日本語", "con", "a/b", "A1_S1_T1", "..", "x.journal", "x"]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project.create(tmp_path / "my project", "Übung")


def say(project: Project, recording: str, annotator: str, label: str) -> None:
    history = project.history(recording, annotator)
    history.do(clip_edits.place(history.document, annotator, Clip(0, 100, label)))
    history.close()


def said(project: Project, recording: str) -> dict[str, list[str]]:
    return {
        document.annotator: [clip.label for tier in document.tiers for clip in tier.clips]
        for document in project.documents(recording)
    }


def test_create_and_open(project: Project) -> None:
    assert is_project(project.folder)
    assert is_project(project.folder / "project.toml")
    assert not is_project(project.folder / "labels")
    again = Project.open(project.folder)
    assert (again.name, again.label_set) == ("Übung", project.label_set)
    assert again.recording_folders == (project.folder / "recordings",)
    assert Project.open(project.folder / "project.toml").folder == project.folder
    with pytest.raises(UsageError, match="already"):
        Project.create(project.folder, "x")


def test_annotators_have_files_of_their_own(project: Project) -> None:
    say(project, "r", "alice", "drink")
    say(project, "r", "bob", "wave")
    assert said(project, "r") == {"alice": ["drink"], "bob": ["wave"]}
    assert project.annotators("r") == ["alice", "bob"]
    assert project.annotators("other") == []
    assert project.documents("other") == []
    files = sorted(p.name for p in (project.folder / "labels" / "r").glob("*.json"))
    assert files == ["alice.json", "bob.json"]


def test_unsaved_edits_of_others_are_seen(project: Project) -> None:
    history = project.history("r", "alice")
    history.do(clip_edits.place(history.document, "alice", Clip(0, 100, "drink")))
    assert said(project, "r") == {"alice": ["drink"]}
    assert project.annotators("r") == ["alice"]
    assert project.labelled_recordings() == ["r"]
    with pytest.raises(ConflictError):
        project.history("r", "alice")
    history.close()


@pytest.mark.parametrize("recording", NAMES)
@pytest.mark.parametrize("annotator", NAMES)
def test_any_name_will_do(project: Project, recording: str, annotator: str) -> None:
    say(project, recording, annotator, "x")
    assert said(project, recording) == {annotator: ["x"]}
    [file] = (project.folder / "labels").rglob("*.json")
    assert file.parent.parent == project.folder / "labels"
    assert all(p.parent == file.parent for p in file.parent.parent.rglob("*") if p.is_file())
    assert project.labelled_recordings() == [recording]
    assert project.document_paths(recording) == [(annotator, file)]


def test_all_names_at_once(project: Project) -> None:
    for recording in NAMES:
        for annotator in NAMES:
            say(project, recording, annotator, f"{recording} by {annotator}")
    for recording in NAMES:
        assert said(project, recording) == {a: [f"{recording} by {a}"] for a in NAMES}
    assert len({p.name.casefold() for p in (project.folder / "labels").iterdir()}) == len(NAMES)
    assert project.labelled([*NAMES, "never"]) == set(NAMES)
    assert project.labelled_recordings() == sorted(NAMES)


def test_a_damaged_document_is_told_and_the_others_go_on(project: Project) -> None:
    for annotator in ("alice", "bob", "carol"):
        say(project, "r", annotator, "x")
    damaged = project.folder / "labels" / "r" / "bob.json"
    damaged.write_text("{")
    with pytest.raises(DataError, match=r"bob\.json"):
        project.documents("r")
    problems: list[HarstudioError] = []
    documents = project.documents("r", problems.append)
    assert [document.annotator for document in documents] == ["alice", "carol"]
    assert [problem.path for problem in problems] == [damaged]
    assert [one.annotator for one in project.documents("r", but="bob")] == ["alice", "carol"]
    assert project.annotators("r") == ["alice", "bob", "carol"]


def test_private_projects_are_found_again(tmp_path: Path, home: Path) -> None:
    recordings = tmp_path / "Depth"
    recordings.mkdir()
    assert Project.find_private(recordings) is None
    private = Project.private_for(recordings, "utd-mhad")
    assert private.folder.is_relative_to(home)
    assert private.label_set.name == "UTD-MHAD"
    assert private.recording_folders == (recordings,)
    say(private, "a1_s1_t1", "alice", "wave")
    again = Project.private_for(tmp_path / "x" / ".." / "Depth")
    assert said(again, "a1_s1_t1") == {"alice": ["wave"]}
    found = Project.find_private(recordings)
    assert found is not None
    assert found.folder == private.folder
    other = tmp_path / "other" / "Depth"
    assert Project.private_for(other).folder != private.folder


def test_label_set_of_a_project_can_change(project: Project) -> None:
    project.set_label_set(LabelSet.of("mine", ["a", "b"]))
    assert Project.open(project.folder).label_set == LabelSet.of("mine", ["a", "b"])


def test_a_label_set_that_is_exchanged_is_put_away_and_taken_back(project: Project) -> None:
    mine = LabelSet("own labels", (Label("wave", definition="until the hand rests"),))
    project.set_label_set(mine)
    ntu = bundled_label_set("ntu60")
    assert project.exchange_label_set(ntu) == mine
    again = Project.open(project.folder)
    assert again.put_away.sets == (mine,)
    other = LabelSet("own labels", (Label("clap"),))
    assert again.exchange_label_set(other) is None  # the program has the other one
    assert again.exchange_label_set(ntu) == replace(other, name="own labels 2")
    assert again.exchange_label_set(mine) is None
    assert again.label_set == mine
    sets = Project.open(project.folder).put_away.sets
    assert [(one.name, one.labels) for one in sets] == [("own labels 2", other.labels)]
    assert again.exchange_label_set(mine.with_label("jump")) is None  # nothing is lost


def test_documents_of_other_programs_are_known_by_what_they_say(project: Project) -> None:
    """JSON in one line, as another program writes it; a damaged one counts by its names."""
    say(project, "r/1", "alice/x", "drink")
    [path] = (project.folder / "labels").rglob("*.json")
    path.write_text(json.dumps(json.loads(path.read_text("utf-8"))), "utf-8")
    assert project.labelled_recordings() == ["r/1"]
    assert project.annotators("r/1") == ["alice/x"]
    path.write_text("{", "utf-8")
    assert project.annotators("r/1") == [path.stem]
    assert project.labelled_recordings() == [path.parent.name]


@pytest.mark.parametrize(
    "text", ["name = ", "name = 3", "recordings = [3]", "version = 99", "label_set = []"]
)
def test_a_damaged_project_file_is_named(project: Project, text: str) -> None:
    path = project.folder / "project.toml"
    path.write_text(text)
    with pytest.raises(DataError, match=r"project\.toml.*damaged"):
        Project.open(project.folder)
    assert path.read_text() == text


def test_no_project(tmp_path: Path) -> None:
    with pytest.raises(MissingError):
        Project.open(tmp_path)


def test_project_file_is_relative(project: Project) -> None:
    about = tomllib.loads((project.folder / "project.toml").read_text("utf-8"))
    assert about == {
        "version": 1,
        "name": "Übung",
        "recordings": ["recordings"],
        "label_set": "labels.toml",
    }


def test_a_label_set_that_somebody_else_changed_is_not_overwritten(tmp_path: Path) -> None:
    mine = Project.create(tmp_path / "p", "p", label_set=LabelSet.of("set", ["wave"]))
    theirs = Project.open(mine.folder)
    theirs.set_label_set(theirs.label_set.with_label("clap"))
    assert mine.label_set_is_stale()
    with pytest.raises(ConflictError):
        mine.set_label_set(mine.label_set.with_label("walk"))
    mine.set_label_set(mine.read_label_set().with_label("walk"))
    assert [la.name for la in Project.open(mine.folder).label_set.labels] == [
        "wave", "clap", "walk",
    ]  # fmt: skip
    theirs.set_label_set(LabelSet.of("set", ["wave"]), over=True)
    assert len(Project.open(mine.folder).label_set.labels) == 1
