"""One clip: what the network says and shows of it, and every measure of what it shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray

from harstudio.errors import DataError
from harstudio.learning.data.samples import Sample
from harstudio.learning.inputs.skeleton import origin_joint
from harstudio.learning.preprocessing import Prepared
from harstudio.networks.explaining import explain
from harstudio.networks.network import Gaze, Network
from harstudio.recognition.explaining import FOCUS, PICTURE, Explainer
from harstudio.recognition.trained import TrainedNetwork
from harstudio.recognition.truth.curves import Curves, Orders
from harstudio.recognition.truth.inputs import Units, joint_units, picture_units
from harstudio.recognition.truth.likeness import likeness
from harstudio.recognition.truth.pieces import shown_in
from harstudio.recognition.truth.places import HANDS, HEAD, Scene, hand_joints, is_of_hands
from harstudio.recognition.truth.shares import OnPlace, means_of_joints, on_joints, on_picture
from harstudio.recordings.formats import open_recording
from harstudio.results import Explanation, HeatMap, JointWeights, Kind, ModalityShare
from harstudio.skeletons.topology import topology

AT_ONCE = 8  # changed inputs in a batch
ON_INPUT = (Kind.HEAT_MAP, Kind.JOINT_WEIGHTS)


@dataclass(frozen=True, slots=True)
class Seen:
    """What was measured of one explanation of one clip; None where a measure does not apply.

    like: rank correlation with that of fresh weights. parts: on the discs of hands and head.
    joints: mean weight of the hands' joints and of all others. share: of the first modality. on:
    the input that it lies on.
    """

    curves: Curves | None = None
    like: float | None = None
    person: OnPlace | None = None
    hands: OnPlace | None = None
    parts: OnPlace | None = None
    joints: tuple[float, float] | None = None
    share: float | None = None
    on: str = ""


@dataclass(frozen=True, slots=True)
class Looked:
    """One clip. label: what the network said. of_hands: whether it is an action of the hands."""

    label: int
    of_hands: bool | None
    seen: Mapping[str, Seen] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Looker:
    """Measures clips of one run. others: the same network with fresh weights, taken in turn. rest:
    the mean pose, None where the network sees no joints."""

    trained: TrainedNetwork
    others: tuple[Network, ...]
    rest: NDArray[np.float32] | None
    seed: int

    def look(self, sample: Sample, number: int) -> Looked:
        """All measures of a clip, the ``number``-th; DataError where it cannot be read."""
        with open_recording(sample.path) as recording:
            preprocessing = self.trained.preprocessing
            stretch = preprocessing.stretch(
                recording, sample.start_ns, sample.end_ns, sample.person
            )
            prepared = preprocessing.make(preprocessing.read_stretch(stretch), None)
            label, gazes, told = self.explained(prepared, sample)
            other = self._of_fresh(prepared, sample, label, number)
            scene = Scene(recording, stretch)
            orders = Orders((self.seed, number))
            seen = {
                one.name: self._measured(
                    one, gazes[one.name], prepared, label, orders, scene, other.get(one.name)
                )
                for one in told
            }
            return Looked(label, is_of_hands(stretch), seen)

    def explained(
        self, prepared: Prepared, sample: Sample
    ) -> tuple[int, Mapping[str, Gaze], tuple[Explanation, ...]]:
        """What the network says, for whose class it tells what it looked at, and that."""
        output = self.trained.ask(prepared, explaining=True)
        logits = output.logits[0]
        if not bool(torch.isfinite(logits).all()):
            raise DataError("The network's answer is no number.", path=self.trained.folder)
        label = int(logits.argmax())
        gazes = output.explanation or {}
        window = sample.start_ns, sample.end_ns
        told = self._explainer().explain(gazes, 0, prepared.placement, window, label)
        return label, gazes, told

    def _of_fresh(
        self, prepared: Prepared, sample: Sample, label: int, number: int
    ) -> dict[str, Explanation]:
        """What the network with fresh weights shows for the same class."""
        other = self.others[number % len(self.others)]
        output = explain(other, self._batch(prepared, "", []), label)
        window = sample.start_ns, sample.end_ns
        told = self._explainer().explain(
            output.explanation or {}, 0, prepared.placement, window, label
        )
        return {one.name: one for one in told}

    def _explainer(self) -> Explainer:
        trained = self.trained
        return Explainer(
            trained.network.card.title, trained.classes, trained.network.topology,
            trained.modalities,
        )  # fmt: skip

    def _measured(
        self,
        told: Explanation,
        gaze: Gaze,
        prepared: Prepared,
        label: int,
        orders: Orders,
        scene: Scene,
        other: Explanation | None,
    ) -> Seen:
        curves = None
        units = self._units(told, gaze, prepared)
        if units is not None:

            def ask(inputs: list[NDArray[np.float32]]) -> NDArray[np.float64]:
                return self._probabilities(prepared, units.name, inputs, label)

            curves = orders.curves(units, ask)
        shown = _shown(told, gaze, prepared)
        like = None if other is None else likeness(told, other, shown)
        on = gaze.on if told.kind in ON_INPUT else ""
        if isinstance(told, HeatMap):
            return Seen(
                curves,
                like,
                person=on_picture(told, scene.person, shown),
                hands=on_picture(told, lambda stream, at: scene.discs(stream, at, HANDS), shown),
                parts=on_picture(
                    told, lambda stream, at: scene.discs(stream, at, HANDS + HEAD), shown
                ),
                on=on,
            )
        if isinstance(told, JointWeights):
            hands = hand_joints(topology(told.topology))
            of_hands = on_joints(told, hands)
            means = means_of_joints(told, hands)
            return Seen(curves, like, hands=of_hands, joints=means, on=on)
        return Seen(curves, like, share=share_of(told), on=on)

    def _units(self, told: Explanation, gaze: Gaze, prepared: Prepared) -> Units | None:
        """What can be taken away of the input that an explanation lies on; None of what lies on no
        cells and no joints."""
        name = _input_of(gaze)
        values, placement = prepared.inputs.get(name), prepared.placement
        if values is None:
            return None
        if isinstance(told, HeatMap) and name in placement.pictures:
            return picture_units(told, values, placement.pictures[name], name)
        if isinstance(told, JointWeights) and self.rest is not None:
            origin = origin_joint(self.trained.network.topology)
            return joint_units(told, values, placement, name, self.rest, origin)
        return None

    def _probabilities(
        self, prepared: Prepared, name: str, inputs: list[NDArray[np.float32]], label: int
    ) -> NDArray[np.float64]:
        """(n,) probabilities of a class for changed inputs, everything else as it is."""
        network, out = self.trained.network, []
        network.opinions = False
        with torch.inference_mode():
            for start in range(0, len(inputs), AT_ONCE):
                batch = self._batch(prepared, name, inputs[start : start + AT_ONCE])
                logits = network(batch).logits.float()
                out.append(torch.softmax(logits, dim=1)[:, label].double().cpu().numpy())
        network.opinions = True
        return np.concatenate(out)

    def _batch(
        self, prepared: Prepared, name: str, inputs: list[NDArray[np.float32]]
    ) -> dict[str, torch.Tensor]:
        """The inputs of a clip as often as one of them is changed; once where none is."""
        count = max(1, len(inputs))
        batch = {
            key: torch.from_numpy(values)[None].expand(count, *values.shape)
            for key, values in prepared.inputs.items()
        }
        if inputs:
            batch[name] = torch.from_numpy(np.stack(inputs))
        return {key: value.to(self.trained.device) for key, value in batch.items()}


def _input_of(gaze: Gaze) -> str:
    return PICTURE if gaze.on == FOCUS else gaze.on


def _shown(told: Explanation, gaze: Gaze, prepared: Prepared) -> NDArray[np.bool_] | None:
    """Which cells of a heat map the network saw; None = all."""
    place = prepared.placement.pictures.get(_input_of(gaze))
    return shown_in(told, place) if isinstance(told, HeatMap) and place is not None else None


def share_of(told: Explanation) -> float | None:
    """The share of the first modality, the mean over the clip; None of what tells no shares."""
    return float(told.values[:, 0].mean()) if isinstance(told, ModalityShare) else None
