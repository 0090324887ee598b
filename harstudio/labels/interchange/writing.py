"""Labels into files: which ones they become, what must not be overwritten, what is told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from harstudio.errors import ConflictError, HarstudioError
from harstudio.labels.interchange import clocks, nova, pku_mmd, pyskl, registry, thumos
from harstudio.labels.interchange.base import Bundle, ForeignFormat, flattened
from harstudio.labels.interchange.losses import without_proposals
from harstudio.labels.interchange.rows import free_name
from harstudio.labels.keeping.names import Names

Part = tuple[Bundle, Path]


def write_files(
    bundle: Bundle,
    out: Path,
    format: str,  # noqa: A002 -- as --format
    *,
    overwrite: bool = False,
) -> tuple[list[Path], tuple[str, ...]]:
    """Write a bundle to a file, or to a folder where the format holds one recording a file.

    Returns the files and what they could not carry. ConflictError, before anything is written,
    where a file is there and may not be replaced; files beside it that this program did not write
    are never replaced.
    """
    known = registry.by_name(format)
    bundle, notes = without_proposals(bundle)
    bundle, shifted = clocks.for_writing(bundle, known)
    bundle, said = _told_apart(bundle)
    notes += [*shifted, *said]
    parts = _parts(bundle, out, known, notes)
    _check(parts, known, overwrite=overwrite)
    for part, path in parts:
        try:
            if known.NAME == thumos.NAME and thumos.is_set(path):
                notes += flattened(thumos.rewrite(part, path))
            else:
                notes += registry.write(part, path, known.NAME)
        except OSError as error:
            reason = error.strerror or str(error)
            raise HarstudioError(f"The labels cannot be written ({reason}).", path=path) from error
    return [path for _, path in parts], flattened(notes)


def _told_apart(bundle: Bundle) -> tuple[Bundle, list[str]]:
    """The bundle with a name for each recording; pseudonyms can make two names one."""
    taken: list[str] = []
    recordings, notes = [], []
    for labelled in bundle.recordings:
        name = free_name(labelled.recording, taken)
        taken.append(name)
        if name != labelled.recording:
            notes.append(
                f"Several recordings are called “{labelled.recording}”: one is written as “{name}”."
            )
            documents = tuple(replace(one, recording=name) for one in labelled.documents)
            labelled = replace(labelled, recording=name, documents=documents)
        recordings.append(labelled)
    return replace(bundle, recordings=tuple(recordings)), notes


def _parts(bundle: Bundle, out: Path, known: ForeignFormat, notes: list[str]) -> list[Part]:
    """What goes into which file, or folder of THUMOS14; no two into one."""
    ending = known.EXTENSIONS[0]
    each = known.ONE_FILE == "recording"
    if each and (out.is_dir() or len(bundle.recordings) > 1 or not out.suffix):
        return _one_each(bundle, out, known, notes)
    if known.NAME == thumos.NAME and (out.suffix == ending or thumos.is_set(out)):
        return [(bundle, out)]
    if out.is_dir():
        return [(bundle, out / ("labels" + ending))]
    return [(bundle, out if out.suffix else out.with_name(out.name + ending))]


def _one_each(bundle: Bundle, folder: Path, known: ForeignFormat, notes: list[str]) -> list[Part]:
    parts: list[Part] = []
    claimed = {folder / pku_mmd.CLASSES} if known.NAME == pku_mmd.NAME else set()
    stems: list[str] = []
    for one in bundle.recordings:
        part = replace(bundle, recordings=(one,))
        wanted = stem = Names(stems).safe(one.recording)
        number = 2
        while claimed & set(files := _files(part, folder / (stem + known.EXTENSIONS[0]), known)):
            stem, number = f"{wanted} {number}", number + 1
        if stem != wanted:
            notes.append(
                f"“{one.recording}” is in {files[0].name}; the name is that of another file."
            )
        stems.append(stem)
        claimed |= set(files)
        parts.append((part, files[0]))
    return parts


def _files(part: Bundle, path: Path, known: ForeignFormat) -> list[Path]:
    """The files that writing makes or takes away, the one that is named first."""
    if known.NAME == nova.NAME:
        return [path, *nova.files(part, path)]
    if known.NAME == pyskl.NAME and path.suffix.lower() == ".npz":
        return [path, path.with_suffix(".json")]
    return [path]


def _check(parts: Iterable[Part], known: ForeignFormat, *, overwrite: bool) -> None:
    """ConflictError where something is there that may not be replaced."""
    there: list[Path] = []
    for part, path in parts:
        files = _files(part, path, known)
        there += [file for file in files if file.exists() and not _is_empty_folder(file)]
        beside = [file for file in files[1:] if file.exists() and not _is_ours(file, known)]
        if known.NAME == pku_mmd.NAME and pku_mmd.is_foreign(path.with_name(pku_mmd.CLASSES)):
            beside.append(path.with_name(pku_mmd.CLASSES))
        if beside:
            raise ConflictError(
                f"This file is not from here and would be changed with {path.name}; nothing was "
                "written.",
                path=beside[0],
                remedy="Choose another folder.",
            )
    if there and not overwrite:
        more = f" and {len(there) - 1} more" if len(there) > 1 else ""
        raise ConflictError(
            f"There is a file already{more}; nothing was written.",
            path=there[0],
            remedy="Choose another place, or allow it to be replaced (--overwrite).",
        )


def _is_empty_folder(path: Path) -> bool:
    return path.is_dir() and not any(path.iterdir())


def _is_ours(path: Path, known: ForeignFormat) -> bool:
    if known.NAME == nova.NAME:
        return nova.is_ours(path)
    try:  # arrays of PYSKL and what is said about them are one
        return path.with_suffix(".npz").is_file() and b'"split"' in path.read_bytes()[:99]
    except OSError:
        return False
