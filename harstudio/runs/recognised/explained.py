"""What a recognition tells at a time, for what is chosen to be shown; screens and videos ask it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from harstudio.results import HeatMap, JointWeights, Kind, Picture, Relation
from harstudio.runs.recognised.opinion import Opinion, Where
from harstudio.runs.recognised.patches import (
    Frame,
    Links,
    Patch,
    Pointer,
    heat_patch,
    joint_links,
    moved_joint,
    moved_weights,
    nearest_frame,
    relation_patch,
)

OPACITY, THRESHOLD = 0.8, 0.35
MOST_KEPT = 500  # patches and links that lie ready


class Explained:
    """A recognition with the choice of what of it is shown.

    on_picture, on_joints: names of the explanations over the picture and on the joints, "" for
    none. opacity, threshold: in [0, 1]. joint: whose relation is asked for, None for the one that
    moved most.
    """

    def __init__(self) -> None:
        self.opinion: Opinion | None = None
        self.on_picture = ""
        self.on_joints = ""
        self.opacity = OPACITY
        self.threshold = THRESHOLD
        self.joint: int | None = None
        self.beside: dict[str, bool] = {}  # what a person said about those beside the pictures
        self.marks_inputs = True  # squares where the inputs that are shown were cut out
        self._preview: int | None = None  # the joint under the mouse
        self._patches: dict[tuple[int, str, int | None, int], Patch] = {}
        self._links: dict[tuple[int, str, int | None], Links] = {}

    def meet(self, opinion: Opinion | None) -> None:
        """Another recognition, without a joint that is asked for."""
        self.opinion = opinion
        self._patches.clear()
        self._links.clear()
        self.joint = self._preview = None

    # ---- what there is

    def kinds(self) -> dict[str, Kind]:
        """What there is to show: kind by name."""
        return {} if self.opinion is None else self.opinion.explained

    def places(self) -> dict[str, Where]:
        """Where each is drawn."""
        return {} if self.opinion is None else self.opinion.places

    def first(self, place: Where) -> str:
        """The first in a place; on joints weights come before links, those that tell joints apart
        before those of whole persons."""
        names = [name for name, one in self.places().items() if one is place]
        weights = [name for name in names if self.kinds()[name] is Kind.JOINT_WEIGHTS]
        told = [] if self.opinion is None else self.opinion.explanations_at(0)
        apart = {
            one.name
            for one in told
            if isinstance(one, JointWeights) and np.ptp(one.values, 1).any()
        }
        weights.sort(key=lambda name: name not in apart)
        return next(iter(weights + names), "")

    def is_shown(self, name: str) -> bool:
        place = self.places().get(name)
        if place is Where.BESIDE:
            return self.beside.get(name, self._is_first(name))
        return place is not None and name in (self.on_picture, self.on_joints)

    def _is_first(self, name: str) -> bool:
        """Whether it is the first of its kind."""
        kinds = self.kinds()
        return next(one for one, kind in kinds.items() if kind is kinds[name]) == name

    # ---- what is there at a time

    def patch(self, time_ns: int) -> Patch | None:
        """What to paint over pictures while the playhead is at a time."""
        opinion, name = self.opinion, self.on_picture
        window = None if opinion is None else opinion.window_at(time_ns)
        if opinion is None or window is None or not name:
            return None
        heat = opinion.find(window, name, HeatMap)
        if heat is not None and len(heat.times_ns):
            at = max(0, int(np.searchsorted(heat.times_ns, time_ns, side="right")) - 1)
            return self._kept((window, name, None, at), heat)
        relation = opinion.find(window, name, Relation)
        if relation is None or relation.box is None:
            return None
        return self._kept((window, name, self.joint_at(window), 0), relation)

    def _kept(self, key: tuple[int, str, int | None, int], one: HeatMap | Relation) -> Patch | None:
        """The same object for the same moment, so that pictures of it can be kept too."""
        if key not in self._patches:
            if len(self._patches) > MOST_KEPT:
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

    def inputs(self, time_ns: int) -> tuple[Frame, ...]:
        """Which parts of the frame nearest to a time the shown inputs were made from."""
        opinion = self.opinion
        if opinion is None or not self.marks_inputs:
            return ()
        told = opinion.explanations_at(opinion.window_at(time_ns))
        shown = (one for one in told if isinstance(one, Picture) and self.is_shown(one.name))
        frames = (nearest_frame(one, time_ns) for one in shown)
        return tuple(frame for frame in frames if frame is not None)

    def joint_at(self, window: int | None) -> int | None:
        """The joint whose relation is shown: that under the mouse, else the chosen one, else the
        one that moved most, else the one that attends most sharply to the picture; None for all
        joints, where there is no picture."""
        opinion, relation = self.opinion, self._relation(window)
        if opinion is None or relation is None:
            return None
        cells = relation.grid[0] * relation.grid[1]
        joints = len(relation.values) - cells
        for wanted in (self._preview, self.joint):
            if wanted is not None and wanted < joints:
                return wanted
        if not cells:
            return None
        pointed = opinion.pointed(window)
        if pointed is not None and pointed.joint is not None and pointed.joint < joints:
            return pointed.joint
        return int(np.argmax(relation.values[cells:, :cells].max(axis=1)))

    def relation(self, time_ns: int) -> Relation | None:
        """The relation shown at a time, None when another map or none is."""
        return None if self.opinion is None else self._relation(self.opinion.window_at(time_ns))

    def _relation(self, window: int | None) -> Relation | None:
        """That over the picture, else that on the joints."""
        if self.opinion is None:
            return None
        found = (
            self.opinion.find(window, name, Relation) for name in (self.on_picture, self.on_joints)
        )
        return next((one for one in found if one is not None), None)

    def links(self, time_ns: int) -> tuple[Links, str] | None:
        """The shown links between joints at a time, and what they mean."""
        opinion, name = self.opinion, self.on_joints
        window = None if opinion is None else opinion.window_at(time_ns)
        relation = None if opinion is None else opinion.find(window, name, Relation)
        if relation is None or window is None or relation.box is not None:
            return None
        joint = self.joint_at(window) if self._relation(window) is relation else self.joint
        key = (window, name, joint)
        if key not in self._links:
            if len(self._links) > MOST_KEPT:
                self._links.clear()
            self._links[key] = joint_links(relation, joint)
        return self._links[key], relation.meaning

    def links_of(self, time_ns: int, body_id: str, on: str) -> tuple[tuple[int, int, float], ...]:
        """Lines (from, to, weight in [0, 1]) between joints of the topology ``on``, for one person
        at a time."""
        found = self.links(time_ns)
        if found is None or found[0].person not in ("", body_id):
            return ()
        links, of = found[0].links, found[0].topology
        moved = [(moved_joint(a, of, on), moved_joint(b, of, on), weight) for a, b, weight in links]
        return tuple((a, b, w) for a, b, w in moved if a is not None and b is not None)

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
