"""The dots of the library: how far recordings are labelled, whoever labelled them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harstudio.labels.editing.edits import AddClip, AddTier, Group
from harstudio.labels.model import Clip, Document, Tier
from harstudio.labels.project import Project
from harstudio.resources import resource
from harstudio.studio.panels.library_model import IN_PROGRESS, LABELLED, UNLABELLED
from harstudio.studio.panels.library_scan import list_contents, state_of
from harstudio.studio.window import MainWindow

OPEN_MS = 20_000
SECOND = 1_000_000_000
NAMES = ("clap-s01", "clap-s02", "drink-s01")


def label(project: Project, recording: str, annotator: str, end_ns: int) -> None:
    history = project.history(recording, annotator)
    history.do(Group("labels", (AddTier("t"), AddClip("t", Clip(0, end_ns, "clap")))))
    history.close()


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """The first recording is labelled by two people, of whom one went to its end; the second has
    just been begun; nobody looked at the third."""
    made = Project.create(tmp_path / "study", "study")
    for name in NAMES:
        source = resource("demo", "recordings", f"{name}.harrec")
        shutil.copytree(source, made.folder / "recordings" / source.name)
    label(made, NAMES[0], "ann", 50 * SECOND)
    label(made, NAMES[0], "zoe", SECOND // 10)
    label(made, NAMES[1], "ann", SECOND // 10)
    return made


def wait_for_states(window: MainWindow, qtbot) -> dict[str, str]:
    model = window.library.model
    qtbot.waitUntil(lambda: model.total > 0, timeout=OPEN_MS)
    qtbot.waitUntil(lambda: window.library._states_task is None, timeout=OPEN_MS)
    return {name: model.state(name) for name in NAMES}


def test_looking_at_recordings_changes_no_dot(window: MainWindow, project: Project, qtbot) -> None:
    window.session.settings.annotator = "zoe"
    with qtbot.waitSignal(window.session.recording_changed, timeout=OPEN_MS):
        window.open_path(project.folder)
    before = wait_for_states(window, qtbot)
    assert list(before.values()) == [LABELLED, IN_PROGRESS, UNLABELLED]
    for path in project.recordings():
        with qtbot.waitSignal(window.session.history_changed, timeout=OPEN_MS):
            window.session.open_recording(path)
        window.library._refresh_state()
        assert {name: window.library.model.state(name) for name in NAMES} == before
    window.library.refresh()
    assert wait_for_states(window, qtbot) == before


def test_the_dot_follows_the_labelling(window: MainWindow, project: Project, qtbot) -> None:
    path = next(p for p in project.recordings() if NAMES[2] in p.name)
    window.open_path(path)
    qtbot.waitUntil(lambda: window.session.history is not None, timeout=OPEN_MS)
    wait_for_states(window, qtbot)
    clip = Clip(0, window.session.recording.stop_ns, "clap")
    assert window.labelling.clips.place(window.session.tier_name, clip)
    model = window.library.model
    qtbot.waitUntil(lambda: model.state(NAMES[2]) == LABELLED, timeout=OPEN_MS)
    window.labelling.undo()
    qtbot.waitUntil(lambda: model.state(NAMES[2]) == UNLABELLED, timeout=OPEN_MS)


def test_problems_of_labels_are_told(window: MainWindow, project: Project, qtbot) -> None:
    damaged = project.folder / "labels" / NAMES[1] / "ann.json"
    damaged.write_text("{")
    window.library.show_folder(project.folder)
    wait_for_states(window, qtbot)
    assert window.library.problems_button.text() == "1 problem"
    assert str(damaged) in window.library.problems_button.menu().actions()[0].text()


def test_the_rule() -> None:
    far = Document("r", "a", [Tier("t", [Clip(0, 9 * SECOND, "wave")])])
    near = Document("r", "b", [Tier("t", [Clip(0, SECOND, "wave")])])
    assert state_of([near, far], lambda: 10 * SECOND) == LABELLED
    assert state_of([near], lambda: 10 * SECOND) == IN_PROGRESS
    assert state_of([near], lambda: None) == LABELLED
    assert state_of([Document("r", "c")], lambda: pytest.fail("not needed")) == UNLABELLED


def test_a_single_trial_lists_its_whole_dataset(window: MainWindow, utd_mhad: Path, qtbot) -> None:
    with qtbot.waitSignal(window.session.recording_changed, timeout=OPEN_MS):
        window.open_path(utd_mhad / "Depth" / "a3_s1_t1_depth.mat")
    qtbot.waitUntil(lambda: window.library.model.total == 861, timeout=OPEN_MS)
    assert window.library.title.text() == f"Library · {utd_mhad.name} · 861"


def test_labels_of_no_project_are_found_by_a_scan(
    window: MainWindow, utd_mhad: Path, qtbot
) -> None:
    with qtbot.waitSignal(window.session.history_changed, timeout=OPEN_MS):
        window.open_path(utd_mhad / "Depth" / "a3_s1_t1_depth.mat")
    assert window.labelling.clips.place(window.session.tier_name, Clip(0, SECOND, "wave"))
    contents = list_contents(utd_mhad, lambda count: None, lambda: False)
    ((private, found),) = contents.by_project
    assert private.folder == window.session.project.folder
    assert private.labelled(entry.name for entry in found) == {"a3_s1_t1"}
