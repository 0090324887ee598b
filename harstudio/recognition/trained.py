"""A trained network as a run folder holds it: weights, preprocessing, classes."""

from __future__ import annotations

import difflib
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from harstudio.errors import DataError, MissingError, UsageError
from harstudio.files import Mark
from harstudio.learning.preprocessing import Prepared, Preprocessing, kind_of_stream
from harstudio.learning.weights.checkpoints import load_network
from harstudio.networks.explaining import explain
from harstudio.networks.network import Network, Output
from harstudio.runs.folder import RunFolder, stamp
from harstudio.runs.reading import read_data

USUAL_S = 3.0  # where a run does not say how long its clips are
CPU = torch.device("cpu")


@dataclass(frozen=True, slots=True, eq=False)
class TrainedNetwork:
    """Ready to be asked. usual_s: the median length of the clips that it learned from, seconds.
    mark: of its files when they were read (``stamp``)."""

    folder: Path
    network: Network
    preprocessing: Preprocessing
    classes: tuple[str, ...]
    usual_s: float
    device: torch.device
    mark: Mark

    @property
    def name(self) -> str:
        """The network's name."""
        return self.network.card.name

    @property
    def modalities(self) -> tuple[str, ...]:
        """What feeds each branch of the network, in the order of its card."""
        inputs = self.preprocessing.inputs
        return tuple(kind_of_stream(inputs[branch]) for branch in self.network.card.branches)

    def ask(
        self, prepared: Prepared, *, explaining: bool = False, target: int | None = None
    ) -> Output:
        """What it says about one clip, a batch of one, in evaluation mode.

        One at a time, so that the answer never depends on the clip's neighbours. target: the class
        that is explained, None = the one that it says.
        """
        batch = {
            name: torch.from_numpy(values)[None].to(self.device)
            for name, values in prepared.inputs.items()
        }
        if explaining:
            return explain(self.network, batch, target)
        with torch.inference_mode():
            output: Output = self.network(batch)
        return output

    def class_index(self, wanted: int | str) -> int:
        """Index of a class by its index or name; UsageError names the nearest one."""
        if isinstance(wanted, int) and 0 <= wanted < len(self.classes):
            return wanted
        if wanted in self.classes:
            return self.classes.index(str(wanted))
        near = difflib.get_close_matches(str(wanted), self.classes, n=1)
        remedy = f"Did you mean {near[0]}?" if near else f"It has {', '.join(self.classes)}."
        raise UsageError(f"The run has no class {wanted}.", path=self.folder, remedy=remedy)


def load_run(folder: Path, device: torch.device = CPU) -> TrainedNetwork:
    """The network of a run, its best checkpoint where there is one, else its last.

    MissingError where there is no run or no checkpoint yet, DataError where a file of it is damaged
    or made for something else.
    """
    folder = Path(folder).expanduser().absolute()
    run, read = RunFolder(folder), stamp(folder)
    if not folder.is_dir():
        raise MissingError("There is no such run.", path=folder, remedy="Name a run folder.")
    if not run.data.is_file() and not run.config.is_file():
        raise MissingError(
            "This is no run folder.", path=folder, remedy="Name one that harstudio train made."
        )
    checkpoint = next((path for path in (run.best, run.last) if path.is_file()), None)
    if checkpoint is None:
        raise MissingError(
            "The run has no checkpoint yet.", path=folder, remedy="Train it for an epoch first."
        )
    preprocessing = Preprocessing.load(run.preprocessing)
    classes, usual_s = _classes(run)
    network = _network(checkpoint)
    if network.num_classes != len(classes):
        raise DataError(
            f"It names {len(classes)} classes, but the network knows {network.num_classes}.",
            path=run.data,
            remedy="Train the run again.",
        )
    if preprocessing.skeleton is not None and preprocessing.topology != network.topology:
        raise DataError(
            f"It prepares {preprocessing.topology} skeletons, but the network takes "
            f"{network.topology}.",
            path=run.preprocessing,
            remedy="Train the run again.",
        )
    network = network.to(device).eval().requires_grad_(False)
    network.opinions = True
    return TrainedNetwork(folder, network, preprocessing, classes, usual_s, device, read)


def _network(checkpoint: Path) -> Network:
    try:
        return load_network(checkpoint)
    except UsageError as error:  # a network, an option or a topology that is not known here
        raise DataError(
            error.message,
            path=checkpoint,
            remedy="Install what provides it, or use the version of HARStudio that trained it.",
        ) from error


def _classes(run: RunFolder) -> tuple[tuple[str, ...], float]:
    """Names of the classes and the usual length of a clip in seconds."""
    data = read_data(run.path)
    if data is None:
        raise MissingError("The run does not name its classes.", path=run.data)
    names = data.get("classes")
    if not isinstance(names, list) or not names or not all(isinstance(n, str) for n in names):
        raise DataError("It does not name the classes.", path=run.data, remedy="Train again.")
    return tuple(names), _median(data.get("clip_seconds"))


def _median(quantiles: Any) -> float:
    """The median of ``clip_seconds``."""
    value = quantiles.get("median") if isinstance(quantiles, dict) else None
    if isinstance(value, int | float) and math.isfinite(value) and value > 0:
        return float(value)
    return USUAL_S
