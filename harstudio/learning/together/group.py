"""Who trains together: one process, which is the rule, or several (``distributed``)."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import torch
from torch import Tensor, nn

from harstudio.jobs.context import Context
from harstudio.learning.weights.checkpoints import random_state, restore_random

if TYPE_CHECKING:
    from harstudio.learning.evaluating.inference import Answers

T = TypeVar("T")


class Share(NamedTuple):
    """What the processes agreed on for a step.

    clips: of the batch, of all processes. largest: clips of the process that has most. due: whether
    the state is to be saved after it.
    """

    clips: int
    largest: int
    due: bool


class Group:
    """A training by one process; ``Processes`` is one by several.

    rank: which process this is, from 0. count: how many there are. local: how many of them are on
    this computer.
    """

    rank = 0
    count = 1
    local = 1

    @property
    def first(self) -> bool:
        """Whether this is the process that writes, prints and evaluates."""
        return self.rank == 0

    def lead(self, work: Callable[[], T]) -> T | None:
        """What only the first process does; the others wait and get None. What it raises ends them
        too."""
        return work()

    def context(self, context: Context) -> Context:
        """The context of the training loop."""
        return context

    def device(self, wanted: str) -> str:
        """The device of this process where ``wanted`` is that of the training."""
        return wanted

    def begin_stage(self) -> None:
        """Other parts of the network learn from now on."""

    def step(self, clips: int, due: bool) -> Share:
        """Before each step: how many clips this process has for it. Stopped where any process was
        asked to stop."""
        return Share(clips, clips, due)

    def normalising(self, counts: bool) -> contextlib.AbstractContextManager[object]:
        """Around a forward pass of training. counts: whether its clips are of the batch; a process
        without clips shows the network one that does not count."""
        return contextlib.nullcontext()

    def fits(self) -> None:
        """Memory was enough; Short where it was not in another process."""

    def tell_short(self, error: RuntimeError) -> None:
        """Memory was short here or, as ``error`` says, elsewhere."""

    def add_gradients(self, weights: Sequence[nn.Parameter], told: Tensor) -> Tensor:
        """Leave the sum of all processes' gradients in the weights; the sum of ``told``."""
        return told

    def answers(self, work: Callable[[], Answers]) -> Answers:
        """The answers of all processes to their shares, in the order of the samples."""
        return work()

    def share(self, samples: Sequence[T]) -> tuple[T, ...]:
        """The samples that this process answers to."""
        return tuple(samples)

    def same(self, network: nn.Module, seed: int) -> None:
        """All begin with the first one's weights and buffers, each with random numbers of its
        own."""

    def random(self, device: torch.device) -> dict[str, Tensor]:
        """The states of random numbers of all processes."""
        return random_state(device)

    def restore_random(
        self, states: Mapping[str, Tensor], device: torch.device, seed: Sequence[int]
    ) -> None:
        """Go on with what ``random`` gave. seed: for a process that was not there then."""
        restore_random(states, device)

    def problems(self, told: Sequence[str]) -> tuple[str, ...]:
        """What any process told, each once."""
        return tuple(told)
