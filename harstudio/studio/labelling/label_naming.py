"""Labels by name, for sets of more labels than keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

if TYPE_CHECKING:
    from harstudio.studio.labelling.labelling import Labelling


class LabelNaming(QObject):
    """Somebody is asked for a label; while it plays, the moment of asking is what it is for.

    recent: labels as they were used, the last one first.
    """

    def __init__(self, labelling: Labelling) -> None:
        super().__init__(labelling)
        self._labelling = labelling
        self._asked_ns: int | None = None  # where it played then
        self.recent: tuple[str, ...] = ()

    def ask(self) -> None:
        """A label is wanted."""
        transport = self._labelling.session.transport
        self._asked_ns = transport.position_ns if transport.playing else None
        self._labelling.label_wanted.emit()

    def press(self, label: str) -> None:
        """The label that was asked for: as its key would have done at that moment."""
        at_ns, self._asked_ns = self._asked_ns, None
        self._labelling.press_label(label, at_ns)

    def stop(self) -> None:
        """No label was named."""
        self._asked_ns = None

    def used(self, label: str) -> None:
        """It is the one that was used last."""
        self.recent = (label, *(one for one in self.recent if one != label))
