"""From a config to what is trained: data in parts, preprocessing, a fresh network."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from harstudio.errors import DataError, MissingError, UsageError
from harstudio.files import write_atomically
from harstudio.jobs.context import Context, Payload
from harstudio.labels.project import PROJECT_FILE
from harstudio.learning.config_checks import check_config
from harstudio.learning.data.datasets import Dataset, collect
from harstudio.learning.data.protocols import Parts, about_people, preferred, remarks, split
from harstudio.learning.data.samples import Sample
from harstudio.learning.loading import Loader
from harstudio.learning.prepared.cache_match import require_same, serves
from harstudio.learning.prepared.caches import Cache, open_cache, source_of
from harstudio.learning.preprocessing import Preprocessing
from harstudio.learning.stages import card_of, choose_modalities, complete, plan_training
from harstudio.learning.together.group import Group
from harstudio.learning.weights.start_leaks import check_start
from harstudio.learning.weights.starting import load_pretrained, start_from, start_tables
from harstudio.networks import create_network
from harstudio.networks.network import Network
from harstudio.runs import config as configs
from harstudio.runs.config import Config
from harstudio.runs.reading import read_json
from harstudio.skeletons.maps import require_map
from harstudio.skeletons.topology import topology as known_topology

VERSION = 1
MIB = 1 << 20
LOOKED_AT = 16  # samples that are looked for before a run goes on


@dataclass(frozen=True, slots=True)
class Experiment:
    """All that a training needs. config is complete: nothing in it is left to a default.

    kinds: of streams that at least half of the recordings have. problems: sentences about what was
    left out. cache: prepared data that the clips are taken from, where they were read alike.
    """

    config: Config
    classes: tuple[str, ...]
    topology: str
    kinds: frozenset[str]
    parts: Parts
    problems: tuple[str, ...]
    preprocessing: Preprocessing
    cache: Cache | None = None

    def network(self) -> Network:
        """The fresh network: the same seed gives the same weights."""
        torch.manual_seed(self.config.training.seed)
        table = self.config.network
        return create_network(table.name, len(self.classes), self.topology, **table.options)

    def start_weights(self, network: Network) -> str:
        """Put in the weights that the network shall start from; sentences, "" for none."""
        told = [load_pretrained(network)]
        if self.config.training.start:
            stages = plan_training(self.config, network.card).stages
            told.append(start_from(network, Path(self.config.training.start), stages))
        return " ".join(filter(None, told))

    def loader(
        self, samples: Sequence[Sample], *, train: bool, threads: int, group: Group | None = None
    ) -> Loader:
        """Batches of a part. One thread prepares where there are few, two where there are more.

        group: who shares each batch, and the memory of a computer.
        """
        group = group or Group()
        training = self.config.training
        share = training.cache_mib * MIB * len(samples) // max(1, len(self.samples))
        return Loader(
            samples,
            self.preprocessing,
            training.batch_size or 1,
            seed=training.seed,
            train=train,
            cache_bytes=share // group.local,
            threads=max(1, min(4, threads // 2)),
            share=(group.rank, group.count),
            cache=self.prepared,
        )

    @property
    def prepared(self) -> Cache | None:
        """The prepared data that clips are taken from; None where recordings are opened."""
        return self.cache if serves(self.cache, self.preprocessing) else None

    @property
    def samples(self) -> tuple[Sample, ...]:
        """Those of all parts."""
        return (*self.parts.train, *self.parts.validation, *self.parts.test)


def config_of(payload: Payload) -> Config:
    """The config that a job is given: ``config`` (tables) or ``config_path``, and ``overrides``.

    UsageError for all that is wrong with it whatever the data are.
    """
    overrides = [str(one) for one in payload.get("overrides") or ()]
    if payload.get("config_path"):
        source = Path(str(payload["config_path"]))
        config = configs.load(source, overrides)
        check_config(config, source)
        return config
    tables = payload.get("config")
    if not isinstance(tables, Mapping):
        raise UsageError("There is no config.", remedy="Give config or config_path.")
    base = Path(str(payload.get("base") or Path.cwd()))
    config = configs.parse(tables, overrides, base=base)
    check_config(config)
    return config


def gather(config: Config, context: Context) -> Dataset:
    """The dataset of a config, with progress; Stopped where the person asked to stop."""

    def progress(done: int, total: int) -> None:
        context.progress(0, 0, f"Looking at the data, {done} of {total}")
        context.pause_point()

    data = config.data
    first = preferred(data.protocol)
    return collect(Path(data.path), annotator=data.annotator, first=first, progress=progress)


class Fitted(NamedTuple):
    """A config that fits its data: complete but for its inputs, the recordings that have what the
    network needs, and how they are read."""

    config: Config
    dataset: Dataset
    preprocessing: Preprocessing


def fit(config: Config, dataset: Dataset) -> Fitted:
    """Fit config, data and network card together; UsageError or DataError where they do not."""
    card = card_of(config, dataset.kinds)
    wanted, kinds = config.data.modalities, dataset.kinds
    modalities = choose_modalities(card, wanted, kinds, dataset.scarce())
    dataset = dataset.with_kinds(modalities)
    filled = complete(config, card, modalities)
    topology = dataset.topology or card.topology
    if dataset.topology and config.data.topology:
        require_map(dataset.topology, config.data.topology, dataset.path)
        topology = config.data.topology
    tables = {name: dict(table) for name, table in config.preprocessing.items()}
    if config.training.start:
        for name, values in start_tables(Path(config.training.start)).items():
            if name in card.branches:
                tables[name] = {**values, **tables.get(name, {})}
    preprocessing = Preprocessing.for_card(
        card, topology, modalities, tables, most_bodies=dataset.bodies
    )
    return Fitted(filled, dataset, preprocessing)


def prepare(config: Config, dataset: Dataset) -> Experiment:
    """What a training needs; UsageError or DataError where config, data and network do not fit."""
    data = config.data
    filled, dataset, preprocessing = fit(config, dataset)
    cache = open_cache(Path(data.path))
    require_same(cache, preprocessing, config.network.name)
    parts = split(
        dataset,
        data.protocol,
        validation_subjects=data.validation_subjects,
        seed=config.training.seed,
    )
    if len(dataset.classes) < 2:
        raise DataError(
            "There is only one class to learn.", path=dataset.path, remedy="Label another action."
        )
    inputs = {
        name: {key: value for key, value in table.items() if value is not None and key != "kind"}
        for name, table in preprocessing.to_dict()["inputs"].items()
    }
    return Experiment(
        config=filled.model_copy(update={"preprocessing": inputs}),
        classes=dataset.classes,
        topology=preprocessing.topology,
        kinds=dataset.kinds,
        parts=parts,
        problems=(
            *dataset.problems,
            *remarks(dataset, data.protocol, parts),
            *thin_classes(dataset.classes, parts),
            *_start_apart(config, dataset, parts),
        ),
        preprocessing=preprocessing,
        cache=cache,
    )


def _start_apart(config: Config, dataset: Dataset, parts: Parts) -> list[str]:
    """See ``check_start``."""
    if not config.training.start:
        return []
    return check_start(
        Path(config.training.start),
        parts,
        _folder(Path(config.data.path)).name,
        people=about_people(dataset, config.data.protocol),
        by_test=config.training.select == "test",
    )


def thin_classes(classes: Sequence[str], parts: Parts) -> list[str]:
    """Sentences about classes that no sample trains, or none tests."""
    told = []
    for samples, what in ((parts.train, "trains"), (parts.test, "tests")):
        there = {sample.label for sample in samples}
        absent = [name for label, name in enumerate(classes) if label not in there]
        if absent and samples:
            more = f" and {len(absent) - 5} more" if len(absent) > 5 else ""
            told.append(f"No sample {what} {', '.join(absent[:5])}{more}.")
    return told


# ---- data.json


def save_data(path: Path, experiment: Experiment) -> None:
    """Write which sample is in which part; paths below the data's folder are relative to it."""
    root = _folder(Path(experiment.config.data.path))
    seconds = [(one.end_ns - one.start_ns) / 1e9 for one in experiment.parts.train]
    document = {
        "version": VERSION,
        "path": experiment.config.data.path,
        "protocol": experiment.config.data.protocol,
        "topology": experiment.topology,
        "kinds": sorted(experiment.kinds),
        "classes": list(experiment.classes),
        "clip_seconds": {
            "min": float(np.min(seconds)),
            "median": float(np.median(seconds)),
            "max": float(np.max(seconds)),
        },
        "problems": list(experiment.problems),
        "parts": {
            name: [{**asdict(sample), "path": _told(sample.path, root)} for sample in samples]
            for name, samples in parts_by_name(experiment.parts).items()
        },
    }
    write_atomically(path, json.dumps(document, ensure_ascii=False, indent=0).encode())


