"""Protocols: which samples train, which choose the best epoch, and which test.

No recording, and where a protocol is about people no person, is ever in two parts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harstudio.errors import DataError, UsageError
from harstudio.learning.data.datasets import Dataset
from harstudio.learning.data.leaks import SHOWN, check_apart, same_content
from harstudio.learning.data.protocol_rules import (
    NUMBER,
    PROTOCOLS,
    SETTING_FOLDS,
    SETTING_SEED,
    Protocol,
    folds_by_subject,
    need,
    parse_protocol,
    possible,
    recordings_named,
)
from harstudio.learning.data.samples import Sample

__all__ = [
    "PROTOCOLS",
    "Parts",
    "about_people",
    "folds_of",
    "parse_protocol",
    "preferred",
    "remarks",
    "split",
]

VALIDATION_FROM = 4  # training subjects from which one is kept for validation


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
    - ``cross-view``: views 2 and 3 train, view 1 tests (NTU RGB+D); of recordings named as in
      N-UCLA views 1 and 2 train, view 3 tests.
    - ``cross-setup``: even setups train, odd ones test (NTU RGB+D 120).
    - ``setting-1:F``: half of the recordings of each class test, whoever is seen (SYSU 3D HOI);
      ``setting-2:F``: half of the people test. Folds F from 0 to 29. The authors' folds are not
      public: ours are drawn from one fixed seed.
    - ``leave-one-subject-out:N``: subject N tests.
    - ``kfold:K:I``: fold I (from 0) of K tests; folds of subjects, or of recordings where a
      subject is not known; the same whatever the seed.
    - ``test-subjects:2,4,6``, ``test-views:3``, ``test-recordings:take1,take2``: these test, all
      others train. ``test-recordings:@list.txt`` reads names from a file, one on each line.
    - ``test-annotators:Ann``: the recordings that Ann labelled test, by her clips; all others
      train, by those of other people. So no recording is in two parts.
    - ``all``: everything trains, nothing tests.

    validation_subjects: so many training subjects (drawn by the seed) validate instead of train;
    None is one where at least four train under a protocol that tests, else none.
    UsageError for an unknown protocol or one that the dataset cannot follow; DataError where
    nothing would train or something would be in two parts: a recording, under a protocol about
    people a person, and under one that is not about views what several cameras saw at once.
    """
    known = parse_protocol(protocol)
    side = known.rule.side(dataset, known, seed)
    sides = [side(sample) for sample in dataset.samples]
    train, test = (
        tuple(one for one, part in zip(dataset.samples, sides, strict=True) if part == name)
        for name in ("train", "test")
    )
    train, validation = _validation(train, known.name, validation_subjects, seed)
    parts = Parts(train, validation, test)
    if not parts.train or not (parts.test or known.name == "all"):
        missing = "test" if parts.train else "train"
        raise DataError(
            f"With {protocol} nothing would {missing}.",
            path=dataset.path,
            remedy=f"Choose another protocol, for example {possible(dataset)}, or add recordings.",
        )
    people = about_people(dataset, protocol)
    check_apart((train, validation, test), dataset.path, people=people, takes=known.rule.takes)
    return parts


def about_people(dataset: Dataset, protocol: str) -> bool:
    """Whether nobody may be in two parts under a protocol."""
    known = parse_protocol(protocol)
    return known.rule.people or (known.name == "kfold" and folds_by_subject(dataset))


def folds_of(dataset: Dataset, family: str) -> tuple[str, ...]:
    """All protocols of a family: ``leave-one-subject-out`` gives one for each subject,
    ``kfold:5`` five, ``setting-1`` and ``setting-2`` thirty, a whole protocol itself.

    UsageError where the family is unknown or the dataset cannot follow it.
    """
    name, *values = family.split(":")
    if name == "leave-one-subject-out" and not values:
        need(dataset, "subject", name)
        subjects = sorted({one.subject or 0 for one in dataset.samples})
        return tuple(f"{name}:{subject}" for subject in subjects)
    if name == "kfold" and len(values) == 1 and NUMBER.fullmatch(values[0]):
        first = parse_protocol(f"{family}:0")
        first.rule.side(dataset, first, 0)  # says where there are too few
        return tuple(f"{family}:{fold}" for fold in range(int(values[0])))
    if name in ("setting-1", "setting-2") and not values:
        return tuple(f"{name}:{fold}" for fold in range(SETTING_FOLDS))
    parse_protocol(family)
    return (family,)


def preferred(protocol: str) -> tuple[str, ...]:
    """The annotators whose clips count first under a protocol: those that test."""
    known = parse_protocol(protocol)
    return known.values if known.name == "test-annotators" else ()


def remarks(dataset: Dataset, protocol: str, parts: Parts) -> list[str]:
    """Sentences on a split that was made: folds of our own, samples in no part, recordings of a
    list that are not there, people in training and test of a custom split, and recordings that lie
    under two names, one that learns and one that tests."""
    known = parse_protocol(protocol)
    learned = (*parts.train, *parts.validation)
    told = [*_own_folds(known), *_unknown(dataset, known)]
    outside = len(dataset.samples) - len(learned) - len(parts.test)
    if outside:
        told.append(f"{_count(outside, 'clip')} in no part of {protocol}.")
    if known.name in ("test-recordings", "test-annotators"):
        both = {one.subject for one in learned} & {one.subject for one in parts.test} - {None}
        if both:
            told.append(f"{_count(len(both), 'person', 'people')} learned from and tested.")
    twice = same_content(learned, parts.test)
    if twice:
        named = "; ".join(f"{one} and {other}" for one, other in twice[:SHOWN])
        told.append(
            f"{_count(len(twice), 'recording')} learned from and tested under another name, "
            f"remove one of each: {named}."
        )
    return told


def _own_folds(protocol: Protocol) -> list[str]:
    if not protocol.name.startswith("setting-"):
        return []
    return [
        f"The folds of {protocol.name} are drawn from the seed {SETTING_SEED}: "
        "those of the authors are not public."
    ]


def _unknown(dataset: Dataset, protocol: Protocol) -> list[str]:
    if protocol.name != "test-recordings":
        return []
    there = {one.recording for one in dataset.samples}
    gone = sorted(set(recordings_named(dataset, protocol)) - there)
    if not gone:
        return []
    more = f" and {len(gone) - SHOWN} more" if len(gone) > SHOWN else ""
    return [f"Recordings of the list that are not here: {', '.join(gone[:SHOWN])}{more}."]


def _count(count: int, one: str, many: str = "") -> str:
    """ "1 clip is", "2 clips are" """
    return f"1 {one} is" if count == 1 else f"{count} {many or one + 's'} are"


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
