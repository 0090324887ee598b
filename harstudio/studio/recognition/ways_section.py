"""The part of the recognition panel that trims segments and says how runs are asked."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import (
    QCheckBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from harstudio.runs.recognised.segments import Trimming
from harstudio.studio import icons, theme
from harstudio.studio.buttons import ToolButton
from harstudio.studio.fields import ChoiceBox
from harstudio.studio.panels.clip_fields import TextField
from harstudio.studio.recognition.recogniser import Recogniser
from harstudio.studio.recognition.ways import DEVICES, Asking, typed_scales, typed_seconds
from harstudio.studio.session import Session

SMOOTH_S, SHORTEST_S = 4.0, 6.0  # at the sliders' right ends
STEPS = 80
DEVICE_TITLES = ("automatic", "processor (CPU)", "graphics card (CUDA)")


class WaysSection(QWidget):
    """Closed it is one line. The sliders act at once; the fields hold from the next question on."""

    def __init__(self, session: Session, recogniser: Recogniser) -> None:
        super().__init__()
        self.setObjectName("ways")
        self._session, self._recogniser, self._ways = session, recogniser, recogniser.ways
        self._build()
        self._ways.changed.connect(self.refresh)
        session.recognition_changed.connect(self.refresh)
        recogniser.changed.connect(self.refresh)
        theme.theme_events.changed.connect(self.refresh)
        self.refresh()

    # ---- building

    def _build(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        head = QHBoxLayout()
        self.title = ToolButton("Segments")
        self.title.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.title.setIconSize(QSize(14, 14))
        self.title.setFont(theme.ui_font(theme.QUIET_PX, bold=True))
        self.title.setToolTip("Trim the segments, and say how runs are asked")
        self.title.clicked.connect(self._fold)
        self.reset = _small("Reset")
        self.reset.clicked.connect(self._reset)
        head.addWidget(self.title)
        head.addStretch(1)
        head.addWidget(self.reset)
        column.addLayout(head)
        self.body = QWidget()
        self.body.hide()
        column.addWidget(self.body)
        grid = self._grid = QGridLayout(self.body)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(8)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(1, 1)
        self.smooth, self._smooth = self._slider("smoothing", self._trim_smooth)
        self.least, self._least = self._slider("least confidence", self._trim_least)
        self.shortest, self._shortest = self._slider("shortest", self._trim_shortest)
        self.smooth.setToolTip("Average the scores over so long a time")
        self.least.setToolTip("Where no class scores as much, nothing is said")
        self.shortest.setToolTip("Shorter segments go to a neighbour; at the left half a window")
        self._row(_quiet("Of the next question", bold=True))
        self.window_s = self._field("window", "usual clip", typed_seconds, "window_s")
        self.stride_s = self._field("stride", "¼ window", typed_seconds, "stride_s")
        self.scales = self._field("scales", "1", typed_scales, "scales")
        self.scales.setToolTip("Windows of several lengths: factors, as 0.7 1 1.4")
        self.each_person = QCheckBox("Each person by itself")
        self.each_person.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.each_person.clicked.connect(lambda on: self._ask(each_person=on))
        self._row(self.each_person)
        self.device = ChoiceBox("Device")
        for title, name in zip(DEVICE_TITLES, DEVICES, strict=True):
            self.device.addItem(title, name)
        self.device.activated.connect(lambda _: self._ask(device=self.device.currentData()))
        self._labelled("device", self.device)
        self.again = _small("Ask again like this")
        self.again.clicked.connect(self._ask_again)
        self._row(self.again)

    def _slider(self, name: str, act: Callable[[int], None]) -> tuple[QSlider, QLabel]:
        slider, value = QSlider(Qt.Orientation.Horizontal), _quiet("")
        slider.setRange(0, STEPS)
        slider.setAccessibleName(name)
        slider.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        slider.valueChanged.connect(act)
        value.setFont(theme.time_font(theme.QUIET_PX))
        value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        row = self._grid.rowCount()
        self._grid.addWidget(_quiet(name), row, 0)
        self._grid.addWidget(value, row, 1)
        self._grid.addWidget(slider, row + 1, 0, 1, 2)
        return slider, value

    def _field(
        self, name: str, without: str, read: Callable[[str], object], value: str
    ) -> TextField:
        field = TextField(name, read)
        field.hint = without
        field.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        field.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        field.written.connect(lambda written: self._ask(**{value: written}))
        field.refused.connect(lambda why: self._session.message.emit("warn", why))
        field.left.connect(field.clearFocus)
        self._labelled(name, field)
        return field

    def _labelled(self, name: str, field: QWidget) -> None:
        row = self._grid.rowCount()
        field.setMinimumHeight(field.sizeHint().height())
        self._grid.addWidget(_quiet(name), row, 0)
        self._grid.addWidget(field, row, 1)

    def _row(self, widget: QWidget) -> None:
        widget.setMinimumHeight(widget.sizeHint().height())
        align = Qt.AlignmentFlag.AlignLeft
        self._grid.addWidget(widget, self._grid.rowCount(), 0, 1, 2, align)

    # ---- showing

    def refresh(self, *_: object) -> None:
        asking, trimming = self._ways.asking, self._ways.trimming
        opened = not self.body.isHidden()
        self.title.setIcon(icons.icon("chevron-down" if opened else "chevron-right", 16))
        plain = (asking, trimming) == (Asking(), Trimming())
        self.reset.setVisible(opened and not plain)
        least_s = trimming.least_s
        for slider, share in (
            (self.smooth, trimming.smooth_s / SMOOTH_S),
            (self.least, trimming.confidence),
            (self.shortest, 0.0 if least_s is None else least_s / SHORTEST_S),
        ):
            before = slider.blockSignals(True)
            slider.setValue(round(share * STEPS))
            slider.blockSignals(before)
        self._smooth.setText(f"{trimming.smooth_s:.2f} s" if trimming.smooth_s else "off")
        self._least.setText(f"{100 * trimming.confidence:.0f} %" if trimming.confidence else "off")
        self._shortest.setText("½ window" if least_s is None else f"{least_s:.2f} s")
        for field, value in ((self.window_s, asking.window_s), (self.stride_s, asking.stride_s)):
            field.show_values(["" if value is None else f"{value:g} s"])
        plain_scales = asking.scales == Asking().scales
        scales = "" if plain_scales else " ".join(f"{one:g}" for one in asking.scales)
        self.scales.show_values([scales])
        self.each_person.setChecked(asking.each_person)
        self.device.setCurrentIndex(DEVICES.index(asking.device))
        recognition = self._session.recognition
        other = recognition is not None and not asking.was_asked(recognition)
        self.again.setVisible(other and self._recogniser.run is not None)
        self.again.setEnabled(self._recogniser.can_ask())

    def _fold(self) -> None:
        self.body.setVisible(self.body.isHidden())
        self.refresh()

    # ---- acting

    def _reset(self) -> None:
        plain, trimming = Asking(), Trimming()
        self._ask(**{name: getattr(plain, name) for name in Asking.__slots__})
        self._ways.trim(**{name: getattr(trimming, name) for name in Trimming.__slots__})

    def _trim_smooth(self, step: int) -> None:
        self._ways.trim(smooth_s=round(SMOOTH_S * step / STEPS, 3))

    def _trim_least(self, step: int) -> None:
        self._ways.trim(confidence=round(step / STEPS, 4))

    def _trim_shortest(self, step: int) -> None:
        self._ways.trim(least_s=round(SHORTEST_S * step / STEPS, 3) if step else None)

    def _ask(self, **values: object) -> None:
        try:
            self._ways.ask(**values)
        except ValueError as error:
            self._session.message.emit("warn", str(error))
            self.refresh()

    def _ask_again(self) -> None:
        if self._recogniser.run is not None:
            self._recogniser.recognise(self._recogniser.run)


def _small(text: str) -> ToolButton:
    button = ToolButton(text)
    button.setFont(theme.ui_font(theme.QUIET_PX))
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button


def _quiet(text: str, *, bold: bool = False) -> QLabel:
    label = QLabel(text)
    label.setProperty("quiet", True)
    label.setFont(theme.ui_font(theme.QUIET_PX, bold=bold))
    return label
