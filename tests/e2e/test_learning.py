"""The whole path in the real window: label three actions by hand, train, recognise another person,
look at what the network looked at. Clicks, keys and seconds are counted."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QDialog

from driving import until, wait
from harstudio.results import HeatMap, Kind

ACTIONS = {"clap": "clapping", "kick": "kicking something", "wave": "hand waving"}
PATIENCE_S = 240


class Count:
    """How many clicks and keys a person needed, and how long it took."""

    def __init__(self, studio) -> None:
        self.studio = studio
        self.clicks = 0
        self.began = time.monotonic()

    def click(self, widget, x=None, y=None) -> None:
        self.studio.click(widget, x, y)
        self.clicks += 1

    def choose(self, box, text: str) -> None:
        """Choose an entry of a closed list by keys, as a person who tabs there does."""
        box.setFocus()
        wanted = next(k for k in range(box.count()) if text in box.itemText(k))
        while box.currentIndex() != wanted:
            self.studio.key("down" if box.currentIndex() < wanted else "up")

    def open(self, name: str) -> None:
        """Click a recording in the library."""
        library = self.studio.window.library
        found = library.model.FoundRole
        rows = [library.model.index(k) for k in range(library.model.rowCount())]
        row = next(index for index in rows if index.data(found).name == name)
        library.list.scrollTo(row)
        place = library.list.visualRect(row).center()
        self.click(library.list.viewport(), place.x(), place.y())
        until(lambda: getattr(self.studio.session.recording, "name", "") == name, what=name)
        wait(200)

    def line(self, what: str) -> str:
        seconds = time.monotonic() - self.began
        return f"{what}: {self.clicks} clicks, {self.studio.presses} keys, {seconds:.0f} s"


def label_by_hand(studio, count: Count, project: Path) -> None:
    """Three recordings of the first person, each labelled from its start to its end."""
    studio.session.open(project)
    studio.key("ctrl+2")
    until(lambda: studio.window.library.model.rowCount() > 0, what="the library")
    keys = {one.name: one.hotkey for one in studio.window.labelling.labels()}
    for action in ACTIONS:
        count.open(f"{action}-s01")
        name = ACTIONS[action]
        studio.key("home")
        studio.key(keys[name])
        studio.key("end")
        studio.key(keys[name])
        tier = studio.session.document.tier("carol")
        assert [clip.label for clip in tier.clips] == [name]


def train(studio, count: Count, network: str, epochs: int):
    """By the new-run dialog; the record of the training."""
    studio.key("ctrl+4")
    studio.key("ctrl+n")
    dialog = until(lambda: studio.window.findChild(QDialog, "new_run"), what="the dialog")
    until(lambda: dialog.draft.survey, PATIENCE_S, "the survey")
    wait(300)
    count.choose(dialog.data.protocol, "All train")
    count.choose(dialog.data.annotator, "carol")
    until(lambda: len(dialog.draft.survey["classes"]) == len(ACTIONS), PATIENCE_S, "her classes")
    rows = dialog.network.cards
    row = next(k for k in range(rows.rowCount()) if rows.rows[k]["name"] == network)
    place = dialog.network.list.visualRect(rows.index(row, 0)).center()
    count.click(dialog.network.list.viewport(), place.x(), place.y())
    for key, box in dialog.settings.spins.items():
        if key.endswith(".epochs"):
            box.setFocus()
            box.selectAll()
            for digit in str(epochs):
                studio.key(digit)
        if key.endswith("bodies"):
            box.setFocus()
            box.selectAll()
            studio.key("1")
    wait(500)
    studio.screenshot("learning-new-run")
    count.click(dialog.start_button)
    jobs = studio.session.jobs
    record = until(lambda: next((r for r in jobs.records if r.job.endswith(":train")), None),
                   what="the training")  # fmt: skip
    until(lambda: not dialog.isVisible(), what="the dialog closes")
    until(lambda: record.state == "running" and record.done > 0, PATIENCE_S, "the first step")
    wait(1500)
    studio.screenshot("learning-train")
    until(lambda: record.over, PATIENCE_S, "the end of the training")
    assert record.state == "done", record.error
    wait(1200)
    studio.screenshot("learning-trained")
    return record


def recognise(studio, count: Count, name: str):
    """Another person's recording; the opinion about it."""
    studio.key("ctrl+1")
    count.open(name)
    studio.key("ctrl+e")
    box = studio.window.palette_box
    until(lambda: box.isVisible(), what="the list of runs")
    wait(300)
    studio.screenshot("learning-choose-run")
    studio.key("enter")
    until(lambda: studio.session.recognition is not None, PATIENCE_S, "the recognition")
    return studio.session.recognition


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "epochs", [pytest.param(1, id="a-glance"), pytest.param(40, id="whole", marks=pytest.mark.slow)]
)
def test_label_train_recognise_and_see(studio, demo_project, epochs) -> None:
    studio.resize(1600, 900)
    studio.session.settings.annotator = "carol"
    count = Count(studio)
    label_by_hand(studio, count, demo_project)
    print(count.line("labelled"))
    record = train(studio, count, "mmff-lite", epochs)
    print(count.line("trained"))
    right = 0
    for action in ACTIONS:
        said = recognise(studio, count, f"{action}-s02")
        assert said.recording == f"{action}-s02"
        assert len(said.classes) == len(ACTIONS)
        right += said.classes[said.label] == ACTIONS[action]
        look_at_masks(studio, said, action)
    print(count.line("recognised"), f"{right} of {len(ACTIONS)} right")
    assert record.result["run"]
    if epochs > 1:
        assert right >= 2


def look_at_masks(studio, said, action: str) -> None:
    """Every explanation is there, and the map on the picture changes what the pane shows."""
    kinds = {one.name: one.kind for one in said.explanations[0]}
    assert set(kinds) >= {"self-attention 1", "self-attention 2", "skeleton attention", "relation",
                          "joint saliency"}  # fmt: skip
    assert kinds["joint saliency"] == Kind.JOINT_WEIGHTS
    heat = next(one for one in said.explanations[0] if isinstance(one, HeatMap))
    explaining = studio.session.explaining
    studio.session.transport.pause()
    studio.session.transport.seek(int(heat.times_ns[0]))
    for name in ("self-attention 1", "skeleton attention", "relation"):
        if not explaining.is_shown(name):
            explaining.toggle(name)
        wait(600)
        file = studio.screenshot(f"learning-{action}-{name.replace(' ', '-')}")
        shown = pixels(file)
        explaining.toggle(name)
        wait(300)
        studio.screenshot("learning-without")
        assert np.any(shown != pixels(file.with_name("learning-without.png")))
        explaining.toggle(name)


def pixels(file: Path):
    picture = QImage(str(file)).convertToFormat(QImage.Format.Format_RGB32)
    return np.frombuffer(picture.constBits(), np.uint8).reshape(picture.height(), -1).copy()
