"""Files: written so that each is either the old one or the new one, whatever happens meanwhile,
and whether they changed."""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
import time
from collections.abc import Callable
from pathlib import Path

REPLACE_PATIENCE_S = 2.0
Mark = tuple[tuple[int, int], ...]


def mark(*paths: Path) -> Mark:
    """Another one when a file changed: of each when it was written last (ns since 1970) and its
    size in bytes, (0, 0) where it cannot be seen. A folder counts with all that lies directly in
    it."""
    return tuple(_mark(path) for path in paths)


def _mark(path: Path) -> tuple[int, int]:
    try:
        inside = list(path.iterdir()) if path.is_dir() else []
        stats = [one.stat() for one in (path, *inside)]
    except OSError:
        return 0, 0
    return max(one.st_mtime_ns for one in stats), sum(one.st_size for one in stats)


def write_atomically(path: Path, data: bytes, check: Callable[[], None] | None = None) -> None:
    """Write beside the target, fsync, replace. Folders are made; OSError leaves the old file.

    check: called directly before the replacing; what it raises leaves the old file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if check is not None:
            check()
        _replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make a new, replaced or removed name in a folder survive a power cut (POSIX)."""
    if sys.platform == "win32":
        return  # folders cannot be opened there; the file system journals its names
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError:
        pass  # some network file systems refuse to sync folders
    finally:
        os.close(descriptor)


def remove_leftovers(path: Path) -> None:
    """Remove what a killed ``write_atomically`` left beside its target."""
    for leftover in path.parent.glob(f".{_escape_glob(path.name)}.*.tmp"):
        with contextlib.suppress(OSError):
            leftover.unlink()


def free_name(path: Path, mark: str) -> Path:
    """``name.<mark>-1.ext``, or the next number that no file has yet."""
    number = 1
    while True:
        candidate = path.with_name(f"{path.stem}.{mark}-{number}{path.suffix}")
        if not candidate.exists():
            return candidate
        number += 1


def _escape_glob(name: str) -> str:
    return "".join(f"[{char}]" if char in "*?[" else char for char in name)


def _replace(source: Path, target: Path) -> None:
    """Replace, patient where a virus scanner or an indexer holds the target (Windows)."""
    deadline = time.monotonic() + REPLACE_PATIENCE_S
    while True:
        try:
            source.replace(target)
        except PermissionError:
            if sys.platform != "win32" or time.monotonic() > deadline:
                raise
            time.sleep(0.05)
        else:
            return
