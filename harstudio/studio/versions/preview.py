"""A document in small: its tiers as strips of colour, and what it holds in words."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from harstudio.labels.editing.proposals import open_proposals, proposals_tier
from harstudio.labels.model import Clip, Document, Tier
from harstudio.studio import theme

ROW_PX, NAME_PX, POINT_PX = 22, 92, 3
MOST_ROWS = 8


class DocumentStrip(QWidget):
    """Tiers from top to bottom over the whole recording."""

    def __init__(self, color_of: Callable[[str], str]) -> None:
        super().__init__()
        self._color_of = color_of
        self._tiers: list[Tier] = []
        self._span = (0, 1)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.theme_events.changed.connect(self.update)

    def show_document(self, document: Document | None, span: tuple[int, int]) -> None:
        """span: [start_ns, end_ns) of the recording."""
        self._tiers = [] if document is None else document.said[:MOST_ROWS]
        self._span = span[0], max(span[1], span[0] + 1)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(240, ROW_PX * max(1, len(self._tiers)))

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802
        tokens, painter = theme.current(), QPainter(self)
        font = theme.ui_font(theme.TIME_PX)
        painter.setFont(font)
        start, end = self._span
        scale = max(1, self.width() - NAME_PX) / (end - start)
        for at, tier in enumerate(self._tiers):
            top = at * ROW_PX
            painter.setPen(QColor(tokens.quiet))
            name = QFontMetrics(font).elidedText(
                tier.name, Qt.TextElideMode.ElideRight, NAME_PX - 8
            )
            flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(QRectF(0, top, NAME_PX - 8, ROW_PX), flags, name)
            ground = QRectF(NAME_PX, top + 3, self.width() - NAME_PX, ROW_PX - 6)
            painter.fillRect(ground, QColor(tokens.canvas))
            for clip in tier.clips:
                left = NAME_PX + (clip.start_ns - start) * scale
                wide = POINT_PX if clip.is_point else max(1.0, clip.duration_ns * scale)
                box = QRectF(left, top + 3, wide, ROW_PX - 6)
                painter.fillRect(box, QColor(self._color_of(clip.label)))


def document_words(document: Document) -> str:
    """How much a document holds, in a line."""
    clips = [clip for tier in document.said for clip in tier.clips]
    waiting = len(open_proposals(document))
    points = sum(clip.is_point for clip in clips)
    labels = len({clip.label for clip in clips})
    parts = [_many(len(clips) - points, "clip")]
    if points:
        parts.append(_many(points, "point event"))
    parts += [_many(labels, "label"), _many(len(document.said), "tier")]
    if waiting:
        parts.append(_many(waiting, "open proposal"))
    return ", ".join(parts) + (", marked as done" if document.done else "")


def difference_words(then: Document, now: Document) -> str:
    """What restoring would change, in a sentence."""
    before = {clip.id: clip for tier in now.said for clip in tier.clips}
    after = {clip.id: clip for tier in then.said for clip in tier.clips}
    back = len(after.keys() - before.keys())
    gone = len(before.keys() - after.keys())
    changed = sum(before[key] != after[key] for key in before.keys() & after.keys())
    told = [
        f"{_many(count, 'clip')} {what}"
        for count, what in (
            (back, "would come back"),
            (gone, "would go"),
            (changed, "would change"),
        )
        if count
    ]
    if told:
        return "Restored: " + ", ".join(told) + "."
    if _proposed(then) != _proposed(now):
        return "Restored: the clips stay as they are, the proposals change."
    same = then.done is now.done and [t.name for t in then.tiers] == [t.name for t in now.tiers]
    return "The labels are like that now." if same else "Restored: the clips stay as they are."


def _proposed(document: Document) -> dict[str, Clip]:
    tier = proposals_tier(document)
    return {} if tier is None else {clip.id: clip for clip in tier.clips}


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
