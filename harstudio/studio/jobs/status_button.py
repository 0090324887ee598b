"""The jobs in the status line: one line about the one that matters most, a click shows all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QSizePolicy

from harstudio.studio import theme
from harstudio.studio.buttons import ToolButton
from harstudio.studio.jobs.words import progress_text, state_color

if TYPE_CHECKING:
    from harstudio.jobs.record import JobRecord
    from harstudio.studio.jobs.service import Jobs

DOT = 12
RANK = ("running", "stopping", "starting", "paused", "queued")
FLEETING = "harstudio.recognition.jobs:what_if"  # many a second while a person drags a region


class JobsButton(ToolButton):
    """Hidden while there are no jobs."""

    def __init__(self, jobs: Jobs) -> None:
        super().__init__()
        self.setObjectName("jobs_button")
        self._jobs = jobs
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setIconSize(QSize(DOT, DOT))
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.setFont(theme.time_font(theme.QUIET_PX))
        for signal in (jobs.added, jobs.changed, jobs.finished, jobs.removed):
            signal.connect(self.refresh)
        jobs.told.connect(self._heard)
        theme.theme_events.changed.connect(self.refresh)
        self.refresh()

    def foremost(self) -> JobRecord | None:
        """The one to tell about: what runs before what waits, else the one that ended last."""
        newest_first = self._told()[::-1]
        active = [record for record in newest_first if not record.over]
        if active:
            return min(active, key=lambda r: RANK.index(r.state))
        return max(newest_first, key=lambda r: r.ended or 0.0, default=None)

    def _told(self) -> list[JobRecord]:
        return [record for record in self._jobs.records if record.job != FLEETING]

    def _heard(self, _record: object, kind: str, _payload: object) -> None:
        if kind in ("metrics", "device"):
            self.refresh()

    def refresh(self, *_: object) -> None:
        record = self.foremost()
        self.setVisible(record is not None)
        if record is None:
            return
        at_work = sum(not r.over for r in self._told())
        others = at_work - (0 if record.over else 1)
        shown = self._jobs.shown
        text = shown(progress_text(record, self._jobs.latest.epoch(record)))
        told = f" {text} · {others} more" if others else f" {text}"
        if told != self.text():
            self.setText(told)
        self.setToolTip(shown(record.error or record.text) or "Show the jobs  (Ctrl+J)")
        self.setAccessibleName(f"Jobs: {told}")
        color = theme.current().quiet if not record.error else theme.current().bad
        theme.tint(self, f"color: {color}; padding: 2px 6px;")
        self.setIcon(dot(state_color(record.state), hollow=record.state in ("queued", "starting")))


def dot(color: str, *, hollow: bool = False) -> QIcon:
    """A small disc or ring."""
    scale = 2
    pixmap = QPixmap(DOT * scale, DOT * scale)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(color), 1.5 * scale) if hollow else Qt.PenStyle.NoPen)
    painter.setBrush(Qt.BrushStyle.NoBrush if hollow else QColor(color))
    inset = 2.5 * scale
    painter.drawEllipse(QRectF(inset, inset, DOT * scale - 2 * inset, DOT * scale - 2 * inset))
    painter.end()
    pixmap.setDevicePixelRatio(scale)
    return QIcon(pixmap)
