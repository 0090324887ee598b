"""Which explanations are shown, and how; panes and the panel follow it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from harstudio.results import HeatMap, JointWeights, Kind, ModalityShare, Recognition, Relation
from harstudio.studio.recognition.opinion import PICTURE_KINDS, Opinion
from harstudio.studio.recognition.patches import (
    Patch,
    Pointer,
    heat_patch,
    moved_weights,
    relation_patch,
)

OPACITY, THRESHOLD = 0.8, 0.35


class Explaining(QObject):
    """The person's choice. Of heat maps and relations one is shown at a time, joint weights
    beside them. The choice stays when another recording is opened; where another run has no map
    of that name, its first one is shown.

    ``joint`` is the one whose relation is asked for, None for the one that moved most.
    """

    changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.opinion: Opinion | None = None
        self.on_picture = ""  # name of the one over the picture
        self.on_joints = ""
        self.opacity = OPACITY
        self.threshold = THRESHOLD
        self.joint: int | None = None
        self._preview: int | None = None  # the joint under the mouse
        self._wants_map = self._wants_weights = True
        self._patches: dict[tuple[int, str, int | None, int], Patch] = {}

    def take(self, recognition: Recognition | None) -> None:
        """Another recognition; what is hidden stays hidden."""
        self.opinion = None if recognition is None else Opinion(recognition)
        self._patches.clear()
        self.joint = self._preview = None
        if self._wants_map and self.on_picture not in self.kinds():
            self.on_picture = self._first(*PICTURE_KINDS) or self.on_picture
        if self._wants_weights and self.on_joints not in self.kinds():
            self.on_joints = self._first(Kind.JOINT_WEIGHTS) or self.on_joints
        self.changed.emit()

    def _show(self, on_picture: str, on_joints: str) -> None:
        self.on_picture, self.on_joints = on_picture, on_joints
        self._wants_map, self._wants_weights = bool(on_picture), bool(on_joints)
        self.changed.emit()

    def _first(self, *kinds: Kind) -> str:
        return next((name for name, kind in self.kinds().items() if kind in kinds), "")

    # ---- the choice

    def kinds(self) -> dict[str, Kind]:
        """What there is to show: kind by name."""
        return {} if self.opinion is None else self.opinion.explained

    def is_shown(self, name: str) -> bool:
        return name in (self.on_picture, self.on_joints) and name in self.kinds()

    def toggle(self, name: str) -> None:
        """Show one, or no longer."""
        kind = self.kinds().get(name)
        if kind in PICTURE_KINDS:
            self._show("" if self.on_picture == name else name, self.on_joints)
        elif kind is Kind.JOINT_WEIGHTS:
            self._show(self.on_picture, "" if self.on_joints == name else name)

    def any_shown(self) -> bool:
        return any(self.is_shown(name) for name in self.kinds())

    def toggle_all(self) -> None:
        """Hide what is shown; show the first of each when nothing is."""
        if self.any_shown():
            self._show("", "")
        else:
            self._show(self._first(*PICTURE_KINDS), self._first(Kind.JOINT_WEIGHTS))

    def next_on_picture(self) -> None:
        """The next one over the picture, after the last one none."""
        names = [name for name, kind in self.kinds().items() if kind in PICTURE_KINDS]
        names.append("")
        at = names.index(self.on_picture) if self.on_picture in names else -1
        self._show(names[(at + 1) % len(names)], self.on_joints)

    def joints_shown(self) -> bool:
        return self.is_shown(self.on_joints)

    def toggle_joints(self) -> None:
        """Weights over joints, on or off."""
        weights = "" if self.joints_shown() else self._first(Kind.JOINT_WEIGHTS)
        self._show(self.on_picture, weights)

    def choose_joint(self, joint: int | None) -> None:
        if joint != self.joint:
            self.joint = joint
            self.changed.emit()

    def preview_joint(self, joint: int | None) -> None:
        """The joint under the mouse: shown while the mouse rests on it."""
        if joint != self._preview:
            self._preview = joint
            if self.kinds().get(self.on_picture) is Kind.RELATION:
                self.changed.emit()

    def set_strength(self, opacity: float, threshold: float) -> None:
        """Both in [0, 1]."""
        if (opacity, threshold) != (self.opacity, self.threshold):
            self.opacity, self.threshold = opacity, threshold
            self.changed.emit()

    # ---- what is there at a time

    def patch(self, time_ns: int) -> Patch | None:
        """What to paint over pictures while the playhead is at a time."""
        opinion, name = self.opinion, self.on_picture
        window = None if opinion is None else opinion.window_at(time_ns)
        if opinion is None or window is None or not name:
            return None
        heat = opinion.find(window, name, HeatMap)
        if heat is not None and len(heat.times_ns):
            at = int(np.argmin(np.abs(heat.times_ns - time_ns)))
            return self._kept((window, name, None, at), heat)
        relation = opinion.find(window, name, Relation)
        if relation is None or relation.box is None:
            return None
        return self._kept((window, name, self.joint_at(window), 0), relation)

    def _kept(self, key: tuple[int, str, int | None, int], one: HeatMap | Relation) -> Patch | None:
        """The same object for the same moment, so that pictures of it can be kept too."""
        if key not in self._patches:
            if len(self._patches) > 500:
                self._patches.clear()
            made = heat_patch(one, key[3]) if isinstance(one, HeatMap) else None
            if isinstance(one, Relation):
                made = relation_patch(one, key[2])
            if made is None:
                return None
            self._patches[key] = made
        return self._patches[key]

    def pointer(self, time_ns: int) -> Pointer | None:
        """The square that the network was pointed to, while a map over the picture is shown."""
        opinion = self.opinion
        window = None if opinion is None else opinion.window_at(time_ns)
        if opinion is None or window is None or self.on_picture not in opinion.explained:
            return None
        heat = opinion.pointed(window)
        if heat is None:
            return None
        at = int(np.argmin(np.abs(heat.times_ns - time_ns)))
        box = heat.outlines[min(at, len(heat.outlines) - 1)]
        others = opinion.explanations_at(window)
        known = [one.topology for one in others if isinstance(one, JointWeights | Relation)]
        name = known[0] if known else ""
        return Pointer(heat.stream, int(heat.times_ns[at]), box, heat.joint, heat.moved_m, name)

    def joint_at(self, window: int | None) -> int | None:
        """The joint whose relation is shown: that under the mouse, else the chosen one, else the
        one that moved most, else the one that attends most sharply to the picture."""
        opinion = self.opinion
        relation = None
        if opinion is not None:
            relation = opinion.find(window, self.on_picture, Relation)
        if opinion is None or relation is None:
            return None
        cells = relation.grid[0] * relation.grid[1]
        joints = len(relation.values) - cells
        for wanted in (self._preview, self.joint):
            if wanted is not None and wanted < joints:
                return wanted
        pointed = opinion.pointed(window)
        if pointed is not None and pointed.joint is not None and pointed.joint < joints:
            return pointed.joint
        if not joints or not cells:
            return None
        return int(np.argmax(relation.values[cells:, :cells].max(axis=1)))

    def relation(self, time_ns: int) -> Relation | None:
        """The relation shown at a time, None when another map or none is."""
        if self.opinion is None:
            return None
        window = self.opinion.window_at(time_ns)
        return self.opinion.find(window, self.on_picture, Relation)

    def joint_weights(self, time_ns: int) -> tuple[JointWeights, int] | None:
        """The shown weights over joints, with the index of the moment nearest to a time."""
        opinion = self.opinion
        if opinion is None or not self.on_joints:
            return None
        found = opinion.find(opinion.window_at(time_ns), self.on_joints, JointWeights)
        if found is None or not len(found.times_ns):
            return None
        right = int(np.searchsorted(found.times_ns, time_ns))
        near = [k for k in (right - 1, right) if 0 <= k < len(found.times_ns)]
        return found, min(near, key=lambda k: abs(int(found.times_ns[k]) - time_ns))

    def weights_of(self, time_ns: int, body_id: str, on: str) -> NDArray[np.float32] | None:
        """(V,) float32 in [0, 1] for one person at a time, over the joints of the topology
        ``on``; None when nothing is to be shown."""
        found = self.joint_weights(time_ns)
        if found is None or body_id not in found[0].persons or not found[0].values.any():
            return None
        weights, at = found
        row = weights.values[at, :, weights.persons.index(body_id)]
        return moved_weights(row, weights.topology, on)

    def share(self, time_ns: int) -> ModalityShare | None:
        """How much each modality counted in the window at a time."""
        if self.opinion is None:
            return None
        for one in self.opinion.explanations_at(self.opinion.window_at(time_ns)):
            if isinstance(one, ModalityShare):
                return one
        return None
