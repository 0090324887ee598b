"""The page of the loop: the next step, what the last ones were worth, and what waits."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QHBoxLayout, QMenu, QVBoxLayout, QWidget

from harstudio.studio import icons, theme
from harstudio.studio.buttons import ToolButton
from harstudio.studio.helping.curve import LearningCurve
from harstudio.studio.helping.parts import Problems, WorkLine, primary, quiet
from harstudio.studio.helping.reading import Waiting
from harstudio.studio.helping.row_list import RowList
from harstudio.studio.helping.rows import Row
from harstudio.studio.helping.words import many
from harstudio.studio.proposals.orders import ORDERS, Order

if TYPE_CHECKING:
    from harstudio.studio.helping.looping import Looping
    from harstudio.studio.proposals.proposals import Proposals
    from harstudio.studio.session import Session

EMPTY = (
    "A network watches every recording and proposes clips; Enter accepts one, a label key accepts "
    "it with another label, Backspace rejects it. From what you said it learns what your labels "
    "mean, and suggests better the next time."
)
ALL_DONE = "Nothing waits any more. Learning again tells how much better it became."
PAD_PX = 28


class SuggestPage(QWidget):
    """Shows the loop."""

    def __init__(self, session: Session, looping: Looping, proposals: Proposals) -> None:
        super().__init__()
        self._session, self._looping, self._proposals = session, looping, proposals
        self._compact = False
        self.step = primary("", looping.step)
        self.step.setMinimumWidth(60)
        self.reason = quiet()
        self.work = WorkLine(looping.job, self._session.team.shown)
        self.curve = LearningCurve()
        self.empty = quiet(EMPTY)
        self.problems = Problems()
        self.count = quiet(bold=True)
        self.order = ToolButton()
        self.order.setIconSize(QSize(14, 14))
        self.order.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.order.setLayoutDirection(Qt.LayoutDirection.RightToLeft)  # the chevron after the word
        self.order.setToolTip("Which recording and which proposal comes first")
        self.order.clicked.connect(self._offer_orders)
        self.list = RowList("Recordings with suggestions")
        self.list.chosen.connect(self._go)
        self._lay_out()
        looping.changed.connect(self.refresh)
        theme.theme_events.changed.connect(self.refresh)
        self.refresh()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(4)
        head.addWidget(self.count, 1)
        head.addWidget(self.order)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        upper = (self.step, self.reason, self.work, self.problems, self.empty)
        for widget in (*upper, self.curve):
            column.addWidget(widget)
        column.addLayout(head)
        column.addWidget(self.list, 1)
        column.addStretch(0)

    # ---- showing

    def set_compact(self, compact: bool) -> None:
        """Whether there is little room."""
        if compact != self._compact:
            self._compact = compact
            self.curve.set_compact(compact)
            self.refresh()

    def refresh(self) -> None:
        """Show what is so now; a hidden page does that when it is shown."""
        if not self.isVisible():
            return
        looping, helped = self._looping, self._looping.helped
        reason, busy = looping.why_not(), looping.job.busy
        self.step.setVisible(not busy)
        self.step.setEnabled(not reason)
        self.step.setProperty("primary", not looping.hint())
        self.step.style().polish(self.step)
        self._say_step()
        self.reason.setText(reason or looping.hint() or self._hidden_words())
        told = reason or not self._compact
        self.reason.setVisible(bool(self.reason.text() and told) and not busy)
        self.problems.tell((*looping.problems, *helped.problems), self._session.team.shown)
        self.curve.show_curve(helped.curve, looping.run)
        self.curve.setVisible(bool(helped.curve))
        waiting = looping.waiting
        self.empty.setText(ALL_DONE if waiting else EMPTY)
        self.empty.setVisible(not busy and all(one.finished for one in waiting))
        self.list.show_rows([self._row(one) for one in waiting])
        for widget in (self.list, self.count, self.order):
            widget.setVisible(bool(waiting))
        self.count.setText(_counted(waiting))
        self.order.setText(_order_words(self._proposals.order))
        self.order.setIcon(icons.icon("chevron-down", 14, theme.current().quiet))

    def showEvent(self, event: object) -> None:  # noqa: N802
        self.refresh()

    def resizeEvent(self, event: object) -> None:  # noqa: N802
        self._say_step()

    def _say_step(self) -> None:
        words = self._looping.step_words()
        room = max(60, self.width() - PAD_PX)
        if self.step.fontMetrics().horizontalAdvance(words) > room:
            words = words.replace(" and suggest", "\nand suggest")
        self.step.setText(words)

    def _hidden_words(self) -> str:
        hidden = self._looping.helped.hidden
        if not hidden:
            return ""
        return f"For {many(hidden, 'recording')} nothing is suggested before you are done with it."

    def _row(self, one: Waiting) -> Row:
        shown, open_here = self._session.team.shown, self._session.recording
        if one.done:
            second = "you are done with it"
        elif not one.open:
            second = "all settled"
        else:
            second = many(one.open, "suggestion")
            second += _how(one, self._proposals.order)
        here = open_here is not None and open_here.name == one.recording
        tip = f"{shown(str(one.path))}\nEnter or a double click opens it and goes to the first"
        return Row(
            one.recording,
            shown(one.recording),
            second,
            ticked=one.finished,
            here=here,
            tip=tip,
        )

    # ---- doing

    def _go(self, place: int) -> None:
        key = self.list.rows.rows[place].key
        one = self._looping.find(key)
        if one is not None:
            self._looping.go(one)

    def _offer_orders(self, _checked: bool = False) -> None:
        menu = QMenu(self.order)
        group = QActionGroup(menu)
        for order, words in ORDERS.items():
            action = QAction(f"{words[:1].upper()}{words[1:]}", menu)
            action.setCheckable(True)
            action.setChecked(order == self._proposals.order)
            action.triggered.connect(partial(self._take_order, order))
            group.addAction(action)
            menu.addAction(action)
        menu.aboutToHide.connect(menu.deleteLater)
        menu.popup(self.order.mapToGlobal(self.order.rect().bottomLeft()))

    def _take_order(self, order: Order, _checked: bool = False) -> None:
        self._proposals.set_order(order)


def _order_words(order: Order) -> str:
    return {
        "time": "By time",
        "uncertainty": "Least sure",
        "disagreement": "Disputed",
        "rarity": "Rarest",
    }[order]


def _how(one: Waiting, order: Order) -> str:
    """What the order says of a recording."""
    if order == "rarity":
        return f" · rare {one.rare:.2f}"
    if order == "disagreement":
        return f" · disputed {one.disputed:.2f}"
    return f" · unsure {one.uncertain:.2f}"


def _counted(waiting: list[Waiting]) -> str:
    left = [one for one in waiting if not one.finished]
    return f"{len(left)} of {len(waiting)} wait" if waiting else ""
