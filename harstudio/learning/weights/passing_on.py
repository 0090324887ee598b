"""Weights to pass on: a run folder made small, with a card that says what it can serve.

Holds the weights that the run is known by as float16 (vectors stay float32: the variances of batch
norms reach below what float16 holds), the config and the data without paths of this computer, the
preprocessing, the evaluation, ``about.toml`` and ``card.md``. It is used like any run; evaluated
with ``--data`` it knows which clips of that dataset are its test part.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomli_w
import torch
from torch import Tensor

from harstudio.errors import ConflictError, DataError, MissingError
from harstudio.files import write_atomically
from harstudio.learning.config_checks import config_of_run
from harstudio.learning.evaluating.keeping import known_by
from harstudio.learning.weights.checkpoints import load_network, save_weights, weights_of
from harstudio.networks.network import Network
from harstudio.runs.about import ABOUT, About
from harstudio.runs.config import Config, RunTable
from harstudio.runs.folder import RunFolder, is_run
from harstudio.runs.reading import read_json

HALVED = 2  # axes of a tensor from which it is halved


def pack(source: Path, out: Path, about: About) -> dict[str, Any]:
    """Write the folder ``out``; gives ``{"run", "name", "bytes", "largest_change"}``.

    largest_change: of a weight, relative to the largest of its tensor. MissingError where nothing
    is trained, ConflictError where ``out`` is not empty.
    """
    run, packed = RunFolder(source.absolute()), RunFolder(out.absolute())
    if not is_run(run.path):
        raise MissingError("This is no run folder: it has no config.toml.", path=run.path)
    if packed.path.exists() and any(packed.path.iterdir()):
        raise ConflictError(
            "There is something in this folder.", path=out, remedy="Choose another."
        )
    path = run.best if known_by(run) == "best" else run.last
    if not path.is_file():
        raise MissingError("Nothing is trained here yet.", path=path, remedy="Train it first.")
    network = load_network(path)
    weights = weights_of(network)
    halved = {name: _halved(value) for name, value in weights.items()}
    config = config_of_run(run)
    packed.checkpoints.mkdir(parents=True, exist_ok=True)
    save_weights(packed.last, network, {"packed": "float16"}, halved)
    _write(packed.data, _data(run, config))
    packed.preprocessing.write_bytes(run.preprocessing.read_bytes())
    write_atomically(packed.config, _elsewhere(config).to_toml().encode())
    evaluation = _evaluation(run)
    if evaluation is not None:
        _write(packed.evaluation, evaluation)
    told = about.model_dump()
    write_atomically(packed.path / ABOUT, tomli_w.dumps(told).encode())
    write_atomically(packed.card, card(packed.path.name, network, config, about).encode())
    return {
        "run": str(packed.path),
        "name": packed.path.name,
        "bytes": sum(one.stat().st_size for one in packed.path.rglob("*") if one.is_file()),
        "largest_change": max(_change(weights[name], halved[name]) for name in weights),
    }


def card(name: str, network: Network, config: Config, about: About) -> str:
    """The text of ``card.md``."""
    count = sum(weight.numel() for weight in network.parameters())
    own = network.card
    lines = [
        f"# {name}: {about.title}",
        "",
        about.summary,
        "",
        f"{own.title} ({own.authors}, {own.paper}, {own.year}), {count / 1e6:.2f} M weights, "
        f"{network.num_classes} classes, joints {network.topology}.",
        "",
        "## What it can serve",
        "",
        *(f"- {one}" for one in about.serves),
        "",
        "## Data and terms",
        "",
        about.data,
        "",
        about.terms,
        "",
        "## How it was trained",
        "",
        f"- protocol {config.data.protocol}, seed {config.training.seed}, sees "
        f"{', '.join(config.data.modalities)}",
        *(f"- `{one}`" for one in about.commands),
        "",
        "## Figures",
        "",
        *(f"- {one}" for one in about.figures),
        "",
        "## What it cannot do",
        "",
        *(f"- {one}" for one in about.limits),
        "",
    ]
    return "\n".join(lines)


def _halved(value: Tensor) -> Tensor:
    halves = value.dim() >= HALVED and value.dtype == torch.float32
    return value.half() if halves else value


def _change(before: Tensor, after: Tensor) -> float:
    if before.dtype == after.dtype:
        return 0.0
    largest = float(before.abs().max())
    changed = float((before - after.float()).abs().max())
    if changed != changed or changed == float("inf"):
        raise DataError("Its weights do not fit into float16.")
    return changed / largest if largest else 0.0


def _elsewhere(config: Config) -> Config:
    """The config without paths of the computer that trained."""
    data = config.data.model_copy(update={"path": Path(config.data.path).name})
    training = config.training.model_copy(update={"start": Path(config.training.start).name})
    return config.model_copy(
        update={"data": data, "training": training, "run": RunTable(folder=".")}
    )


def _data(run: RunFolder, config: Config) -> dict[str, Any]:
    """``data.json`` with the recordings by their places in the dataset."""
    told = _table(run.data)
    return {**told, "path": Path(config.data.path).name}


def _evaluation(run: RunFolder) -> dict[str, Any] | None:
    """``evaluation.json`` without the paths of this computer."""
    if not run.evaluation.is_file():
        return None
    told = _table(run.evaluation)
    root = Path(str(told.get("data", "")))
    for sample in told.get("samples", ()):
        path = Path(sample["path"])
        sample["path"] = (
            path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name
        )
    return {**told, "run": "", "data": root.name}


def _table(path: Path) -> dict[str, Any]:
    told = read_json(path)
    if not isinstance(told, dict):
        raise DataError("It is damaged.", path=path, remedy="Train the run again.")
    return told


def _write(path: Path, document: Mapping[str, Any]) -> None:
    write_atomically(path, json.dumps(document, ensure_ascii=False).encode())
