"""Which explanations are shown, and how; panes and the panel follow it."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from harstudio.results import Kind, Recognition
from harstudio.runs.recognised.explained import Explained
from harstudio.runs.recognised.opinion import Opinion, Where


class Explaining(QObject, Explained):
    """The person's choice. Over pictures one is shown at a time, and one on the joints; beside
    them any number. The choice stays when another recording is opened; where another run has no
    map of that name, its first one is shown. Beside them the first of every kind is, until a
    person says otherwise.

    ``joint`` is the one whose relation is asked for, None for the one that moved most.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._wants_map = self._wants_weights = True

    def take(self, recognition: Recognition | None) -> None:
        """Another recognition; what is hidden stays hidden."""
        self.meet(None if recognition is None else Opinion(recognition))
        if self._wants_map and self.on_picture not in self.kinds():
            self.on_picture = self.first(Where.PICTURE) or self.on_picture
        if self._wants_weights and self.on_joints not in self.kinds():
            self.on_joints = self.first(Where.JOINTS) or self.on_joints
        self.changed.emit()

    def trim(self, opinion: Opinion) -> None:
        """The same windows, other segments."""
        self.opinion = opinion
        self.changed.emit()

    def _show(self, on_picture: str, on_joints: str) -> None:
        self.on_picture, self.on_joints = on_picture, on_joints
        self._wants_map, self._wants_weights = bool(on_picture), bool(on_joints)
        self.changed.emit()

    # ---- the choice

    def toggle(self, name: str) -> None:
        """Show one, or no longer."""
        place = self.places().get(name)
        if place is Where.PICTURE:
            self._show("" if self.on_picture == name else name, self.on_joints)
        elif place is Where.JOINTS:
            self._show(self.on_picture, "" if self.on_joints == name else name)
        elif place is Where.BESIDE:
            self.beside[name] = not self.is_shown(name)
            self.changed.emit()

    def any_shown(self) -> bool:
        """Whether anything lies over the pictures or on the joints."""
        return any(
            self.is_shown(name) for name, at in self.places().items() if at is not Where.BESIDE
        )

    def toggle_all(self) -> None:
        """Hide what is shown; show the first of each when nothing is."""
        self.marks_inputs = not self.any_shown()
        if not self.marks_inputs:
            self._show("", "")
        else:
            self._show(self.first(Where.PICTURE), self.first(Where.JOINTS))

    def next_on_picture(self) -> None:
        """The next one over the picture, after the last one none."""
        names = [name for name, place in self.places().items() if place is Where.PICTURE]
        names.append("")
        at = names.index(self.on_picture) if self.on_picture in names else -1
        self._show(names[(at + 1) % len(names)], self.on_joints)

    def joints_shown(self) -> bool:
        return self.is_shown(self.on_joints)

    def toggle_joints(self) -> None:
        """What lies on the joints, on or off."""
        weights = "" if self.joints_shown() else self.first(Where.JOINTS)
        self._show(self.on_picture, weights)

    def choose_joint(self, joint: int | None) -> None:
        if joint != self.joint:
            self.joint = joint
            self.changed.emit()

    def preview_joint(self, joint: int | None) -> None:
        """The joint under the mouse: shown while the mouse rests on it."""
        if joint != self._preview:
            self._preview = joint
            shown = (self.kinds().get(name) for name in (self.on_picture, self.on_joints))
            if Kind.RELATION in shown:
                self.changed.emit()

    def follow(self, other: Explaining, *, choice: bool) -> None:
        """As strong as another; choice: the same maps, weights, inputs and joint, too, where
        there are such."""
        before = self._state()
        self.opacity, self.threshold = other.opacity, other.threshold
        kinds = self.kinds()
        if choice and kinds and other.kinds():
            if not other.on_picture or other.on_picture in kinds:
                self.on_picture, self._wants_map = other.on_picture, other._wants_map
            if not other.on_joints or other.on_joints in kinds:
                self.on_joints, self._wants_weights = other.on_joints, other._wants_weights
            self.beside, self.joint = dict(other.beside), other.joint
        if self._state() != before:
            self.changed.emit()

    def _state(self) -> tuple[object, ...]:
        shown = self.on_picture, self.on_joints, dict(self.beside), self.joint
        return self.opacity, self.threshold, *shown

    def set_strength(self, opacity: float, threshold: float) -> None:
        """Both in [0, 1]."""
        if (opacity, threshold) != (self.opacity, self.threshold):
            self.opacity, self.threshold = opacity, threshold
            self.changed.emit()
