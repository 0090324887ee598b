"""The figures above the matrix, and whose matrix is shown."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from harstudio.studio import theme
from harstudio.studio.buttons import ToolButton
from harstudio.studio.evaluation.findings import FUSED, Findings


class Figure(QWidget):
    """A number with a few words below it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.value, self.caption = QLabel(), QLabel()
        font = theme.time_font(theme.EMPTY_PX)
        font.setWeight(font.Weight.DemiBold)
        self.value.setFont(font)
        self.caption.setProperty("quiet", True)
        self.caption.setFont(theme.ui_font(theme.QUIET_PX))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.value)
        column.addWidget(self.caption)

    def show_figure(self, value: str, caption: str, tip: str) -> None:
        self.value.setText(value)
        self.caption.setText(caption)
        self.setToolTip(tip)
        self.setAccessibleName(f"{caption}: {value}")


class Headline(QWidget):
    """Top-1 with its interval, top-5, macro-F1, calibration."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(24)
        self.top1, self.top5, self.f1, self.ece = (Figure() for _ in range(4))
        for figure in (self.top1, self.top5, self.f1, self.ece):
            row.addWidget(figure)
        row.addStretch(1)

    def show_findings(self, found: Findings) -> None:
        low_high = "" if found.ci95 is None else f", {_span(found.ci95)}"
        self.top1.show_figure(
            percent(found.top1),
            f"top-1{low_high}",
            "Share of clips whose class was named first, with its 95 % interval",
        )
        for figure, value, caption, tip in (
            (self.top5, found.top5, "top-5", "Share of clips whose class is among the first five"),
            (self.f1, found.macro_f1, "macro-F1", "F1 of every class, each counting the same"),
            (
                self.ece,
                found.ece,
                "calibration error",
                "How far the confidence lies from the share that is right (ECE); less is better",
            ),
        ):
            figure.setVisible(value is not None)
            figure.show_figure(percent(value or 0.0), caption, tip)


class StreamSwitch(QWidget):
    """One button for the network's own decision and one for each of its streams."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(4)
        self.buttons: dict[str, ToolButton] = {}
        self.stream = FUSED

    def show_findings(self, found: Findings) -> None:
        while self._row.count():
            old = self._row.takeAt(0).widget()
            if old is not None:
                old.hide()
                old.deleteLater()
        self.buttons.clear()
        if self.stream not in found.streams:
            self.stream = FUSED
        for name in found.streams:
            share = found.top1 if name == FUSED else found.top1_by_stream[name]
            button = ToolButton(f"{name or 'all together'}  {percent(share)}")
            button.setCheckable(True)
            button.setToolTip(f"Show the matrix of {name or 'the network as a whole'}")
            button.clicked.connect(partial(self.choose, name))
            self._row.addWidget(button)
            self.buttons[name] = button
        self._row.addStretch(1)
        self._check()
        self.setVisible(len(self.buttons) > 1)

    def choose(self, stream: str, _checked: bool = False) -> None:
        self.stream = stream
        self._check()
        self.chosen.emit(stream)

    def _check(self) -> None:
        for name, button in self.buttons.items():
            button.setChecked(name == self.stream)


def percent(share: float) -> str:
    """ "94.2 %" """
    return f"{100 * share:.1f} %"


def _span(interval: tuple[float, float]) -> str:
    low, high = interval
    return f"{100 * low:.1f}–{100 * high:.1f} %"


def quiet_label(text: str = "", *, wrap: bool = False) -> QLabel:
    """Small words beside what matters."""
    label = QLabel(text, wordWrap=wrap)
    label.setProperty("quiet", True)
    label.setFont(theme.ui_font(theme.QUIET_PX))
    label.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)
    return label
