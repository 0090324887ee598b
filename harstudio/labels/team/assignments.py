"""Who is to label which recording; the file assignments.toml of a project.

::

    [recordings]
    a1_s1_t1 = ["alice"]
    a1_s1_t2 = ["bob", "alice"]   # double annotation
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harstudio.errors import UsageError
from harstudio.labels.keeping.shared_file import damaged, read_toml, update_toml
from harstudio.labels.model import typed
from harstudio.labels.team.policy import merged

ASSIGNMENTS_FILE = "assignments.toml"


@dataclass(frozen=True, slots=True)
class Assignments:
    """Annotators by name of recording; a recording that is not in it is anybody's."""

    by_recording: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def of(self, annotator: str) -> tuple[str, ...]:
        """The recordings that an annotator is to label, in the file's order."""
        return tuple(name for name, who in self.by_recording.items() if annotator in who)

    def annotators(self, recording: str) -> tuple[str, ...]:
        """Who is to label a recording, () for anybody."""
        return self.by_recording.get(recording, ())

    def everybody(self) -> tuple[str, ...]:
        """Everybody who has something to label, sorted."""
        return tuple(sorted({one for who in self.by_recording.values() for one in who}))

    @classmethod
    def load(cls, folder: Path) -> Assignments:
        """The assignments of a project's folder, empty without a file; DataError when damaged."""
        path = folder / ASSIGNMENTS_FILE
        try:
            return cls(_parsed(read_toml(path)))
        except ValueError as error:
            raise damaged(path, error) from error


def assign(
    folder: Path, changes: Mapping[str, Sequence[str]], before: Assignments | None = None
) -> Assignments:
    """Assign recordings of a project's folder anew, () for anybody; the others stay.

    Returns what holds now. The file is read again first, so that what others assigned meanwhile
    stays. before: what the changes were made from, so that of a recording that others changed,
    too, both changes hold; without it theirs is lost. Errors as of ``update_toml``.
    """

    def change(now: Assignments) -> dict[str, tuple[str, ...]]:
        wanted = {name: tuple(dict.fromkeys(who)) for name, who in changes.items()}
        if before is None:
            return wanted
        return {
            name: merged(now.annotators(name), before.annotators(name), who)
            for name, who in wanted.items()
        }

    return _update(folder, change)[0]


def deal(
    folder: Path,
    recordings: Iterable[str],
    annotators: Sequence[str],
    double_share: float = 0.0,
) -> tuple[Assignments, int]:
    """``distribute`` what nobody has now; what holds then, and how many recordings were dealt.

    Errors as of ``distribute`` and ``update_toml``.
    """
    names = tuple(recordings)
    return _update(folder, lambda now: distribute(names, annotators, double_share, existing=now))


def _update(
    folder: Path, change: Callable[[Assignments], dict[str, tuple[str, ...]]]
) -> tuple[Assignments, int]:
    """What holds then, and how many recordings ``change`` gave for what the file says now."""
    after: dict[str, tuple[str, ...]] = {}
    count = 0

    def write(data: dict[str, Any]) -> None:
        nonlocal count
        after.update(_parsed(data))
        changes = change(Assignments(dict(after)))
        count = len(changes)
        after.update(changes)
        for name in [name for name, who in after.items() if not who]:
            del after[name]
        data["recordings"] = {name: list(who) for name, who in after.items()}

    update_toml(folder / ASSIGNMENTS_FILE, write)
    return Assignments(after), count


def distribute(
    recordings: Iterable[str],
    annotators: Sequence[str],
    double_share: float = 0.0,
    seed: int = 0,
    existing: Assignments | None = None,
) -> dict[str, tuple[str, ...]]:
    """Deal recordings out evenly; the same arguments always give the same.

    double_share: in [0, 1], of the recordings dealt, rounded; these get two annotators, for
    agreement, and every pair of annotators is met about equally often. existing: recordings in
    it are not dealt again, and count for the load of their annotators. Nobody gets more than
    one recording more than another, unless existing says so already.
    Returns annotators by recording, in the order of ``recordings``; ``assign`` takes it.
    UsageError without annotators, or with one where pairs are wanted.
    """
    people = list(dict.fromkeys(annotators))
    existing = existing or Assignments()
    names = [name for name in dict.fromkeys(recordings) if not existing.annotators(name)]
    doubles = round(double_share * len(names))
    if not 0 <= double_share <= 1:
        raise UsageError(f"The share of double annotation must lie in 0 to 1, not {double_share}.")
    if not people:
        raise UsageError("Name at least one annotator.")
    if doubles and len(people) < 2:
        raise UsageError("Double annotation needs two annotators at least.")
    load, pairs = Counter({one: len(existing.of(one)) for one in people}), _pairs(existing)
    dealt = {}
    for place, name in enumerate(sorted(names, key=lambda name: _shuffled(name, seed))):
        first = min(people, key=lambda one: (load[one], people.index(one)))
        who = [first]
        if place < doubles:
            others = (one for one in people if one != first)
            who.append(min(others, key=lambda one: (load[one], pairs[frozenset((one, first))])))
            pairs[frozenset(who)] += 1
        load.update(who)
        dealt[name] = tuple(who)
    return {name: dealt[name] for name in names}


def _pairs(existing: Assignments) -> Counter[frozenset[str]]:
    return Counter(
        frozenset((one, other))
        for who in existing.by_recording.values()
        for place, one in enumerate(who)
        for other in who[:place]
    )


def _shuffled(name: str, seed: int) -> bytes:
    return hashlib.sha256(f"{seed}/{name}".encode("utf-8", "surrogatepass")).digest()


def _parsed(data: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    found = {}
    for name, who in typed(data, "recordings", dict, {}).items():
        if not isinstance(who, list) or not all(isinstance(one, str) for one in who):
            raise ValueError(f"“{name}” must have a list of annotators")
        found[name] = tuple(dict.fromkeys(who))
    return found
