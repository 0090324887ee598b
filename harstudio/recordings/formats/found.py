"""What a scan of a folder finds, and what a format module has to offer.

A format is a module with the four names of ``Format``: ``NAME``, ``recognises``,
``open_recording`` and ``scanner``. It is added to the room by one line in
``formats/__init__.py``; the order there decides who is asked first (datasets with exact names
before plain pictures and videos).

How a scan works. One walk goes through the folders; each folder is listed once and shown to
every format's scanner in the order of the registry. A scanner answers with a ``Claim``: which
of the files and folders are its own. Claimed files are not shown to the formats after it;
claimed folders are not walked into (a folder of ten thousand depth pictures costs one name).
Recordings whose streams lie in several folders (UTD-MHAD, NTU RGB+D) are given when the walk is
over, by ``finish``. A scanner works from names and from the first and last bytes of files
(``first_look``); it decodes nothing.

A format whose recordings are each one file or one folder needs only a function from a listing
to a claim::

    def scanner() -> Scanner:
        return OneByOne(_claim)

    def _claim(listing: Listing) -> Claim:
        names = [n for n in listing.files if n.casefold().endswith(SUFFIXES)]
        found = [Found(listing.folder / n, NAME, Path(n).stem, None, None, None, ("color",))
                 for n in names]
        return Claim(files=names, recordings=found)
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from harstudio.recordings.recording import Action, Recording


@dataclass(frozen=True, slots=True)
class Found:
    """A recording that a scan found, known from names and headers only."""

    path: Path
    format: str
    name: str
    subject: int | None
    view: int | None
    action: Action | None
    streams: tuple[str, ...]  # kinds


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in a scanned folder that is not whole."""

    path: Path
    message: str


@dataclass(frozen=True, slots=True)
class Listing:
    """One folder: its files and folders, sorted, as names."""

    folder: Path
    files: tuple[str, ...]
    folders: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Claim:
    """What a scanner takes out of one listing, and what it already knows about it."""

    files: Collection[str] = ()
    folders: Collection[str] = ()
    recordings: Sequence[Found] = ()
    problems: Sequence[Problem] = ()


class Scanner(Protocol):
    """One format's part in one scan; holds what it saw until the walk is over."""

    def visit(self, listing: Listing) -> Claim:
        """Look at one folder; what other formats claimed is no longer in the listing."""
        ...

    def finish(self) -> Claim:
        """The recordings and problems that could be told only after the whole walk."""
        ...


class OneByOne:
    """The scanner of a format whose recordings are each one file or one folder."""

    def __init__(self, claim: Callable[[Listing], Claim]) -> None:
        self._claim = claim

    def visit(self, listing: Listing) -> Claim:
        return self._claim(listing)

    def finish(self) -> Claim:
        return Claim()


class Format(Protocol):
    """A format module."""

    NAME: str

    def recognises(self, path: Path) -> bool:
        """Whether this path (file or folder) is, or belongs to, one recording; cheap."""
        ...

    def open_recording(self, path: Path) -> Recording:
        """The whole recording that the path belongs to; headers only, frames when asked for."""
        ...

    def scanner(self) -> Scanner:
        """A fresh scanner for one scan."""
        ...
