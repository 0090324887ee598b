"""What a network answers to many clips; weights stand still."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from math import ceil

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from harstudio.learning.loop.stepping import is_out_of_memory, pieces
from harstudio.networks.network import Network, Output

LARGEST_HALF = 65504.0  # of float16
Batches = Iterable[tuple[Mapping[str, Tensor], Tensor, object]]


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """Answers to N clips.

    logits: (N, K) float32. labels: (N,) int64, what is true. indices: (N,) int64, which of the
    loader's samples they are. streams: logits of every stream with a head of its own. features:
    (N, D) float16 of every stream and of the fusion, where they were asked for. shapes: of the
    inputs of one clip. seconds: time in the network alone.
    """

    logits: NDArray[np.float32]
    labels: NDArray[np.int64]
    indices: NDArray[np.int64]
    streams: dict[str, NDArray[np.float32]] = field(default_factory=dict)
    seconds: float = 0.0
    features: dict[str, NDArray[np.float16]] = field(default_factory=dict)
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)

    @property
    def accuracy(self) -> float:
        """Share that is right; 0 of nothing."""
        return float((self.logits.argmax(1) == self.labels).mean()) if len(self.labels) else 0.0

    @property
    def loss(self) -> float:
        """Mean cross-entropy in nats; 0 of nothing."""
        if not len(self.labels):
            return 0.0
        logits = torch.from_numpy(self.logits).double()
        return float(torch.nn.functional.cross_entropy(logits, torch.from_numpy(self.labels)))


def answer(
    network: Network,
    batches: Batches,
    device: torch.device,
    *,
    stream: str = "",
    features: int = 0,
    pause: Callable[[int], None] = lambda done: None,
) -> Answers:
    """Run all batches through a network in evaluation mode; ``pause`` hears the clips done.

    features: they are kept up to so many bytes; of more than that none is kept.
    """
    network.eval()
    logits: list[NDArray[np.float32]] = []
    labels: list[Tensor] = []
    indices: list[NDArray[np.int64]] = []
    streams: dict[str, list[NDArray[np.float32]]] = {}
    kept: dict[str, list[NDArray[np.float16]]] = {}
    shapes: dict[str, tuple[int, ...]] = {}
    seconds, micro, done = 0.0, 0, 0
    for inputs, expected, places in batches:
        started = time.perf_counter()
        output, micro = _forward(network, inputs, len(expected), device, stream, micro)
        logits.append(output.logits.float().cpu().numpy())
        seconds += time.perf_counter() - started
        for name, value in output.logits_by_stream.items():
            streams.setdefault(name, []).append(value.float().cpu().numpy())
        if features > 0:
            features -= _keep(kept, output.features)
            if features <= 0:
                kept.clear()
        labels.append(expected)
        indices.append(np.asarray(places, dtype=np.int64))
        shapes = shapes or {name: tuple(value.shape[1:]) for name, value in inputs.items()}
        done += len(expected)
        pause(done)
    if not logits:
        nothing = np.zeros(0, dtype=np.int64)
        return Answers(np.zeros((0, network.num_classes), np.float32), nothing, nothing)
    return Answers(
        np.concatenate(logits),
        torch.cat(labels).numpy().astype(np.int64),
        np.concatenate(indices),
        {name: np.concatenate(values) for name, values in streams.items()},
        seconds,
        # One by one, so that they are held twice one at a time only.
        {name: np.concatenate(kept.pop(name)) for name in list(kept)} if features > 0 else {},
        shapes,
    )


def _keep(kept: dict[str, list[NDArray[np.float16]]], features: Mapping[str, Tensor]) -> int:
    """Add the features of a batch; how many bytes they take."""
    taken = 0
    for name, value in features.items():
        half = value.flatten(1).float().clamp(-LARGEST_HALF, LARGEST_HALF).half().cpu().numpy()
        kept.setdefault(name, []).append(half)
        taken += half.nbytes
    return taken


def _forward(
    network: Network,
    inputs: Mapping[str, Tensor],
    count: int,
    device: torch.device,
    stream: str,
    micro: int,
) -> tuple[Output, int]:
    """A batch, in pieces where memory is short; the output and how many fit at once."""
    inputs = {name: value.to(device) for name, value in inputs.items()}
    while True:
        try:
            with torch.inference_mode():
                outputs = [
                    network({k: v[piece] for k, v in inputs.items()}, False, stream)
                    for piece in pieces(count, micro)
                ]
        except RuntimeError as error:
            now = min(micro or count, count)
            if not is_out_of_memory(error) or now <= 1:
                raise
            micro = ceil(now / 2)
        else:
            break
    names, features = outputs[0].logits_by_stream, outputs[0].features
    return (
        Output(
            torch.cat([one.logits for one in outputs]),
            {name: torch.cat([one.logits_by_stream[name] for one in outputs]) for name in names},
            {name: torch.cat([one.features[name] for one in outputs]) for name in features},
        ),
        micro,
    )
