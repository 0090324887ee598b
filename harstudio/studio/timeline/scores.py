"""What a run says over time: segments, and the probabilities of the leading classes as curves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPolygonF

from harstudio.results import Recognition, Segment
from harstudio.runs.recognised.opinion import Opinion
from harstudio.studio import theme
from harstudio.studio.recognition.persons import person_names
from harstudio.studio.timecode import clock_text
from harstudio.studio.timeline.importance import importance_text
from harstudio.studio.timeline.rows import Said
from harstudio.studio.timeline.scale import TimeScale

LINE_PX = 1.75
FILL_ALPHA = 38
HOVERED = 5  # classes that the tool tip tells


@dataclass(frozen=True, eq=False)
class Scores:
    """An opinion as the timeline shows it. colors: "#rrggbb" by class. answer: about every person,
    the opinion is about one of them."""

    opinion: Opinion
    colors: Mapping[str, str]
    answer: Recognition

    @cached_property
    def said(self) -> Said:
        """What its rows are called."""
        persons = self.answer.persons if len(self.answer.persons) > 1 else ()
        now = next(iter(self.opinion.recognition.persons), "")
        names = person_names(persons)
        return Said(self.opinion.recognition.network, now, names)

    @cached_property
    def of_persons(self) -> dict[str, list[Segment]]:
        """Segments by body id."""
        found: dict[str, list[Segment]] = {}
        for segment in self.answer.segments:
            found.setdefault(segment.person, []).append(segment)
        return found

    def segment_at(self, time_ns: int, person: str | None = None) -> Segment | None:
        """The segment that covers a time; person: of this one, None = who is looked at."""
        found = self.opinion.recognition.segments
        if person is not None:
            found = tuple(self.of_persons.get(person, ()))
        return next((s for s in found if s.start_ns <= time_ns < s.end_ns), None)

    def segment_text(self, time_ns: int, zero_ns: int, person: str) -> str:
        """What is said about a person at a time, as rich text; "" where nothing is."""
        segment = self.segment_at(time_ns, person)
        if segment is None:
            return ""
        name = escape(self.answer.classes[segment.label])
        span = f"{clock_text(segment.start_ns - zero_ns)} to {clock_text(segment.end_ns - zero_ns)}"
        return f"<b>{name}</b> {segment.confidence:.2f}<br>{span}<br>person {escape(person)}"

    def text_at(self, time_ns: int, zero_ns: int) -> str:
        """Label and probability of the likeliest classes at a time, as rich text."""
        opinion = self.opinion
        window = opinion.window_at(time_ns)
        if window is None:
            return ""
        lines = [f"{clock_text(time_ns - zero_ns)}, {escape(Path(opinion.recognition.run).name)}"]
        now = opinion.scores_now(time_ns).tolist()
        chances = sorted(zip(now, opinion.recognition.classes, strict=True), reverse=True)
        for number, (chance, name) in enumerate(chances[:HOVERED]):
            said = f'<span style="color:{self.colors[name]}">■</span> {escape(name)} {chance:.2f}'
            lines.append(f"<b>{said}</b>" if number == 0 else said)
        counted = importance_text(opinion, time_ns)
        if counted:
            lines.append(escape(counted))
        return "<br>".join(lines)

    def polylines(self, label: int, scale: TimeScale) -> list[NDArray[np.float64]]:
        """(n, 2) each, x in pixels and score of a class, one for every stretch that windows
        cover without a gap; at most about two points a pixel column."""
        times, scores = self.opinion.curve
        if not len(times):
            return []
        x = (times - scale.origin_ns) / scale.ns_per_px
        first = max(int(np.searchsorted(x, 0.0)) - 1, 0)
        last = int(np.searchsorted(x, scale.width)) + 1
        points = np.column_stack([x, scores[:, label]])[first : last + 1]
        known = np.isfinite(points[:, 1])
        edges = np.flatnonzero(np.diff(known)) + 1
        pieces = np.split(points, edges)
        return [_thinned(piece) for piece in pieces if len(piece) and np.isfinite(piece[0, 1])]


def _thinned(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of more than two points in a pixel column only the lowest and the highest."""
    columns = np.floor(points[:, 0]).astype(np.int64)
    if len(points) <= 2 * len(np.unique(columns)):
        return points
    kept = []
    edges = np.flatnonzero(np.diff(columns)) + 1
    for group in np.split(np.arange(len(points)), edges):
        values = points[group, 1]
        kept += sorted({int(group[values.argmin()]), int(group[values.argmax()])})
    return points[kept]


@dataclass(frozen=True, slots=True)
class Place:
    """A segment on screen: pixels from the left of the tracks."""

    left: float
    right: float
    label: str
    confidence: float


def segments_to_draw(
    scores: Scores, scale: TimeScale, person: str | None = None
) -> Iterator[Place]:
    """Segments in sight, at most one a pixel column; person: of this one, None = who is looked
    at."""
    classes, last = scores.answer.classes, -np.inf
    own = scores.opinion.recognition.segments
    for segment in own if person is None else scores.of_persons.get(person, ()):
        left, right = scale.x(segment.start_ns), scale.x(segment.end_ns)
        if right < 0 or left > scale.width or (right - left < 1 and int(left) == last):
            continue
        last = int(left)
        yield Place(left, right, classes[segment.label], segment.confidence)


def draw_curves(
    painter: QPainter,
    scores: Scores,
    scale: TimeScale,
    area: QRectF,
) -> None:
    """The leading classes over ``area``: 0 at its lower edge, 1 at its upper one."""
    tokens = theme.current()
    faint = QColor(theme.mixed(tokens.line, tokens.canvas, 0.35))
    for share in (0.0, 0.5, 1.0):
        y = area.bottom() - share * area.height()
        painter.setPen(
            QPen(faint, 1.0, Qt.PenStyle.DotLine if share == 0.5 else Qt.PenStyle.SolidLine)
        )
        painter.drawLine(
            QPointF(area.left(), round(y) + 0.5), QPointF(area.right(), round(y) + 0.5)
        )
    for label in reversed(scores.opinion.leading):
        color = QColor(line_color(scores.colors[scores.opinion.recognition.classes[label]]))
        for points in scores.polylines(label, scale):
            _draw_line(painter, points, area, color)


def _draw_line(painter: QPainter, points: NDArray[np.float64], area: QRectF, color: QColor) -> None:
    line = [
        QPointF(area.left() + x, area.bottom() - share * area.height())
        for x, share in points.tolist()
    ]
    fill = QColor(color)
    fill.setAlpha(FILL_ALPHA)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(fill)
    ends = [QPointF(line[-1].x(), area.bottom()), QPointF(line[0].x(), area.bottom())]
    painter.drawPolygon(QPolygonF(line + ends))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(color, LINE_PX))
    painter.drawPolyline(QPolygonF(line))


def line_color(color: str) -> str:
    """The label's colour, moved away from the canvas until a thin line of it can be seen."""
    tokens, share = theme.current(), 0.0
    while share < 1 and theme.contrast(theme.mixed(color, tokens.text, share), tokens.canvas) < 3:
        share += 0.1
    return theme.mixed(color, tokens.text, share)
