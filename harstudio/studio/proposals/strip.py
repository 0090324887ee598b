"""A line above the timeline while proposals are open: how many, what the keys do, the order."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QSizePolicy

from harstudio.labels.editing.proposals import proposed
from harstudio.studio.fields import ChoiceBox, NumberBox
from harstudio.studio.proposals.orders import ORDERS
from harstudio.studio.team.strip import Strip

if TYPE_CHECKING:
    from harstudio.studio.proposals.proposals import Proposals

KEYS = "Enter accepts, a label key changes, Backspace rejects, Up and Down go on."
GO = "F12 goes to the next one."
BOX_TALL_PX, ORDER_PX, SHARE_PX = 24, 176, 84


class ProposalStrip(Strip):
    """Hidden while nothing is open."""

    def __init__(
        self, proposals: Proposals, save: Callable[[], None], back: Callable[[], None]
    ) -> None:
        """save: keeps the settings. back: puts the keyboard back to labelling."""
        super().__init__("proposals")
        self._proposals, self._save, self._back = proposals, save, back
        self.order = ChoiceBox("Order of the proposals")
        self.order.setToolTip("Which proposal comes next")
        self.order.setFixedSize(ORDER_PX, BOX_TALL_PX)
        for name, title in ORDERS.items():
            self.order.addItem(title.capitalize(), name)
        self.share = NumberBox("Confidence of those that are accepted at once", 1, 100)
        self.share.setSuffix(" %")
        self.share.setFixedSize(SHARE_PX, BOX_TALL_PX)
        for box in (self.order, self.share):  # else as wide as what is left
            box.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.share.setValue(round(100 * proposals.session.settings.sure_proposals))
        self._row.addWidget(self.order)
        self.all = self.add_button("", "", self._accept_all)
        self._row.addWidget(self.share)
        self.order.activated.connect(self._take_order)
        self.share.valueChanged.connect(self._take_share)
        self.share.editingFinished.connect(self._back)
        proposals.changed.connect(self._show)
        self._show()

    def _take_order(self, row: int) -> None:
        self._proposals.set_order(self.order.itemData(row))
        self._back()

    def _take_share(self, percent: int) -> None:
        self._proposals.session.settings.sure_proposals = percent / 100
        self._save()
        self._show()

    def _accept_all(self) -> None:
        self._proposals.accept_sure()
        self._back()

    def _show(self) -> None:
        waiting = self._proposals.open()
        if not waiting:
            self.tell("")
            return
        self.order.setCurrentIndex(list(ORDERS).index(self._proposals.order))
        settings = self._proposals.session.settings
        sure = len(self._proposals.above(settings.sure_proposals))
        self.all.setText(f"Accept {sure} of at least")
        self.all.setToolTip("Accepts all open proposals that are so sure, as one step of undo")
        self.all.setEnabled(sure > 0)
        self.share.setValue(round(100 * settings.sure_proposals))
        sources = dict.fromkeys(proposed(clip).source for clip in waiting)
        whose = ", ".join(source for source in sources if source)
        many = "1 open proposal" if len(waiting) == 1 else f"{len(waiting)} open proposals"
        keys = GO if self._proposals.current() is None else KEYS
        self.tell(f"{many}{f' of {whose}' if whose else ''}. {keys}", "accent", "recognise")
