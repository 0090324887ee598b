"""Trying a trained network on samples: answers, then figures as evaluation.json has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from harstudio.errors import DataError, MissingError, UsageError
from harstudio.jobs.context import Context
from harstudio.learning.data.samples import Sample
from harstudio.learning.devices import Device
from harstudio.learning.evaluating.asked import experiment_of, samples_of
from harstudio.learning.evaluating.disturbing import applies
from harstudio.learning.evaluating.evaluation import evaluate_answers
from harstudio.learning.evaluating.inference import answer
from harstudio.learning.evaluating.keeping import (
    ROBUSTNESS,
    keep_document,
    keep_evaluation,
    known_by,
    may_keep,
    selected_by,
)
from harstudio.learning.evaluating.robustness import try_conditions
from harstudio.learning.prepared.cache_match import require_same
from harstudio.learning.prepared.caches import open_cache
from harstudio.learning.preparing import Experiment
from harstudio.learning.weights.checkpoints import load_network
from harstudio.networks import create_network
from harstudio.networks.network import Network, streams_with
from harstudio.networks.sizes import measure
from harstudio.runs.answers import StoredAnswers
from harstudio.runs.folder import RunFolder, is_run

MOST_FEATURES = 1 << 30  # bytes of features that are kept of a test part


def evaluate_samples(
    network: Network,
    experiment: Experiment,
    samples: Sequence[Sample],
    context: Context,
    device: Device,
    *,
    part: str,
    weights: str,
    run: Path,
    problems: Sequence[str] = (),
    keep: bool = False,
    robustness: bool = False,
) -> dict[str, Any]:
    """The document of ``evaluate --json``; Stopped where the person asked to stop.

    part: what the samples are called. weights: "last" or "best". keep: they are the run's own test
    part; the run folder gets evaluation.json and answers.npz. robustness: also look what the
    network can bear, see ``try_conditions``.
    """
    loader = experiment.loader(samples, train=False, threads=context.threads)

    def pause(done: int) -> None:
        context.progress(done, len(samples), f"Evaluating, {done} of {len(samples)} clips")
        context.pause_point()

    pause(0)
    network.opinions = True
    answers = answer(
        network.to(device.torch),
        loader.batches(),
        device.torch,
        features=MOST_FEATURES if keep else 0,
        pause=pause,
    )
    if not len(answers.labels):
        raise DataError("No clip could be evaluated.", path=run, remedy="Look at the data.")
    config = experiment.config
    document = {
        "run": str(run),
        "network": network.card.name,
        "protocol": config.data.protocol,
        "split": part,
        "part": part,
        "weights": weights,
        "selected_by": selected_by(config, weights),
        "seed": config.training.seed,
        "data": config.data.path,
        "device": device.name,
        **evaluate_answers(answers, samples, experiment.classes),
        **_size(network, answers.shapes),
        "bytes": _weights(RunFolder(run), weights).stat().st_size,
        "problems": [*problems, *loader.problems],
    }
    if keep:
        kept = StoredAnswers(answers.logits, answers.labels, answers.streams, answers.features)
        document = keep_evaluation(RunFolder(run), document, kept)
    if robustness:
        told = try_conditions(network, experiment, samples, answers, context, device)
        document[ROBUSTNESS] = told
        if keep:
            keep_document(RunFolder(run), document)
    return document


def _size(network: Network, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Any]:
    """Parameters, and multiply-adds of one clip as the run sees it; None where they cannot be
    counted without computing."""
    with torch.device("meta"):
        bare = create_network(
            network.card.name, network.num_classes, network.topology, **network.options
        ).to("meta")
        clip = {name: torch.empty((1, *shape)) for name, shape in shapes.items()}
    try:
        size = measure(bare, clip)
    except RuntimeError:  # a network that looks at values
        count = sum(weight.numel() for weight in network.parameters())
        return {"parameters": count, "multiply_adds": None, "products": None}
    return {
        "parameters": size.parameters,
        "multiply_adds": size.multiply_adds,
        "products": size.products,
    }


def evaluate_run(
    folder: Path,
    context: Context,
    device: Device,
    *,
    data: Path | None = None,
    part: str = "test",
    weights: str = "",
    without: Sequence[str] = (),
    disturbed: str = "",
    robustness: bool = False,
) -> dict[str, Any]:
    """Evaluate a run folder on a part of its own data, or on the labelled clips of ``data``.

    without: modalities that are treated as if no recording had them, to measure what a missing one
    costs; the streams of the network that are left answer. disturbed: the name of a condition that
    makes all recordings worse (``disturbing.CONDITIONS``). robustness: try every missing modality
    and every condition.

    Where all clips of ``data`` are the run's own, as when its data were moved or copied, the part
    of them counts; else all clips count but those of recordings that the run learned from.
    UsageError where the part has no clips or is not known, MissingError where nothing is trained
    yet, DataError where data and network do not fit together. Clips of prepared data are taken from
    there; what must be read otherwise (``without`` skeleton, ``disturbed``) is from the recordings.
    """
    run = RunFolder(folder.absolute())
    if not is_run(run.path):
        raise MissingError("This is no run folder: it has no config.toml.", path=run.path)
    experiment = experiment_of(run, data)
    name = weights or known_by(run)
    if name not in ("last", "best"):
        raise UsageError(f"There are no weights {name}.", remedy="Use last or best.")
    path = _weights(run, name)
    if not path.is_file():
        raise MissingError(
            "Nothing is trained here yet.", path=path, remedy="Train an epoch of it first."
        )
    network = load_network(path)
    if without:
        experiment = _lacking(experiment, network, without, run.path)
    if disturbed:
        if not applies(disturbed, experiment.preprocessing):
            raise UsageError(
                f"The condition {disturbed} changes nothing that the run sees.",
                path=run.path,
                remedy=f"It sees {', '.join(experiment.preprocessing.kinds)}.",
            )
        worse = experiment.preprocessing.disturbed(disturbed)
        experiment = replace(experiment, preprocessing=worse)
    if data is not None:
        experiment = replace(experiment, cache=open_cache(data))
        if not (without or disturbed):
            require_same(experiment.cache, experiment.preprocessing, network.card.name)
    asked = samples_of(run, experiment, context, data=data, part=part)
    samples, part, own, problems = asked
    document = evaluate_samples(
        network,
        experiment,
        samples,
        context,
        device,
        part=part,
        weights=name,
        run=run.path,
        problems=problems,
        keep=data is None
        and part == "test"
        and name == known_by(run)
        and not (without or disturbed)
        and may_keep(run),
        robustness=robustness,
    )
    if without:
        document["without"] = list(without)
    if disturbed:
        document["disturbed"] = disturbed
    if data is not None:
        document["data"] = str(data)
    return document if own else {**document, "protocol": "all"}


def _lacking(
    experiment: Experiment, network: Network, without: Sequence[str], run: Path
) -> Experiment:
    """The experiment whose recordings lack modalities; UsageError where nobody can answer then."""
    known = experiment.preprocessing.kinds
    for kind in without:
        if kind not in known:
            raise UsageError(
                f"The run sees no {kind}.", path=run, remedy=f"It sees {', '.join(known)}."
            )
    preprocessing = experiment.preprocessing.leaving_out(without)
    if not streams_with(network.card, preprocessing.inputs):
        raise UsageError(
            f"No stream of {network.card.name} answers without {' and '.join(without)}."
        )
    return replace(experiment, preprocessing=preprocessing)


def _weights(run: RunFolder, name: str) -> Path:
    return run.best if name == "best" else run.last
