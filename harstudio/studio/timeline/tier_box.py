"""Name and rules of a tier, to be made or changed."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from harstudio.labels.model import SNAPS, TierRules
from harstudio.studio.fields import ChoiceBox, NumberBox

SNAP_TITLES = {"frames": "frames", "edges": "edges of other clips", "playhead": "the playhead"}
HOLDS = {  # in this order: whether points, whether they may overlap
    "clips, one after another": (False, False),
    "clips that may overlap": (False, True),
    "point events": (True, False),
}
LONGEST_MS = 3_600_000
MS_NS = 1_000_000


class TierBox(QDialog):
    """Not modal. decided takes name and rules; it answers why they cannot be, "" when it is done,
    and what it answers is shown here. Enter decides, Esc leaves everything as it is."""

    def __init__(
        self,
        name: str,
        rules: TierRules,
        decided: Callable[[str, TierRules], str],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("tier_box")
        self.setWindowTitle(f"Tier “{name}”" if name else "New tier")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._decided = decided
        self._build("Change" if name else "Add")
        self._show(name, rules)

    def _build(self, verb: str) -> None:
        self.name, self.person = QLineEdit(), QLineEdit()
        self.name.setAccessibleName("Name of the tier")
        self.person.setAccessibleName("Person that new clips are about")
        self.person.setPlaceholderText("whoever is seen")
        self.holds = ChoiceBox("What the tier holds")
        self.holds.addItems(list(HOLDS))
        self.shortest = NumberBox("Shortest length in milliseconds", 0, LONGEST_MS)
        self.shortest.setSuffix(" ms")
        self.shortest.setSingleStep(100)
        self.shortest.setSpecialValueText("one frame")
        self.snaps = {snap: QCheckBox(SNAP_TITLES[snap]) for snap in SNAPS}
        snapping = QVBoxLayout()
        snapping.setSpacing(4)
        for box in self.snaps.values():
            snapping.addWidget(box)
        form = QFormLayout()
        form.setHorizontalSpacing(16)
        form.setVerticalSpacing(10)
        rows = (
            ("Name", self.name),
            ("Person", self.person),
            ("Holds", self.holds),
            ("Shortest", self.shortest),
            ("Snaps to", snapping),
        )
        for title, field in rows:
            form.addRow(title, field)
        self.problem = QLabel(wordWrap=True)
        self.problem.setProperty("tone", "warn")
        self.problem.hide()
        self.decide_button = QPushButton(verb)
        self.decide_button.setProperty("primary", True)
        self.decide_button.setAutoDefault(False)  # Enter decides wherever the focus is
        self.decide_button.clicked.connect(self.accept)
        cancel = QPushButton("Cancel")
        cancel.setAutoDefault(False)
        cancel.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(cancel)
        buttons.addWidget(self.decide_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(14)
        column.addLayout(form)
        column.addWidget(self.problem)
        column.addLayout(buttons)
        self.setMinimumWidth(360)
        self.holds.currentIndexChanged.connect(self._meet_kind)

    def _show(self, name: str, rules: TierRules) -> None:
        self.name.setText(name)
        self.name.selectAll()
        self.name.setFocus()
        self.person.setText(rules.person)
        place = 2 if rules.points else int(rules.overlap)
        self.holds.setCurrentIndex(place)
        self.shortest.setValue(round(rules.minimum_ns / MS_NS))
        for snap, box in self.snaps.items():
            box.setChecked(snap in rules.snap)
        self._meet_kind()

    def _meet_kind(self, *_: object) -> None:
        points = HOLDS[self.holds.currentText()][0]
        self.shortest.setEnabled(not points)

    def rules(self) -> TierRules:
        """What the fields say."""
        points, overlap = HOLDS[self.holds.currentText()]
        return TierRules(
            person=self.person.text().strip(),
            points=points,
            overlap=overlap,
            minimum_ns=0 if points else self.shortest.value() * MS_NS,
            snap=tuple(snap for snap in SNAPS if self.snaps[snap].isChecked()),
        )

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.accept()
        else:
            super().keyPressEvent(event)

    def accept(self) -> None:
        why_not = self._decided(self.name.text().strip(), self.rules())
        self.problem.setText(why_not)
        self.problem.setVisible(bool(why_not))
        if why_not:
            self.name.setFocus()
            return
        super().accept()
