"""What commands print: JSON documents, tables for people, progress, and one sentence for errors.

Results go to stdout; progress, remarks and errors to stderr. Progress shows on a terminal only.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from harstudio.errors import MissingError, UsageError

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

    from harstudio.recordings.formats import ScanResult

SECOND_NS = 1_000_000_000


def prepare_streams() -> None:
    """UTF-8 everywhere; a file name that is no text comes out as ``\\udcXX``, valid in JSON."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def _out(text: str) -> None:
    sys.stdout.write(text + "\n")


def print_json(document: Any) -> None:
    """The one document of ``--json``."""
    _out(json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False))
    sys.stdout.flush()


def print_line(line: str) -> None:
    """A line of the result; it is there at once, whoever reads on."""
    _out(line)
    sys.stdout.flush()


def say(sentence: str) -> None:
    """A remark that a person has to know, on stderr."""
    sys.stderr.write(sentence + "\n")


def note(sentence: str) -> None:
    """What is progress: on a terminal only."""
    if sys.stderr.isatty():
        say(sentence)


def complain(sentence: str) -> None:
    """An error, as one line."""
    say(" ".join(sentence.split()))


def os_sentence(error: OSError) -> str:
    """One sentence for what the operating system refused."""
    reason = (error.strerror or str(error) or type(error).__name__).rstrip(".")
    return f"{error.filename}: {reason}." if error.filename else f"{reason}."


def must_exist(path: Path) -> None:
    """MissingError when nothing is there."""
    if not path.exists():
        raise MissingError(
            "There is no such file or folder.", path=path, remedy="Check how it is spelled."
        )


def must_be_folder(path: Path) -> None:
    """MissingError when nothing is there, UsageError when it is a file."""
    must_exist(path)
    if not path.is_dir():
        raise UsageError(
            "This is a file, not a folder.", path=path, remedy="Use harstudio info for one file."
        )


class Progress:
    """A bar on stderr when that is a terminal, nothing otherwise."""

    def __init__(self, title: str, unit: str) -> None:
        self._title = title
        self._unit = unit
        self._bar: Bar | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Progress:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
            from rich.progress import Progress as Bar

            columns = (
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeRemainingColumn(),
            )
            self._bar = Bar(*columns, console=Console(stderr=True), transient=True)
            self._task = self._bar.add_task(self._title, total=None)
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def count(self, done: int) -> None:
        """So many are done, of nobody knows how many."""
        if self._bar is not None and self._task is not None:
            text = f"{self._title}: {done} {self._unit}".rstrip()
            self._bar.update(self._task, description=text)

    def of(self, done: float, total: float) -> None:
        """``done`` of ``total`` are done."""
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=done, total=total)


def table(rows: Sequence[Sequence[str]], indent: str = "") -> Iterable[str]:
    """Lines of left-aligned columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield (indent + "  ".join(cells)).rstrip()


def print_rows(rows: Sequence[Sequence[str]]) -> None:
    """Left-aligned columns; every row has as many cells."""
    for line in table(rows):
        _out(line)


def _seconds(time_ns: int) -> str:
    return f"{time_ns / SECOND_NS:.3f} s"


def _stream_row(stream: dict[str, Any]) -> tuple[str, ...]:
    rate = stream["rate_hz"]
    if "width" in stream:
        shape = f"{stream['width']}x{stream['height']} {stream['dtype']}"
    elif "joints" in stream:
        bodies = stream["bodies"]
        people = "1 person" if bodies == 1 else f"{bodies} people"
        shape = f"{stream['joints']} joints ({stream['topology']}), {people}"
    else:
        channels = stream.get("channels", [])
        shape = " ".join(channels) if isinstance(channels, list) else f"{channels} channels"
    return (
        stream["name"],
        stream["kind"],
        f"{stream['frames']}",
        "" if rate is None else f"{rate:g} Hz",
        f"{_seconds(stream['start_ns'])} to {_seconds(stream['end_ns'])}",
        " ".join(filter(None, (shape, stream.get("unit", "")))),
    )


def print_info(described: dict[str, Any]) -> None:
    """``harstudio info`` for people."""
    _out(f"{described['name']} ({described['format']}), {_seconds(described['duration_ns'])}")
    _out(described["path"])
    action = described["action"]
    known = {
        "subject": described["subject"],
        "view": described["view"],
        "repetition": described["repetition"],
        "action": None if action is None else f"{action['code']} {action['name']}",
    }
    told = [f"{key} {value}" for key, value in known.items() if value is not None]
    if told:
        _out(", ".join(told))
    if described["streams"]:
        head = ("stream", "kind", "frames", "rate", "time", "holds")
        for line in table([head, *map(_stream_row, described["streams"])]):
            _out(line)
    for problem in described["problems"]:
        _out(f"problem: {problem}")


def scan_document(result: ScanResult) -> dict[str, Any]:
    """The document of ``harstudio scan --json``; builtins only."""
    recordings = [
        {
            "path": str(found.path),
            "format": found.format,
            "name": found.name,
            "subject": found.subject,
            "view": found.view,
            "action": None
            if found.action is None
            else {
                "code": found.action.code,
                "label": found.action.label,
                "name": found.action.name,
            },
            "streams": [str(kind) for kind in found.streams],
        }
        for found in result.recordings
    ]
    problems = [{"path": str(one.path), "message": one.message} for one in result.problems]
    return {"recordings": recordings, "problems": problems, "formats": dict(result.formats)}


def print_scan(document: dict[str, Any]) -> None:
    """``harstudio scan`` for people: one line a recording, then what is wrong, then the sum."""
    rows = [
        (
            one["name"],
            one["format"],
            "" if one["action"] is None else one["action"]["name"],
            " ".join(one["streams"]),
            one["path"],
        )
        for one in document["recordings"]
    ]
    for line in table(rows) if rows else ():
        _out(line)
    for problem in document["problems"]:
        _out(f"problem: {problem['path']}: {problem['message']}")
    sums = ", ".join(f"{count} {name}" for name, count in document["formats"].items())
    count = len(rows)
    _out(f"{count} recording{'' if count == 1 else 's'}" + (f" ({sums})" if sums else ""))


def print_diagnosis(document: dict[str, Any], indent: str = "") -> None:
    """``harstudio diagnose`` for people."""
    for key, value in document.items():
        title = key.replace("_", " ")
        if isinstance(value, dict):
            _out(f"{indent}{title}")
            print_diagnosis(value, indent + "  ")
        elif key == "problems":
            for problem in value:
                _out(f"{indent}problem: {problem}")
        elif isinstance(value, list):
            _out(f"{indent}{title}: {', '.join(map(str, value)) or 'none'}")
        else:
            words = {True: "yes", False: "no", None: "unknown"}
            known = value is None or isinstance(value, bool)
            _out(f"{indent}{title}: {words[value] if known else value}")
