"""The labels of the workspace Live: the project's where one is open, else the run's classes."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal

from harstudio.labels.label_sets.label_set import Label, LabelSet, label_color
from harstudio.studio.labelling.label_set_use import LabelSetUse
from harstudio.studio.recognition.class_colors import class_colors


class LiveLabels(QObject):
    """Keys and colours. project_set: the label set that is labelled with elsewhere; empty where
    there is no project."""

    changed = Signal()

    def __init__(self, project_set: LabelSetUse, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._project_set = project_set
        self._classes: tuple[str, ...] = ()
        self._own = LabelSet("live")
        self._colors: dict[str, str] = {}
        project_set.changed.connect(self._tell)

    def meet(self, classes: Sequence[str]) -> None:
        """A run with these classes is live."""
        if tuple(classes) != self._classes:
            self._classes = tuple(classes)
            self._own = LabelSet.of("live", list(dict.fromkeys(classes)))
            self._tell()

    def _tell(self) -> None:
        self._colors = class_colors(self._classes, self.label_set.labels)
        self.changed.emit()

    @property
    def label_set(self) -> LabelSet:
        """With a key for each label, as far as keys go."""
        mine = self._project_set.label_set
        return mine if mine.labels else self._own

    def by_key(self, key: str) -> Label | None:
        """The label of a letter or digit."""
        return self.label_set.by_hotkey(key)

    def color_of(self, name: str) -> str:
        """ "#rrggbb"."""
        found = self.label_set.find(name)
        if found is not None:
            return found.color
        return self._colors.get(name) or label_color(name)
