"""Protocols: which samples train, which choose the best epoch, and which test.

No recording, and where a protocol is about people no person, is ever in two parts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from harstudio.errors import DataError, UsageError
from harstudio.learning.datasets import Dataset
from harstudio.learning.samples import Sample
from harstudio.resources import resource
from harstudio.runs.config import nearest

PROTOCOLS = (
    "cross-subject",
    "cross-view",
    "cross-setup",
    "leave-one-subject-out:3",
    "kfold:5:0",
    "all",
)
VALIDATION_FROM = 4  # training subjects from which one is kept for validation
NUMBER = re.compile("[0-9]{1,9}")
NTU_NAME = re.compile(r"S(\d{3})C(\d{3})P(\d{3})R\d{3}A\d{3}", re.IGNORECASE)

Side = Callable[[Sample], "str | None"]  # "train", "test", or None for neither


@dataclass(frozen=True, slots=True)
class Parts:
    """The samples of each part, in the order of the dataset."""

    train: tuple[Sample, ...]
    validation: tuple[Sample, ...]
    test: tuple[Sample, ...]


def split(
    dataset: Dataset, protocol: str, *, validation_subjects: int | None = None, seed: int = 0
) -> Parts:
    """Split a dataset by a protocol:

    - ``cross-subject``: NTU RGB+D by its published lists of training subjects; anything else odd
      subjects train, even ones test (as UTD-MHAD prints).
    - ``cross-view``: views 2 and 3 train, view 1 tests (NTU RGB+D).
    - ``cross-setup``: even setups train, odd ones test (NTU RGB+D 120).
    - ``leave-one-subject-out:N``: subject N tests.
    - ``kfold:K:I``: fold I (from 0) of K tests; folds of subjects, or of recordings where a
      subject is not known.
    - ``all``: everything trains, nothing tests.

    validation_subjects: so many training subjects (drawn by the seed) validate instead of train;
    None is one where at least four train under a protocol that tests, else none.
    UsageError for an unknown protocol or one that the dataset cannot follow; DataError where
    nothing would train or a recording would be in two parts.
    """
    name, values = parse_protocol(protocol)
    side = _RULES[name][1](dataset, values, seed)
    train = tuple(sample for sample in dataset.samples if side(sample) == "train")
    test = tuple(sample for sample in dataset.samples if side(sample) == "test")
    train, validation = _validation(train, name, validation_subjects, seed)
    parts = Parts(train, validation, test)
    _check(dataset, protocol, parts, by_subject=name in BY_SUBJECT)
    return parts


def parse_protocol(protocol: str) -> tuple[str, list[int]]:
    """Name and numbers of a protocol; UsageError where it is not written like one."""
    name, *numbers = protocol.split(":")
    if name not in _RULES:
        raise UsageError(f"There is no protocol {protocol}.", remedy=nearest(protocol, PROTOCOLS))
    like = next(one for one in PROTOCOLS if one.split(":")[0] == name)
    if len(numbers) != _RULES[name][0] or not all(map(NUMBER.fullmatch, numbers)):
        raise UsageError(f"There is no protocol {protocol}.", remedy=f"Write it like {like}.")
    return name, [int(number) for number in numbers]


# ---- the protocols


def _cross_subject(dataset: Dataset, _: Sequence[int], __: int) -> Side:
    _need(dataset, "subject", "cross-subject")
    if all(NTU_NAME.fullmatch(sample.recording) for sample in dataset.samples):
        training = _published()
        return lambda sample: "train" if sample.subject in training else "test"
    return lambda sample: "train" if (sample.subject or 0) % 2 else "test"


def _cross_view(dataset: Dataset, _: Sequence[int], __: int) -> Side:
    _need(dataset, "view", "cross-view")
    sides = {1: "test", 2: "train", 3: "train"}
    return lambda sample: sides.get(sample.view or 0)


def _cross_setup(dataset: Dataset, _: Sequence[int], __: int) -> Side:
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


def _leave_one_out(dataset: Dataset, values: Sequence[int], _: int) -> Side:
    _need(dataset, "subject", "leave-one-subject-out")
    subjects = sorted({sample.subject for sample in dataset.samples if sample.subject is not None})
    if values[0] not in subjects:
        raise UsageError(
            f"There is no subject {values[0]}.",
            path=dataset.path,
            remedy=f"The subjects are {', '.join(map(str, subjects))}.",
        )
    return lambda sample: "test" if sample.subject == values[0] else "train"


def _kfold(dataset: Dataset, values: Sequence[int], seed: int) -> Side:
    folds, fold = values
    key, groups = _folded(dataset), _groups(dataset)
    what = "subject" if key is _subject else "recording"
    what += "s" * (len(groups) != 1)
    if not 2 <= folds <= len(groups) or not 0 <= fold < folds:
        raise UsageError(
            f"Fold {fold} of {folds} is not possible with {len(groups)} {what}.",
            path=dataset.path,
            remedy=f"Use kfold:K:I with K from 2 to {len(groups)} and I from 0 to K-1."
            if len(groups) > 1
            else "Add recordings, or use the protocol all, which tests nothing.",
        )
    drawn = np.random.default_rng([seed, folds]).permutation(len(groups))
    tested = {groups[int(place)] for place in drawn[fold::folds]}
    return lambda sample: "test" if key(sample) in tested else "train"


def _all(_: Dataset, __: Sequence[int], ___: int) -> Side:
    return lambda sample: "train"


Rule = Callable[[Dataset, Sequence[int], int], Side]
_RULES: dict[str, tuple[int, Rule]] = {
    "cross-subject": (0, _cross_subject),
    "cross-view": (0, _cross_view),
    "cross-setup": (0, _cross_setup),
    "leave-one-subject-out": (1, _leave_one_out),
    "kfold": (2, _kfold),
    "all": (0, _all),
}
BY_SUBJECT = ("cross-subject", "leave-one-subject-out")


def _folds(dataset: Dataset) -> str:
    """A protocol that the dataset can follow: up to five folds, or all."""
    folds = min(5, len(_groups(dataset)))
    return f"kfold:{folds}:0" if folds > 1 else "all"


def _groups(dataset: Dataset) -> list[str]:
    """What is never torn apart into folds: subjects, or recordings where one is not known."""
    return sorted(_set(dataset.samples, _folded(dataset)))


def _folded(dataset: Dataset) -> Callable[[Sample], str]:
    subjects = all(sample.subject is not None for sample in dataset.samples)
    return _subject if subjects else _recording


def _subject(sample: Sample) -> str:
    return f"{sample.subject:06d}"


def _recording(sample: Sample) -> str:
    return str(sample.path)


def _need(dataset: Dataset, what: str, protocol: str) -> None:
    lacking = [s.recording for s in dataset.samples if getattr(s, what) is None]
    if lacking:
        raise UsageError(
            f"The protocol {protocol} needs the {what} of every recording; that of {lacking[0]} "
            "is not known.",
            path=dataset.path,
            remedy=f"Use {_folds(dataset)}, which needs none.",
        )


@lru_cache(maxsize=1)
def _published() -> frozenset[int]:
    """Training subjects of NTU RGB+D 120; the first forty are those of NTU RGB+D."""
    facts = json.loads(resource("datasets", "ntu_splits.json").read_text(encoding="utf-8"))
    return frozenset(facts["cross_subject_train"])


# ---- validation and the check


def _validation(
    train: tuple[Sample, ...], protocol: str, count: int | None, seed: int
) -> tuple[tuple[Sample, ...], tuple[Sample, ...]]:
    subjects = sorted({sample.subject for sample in train if sample.subject is not None})
    if count is None:
        known = all(sample.subject is not None for sample in train)
        enough = known and len(subjects) >= VALIDATION_FROM and protocol != "all"
        count = 1 if enough else 0
    if count == 0:
        return train, ()
    if not 0 < count < len(subjects):
        raise UsageError(
            f"{count} subjects cannot validate where {len(subjects)} train.",
            remedy=f"Use validation_subjects from 0 to {max(0, len(subjects) - 1)}.",
        )
    drawn = np.random.default_rng([seed, count]).permutation(len(subjects))[:count]
    chosen = {subjects[int(place)] for place in drawn}
    return (
        tuple(sample for sample in train if sample.subject not in chosen),
        tuple(sample for sample in train if sample.subject in chosen),
    )


def _check(dataset: Dataset, protocol: str, parts: Parts, *, by_subject: bool) -> None:
    """DataError where nothing trains, nothing tests, or something is in two parts."""
    if not parts.train or not (parts.test or protocol == "all"):
        missing = "test" if parts.train else "train"
        raise DataError(
            f"With {protocol} nothing would {missing}.",
            path=dataset.path,
            remedy=f"Choose another protocol, for example {_folds(dataset)}, or add recordings.",
        )
    _apart("recording", (_set(part, _recording) for part in _all_parts(parts)), dataset)
    if by_subject:
        _apart("subject", (_set(part, _subject) for part in _all_parts(parts)), dataset)


def _all_parts(parts: Parts) -> tuple[tuple[Sample, ...], ...]:
    return parts.train, parts.validation, parts.test


def _set(samples: Iterable[Sample], key: Callable[[Sample], str]) -> set[str]:
    return {key(sample) for sample in samples}


def _apart(what: str, sets: Iterable[set[str]], dataset: Dataset) -> None:
    seen: set[str] = set()
    for one in sets:
        twice = seen & one
        if twice:
            raise DataError(
                f"The {what} {min(twice)} would be in two parts.",
                path=dataset.path,
                remedy="Choose another protocol.",
            )
        seen |= one
