"""Writes small run folders: a network with weights drawn at random, ready to be asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from harstudio.learning.preprocessing import Preprocessing
from harstudio.learning.weights.checkpoints import save_weights, weights_of
from harstudio.networks import create_network, network_card
from harstudio.networks.inputs import input_shapes
from harstudio.networks.network import Network
from harstudio.runs.folder import RunFolder

CLASSES = ("wave", "clap", "throw")
SMALL: dict[str, dict[str, Any]] = {"skeleton": {"frames": 16, "bodies": 1}}


def write_run(
    folder: Path,
    name: str = "st-gcn",
    *,
    topology: str = "utd_mhad_20",
    modalities: tuple[str, ...] = (),
    overrides: dict[str, dict[str, Any]] | None = None,
    usual_s: float = 2.0,
    seed: int = 0,
    checkpoints: tuple[str, ...] = ("best", "last"),
    **options: Any,
) -> Network:
    """A run that nobody trained; the network, in evaluation mode, whose weights it holds."""
    run = RunFolder(folder)
    tables = SMALL if overrides is None else overrides
    card = network_card(name, options)
    preprocessing = Preprocessing.for_card(card, topology, modalities, tables)
    preprocessing.save(run.preprocessing)
    torch.manual_seed(seed)
    network = create_network(name, len(CLASSES), topology, **options)
    _settle(network, preprocessing)
    data = {"version": 1, "classes": CLASSES, "clip_seconds": {"median": usual_s}}
    run.data.write_text(json.dumps(data), "utf-8")
    run.config.write_text(f'[network]\nname = "{name}"\n', "utf-8")
    for checkpoint in checkpoints:
        path = run.checkpoints / f"{checkpoint}.safetensors"
        save_weights(path, network, {"epoch": 1}, weights_of(network))
    return network


@torch.no_grad()
def _settle(network: Network, preprocessing: Preprocessing) -> None:
    """Batch statistics of noise, so that what the network says depends on what it sees."""
    tables = {name: table.model_dump() for name, table in preprocessing.inputs.items()}
    shapes = input_shapes(network.card, preprocessing.topology, tables)
    batch = {name: torch.randn(8, *shape) for name, shape in shapes.items() if name != "focus"}
    for module in network.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            module.momentum = 1.0
    network.train()(batch)
    network.eval()
