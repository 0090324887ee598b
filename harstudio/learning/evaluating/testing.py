"""Trying a trained network on samples: answers, then figures as evaluation.json has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from harstudio.errors import DataError, MissingError, UsageError
from harstudio.jobs.context import Context
from harstudio.learning.config_checks import config_of_run
from harstudio.learning.data.datasets import Dataset, collect
from harstudio.learning.data.protocols import Parts
from harstudio.learning.data.samples import Sample
from harstudio.learning.devices import Device
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
from harstudio.learning.preparing import Experiment, parts_by_name, require_samples, restore
from harstudio.learning.preprocessing import Preprocessing
from harstudio.learning.weights.checkpoints import load_network
from harstudio.learning.weights.importing import IMPORTED
from harstudio.networks import create_network
from harstudio.networks.network import Network, streams_with
from harstudio.networks.sizes import measure
from harstudio.runs.answers import StoredAnswers
from harstudio.runs.config import Config, parse
from harstudio.runs.folder import RunFolder, is_run
from harstudio.runs.reading import read_json
from harstudio.skeletons.maps import require_map

MS = 1_000_000  # nanoseconds
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
    if (run.path / IMPORTED).is_file():
        experiment = _imported(run, data)
    else:
        experiment = restore(_config(run, data), run.data, run.preprocessing)
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
    problems: Sequence[str] = ()
    own = True
    if data is None:
        samples = _part(run, experiment, part)
        require_samples(experiment, "Name where they are now with --data.")
    else:
        experiment = replace(experiment, cache=open_cache(data))
        if not (without or disturbed):
            require_same(experiment.cache, experiment.preprocessing, network.card.name)
        dataset = _other_data(data, experiment, context)
        samples, own = unseen(experiment, dataset, part)
        problems = dataset.problems
        if not own:
            part = "all"
            problems = [*problems, *_left_out(len(dataset.samples) - len(samples))]
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


def unseen(experiment: Experiment, dataset: Dataset, part: str) -> tuple[Sequence[Sample], bool]:
    """The samples of a dataset that tell how good the run is, and whether all are its own.

    A sample is known by its recording's name and its stretch, wherever it lies. DataError where
    none is left.
    """
    parts = parts_by_name(experiment.parts)
    place = {_stretch(one): name for name, samples in parts.items() for one in samples}
    own = all(_stretch(one) in place for one in dataset.samples)
    if own and part not in parts:
        raise UsageError(f"There is no part {part}.", remedy=f"Use one of {', '.join(parts)}.")
    paths = {one.path for one in (*experiment.parts.train, *experiment.parts.validation)}
    left = [
        one
        for one in dataset.samples
        if place.get(_stretch(one), "test") == (part if own else "test")
        and (own or one.path not in paths)
    ]
    if not left:
        raise DataError(
            f"These are clips of the run's own data, and none is of its part {part}."
            if own
            else "The run learned from every recording here.",
            path=dataset.path,
            remedy="Evaluate on clips that it has not seen.",
        )
    return left, own


def _stretch(sample: Sample) -> tuple[str, int, int]:
    """To the millisecond: other formats round the end of the same recording otherwise."""
    return sample.recording, round(sample.start_ns / MS), round(sample.end_ns / MS)


def _left_out(count: int) -> list[str]:
    if not count:
        return []
    clips = "1 clip" if count == 1 else f"{count} clips"
    return [f"{clips} left out: the run learned from the same recordings."]


def _config(run: RunFolder, data: Path | None) -> Config:
    """The run's config; where its data are gone, ``data`` may be them."""
    config = config_of_run(run)
    if data is None or Path(config.data.path).exists():
        return config
    moved = config.data.model_copy(update={"path": str(data.resolve())})
    return config.model_copy(update={"data": moved})


def _imported(run: RunFolder, data: Path | None) -> Experiment:
    """What is known of imported weights, which learned from no data of ours."""
    if data is None:
        raise UsageError(
            "Nothing was trained here; its weights are imported.",
            path=run.path,
            remedy="Name labelled data with --data.",
        )
    network = load_network(run.last)
    tables = {"data": {"path": str(data)}, "network": {"name": network.card.name}}
    told = read_json(run.data)
    classes = told.get("classes") if isinstance(told, dict) else None
    if not isinstance(classes, list) or len(classes) != network.num_classes:
        raise DataError("It is damaged.", path=run.data, remedy="Import the weights again.")
    return Experiment(
        config=parse(tables, base=run.path),
        classes=tuple(map(str, classes)),
        topology=network.topology,
        kinds=frozenset(),
        parts=Parts((), (), ()),
        problems=(),
        preprocessing=Preprocessing.load(run.preprocessing),
    )


def _weights(run: RunFolder, name: str) -> Path:
    return run.best if name == "best" else run.last


def _part(run: RunFolder, experiment: Experiment, part: str) -> Sequence[Sample]:
    parts = parts_by_name(experiment.parts)
    if part not in parts:
        raise UsageError(f"There is no part {part}.", remedy=f"Use one of {', '.join(parts)}.")
    if not parts[part]:
        raise UsageError(
            f"The part {part} has no clips under the protocol of this run.",
            path=run.path,
            remedy="Name other data with --data.",
        )
    return parts[part]


def _other_data(data: Path, experiment: Experiment, context: Context) -> Dataset:
    """The samples of another dataset whose classes the run knows."""

    def progress(done: int, total: int) -> None:
        context.progress(0, 0, f"Looking at the data, {done} of {total}")
        context.pause_point()

    dataset = collect(data.resolve(), classes=experiment.classes, progress=progress)
    skeleton = experiment.preprocessing.skeleton is not None
    if skeleton and not dataset.topology:
        raise DataError("There are no skeletons.", path=data, remedy="Name other recordings.")
    if skeleton:
        require_map(dataset.topology, experiment.topology, data)
    return dataset.with_kinds(experiment.preprocessing.kinds)
