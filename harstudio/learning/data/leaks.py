"""Leaks: the same recording, person, take or content in two parts."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from harstudio.errors import DataError
from harstudio.learning.data.protocol_rules import recording_key, subject_key, take_of
from harstudio.learning.data.samples import Sample

ENDS_BYTES = 1 << 16  # of a file that are compared, from both ends
SHOWN = 3  # pairs that a sentence names

Part = Sequence[Sample]


def check_apart(parts: Sequence[Part], path: Path, *, people: bool, takes: bool) -> None:
    """DataError where a recording is in two parts, where ``people`` a person, where ``takes`` what
    several cameras saw at once."""
    apart("recording", parts, recording_key, path)
    if people:
        apart("subject", parts, subject_key, path)
    if takes:
        known = [[one for one in part if take_of(one)] for part in parts]
        apart("take", known, take_of, path)


def apart(what: str, parts: Iterable[Part], key: Callable[[Sample], str], path: Path) -> None:
    """DataError where two parts share a key."""
    seen: set[str] = set()
    for part in parts:
        own = set(map(key, part))
        twice = seen & own
        if twice:
            raise DataError(
                f"The {what} {min(twice)} would be in two parts.",
                path=path,
                remedy="Keep all views of a take in one part, or use cross-view."
                if what == "take"
                else "Choose another protocol.",
            )
        seen |= own


def same_content(learned: Part, tested: Part) -> list[tuple[Path, Path]]:
    """Recordings that lie under two names, one in each part: the learned path and the tested one.

    Only files of one size are read, and of those the first and last 64 KiB. Of a folder the
    largest file counts, and the size of all its files.
    """
    sizes: dict[int, list[Path]] = defaultdict(list)
    for path in _paths(learned):
        sizes[_size(path)].append(path)
    digests: dict[int, dict[bytes, Path]] = {}
    pairs = []
    for path in _paths(tested):
        size = _size(path)
        if size not in sizes or size <= 0:
            continue
        if size not in digests:
            digests[size] = {_ends(one): one for one in reversed(sizes[size])}
        alike = digests[size].get(_ends(path))
        if alike is not None and alike != path:
            pairs.append((alike, path))
    return pairs


def _paths(samples: Part) -> list[Path]:
    return sorted({one.path for one in samples})


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        return [one for one in path.iterdir() if one.is_file()]
    return [path] if path.is_file() else []


def _size(path: Path) -> int:
    try:
        return sum(one.stat().st_size for one in _files(path))
    except OSError:
        return -1


def _ends(path: Path) -> bytes:
    """A digest of what a recording begins and ends with; that of its path where it cannot be
    read, which nothing else has."""
    try:
        largest = max(_files(path), key=lambda one: (one.stat().st_size, one.name))
        with largest.open("rb") as file:
            digest = hashlib.sha256(file.read(ENDS_BYTES))
            file.seek(max(ENDS_BYTES, largest.stat().st_size - ENDS_BYTES))
            digest.update(file.read(ENDS_BYTES))
    except (OSError, ValueError):
        return str(path).encode()
    return digest.digest()
