"""Writes small run folders: a network with weights drawn at random, ready to be asked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch

from harstudio.learning.checkpoints import save_weights, weights_of
from harstudio.learning.preprocessing import Preprocessing
from harstudio.networks import create_network, network_card
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
    checkpoints: tuple[str, ...] = ("best", "last"),
    **options: Any,
) -> Network:
    """A run that nobody trained; the network, in evaluation mode, whose weights it holds."""
    torch.manual_seed(0)
    network = create_network(name, len(CLASSES), topology, **options).eval()
    for parameter in network.parameters():  # so that no head starts at zero
        if parameter.dim() == 1:
            torch.nn.init.normal_(parameter, 0.5, 0.2)
    run = RunFolder(folder)
    tables = SMALL if overrides is None else overrides
    Preprocessing.for_card(network_card(name), topology, modalities, tables).save(run.preprocessing)
    data = {"version": 1, "classes": CLASSES, "clip_seconds": {"median": usual_s}}
    run.data.write_text(json.dumps(data), "utf-8")
    run.config.write_text(f'[network]\nname = "{name}"\n', "utf-8")
    for checkpoint in checkpoints:
        path = run.checkpoints / f"{checkpoint}.safetensors"
        save_weights(path, network, {"epoch": 1}, weights_of(network))
    return network
