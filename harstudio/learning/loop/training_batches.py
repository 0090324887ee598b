"""What a stage of training is fed: batches, what some of their clips lack, and what is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor

from harstudio.learning.loading import Batch, Loader
from harstudio.learning.loop import lacking
from harstudio.learning.loop.frozen import FrozenFeatures
from harstudio.learning.loop.stepping import Stepper
from harstudio.learning.preparing import MIB
from harstudio.learning.stages import Plan, StagePlan
from harstudio.networks.network import Network


class Fed(NamedTuple):
    """A batch, and what each of its clips lacks; see ``lacking``."""

    batch: Batch
    lacks: list[str]


class TrainingBatches:
    """Gives the batches of each stage.

    loader: of the training part. budget_bytes: for what frozen modules said. log: hears what
    cannot be done. pause: may raise; hears how many clips were looked at.
    """

    def __init__(
        self,
        network: Network,
        plan: Plan,
        stepper: Stepper,
        loader: Loader,
        budget_bytes: int,
        log: Callable[[str], None],
        pause: Callable[[int], None],
    ) -> None:
        self._network = network
        self._plan = plan
        self._stepper = stepper
        self._loader = loader
        self._budget = budget_bytes
        self._log = log
        self._pause = pause
        self._names: tuple[str, ...] = ()
        self._features: FrozenFeatures | None = None

    def begin(self, stage: StagePlan) -> None:
        """The stepper has begun the stage."""
        self._names, self._features = (), None
        self._loader.augment = self._loader.train
        if self._plan.modality_dropout and not stage.stream:
            self._names = self._that_may_lack(stage)
        if self._plan.cache_features:
            self._loader.augment = False
            told = self._look_once(stage)
            self._log(f"Stage {stage.name}: {told}")
            self._loader.augment = self._features is None and self._loader.train
        self._stepper.known = self._features

    @property
    def looked(self) -> bool:
        """Whether frozen modules have looked at all clips of this stage."""
        return self._features is not None

    @property
    def makes_inputs(self) -> bool:
        """Whether the inputs of clips are made in every epoch of this stage."""
        return self._features is None or self._features.needs_inputs or bool(self._names)

    def epoch(self, number: int, skip: int, pause: Callable[[], None]) -> Iterator[Fed]:
        """The batches of epoch ``number`` without the first ``skip``; see ``Loader.batches``."""
        loader, features = self._loader, self._features
        if features is None or self.makes_inputs:
            batches = loader.batches(number, skip, pause)
        else:
            labels = [sample.label for sample in loader.samples]
            batches = features.batches(loader.plan(number)[skip:], labels)
        for batch in batches:
            lacks: list[str] = []
            if self._names:
                chance, seed = self._plan.modality_dropout, self._plan.seed
                lacks = lacking.draw(chance, self._names, seed, number, batch.indices)
            yield Fed(batch, lacks)

    def _that_may_lack(self, stage: StagePlan) -> tuple[str, ...]:
        """The inputs that clips may do without: what answers then learns in this stage."""
        names = lacking.dispensable(self._network.card)
        inputs = self._first()
        if inputs is None:
            return ()
        may = tuple(name for name in names if self._learns_without(name, inputs, stage))
        for name in names:
            if name not in may:
                self._log(
                    f"Stage {stage.name}: no clip lacks {name}, for what answers without it does "
                    "not learn here."
                )
        return may

    def _learns_without(self, name: str, inputs: dict[str, Tensor], stage: StagePlan) -> bool:
        """Whether the answer to clips that lack an input depends on what is trained."""
        self._network.eval()
        with torch.random.fork_rng(), torch.enable_grad():
            one = {key: value[:1].to(self._stepper.device) for key, value in inputs.items()}
            logits = self._network(lacking.without(one, name), False, stage.stream).logits
        self._stepper.train_mode()
        return bool(logits.requires_grad)

    def _first(self) -> dict[str, Tensor] | None:
        """The inputs of some clips."""
        for batch in self._loader.batches(plan=self._in_order()):
            return batch.inputs
        return None

    def _in_order(self) -> Iterator[tuple[int, ...]]:
        count, size = len(self._loader.samples), self._loader.batch_size
        return (tuple(range(first, min(first + size, count))) for first in range(0, count, size))

    def _look_once(self, stage: StagePlan) -> str:
        """Let what is frozen look at each clip; a sentence about it."""
        features = FrozenFeatures(
            self._network, stage.stream, self._stepper.device, self._stepper.autocast
        )
        inputs, count = self._first(), len(self._loader.samples)
        if inputs is None or not features.find(inputs):
            return "nothing that stands still can be asked once, so it trains as usual."
        needed = features.bytes_per_clip * count
        if needed > self._budget:
            return (
                f"what stands still says {-(-needed // MIB)} MiB about all clips, more than "
                f"{self._budget // MIB} MiB, so it trains as usual (training.cache_mib)."
            )
        features.look(self._loader.batches(plan=self._in_order()), count, self._pause)
        self._features = features
        again = " Its inputs are still made in every epoch." if features.needs_inputs else ""
        return f"what stands still looked at each clip once, as in testing.{again}"
