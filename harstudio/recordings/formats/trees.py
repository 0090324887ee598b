"""Datasets that keep the streams of one trial in sibling folders, one for each modality.

People unpack the archives of such a dataset in many ways: with or without the outer folder,
nested twice, one folder a setup, or all files in one heap. A tree looks at the names of folders
only: a folder that is named after a modality belongs to its parent, and the first ancestor that
is not is the root of the dataset. The same root groups files in a scan and finds the siblings
of a file that is opened, so that both see the same trials.
"""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

MAX_CLIMB = 4
SETTLED_NS = 3_000_000_000


@dataclass(frozen=True, slots=True)
class Tree:
    """inside: the names of folders that belong to their parent. nested: folder names that may
    lie inside such a folder once more."""

    inside: re.Pattern[str]
    nested: tuple[str, ...] = ()

    def root(self, folder: Path) -> Path:
        """The folder that holds all modalities of the files in ``folder``."""
        for _ in range(MAX_CLIMB):
            if not self.inside.fullmatch(folder.name) or folder.parent == folder:
                break
            folder = folder.parent
        return folder

    def folders(self, folder: Path) -> list[Path]:
        """Every folder where a stream of a trial with a file in ``folder`` may lie."""
        root = self.root(folder)
        own = folder.relative_to(root).parts
        found = [root, *(p for p in [folder, *folder.parents] if root in p.parents)]
        try:
            names = sorted(p.name for p in root.iterdir() if self.inside.fullmatch(p.name))
        except OSError:
            names = []
        for name in names:
            beside = root / name
            found.append(beside)
            found += [beside / part for part in dict.fromkeys([name, *self.nested, *own[1:]])]
        return [p for p in dict.fromkeys(found) if p.is_dir()]


def holds(folder: Path, pattern: re.Pattern[str]) -> bool:
    """Whether any name in a folder matches; stops at the first, for folders of 100,000 names.

    The answer is remembered until the folder changes: opening a whole dataset trial by trial would
    else read every folder once a trial.
    """
    try:
        changed_ns = folder.stat().st_mtime_ns
    except OSError:
        return False
    if time.time_ns() - changed_ns < SETTLED_NS:  # the clock of a disk may be coarse
        return _matches(folder, pattern)
    return _remembered(folder, pattern, changed_ns)


@lru_cache(maxsize=1024)
def _remembered(folder: Path, pattern: re.Pattern[str], changed_ns: int) -> bool:
    return _matches(folder, pattern)


def _matches(folder: Path, pattern: re.Pattern[str]) -> bool:
    try:
        with os.scandir(folder) as entries:
            return any(pattern.fullmatch(entry.name) for entry in entries)
    except OSError:
        return False
