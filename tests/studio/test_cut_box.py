"""File > Cut clips to files…: the box hands a job in, shows how far it is and what came of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harstudio.recordings.formats import scan
from harstudio.resources import resource
from harstudio.studio.label_files.cutting import CutBox

KEPT = "clap-s01"


@pytest.fixture
def project(tmp_path) -> Path:
    """The demo with one recording of three seconds."""
    folder = Path(shutil.copytree(resource("demo"), tmp_path / "demo"))
    for path in (*(folder / "recordings").iterdir(), *(folder / "labels").iterdir()):
        if path.name.removesuffix(".harrec") != KEPT:
            shutil.rmtree(path)
    return folder


def test_cut_from_the_window(window, qtbot, project, tmp_path):
    session, said = window.session, []
    session.message.connect(lambda _level, text: said.append(text))
    assert not window.commands["file.cut_clips"].enabled()
    with qtbot.waitSignal(session.recording_changed, timeout=20_000):
        session.open(project / "recordings" / f"{KEPT}.harrec")
    qtbot.waitUntil(lambda: window.labelling.others.documents != [], timeout=20_000)
    assert window.commands.run("file.cut_clips")
    box = window.findChild(CutBox, "cut_clips")
    names = [box.people.itemText(k) for k in range(box.people.count())]
    assert names[0] == session.owner
    assert "alice" in names
    assert box.people.currentText() == "alice"  # nobody else is sure to have clips
    box.layouts.setCurrentIndex(1)
    out = tmp_path / "clips"
    box.cut_to(out)
    assert box.busy
    assert not box.action_button.isEnabled()
    qtbot.waitUntil(lambda: not box.busy, timeout=60_000)
    assert box.told.toPlainText() == f"1 clip of alice cut. They are in {out}."
    assert said[-1] == f"1 clip of alice cut. They are in {out}."
    assert [one.action.name for one in scan(out).recordings] == ["clapping"]
    box.cut_to(project / "recordings" / "inside")
    qtbot.waitUntil(lambda: not box.busy, timeout=60_000)
    assert "one of the project's recordings" in box.told.toPlainText()
    box.close()
