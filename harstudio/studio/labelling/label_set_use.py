"""The label set that is labelled with: taken from the project, exchanged, extended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from harstudio.errors import ConflictError, HarstudioError
from harstudio.labels.label_sets.label_set import Label, LabelSet
from harstudio.labels.label_sets.put_away import put_away_sentence
from harstudio.studio.session import Session

if TYPE_CHECKING:
    from harstudio.labels.project import Project


class LabelSetUse(QObject):
    """The set in use; every refusal is one sentence in ``session.message``."""

    changed = Signal()  # another label set, or other labels in it

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.label_set = LabelSet("")
        self._by_name: dict[str, Label] = {}

    def find(self, name: str) -> Label | None:
        """The label of that name."""
        return self._by_name.get(name)

    def use(self, label_set: LabelSet, *, another: bool = False) -> None:
        """Label with this set from now on; the project remembers it.

        another: it has nothing to do with the one it replaces, which is put away and told."""
        project = self._session.project
        if project is not None:
            try:
                if another:
                    self._tell_put_away(project.exchange_label_set(label_set))
                else:
                    project.set_label_set(label_set)
            except ConflictError as error:
                if self._read(project):
                    self._session.message.emit("warn", f"{error} It was read again now.")
                return
            except (HarstudioError, OSError) as error:
                self._session.message.emit("warn", f"The label set was not kept. {error}")
                if another:
                    return
        self.take(label_set)

    def _tell_put_away(self, put: LabelSet | None) -> None:
        if put is not None:
            self._session.message.emit("info", put_away_sentence(put))

    def add(self, name: str) -> None:
        """A new label at the end of the set, on the first free key."""
        name = name.strip()
        if not name or name in self._by_name:
            return
        project = self._session.project
        stale = project is not None and project.label_set_is_stale()
        if project is not None and stale and not self._read(project):
            return  # what another window did stays
        if name not in self._by_name:
            self.use(self.label_set.with_label(name))

    def _read(self, project: Project) -> bool:
        try:
            self.take(project.read_label_set())
        except HarstudioError as error:
            self._session.message.emit("warn", f"The label set was not changed. {error}")
            return False
        return True

    def take(self, label_set: LabelSet) -> None:
        """Label with what the project keeps already."""
        self.label_set = label_set
        self._by_name = {label.name: label for label in label_set.labels}
        self.changed.emit()
