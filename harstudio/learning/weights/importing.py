"""Published weights into a run folder: every tensor of the file and of the network accounted for.

What was imported is told in ``imported.json``: ``{"version", "files": [{"file", "sha256",
"format", "parts", "loaded", "left_out": {name: why}}], "tensors": [names], "preprocessing":
{input: {key: value}}}``. A training starts from such a run by ``training.start``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli_w
import torch
from torch import Tensor, nn

from harstudio.errors import ConflictError, DataError, UsageError
from harstudio.files import write_atomically
from harstudio.learning.preprocessing import Preprocessing
from harstudio.learning.weights.checkpoints import load_network, save_weights, weights_of
from harstudio.learning.weights.published import Format, Weights, read_published
from harstudio.networks import create_network, network_card
from harstudio.networks.network import Network
from harstudio.runs.folder import RunFolder, is_run
from harstudio.runs.reading import read_json

VERSION = 1
IMPORTED = "imported.json"
SILENT = ("num_batches_tracked",)  # counters that old files lack; nothing depends on them
CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class Fit:
    """How a file fits a part of a network: our names by published ones, and what is left out."""

    part: str
    names: Mapping[str, str]
    left_out: Mapping[str, str]


def fits(network: Network, weights: Weights, form: Format, part: str = "") -> list[Fit]:
    """The parts of a network that take these weights, the outermost ones.

    Every tensor of the file has its place or is of a classifier with other classes; every weight of
    the part, but for a classifier, gets its value. part: only this one, as ``named_modules`` calls
    it, or one below it. DataError where a part has the same names in other shapes, or none fits.
    """
    found: list[Fit] = []
    near: list[str] = []
    for path, module in network.named_modules():
        inside = f"{path}.".startswith(f"{part}.") if part else True
        if not inside or any(f"{path}.".startswith(f"{one.part}.") for one in found):
            continue
        fit = _fit(path, module, weights, form)
        if isinstance(fit, Fit):
            found.append(fit)
        elif fit:
            near.append(fit)
    if found:
        return found
    where = f" in its part {part}" if part else ""
    why = f" {near[0]}" if near else ""
    raise DataError(f"Nothing{where} of {network.card.name} is a {form.title} like this.{why}")


def _fit(path: str, module: nn.Module, weights: Weights, form: Format) -> Fit | str:
    """How the weights fit one module; a sentence where nearly, "" where not at all."""
    own = module.state_dict()
    if not all(name in own for name in form.known_by):
        return ""
    names: dict[str, str] = {}
    left_out: dict[str, str] = {}
    for name, value in weights.items():
        if name in own and own[name].shape == value.shape:
            names[name] = f"{path}.{name}" if path else name
        elif name.startswith(form.classifier):
            left_out[name] = (
                f"the classifier is of {len(value)} classes"
                if name in own
                else "this network has a classifier of its own"
            )
        elif name in own:
            shapes = f"{tuple(value.shape)}, not {tuple(own[name].shape)}"
            return f"{name} of {path or 'it'} is {shapes}."
        else:
            return f"{path or 'It'} has no {name}."
    lacking = [
        name
        for name in own
        if name not in names and not name.startswith(form.classifier) and not name.endswith(SILENT)
    ]
    if lacking:
        return f"The file lacks {lacking[0]}; options of the network may leave it out (--set)."
    fixed = dict(module.named_buffers())
    for name in names:
        if name in fixed and name in ("A", "graph") and not torch.equal(own[name], weights[name]):
            return f"Its joints are linked in another way ({name})."
    return Fit(path, names, left_out)


def import_weights(
    file: Path,
    name: str,
    out: Path,
    *,
    classes: Sequence[str] = (),
    topology: str = "",
    options: Mapping[str, Any] | None = None,
    part: str = "",
) -> dict[str, Any]:
    """Put a file of published weights into the run folder ``out``; gives what ``imported.json``
    says of this file.

    out: a new folder, or one that this made: then the weights join those that are there. classes:
    names, else as many as the file's classifier has where the network takes it. part: see ``fits``.
    """
    run = RunFolder(out.absolute())
    form, weights = read_published(file)
    told = _before(run, name)
    if told is not None:
        network = load_network(run.last)
        if classes or topology or options:
            raise UsageError(
                "Classes, joints and options of a run stand already.",
                path=run.path,
                remedy="Import into another folder, or leave them out.",
            )
    else:
        told = {"version": VERSION, "files": [], "tensors": [], "preprocessing": {}}
        network, classes = _fresh(name, weights, form, classes, topology, options or {}, file)
    try:
        found = fits(network, weights, form, part)
    except DataError as error:
        raise DataError(error.message, path=file, remedy=error.remedy) from None
    values: dict[str, Tensor] = {}
    for fit in found:
        values |= {ours: weights[theirs] for theirs, ours in fit.names.items()}
    state = weights_of(network)
    state |= {key: value.to(state[key].dtype) for key, value in values.items()}
    network.load_state_dict(state)
    one = {
        "file": file.name,
        "sha256": _digest(file),
        "format": form.title,
        "parts": [fit.part for fit in found],
        "loaded": len(values),
        "left_out": {key: why for fit in found for key, why in fit.left_out.items()},
    }
    told["files"].append(one)
    told["tensors"] = sorted({*told["tensors"], *values})
    _normalise(told["preprocessing"], network, form)
    _write(run, network, told, classes)
    random = sorted(set(dict(network.named_parameters())) - set(told["tensors"]))
    return {**one, "run": str(run.path), "network": name, "left_at_random": random}


def _before(run: RunFolder, name: str) -> dict[str, Any] | None:
    """What an earlier import left here; ConflictError where the folder holds something else."""
    if not run.path.exists() or (run.path.is_dir() and not any(run.path.iterdir())):
        return None
    path = run.path / IMPORTED
    if not path.is_file():
        raise ConflictError(
            "There is something else in this folder.", path=run.path, remedy="Choose another one."
        )
    told = read_imported(run.path)
    if told["network"] != name:
        raise ConflictError(f"This run is of {told['network']}, not {name}.", path=run.path)
    return told


def read_imported(folder: Path) -> dict[str, Any]:
    """``imported.json`` of a run; DataError where it is damaged."""
    path = folder / IMPORTED
    told = read_json(path)
    if (
        not isinstance(told, dict)
        or told.get("version") != VERSION
        or not isinstance(told.get("network"), str)
        or not isinstance(told.get("files"), list)
        or not isinstance(told.get("tensors"), list)
        or not isinstance(told.get("preprocessing"), dict)
    ):
        raise DataError("It is damaged.", path=path, remedy="Import the weights again.")
    return told


def _fresh(
    name: str,
    weights: Weights,
    form: Format,
    classes: Sequence[str],
    topology: str,
    options: Mapping[str, Any],
    file: Path,
) -> tuple[Network, Sequence[str]]:
    """A network for the file, and the names of its classes."""
    card = network_card(name, options)
    if not classes:
        rows = [len(v) for k, v in weights.items() if k.startswith(form.classifier)]
        if not rows:
            raise UsageError(
                "The file has no classifier that tells how many classes there are.",
                path=file,
                remedy="Name them with --classes.",
            )
        classes = [f"class {number + 1}" for number in range(rows[0])]
    torch.manual_seed(0)
    joints = topology or card.topology
    return create_network(name, len(classes), joints, **options), classes


def _normalise(tables: dict[str, dict[str, Any]], network: Network, form: Format) -> None:
    """What the weights were trained on is what they get."""
    if form.mean is None:
        return
    wanted = "clip" if form.known_by and max(form.known_by.values()) == 5 else "picture"
    for name in network.card.branches:
        kind = network.card.kind_of(name)
        if kind not in ("skeleton", "inertial") and (kind == "clip" or wanted == "picture"):
            tables[name] = {"mean": list(form.mean), "std": list(form.std or ())}


def _write(run: RunFolder, network: Network, told: dict[str, Any], classes: Sequence[str]) -> None:
    told["network"] = network.card.name
    card = network.card
    if is_run(run.path):
        preprocessing = Preprocessing.load(run.preprocessing)
        tables = preprocessing.to_dict()["inputs"]
        merged = {
            key: {**table, **told["preprocessing"].get(key, {})} for key, table in tables.items()
        }
        preprocessing = Preprocessing.from_dict({**preprocessing.to_dict(), "inputs": merged})
    else:
        preprocessing = Preprocessing.for_card(card, network.topology, (), told["preprocessing"])
        data = {"version": 1, "classes": list(classes), "topology": network.topology}
        write_atomically(run.data, (json.dumps(data, ensure_ascii=False, indent=1)).encode())
    preprocessing.save(run.preprocessing)
    save_weights(run.last, network, {"imported": told["files"]}, weights_of(network))
    write_atomically(run.path / IMPORTED, json.dumps(told, indent=1).encode())
    note = "# Weights that were imported; nothing was trained here.\n"
    tables = {"network": {"name": card.name, **network.options}}
    write_atomically(run.config, (note + tomli_w.dumps(tables)).encode())


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
