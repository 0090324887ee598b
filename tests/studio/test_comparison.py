"""Runs side by side: choosing them, their curves, figures, classes and settings."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog

from driving import until
from harstudio.errors import DataError
from harstudio.learning.evaluating.comparing import compare_runs
from harstudio.settings import data_dir
from harstudio.studio.comparison.document import Comparison
from harstudio.studio.comparison.view import TOO_FEW, CompareView
from harstudio.studio.jobs.service import Jobs
from harstudio.studio.training.page import TrainPage
from made_runs import write_run
from studio.handed_in import HandedIn
from studio.test_evaluation import ANSWERS, document

# The second run is right about all claps and waves of 12 clips that the first gets half right.
HALF = tuple((k % 2, 0, 0, 0.6) for k in range(24))
ALL = tuple((k % 2, k % 2, 0, 0.9) for k in range(24))
NAMES = ("one", "two", "untested")


@pytest.fixture
def page(window, monkeypatch) -> TrainPage:
    """Three runs of which two are evaluated on the same clips; the test answers for the jobs."""
    folder = data_dir() / "runs"
    write_run(folder / "one", evaluation=document(HALF), validated=False)
    write_run(folder / "two", network="hcn", epochs=20, done=20, evaluation=document(ALL))
    write_run(folder / "untested")
    handed = HandedIn(window.session, monkeypatch)
    monkeypatch.setattr(Jobs, "records", property(lambda _jobs: handed.records))
    window.handed_in = handed
    window.commands.run("view.train")
    page = window.train_page
    until(lambda: page.runs.model.rowCount() == 3, what="runs are listed")
    return page


def click(page: TrainPage, name: str, *, add: bool = False) -> None:
    """On the row of a run, with Ctrl to add it."""
    runs = page.runs
    place = runs.list.visualRect(runs.model.index(runs.model.row_of(path(name)))).center()
    held = Qt.KeyboardModifier.ControlModifier if add else Qt.KeyboardModifier.NoModifier
    QTest.mouseClick(runs.list.viewport(), Qt.MouseButton.LeftButton, held, place)


def path(name: str) -> Path:
    return data_dir() / "runs" / name


def compared(window, page: TrainPage, *names: str) -> CompareView:
    """Choose runs and compare; the job's own answer arrives."""
    for name in names:
        click(page, name, add=name != names[0])
    page.runs.compare.click()
    view = page.comparison
    until(lambda: view.sides, what="the runs are read")
    if window.handed_in.count("compare"):
        asked = window.handed_in.last("compare").payload
        window.handed_in.answer("compare", compare_runs(asked["runs"]))
    return view


def test_two_runs_are_chosen_with_ctrl_and_compared_with_enter(window, page) -> None:
    click(page, "one")
    assert not page.runs.compare.isVisible()
    assert not window.commands["train.compare"].enabled()
    click(page, "two", add=True)
    assert page.runs.compare.text() == "Compare 2 runs"
    assert set(window.training.picked) == {path("one"), path("two")}
    window.training.reader.look_now()
    page.runs.model.modelReset.emit()  # the list is made anew while both are chosen
    assert len(window.training.picked) == 2
    QTest.keyClick(page.runs.list, Qt.Key.Key_Return)
    assert page.comparison.isVisible()
    until(lambda: page.comparison.sides)
    window.back_out()
    assert not page.comparison.isVisible()
    assert page.state.isVisible()


def test_figures_tests_and_classes(window, page) -> None:
    view = compared(window, page, "one", "two")
    rows = {view.figures.text(k, 0): k for k in range(view.figures.rowCount())}
    assert view.figures.text(rows["one"], 5) == "50.0 %"
    assert view.figures.text(rows["two"], 5) == "100.0 %"
    assert view.figures.text(rows["two"], 4) == "24"
    assert "two is better than one: 12 clips only it has right, 0 only the other" in (
        view.tests.text()
    )
    assert "p < 0.001" in view.tests.text()
    assert view.pair.count() >= 1
    changes = {row.name: abs(row.change) for row in view.changes.changes.rows}
    assert changes["clap"] == 1.0
    assert changes["wave"] == 0.0


