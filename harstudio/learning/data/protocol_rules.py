"""What each protocol says: which part a sample belongs to.

A protocol is written as its name and what it needs to know, with colons between: ``cross-view``,
``kfold:5:0``, ``test-subjects:2,4,6``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from harstudio.errors import MissingError, UsageError
from harstudio.learning.data.datasets import Dataset
from harstudio.learning.data.samples import Sample
from harstudio.resources import resource
from harstudio.runs.config import nearest

NUMBER = re.compile("[0-9]{1,9}")
NTU_NAME = re.compile(r"S(\d{3})C(\d{3})P(\d{3})R\d{3}A\d{3}", re.IGNORECASE)
UCLA_NAME = re.compile(r"(a\d{2}_s\d{2}_e\d{2})_v(\d{2})", re.IGNORECASE)
NTU_VIEWS = {1: "test", 2: "train", 3: "train"}
UCLA_VIEWS = {1: "train", 2: "train", 3: "test"}
SETTING_FOLDS = 30  # of SYSU 3D HOI
SETTING_SEED = 2017  # of the folds of SYSU, whatever the seed of the training
KFOLD_SEED = 0  # of all others, so that every seed of a training is tested by the same folds
MAX_LIST_BYTES = 1 << 24

Side = Callable[[Sample], "str | None"]  # "train", "test", or None for neither


@dataclass(frozen=True, slots=True)
class Protocol:
    """A protocol as it was written: "kfold:5:0" has the values ("5", "0")."""

    text: str
    name: str
    values: tuple[str, ...]

    @property
    def numbers(self) -> tuple[int, ...]:
        """The values as numbers."""
        return tuple(map(int, self.values))

    @property
    def rule(self) -> Rule:
        """What it says."""
        return RULES[self.name]


@dataclass(frozen=True, slots=True)
class Rule:
    """side: gives the part of each sample. like: how it is written. numbers: how many it takes,
    None where it takes a list. people: nobody may be in two parts. takes: nor may what several
    cameras saw at once."""

    side: Callable[[Dataset, Protocol, int], Side]
    like: str
    numbers: int | None = 0
    people: bool = False
    takes: bool = True


def parse_protocol(protocol: str) -> Protocol:
    """The protocol in a text; UsageError where it is not written like one."""
    name, _, rest = protocol.partition(":")
    if name not in RULES:
        raise UsageError(f"There is no protocol {protocol}.", remedy=nearest(protocol, PROTOCOLS))
    rule = RULES[name]
    if rule.numbers is None:
        values = tuple(filter(None, (one.strip() for one in rest.split(","))))
        whole = name in NUMBERED
        fits = bool(values) and (not whole or all(map(NUMBER.fullmatch, values)))
    else:
        values = tuple(protocol.split(":")[1:])
        fits = len(values) == rule.numbers and all(map(NUMBER.fullmatch, values))
    if not fits:
        raise UsageError(f"There is no protocol {protocol}.", remedy=f"Write it like {rule.like}.")
    return Protocol(protocol, name, values)


# ---- published ones


def _cross_subject(dataset: Dataset, _: Protocol, __: int) -> Side:
    need(dataset, "subject", "cross-subject")
    if _named(dataset, NTU_NAME):
        training = _published()
        return lambda sample: "train" if sample.subject in training else "test"
    return lambda sample: "train" if (sample.subject or 0) % 2 else "test"


def _cross_view(dataset: Dataset, _: Protocol, __: int) -> Side:
    if _named(dataset, UCLA_NAME):
        return lambda sample: UCLA_VIEWS.get(view_of(sample) or 0)
    need(dataset, "view", "cross-view")
    return lambda sample: NTU_VIEWS.get(sample.view or 0)


def _cross_setup(dataset: Dataset, _: Protocol, __: int) -> Side:
    setups: dict[str, int] = {}
    for sample in dataset.samples:
        match = NTU_NAME.fullmatch(sample.recording)
        if match is None:
            raise UsageError(
                f"The protocol cross-setup needs names of NTU RGB+D, not {sample.recording}.",
                remedy="Choose another protocol.",
            )
        setups[sample.recording] = int(match[1])
    return lambda sample: "test" if setups[sample.recording] % 2 else "train"


def _setting_1(dataset: Dataset, protocol: Protocol, _: int) -> Side:
    """Half of each class, whoever is seen."""
    rng = _drawn(protocol)
    tested: set[Path] = set()
    for label in range(len(dataset.classes)):
        paths = sorted({one.path for one in dataset.samples if one.label == label})
        places = rng.permutation(len(paths))[: len(paths) // 2]
        tested |= {paths[int(place)] for place in places}
    return lambda sample: "test" if sample.path in tested else "train"


def _setting_2(dataset: Dataset, protocol: Protocol, _: int) -> Side:
    """Half of the people."""
    need(dataset, "subject", protocol.name)
    subjects = _subjects(dataset)
    places = _drawn(protocol).permutation(len(subjects))[: len(subjects) // 2]
    tested = {subjects[int(place)] for place in places}
    return lambda sample: "test" if sample.subject in tested else "train"


def _drawn(protocol: Protocol) -> np.random.Generator:
    fold = protocol.numbers[0]
    if fold >= SETTING_FOLDS:
        raise UsageError(
            f"There is no fold {fold} of {protocol.name}.",
            remedy=f"Use {protocol.name}:F with F from 0 to {SETTING_FOLDS - 1}.",
        )
    return np.random.default_rng([SETTING_SEED, int(protocol.name[-1]), fold])


def _leave_one_out(dataset: Dataset, protocol: Protocol, _: int) -> Side:
    need(dataset, "subject", protocol.name)
    return _chosen_numbers(dataset, "subject", protocol, lambda sample: sample.subject)


def _kfold(dataset: Dataset, protocol: Protocol, _: int) -> Side:
    folds, fold = protocol.numbers
    key, groups = _folded(dataset), _groups(dataset)
    what = "subject" if key is subject_key else "recording"
    what += "s" * (len(groups) != 1)
    if not 2 <= folds <= len(groups) or not 0 <= fold < folds:
        raise UsageError(
            f"Fold {fold} of {folds} is not possible with {len(groups)} {what}.",
            path=dataset.path,
            remedy=f"Use kfold:K:I with K from 2 to {len(groups)} and I from 0 to K-1."
            if len(groups) > 1
            else "Add recordings, or use the protocol all, which tests nothing.",
        )
    drawn = np.random.default_rng([KFOLD_SEED, folds]).permutation(len(groups))
    tested = {groups[int(place)] for place in drawn[fold::folds]}
    return lambda sample: "test" if key(sample) in tested else "train"


# ---- custom ones


def _test_subjects(dataset: Dataset, protocol: Protocol, _: int) -> Side:
    need(dataset, "subject", protocol.name)
    return _chosen_numbers(dataset, "subject", protocol, lambda sample: sample.subject)


def _test_views(dataset: Dataset, protocol: Protocol, _: int) -> Side:
    if not _named(dataset, UCLA_NAME):
        need(dataset, "view", protocol.name)
    return _chosen_numbers(dataset, "view", protocol, view_of)


def _test_recordings(dataset: Dataset, protocol: Protocol, _: int) -> Side:
    names = {one.recording for one in dataset.samples}
    tested = set(recordings_named(dataset, protocol))
    unknown = sorted(tested - names)
    if unknown and (not tested & names or not _listed(protocol)):
        raise UsageError(
            f"There is no labelled recording {unknown[0]}.",
            path=dataset.path,
            remedy=nearest(unknown[0], sorted(names)[:10_000]),
        )
    return lambda sample: "test" if sample.recording in tested else "train"


def _test_annotators(dataset: Dataset, protocol: Protocol, _: int) -> Side:
    sources = {one.source for one in dataset.samples}
    for name in protocol.values:
        if name not in sources:
            raise UsageError(
                f"There are no clips of {name} here.",
                path=dataset.path,
                remedy=nearest(name, dataset.annotators)
                if dataset.annotators
                else "Choose another protocol: nobody labelled clips here.",
            )
    return lambda sample: "test" if sample.source in protocol.values else "train"


def _all(_: Dataset, __: Protocol, ___: int) -> Side:
    return lambda sample: "train"


def _chosen_numbers(
    dataset: Dataset, what: str, protocol: Protocol, number: Callable[[Sample], int | None]
) -> Side:
    """The samples with these numbers test; UsageError for a number that nobody has."""
    there = sorted({one for one in map(number, dataset.samples) if one is not None})
    for wanted in protocol.numbers:
        if wanted not in there:
            raise UsageError(
                f"There is no {what} {wanted}.",
                path=dataset.path,
                remedy=f"The {what}s are {', '.join(map(str, there))}.",
            )
    return lambda sample: "test" if number(sample) in protocol.numbers else "train"


RULES: dict[str, Rule] = {
    "cross-subject": Rule(_cross_subject, "cross-subject", people=True),
    "cross-view": Rule(_cross_view, "cross-view", takes=False),
    "cross-setup": Rule(_cross_setup, "cross-setup"),
    "setting-1": Rule(_setting_1, "setting-1:0", 1),
    "setting-2": Rule(_setting_2, "setting-2:0", 1, people=True),
    "leave-one-subject-out": Rule(_leave_one_out, "leave-one-subject-out:3", 1, people=True),
    "kfold": Rule(_kfold, "kfold:5:0", 2),
    "test-subjects": Rule(_test_subjects, "test-subjects:2,4,6", None, people=True),
    "test-views": Rule(_test_views, "test-views:3", None, takes=False),
    "test-recordings": Rule(
        _test_recordings, "test-recordings:take1,take2 or test-recordings:@list.txt", None
    ),
    "test-annotators": Rule(_test_annotators, "test-annotators:Ann", None),
    "all": Rule(_all, "all"),
}
PROTOCOLS = tuple(rule.like for rule in RULES.values())
NUMBERED = ("test-subjects", "test-views")  # lists of numbers


# ---- what the data tell


def recordings_named(dataset: Dataset, protocol: Protocol) -> tuple[str, ...]:
    """The names that test-recordings gives, from the list where it names one.

    A relative path of a list is below the dataset's folder. MissingError where it is not there.
    """
    if not _listed(protocol):
        return protocol.values
    folder = dataset.path if dataset.path.is_dir() else dataset.path.parent
    path = folder / protocol.text.partition(":@")[2].strip()
    try:
        with path.open(encoding="utf-8") as file:
            names = [line.strip() for line in file.read(MAX_LIST_BYTES).splitlines()]
    except (OSError, ValueError) as error:
        raise MissingError(
            f"The list of recordings cannot be read ({error}).",
            path=path,
            remedy="Give a text file with the name of one recording on each line.",
        ) from None
    return tuple(filter(None, names))


def _listed(protocol: Protocol) -> bool:
    return protocol.values[0].startswith("@")


def view_of(sample: Sample) -> int | None:
    """The view as the recording tells it, or its name in N-UCLA."""
    match = UCLA_NAME.fullmatch(sample.recording)
    return int(match[2]) if match is not None and sample.view is None else sample.view


def take_of(sample: Sample) -> str:
    """What several cameras saw at once, as names of NTU RGB+D and N-UCLA tell; else ""."""
    if NTU_NAME.fullmatch(sample.recording) is not None:
        return f"{sample.recording[:4]}{sample.recording[8:]}".upper()
    match = UCLA_NAME.fullmatch(sample.recording)
    return "" if match is None else match[1].lower()


def possible(dataset: Dataset) -> str:
    """A protocol that the dataset can follow: up to five folds, or all."""
    folds = min(5, len(_groups(dataset)))
    return f"kfold:{folds}:0" if folds > 1 else "all"


def need(dataset: Dataset, what: str, protocol: str) -> None:
    """UsageError where a "subject" or "view" is not known of every recording."""
    lacking = [s.recording for s in dataset.samples if getattr(s, what) is None]
    if lacking:
        raise UsageError(
            f"The protocol {protocol} needs the {what} of every recording; that of {lacking[0]} "
            "is not known.",
            path=dataset.path,
            remedy=f"Use {possible(dataset)}, which needs none.",
        )


def folds_by_subject(dataset: Dataset) -> bool:
    """Whether folds are made of subjects; of recordings where one is not known."""
    return all(sample.subject is not None for sample in dataset.samples)


def subject_key(sample: Sample) -> str:
    """The subject as a text that sorts like the number."""
    return f"{sample.subject:06d}"


def recording_key(sample: Sample) -> str:
    """The recording, wherever it lies."""
    return str(sample.path)


def _folded(dataset: Dataset) -> Callable[[Sample], str]:
    return subject_key if folds_by_subject(dataset) else recording_key


def _groups(dataset: Dataset) -> list[str]:
    """What is never torn apart into folds: subjects, or recordings where one is not known."""
    return sorted(set(map(_folded(dataset), dataset.samples)))


def _subjects(dataset: Dataset) -> Sequence[int]:
    return sorted({one.subject for one in dataset.samples if one.subject is not None})


def _named(dataset: Dataset, pattern: re.Pattern[str]) -> bool:
    return all(pattern.fullmatch(sample.recording) for sample in dataset.samples)


@lru_cache(maxsize=1)
def _published() -> frozenset[int]:
    """Training subjects of NTU RGB+D 120; the first forty are those of NTU RGB+D."""
    facts = json.loads(resource("datasets", "ntu_splits.json").read_text(encoding="utf-8"))
    return frozenset(facts["cross_subject_train"])
