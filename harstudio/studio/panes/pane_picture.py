"""A pane as a picture of its own: what it shows, with the whole meaning of its colours below."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QRegion
from PySide6.QtWidgets import QWidget

from harstudio.studio import theme
from harstudio.studio.panes.legend import Legend
from harstudio.studio.panes.picture import PicturePane
from harstudio.studio.panes.skeleton3d import Skeleton3DPane

CAPTION_PX, PAD = 26, 8
LEAST_RATIO = 2.0  # pixels for one of the screen: lines and words stay sharp on paper
ROOM = QSize(4000, 2000)  # as much as any words need


def shows_maps(pane: QWidget) -> bool:
    """Whether a pane can show explanations."""
    return isinstance(pane, PicturePane | Skeleton3DPane)


def pane_picture(pane: PicturePane | Skeleton3DPane, words: str) -> QImage:
    """What the pane shows without its header, ``words`` in a line below it, and its legend below
    that, in full. In the colours of the theme, at twice the size on screen at least."""
    shown = _shown(pane)
    ratio = max(LEAST_RATIO, shown.devicePixelRatioF())
    found = _legend(pane)
    legend = None if found is None else found[0]
    below = 0 if legend is None else legend.height()
    wide = max(shown.width(), 0 if legend is None else legend.width())
    image = QImage(
        round(wide * ratio), round((shown.height() + CAPTION_PX + below) * ratio),
        QImage.Format.Format_RGB32,
    )  # fmt: skip
    image.setDevicePixelRatio(ratio)
    tokens = theme.current()
    image.fill(QColor(tokens.canvas))
    no_children = QWidget.RenderFlag(0)
    painter = QPainter(image)
    shown.render(painter, QPoint(0, 0), QRegion(), no_children)
    painter.setFont(theme.ui_font(theme.QUIET_PX))
    painter.setPen(QColor(tokens.text))
    line = QRectF(PAD, shown.height(), wide - 2 * PAD, CAPTION_PX)
    elide = Qt.TextElideMode.ElideRight
    fitting = painter.fontMetrics().elidedText(words, elide, int(line.width()))
    painter.drawText(line, int(Qt.AlignmentFlag.AlignVCenter), fitting)
    if legend is not None:
        legend.render(painter, QPoint(0, shown.height() + CAPTION_PX), QRegion(), no_children)
    painter.end()
    return image


def _shown(pane: PicturePane | Skeleton3DPane) -> QWidget:
    """The widget that is painted on."""
    if isinstance(pane, PicturePane):
        return pane.canvas
    return pane if pane.view is None else pane.view.mouse_widget


def _legend(pane: PicturePane | Skeleton3DPane) -> tuple[Legend, QWidget] | None:
    """The pane's legend again, and the room that it needs for all of its words, which must be kept;
    None where it says nothing."""
    if pane.legend is None or not pane.legend.meanings:
        return None
    room = QWidget()
    room.resize(ROOM)
    legend = Legend(room)
    legend.tell(pane.legend.meanings)
    return legend, room
