"""What a scan of a folder finds, and what a format module has to offer.

A format is a module with ``NAME`` and the functions of ``Format``; it is added to the room by
one line in ``formats/__init__.py``.
"""

from __future__ import annotations

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


class Format(Protocol):
    """A format module."""

    NAME: str

    def recognises(self, path: Path) -> bool:
        """Whether this path (file or folder) is a recording of this format; cheap."""
        ...

    def open_recording(self, path: Path) -> Recording:
        """The whole recording that the path belongs to; headers only, frames when asked for."""
        ...
