"""Names of recordings in names of files: what a table or project calls its videos by."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath

RECORDING_FOLDER = ".harrec"


def stem_of(source: str) -> str:
    """The name of the recording that a file is of: its stem, or that of our folder it lies in."""
    path = _path(source)
    folder = path.parent
    if folder.suffix.lower() == RECORDING_FOLDER:
        return folder.stem
    return path.stem or source


def names_of(sources: Iterable[str]) -> dict[str, str]:
    """The name of each source: its stem, and all of it where two folders have one of that stem."""
    folders: dict[str, set[str]] = {}
    there = dict.fromkeys(sources)
    for source in there:
        folders.setdefault(stem_of(source), set()).add(str(_path(source).parent))
    return {
        source: source if len(folders[stem_of(source)]) > 1 else stem_of(source) for source in there
    }


def _path(source: str) -> PurePath:
    return PurePath(source.replace("\\", "/").rstrip("/"))  # paths of Windows too
