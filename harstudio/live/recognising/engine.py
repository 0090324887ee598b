"""What answers for one window: a network in torch, on the CPU or a GPU.

An engine is asked with what the run's own preprocessing made; ``answer`` is all that the pipeline
needs. A GPU that is lost while it computes is replaced by the CPU, and that is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from harstudio.errors import DataError
from harstudio.jobs.context import Context
from harstudio.learning.preprocessing import Prepared, Preprocessing
from harstudio.networks.blocks.score_fusion import ScoreFusion
from harstudio.networks.inputs import input_shapes
from harstudio.networks.late_fusion import LateFusion
from harstudio.networks.network import Gaze, Output
from harstudio.recognition.cores import LOOKED_AT, Cores
from harstudio.recognition.one_window import Said, say
from harstudio.recognition.trained import CPU, TrainedNetwork, load_run
from harstudio.results import Kind

SHARE = "modality share"  # what most networks call the shares that their gate gives


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """What a network says about one window.

    probabilities: (K,) float32. by_stream: the same for every stream that answers alone. shares: by
    modality how much of it the network's gate took for this window, sum 1; empty where it has no
    gate. features: (D,) by stream and of the fusion, before the classifiers.
    """

    probabilities: NDArray[np.float32]
    by_stream: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    shares: Mapping[str, float] = field(default_factory=dict)
    features: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)


class Engine(Protocol):
    """Answers, one window at a time."""

    def answer(self, prepared: Prepared) -> Answer:
        """What the network says. DataError: its answer is no number."""
        ...

    def explain(self, prepared: Prepared, span: tuple[int, int]) -> Said | None:
        """What it looked at; None where this engine cannot tell."""
        ...


class TorchEngine:
    """The run's network as it was trained."""

    def __init__(self, trained: TrainedNetwork, context: Context) -> None:
        self._trained, self._context = trained, context
        self._gate = gate_of(trained)

    def answer(self, prepared: Prepared) -> Answer:
        """What the network says; by the CPU from now on where the GPU is lost."""
        try:
            return self._answer(prepared)
        except RuntimeError as error:
            if self._trained.device.type == "cpu":
                raise
            self._fall_back(error)
            return self._answer(prepared)

    def explain(self, prepared: Prepared, span: tuple[int, int]) -> Said | None:
        """What it looked at for the class that it says."""
        return say(self._trained, prepared, span, explaining=True)

    def _answer(self, prepared: Prepared) -> Answer:
        batch = {
            name: torch.from_numpy(values)[None].to(self._trained.device)
            for name, values in prepared.inputs.items()
        }
        with torch.inference_mode():
            output: Output = self._trained.network(batch, explain=bool(self._gate))
        probabilities = _softmax(output.logits)
        if not np.isfinite(probabilities).all():
            raise DataError(
                "The network's answer is no number; its training went wrong.",
                path=self._trained.folder,
                remedy="Train it again with a lower learning rate.",
            )
        by_stream = {name: _softmax(one) for name, one in output.logits_by_stream.items()}
        features = {name: one[0].float().cpu().numpy() for name, one in output.features.items()}
        gaze = (output.explanation or {}).get(self._gate)
        shares = {} if gaze is None else _shares(gaze, self._trained.modalities)
        return Answer(probabilities, by_stream, shares, features)

    def _fall_back(self, error: RuntimeError) -> None:
        self._context.log(f"{type(error).__name__}: {error}")
        self._trained = load_run(self._trained.folder, CPU)
        self._context.tell(
            "device",
            {"device": "cpu", "name": "CPU", "sentence": "The GPU is lost; the CPU goes on."},
        )


def warm_up(trained: TrainedNetwork, preprocessing: Preprocessing) -> None:
    """Ask a few times about nothing, so that the first window is as quick as the others. A network
    that is quick on one thread keeps to one, because others find people meanwhile."""
    tables = {name: table.model_dump() for name, table in preprocessing.inputs.items()}
    shapes = input_shapes(trained.network.card, trained.network.topology, tables)
    wanted = {*preprocessing.inputs, *(["focus"] if "picture" in preprocessing.inputs else [])}
    zeros = {
        name: torch.zeros(1, *shape, device=trained.device)
        for name, shape in shapes.items()
        if name in wanted
    }
    cores = Cores(torch.get_num_threads())
    if trained.device.type == "cpu":
        torch.set_num_threads(1)
    with torch.inference_mode():
        for _ in range(LOOKED_AT):
            with cores.asking():
                trained.network(zeros)


def gate_of(trained: TrainedNetwork) -> str:
    """The explanation that tells how much of each modality the network takes for a window, "" where
    it has no gate. Of several the one that is called "modality share", else the last."""
    told = trained.network.card.explains
    names = [name for name, kind in told.items() if kind is Kind.MODALITY_SHARE]
    if not names or fixed_shares(trained) is not None:
        return ""
    return SHARE if SHARE in names else names[-1]


def fixed_shares(trained: TrainedNetwork) -> dict[str, float] | None:
    """By modality how much each stream counts in every window alike (late fusion of scores: its
    trust, or the weights that it learned), sum 1; None where the network has nothing such."""
    network = trained.network
    fusion = network.fusion if isinstance(network, LateFusion) else None
    if not isinstance(fusion, ScoreFusion):
        return None
    learned = fusion.weights()
    weights = fusion.trust if learned is None else learned.tolist()
    total = sum(weights)
    return dict(zip(trained.modalities, (weight / total for weight in weights), strict=True))


def _shares(gaze: Gaze, modalities: tuple[str, ...]) -> dict[str, float]:
    means = gaze.values[0].float().mean(dim=0).tolist()
    return dict(zip(modalities, means, strict=True))


def _softmax(logits: torch.Tensor) -> NDArray[np.float32]:
    shares: NDArray[np.float32] = torch.softmax(logits[0].float(), dim=0).cpu().numpy()
    return shares
