"""Asks for the name and the rules of a tier."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QRect

from harstudio.labels.model import PLAIN, TierRules
from harstudio.studio.timeline.rows import NAMES_PX, ROW_PX, RULER_PX, Kind
from harstudio.studio.timeline.tier_box import TierBox
from harstudio.studio.timeline.tier_name import TierName

if TYPE_CHECKING:
    from harstudio.studio.timeline.view import Timeline


class TierAsking(QObject):
    """A name is typed where the tier will stand, rules are chosen in a box."""

    def __init__(self, timeline: Timeline) -> None:
        super().__init__(timeline)
        self._timeline, self._labelling = timeline, timeline.labelling
        self.name = TierName(timeline.viewport())
        self.name.returnPressed.connect(self._add)
        self._labelling.tier_wanted.connect(self.ask_name)
        self._labelling.tier_box_wanted.connect(self.ask_rules)
        self._labelling.point_tier_wanted.connect(self._ask_points)

    def ask_name(self) -> None:
        """Let a name be typed where the new tier will stand."""
        if not self._labelling.writable():
            return
        timeline = self._timeline
        own = [row.top + row.height for row in timeline.rows if row.kind is Kind.OWN]
        top = RULER_PX + max(own, default=0) - timeline.verticalScrollBar().value()
        top = min(top, timeline.viewport().height() - ROW_PX)
        self.name.ask(QRect(4, top + 4, NAMES_PX + 60, ROW_PX - 8))

    def _add(self) -> None:
        if self._labelling.tiers.add(self.name.text()):
            self.name.hide()

    def ask_rules(self, name: str, rules: TierRules = PLAIN) -> None:
        """Let name and rules of a tier be chosen; "" is a new one, with these to begin with."""
        tiers = self._labelling.tiers
        if not self._labelling.writable():
            return
        decided = partial(tiers.try_change, name) if name else tiers.try_add
        shown = tiers.rules_of(name) if name else rules
        TierBox(name, shown, decided, self._timeline.window()).show()

    def _ask_points(self) -> None:
        self.ask_rules("", TierRules(points=True))
