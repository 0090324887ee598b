"""A label set while it is being edited: every change is a step that can be taken back."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from PySide6.QtCore import QObject, Signal

from harstudio.labels.label_sets import label_set_edits as edits
from harstudio.labels.label_sets.attributes import Attribute
from harstudio.labels.label_sets.label_list import LabelList
from harstudio.labels.label_sets.label_set import LabelSet


@dataclass(frozen=True, slots=True)
class State:
    """origins: for each label the names that the kept set has for it; none for a new one.
    another: the set was exchanged for another one."""

    label_set: LabelSet
    origins: Mapping[str, tuple[str, ...]]
    another: bool = False

    @classmethod
    def of(cls, label_set: LabelSet) -> State:
        return cls(label_set, {label.name: (label.name,) for label in label_set.labels})


class Draft(QObject):
    """Nothing here reaches the disk. A change that contradicts the set is refused in words."""

    changed = Signal()
    refused = Signal(str)

    def __init__(self, label_set: LabelSet, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._kept = label_set
        self._now = State.of(label_set)
        self._done: list[tuple[str, State]] = []
        self._undone: list[tuple[str, State]] = []

    # ---- what there is

    @property
    def label_set(self) -> LabelSet:
        return self._now.label_set

    @property
    def kept(self) -> LabelSet:
        """The set as it was when it was opened or saved last."""
        return self._kept

    @property
    def unsaved(self) -> bool:
        return self.label_set != self._kept

    @property
    def another(self) -> bool:
        """Whether this set took the place of the kept one."""
        return self._now.another

    def rewrites(self) -> list[tuple[str, str]]:
        """(old name, new name) of every label of the kept set that is called otherwise now."""
        return [(old, new) for new, olds in self._now.origins.items() for old in olds if old != new]

    def removed(self) -> list[str]:
        """Labels of the kept set that are no more."""
        known = {old for olds in self._now.origins.values() for old in olds}
        return [label.name for label in self._kept.labels if label.name not in known]

    # ---- undo

    @property
    def undo_title(self) -> str:
        return self._done[-1][0] if self._done else ""

    @property
    def redo_title(self) -> str:
        return self._undone[-1][0] if self._undone else ""

    def undo(self) -> None:
        self._step(self._done, self._undone)

    def redo(self) -> None:
        self._step(self._undone, self._done)

    def _step(self, taken: list[tuple[str, State]], given: list[tuple[str, State]]) -> None:
        if taken:
            title, state = taken.pop()
            given.append((title, self._now))
            self._now = state
            self.changed.emit()

    def start_from(self, label_set: LabelSet, *, keep_mine: bool = False) -> None:
        """The kept set is this one now. keep_mine: the draft stays what it is and is unsaved."""
        self._kept = label_set
        if keep_mine:
            known = {label.name for label in label_set.labels}
            origins = {
                label.name: (label.name,) if label.name in known else ()
                for label in self.label_set.labels
            }
            self._now = State(self.label_set, origins)
        else:
            self._now = State.of(label_set)
        self._done.clear()
        self._undone.clear()
        self.changed.emit()

    def _do(
        self,
        title: str,
        label_set: LabelSet,
        origins: Mapping[str, tuple[str, ...]] | None = None,
        *,
        another: bool = False,
    ) -> None:
        if label_set == self.label_set:
            return
        self._done.append((title, self._now))
        self._undone.clear()
        origins = self._now.origins if origins is None else origins
        self._now = State(label_set, origins, another or self._now.another)
        self.changed.emit()

    # ---- labels

    def rename_set(self, name: str) -> None:
        if name.strip():
            self._do("rename the set", replace(self.label_set, name=name.strip()))

    def add(self, name: str, parent: str = "") -> bool:
        """A new label at the end; False, said why, when the name is taken."""
        name = name.strip()
        if not name or self._taken(name):
            return False
        label_set = self.label_set.with_label(name)
        if parent:
            label_set = edits.moved(label_set, [name], parent)
        self._do(f"add “{name}”", label_set, {**self._now.origins, name: ()})
        return True

    def add_group(self, name: str) -> bool:
        """A new heading."""
        name = name.strip()
        if not name or self._taken(name):
            return False
        self._do(f"add the group “{name}”", edits.with_group(self.label_set, name))
        return True

    def change(self, name: str, /, **values: Any) -> None:
        """Other values of a label; a new name is a renaming, a taken key moves here."""
        label = self.label_set.find(name)
        if label is None:
            return
        new = str(values.get("name", name)).strip()
        if new != name and (not new or self._taken(new)):
            self.changed.emit()  # fields show again what is so
            return
        try:
            label_set = edits.changed(
                self.label_set, name, replace(label, **{**values, "name": new})
            )
        except ValueError as error:
            self._refuse(error)
            return
        origins = {new if n == name else n: olds for n, olds in self._now.origins.items()}
        self._do(f"rename “{name}”" if new != name else f"change “{name}”", label_set, origins)

    def rename_group(self, old: str, new: str) -> None:
        new = new.strip()
        if new and new != old and not self._taken(new):
            self._do(f"rename “{old}”", edits.group_renamed(self.label_set, old, new))
        else:
            self.changed.emit()

    def remove(self, names: Collection[str]) -> None:
        """Labels and groups go; what stood under them goes up."""
        names = set(names)
        if names:
            origins = {n: olds for n, olds in self._now.origins.items() if n not in names}
            title = f"delete {_few(names)}"
            self._do(title, edits.removed(self.label_set, names), origins)

    def merge(self, sources: Collection[str], target: str) -> None:
        """The sources become the target."""
        gone = [name for name in self._now.origins if name in sources and name != target]
        if not gone or self.label_set.find(target) is None:
            return
        origins = {n: olds for n, olds in self._now.origins.items() if n not in gone}
        merged = [old for name in gone for old in self._now.origins[name]]
        origins[target] = (*origins[target], *merged)
        title = f"merge {_few(gone)} into “{target}”"
        self._do(title, edits.merged(self.label_set, gone, target), origins)

    def move(self, names: Collection[str], parent: str, before: str = "") -> None:
        """Labels to another place in the tree."""
        try:
            self._do(f"move {_few(names)}", edits.moved(self.label_set, names, parent, before))
        except ValueError as error:
            self._refuse(error)

    def step(self, name: str, by: int) -> None:
        """A label one place up (-1) or down (1) among those of its parent; a group likewise."""
        label_set = self.label_set
        if name in label_set.groups:
            groups = _stepped(list(label_set.groups), name, by)
            self._do(f"move “{name}”", replace(label_set, groups=tuple(groups)))
            return
        label = label_set.find(name)
        if label is None:
            return
        siblings = [one.name for one in label_set.labels if one.parent == label.parent]
        after = _stepped(list(siblings), name, by)
        by_name = {one.name: one for one in label_set.labels}
        turn = iter(after)
        labels = tuple(
            by_name[next(turn)] if one.parent == label.parent else one for one in label_set.labels
        )
        self._do(f"move “{name}”", replace(label_set, labels=labels))

    # ---- more at once

    def add_list(self, read: LabelList) -> int:
        """Labels out of a text, those that are new; how many that were."""
        before = len(self.label_set.labels)
        label_set = edits.with_labels(self.label_set, read.labels, read.groups)
        origins = {label.name: () for label in label_set.labels} | dict(self._now.origins)
        more = len(label_set.labels) - before
        self._do(f"add {more} labels", label_set, origins)
        return more

    def replace_all(self, label_set: LabelSet) -> None:
        """Another set in the place of this one; labels of the same name are the same."""
        kept = {label.name for label in self._kept.labels}
        origins = {
            label.name: (label.name,) if label.name in kept else () for label in label_set.labels
        }
        self._do(f"take “{label_set.name}”", label_set, origins, another=True)

    # ---- attributes

    def set_attributes(self, title: str, attributes: Iterable[Attribute]) -> None:
        try:
            self._do(title, replace(self.label_set, attributes=tuple(attributes)))
        except ValueError as error:
            self._refuse(error)

    # ---- refusing

    def _taken(self, name: str) -> bool:
        if name in self.label_set.groups or self.label_set.find(name) is not None:
            self.refused.emit(f"There is a label or group “{name}” already; merge them instead.")
            return True
        now = [new for new, olds in self._now.origins.items() if name in olds and new != name]
        if now:
            self.refused.emit(f"“{name}” becomes “{now[0]}”; save that first.")
        return bool(now)

    def _refuse(self, error: ValueError) -> None:
        self.refused.emit(f"{str(error)[:1].upper()}{str(error)[1:]}.")
        self.changed.emit()


def _few(names: Collection[str]) -> str:
    return f"“{next(iter(names))}”" if len(names) == 1 else f"{len(names)} labels"


def _stepped(names: list[str], name: str, by: int) -> list[str]:
    at = names.index(name)
    to = min(max(at + by, 0), len(names) - 1)
    names.insert(to, names.pop(at))
    return names
