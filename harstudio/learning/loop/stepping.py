"""One step of training: forward, loss, backward, update; in pieces where memory is short."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import pairwise
from math import ceil, inf
from typing import NamedTuple, Protocol

import torch
from torch import Tensor, nn

from harstudio.errors import HarstudioError
from harstudio.learning.loop import lacking
from harstudio.learning.loop.averaging import UPDATES, Mean
from harstudio.learning.loop.losses import Losses
from harstudio.learning.loop.optimizing import Optimizer
from harstudio.learning.stages import Plan, StagePlan, freeze_all_but
from harstudio.learning.together.group import Group, Share
from harstudio.networks.network import Network, Output

Inputs = Mapping[str, Tensor]


class Known(Protocol):
    """What is known of clips before the network looks at them; see ``frozen``."""

    def given(self, places: Sequence[int]) -> AbstractContextManager[None]:
        """Within, a forward pass is one of these samples, in this order."""


class Piece(NamedTuple):
    """Rows of a batch that go through the network at once; lacks: the input they do without.
    counts: whether they are of the batch."""

    rows: slice | list[int]
    lacks: str
    counts: bool


class Stepper:
    """The optimiser of a stage and its step; knows nothing of epochs, files or data.

    micro: how many clips go through the network at once (in each process), 0 = the whole batch. It
    is halved when the device's memory is short; gradients are then summed over the pieces, so that
    the loss is the mean over the batch as before, but batch normalisation sees the pieces.
    class_weights: how much a clip of each class counts, (K,); None for all alike. group: the
    processes that share each batch. mean: of the stage's weights, where the plan wants one. known:
    what the stage knows of its clips already.
    """

    def __init__(
        self,
        network: Network,
        plan: Plan,
        device: torch.device,
        remark: Callable[[str], None],
        group: Group | None = None,
        class_weights: Tensor | None = None,
    ) -> None:
        self._group = group or Group()
        self.network = network.to(device)
        self.device = device
        self.micro = 0
        self.mean: Mean | None = None
        self.known: Known | None = None
        self._plan = plan
        self._remark = remark
        weights = None if class_weights is None else class_weights.to(device)
        self._losses = Losses(plan.label_smoothing, weights)
        self._stage: StagePlan | None = None
        self.optimizer: Optimizer | None = None

    def begin(self, stage: StagePlan) -> None:
        """Freeze what the stage does not train; a fresh optimiser, a fresh mean."""
        self._stage = stage
        self._group.begin_stage()
        self.optimizer = Optimizer(self.network, self._plan, stage, self.device)
        self.mean = Mean(self.network, self._plan.ema) if self._plan.ema else None
        self.known = None

    def autocast(self) -> AbstractContextManager[None]:
        """The precision of forward passes of training.

        Nothing that is cast is kept: what was cast without gradients would be taken for the same
        weight with them.
        """
        return autocast(self._plan.precision, self.device)

    def train_mode(self) -> None:
        """Back from evaluation: what the stage trains is in training mode again."""
        if self._stage is not None:
            freeze_all_but(self.network, self._stage.trains)

    def step(
        self,
        inputs: Inputs,
        labels: Tensor,
        rate: float,
        share: Share | None = None,
        *,
        places: Sequence[int] = (),
        lacks: Sequence[str] = (),
    ) -> tuple[Tensor, Tensor]:
        """One update; the batch's mean loss and how many it got right, on the device.

        share: what ``Group.step`` gave, where the batch is not this process's alone. Rows of inputs
        without a label show a process that has no clip what one looks like. places: which samples
        these are. lacks: what each does without, see ``lacking``.
        """
        optimizer = self._begun()
        share = share or Share(len(labels), len(labels), False)
        inputs = {name: value.to(self.device) for name, value in inputs.items()}
        labels = labels.to(self.device)
        while True:
            optimizer.begin(rate)
            try:
                told, apart = self._gradients(inputs, labels, share, places, lacks)
                self._group.fits()
                break
            except RuntimeError as error:
                if not is_out_of_memory(error):
                    raise
                self._group.tell_short(error)
            self._halve(share)  # outside of except: its traceback holds the tensors
        own = _join(apart)
        loss, right = self._group.add_gradients(optimizer.weights, told)
        optimizer.update(own)
        if self.mean is not None:
            self.mean.update()
        return loss, right

    def _begun(self) -> Optimizer:
        if self.optimizer is None:
            raise RuntimeError("begin a stage first")
        return self.optimizer

    def _gradients(
        self,
        inputs: Inputs,
        labels: Tensor,
        share: Share,
        places: Sequence[int],
        lacks: Sequence[str],
    ) -> tuple[Tensor, dict[nn.Parameter, Tensor]]:
        """The loss and how many are right (2,); the loss's gradients are left in the weights, those
        of the heads' own losses are given."""
        optimizer = self._begun()
        told = torch.zeros(2, device=self.device)
        apart: dict[nn.Parameter, Tensor] = {}
        for piece in self._pieces(len(labels), share, lacks):
            rows, counts = piece.rows, piece.counts
            expected = labels[rows] if counts else labels.new_zeros(1)
            output = self._forward({k: v[rows] for k, v in inputs.items()}, piece, places)
            clips = float(share.clips) if counts else inf
            loss = self._losses.fused(output, expected) / clips
            heads = torch.zeros((), device=self.device)
            if self.network.heads_apart and not piece.lacks and not self._stream:
                heads = self._losses.heads(output, expected) / clips
            if heads.requires_grad:
                found = torch.autograd.grad(
                    optimizer.scaled(heads), optimizer.weights, retain_graph=True, allow_unused=True
                )
                for weight, gradient in zip(optimizer.weights, found, strict=True):
                    if gradient is not None:
                        apart[weight] = apart[weight] + gradient if weight in apart else gradient
            if loss.requires_grad or not heads.requires_grad:
                optimizer.scaled(loss).backward()  # type: ignore[no-untyped-call]
            right = (output.logits.detach().argmax(1) == expected).sum() * counts
            told += torch.stack((loss.detach(), right))
        return told, apart

    @property
    def _stream(self) -> str:
        return "" if self._stage is None else self._stage.stream

    def _pieces(self, count: int, share: Share, lacks: Sequence[str]) -> Iterator[Piece]:
        """The rows that go through the network together, where memory is short in smaller pieces.
        A process without clips where others have one shows the network one that does not count."""
        if any(lacks):
            for name, rows in lacking.parts(lacks).items():
                for piece in pieces(len(rows), self.micro):
                    yield Piece(rows[piece], name, True)
            return
        for piece in pieces(count, self.micro, share.largest):
            counts = piece.start < piece.stop
            yield Piece(piece if counts else slice(1), lacking.ALL, counts)

    def _forward(self, inputs: Inputs, piece: Piece, places: Sequence[int]) -> Output:
        known: AbstractContextManager[None] = nullcontext()
        if self.known is not None and not piece.lacks:
            rows = piece.rows
            those = places[rows] if isinstance(rows, slice) else [places[row] for row in rows]
            known = self.known.given(those)
        with self._group.normalising(piece.counts), self.autocast(), known:
            output: Output = self.network(lacking.without(inputs, piece.lacks), False, self._stream)
        return output

    def _halve(self, share: Share) -> None:
        now = min(self.micro or share.largest, share.largest)
        if now <= 1:
            raise HarstudioError(
                "The device's memory is too small even for one clip at a time.",
                remedy="Train a lighter network, use smaller inputs or another device.",
            )
        self.micro = ceil(now / 2)
        self._begun().forget()
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        self._remark(
            f"Memory was short: {self.micro} clips at a time instead of {now}. Gradients are "
            f"summed over the batch of {share.clips} as before, but batch normalisation sees "
            f"{self.micro}."
        )

    # ---- what a state keeps of it

    def optimizer_state(self) -> dict[str, Tensor]:
        """Copies on the CPU of all that the optimiser remembers, ``<weight>/<key>``."""
        return {} if self.optimizer is None else self.optimizer.state()

    def mean_state(self) -> dict[str, Tensor]:
        """The mean of the weights, by name; nothing where there is none."""
        return {} if self.mean is None else self.mean.saved()

    def counters(self) -> dict[str, Tensor]:
        """Numbers that optimiser and mean count by."""
        told = {} if self.optimizer is None else self.optimizer.counters()
        if self.mean is not None:
            told[UPDATES] = torch.tensor(self.mean.updates, dtype=torch.int64)
        return told

    def restore(
        self,
        optimizer: Mapping[str, Tensor],
        mean: Mapping[str, Tensor] | None = None,
        counters: Mapping[str, Tensor] | None = None,
    ) -> None:
        """What ``optimizer_state``, ``mean_state`` and ``counters`` gave, for the stage that has
        begun. KeyError, RuntimeError or ValueError where it is not of this stage."""
        counters = counters or {}
        self._begun().restore(optimizer, counters)
        if self.mean is not None:
            self.mean.restore(mean or {}, int(counters[UPDATES]))


def _join(apart: Mapping[nn.Parameter, Tensor]) -> set[nn.Parameter]:
    """Gradients of the loss and of the heads' own in one; the weights that only heads reach."""
    own = {weight for weight in apart if weight.grad is None}
    for weight, gradient in apart.items():
        weight.grad = gradient if weight.grad is None else weight.grad + gradient
    return own


def autocast(precision: str, device: torch.device) -> AbstractContextManager[None]:
    """Forward passes in ``precision``, "float32" for as they are."""
    if precision == "float32":
        return nullcontext()
    return torch.autocast(device.type, getattr(torch, precision), cache_enabled=False)


def pieces(count: int, micro: int, largest: int = 0) -> Iterator[slice]:
    """Nearly equal pieces of at most ``micro``; 0 = all in one. largest: of a count that shall have
    as many pieces; then some may be empty."""
    number = ceil(max(count, largest) / micro) if micro else 1
    edges = [count * k // number for k in range(number + 1)]
    yield from (slice(start, end) for start, end in pairwise(edges))


def is_out_of_memory(error: RuntimeError) -> bool:
    """Whether a device had too little memory (CUDA's error, or the CPU's allocator)."""
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)
