"""The scores of a run on the timeline: rows, curves, segments and words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from harstudio.results import Importance, Recognition, Segment, Window
from harstudio.runs.recognised.opinion import Opinion
from harstudio.runs.recognised.scores import scores_at
from harstudio.runs.recognised.segments import Trimming, trimmed
from harstudio.studio import theme
from harstudio.studio.timeline.importance import columns, importance_text
from harstudio.studio.timeline.rows import NAMES_PX, ROW_PX, RULER_PX, SCORES_PX, Kind
from harstudio.studio.timeline.scale import TimeScale
from harstudio.studio.timeline.scores import Scores, line_color, segments_to_draw

SECOND_NS = 1_000_000_000


def said(count: int, recording: str = "moving", stride_ns: int = SECOND_NS) -> Recognition:
    """Windows of two strides; the first half is "wave", the second "clap", nobody throws."""
    windows = []
    for k in range(count):
        share = np.float32((k + 0.5) / count)
        row = np.array([1 - share, share, 0], dtype=np.float32)
        windows.append(Window(k * stride_ns, (k + 2) * stride_ns, row))
    half = (count + 1) * stride_ns // 2
    segments = (
        Segment(0, half, 0, 0.91),
        Segment(half, (count + 1) * stride_ns, 1, 0.88),
    )
    classes = ("wave", "clap", "throw")
    return Recognition(
        "/runs/st-gcn-1", "st-gcn", classes, recording, recording, tuple(windows), segments, 0, 0.9
    )


@pytest.fixture
def spoken(bench):
    theme.apply(QApplication.instance(), "dark")
    bench.session.show_recognition(said(9))
    return bench


def scores_row(bench):
    return next(row for row in bench.timeline.rows if row.kind is Kind.SCORES)


def grabbed(bench) -> np.ndarray:
    image = bench.timeline.viewport().grab().toImage()
    image = image.convertToFormat(QImage.Format.Format_RGB888)
    flat = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1)
    return flat[:, : image.width() * 3].reshape(image.height(), image.width(), 3).astype(int)


def rgb(color: str) -> np.ndarray:
    return np.array(QColor(color).getRgb()[:3])


def curve_height(bench, label: str, time_ns: int) -> float:
    """Where the line of a class stands at a time, 0 below, 1 above."""
    row, picture = scores_row(bench), grabbed(bench)
    top = RULER_PX + row.top + 28 - bench.timeline.verticalScrollBar().value()
    x = NAMES_PX + round(bench.timeline.scale.x(time_ns))
    away = np.abs(picture[top - 1 : top + 32, x] - rgb(line_color(label_color(bench, label))))
    return 1 - (int(np.argmin(away.max(axis=1))) - 1) / 30


def label_color(bench, label: str) -> str:
    return next(one.color for one in bench.labelling.labels() if one.name == label)


def test_the_row_stands_under_the_tiers_and_above_motion(spoken):
    kinds = [row.kind for row in spoken.timeline.rows]
    assert kinds == [Kind.OWN, Kind.SCORES, Kind.MOTION]
    row, motion = spoken.timeline.rows[1:]
    assert (row.title, row.top, row.height) == ("st-gcn", ROW_PX, SCORES_PX)
    assert motion.top == ROW_PX + SCORES_PX
    spoken.session.show_recognition(None)
    assert Kind.SCORES not in [row.kind for row in spoken.timeline.rows]


def test_the_curves_have_the_colours_of_the_labels_and_the_height_of_the_share(spoken):
    recognition = spoken.session.recognition
    for k in (1, 4, 7):
        window = recognition.windows[k]
        middle = (window.start_ns + window.end_ns) // 2
        scores = scores_at(recognition.windows, np.array([middle]))[0]
        for label, index in (("wave", 0), ("clap", 1)):
            share = float(scores[index])
            if abs(share - 0.5) > 0.05:  # where the two do not cross
                assert curve_height(spoken, label, middle) == pytest.approx(share, abs=0.09)


def test_segments_are_drawn_where_they_are_in_their_colour(spoken):
    picture, row = grabbed(spoken), scores_row(spoken)
    y = RULER_PX + row.top + 4 - spoken.timeline.verticalScrollBar().value()
    for segment, label in zip(spoken.session.recognition.segments, ("wave", "clap"), strict=True):
        left = NAMES_PX + round(spoken.timeline.scale.x(segment.start_ns))
        right = NAMES_PX + round(spoken.timeline.scale.x(segment.end_ns))
        strip = picture[y : y + 2, left + 8 : right - 8]
        near = np.abs(strip - rgb(label_color(spoken, label))).max(axis=2) < 90
        assert near.any(axis=0).mean() > 0.4  # dashed


def test_hover_tells_label_and_probability(spoken):
    scores = spoken.timeline.scores
    words = scores.text_at(1 * SECOND_NS, 0)
    now = scores_at(spoken.session.recognition.windows, np.array([SECOND_NS]))[0, 0]
    assert f"wave {now:.2f}" in words
    assert words.index("wave") < words.index("clap")
    assert "st-gcn-1" in words
    assert scores.text_at(99 * SECOND_NS, 0) == ""


def test_segments_cannot_be_taken_edited_or_selected(spoken):
    row = scores_row(spoken)
    segment = spoken.session.recognition.segments[0]
    scrolled = spoken.timeline.verticalScrollBar().value()
    y = RULER_PX + row.top + 12 - scrolled
    for time_ns in (segment.start_ns + 5, segment.end_ns, segment.end_ns - SECOND_NS):
        place = QPointF(NAMES_PX + spoken.timeline.scale.x(time_ns), y)
        found = spoken.timeline.hit_at(place)
        assert found.clip is None
        assert found.part == "row"
    place = QPointF(NAMES_PX + spoken.timeline.scale.x(3 * SECOND_NS), y).toPoint()
    QTest.mouseClick(spoken.timeline.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert spoken.session.selection is None
    assert abs(spoken.session.transport.position_ns - 3 * SECOND_NS) < SECOND_NS // 10
    assert spoken.clips() == []


def test_the_motion_row_below_is_still_hit_where_it_stands(spoken):
    motion = spoken.timeline.rows[2]
    scrolled = spoken.timeline.verticalScrollBar().value()
    y = RULER_PX + motion.top + 3 - scrolled
    assert spoken.timeline.hit_at(QPointF(NAMES_PX + 50, y)).row is motion


def test_an_hour_of_windows_is_at_most_two_points_a_pixel():
    opinion = Opinion(said(14_400, stride_ns=SECOND_NS // 4))
    scale = TimeScale(0, 3600 * SECOND_NS, 800).fit()
    scores = Scores(
        opinion,
        {"wave": "#112233", "clap": "#445566", "throw": "#778899"},
        opinion.recognition,
    )
    (points,) = scores.polylines(0, scale)
    assert len(points) <= 2 * 802
    assert np.all(np.diff(points[:, 0]) >= 0)
    assert len(list(segments_to_draw(scores, scale))) == 2


@pytest.mark.parametrize("factor", [1, 8, 200])
def test_the_curve_reaches_over_what_is_shown_at_every_zoom(factor: int):
    scores = Scores(Opinion(said(9)), {}, said(9))
    scale = TimeScale(0, 10 * SECOND_NS, 800).fit().zoomed(factor, 400)
    (points,) = scores.polylines(0, scale)
    assert points[0, 0] <= 1
    assert points[-1, 0] >= 799


def test_where_nobody_was_seen_the_curve_has_a_gap():
    whole = said(9)
    opinion = Opinion(replace(whole, windows=(*whole.windows[:2], *whole.windows[6:])))
    scale = TimeScale(0, 10 * SECOND_NS, 800).fit()
    before, after = Scores(opinion, {}, opinion.recognition).polylines(0, scale)
    assert before[-1, 0] == pytest.approx(scale.x(3 * SECOND_NS), abs=2)
    assert after[0, 0] == pytest.approx(scale.x(6 * SECOND_NS), abs=2)


@pytest.mark.parametrize("tokens", [theme.DARK, theme.LIGHT], ids=["dark", "light"])
@pytest.mark.parametrize("color", ["#ffff00", "#101010", "#96c257", "#02c9d1"])
def test_a_thin_line_can_be_seen_on_the_canvas(qapp, tokens, color: str):
    theme.apply(QApplication.instance(), tokens.name)
    assert theme.contrast(line_color(color), tokens.canvas) >= 3
    theme.apply(QApplication.instance(), "dark")


def test_a_recording_that_is_closed_takes_its_scores_along(spoken):
    spoken.session.close()
    assert spoken.timeline.scores is None


# ---- several persons


def of_two() -> Recognition:
    """The same said of one body, and of another that it claps all the time."""
    one = said(9)
    clap = np.array([0.1, 0.9, 0], dtype=np.float32)
    windows = [replace(window, person="72057594037931101") for window in one.windows]
    windows += [replace(window, person="2", probabilities=clap) for window in one.windows]
    segments = [replace(segment, person="72057594037931101") for segment in one.segments]
    segments.append(Segment(0, 10 * SECOND_NS, 1, 0.9, "2"))
    return replace(one, windows=tuple(windows), segments=tuple(segments))


def test_each_person_has_a_row_and_a_click_looks_at_one(bench):
    bench.session.show_recognition(of_two())
    rows = [row for row in bench.timeline.rows if row.kind in (Kind.SCORES, Kind.SEGMENTS)]
    assert [(row.kind, row.title, row.note) for row in rows] == [
        (Kind.SCORES, "st-gcn", "person …1101"),
        (Kind.SEGMENTS, "person 2", ""),
    ]
    scores, scale = bench.timeline.scores, bench.timeline.scale
    assert [place.label for place in segments_to_draw(scores, scale)] == ["wave", "clap"]
    assert [place.label for place in segments_to_draw(scores, scale, "2")] == ["clap"]
    place = QPoint(NAMES_PX + 50, RULER_PX + rows[1].top + 10)
    QTest.mouseClick(bench.timeline.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert bench.session.recognition.persons == ("2",)
    assert len(bench.session.recognition.windows) == 9
    rows = [row for row in bench.timeline.rows if row.kind in (Kind.SCORES, Kind.SEGMENTS)]
    assert [row.note or row.title for row in rows] == ["person 2", "person …1101"]
    bench.session.show_recognition(replace(of_two()))  # asked again: who is looked at stays
    assert bench.session.recognition.persons == ("2",)


def test_smoothing_draws_the_curve_that_segments_are_made_of(bench):
    plain = said(9)
    smooth = trimmed(plain, Trimming(smooth_s=3.0))
    assert smooth.asked["trimming"]["smooth_s"] == 3.0
    times, scores = Opinion(smooth).curve
    now = Opinion(smooth).scores_now(int(times[40]))
    np.testing.assert_array_equal(now, scores[40])
    seen = ~np.isnan(scores[:, 0])
    np.testing.assert_allclose(scores[seen].sum(axis=1), 1, atol=1e-5)
    raw = Opinion(plain).scores_now(int(times[0]))
    assert scores[0, 1] > raw[1] + 0.01  # the beginning leans to what follows


def test_importance_over_time_is_a_strip_that_the_tool_tip_tells():
    times = np.arange(0, 4 * SECOND_NS, SECOND_NS // 4)
    windows = tuple(
        Window(start, start + 2 * SECOND_NS, np.array([0.6, 0.4], np.float32))
        for start in (0, SECOND_NS, 5 * SECOND_NS)
    )
    told = tuple(
        (Importance("skeleton importance", "", times + w.start_ns, np.full(16, k / 2, np.float32)),)
        for k, w in enumerate(windows)
    )
    made = Recognition("r", "n", ("a", "b"), "x", "x", windows, (), 0, 0.6, told)
    opinion = Opinion(made)
    scale = TimeScale(0, 8 * SECOND_NS, 80, 0.0, SECOND_NS / 10)
    shares = columns(opinion, scale)
    assert shares[:13] == pytest.approx(0.0)  # the first window, until the second fits better
    assert shares[18:27] == pytest.approx(0.5)
    assert np.isnan(shares[31:49]).all()  # between windows nobody is seen
    assert shares[51:69] == pytest.approx(1.0)
    assert importance_text(opinion, 2 * SECOND_NS) == "skeleton importance 0.50"
    assert importance_text(opinion, 4 * SECOND_NS) == ""
    some = Opinion(replace(made, explanations=(*told[:2], ())))  # the first windows of many
    assert np.isnan(columns(some, scale)[31:]).all()
    assert importance_text(some, 6 * SECOND_NS) == ""
