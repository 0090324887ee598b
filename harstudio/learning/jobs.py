"""The jobs of this room: functions of a payload and a context, builtins in and out.

Found by name (``harstudio.learning.jobs:train``), so that who starts them needs no torch. Each
tells "device" ``{"device": "cpu", "name": "CPU, 1 thread"}`` where it computes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harstudio.errors import UsageError
from harstudio.jobs.context import Context, Payload
from harstudio.learning import checking
from harstudio.learning.data.datasets import collect
from harstudio.learning.data.protocols import preferred, remarks, split
from harstudio.learning.devices import Device, choose_device
from harstudio.learning.evaluating.comparing import compare_runs
from harstudio.learning.evaluating.embedding import embed_run
from harstudio.learning.evaluating.testing import evaluate_run
from harstudio.learning.prepared.cache_making import make_cache
from harstudio.learning.preparing import (
    class_counts,
    config_of,
    gather,
    parts_by_name,
    prepare,
    thin_classes,
)
from harstudio.learning.running import train_run
from harstudio.learning.stages import MODALITIES, checked_options, fitting_inputs
from harstudio.learning.study import run_study
from harstudio.learning.together.distributed import said_once
from harstudio.learning.weights import importing
from harstudio.networks import list_networks, network_card
from harstudio.results import NetworkCard
from harstudio.runs.config import Config
from harstudio.runs.study import read_study


def survey(payload: Payload, context: Context) -> Payload:
    """What there is to learn from: ``{path, protocol, validation_subjects, annotator}``.

    Gives ``{"classes": [{"name", "train", "validation", "test"}], "kinds", "topology",
    "subjects": {"train": [..], ..}, "annotators": [names], "problems": [sentences],
    "cards": [networks]}``; a card's "chosen" are options that it was made with, so that the data
    can feed it.
    """

    def progress(done: int, total: int) -> None:
        context.progress(done, total, f"Looking at the data, {done} of {total}")
        context.pause_point()

    annotator = str(payload.get("annotator") or "")
    protocol = str(payload.get("protocol") or "cross-subject")
    dataset = collect(
        Path(_text(payload, "path")),
        annotator=annotator,
        first=preferred(protocol),
        progress=progress,
    )
    parts = split(
        dataset,
        protocol,
        validation_subjects=payload.get("validation_subjects"),
        seed=int(payload.get("seed") or 0),
    )
    people = {
        name: sorted({one.subject for one in samples if one.subject is not None})
        for name, samples in parts_by_name(parts).items()
    }
    return {
        "classes": class_counts(dataset.classes, parts),
        "kinds": sorted(dataset.kinds),
        "topology": dataset.topology,
        "subjects": people,
        "annotators": list(dataset.annotators),
        "problems": [
            *dataset.problems,
            *dataset.without(sorted(dataset.kinds)),
            *remarks(dataset, protocol, parts),
            *thin_classes(dataset.classes, parts),
        ],
        "cards": [_fitting_card(name, dataset.kinds) for name in list_networks()],
    }


def card(payload: Payload, context: Context) -> Payload:
    """What a network is with these options: ``{name, options}``; see ``describe_card``."""
    base = network_card(_text(payload, "name"))
    options = checked_options(base, payload.get("options") or {})
    return describe_card(network_card(base.name, options))


def _fitting_card(name: str, kinds: frozenset[str]) -> Payload:
    """The card of a network as the data can feed it. "chosen" is the option that says so, empty
    where nothing need be chosen."""
    base = network_card(name)
    chosen: dict[str, Any] = {}
    if MODALITIES in base.options:
        choice = fitting_inputs(base, {}, (), kinds)
        if choice is not None and choice != base.options[MODALITIES].default:
            chosen = {MODALITIES: choice}
    return {**describe_card(network_card(name, chosen)), "chosen": chosen}


def describe_card(card: NetworkCard) -> Payload:
    """A network card as builtins."""
    return {
        "name": card.name,
        "title": card.title,
        "paper": card.paper,
        "authors": card.authors,
        "year": card.year,
        "streams": {stream: list(needs) for stream, needs in card.streams.items()},
        "explains": {name: str(kind) for name, kind in card.explains.items()},
        "branches": {branch: list(allowed) for branch, allowed in card.branches.items()},
        "options": {
            name: {
                "title": one.titled(name),
                "default": one.default,
                "help": one.help,
                "choices": list(one.choices),
            }
            for name, one in card.options.items()
        },
        "stages": [
            {
                "name": stage.name,
                "epochs": stage.epochs,
                "learning_rate": stage.learning_rate,
                "trains": list(stage.trains),
            }
            for stage in card.recipe.stages
        ],
        "optimizer": card.recipe.optimizer,
        "batch_size": card.recipe.batch_size,
        "preprocessing": {
            name: {key: _plain(value) for key, value in table.items()}
            for name, table in card.preprocessing.items()
        },
    }


def estimate(payload: Payload, context: Context) -> Payload:
    """How long a training would take: ``{config}``; see ``checking.estimate_time``."""
    config = config_of(payload)
    device = _device(config, context)
    experiment = prepare(config, gather(config, context))
    return checking.estimate_time(experiment, context, device)


def check_data(payload: Payload, context: Context) -> Payload:
    """Samples as the network gets them: ``{config, out, seed}``; see ``checking.check_data``."""
    config = config_of(payload)
    device = _device(config, context)
    experiment = prepare(config, gather(config, context))
    out, seed = Path(_text(payload, "out")), int(payload.get("seed") or 0)
    return checking.check_data(experiment, context, device, out, seed)


def prepare_data(payload: Payload, context: Context) -> Payload:
    """Prepare data: ``{config | config_path, overrides, out}``; see ``cache_making.make_cache``.

    Of the config only the tables data, network and preprocessing count; overrides of others are a
    UsageError.
    """
    for one in payload.get("overrides") or ():
        table = str(one).strip().partition(".")[0]
        if table not in ("data", "network", "preprocessing"):
            raise UsageError(
                f"{one} changes nothing that is prepared.",
                remedy="Set keys of data, network or preprocessing.",
            )
    return make_cache(config_of(payload), Path(_text(payload, "out")), context)


def train(payload: Payload, context: Context) -> Payload:
    """Train: ``{config | config_path, overrides, resume}``.

    Tells "device", "metrics" (the lines of metrics.jsonl) and "remark" ``{"text"}``. Gives
    ``{"run": folder, "state": "finished" | "stopped", "evaluation": figures or None}``.
    """
    with said_once():
        config = config_of(payload)
    return train_run(config, context, resume=bool(payload.get("resume")))


def evaluate(payload: Payload, context: Context) -> Payload:
    """Evaluate a run: ``{run, data, part, weights, without, disturbed, robustness}``.

    data: another dataset or project, its classes matched by name; without, a part ("train",
    "validation", "test") of the run's own. weights: "last" or "best", "" as the run is known by.
    without: modalities to do without, to see what it costs. disturbed: a condition that makes all
    recordings worse. robustness: try every missing modality and every condition.
    Gives the document of ``harstudio evaluate --json``.
    """
    run = Path(_text(payload, "run"))
    device = choose_device("auto", context)
    device.tell(context)
    return evaluate_run(
        run,
        context,
        device,
        data=Path(str(payload["data"])) if payload.get("data") else None,
        part=str(payload.get("part") or "test"),
        weights=str(payload.get("weights") or ""),
        without=[str(one) for one in payload.get("without") or ()],
        disturbed=str(payload.get("disturbed") or ""),
        robustness=bool(payload.get("robustness")),
    )


def compare(payload: Payload, context: Context) -> Payload:
    """Set evaluated runs side by side: ``{runs, sum}``.

    runs: folders, or names of bundled weights. sum: also add their scores clip by clip.
    Gives the document of ``harstudio compare --json``.
    """

    def pause(done: int, total: int) -> None:
        context.progress(done, total, "Comparing")
        context.pause_point()

    runs = [str(one) for one in payload.get("runs") or ()]
    if not runs:
        raise UsageError("The job needs runs.")
    return compare_runs(runs, sums=bool(payload.get("sum")), pause=pause)


def study(payload: Payload, context: Context) -> Payload:
    """Train a study: ``{path, resume}``.

    Tells what ``train`` tells of each cell, and "cell" ``{"number", "cells", "name"}``. Gives the
    document of ``harstudio study --json``.
    """
    wanted = read_study(Path(_text(payload, "path")))
    return run_study(wanted, context, resume=bool(payload.get("resume")))


def embed(payload: Payload, context: Context) -> Payload:
    """Features of the clips of an evaluated run in a plane: ``{run}``; see ``embed_run``."""

    def pause(done: int, total: int, text: str) -> None:
        context.progress(done, total, f"Spreading out the features of {text}")
        context.pause_point()

    return embed_run(Path(_text(payload, "run")), pause)


def import_weights(payload: Payload, context: Context) -> Payload:
    """Published weights into a run: ``{file, network, out, classes, topology, options, part}``.

    Gives ``{"run", "network", "file", "sha256", "format", "parts", "loaded", "left_out": {name:
    why}, "left_at_random": [names]}``.
    """
    return importing.import_weights(
        Path(_text(payload, "file")),
        _text(payload, "network"),
        Path(_text(payload, "out")),
        classes=[str(one) for one in payload.get("classes") or ()],
        topology=str(payload.get("topology") or ""),
        options=payload.get("options") or {},
        part=str(payload.get("part") or ""),
    )


def pack_weights(payload: Payload, context: Context) -> Payload:
    """A run made small to pass on: ``{run, out, about}``; see ``passing_on.pack``."""
    from harstudio.learning.weights.passing_on import pack
    from harstudio.runs.about import load_about

    run, out = Path(_text(payload, "run")), Path(_text(payload, "out"))
    return pack(run, out, load_about(Path(_text(payload, "about"))))


def models(payload: Payload, context: Context) -> Payload:
    """Every network with its size: ``{"networks": [...]}`` as ``harstudio models --json``."""
    from harstudio.networks.sizes import describe_networks

    return {"networks": describe_networks()}


def _device(config: Config, context: Context) -> Device:
    device = choose_device(config.training.device, context, config.training.threads)
    device.tell(context)
    return device


def _text(payload: Payload, key: str) -> str:
    value = payload.get(key)
    if not isinstance(value, str) or not value:
        raise UsageError(f"The job needs {key}.")
    return value


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
