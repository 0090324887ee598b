"""Recognise > Save explanation…: what is on screen as a picture, a video, arrays."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
from PySide6.QtGui import QImage

from driving import until
from harstudio.resources import resource
from harstudio.studio.recognition.saving import SaveExplanationBox
from studio.made_recognition import made_recognition

KEPT = "clap-s01.harrec"


@pytest.fixture
def explained(window, qtbot, tmp_path):
    """The window with a clip of the demo that is recognised and explained."""
    path = Path(shutil.copytree(resource("demo") / "recordings" / KEPT, tmp_path / KEPT))
    assert not window.commands["recognise.save"].enabled()
    with qtbot.waitSignal(window.session.recording_changed, timeout=20_000):
        window.session.open(path)
    said = made_recognition(window.session.recording, picture="color", windows=2, more=True)
    window.session.show_recognition(said)
    return window


def box_of(window) -> SaveExplanationBox:
    assert window.commands.run("recognise.save")
    return window.findChild(SaveExplanationBox, "save_explanation")


def test_a_picture_is_the_pane_with_the_meaning_of_its_colours(explained, qtbot, tmp_path):
    window = explained
    pane = window.pane_area.docks["color"].widget()
    qtbot.waitUntil(lambda: pane.attention is not None and pane.attention.patch is not None)
    box = box_of(window)
    assert box.panes.currentText() == "Colour"
    for kind in (1, 2, 0):  # all words are there to read
        box.kinds.setCurrentIndex(kind)
        assert box.about.height() >= box.about.heightForWidth(box.about.width())
    file = tmp_path / "shown.png"
    box.save_to(file)
    until(lambda: not box.busy)
    assert box.told.toPlainText() == f"Saved {file}"
    image = QImage(str(file))
    above = 2 * (pane.canvas.height() + 26)
    words = image.copy(0, above, image.width(), image.height() - above)
    assert words.height() > 60
    assert len({words.pixel(x, y) for x in range(90) for y in range(words.height())}) > 30
    box.save_to(file / "below-a-file.png")
    until(lambda: not box.busy)
    assert "cannot be written" in box.told.toPlainText()
    box.close()


@pytest.mark.timeout(300)
def test_arrays_are_those_of_the_screen(explained, tmp_path, monkeypatch):
    passing = tmp_path / "passing"
    passing.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(passing))
    session = explained.session
    other = replace(session.recognition, classes=("x", *session.recognition.classes[1:]))
    session.show_recognition(other)  # not what lies in any folder
    box = box_of(explained)
    box.kinds.setCurrentIndex(2)
    file = tmp_path / "all.npz"
    box.save_to(file)
    until(lambda: session.jobs.records)
    session.jobs.kill(session.jobs.records[0].id)  # its worker never gets to the file
    until(lambda: not box.busy)
    assert list(passing.iterdir()) == []
    box.save_to(file)
    until(lambda: not box.busy, 120)
    assert box.told.toPlainText() == f"Saved {file}"
    with np.load(file, allow_pickle=False) as arrays:
        assert arrays["classes"][0] == "x"
        assert "0/Grad-CAM clip/values" in arrays
    assert list(passing.iterdir()) == []
    box.close()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_video_of_a_window_has_its_frames(explained, qtbot, tmp_path):
    window, session = explained, explained.session
    session.explaining.toggle("relation")
    box = box_of(window)
    box.kinds.setCurrentIndex(1)
    assert box.streams.currentText() == "colour"
    box.spans.setCurrentIndex(1)
    assert box.spans.currentText().startswith("this window, 00:00.000 to ")
    file = tmp_path / "shown.mp4"
    box.save_to(file)
    qtbot.waitUntil(lambda: not box.busy, timeout=120_000)
    assert box.told.toPlainText() == f"Saved {file}"
    with av.open(str(file)) as container:
        count = sum(1 for _ in container.decode(video=0))
    span = session.recognition.windows[0]
    times = session.recording.streams["color"].times_ns
    assert count == int(((times >= span.start_ns) & (times < span.end_ns)).sum())
    box.close()
