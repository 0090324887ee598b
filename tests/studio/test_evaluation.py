"""What a run gets right and wrong: figures, matrix, classes, and the clips behind them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QFontMetrics, QKeyEvent
from PySide6.QtTest import QTest

from harstudio.errors import DataError
from harstudio.settings import Settings
from harstudio.studio import theme
from harstudio.studio.evaluation.findings import FUSED, Findings
from harstudio.studio.evaluation.matrix import WIDE_PX, ConfusionMatrix, short_names
from harstudio.studio.evaluation.view import NO_RUN, NOT_YET, EvaluationView
from harstudio.studio.session import Session
from made_runs import write_run
from studio.handed_in import HandedIn

CLASSES = ("wave", "clap", "throw")
SECOND = 1_000_000_000
# (shown, said by the network, said by the skeleton stream, confidence)
ANSWERS = (
    (0, 0, 0, 0.9), (0, 0, 1, 0.8), (0, 1, 1, 0.6), (0, 1, 0, 0.7),
    (1, 1, 1, 0.9), (1, 1, 1, 0.9),
    (2, 2, 2, 0.9), (2, 2, 0, 0.5), (2, 0, 2, 0.4),
)  # fmt: skip


def document(answers=ANSWERS, classes=CLASSES) -> dict[str, Any]:
    """What the job ``evaluate`` returns for these answers."""

    def confusion(column: int) -> list[list[int]]:
        return [
            [
                sum(a[0] == true and a[column] == said for a in answers)
                for said in range(len(classes))
            ]
            for true in range(len(classes))
        ]

    def top1(column: int) -> float:
        return sum(a[0] == a[column] for a in answers) / len(answers)

    return {
        "run": "runs/one", "network": "mmff-lite", "protocol": "cross-subject", "split": "test",
        "clips": len(answers), "top1": top1(1), "top5": 1.0, "macro_f1": 0.66, "ece": 0.12,
        "ci95": [0.41, 0.89], "confusion": confusion(1),
        "per_class": {name: {"clips": 3, "accuracy": 0.5} for name in classes},
        "streams": {
            "skeleton": {"top1": top1(2), "confusion": confusion(2)},
            "picture": {"top1": top1(1), "confusion": confusion(1)},
        },
        "samples": [
            {"path": f"/data/{k}.mat", "recording": f"trial {k}", "start_ns": k * SECOND,
             "end_ns": (k + 1) * SECOND, "label": a[0], "predicted": a[1], "confidence": a[3],
             "streams": {"skeleton": a[2], "picture": a[1]}}
            for k, a in enumerate(answers)
        ],
    }  # fmt: skip


@pytest.fixture
def view(qtbot, monkeypatch):
    """The view of a session whose jobs the test answers; ``opened`` are the clips it asked for."""
    session = Session(Settings(annotator="alice"))
    made = EvaluationView(session)
    made.handed_in = HandedIn(session, monkeypatch)
    made.opened = []
    monkeypatch.setattr(session, "open_clip", lambda *clip: made.opened.append(clip))
    qtbot.addWidget(made)
    made.resize(1000, 600)
    made.show()
    qtbot.waitExposed(made)
    yield made
    session.close()
    session.deleteLater()


# ---- the figures


def test_findings_count_what_the_document_says() -> None:
    found = Findings.of(document())
    assert found.streams == (FUSED, "skeleton", "picture")
    assert found.matrices[FUSED].tolist() == [[2, 2, 0], [0, 2, 0], [1, 0, 2]]
    assert found.accuracies() == [(0, 0.5, 4), (2, pytest.approx(2 / 3), 3), (1, 1.0, 2)]
    assert found.worst_cell() == (0, 1)
    assert [v.confidence for v in found.in_cell(0, 1)] == [0.7, 0.6]
    assert [v.recording for v in found.in_cell(0, 1, "skeleton")] == ["trial 1", "trial 2"]
    assert [v.recording for v in found.missed(2)] == ["trial 8"]


def test_one_stream_is_the_network_itself() -> None:
    data = document()
    del data["streams"]["picture"]
    assert Findings.of(data).streams == (FUSED,)


@pytest.mark.parametrize(
    "damage",
    [
        {"confusion": [[1, 2], [3, 4]]},
        {"confusion": "none"},
        {"samples": [{"path": "x"}]},
        {"samples": [{**document()["samples"][0], "label": 7}]},
        {"per_class": None},
        {"top1": "high"},
    ],
)
def test_a_document_that_does_not_hold_together_is_an_error(damage, tmp_path) -> None:
    with pytest.raises(DataError, match="cannot be shown"):
        Findings.of(document() | damage, tmp_path)


# ---- the view


def test_opens_on_the_mistake_made_most_often(view) -> None:
    view.show_findings(Findings.of(document()))
    assert view.headline.top1.value.text() == "66.7 %"
    assert view.headline.top1.caption.text() == "top-1, 41.0–89.0 %"
    assert view.matrix.cell == (0, 1)
    assert view.clips_title.text() == "2 of 4 clips of “wave” taken for “clap” (50 %)."
    assert [v.recording for v in view.clips.verdicts.rows] == ["trial 3", "trial 2"]
    assert view.bars.accuracies.name(0) == "wave"


def test_arrows_move_over_cells_and_enter_opens_the_surest_clip(view) -> None:
    view.show_findings(Findings.of(document()))
    matrix = view.matrix
    matrix.setFocus()
    for key, cell in (
        (Qt.Key.Key_Left, (0, 0)),
        (Qt.Key.Key_Left, (0, 0)),
        (Qt.Key.Key_Down, (1, 0)),
        (Qt.Key.Key_Down, (2, 0)),
        (Qt.Key.Key_Down, (2, 0)),
        (Qt.Key.Key_End, (2, 2)),
        (Qt.Key.Key_Home, (0, 0)),
    ):
        QTest.keyClick(matrix, key)
        assert matrix.cell == cell
    assert "2 of 4 clips of “wave” recognised" in matrix.accessibleDescription()
    QTest.keyClick(matrix, Qt.Key.Key_Return)
    assert view.opened == [(Path("/data/0.mat"), 0, SECOND)]
    QTest.keyClick(matrix, Qt.Key.Key_Down)  # nobody took a clap for a wave
    QTest.keyClick(matrix, Qt.Key.Key_Return)
    assert len(view.opened) == 1


def test_the_arrows_are_the_matrix_s_own_not_the_window_s_commands(view) -> None:
    view.show_findings(Findings.of(document()))
    for key, ours in ((Qt.Key.Key_Left, True), (Qt.Key.Key_Return, True), (Qt.Key.Key_F, False)):
        override = QKeyEvent(QEvent.Type.ShortcutOverride, key, Qt.KeyboardModifier.NoModifier)
        override.ignore()
        view.matrix.event(override)
        assert override.isAccepted() is ours


def test_a_click_lists_a_cell_and_a_double_click_opens_it(view) -> None:
    view.show_findings(Findings.of(document()))
    matrix, left = view.matrix, Qt.MouseButton.LeftButton
    place = matrix.cell_rect(2, 0).center()
    QTest.mouseClick(matrix.viewport(), left, pos=place)
    assert [v.recording for v in view.clips.verdicts.rows] == ["trial 8"]
    QTest.mouseDClick(matrix.viewport(), left, pos=place)
    assert view.opened == [(Path("/data/8.mat"), 8 * SECOND, 9 * SECOND)]
    assert matrix.cell_at(QPoint(2, 2)) is None  # over the names


def test_a_class_lists_all_that_was_taken_for_another(view) -> None:
    view.show_findings(Findings.of(document()))
    view.bars.setFocus()
    view.bars.setCurrentIndex(view.bars.accuracies.index(1, 0))
    QTest.keyClick(view.bars, Qt.Key.Key_Return)
    assert view.clips_title.text() == "1 clip of “throw” taken for another class."
    view.clips.setFocus()
    QTest.keyClick(view.clips, Qt.Key.Key_Return)
    assert view.opened == [(Path("/data/8.mat"), 8 * SECOND, 9 * SECOND)]


def test_each_stream_has_its_matrix_and_its_clips(view) -> None:
    view.show_findings(Findings.of(document()))
    assert [b.text() for b in view.streams.buttons.values()] == [
        "all together  66.7 %", "skeleton  66.7 %", "picture  66.7 %",
    ]  # fmt: skip
    view.streams.buttons["skeleton"].click()
    assert view.clips_title.text() == "2 of 4 clips of “wave” taken for “clap” (50 %)."
    assert [v.recording for v in view.clips.verdicts.rows] == ["trial 1", "trial 2"]


def test_many_classes_stay_readable(qtbot) -> None:
    matrix = ConfusionMatrix()
    qtbot.addWidget(matrix)
    matrix.resize(620, 420)
    names = [f"right hand draws a circle, form {k}" for k in range(60)]
    data = document([(k, (k + 1) % 60, k, 0.5) for k in range(60)], names)
    matrix.set_matrix(names, Findings.of(data).matrices[FUSED])
    matrix.show()
    assert matrix.cell_rect(0, 0).width() >= WIDE_PX[0]
    matrix.select(59, 59)  # scrolls there
    assert matrix.viewport().rect().contains(matrix.cell_rect(59, 59))
    assert matrix.cell_at(matrix.cell_rect(59, 59).center()) == (59, 59)


# ---- runs and jobs


def test_a_run_brings_its_evaluation(view, tmp_path) -> None:
    view.show_run(None)
    assert view.waiting.sentence.text() == NO_RUN
    view.show_run(write_run(tmp_path / "one", evaluation=document()))
    assert view.found.clips == 9
    view.show_run(write_run(tmp_path / "two"))
    assert view.waiting.sentence.text() == NOT_YET
    assert view.waiting.start_button.isVisible()
    (tmp_path / "two" / "evaluation.json").write_text("{")
    view.show_run(tmp_path / "two")
    assert "damaged" in view.waiting.sentence.text()


def test_evaluating_shows_how_far_it_is_and_then_what_came_out(view, tmp_path) -> None:
    run = write_run(tmp_path / "one")
    view.show_run(run)
    view.waiting.start_button.click()
    asked = view.handed_in.last("evaluate")
    assert asked.payload == {"run": str(run), "data": None, "part": "test"}
    assert asked.lane == "quick"
    view.handed_in.progress("evaluate", 3, 9, "Evaluating, 3 of 9 clips")
    assert view.waiting.sentence.text() == "Evaluating, 3 of 9 clips"
    assert view.waiting.bar.value() == 333
    view.waiting.stop_button.click()
    assert view.handed_in.stopped == [asked.id]
    view.handed_in.answer("evaluate", document())
    assert view.found.clips == 9
    assert view.matrix.isVisible()


def test_an_evaluation_that_fails_says_why_and_can_be_tried_again(view, tmp_path) -> None:
    view.show_run(write_run(tmp_path / "one"))
    view.evaluate("validation")
    assert view.handed_in.last("evaluate").payload["part"] == "validation"
    view.handed_in.answer("evaluate", error="There is no such checkpoint.")
    assert view.waiting.sentence.text() == "There is no such checkpoint."
    view.waiting.start_button.click()
    assert view.handed_in.count("evaluate") == 2


def test_the_end_of_a_training_brings_its_evaluation(view, tmp_path) -> None:
    run = write_run(tmp_path / "one")
    view.show_run(run)
    view.handed_in._submit("harstudio.learning.jobs:train", {"config": {}}, title="Train one")
    (run / "evaluation.json").write_text(json.dumps(document()))
    view.handed_in.answer("train", {"run": str(run)})
    assert view.found.clips == 9


def test_another_run_s_evaluation_is_not_shown_here(view, tmp_path) -> None:
    view.show_run(write_run(tmp_path / "one"))
    payload = {"run": str(tmp_path / "other"), "part": "test"}
    view.handed_in._submit("harstudio.learning.jobs:evaluate", payload, title="Evaluate other")
    view.handed_in.answer("evaluate", document())
    assert view.found is None


def test_names_that_are_cut_stay_apart(qtbot) -> None:
    names = [
        "right hand draw circle (clockwise)", "right hand draw circle (counter clockwise)",
        "right hand catch an object", "right hand pick up and throw an object", "jogging",
    ]  # fmt: skip
    metrics = QFontMetrics(theme.ui_font(theme.QUIET_PX))
    width = metrics.horizontalAdvance("right h…ckwise)") + 2
    middle = {metrics.elidedText(n, Qt.TextElideMode.ElideMiddle, width) for n in names}
    assert len(middle) < len(names)  # what this is about
    short = short_names(names, metrics, width)
    assert len(set(short)) == len(names)
    assert short[-1] == "jogging"
    assert all(metrics.horizontalAdvance(name) <= width for name in short)
