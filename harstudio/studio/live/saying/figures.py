"""The figures of a session: how many frames a second at each stage, how late, how many lost."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from harstudio.studio import theme
from harstudio.studio.live.service import LiveService

STAGES = {
    "capture": "from the sensor to the rings",
    "pose": "to find the skeleton",
    "wait": "waited for the network",
    "window": "to put the window together",
    "network": "in the network",
}
MS = 1e6


def milliseconds(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f} ms"


def stage_rows(stages: dict[str, float]) -> list[tuple[str, str]]:
    """(what took so long, "12 ms") for the tool tip."""
    return [(STAGES.get(name, name), milliseconds(value)) for name, value in stages.items()]


class Figures(QWidget):
    """Name at the left, figure at the right; the latency by stage in the tool tip."""

    def __init__(self, service: LiveService, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._service = service
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setVerticalSpacing(1)
        self._grid.setColumnStretch(0, 1)
        self.values: dict[str, QLabel] = {}
        for row, name in enumerate(
            ("Captured", "Skeletons", "Recognised", "Picture", "Label", "Dropped")
        ):
            head, value = QLabel(name), QLabel("–")
            head.setProperty("quiet", True)
            for label in (head, value):
                label.setFont(theme.time_font(theme.QUIET_PX))
            value.setAlignment(Qt.AlignmentFlag.AlignRight)
            value.setAccessibleName(name)
            self._grid.addWidget(head, row, 0)
            self._grid.addWidget(value, row, 1)
            self.values[name] = value
            for label in (head, value):
                label.setToolTip(TIPS[name])

    def refresh(self, label_ms: float | None) -> None:
        """label_ms: from the newest picture's arrival to its label being painted."""
        told = self._service.told
        self._set("Captured", f"{told.capture_fps:.1f} fps" if told.captured else "–")
        self._set("Skeletons", f"{told.pose_fps:.1f} fps" if told.pose_fps else "–")
        rate = told.recognised_fps
        self._set("Recognised", f"{rate:.1f} a second" if rate else "–")
        middle, late = told.latency_ms(0.5), told.latency_ms(0.95)
        words = "–" if middle is None else f"{middle:.0f} ms, 95 % in {late:.0f}"
        self._set("Picture", words)
        self._set("Label", milliseconds(label_ms))
        self._set("Dropped", f"{told.dropped}" if told.captured else "–")
        self.values["Label"].setToolTip(self._label_tip())
        self.values["Picture"].setToolTip(self._picture_tip())

    def _set(self, name: str, words: str) -> None:
        if self.values[name].text() != words:
            self.values[name].setText(words)

    def _label_tip(self) -> str:
        said = self._service.told.said
        stages = {} if said is None else dict(said.stages)
        rows = "".join(
            f"<tr><td>{words}</td><td align='right'>&nbsp;&nbsp;{figure}</td></tr>"
            for words, figure in stage_rows(stages)
        )
        return f"<qt>{TIPS['Label']}<table>{rows}</table></qt>"

    def _picture_tip(self) -> str:
        behind = self._service.viewing.behind_ns / MS
        return f"{TIPS['Picture']}\nOf that, {behind:.0f} ms wait for the skeleton of the picture."


TIPS = {
    "Captured": "Frames a second that the source gives",
    "Skeletons": "Skeletons a second, of the sensor or found in the picture",
    "Recognised": "How often a second the network says something, over three seconds",
    "Picture": "From a picture's arrival at this computer to its being painted, median and 95 %",
    "Label": "From the newest picture's arrival to the label that it led to being shown",
    "Dropped": "Frames that the source gave and nobody could take in time",
}
