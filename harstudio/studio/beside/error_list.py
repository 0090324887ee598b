"""The errors of an evaluation as a list: which of them, in which order."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QModelIndex, Signal
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from harstudio.studio import theme
from harstudio.studio.evaluation.clip_list import ClipList
from harstudio.studio.evaluation.findings import Verdict
from harstudio.studio.evaluation.headline import quiet_label
from harstudio.studio.evaluation.misclassified import ORDERS, Choice, Errors, chosen, known
from harstudio.studio.fields import ChoiceBox

ANY_PAIR, ANY_SUBJECT, ANY_VIEW = "All classes", "All subjects", "All views"


class ErrorList(QWidget):
    """Up and Down go from error to error; Enter opens the one in hand in its recording."""

    picked = Signal(object)  # Verdict
    opened = Signal(object)  # Verdict

    def __init__(self, shown: Callable[[str], str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("error_list")
        self._errors: Errors | None = None
        self._filling = False
        self.title = QLabel(wordWrap=True)
        self.title.setFont(theme.ui_font(theme.TEXT_PX, bold=True))
        self.count = quiet_label()
        self.order, self.pair = ChoiceBox("Order of the errors"), ChoiceBox("Classes")
        self.subject, self.view = ChoiceBox("Subject"), ChoiceBox("View")
        for key, words in ORDERS.items():
            self.order.addItem(words, key)
        self.clips = ClipList()
        self.clips.verdicts.shown = shown
        self.clips.verdicts.hint = "Double click or Enter opens the clip in its recording"
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(6)
        column.addWidget(self.title)
        for box in (self.order, self.pair, self.subject, self.view):
            box.setMaxVisibleItems(24)
            box.currentIndexChanged.connect(self._list)
            box.activated.connect(self._back_to_list)
            column.addWidget(box)
        column.addWidget(self.count)
        column.addWidget(self.clips, 1)
        self.clips.selectionModel().currentChanged.connect(self._pick)
        self.clips.chosen.connect(self._open)

    def show_errors(self, errors: Errors, first: Verdict | None = None) -> None:
        """Another evaluation, from this error on."""
        self._errors = None  # the boxes tell nothing while they are filled
        classes = errors.classes
        part = errors.findings.part or "test"
        self.title.setText(f"{errors.run.name}, {part} part")
        self.pair.clear()
        self.pair.addItem(ANY_PAIR, None)
        for (true, said), often in errors.pairs():
            self.pair.addItem(f"{classes[true]} → {classes[said]} ({often})", (true, said))
        for box, words, numbers in (
            (self.subject, ANY_SUBJECT, known(one.subject for one in errors.wrong)),
            (self.view, ANY_VIEW, known(one.view for one in errors.wrong)),
        ):
            box.clear()
            box.addItem(words, None)
            for number in numbers:
                box.addItem(f"{words.split()[1][:-1].capitalize()} {number}", number)
            box.setVisible(len(numbers) > 1)
        self._errors = errors
        self._fill(first)

    @property
    def choice(self) -> Choice:
        return Choice(
            str(self.order.currentData()),
            self.pair.currentData(),
            self.subject.currentData(),
            self.view.currentData(),
        )

    @property
    def rows(self) -> list[Verdict]:
        """The errors as they are listed."""
        return self.clips.verdicts.rows

    @property
    def current(self) -> Verdict | None:
        index = self.clips.currentIndex()
        return self.rows[index.row()] if index.isValid() else None

    def following(self) -> Verdict | None:
        """The error after the one in hand."""
        row = self.clips.currentIndex().row() + 1
        return self.rows[row] if 0 < row < len(self.rows) else None

    def pick(self, verdict: Verdict | None) -> None:
        """Go to an error of the list."""
        row = next((k for k, one in enumerate(self.rows) if same_clip(one, verdict)), None)
        if row is not None:
            self.clips.setCurrentIndex(self.clips.verdicts.index(row, 0))

    def step(self, by: int) -> None:
        """So many errors on; it stays at the ends."""
        if self.rows:
            row = min(max(self.clips.currentIndex().row() + by, 0), len(self.rows) - 1)
            self.clips.setCurrentIndex(self.clips.verdicts.index(row, 0))

    def _back_to_list(self, _row: int) -> None:
        """What was chosen by mouse takes Enter from nobody."""
        self.clips.setFocus()

    def _list(self, *_: object) -> None:
        self._fill(self.current)

    def _fill(self, wanted: Verdict | None) -> None:
        """The list anew, from this error on where it is still there."""
        if self._errors is None:
            return
        found = chosen(self._errors, self.choice)
        all_of = len(self._errors.wrong)
        clips = len(self._errors.findings.verdicts)
        which = f"{len(found)} of {all_of} errors" if len(found) < all_of else f"{all_of} errors"
        self.count.setText(f"{which} in {clips} clips")
        self._filling = True
        self.clips.show_rows(self._errors.classes, found, mixed=True)
        self.pick(wanted)
        self._filling = False
        self._pick(self.clips.currentIndex())

    def _pick(self, current: QModelIndex, _before: QModelIndex | None = None) -> None:
        if current.isValid() and not self._filling:
            self.picked.emit(self.rows[current.row()])

    def _open(self, index: QModelIndex) -> None:
        self.opened.emit(self.rows[index.row()])


def same_clip(one: Verdict, other: Verdict | None) -> bool:
    """Whether two are about one stretch; what is known of it may differ."""
    if other is None:
        return False
    return (one.path, one.start_ns, one.end_ns) == (other.path, other.start_ns, other.end_ns)
