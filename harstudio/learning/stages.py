"""Stages of training: what each trains, for how long, at what rate.

A network is trained in steps: single streams first, then frozen under a fusion, then all together
(``results.Stage``). The learning rate is a pure function of stage, epoch and step, so that nothing
of it needs saving.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from torch import nn

from harstudio.errors import UsageError
from harstudio.learning.modalities import match_modalities
from harstudio.networks import complete_options, network_card
from harstudio.networks.network import Network
from harstudio.results import NetworkCard, Recipe, Stage
from harstudio.runs.config import Config, StageTable, TrainingTable, nearest

T = TypeVar("T")
MODALITIES = "modalities"  # the option of networks that can be made for several sets of them
LEAST_WARM = 0.01  # of an epoch: the first step moves something too


@dataclass(frozen=True, slots=True)
class StagePlan:
    """One stage with all its figures. epochs may be 0: then it is skipped."""

    name: str
    trains: tuple[str, ...]
    stream: str
    epochs: int
    learning_rate: float
    decay_at: tuple[int, ...]
    decay: float
    schedule: str  # "steps" | "cosine"
    warmup_epochs: int

    def rate(self, epoch: int, share: float = 0.0) -> float:
        """Learning rate ``share`` of the way through ``epoch`` (from 0).

        steps: times ``decay`` at each epoch of ``decay_at``. cosine: half a cosine from the rate
        to 0 over the stage (Loshchilov and Hutter, SGDR, ICLR 2017, eq. 5 without restarts). Over
        the warm-up it rises in a straight line from nothing.
        """
        at = epoch + share
        if self.schedule == "cosine":
            length = max(1, self.epochs - self.warmup_epochs)
            gone = min(1.0, max(0.0, at - self.warmup_epochs) / length)
            rate = self.learning_rate * 0.5 * (1.0 + math.cos(math.pi * gone))
        else:
            passed = sum(epoch >= boundary for boundary in self.decay_at)
            rate = self.learning_rate * self.decay**passed
        if at < self.warmup_epochs:
            rate = self.learning_rate * max(LEAST_WARM, at) / self.warmup_epochs
        return rate


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that the training loop needs to know."""

    stages: tuple[StagePlan, ...]
    optimizer: str
    momentum: float
    nesterov: bool
    weight_decay: float
    rates: tuple[tuple[str, float, float], ...]  # see Recipe
    batch_size: int
    seed: int
    label_smoothing: float
    clip_norm: float
    checkpoint_seconds: float
    # As runs.config.TrainingTable says.
    class_weights: str
    precision: str
    ema: float
    patience: int
    select: str
    modality_dropout: float
    cache_features: bool


def plan_training(config: Config, card: NetworkCard) -> Plan:
    """The plan of a config: what it does not say is said by the card's recipe.

    UsageError where a stage is not known or named twice, or none has an epoch.
    """
    training, recipe = config.training, card.recipe
    by_name = {stage.name: stage for stage in recipe.stages}
    for kind, names in (("stages", training.stages or ()), ("stage", training.stage)):
        for name in names:
            if name not in by_name:
                raise UsageError(
                    f"{card.name} has no stage {name} (training.{kind}).",
                    remedy=nearest(name, by_name),
                )
    chosen = training.stages if training.stages is not None else tuple(by_name)
    stages = tuple(
        _stage(by_name[name], training, training.stage.get(name, StageTable()), recipe)
        for name in chosen
    )
    if len(set(chosen)) < len(chosen):
        raise UsageError(
            "A stage is named twice (training.stages).", remedy="Name each once, in order."
        )
    if not any(stage.epochs for stage in stages):
        raise UsageError(
            "Nothing would be trained: no stage has an epoch.",
            remedy="Set training.epochs and training.stages to more.",
        )
    return Plan(
        stages=stages,
        optimizer=training.optimizer or recipe.optimizer,
        momentum=_given(training.momentum, recipe.momentum),
        nesterov=_given(training.nesterov, recipe.nesterov),
        weight_decay=_given(training.weight_decay, recipe.weight_decay),
        rates=recipe.rates,
        batch_size=training.batch_size or recipe.batch_size,
        seed=training.seed,
        label_smoothing=training.label_smoothing,
        clip_norm=_given(training.clip_norm, recipe.clip_norm),
        checkpoint_seconds=training.checkpoint_seconds,
        class_weights=training.class_weights,
        precision=training.precision,
        ema=training.ema,
        patience=training.patience,
        select=training.select,
        modality_dropout=training.modality_dropout,
        cache_features=training.cache_features,
    )


