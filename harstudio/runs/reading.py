"""Reading runs while they grow, on this disk or a mounted one; never writes, needs no torch.

Whatever is missing, half-written or damaged is ``None``, an empty list or a DataError with the
file's name; a run made elsewhere is followed like one's own.
"""

from __future__ import annotations

import json
import time
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from harstudio.errors import DataError, MissingError
from harstudio.runs.folder import RunFolder, is_run
from harstudio.runs.status import AT_WORK, LOST_S, STATES

LARGEST_JSON = 1 << 28  # bytes; a confusion matrix and samples of a large dataset fit
LARGEST_LINE = 1 << 16
LARGEST_CHUNK = 1 << 22
DEPTH = 3  # folders below the one that is searched


def read_status(folder: Path, now: float | None = None) -> dict[str, Any] | None:
    """``status.json``; state "lost" where the beat stopped. None where there is none yet.

    now: seconds since 1970, of the computer that reads. Where clocks differ, the time of the
    file itself counts too: the later one is believed.
    """
    path = RunFolder(folder).status
    try:
        status = read_json(path)
        written = path.stat().st_mtime
    except (MissingError, DataError, OSError):
        return None
    if not isinstance(status, dict) or status.get("state") not in STATES:
        return None
    beat = status.get("beat")
    newest = max(written, float(beat)) if isinstance(beat, int | float) else written
    now = time.time() if now is None else now
    if status["state"] in AT_WORK and now - newest > LOST_S:
        status["state"] = "lost"
        status["reason"] = "The program that trained it ended without a word."
    return status


class MetricsTail:
    """The lines of a growing ``metrics.jsonl``, each once.

    A half-written last line waits. When the file becomes shorter (a resumed run goes on from its
    checkpoint), ``restarted`` is True after the next ``new()``, which then gives all lines again.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._last = b""  # the line before the offset: still there unless the file was cut
        self.restarted = False

    def new(self) -> list[dict[str, Any]]:
        """Complete lines since the last call; lines that are no JSON objects are left out."""
        self.restarted = False
        lines: list[dict[str, Any]] = []
        try:
            with self._path.open("rb") as file:
                if self._was_cut(file):
                    self._offset, self._last, self.restarted = 0, b"", True
                file.seek(self._offset)
                while chunk := file.read(LARGEST_CHUNK):
                    complete = chunk[: chunk.rfind(b"\n") + 1]
                    if not complete:
                        break
                    lines += _objects(complete)
                    self._offset += len(complete)
                    self._last = complete[-LARGEST_LINE:].splitlines(keepends=True)[-1]
                    file.seek(self._offset)
        except OSError:
            return lines
        return lines

    def _was_cut(self, file: Any) -> bool:
        if not self._offset:
            return False
        file.seek(self._offset - len(self._last))
        return bool(file.read(len(self._last)) != self._last)


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """All lines at once."""
    return MetricsTail(path).new()


def read_evaluation(folder: Path) -> dict[str, Any] | None:
    """``evaluation.json``, None where there is none yet; DataError where it is damaged."""
    return _table(RunFolder(folder).evaluation)


def read_data(folder: Path) -> dict[str, Any] | None:
    """``data.json``: classes, parts and their samples; None where there is none yet."""
    return _table(RunFolder(folder).data)


def read_config(folder: Path) -> dict[str, Any]:
    """``config.toml`` as plain tables."""
    path = RunFolder(folder).config
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        raise MissingError("This is no run folder: it has no config.toml.", path=folder) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DataError(f"It cannot be read ({error}).", path=path) from None


def find_runs(folders: Iterable[Path]) -> list[Path]:
    """Run folders in and below ``folders``, newest first; what cannot be read is passed over."""
    found = {run.resolve(): _age(run) for folder in folders for run in _runs_below(folder, DEPTH)}
    return sorted(found, key=lambda run: (-found[run], str(run)))


def _runs_below(folder: Path, depth: int) -> Iterator[Path]:
    try:
        if is_run(folder):
            yield folder
        elif depth:
            for inner in sorted(folder.iterdir()):
                if inner.is_dir() and not inner.name.startswith("."):
                    yield from _runs_below(inner, depth - 1)
    except OSError:
        return


def _age(run: Path) -> float:
    """When it was last written to."""
    times = []
    for path in (RunFolder(run).metrics, RunFolder(run).config):
        try:
            times.append(path.stat().st_mtime)
        except OSError:
            continue
    return max(times, default=0.0)


def read_json(path: Path) -> Any:
    """Any JSON file; MissingError or DataError name it."""
    try:
        with path.open("rb") as file:
            text = file.read(LARGEST_JSON + 1)
    except FileNotFoundError:
        raise MissingError("There is no such file.", path=path) from None
    except OSError as error:
        raise DataError(f"It cannot be read ({error.strerror}).", path=path) from None
    if len(text) > LARGEST_JSON:
        raise DataError("It is too large to be what its name says.", path=path)
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise DataError(
            "It is damaged: no valid JSON.", path=path, remedy="Evaluate or train the run again."
        ) from None


def _table(path: Path) -> dict[str, Any] | None:
    try:
        document = read_json(path)
    except MissingError:
        return None
    if not isinstance(document, dict):
        raise DataError("It is damaged: no JSON object.", path=path)
    return document


def newest_lines(path: Path, most_bytes: int) -> list[dict[str, Any]]:
    """The last lines of a file to which lines are only added, oldest first; lines that are no JSON
    objects are left out. OSError where it cannot be read."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - most_bytes))
        return _objects(file.read(most_bytes))


def _objects(text: bytes) -> list[dict[str, Any]]:
    found = []
    for line in text.splitlines():
        if len(line) > LARGEST_LINE:
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            found.append(value)
    return found
