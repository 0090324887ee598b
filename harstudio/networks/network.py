"""What every network is: tensors in by input name, an Output out, parts that train in stages.

Kinds of input, batch first (``card.kind_of`` tells the kind of each input of a network):

- ``skeleton``: (N, C=3, T, V, M) float32 metres.
- ``picture``: (N, 3, H, W) float32, normalised; (N, 3, F, H, W) where F > 1 frames are asked for.
  The input called ``picture`` comes with ``focus``: (N, 4) or (N, F, 4) float32, the square around
  the joint that moved most: left, top, right and bottom as shares of the picture's width and height
  (may lie outside [0, 1]); NaN = none.
- ``clip``: (N, 3, T, H, W) float32, normalised frames.
- ``dynamic``: (N, 3, H, W) float32, a dynamic image; (N, 3, S, H, W) of S > 1 segments of a clip.
- ``regions``: (N, 3, H, W) float32, MMNet's mosaic: a row a region of the body, a column a frame.
- ``inertial``: (N, 6, T) float32, acceleration in g and rotation in rad/s.

A missing modality: an input that the batch does not hold. Then the streams whose inputs are all
there answer alone, and the logits are the mean of the logarithms of their probabilities (the
geometric mean, as late fusion by product). Where no stream can answer that is a UsageError.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, nn

from harstudio.errors import UsageError
from harstudio.networks.backbones.cells import WHOLE, Windows
from harstudio.results import Box, Kind, NetworkCard

Batch = Mapping[str, Tensor]
SALIENCY = "joint saliency"  # what comes of the joints' map of a network with one skeleton stream


@dataclass(frozen=True, slots=True, eq=False)
class Gaze:
    """One thing that a network tells about a batch; see ``results`` for what kinds mean.

    on: the input that it lies on ("focus": on the picture, because the focus pointed there).
    values by kind: heat map (N, t, h, w) in [0, 1]; joint weights (N, T', V, M) in [0, 1]; t and T'
    positions are spread evenly over the input's frames; relation (N, L, L) with L = h * w + V and
    ``grid`` = (h, w), rows sum to 1; modality share (N, t, m), rows sum to 1, one column an input
    in the order of the card's branches; importance (N, t) in [0, 1]; matrix (N, r, c); picture
    (N, 3, h, w) in [0, 1]. per_class: values have a further axis K after N, raw evidence for every
    class. of_class: values speak of the class that is explained. rows, columns: what those of a
    matrix stand for. over: the part of the input, in shares of its width and height, that the cells
    of a heat map or of a grid divide; may reach beyond it (``networks.explaining`` finds it).
    """

    kind: Kind
    on: str
    values: Tensor
    grid: tuple[int, int] = (0, 0)
    per_class: bool = False
    of_class: bool = False
    rows: str = ""
    columns: str = ""
    over: Box = WHOLE


@dataclass(frozen=True, slots=True, eq=False)
class FeatureMap:
    """The last map of a stream, for Grad-CAM (``networks.explaining``); made by ``watched``.

    kind, on: of the gaze that comes of it. values: (N, C, h, w) or (N, C, t, h, w) for a heat map,
    (N, C, T', V, M) for joint weights. elementwise: derivatives count where they are, and are not
    averaged over places; for maps whose places go on by weights of their own.
    """

    kind: Kind
    on: str
    values: Tensor
    elementwise: bool = False


def watched(features: Tensor) -> Tensor:
    """A map of which gradients are counted. To be called where an explanation is asked for only,
    and the network goes on with its result.

    Where nothing before it needs gradients, that is where gradients begin; else, as behind another
    watched map, they go through it. Without gradients (``torch.no_grad``) it is the map itself.
    """
    if features.requires_grad or not torch.is_grad_enabled():
        return features
    return features.detach().requires_grad_()


@dataclass(frozen=True, slots=True, eq=False)
class Output:
    """What a network says about a batch of N.

    logits: (N, K), no softmax inside. logits_by_stream: (N, K) of every stream with a head of its
    own, see ``Network.opinions``; where the fused logits do not build on them, no gradient goes
    back from them into the rest of the network, so that their own loss can be learned beside the
    fused one without changing it. features: (N, D) of every stream and of the fusion, before their
    classifiers. losses: further terms to add to the cross-entropy, already weighted. explanation:
    by name, None unless it was asked for; maps: what Grad-CAM makes further explanations of, by
    their names.
    """

    logits: Tensor
    logits_by_stream: dict[str, Tensor] = field(default_factory=dict)
    features: dict[str, Tensor] = field(default_factory=dict)
    losses: dict[str, Tensor] = field(default_factory=dict)
    explanation: dict[str, Gaze] | None = None
    maps: dict[str, FeatureMap] = field(default_factory=dict)


class Network(nn.Module, ABC):
    """Base of all networks. Made by ``harstudio.networks.create_network`` only, which sets
    ``card`` (as the options make it), ``num_classes``, ``topology`` (a name) and ``options``, so
    that a checkpoint can say how to make the network again.

    A child module called ``heads`` holds classifiers of single streams that the paper does not
    count; ``sizes`` leaves it out.
    """

    card: NetworkCard
    num_classes: int
    topology: str
    options: dict[str, object]
    # Whether the streams' heads learn beside the fusion without touching it: in a fused pass no
    # gradient goes behind them.
    heads_apart = False
    # Whether a fused pass in evaluation tells what each stream would say alone even where that
    # costs a second pass (CC-DFARM, MSAF, MMTM). In training and with reasons it always does.
    opinions = False

    def forward(self, batch: Batch, explain: bool = False, stream: str = "") -> Output:
        """Say what is seen.

        stream: evaluate this stream alone (nothing else is computed); its logits are the output's.
        A forward pass that does not ask for an explanation does not pay for one. What a missing
        modality does: see the module. UsageError where no stream can answer.
        """
        if stream:
            return self.alone(stream, batch, explain)
        there = streams_with(self.card, batch)
        if len(there) == len(self.card.streams):
            return self.fused(batch, explain)
        if not there:
            needs = " or ".join(" and ".join(names) for names in self.card.streams.values())
            raise UsageError(f"{self.card.name} cannot answer without {needs}.")
        return _joined({name: self.alone(name, batch, explain) for name in there})

    @abstractmethod
    def fused(self, batch: Batch, explain: bool) -> Output:
        """The network's opinion; all inputs are there."""

    @abstractmethod
    def alone(self, stream: str, batch: Batch, explain: bool) -> Output:
        """The opinion of one stream of the card, computing nothing else: ``logits`` and
        ``logits_by_stream`` hold that stream's, by its name."""

    def windows(self, name: str) -> Windows:
        """Through what the cells of heat maps on this input see it; none where they divide it."""
        return ()


class OneStream(Network):
    """A network with one stream: what that says alone is what the network says."""

    def alone(self, stream: str, batch: Batch, explain: bool) -> Output:
        """The same as ``fused``."""
        return self.fused(batch, explain)


def streams_with(card: NetworkCard, inputs: Mapping[str, object]) -> tuple[str, ...]:
    """The streams whose inputs are all there, in the card's order."""
    return tuple(
        stream for stream, needed in card.streams.items() if all(name in inputs for name in needed)
    )


def _joined(outputs: Mapping[str, Output]) -> Output:
    """The outputs of single streams as one: the mean of the logarithms of their probabilities."""
    if len(outputs) == 1:
        return replace(next(iter(outputs.values())))
    opinions = [torch.log_softmax(one.logits, dim=1) for one in outputs.values()]
    joined = Output(torch.stack(opinions).mean(dim=0))
    told: dict[str, Gaze] = {}
    for one in outputs.values():
        joined.logits_by_stream.update(one.logits_by_stream)
        joined.features.update(one.features)
        joined.losses.update(one.losses)
        joined.maps.update(one.maps)
        told.update(one.explanation or {})
    asked = any(one.explanation is not None for one in outputs.values())
    return replace(joined, explanation=told if asked else None)
