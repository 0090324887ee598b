"""Whether weights to start from have seen what a training tests on."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harstudio.errors import DataError
from harstudio.learning.config_checks import config_of_run
from harstudio.learning.data.protocols import Parts
from harstudio.learning.data.samples import Sample
from harstudio.learning.weights.importing import IMPORTED
from harstudio.runs.folder import RunFolder, is_run
from harstudio.runs.reading import read_json

ALIKE_NS = 1_000_000  # that a stretch may differ in another format of the same recording
PARTS = ("train", "validation", "test")


@dataclass(frozen=True, slots=True)
class Seen:
    """What a run saw. data: the name of its data's folder. trained: the clips that it learned from.
    chose: those that chose its epoch. recordings: the names of all that it knows."""

    run: Path
    data: str
    trained: tuple[Sample, ...]
    chose: tuple[Sample, ...]
    recordings: frozenset[str]


def check_start(
    start: Path, parts: Parts, data: str, *, people: bool, by_test: bool = False
) -> list[str]:
    """DataError where a run to start from, or one that it started from itself, has seen the parts.

    No clip that tests may have taught those weights or chosen their epoch, none that validates may
    have taught them. A clip is known by its recording's name and its stretch to the millisecond,
    in data of the same folder name by a stretch that overlaps. people: under a protocol about
    people nor may the person have, in the same data. data: the name of their folder. by_test: the
    test part chooses the epoch of this training too, which its figures say.

    Gives sentences about runs that do not say what they learned from. Imported weights learned from
    no data of ours.
    """
    told: list[str] = []
    for folder in _chain(start):
        seen = _seen(folder, by_test)
        if seen is None:
            told.append(f"What the weights of {folder} learned from is not known.")
            continue
        _refuse("test", parts.test, (*seen.trained, *seen.chose), seen, data, people)
        _refuse("validate", parts.validation, seen.trained, seen, data, people)
    return told


def _refuse(
    does: str,
    part: Sequence[Sample],
    learned: Sequence[Sample],
    seen: Seen,
    data: str,
    people: bool,
) -> None:
    same_name = seen.data.casefold() == data.casefold()
    stretches = defaultdict(list)
    for one in learned:
        stretches[one.recording].append((one.start_ns, one.end_ns))
    clips = [one for one in part if _known(one, stretches[one.recording], same_name)]
    remedy = "Start from other weights, or choose another protocol"
    remedy += ", or validation_subjects = 0." if does == "validate" else "."
    if clips:
        raise DataError(
            f"The weights to start from have seen {len(clips)} of the {len(part)} clips that "
            f"{does}, such as {clips[0].recording}.",
            path=seen.run,
            remedy=remedy,
        )
    if not (people and same_name and any(one.recording in seen.recordings for one in part)):
        return
    known = _subjects(part) & _subjects(learned)
    if known:
        clips = [one for one in part if one.subject in known]
        raise DataError(
            f"The weights to start from have seen the people of {len(clips)} of the {len(part)} "
            f"clips that {does}: subject {', '.join(map(str, sorted(known)))}.",
            path=seen.run,
            remedy=remedy,
        )


def _known(sample: Sample, stretches: Iterable[tuple[int, int]], overlap: bool) -> bool:
    start, end = sample.start_ns, sample.end_ns
    return any(
        (overlap and start < other_end and other_start < end)
        or max(abs(start - other_start), abs(end - other_end)) <= ALIKE_NS
        for other_start, other_end in stretches
    )


def _subjects(samples: Iterable[Sample]) -> set[int]:
    return {one.subject for one in samples if one.subject is not None}


def _chain(start: Path) -> Iterable[Path]:
    """The run, the one that it started from, and so on; imported weights end it."""
    passed: set[Path] = set()
    while start not in passed and not (start / IMPORTED).is_file():
        passed.add(start)
        yield start
        if not is_run(start):
            return  # a copy of weights, or moved, or taken away
        before = config_of_run(RunFolder(start)).training.start
        if not before:
            return
        start = Path(before)


def _seen(folder: Path, by_test: bool) -> Seen | None:
    """What a run saw, by its data.json; None where it does not say, DataError where damaged."""
    run = RunFolder(folder)
    if not is_run(folder) or not run.data.is_file():
        return None
    document = read_json(run.data)
    if not isinstance(document, dict) or "parts" not in document:
        return None
    try:
        train, validation, test = (_samples(document["parts"][name]) for name in PARTS)
        name = Path(document["path"]).name
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(
            f"It is damaged ({error}).", path=run.data, remedy="Start from other weights."
        ) from None
    chosen_by_test = config_of_run(run).training.select == "test" and not by_test
    everything = (*train, *validation, *test)
    return Seen(
        folder,
        name,
        train,
        (*validation, *(test if chosen_by_test else ())),
        frozenset(one.recording for one in everything),
    )


def _samples(listed: list[dict[str, Any]]) -> tuple[Sample, ...]:
    return tuple(Sample(**{**one, "path": Path(one["path"])}) for one in listed)
