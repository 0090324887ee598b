"""Every way into a recording: the registry of formats, opening a path, scanning a folder."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from harstudio.errors import MissingError, UnknownFormatError
from harstudio.recordings.formats import harrec, ntu, pictures, utd_mhad, video_file
from harstudio.recordings.formats.found import Claim, Format, Found, Listing, Problem, Scanner
from harstudio.recordings.recording import Recording

# Asked in this order: exact names first, plain pictures and videos last.
FORMATS: tuple[Format, ...] = (
    harrec,
    utd_mhad,
    ntu,
    pictures,
    video_file,
)

SUPPORTED = (
    "UTD-MHAD trials (a1_s1_t1_depth.mat), NTU RGB+D samples (S001C001P001R001A001.skeleton), "
    "HARStudio's own .harrec folders, folders of pictures, and video files"
)
LOOK_INTO_ENTRIES = 50_000  # how far opening a folder looks for the one recording in it


@dataclass(frozen=True, slots=True)
class ScanResult:
    """Everything a scan found; recordings in the order of formats, then of the walk."""

    recordings: tuple[Found, ...]
    problems: tuple[Problem, ...]
    formats: dict[str, int]


def open_recording(path: Path | str) -> Recording:
    """The whole recording that a file or folder belongs to; frames are read when asked for.

    Any file of a trial opens the trial. A folder that holds exactly one recording opens it.
    MissingError where nothing is there, UnknownFormatError where no format knows the path,
    DataError where its files are damaged.
    """
    path = Path(path).expanduser().absolute()
    if not path.exists():
        raise MissingError("There is no such file or folder.", path=path)
    for known in FORMATS:
        if known.recognises(path):
            return known.open_recording(path)
    if not path.is_dir():
        if pictures.holds_pictures(path):
            return pictures.open_recording(path)  # says why these pictures are no recording
        raise UnknownFormatError(
            "No format knows this file.", path=path, remedy=f"HARStudio opens {SUPPORTED}."
        )
    return _open_only(path)


def _open_only(folder: Path) -> Recording:
    looked = 0

    def count(entries: int) -> None:
        nonlocal looked
        looked = entries

    result = scan(folder, count, lambda: looked > LOOK_INTO_ENTRIES)
    whole = looked <= LOOK_INTO_ENTRIES
    if len(result.recordings) == 1 and whole:
        return open_recording(result.recordings[0].path)
    if result.recordings or not whole:
        many = f"{len(result.recordings)} recordings" if whole else "a whole dataset"
        raise UnknownFormatError(
            f"This folder holds {many}, not one recording.",
            path=folder,
            remedy="Open one of its files, or look through all of them with a scan.",
        )
    if looked and pictures.holds_pictures(folder):
        return pictures.open_recording(folder)
    raise UnknownFormatError(
        "There is no recording in this folder." if looked else "This folder is empty.",
        path=folder,
        remedy=f"HARStudio opens {SUPPORTED}.",
    )


def scan(
    folder: Path | str,
    progress: Callable[[int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> ScanResult:
    """Find every recording under a folder, without opening any.

    Files are looked at from both ends, so that one that is empty, cut off or something else than
    its name says is a problem. A trial of a dataset is listed also when nothing of it can be shown
    (it has no streams then); a plain video is not.

    progress: called with the number of files and folders seen so far. cancelled: asked between
    folders; when it says so, the recordings seen until then are given, without problems of those
    that may be only half seen.
    """
    folder = Path(folder).expanduser().absolute()
    if not folder.is_dir():
        raise MissingError("There is no such folder.", path=folder)
    scanners = [known.scanner() for known in FORMATS]
    unreadable: list[Problem] = []
    claims: list[list[Claim]] = [[] for _ in scanners]
    seen, stopped = 0, False
    pending = [folder]
    linked = {folder.resolve()}
    while pending:
        if cancelled is not None and cancelled():
            stopped = True
            break
        listing = _list(pending.pop(), linked, unreadable)
        seen += len(listing.files) + len(listing.folders)
        inner = _show(listing, scanners, claims)
        pending += [listing.folder / name for name in reversed(inner)]
        if progress is not None:
            progress(seen)
    for scanner, own in zip(scanners, claims, strict=True):
        last = scanner.finish()
        own.append(Claim(recordings=last.recordings) if stopped else last)
    return _result(claims, unreadable)


def _list(folder: Path, linked: set[Path], unreadable: list[Problem]) -> Listing:
    """The names in a folder, hidden ones left out; links to one folder are followed once."""
    files: list[str] = []
    folders: list[str] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if not entry.is_dir():
                    files.append(entry.name)
                elif not entry.is_symlink() or _is_new(Path(entry.path).resolve(), linked):
                    folders.append(entry.name)
    except OSError as error:
        unreadable.append(Problem(folder, f"The folder cannot be read ({error.strerror})."))
    return Listing(folder, tuple(sorted(files)), tuple(sorted(folders)))


def _is_new(target: Path, linked: set[Path]) -> bool:
    if target in linked:
        return False
    linked.add(target)
    return True


def _show(listing: Listing, scanners: list[Scanner], claims: list[list[Claim]]) -> tuple[str, ...]:
    """Show a listing to all scanners in turn; the folders that nobody claimed are left."""
    for scanner, own in zip(scanners, claims, strict=True):
        claim = scanner.visit(listing)
        if claim.recordings or claim.problems:
            own.append(claim)
        if claim.files or claim.folders:
            files, folders = set(claim.files), set(claim.folders)
            listing = Listing(
                listing.folder,
                tuple(name for name in listing.files if name not in files),
                tuple(name for name in listing.folders if name not in folders),
            )
    return listing.folders


def _result(claims: list[list[Claim]], unreadable: list[Problem]) -> ScanResult:
    def all_claims() -> Iterator[Claim]:
        for own in claims:
            yield from own

    recordings = tuple(found for claim in all_claims() for found in claim.recordings)
    problems = [problem for claim in all_claims() for problem in claim.problems]
    counts = Counter(found.format for found in recordings)
    return ScanResult(recordings, (*unreadable, *problems), dict(counts))
