"""Every error a user can meet: what is wrong, in which file, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


class HarstudioError(Exception):
    """One plain sentence a person can act on.

    ``str(error)`` reads "<file>: <message> <remedy>"; the parts stay apart for the window.
    """

    exit_code = 1

    def __init__(self, message: str, *, path: Path | str | None = None, remedy: str = "") -> None:
        self.message = message.strip()
        self.path = None if path is None else Path(path)
        self.remedy = remedy.strip()
        super().__init__(str(self))

    def __str__(self) -> str:
        start = f"{self.path}: " if self.path is not None else ""
        return start + self.sentence

    @property
    def sentence(self) -> str:
        """Message and remedy, for where the file is named already."""
        return " ".join(part for part in (self.message, self.remedy) if part)

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.message, self.path, self.remedy))


def _rebuild(
    kind: type[HarstudioError], message: str, path: Path | None, remedy: str
) -> HarstudioError:
    return kind(message, path=path, remedy=remedy)


class DataError(HarstudioError):
    """A file is damaged, incomplete or not what its name says."""


def together(errors: Sequence[DataError]) -> DataError:
    """One error for several files, each named once; a single error is itself."""
    return errors[0] if len(errors) == 1 else DataError(" ".join(map(str, errors)))


class UnknownFormatError(HarstudioError):
    """No format recognises the path."""


class MissingError(HarstudioError):
    """A file, folder, stream or modality that was asked for is not there."""


class UsageError(HarstudioError):
    """The command or the call was wrong, not the data."""

    exit_code = 2


class ConflictError(HarstudioError):
    """Somebody else changed or holds the file; nothing was overwritten."""
