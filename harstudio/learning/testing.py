"""Trying a trained network on samples: answers, then figures as evaluation.json has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from harstudio.errors import DataError, MissingError, UsageError
from harstudio.jobs.context import Context
from harstudio.learning.checkpoints import load_network
from harstudio.learning.config_checks import config_of_run
from harstudio.learning.datasets import Dataset, collect
from harstudio.learning.devices import Device
from harstudio.learning.evaluation import evaluate_answers
from harstudio.learning.importing import IMPORTED
from harstudio.learning.inference import answer
from harstudio.learning.preparing import Experiment, parts_by_name, require_samples, restore
from harstudio.learning.preprocessing import Preprocessing
from harstudio.learning.protocols import Parts
from harstudio.learning.samples import Sample
from harstudio.networks.network import Network, streams_with
from harstudio.runs.config import Config, parse
from harstudio.runs.folder import RunFolder, is_run
from harstudio.runs.reading import read_json


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
) -> dict[str, Any]:
    """The document of ``evaluate --json``; Stopped where the person asked to stop.

    part: what the samples are called. weights: "last" or "best".
    """
    loader = experiment.loader(samples, train=False, threads=context.threads)

    def pause(done: int) -> None:
        context.progress(done, len(samples), f"Evaluating, {done} of {len(samples)} clips")
        context.pause_point()

    pause(0)
    network.opinions = True
    answers = answer(network.to(device.torch), loader.batches(), device.torch, pause=pause)
    if not len(answers.labels):
        raise DataError("No clip could be evaluated.", path=run, remedy="Look at the data.")
    return {
        "run": str(run),
        "network": network.card.name,
        "protocol": experiment.config.data.protocol,
        "split": part,
        "part": part,
        "weights": weights,
        "data": experiment.config.data.path,
        "device": device.name,
        **evaluate_answers(answers, samples, experiment.classes),
        "problems": [*problems, *loader.problems],
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
) -> dict[str, Any]:
    """Evaluate a run folder on a part of its own data, or on the labelled clips of ``data``.

    without: modalities that are treated as if no recording had them, to measure what a missing one
    costs; the streams of the network that are left answer.

    Where all clips of ``data`` are the run's own, as when its data were moved or copied, the part
    of them counts; else all clips count but those of recordings that the run learned from.
    UsageError where the part has no clips or is not known, MissingError where nothing is trained
    yet, DataError where data and network do not fit together.
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
    path = run.best if name == "best" else run.last
    if not path.is_file():
        raise MissingError(
            "Nothing is trained here yet.", path=path, remedy="Train an epoch of it first."
        )
    network = load_network(path)
    if without:
        experiment = _lacking(experiment, network, without, run.path)
    problems: Sequence[str] = ()
    own = True
    if data is None:
        samples = _part(run, experiment, part)
        require_samples(experiment, "Name where they are now with --data.")
    else:
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
    )
    if without:
        document["without"] = list(without)
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
    return sample.recording, sample.start_ns, sample.end_ns


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


def known_by(run: RunFolder) -> str:
    """The weights that a run is used with: the best where a validation part chose them."""
    return "best" if run.best.is_file() else "last"


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
    if skeleton and dataset.topology != experiment.topology:
        raise DataError(
            f"The skeletons there are {dataset.topology or 'missing'}, the run was trained on "
            f"{experiment.topology}.",
            path=data,
            remedy="Evaluate on recordings with the same joints.",
        )
    return dataset.with_kinds(experiment.preprocessing.kinds)
