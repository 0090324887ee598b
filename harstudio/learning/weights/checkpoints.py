"""Weights and training states as safetensors: no pickle, read with bounds, written whole or not.

``last.safetensors``, ``best.safetensors`` and ``best-STAGE.safetensors`` hold weights and buffers
by name; their header says how to make the network again. ``state.safetensors`` is all that an exact
resume needs in one file, so that it is either the old one or the new one: weights, the optimiser's
tensors, states of the random numbers and, in the header, the place in the training; only at the end
of a stage its best weights are read from their own file. ``state.json`` repeats that place for
people.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from harstudio.errors import DataError, MissingError
from harstudio.files import remove_leftovers, write_atomically
from harstudio.networks import create_network
from harstudio.networks.network import Network

VERSION = 1
AGAIN = "Train again into another folder."
WEIGHTS, OPTIMIZER, RANDOM = "weights/", "optimizer/", "random/"
MEAN, COUNTERS = "mean/", "counters/"


@dataclass(slots=True)
class State:
    """Where a training stands; tensors lie on the CPU.

    optimizer: ``<weight>/<key>`` to tensor. place: builtins (stage, epoch, step, sums, ...). mean:
    of the weights, by their names, where one is kept. counters: numbers by name.
    """

    weights: dict[str, Tensor]
    optimizer: dict[str, Tensor] = field(default_factory=dict)
    random: dict[str, Tensor] = field(default_factory=dict)
    place: dict[str, Any] = field(default_factory=dict)
    mean: dict[str, Tensor] = field(default_factory=dict)
    counters: dict[str, Tensor] = field(default_factory=dict)


def weights_of(network: Network) -> dict[str, Tensor]:
    """All weights and buffers, on the CPU, each with memory of its own."""
    return {
        name: value.detach().to("cpu", copy=True).contiguous()
        for name, value in network.state_dict().items()
    }


def save_weights(
    path: Path, network: Network, about: Mapping[str, Any], weights: Mapping[str, Tensor]
) -> None:
    """Write weights with what makes the network again, and ``about`` (epoch, figures) beside."""
    header = {
        "version": VERSION,
        "network": network.card.name,
        "num_classes": network.num_classes,
        "topology": network.topology,
        "options": network.options,
        **about,
    }
    _write(path, dict(weights), header)


def load_network(path: Path) -> Network:
    """The network of a weights file, in evaluation mode on the CPU. DataError names the file."""
    tensors, header = _read(path)
    try:
        network = create_network(
            str(header["network"]),
            int(header["num_classes"]),
            str(header["topology"]),
            **dict(header["options"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"Its header is damaged ({error}).", path=path) from None
    fill(network, tensors, path)
    return network.eval()


def load_into(network: Network, path: Path) -> None:
    """Put the weights of a file into a network; MissingError or DataError name the file."""
    fill(network, _read(path)[0], path)


def fill(network: Network, weights: Mapping[str, Tensor], path: Path) -> None:
    """Put weights into a network; DataError where they are those of another."""
    try:
        network.load_state_dict(dict(weights), strict=True)
    except RuntimeError as error:
        first = str(error).strip().splitlines()[-1].strip()
        raise DataError(
            f"These are not weights of {network.card.name}: {first}", path=path
        ) from None


def save_state(path: Path, state: State) -> None:
    """Write a state; the one before stays whole until the new one is."""
    remove_leftovers(path)
    tensors = {WEIGHTS + name: value for name, value in state.weights.items()}
    tensors |= {OPTIMIZER + name: value for name, value in state.optimizer.items()}
    tensors |= {RANDOM + name: value for name, value in state.random.items()}
    tensors |= {MEAN + name: value for name, value in state.mean.items()}
    tensors |= {COUNTERS + name: value for name, value in state.counters.items()}
    _write(path, tensors, {"version": VERSION, "place": state.place, "tensors": len(tensors)})
    told = json.dumps({"version": VERSION, **state.place}, indent=1)
    write_atomically(path.with_suffix(".json"), told.encode())


def load_state(path: Path) -> State:
    """Read a state; MissingError where there is none, DataError where it is damaged."""
    tensors, header = _read(path)
    place = header.get("place")
    if header.get("version") != VERSION or not isinstance(place, dict):
        raise DataError(
            "This state is of another version of HARStudio.",
            path=path,
            remedy=AGAIN,
        )
    if header.get("tensors", len(tensors)) != len(tensors):
        raise DataError("This state is damaged: not whole.", path=path, remedy=AGAIN)

    def part(prefix: str) -> dict[str, Tensor]:
        named = tensors.items()
        return {k.removeprefix(prefix): v for k, v in named if k.startswith(prefix)}

    return State(part(WEIGHTS), part(OPTIMIZER), part(RANDOM), place, part(MEAN), part(COUNTERS))


def _write(path: Path, tensors: dict[str, Tensor], header: Mapping[str, Any]) -> None:
    data = save(tensors, {"harstudio": json.dumps(header)})
    write_atomically(path, data)


def _read(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    if not path.is_file():
        raise MissingError("There is no such checkpoint.", path=path)
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            about = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        header = json.loads(about["harstudio"])
    except (SafetensorError, OSError, RuntimeError) as error:
        raise DataError(
            f"This checkpoint is damaged ({error}).",
            path=path,
            remedy="Use another one of the run, or train again.",
        ) from None
    except (KeyError, ValueError, RecursionError):
        raise DataError(
            "This file was not written by HARStudio: its header is missing.",
            path=path,
            remedy="Name a run folder.",
        ) from None
    if not isinstance(header, dict):
        raise DataError("The header of this checkpoint is damaged.", path=path)
    return tensors, header


def random_state(device: torch.device) -> dict[str, Tensor]:
    """The states of torch's random numbers on the CPU and on the device."""
    states = {"cpu": torch.get_rng_state()}
    if device.type == "cuda":
        states["cuda"] = torch.cuda.get_rng_state(device)
    return states


def restore_random(states: Mapping[str, Tensor], device: torch.device) -> None:
    """Set what ``random_state`` gave; the device's may be missing, as it may be another one.

    KeyError, TypeError or RuntimeError where the states are not those of random numbers.
    """
    torch.set_rng_state(states["cpu"])
    if device.type == "cuda" and "cuda" in states:
        torch.cuda.set_rng_state(states["cuda"], device)
