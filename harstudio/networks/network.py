"""What every network is: tensors in by input name, an Output out, parts that train in stages.

Inputs (batch first; which of them a network takes is said by its card's ``branches``):

- ``skeleton``: (N, C=3, T, V, M) float32 metres.
- ``picture``: (N, 3, H, W) float32, normalised.
- ``focus``: (N, 4) float32, the square around the joint that moved most: left, top, right and
  bottom as shares of the picture's width and height (may lie outside [0, 1]); NaN = none.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor, nn

from harstudio.results import Kind, NetworkCard

Batch = Mapping[str, Tensor]


@dataclass(frozen=True, slots=True, eq=False)
class Gaze:
    """One thing that a network tells about a batch; see ``results`` for what kinds mean.

    on: the input that it lies on ("focus": on the picture, because the focus pointed there).
    values by kind: heat map (N, t, h, w); joint weights (N, T', V, M), where T' positions are
    spread evenly over the input's T frames; relation (N, L, L) with L = h * w + V and ``grid`` =
    (h, w); modality share (N, t, m); importance (N, t). per_class: values have a further axis K
    after N, raw evidence for every class.
    """

    kind: Kind
    on: str
    values: Tensor
    grid: tuple[int, int] = (0, 0)
    per_class: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Output:
    """What a network says about a batch of N.

    logits: (N, K), no softmax inside. logits_by_stream: (N, K) of every stream with a head of its
    own; where the fused logits do not build on them, no gradient goes back from them into the rest
    of the network, so that their own loss can be learned beside the fused one without changing
    it. features: (N, D) of every stream and of the fusion, before their classifiers. losses:
    further terms to add to the cross-entropy, already weighted. explanation: by name, None unless
    it was asked for.
    """

    logits: Tensor
    logits_by_stream: dict[str, Tensor] = field(default_factory=dict)
    features: dict[str, Tensor] = field(default_factory=dict)
    losses: dict[str, Tensor] = field(default_factory=dict)
    explanation: dict[str, Gaze] | None = None


class Network(nn.Module, ABC):
    """Base of all networks. Made by ``harstudio.networks.create_network`` only, which sets
    ``card``, ``num_classes``, ``topology`` (a name) and ``options``, so that a checkpoint can say
    how to make the network again."""

    card: NetworkCard
    num_classes: int
    topology: str
    options: dict[str, object]
    # Whether the streams' heads learn beside the fusion without touching it: in a fused pass no
    # gradient goes behind them.
    heads_apart = False

    @abstractmethod
    def forward(self, batch: Batch, explain: bool = False, stream: str = "") -> Output:
        """Say what is seen.

        stream: evaluate this stream alone (nothing else is computed); its logits are the output's.
        A forward pass that does not ask for an explanation does not pay for one.
        """
