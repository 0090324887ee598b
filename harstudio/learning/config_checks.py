"""What can be told of a config before the data are looked at."""

from __future__ import annotations

from pathlib import Path

from harstudio.errors import DataError, UsageError
from harstudio.learning.preprocessing import Preprocessing, match_modalities
from harstudio.learning.protocols import parse_protocol
from harstudio.learning.stages import card_of, complete
from harstudio.networks import create_network
from harstudio.runs import config as configs
from harstudio.runs.config import Config
from harstudio.runs.folder import RunFolder


def check_config(config: Config, source: Path | None = None) -> None:
    """UsageError naming the file where network, options, stages, inputs or protocol are wrong.

    The network is made once, for only that shows whether its options lie in their ranges.
    """
    try:
        wanted = config.data.modalities
        card = card_of(config)
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