def load_data(path: Path, place: Path) -> tuple[dict[str, Any], Parts]:
    """``data.json`` and its parts; DataError where it is damaged.

    place: where the data lie now, be it elsewhere than when this was written.
    """
    document = read_json(path)
    root = _folder(place)
    try:
        known = _folder(Path(document["path"]))
        parts = {
            name: tuple(_sample(one, known, root) for one in samples)
            for name, samples in document["parts"].items()
        }
        classes = document["classes"]
        made = Parts(parts["train"], parts["validation"], parts["test"])
        known_topology(document["topology"])
        for texts in (classes, document.get("kinds", []), document.get("problems", [])):
            if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
                raise ValueError(f"not a list of names: {texts!r:.80}")
        if not made.train:
            raise ValueError("nothing trains")
        for samples in parts.values():
            if any(not 0 <= sample.label < len(classes) for sample in samples):
                raise ValueError("a label without a class")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(
            f"It is damaged ({error}).", path=path, remedy="Train the run again."
        ) from None
    return document, made


def restore(config: Config, data: Path, preprocessing: Path) -> Experiment:
    """The experiment of a run folder, with the very samples that it began with.

    They are looked for where the config says that the data lie.
    """
    document, parts = load_data(data, Path(config.data.path))
    read_by, cache = Preprocessing.load(preprocessing), open_cache(Path(config.data.path))
    require_same(cache, read_by, config.network.name)
    return Experiment(
        config=config,
        classes=tuple(document["classes"]),
        topology=document["topology"],
        kinds=frozenset(document.get("kinds", ())),
        parts=parts,
        problems=tuple(document.get("problems", ())),
        preprocessing=read_by,
        cache=cache,
    )


