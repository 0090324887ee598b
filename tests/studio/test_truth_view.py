"""The tab that says how true explanations are: reads, measures, shows why figures are missing."""

from __future__ import annotations

from harstudio.runs.folder import RunFolder
from harstudio.runs.truth import Truth, save_truth
from harstudio.studio.evaluation.view import EvaluationView
from made_documents import made_truth
from made_runs import write_run
from studio.test_evaluation import document, view  # noqa: F401 -- a fixture


def texts(view: EvaluationView) -> list[list[str]]:  # noqa: F811
    table = view.truth.table
    return [
        [table.text(row, column) for column in range(table.columnCount())]
        for row in range(table.rowCount())
    ]


def test_the_tab_offers_to_measure_and_shows_what_was_found(view, qtbot, tmp_path) -> None:  # noqa: F811
    run = write_run(tmp_path / "one", evaluation=document())
    view.show_run(run)
    view.views.setCurrentIndex(2)
    truth = view.truth
    qtbot.waitUntil(truth.waiting.start_button.isVisible)
    assert truth.waiting.start_button.text() == "Check explanations"
    truth.waiting.start_button.click()
    asked = view.handed_in.last("check_explanations")
    assert asked.payload["run"] == str(run)
    assert asked.payload["clips"] == 40
    view.handed_in.progress("check_explanations", 1, 4, "Checking explanations, clip 1 of 4")
    assert truth.waiting.bar.value() == 250
    view.handed_in.answer("check_explanations", made_truth(run))
    assert texts(view) == [
        ["relation", "–", "–", "–", "–", "–"],
        ["Grad-CAM picture", "80 % of 10", "100 % of 10", "–", "5.0 ×", "–"],
    ]
    failing = truth.table.item(1, 1)
    assert failing.toolTip() == "Deletion beats random orders on 80 % of clips."
    assert "12 of 40 clips" in truth.about.text()
    assert "one: it is damaged." in truth.about.text()
    assert truth.table.currentRow() == 1
    assert truth.curves.isVisible()
    assert "area 0.47" in truth.curves.accessibleDescription()
    assert truth.note.text().startswith(failing.toolTip())
    assert "Top tenth on hands and head: 30.0 % (2.0 % by chance)." in truth.note.text()
    assert "In 2 of 12 clips the answer does not rest on it." in truth.note.text()
    truth.table.setCurrentCell(0, 0)
    assert not truth.curves.isVisible()
    assert truth.note.text() == "It lies on no cells."


def test_what_a_run_keeps_is_read_and_stays_when_a_check_is_stopped(view, qtbot, tmp_path) -> None:  # noqa: F811
    run = write_run(tmp_path / "one", evaluation=document())
    save_truth(RunFolder(run), Truth.of(made_truth(run)))
    view.show_run(run)
    view.views.setCurrentIndex(2)
    qtbot.waitUntil(lambda: view.truth.table.rowCount() == 2)
    view.truth.check(0)
    assert view.handed_in.last("check_explanations").payload["clips"] == 0
    assert view.truth.waiting.isVisible()
    view.handed_in.answer("check_explanations", kind="stopped")
    assert view.truth.table.isVisible()
    RunFolder(run).truth.write_text("{", "utf-8")
    view.truth.forget()
    view.views.setCurrentIndex(0)
    view.views.setCurrentIndex(2)
    qtbot.waitUntil(lambda: "explanations.json" in view.truth.waiting.sentence.text())
