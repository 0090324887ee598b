"""The engine on ONNX Runtime, for networks that export: the light ones answer sooner than in torch.

The network is exported when it is asked for the first time and kept in the cache folder; another
run, other weights or another version of torch are another file.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from harstudio import __version__
from harstudio.errors import DataError, MissingError
from harstudio.files import write_atomically
from harstudio.jobs.context import Context
from harstudio.learning.preprocessing import Prepared
from harstudio.live.recognising.engine import Answer, Engine, TorchEngine, gate_of
from harstudio.recognition.exporting import about, onnx_bytes
from harstudio.recognition.one_window import Said
from harstudio.recognition.onnx_network import BY_STREAM, FEATURES, LOGITS, OnnxNetwork
from harstudio.recognition.trained import CPU, TrainedNetwork, load_run
from harstudio.settings import cache_dir

ONNX = "onnx"
FOLDER = "onnx"


def make_engine(name: str, trained: TrainedNetwork, context: Context) -> Engine:
    """The engine of that name ("" is torch). Where a network does not export, or ONNX Runtime is
    not here, torch answers, and the log says why."""
    usual = TorchEngine(trained, context)
    if name != ONNX:
        return usual
    if gate_of(trained):
        context.log(f"{trained.name} has a gate, which torch alone tells; torch answers.")
        return usual
    if not kept_at(trained).is_file():
        context.log(f"{trained.name} is written as ONNX, once for this run; that takes a while.")
    try:
        return OnnxEngine(trained, usual)
    except (DataError, MissingError) as error:
        context.log(f"{error} Torch answers instead.")
        return usual


class OnnxEngine:
    """The exported network; what it looked at, torch tells. DataError, MissingError: it cannot be
    had."""

    def __init__(self, trained: TrainedNetwork, usual: TorchEngine) -> None:
        self._trained, self._usual = trained, usual
        cuda = trained.device.type == "cuda"
        self._network = OnnxNetwork(exported(trained), cuda=cuda)

    @property
    def provider(self) -> str:
        """What of ONNX Runtime computes: "CPUExecutionProvider", ..."""
        return self._network.provider

    def answer(self, prepared: Prepared) -> Answer:
        """What the network says; torch, where the clip lacks an input."""
        if not set(self._network.inputs) <= set(prepared.inputs):
            return self._usual.answer(prepared)
        said = self._network.ask(prepared)
        probabilities = _softmax(said[LOGITS])
        if not np.isfinite(probabilities).all():
            raise DataError(
                "The network's answer is no number; its training went wrong.",
                path=self._trained.folder,
                remedy="Train it again with a lower learning rate.",
            )
        by_stream = {n.removeprefix(BY_STREAM): v for n, v in said.items() if BY_STREAM in n}
        features = {n.removeprefix(FEATURES): v[0] for n, v in said.items() if FEATURES in n}
        return Answer(probabilities, {n: _softmax(v) for n, v in by_stream.items()}, {}, features)

    def explain(self, prepared: Prepared, span: tuple[int, int]) -> Said | None:
        """What it looked at, by torch."""
        return self._usual.explain(prepared, span)


def exported(trained: TrainedNetwork) -> Path:
    """The run's ONNX file in the cache folder, written where it is not there. DataError: the
    network does not export; MissingError: what exports it is not here."""
    path = kept_at(trained)
    if not path.is_file():
        on_cpu = trained if trained.device == CPU else load_run(trained.folder, CPU)
        write_atomically(path, onnx_bytes(on_cpu))
    return path


def kept_at(trained: TrainedNetwork) -> Path:
    """Where the run's ONNX file is kept."""
    facts = [about(trained), str(trained.mark), torch.__version__, __version__]
    digest = hashlib.sha256(json.dumps(facts, default=str).encode()).hexdigest()[:16]
    return cache_dir() / FOLDER / f"{trained.name}-{digest}.onnx"


def _softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """(1, K) logits -> (K,) float32."""
    powers = np.exp(logits[0] - logits[0].max())
    return np.asarray(powers / powers.sum(), dtype=np.float32)