def require_samples(experiment: Experiment, remedy: str) -> None:
    """MissingError where not one of a few samples is there: the data were moved or unplugged.

    Of prepared data no recordings are needed.
    """
    if experiment.prepared is not None:
        return
    samples = experiment.samples
    some = samples[:: max(1, len(samples) // LOOKED_AT)]
    if not any(sample.path.exists() for sample in some):
        raise MissingError(
            "The recordings of this run are not here.",
            path=experiment.config.data.path,
            remedy=remedy,
        )


def _folder(path: Path) -> Path:
    """The folder of a dataset or project; a project may be named by its file. Of prepared data it
    is that of the recordings."""
    return path.parent if path.name == PROJECT_FILE else source_of(path)


def _told(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def _sample(values: dict[str, Any], known: Path, root: Path) -> Sample:
    """A sample as it was written; ValueError where a field is not what it should be."""
    sample = Sample(**{**values, "path": _located(Path(values["path"]), known, root)})
    texts = (sample.recording, sample.person, sample.source)
    whole = [sample.start_ns, sample.end_ns, sample.label]
    whole += [one for one in (sample.subject, sample.view) if one is not None]
    if not all(isinstance(one, str) for one in texts) or not all(type(one) is int for one in whole):
        raise ValueError(f"a field of {sample.recording!r:.80} has the wrong type")
    if sample.start_ns >= sample.end_ns:
        raise ValueError(f"a clip of {sample.recording!r:.80} ends before it begins")
    return sample


def _located(path: Path, known: Path, root: Path) -> Path:
    """Where a sample lies when ``known`` is now ``root``; one from elsewhere stays there."""
    return root / (path.relative_to(known) if path.is_relative_to(known) else path)


def parts_by_name(parts: Parts) -> dict[str, tuple[Sample, ...]]:
    """train, validation and test."""
    return {"train": parts.train, "validation": parts.validation, "test": parts.test}


def class_counts(classes: Sequence[str], parts: Parts) -> list[dict[str, Any]]:
    """For every class its name and how many samples each part has."""
    counts = {
        name: Counter(sample.label for sample in samples)
        for name, samples in parts_by_name(parts).items()
    }
    return [
        {"name": name, **{part: counts[part][label] for part in counts}}
        for label, name in enumerate(classes)
    ]
