"""What can be told of a config before the data are looked at."""

from __future__ import annotations

from pathlib import Path

from harstudio.errors import DataError, UsageError
from harstudio.learning.data.protocols import Parts, parse_protocol
from harstudio.learning.loop.lacking import dispensable
from harstudio.learning.modalities import match_modalities
from harstudio.learning.preprocessing import Preprocessing
from harstudio.learning.stages import Plan, card_of, complete, plan_training
from harstudio.networks import create_network
from harstudio.results import NetworkCard
from harstudio.runs import config as configs
from harstudio.runs.config import Config, TrainingTable
from harstudio.runs.folder import RunFolder


def check_config(config: Config, source: Path | None = None) -> None:
    """UsageError naming the file where network, options, stages, inputs or protocol are wrong.

    The network is made once, for only that shows whether its options lie in their ranges.
    """
    try:
        wanted = config.data.modalities
        card = card_of(config)
        _check_training(config.training, card, plan_training(config, card))
        filled = complete(config, card, wanted or tuple(match_modalities(card).values()))
        parse_protocol(config.data.protocol)
        inputs = config.preprocessing
        if not wanted:  # the data decide what pictures show
            inputs = {
                name: {key: value for key, value in table.items() if key != "appearance"}
                for name, table in inputs.items()
            }
        Preprocessing.for_card(card, card.topology, wanted, inputs)
        create_network(card.name, 2, card.topology, **filled.network.options)
    except UsageError as error:
        raise UsageError(error.message, path=error.path or source, remedy=error.remedy) from None


def _check_training(training: TrainingTable, card: NetworkCard, plan: Plan) -> None:
    """UsageError where options of training do not go together, or with the network."""
    if training.modality_dropout:
        if not dispensable(card):
            raise UsageError(
                f"{card.name} has no stream that answers without one of its inputs "
                "(training.modality_dropout).",
                remedy="Set it to 0, or choose a network of several modalities.",
            )
        if not any(stage.epochs and not stage.stream for stage in plan.stages):
            raise UsageError(
                f"{card.name} trains each stream by itself: no clip can lack an input "
                "(training.modality_dropout).",
                remedy="Set it to 0.",
            )
    if training.patience and training.select == "last":
        raise UsageError(
            "Where the last epoch counts, none is better than another (training.patience).",
            remedy='Set training.patience to 0, or training.select to "validation".',
        )


def check_parts(training: TrainingTable, parts: Parts) -> None:
    """UsageError where the parts of the data lack what options of training look at."""
    if training.select == "test" and not parts.test:
        raise UsageError(
            "No clip tests under this protocol (training.select).",
            remedy="Choose another data.protocol, or let the validation part select.",
        )
    if training.patience and training.select == "validation" and not parts.validation:
        raise UsageError(
            "There is no validation part that could tell which epoch is better "
            "(training.patience).",
            remedy="Set data.validation_subjects to 1 or more, or training.patience to 0.",
        )


def check_alone(training: TrainingTable, processes: int) -> None:
    """UsageError where several processes cannot train together."""
    for key in ("modality_dropout", "cache_features"):
        if processes > 1 and getattr(training, key):
            raise UsageError(
                f"Several processes cannot train together with training.{key}.",
                remedy="Leave it out, or train by one process.",
            )


def check_precision(training: TrainingTable, kind: str) -> None:
    """UsageError where a kind of device ("cpu", "cuda") cannot train in a precision.

    Processors are a hundred times slower in float16, and some layers have none there.
    """
    if training.precision == "float16" and kind == "cpu":
        raise UsageError(
            "A processor does not train in float16 (training.precision).",
            remedy="Use bfloat16 or float32, or a graphics card.",
        )


def config_of_run(run: RunFolder) -> Config:
    """The config in a run folder; DataError where it is damaged."""
    try:
        return configs.load(run.config)
    except UsageError as error:
        raise DataError(
            f"The config of this run is damaged: {error.message}",
            path=run.config,
            remedy="Take it from a copy, or train again into another folder.",
        ) from None
