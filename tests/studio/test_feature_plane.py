"""The clips of a run in a plane, and its surest mistakes: what is shown, what opens the clips."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest

from harstudio.errors import DataError
from harstudio.runs.answers import StoredAnswers, save_answers
from harstudio.runs.folder import RunFolder
from harstudio.studio import theme
from harstudio.studio.evaluation.findings import Findings
from harstudio.studio.evaluation.marks import class_marks, ground
from harstudio.studio.evaluation.spread import read_spread, spread_of
from harstudio.studio.evaluation.view import EvaluationView
from made_runs import write_run
from studio.test_evaluation import SECOND, document, view  # noqa: F401 -- a fixture

# Nine clips from left to right; the fusion has them from right to left.
LINE = [[float(k), 0.0] for k in range(9)]


def embedding(run: Path) -> dict:
    """What the job ``embed`` returns."""
    streams = {"skeleton": LINE, "fusion": [[-x, y] for x, y in LINE]}
    return {"run": str(run), "streams": streams, "samples": list(range(9)), "of": 9}


def evaluated(folder: Path) -> Path:
    """A run with an evaluation and answers, but no plane yet."""
    run = write_run(folder, evaluation=document())
    labels = np.zeros(9, np.int64)
    save_answers(RunFolder(run).answers, StoredAnswers(np.zeros((9, 3), np.float32), labels))
    return run


def in_plane(view: EvaluationView, run: Path) -> None:  # noqa: F811
    view.show_run(run)
    view.views.setCurrentIndex(1)


def test_the_plane_is_computed_when_somebody_looks(view, tmp_path) -> None:  # noqa: F811
    run = evaluated(tmp_path / "one")
    view.show_run(run)
    assert view.handed_in.records == []
    view.views.setCurrentIndex(1)
    asked = view.handed_in.last("embed")
    assert (asked.payload, asked.lane) == ({"run": str(run)}, "quick")
    view.handed_in.progress("embed", 1, 2, "Spreading out the features of skeleton")
    assert view.plane.waiting.bar.value() == 500
    view.handed_in.answer("embed", embedding(run))
    assert list(view.plane.buttons) == ["fusion", "skeleton"]
    assert len(view.plane.plane._scatter.points()) == 9
    view.views.setCurrentIndex(0)
    view.views.setCurrentIndex(1)
    assert view.handed_in.count("embed") == 1


def test_the_plane_of_another_evaluation_is_computed_anew(view, tmp_path) -> None:  # noqa: F811
    run = evaluated(tmp_path / "one")
    RunFolder(run).embedding.write_text(json.dumps(embedding(run)))
    in_plane(view, run)
    assert view.plane.spread is not None
    assert view.handed_in.records == []
    RunFolder(run).embedding.unlink()  # as evaluating does
    view.evaluate()
    view.handed_in.answer("evaluate", document())
    assert view.handed_in.count("embed") == 1


def test_arrows_walk_from_clip_to_clip_and_enter_opens_one(view, tmp_path) -> None:  # noqa: F811
    run = evaluated(tmp_path / "one")
    RunFolder(run).embedding.write_text(json.dumps(embedding(run)))
    in_plane(view, run)
    view.plane.buttons["skeleton"].click()
    plane = view.plane.plane
    plane.setFocus()
    places = []
    for key in ("Right", "Right", "Left", "Left", "Left", "Up"):
        QTest.keyClick(plane, getattr(Qt.Key, f"Key_{key}"))
        places.append(plane.place)
    assert places == [4, 5, 4, 3, 2, 2]
    assert plane.sentence(2) == "trial 2\nshows “wave”\nsaid to be “clap”, 60 % sure"
    assert view.clips.verdicts.rows[0].recording == "trial 2"
    assert view.clips_title.text() == (
        "“wave” and the 8 clips nearest to it, 5 of other classes."
    )  # fmt: skip
    QTest.keyClick(plane, Qt.Key.Key_Return)
    assert view.opened == [(Path("/data/2.mat"), 2 * SECOND, 3 * SECOND)]


def test_a_click_takes_the_clip_under_it_and_a_class_stands_out(view, tmp_path) -> None:  # noqa: F811
    run = evaluated(tmp_path / "one")
    RunFolder(run).embedding.write_text(json.dumps(embedding(run)))
    in_plane(view, run)
    plane = view.plane.plane
    where = plane.mapFromScene(plane.getPlotItem().getViewBox().mapViewToScene(QPointF(-6, 0)))
    QTest.mouseClick(plane.viewport(), Qt.MouseButton.LeftButton, pos=where)
    assert plane.place == 6
    box = plane.getPlotItem().getViewBox()
    plane._hover(box.mapViewToScene(QPointF(-8, 0)))
    assert plane.about.text() == plane.sentence(8)
    assert plane.rect().contains(plane.about.geometry())
    plane._hover(box.mapViewToScene(QPointF(-8, 3)))
    assert not plane.about.isVisible()
    view.bars.setCurrentIndex(view.bars.accuracies.index(1, 0))
    QTest.keyClick(view.bars, Qt.Key.Key_Return)
    assert plane.only == 2  # throw
    assert view.clips_title.text() == "1 clip of “throw” taken for another class."
    plane.setFocus()
    QTest.keyClick(plane, Qt.Key.Key_Escape)
    assert plane.only is None


def test_features_that_were_not_kept_are_offered_by_evaluating(view, tmp_path) -> None:  # noqa: F811
    in_plane(view, write_run(tmp_path / "one", evaluation=document()))
    assert "not kept" in view.plane.waiting.sentence.text()
    view.plane.waiting.start_button.click()
    assert view.handed_in.count("evaluate") == 1


@pytest.mark.parametrize(
    "damage", [{"of": 8}, {"samples": [99] * 9}, {"streams": {}}, {"streams": {"a": [[1.0]]}}]
)
def test_a_plane_of_other_clips_is_an_error(tmp_path, damage) -> None:
    run = evaluated(tmp_path / "one")
    assert read_spread(run) is None
    with pytest.raises(DataError, match="other clips"):
        spread_of(run, embedding(run) | damage)


def test_the_surest_mistakes_are_listed_and_open(view) -> None:  # noqa: F811
    view.show_findings(Findings.of(document()))
    QTest.keyClick(view.mistakes, Qt.Key.Key_Return)
    rows = view.clips.verdicts
    assert [v.confidence for v in rows.rows] == [0.7, 0.6, 0.4]
    assert rows.texts(2) == ("trial 8", "throw → wave", "40 %")
    assert view.clips_title.text() == "3 clips of 9 wrong, the most confident first."
    QTest.keyClick(view.clips, Qt.Key.Key_Return)
    assert view.opened == [(Path("/data/3.mat"), 3 * SECOND, 4 * SECOND)]


def test_marks_tell_fifty_classes_apart_on_either_ground(monkeypatch) -> None:
    for tokens in (theme.DARK, theme.LIGHT):
        monkeypatch.setattr(theme._State, "tokens", tokens)
        marks = class_marks([str(k) for k in range(50)])
        assert len(set(marks)) == 50
        assert min(theme.contrast(color, ground()) for color, _ in marks) >= 2.6
