"""One step of training: forward, loss, backward, update; in pieces where memory is short."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from itertools import pairwise
from math import ceil, inf

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from harstudio.errors import HarstudioError
from harstudio.learning.group import Group, Share
from harstudio.learning.stages import Plan, StagePlan, freeze_all_but
from harstudio.networks.network import Network, Output

Inputs = Mapping[str, Tensor]


class Stepper:
    """The optimiser of a stage and its step; knows nothing of epochs, files or data.

    micro: how many clips go through the network at once (in each process), 0 = the whole batch. It
    is halved when the device's memory is short; gradients are then summed over the pieces, so that
    the loss is the mean over the batch as before, but batch normalisation sees the pieces.
    group: the processes that share each batch.
    """

    def __init__(
        self,
        network: Network,
        plan: Plan,
        device: torch.device,
        remark: Callable[[str], None],
        group: Group | None = None,
    ) -> None:
        self._group = group or Group()
        self.network = network.to(device)
        self.device = device
        self.micro = 0
        self._plan = plan
        self._remark = remark
        self._stage: StagePlan | None = None
        self._names: list[str] = []
        self._weights: list[nn.Parameter] = []
        self.optimizer: torch.optim.Optimizer | None = None

    def begin(self, stage: StagePlan) -> None:
        """Freeze what the stage does not train; a fresh optimiser."""
        self._stage = stage
        self._group.begin_stage()
        plan, rate = self._plan, stage.rate(0)
        groups: dict[tuple[float, float], list[tuple[str, nn.Parameter]]] = {}
        for name, weight in freeze_all_but(self.network, stage.trains):
            groups.setdefault(factors(name, plan.rates), []).append((name, weight))
        self._names = [name for named in groups.values() for name, _ in named]
        self._weights = [weight for named in groups.values() for _, weight in named]
        tables = [
            {
                "params": [weight for _, weight in named],
                "lr": rate * of_rate,
                "of_rate": of_rate,
                "weight_decay": plan.weight_decay * of_decay,
            }
            for (of_rate, of_decay), named in groups.items()
        ]
        if plan.optimizer == "sgd":
            self.optimizer = torch.optim.SGD(
                tables,
                lr=rate,
                momentum=plan.momentum,
                nesterov=plan.nesterov and plan.momentum > 0,
            )
        else:
            self.optimizer = torch.optim.Adam(tables, lr=rate)

    def train_mode(self) -> None:
        """Back from evaluation: what the stage trains is in training mode again."""
        if self._stage is not None:
            freeze_all_but(self.network, self._stage.trains)

    def step(
        self, inputs: Inputs, labels: Tensor, rate: float, share: Share | None = None
    ) -> tuple[Tensor, Tensor]:
        """One update; the batch's mean loss and how many it got right, on the device.

        share: what ``Group.step`` gave, where the batch is not this process's alone. Rows of inputs
        without a label show a process that has no clip what one looks like.
        """
        share = share or Share(len(labels), len(labels), False)
        if self.optimizer is None:
            raise RuntimeError("begin a stage first")
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group["of_rate"]
        inputs = {name: value.to(self.device) for name, value in inputs.items()}
        labels = labels.to(self.device)
        while True:
            try:
                told, apart = self._gradients(inputs, labels, share)
                self._group.fits()
                break
            except RuntimeError as error:
                if not is_out_of_memory(error):
                    raise
                self._group.tell_short(error)
            self._halve(share)  # outside of except: its traceback holds the tensors
        own = self._join(apart)
        loss, right = self._group.add_gradients(self._weights, told)
        self._update(own)
        return loss, right

    def _join(self, apart: Mapping[nn.Parameter, Tensor]) -> set[nn.Parameter]:
        """Gradients of the loss and of the heads' own in one; the weights that only heads reach."""
        own = {weight for weight in apart if weight.grad is None}
        for weight, gradient in apart.items():
            weight.grad = gradient if weight.grad is None else weight.grad + gradient
        return own

    def _update(self, own: set[nn.Parameter]) -> None:
        """One update. The gradients of heads are kept below the limit for themselves, so that they
        never slow the rest."""
        if self.optimizer is None:
            raise RuntimeError("begin a stage first")
        if self._plan.clip_norm:
            for heads in (False, True):
                weights = [weight for weight in self._weights if (weight in own) == heads]
                nn.utils.clip_grad_norm_(weights, self._plan.clip_norm)
        self.optimizer.step()

    def _gradients(
        self, inputs: Inputs, labels: Tensor, share: Share
    ) -> tuple[Tensor, dict[nn.Parameter, Tensor]]:
        """The loss and how many are right (2,); the loss's gradients are left in the weights, those
        of the heads' own losses are given."""
        if self.optimizer is None or self._stage is None:
            raise RuntimeError("begin a stage first")
        self.optimizer.zero_grad(set_to_none=True)
        total = torch.zeros((), device=self.device)
        right = torch.zeros((), device=self.device)
        apart: dict[nn.Parameter, Tensor] = {}
        for piece in pieces(len(labels), self.micro, share.largest):
            counts = piece.start < piece.stop
            if not counts:  # the others have one more: show the network a clip that does not count
                piece = slice(1)
            clips = float(share.clips) if counts else inf
            expected = labels[piece] if counts else labels.new_zeros(1)
            with self._group.normalising(counts):
                output = self.network(
                    {k: v[piece] for k, v in inputs.items()}, False, self._stage.stream
                )
            loss = cross_entropy(
                output.logits,
                expected,
                reduction="sum",
                label_smoothing=self._plan.label_smoothing,
            )
            for further in output.losses.values():
                loss = loss + further * len(expected)
            loss = loss / clips
            total += loss.detach()
            heads = self._heads_loss(output, expected) / clips
            if heads.requires_grad:
                found = torch.autograd.grad(
                    heads, self._weights, retain_graph=True, allow_unused=True
                )
                for weight, gradient in zip(self._weights, found, strict=True):
                    if gradient is not None:
                        apart[weight] = apart[weight] + gradient if weight in apart else gradient
            if loss.requires_grad or not heads.requires_grad:
                loss.backward()  # type: ignore[no-untyped-call]
            right += (output.logits.detach().argmax(1) == expected).sum() * counts
        return torch.stack((total, right)), apart

    def _heads_loss(self, output: Output, expected: Tensor) -> Tensor:
        """So that the streams' opinions keep up while they change under their heads; not a part
        of the loss that is told."""
        total = torch.zeros((), device=self.device)
        if self._stage is not None and not self._stage.stream and self.network.heads_apart:
            for logits in output.logits_by_stream.values():
                if logits.requires_grad:
                    total = total + cross_entropy(logits, expected, reduction="sum")
        return total

    def _halve(self, share: Share) -> None:
        now = min(self.micro or share.largest, share.largest)
        if now <= 1:
            raise HarstudioError(
                "The device's memory is too small even for one clip at a time.",
                remedy="Train a lighter network, use smaller inputs or another device.",
            )
        self.micro = ceil(now / 2)
        if self.optimizer is not None:
            self.optimizer.zero_grad(set_to_none=True)
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        self._remark(
            f"Memory was short: {self.micro} clips at a time instead of {now}. Gradients are "
            f"summed over the batch of {share.clips} as before, but batch normalisation sees "
            f"{self.micro}."
        )

    # ---- the optimiser's state, by the names of the weights

    def optimizer_state(self) -> dict[str, Tensor]:
        """Copies on the CPU of all that the optimiser remembers, ``<weight>/<key>``."""
        if self.optimizer is None:
            return {}
        return {
            f"{name}/{key}": value.detach().to("cpu", copy=True).contiguous()
            for name, weight in zip(self._names, self._weights, strict=True)
            for key, value in self.optimizer.state.get(weight, {}).items()
            if isinstance(value, Tensor)
        }

    def restore_optimizer(self, saved: Mapping[str, Tensor]) -> None:
        """What ``optimizer_state`` gave, into the optimiser of the stage that has begun.

        KeyError or ValueError where it is not of this optimiser.
        """
        if self.optimizer is None:
            raise RuntimeError("begin a stage first")
        places = {name: place for place, name in enumerate(self._names)}
        state: dict[int, dict[str, Tensor]] = {}
        for key, value in saved.items():
            name, _, what = key.rpartition("/")
            if value.shape != self._weights[places[name]].shape and value.ndim:
                raise ValueError(f"{key} has another shape")
            state.setdefault(places[name], {})[what] = value
        groups = self.optimizer.state_dict()["param_groups"]
        self.optimizer.load_state_dict({"state": state, "param_groups": groups})


def factors(name: str, rates: Iterable[tuple[str, float, float]]) -> tuple[float, float]:
    """Of a weight's rate and of its decay: what the first pattern that fits its name says."""
    for pattern, of_rate, of_decay in rates:
        if fnmatchcase(name, pattern):
            return of_rate, of_decay
    return 1.0, 1.0


def pieces(count: int, micro: int, largest: int = 0) -> Iterator[slice]:
    """Nearly equal pieces of at most ``micro``; 0 = all in one. largest: of a count that shall have
    as many pieces; then some may be empty."""
    number = ceil(max(count, largest) / micro) if micro else 1
    edges = [count * k // number for k in range(number + 1)]
    yield from (slice(start, end) for start, end in pairwise(edges))


def is_out_of_memory(error: RuntimeError) -> bool:
    """Whether a device had too little memory (CUDA's error, or the CPU's allocator)."""
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)
