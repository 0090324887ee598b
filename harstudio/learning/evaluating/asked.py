"""Which clips a run is tried on: a part of its own data, or those of other data that count."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from harstudio.errors import DataError, UsageError
from harstudio.jobs.context import Context
from harstudio.learning.config_checks import config_of_run
from harstudio.learning.data.datasets import Dataset, collect
from harstudio.learning.data.protocols import Parts
from harstudio.learning.data.samples import Sample
from harstudio.learning.preparing import Experiment, parts_by_name, require_samples, restore
from harstudio.learning.preprocessing import Preprocessing
from harstudio.learning.weights.checkpoints import load_network
from harstudio.learning.weights.importing import IMPORTED
from harstudio.runs.config import Config, parse
from harstudio.runs.folder import RunFolder
from harstudio.runs.reading import read_json
from harstudio.skeletons.maps import require_map

MS = 1_000_000  # nanoseconds


class Asked(NamedTuple):
    """Clips to try a run on. part: what they are called. own: whether the run's own protocol chose
    them. problems: sentences on what is left out."""

    samples: Sequence[Sample]
    part: str
    own: bool = True
    problems: Sequence[str] = ()


def experiment_of(run: RunFolder, data: Path | None) -> Experiment:
    """What a run, or imported weights, were made for; ``data`` stands in where its own are gone."""
    if (run.path / IMPORTED).is_file():
        return _imported(run, data)
    return restore(_config(run, data), run.data, run.preprocessing)


def samples_of(
    run: RunFolder, experiment: Experiment, context: Context, *, data: Path | None, part: str
) -> Asked:
    """The clips of a part of the run's own data, or those of ``data`` that count, see
    ``evaluate_run``. Raises as that."""
    if data is None:
        samples = _part(run, experiment, part)
        require_samples(experiment, "Name where they are now with --data.")
        return Asked(samples, part)
    dataset = _other_data(data, experiment, context)
    left, own = unseen(experiment, dataset, part)
    if own:
        return Asked(left, part, True, dataset.problems)
    problems = [*dataset.problems, *_left_out(len(dataset.samples) - len(left))]
    return Asked(left, "all", False, problems)


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
