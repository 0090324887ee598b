"""What the network says now: the label, large, the likeliest ones with bars, who decided."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontMetrics, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from harstudio.studio import theme
from harstudio.studio.live.labels import LiveLabels
from harstudio.studio.live.reading import now_ns
from harstudio.studio.live.saying.gate import Gate
from harstudio.studio.live.service import LiveService
from harstudio.studio.live.told import Said
from harstudio.studio.recognition.ranking import Ranked, Ranking

LABEL_PX, LEAST_PX, MOST_PX, LABEL_PART, TOP = 34, 18, 72, 8, 5
LINES = 2
DOING, WARMING = "You are doing", "The network is being loaded"


class _Bars(Ranking):
    """Tells when it has been painted."""

    painted = Signal()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        super().paintEvent(event)
        self.painted.emit()


class SaidView(QWidget):
    """Follows ``LiveService.said``."""

    def __init__(
        self, service: LiveService, labels: LiveLabels, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._service, self._labels = service, labels
        self._head = QLabel(DOING)
        self._head.setProperty("quiet", True)
        self.label = QLabel(wordWrap=True)
        self.label.setObjectName("live_label")
        self.label.setAccessibleName("What is recognised")
        self.label.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        self.ranking = _Bars(TOP)
        self.ranking.painted.connect(self._measure)
        self.label_ms: float | None = None  # from the newest picture's arrival to the label's sight
        self._unpainted: Said | None = None
        self._decided = QLabel("Decided by")
        self._decided.setProperty("quiet", True)
        self.gate = Gate()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self._head)
        column.addWidget(self.label)
        column.addSpacing(6)
        column.addWidget(self.ranking)
        column.addSpacing(6)
        column.addWidget(self._decided)
        column.addWidget(self.gate)
        self._words, self._known = "", False
        theme.theme_events.changed.connect(self._restyle)
        self._restyle()
        self.clear()

    def clear(self) -> None:
        """Nothing was said yet."""
        self._say("")
        self.label_ms = self._unpainted = None
        self.ranking.show_rows([])
        self._decided.hide()
        self.gate.hide()

    def refresh(self) -> None:
        """As it was said last."""
        told = self._service.told
        if not self._service.on:
            self._head.setText(DOING)
        elif self._service.choice.run and not told.ready:
            self._head.setText(WARMING)
        else:
            self._head.setText(DOING)
        said = told.said
        if said is None or not told.says_now:
            self.clear()
            return
        self._unpainted = said
        self._known = said.label >= 0
        self._say(said.words)
        classes = told.classes
        self.ranking.show_rows(
            [
                Ranked(classes[k], self._labels.color_of(classes[k]), share)
                for k, share in told.top(TOP)
                if k < len(classes) and share > 0
            ]
        )
        fixed = told.network.get("trust") or {}
        shares = said.shares or {name: float(value) for name, value in fixed.items()}
        self._decided.setText("Decided by" if said.shares else "Decided by, in every window alike")
        self._decided.setVisible(bool(shares))
        self.gate.setVisible(bool(shares))
        self.gate.show_shares(shares)

    def _measure(self) -> None:
        said, self._unpainted = self._unpainted, None
        if said is not None and said.captured_ns:
            self.label_ms = (now_ns() - said.captured_ns) / 1e6

    def _say(self, words: str) -> None:
        if words == self._words:
            return
        self._words = words
        self.label.setText(words)
        self._restyle()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._restyle()

    def _restyle(self) -> None:
        """As large as two lines allow; the place keeps its height, so that nothing jumps."""
        tokens = theme.current()
        room = max(40, self.width())
        most = min(max(LABEL_PX, room // LABEL_PART), MOST_PX)
        for px in range(most, LEAST_PX - 1, -2):
            font = theme.ui_font(px, bold=True)
            metrics = QFontMetrics(font)
            flags = int(Qt.TextFlag.TextWordWrap)
            box = metrics.boundingRect(0, 0, room, 10_000, flags, self._words or " ")
            if box.height() <= LINES * metrics.lineSpacing() and box.width() <= room:
                break
        self.label.setFont(font)
        tall = LINES * QFontMetrics(theme.ui_font(most, bold=True)).lineSpacing() + 4
        self.label.setFixedHeight(tall)
        color = tokens.text if self._known else tokens.quiet
        theme.tint(self.label, f"color: {color};")