def test_curves_and_settings_of_all(window, page) -> None:
    view = compared(window, page, "one", "two")
    assert len(view.curves.plot.listDataItems()) == 3  # one has no validation part
    assert view.curves.plot.viewRange()[0][1] >= 20
    view.curves.buttons["loss"].click()
    assert view.curves.what == "loss"
    assert view.curves.plot.viewRange()[1][1] < 1.5
    keys = {view.configs.text(k, 0): k for k in range(view.configs.rowCount())}
    assert "run.folder" not in keys
    shown = {view.configs.text(keys["network.name"], column) for column in (1, 2)}
    assert shown == {"st-gcn", "hcn"}


def test_a_run_that_was_not_evaluated_is_named_and_can_be(window, page) -> None:
    view = compared(window, page, *NAMES)
    assert window.handed_in.last("compare").payload["runs"] == [
        str(p) for p in window.training.picked if p.name != "untested"
    ]
    assert view.note.text() == "untested has not been evaluated."
    texts = {view.figures.text(k, 0): view.figures.text(k, 5) for k in range(3)}
    assert texts["untested"] == "not evaluated"
    view.evaluate.click()
    assert window.handed_in.last("evaluate").payload["run"] == str(path("untested"))
    assert window.handed_in.count("compare") == 1
    window.handed_in.answer("evaluate", document(ANSWERS))
    until(lambda: window.handed_in.count("compare") == 2, what="it is compared again")


def test_one_evaluated_run_is_too_few(window, page) -> None:
    view = compared(window, page, "one", "untested")
    assert window.handed_in.count("compare") == 0
    assert TOO_FEW in view.note.text()
    assert not view.save.isEnabled()


def test_runs_of_other_clips_say_so(window, page) -> None:
    other = document(ALL)
    for sample in other["samples"]:
        sample["recording"] += " of another room"
    write_run(path("elsewhere"), evaluation=other)
    window.training.reader.look_now()
    until(lambda: page.runs.model.rowCount() == 4)
    view = compared(window, page, "one", "elsewhere")
    assert "were tested on other clips: their figures cannot be set side by side" in (
        view.tests.text()
    )


def test_a_page_is_written_where_one_says(window, page, tmp_path, monkeypatch) -> None:
    view = compared(window, page, "one", "two")
    out = tmp_path / "page.html"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(out), ""))
    told = []
    window.session.message.connect(lambda level, text: told.append(text))
    view.save.click()
    asked = window.handed_in.last("comparison").payload
    assert asked["out"] == str(out)
    assert {run["name"] for run in asked["document"]["runs"]} == {"one", "two"}
    window.handed_in.answer("comparison", {"page": str(out), "files": []})
    assert f"The comparison was written to {out}." in told


def test_classes_that_gain_come_first_then_those_that_lose() -> None:
    shares = {"same": (1, 1), "lost": (1, 0.2), "more": (0, 1), "less": (0.5, 0.4), "up": (0, 0.1)}
    gains = [{"class": k, "clips": 5, "a": a, "b": b} for k, (a, b) in shares.items()]
    pair = {"a": "one", "b": "two", "clips": 25, "only_a": 4, "only_b": 5, "p": 1.0}
    runs = [{"run": k, "name": k, "clips": 25, "top1": 0.5} for k in ("one", "two")]
    found = Comparison.of({"runs": runs, "pairs": [pair | {"gains": gains}]})
    names = [one.name for one in found.pairs[0].changes]
    assert names == ["more", "up", "lost", "less", "same"]
    assert "cannot be told apart" in found.pairs[0].sentence()


def test_a_comparison_that_does_not_hold_together_is_an_error() -> None:
    with pytest.raises(DataError, match="cannot be shown"):
        Comparison.of({"runs": [{"name": "one"}], "pairs": []})
