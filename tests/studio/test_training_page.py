"""The Train workspace with runs that were written without training."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from driving import until
from harstudio.settings import data_dir, load_settings
from harstudio.studio import theme
from harstudio.studio.training.curves import TRAIN, VALIDATION
from harstudio.studio.training.page import TrainPage
from harstudio.studio.training.run_list import accuracy_text
from harstudio.studio.training.service import command_line
from made_runs import write_run

EVALUATION = {
    "top1": 0.874,
    "top5": 0.98,
    "ci95": [0.84, 0.9],
    "streams": {"skeleton": {"top1": 0.85}},
}


@pytest.fixture
def runs() -> Path:
    """Two runs where the studio looks for them: one finished and tested, one stopped."""
    folder = data_dir() / "runs"
    write_run(folder / "stopped", epochs=20, done=7, state="stopped", reason="Stopped by a person.")
    write_run(
        folder / "tested", network="mmff-gcn", stages=("a", "b"), epochs=4, done=8,
        evaluation=EVALUATION,
    )  # fmt: skip
    return folder


@pytest.fixture
def page(window, runs) -> TrainPage:
    """The page, with the stopped run chosen and read."""
    window.commands.run("view.train")
    choose(window, runs / "stopped")
    return window.train_page


def choose(window, folder: Path) -> None:
    window.training.choose(folder)
    until(lambda: window.training.detail is not None, what=f"{folder} is read")


def test_the_page_stands_in_the_place_of_the_panes(window):
    window.commands.run("view.train")
    assert window.train_page.isVisible()
    assert all(dock.isHidden() for dock in window.arrangement.docks.values())
    window.commands.run("view.label")
    assert not window.train_page.isVisible()
    assert window.arrangement.is_shown("labels")


def test_an_empty_list_says_what_goes_there_and_offers_it(window):
    window.commands.run("view.train")
    page = window.train_page
    assert page._middle.currentIndex() == 0
    assert not page.buttons["train.evaluate"].isVisible()


def test_labels_are_not_made_where_nobody_sees_them(window):
    window.commands.run("view.train")
    blind = [
        command.id
        for command in window.commands
        if command.id.split(".")[0] in ("label", "clip", "edit", "transport")
        and command.id != "label.annotator"
    ]
    assert len(blind) > 30
    assert not [name for name in blind if window.commands[name].enabled()]
    assert not window.commands["view.full_screen"].enabled()


def test_runs_are_listed_with_state_and_accuracy(window, page):
    until(lambda: page.runs.model.rowCount() == 2)
    told = {look.name: look for look in window.training.looks}
    stopped = told["stopped"]
    assert (stopped.state, stopped.done, stopped.total) == ("stopped", 7, 20)
    assert accuracy_text(told["tested"].tested) == ".87"
    assert told["tested"].total == 8
    page.runs.search.setText("mmff finished")
    assert page.runs.model.rowCount() == 1


def test_choosing_a_row_shows_the_run(window, page, runs):
    until(lambda: page.runs.model.rowCount() == 2)
    row = page.runs.model.row_of(runs / "tested")
    assert row is not None
    page.runs.list.setCurrentIndex(page.runs.model.index(row))
    until(lambda: page.facts.texts().get("test accuracy"))
    facts = page.facts.texts()
    assert facts["test accuracy"] == "0.874 (0.84 to 0.90)"
    assert facts["skeleton alone"] == "0.850"
    assert facts["network"] == "mmff-gcn"
    assert facts["protocol"] == "cross-subject"
    assert facts["speed"] == "31.5 clips/s"
    assert facts["stage a"] == "4 epochs at 0.1"
    assert page.name.text() == "tested"
    assert page.state.words.text() == "mmff-gcn · finished"
    assert len(page.curves._bands) == 4  # two stages in two plots


def test_what_can_be_done_with_a_stopped_run(window, page):
    buttons = page.buttons
    assert buttons["train.resume"].isVisible()
    assert not buttons["train.stop"].isVisible()
    assert not buttons["train.pause"].isVisible()
    assert "epoch 7 of 20" in page.state.words.text()
    assert page.log.toPlainText().splitlines()[-1].startswith("joints 7 ")


def test_a_lost_run_says_why_and_what_to_do(window, page, runs):
    folder = write_run(runs / "lost", state="running", pid=2**22 + 1)
    choose(window, folder)
    assert page.state.words.text().startswith("st-gcn · lost")
    reason = page.state.reason.text()
    assert "No sign of life" in reason
    assert "Resume goes on from the last checkpoint." in reason
    assert page.buttons["train.resume"].isVisible()


def test_hovering_tells_an_epoch(window, page):
    curves = page.curves
    box = curves.accuracy.getViewBox()
    curves._hover(box.mapViewToScene(box.viewRect().center()))
    assert "epoch 3" in curves.told.text()
    assert "accuracy 0.139" in curves.told.text()
    assert all(ruler.isVisible() for ruler in curves._rulers)
    QTest.mouseMove(page.name)
    QApplication.sendEvent(curves, QEvent(QEvent.Type.Leave))
    assert curves.told.text() == ""


def test_curves_can_be_told_apart_on_either_ground():
    for tokens, ground in ((theme.DARK, theme.DARK.canvas), (theme.LIGHT, theme.LIGHT.surface)):
        for colors in (TRAIN, VALIDATION):
            assert theme.contrast(colors[tokens.name], ground) >= 4.5


def test_the_command_is_quoted(window, page, runs):
    window.commands.run("train.copy_command")
    words = shlex.split(QApplication.clipboard().text())
    assert words == ["harstudio", "train", str(runs / "stopped" / "config.toml"), "--resume"]
    assert shlex.split(command_line(Path("/a b/it's"))) == [
        "harstudio", "train", "/a b/it's/config.toml",
    ]  # fmt: skip


def test_a_run_opened_by_hand_is_remembered(window, page, tmp_path):
    folder = write_run(tmp_path / "elsewhere" / "far")
    window.training.open_run(folder.parent)
    until(lambda: page.runs.model.row_of(folder) is not None, what="it is listed")
    window.save_settings()
    assert load_settings().run_folders == [str(folder.parent)]
    near = write_run(tmp_path / "near")
    window.training.open_run(near)
    assert window.training.chosen == near


def test_a_training_that_waits_can_be_taken_out_of_the_queue(window, page, runs, monkeypatch):
    samples = Path(__file__).resolve().parents[1] / "unit" / "jobs"
    monkeypatch.setenv("PYTHONPATH", str(samples))
    monkeypatch.setattr("harstudio.studio.training.service.TRAIN", "sample_jobs:steps")
    training = window.training
    first = training.start({"run": {"folder": str(runs / "new")}}, "Train a")
    until(lambda: first.state == "running")
    assert training.chosen == runs / "new"
    waiting = [
        training.start({"run": {"folder": str(runs / name)}}, f"Train {name}")
        for name in ("second", "third")
    ]
    until(lambda: len(page.runs.queued) == 2)
    assert training.chosen == runs / "new"  # what waits is not looked at
    assert [r.id for r in training.queue()] == [r.id for r in waiting]
    page.runs.queued[waiting[0].id].click()
    until(lambda: list(page.runs.queued) == [waiting[1].id])
    assert waiting[0].state == "stopped"
    until(lambda: page.buttons["train.pause"].isVisible())
    window.commands.run("train.pause")
    until(lambda: page.buttons["train.pause"].text().strip() == "Go on")
    window.commands.run("train.stop")
    until(lambda: first.over)
    until(lambda: not page.runs.queued, what="the third begins")


def test_curves_follow_the_theme(page, monkeypatch):
    def drawn() -> str:
        return page.curves._curves["train", "loss"].opts["pen"].color().name().upper()

    assert drawn() == TRAIN[theme.current().name]
    other = theme.LIGHT if theme.current().name == "dark" else theme.DARK
    monkeypatch.setattr(theme._State, "tokens", other)
    page.curves.recolor()
    assert drawn() == TRAIN[other.name]


def test_keys_go_to_the_list_of_runs(window, page):
    until(lambda: page.runs.model.rowCount() == 2)
    page.runs.list.setFocus()
    before = window.training.chosen
    row = page.runs.model.row_of(before)
    QTest.keyClick(page.runs.list, Qt.Key.Key_Down if row == 0 else Qt.Key.Key_Up)
    assert window.training.chosen != before


def test_a_training_that_failed_before_it_began_can_be_tried_again(window, page, runs, monkeypatch):
    samples = Path(__file__).resolve().parents[1] / "unit" / "jobs"
    monkeypatch.setenv("PYTHONPATH", str(samples))
    for module in ("training.service", "jobs.desk"):
        monkeypatch.setattr(f"harstudio.studio.{module}.TRAIN", "sample_jobs:raises")
    training = window.training
    config = {"run": {"folder": str(runs / "never")}}
    payload = {"config": config, "what": "usage"}
    record = window.session.jobs.submit("sample_jobs:raises", payload, title="Train st-gcn")
    until(lambda: record.over and window.problem_bar.isVisible())
    assert training.chosen == runs / "never"
    assert 'There is no key "epoch".' in page.state.reason.text()
    assert "checkpoint" not in page.state.reason.text()
    assert window.problem_bar.again_button.text() == "Try again"
    assert page.buttons["train.resume"].isVisible()
    window.problem_bar.try_again()
    again = training.record_of(runs / "never")
    assert again is not record
    assert again.payload == record.payload
    until(lambda: again.over)