def _given(value: T | None, default: T) -> T:
    return default if value is None else value


def _stage(stage: Stage, training: TrainingTable, own: StageTable, recipe: Recipe) -> StagePlan:
    epochs = _given(own.epochs, _given(training.epochs, stage.epochs))
    decay_at = own.decay_at if own.decay_at is not None else training.decay_at
    if decay_at is None:  # the recipe's, at the same shares of a shorter or longer training
        scale = epochs / max(1, stage.epochs)
        decay_at = tuple(sorted({max(1, round(at * scale)) for at in stage.decay_at}))
    return StagePlan(
        name=stage.name,
        trains=stage.trains,
        stream=stage.stream,
        epochs=epochs,
        learning_rate=_given(
            own.learning_rate, _given(training.learning_rate, stage.learning_rate)
        ),
        decay_at=decay_at,
        decay=_given(training.decay, recipe.decay),
        schedule=training.schedule or recipe.schedule,
        warmup_epochs=min(training.warmup_epochs, epochs),
    )


def complete(config: Config, card: NetworkCard, modalities: Sequence[str]) -> Config:
    """The config with nothing left to a default: what the run folder keeps."""
    plan = plan_training(config, card)
    stage_tables = {
        stage.name: StageTable(
            epochs=stage.epochs, learning_rate=stage.learning_rate, decay_at=stage.decay_at
        )
        for stage in plan.stages
    }
    training = config.training.model_copy(
        update={
            "epochs": None,
            "learning_rate": None,
            "decay_at": None,
            "batch_size": plan.batch_size,
            "optimizer": plan.optimizer,
            "momentum": plan.momentum,
            "nesterov": plan.nesterov,
            "weight_decay": plan.weight_decay,
            "clip_norm": plan.clip_norm,
            "schedule": config.training.schedule or card.recipe.schedule,
            "decay": _given(config.training.decay, card.recipe.decay),
            "stages": tuple(stage.name for stage in plan.stages),
            "stage": stage_tables,
        }
    )
    options = checked_options(card, options_of(config, card, modalities))
    network = type(config.network).model_validate({"name": card.name, **options})
    data = config.data.model_copy(update={"modalities": tuple(modalities)})
    return config.model_copy(update={"training": training, "network": network, "data": data})


def card_of(config: Config, kinds: frozenset[str] = frozenset()) -> NetworkCard:
    """The card of the config's network with its options; kinds: of streams that the data have."""
    base = network_card(config.network.name)
    options = options_of(config, base, config.data.modalities, kinds)
    return network_card(base.name, checked_options(base, options))


def options_of(
    config: Config, card: NetworkCard, wanted: Sequence[str], kinds: frozenset[str] = frozenset()
) -> dict[str, Any]:
    """The options of the network as given.

    Where a network can be made for several sets of inputs (its option ``modalities``) and the
    config does not say which, it is the one of ``fitting_inputs``.
    """
    options = config.network.options
    if MODALITIES not in card.options or MODALITIES in options or not (wanted or kinds):
        return options
    choice = fitting_inputs(card, options, wanted, kinds)
    return options if choice is None else {**options, MODALITIES: choice}


