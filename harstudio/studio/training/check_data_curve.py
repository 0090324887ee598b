"""Learning one batch by heart: the curve, and what it means in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from harstudio.studio import theme

LEFT_PX, RIGHT_PX, TOP_PX, BOTTOM_PX = 40, 44, 20, 22
BY_HEART, NEARLY, FEW = 0.999, 0.9, 30


@dataclass(frozen=True, slots=True)
class Step:
    """After so many steps on one and the same batch; accuracy in [0, 1]."""

    step: int
    loss: float
    accuracy: float


def verdict(steps: Sequence[Step], *, over: bool) -> tuple[str, str]:
    """(tone, sentence); ("", "") while nothing can be said yet."""
    if not steps:
        return "", ""
    if any(not math.isfinite(step.loss) for step in steps):
        return "bad", (
            "The loss is no longer a number. Try a smaller learning rate, and look whether a "
            "sample is empty."
        )
    learned = next((step for step in steps if step.accuracy >= BY_HEART), None)
    if learned is not None and not over:
        return "good", (
            f"All of them right after {_steps(learned.step)}: data, labels and network fit "
            "together. It goes on until it is sure of each."
        )
    if learned is not None:
        return "good", (
            f"Learned by heart after {_steps(learned.step)}: data, labels and network fit together."
        )
    if not over:
        return "", "Learning one batch again and again; it should reach 100 %."
    best = max(step.accuracy for step in steps)
    last = steps[-1].step
    if best < NEARLY and last < FEW:
        return "warn", (
            f"There was time for {_steps(last)} only, too few to tell: {100 * best:.0f} % so far. "
            "On a faster device, or with fewer frames, it would say more."
        )
    if best >= NEARLY:
        return "warn", (
            f"{100 * best:.0f} % of the batch learned after {_steps(last)}; the rest may only need "
            "more of them. Look at the samples that differ least."
        )
    return "bad", (
        f"Only {100 * best:.0f} % of one batch learned after {_steps(last)}. Do the samples show "
        "what their names say? If they do, try another learning rate."
    )


def _steps(count: int) -> str:
    return "1 step" if count == 1 else f"{count} steps"


class OverfitCurve(QWidget):
    """Accuracy on the left scale, loss on the right one."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Loss and accuracy on one batch")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(210)
        self.steps: list[Step] = []
        theme.theme_events.changed.connect(self.update)

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(300, 210)

    def clear(self) -> None:
        self.steps = []
        self.update()

    def add(self, step: Step) -> None:
        self.steps.append(step)
        self.setAccessibleDescription(
            f"step {step.step}, loss {step.loss:.3f}, accuracy {100 * step.accuracy:.0f} %"
        )
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        tokens = theme.current()
        box = QRectF(self.rect()).adjusted(LEFT_PX, TOP_PX, -RIGHT_PX, -BOTTOM_PX)
        painter.setFont(theme.time_font())
        losses = [step.loss for step in self.steps if math.isfinite(step.loss)]
        top_loss = max([*losses, 1e-6])
        painter.setPen(QPen(QColor(tokens.line), 1))
        for share in (0.0, 0.5, 1.0):
            y = box.bottom() - share * box.height()
            painter.setPen(QPen(QColor(tokens.line), 1))
            painter.drawLine(QPointF(box.left(), y), QPointF(box.right(), y))
            self._write(painter, QRectF(0, y - 8, LEFT_PX - 6, 16), f"{100 * share:.0f} %",
                        tokens.accent, Qt.AlignmentFlag.AlignRight)  # fmt: skip
            if losses:
                place = QRectF(box.right() + 6, y - 8, RIGHT_PX - 6, 16)
                figure = f"{share * top_loss:.2f}"
                self._write(painter, place, figure, tokens.warn, Qt.AlignmentFlag.AlignLeft)
        self._write(painter, QRectF(box.left(), 0, 120, 16), "accuracy", tokens.accent,
                    Qt.AlignmentFlag.AlignLeft)  # fmt: skip
        self._write(painter, QRectF(box.right() - 120, 0, 120, 16), "loss", tokens.warn,
                    Qt.AlignmentFlag.AlignRight)  # fmt: skip
        if not self.steps:
            return
        last = max(1, self.steps[-1].step)
        below = QRectF(box.left(), box.bottom() + 4, box.width(), 16)
        self._write(painter, below, _steps(last), tokens.quiet, Qt.AlignmentFlag.AlignRight)

        def line(values: Sequence[float], color: str) -> None:
            points = [
                QPointF(
                    box.left() + box.width() * step.step / last,
                    box.bottom() - box.height() * value,
                )
                for step, value in zip(self.steps, values, strict=True)
                if math.isfinite(value)
            ]
            painter.setPen(QPen(QColor(color), 1.8))
            painter.drawPolyline(QPolygonF(points))

        line([step.loss / top_loss for step in self.steps], tokens.warn)
        line([step.accuracy for step in self.steps], tokens.accent)

    @staticmethod
    def _write(
        painter: QPainter, place: QRectF, text: str, color: str, side: Qt.AlignmentFlag
    ) -> None:
        painter.setPen(QColor(color))
        painter.drawText(place, side | Qt.AlignmentFlag.AlignVCenter, text)
