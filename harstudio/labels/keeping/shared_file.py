"""Small TOML files that several people change: read again, changed and replaced under a lock."""

from __future__ import annotations

import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tomli_w

from harstudio.errors import ConflictError, DataError, HarstudioError, UsageError
from harstudio.files import write_atomically
from harstudio.labels.keeping.lock import Lock

PATIENCE_S = 3.0
PAUSE_S = 0.05


def read_toml(path: Path) -> dict[str, Any]:
    """The file's content, {} when there is none; DataError when it is damaged or unreadable."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(f"The file cannot be read ({reason}).", path=path) from error
    except ValueError as error:  # not TOML, not UTF-8
        raise damaged(path, error) from error


def damaged(path: Path, error: ValueError) -> DataError:
    """The error for a file whose content is not what it must be."""
    return DataError(
        f"The file is damaged: {str(error).rstrip('.')}.", path=path, remedy="Correct it by hand."
    )


def update_toml(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Let ``change`` alter what the file holds now, and replace the file.

    Changes of several people at one moment come one after the other, none is lost.
    ConflictError when somebody holds the file for longer than 3 s, HarstudioError when nothing
    can be written there; ValueErrors of ``change`` mean that the file is damaged (DataError).
    """
    try:
        lock = _lock(path)
        try:
            data = read_toml(path)
            try:
                change(data)
            except ValueError as error:
                raise damaged(path, error) from error
            write_atomically(path, _encoded(data, path), lambda: _see_held(lock, path))
        finally:
            lock.release()
    except OSError as error:
        raise HarstudioError(
            f"The file cannot be written ({error.strerror or error}).",
            path=path,
            remedy="See whether the drive is there, has room and may be written to.",
        ) from error


def _encoded(data: dict[str, Any], path: Path) -> bytes:
    try:
        return tomli_w.dumps(data).encode()
    except UnicodeEncodeError as error:  # of a file name that is no UTF-8
        raise UsageError(
            "A name is no text (its file name is no UTF-8), and cannot be kept here.",
            path=path,
            remedy="Rename the recording first.",
        ) from error


def _see_held(lock: Lock, path: Path) -> None:
    """Nobody changed the file since it was read here, however long that is ago."""
    lock.confirm()
    if lock.retaken:
        raise ConflictError(
            "Somebody else may have changed this file meanwhile; nothing was overwritten.",
            path=path,
            remedy="Try again.",
        )


def _lock(path: Path) -> Lock:
    deadline = time.monotonic() + PATIENCE_S
    lock_path = path.with_suffix(".lock")
    while True:
        try:
            return Lock(lock_path)
        except ConflictError as error:
            if time.monotonic() > deadline:
                raise ConflictError(
                    "Somebody else is changing this file; nothing was overwritten.",
                    path=path,
                    remedy=f"Try again; if nobody is, delete {lock_path.name}.",
                ) from error
        time.sleep(PAUSE_S)