def fitting_inputs(
    card: NetworkCard, options: Mapping[str, Any], wanted: Sequence[str], kinds: frozenset[str]
) -> str | None:
    """The value of the option ``modalities`` that the wanted modalities feed, or that the data can
    feed: the published one where the data can, else that with the fewest stand-ins. None: none is.
    """
    option = card.options[MODALITIES]
    found: list[tuple[int, str]] = []
    for choice in dict.fromkeys((option.default, *option.choices)):
        adapted = network_card(card.name, {**options, MODALITIES: choice})
        try:
            if wanted:
                fed = tuple(match_modalities(adapted, wanted).values())
            else:
                fed = choose_modalities(adapted, (), kinds)
        except UsageError:
            continue
        stand_ins = sum(kind != own for kind, own in zip(fed, adapted.modalities, strict=True))
        found.append((stand_ins, choice))
    if not wanted and found and found[0][1] == option.default:
        return str(option.default)
    return min(found, key=lambda one: one[0])[1] if found else None


def checked_options(card: NetworkCard, options: Mapping[str, Any]) -> dict[str, Any]:
    """All options of the network; UsageError where one is unknown, mistyped or not finite."""
    options = dict(options)
    for key, value in options.items():
        if isinstance(value, float) and not math.isfinite(value):
            raise UsageError(f"network.{key} should be a finite number, not {value}.")
        default = card.options[key].default if key in card.options else value
        if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
            options[key] = float(value)
        elif default is not None and type(default) is not type(value):
            kinds = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
            kind = kinds.get(type(default), type(default).__name__)
            raise UsageError(f"network.{key} should be {kind}, not {value!r}.")
    return complete_options(card, options)


def choose_modalities(
    card: NetworkCard,
    wanted: Sequence[str],
    kinds: frozenset[str],
    scarce: Mapping[str, str] | None = None,
) -> tuple[str, ...]:
    """One modality a branch, in the card's order.

    Without a wish the first that the branch takes and the data have. scarce: how many recordings
    have a kind that is not one of the usual kinds, "8 of 24". UsageError where a branch cannot be
    fed.
    """
    if wanted:
        chosen = tuple(match_modalities(card, wanted).values())
    else:
        taken: list[str] = []
        for branch, allowed in card.branches.items():
            there = [kind for kind in allowed if kind in kinds]
            if there and set(there) <= set(taken):  # one modality twice is no fusion
                raise UsageError(
                    f"{card.name} needs another {' or '.join(allowed)} for its {branch} branch; "
                    f"of these the recordings hold only {' and '.join(there)}.",
                    remedy="Choose another network or other data, or name the modality twice in "
                    "data.modalities if you mean it.",
                )
            taken.append(next((kind for kind in there if kind not in taken), allowed[0]))
        chosen = tuple(taken)
    for branch, kind in zip(card.branches, chosen, strict=True):
        if kind not in kinds:
            takes = " or ".join(card.branches[branch])
            few = (scarce or {}).get(kind)
            what = f"Only {few} recordings have {kind}" if few else f"The data have no {kind}"
            raise UsageError(
                f"{what}: the branch {branch} of {card.name} takes {takes}, the "
                f"recordings hold {', '.join(sorted(kinds)) or 'nothing that it can use'}.",
                remedy="Choose other data.modalities, another network or other data.",
            )
    return chosen


def freeze_all_but(network: Network, trains: Sequence[str]) -> list[tuple[str, nn.Parameter]]:
    """Leave only the named parts trainable; the names and weights that will change.

    The rest stands still, batch statistics and dropout too (evaluation mode).
    """
    network.requires_grad_(False)
    network.eval()
    network.training = True
    for name in trains:
        try:
            part = network.get_submodule(name)
        except AttributeError:
            raise UsageError(f"{network.card.name} has no part {name} to train.") from None
        part.requires_grad_(True)
        part.train()
    return [(name, weight) for name, weight in network.named_parameters() if weight.requires_grad]
