"""Messages between the program and a worker: lines of JSON, one message a line.

    {"v": 1, "kind": "progress", "payload": {"id": 3, "done": 2, "total": 10, "text": "..."}}

A payload holds builtins only: dict with text keys, list, tuple (arrives as a list), str, int,
float, bool and None. Anything else is refused where it is sent, also numbers of numpy and texts
that are not exactly ``str``: torch's version looks like text and would load torch on the other
side. JSON has no NaN and no infinity; both arrive as None. A line has at most 16 MiB; larger data
goes through files. Unknown kinds are ignored, so that an older side understands a newer one.

To the worker: preload {modules}, run {id, job, payload, threads, device}, pause {id},
resume {id}, stop {id}, say {id, kind, payload}, end {}.
From it: ready {harstudio, python, pid}, preloaded {modules, failed}, beat {}, started {id},
progress {id, done, total, text, gap}, told {id, kind, payload}, log {id, text}, paused {id},
resumed {id}, stopping {id}, done {id, result}, stopped {id, result}, failed {id, error, ours,
kind, message, path, remedy, exit_code}.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

VERSION = 1
MAX_LINE = 16 << 20  # bytes, the line feed included
MAX_DEPTH = 64


class MessageError(ValueError):
    """A message that cannot be sent: not builtins, too large, or not a message at all."""


@dataclass(frozen=True, slots=True)
class Message:
    """What one line said."""

    kind: str
    payload: dict[str, Any]


def plain(value: Any, where: str = "payload", depth: int = 0) -> Any:
    """The value as JSON carries it: tuples as lists, NaN and infinities as None.

    MessageError: names the first key whose value is no builtin.
    """
    if depth > MAX_DEPTH:
        raise MessageError(f"{where[:60]}... is nested deeper than {MAX_DEPTH} levels.")
    kind = type(value)
    if kind in (str, int, bool, type(None)):
        return value
    if kind is float:
        return value if math.isfinite(value) else None
    if kind in (list, tuple):
        return [plain(one, f"{where}[{i}]", depth + 1) for i, one in enumerate(value)]
    if kind is dict:
        for key in value:
            if type(key) is not str:
                raise MessageError(f"{where} has the key {key!r}, which is not text.")
        return {key: plain(one, f"{where}.{key}", depth + 1) for key, one in value.items()}
    raise MessageError(
        f"{where} is a {kind.__module__}.{kind.__qualname__}; messages carry only dict, list, str, "
        "int, float, bool and None."
    )


def encode(kind: str, payload: dict[str, Any]) -> bytes:
    """One line, the line feed included. MessageError: not builtins, or longer than MAX_LINE."""
    document = {"v": VERSION, "kind": kind, "payload": plain(payload)}
    line = json.dumps(document, allow_nan=False, separators=(",", ":")).encode("ascii") + b"\n"
    if len(line) > MAX_LINE:
        raise MessageError(
            f'The message "{kind}" has {len(line) / (1 << 20):.1f} MiB, more than '
            f"{MAX_LINE >> 20} MiB; large data goes through a file."
        )
    return line


def decode(line: bytes) -> Message:
    """The message of one line. MessageError: it is none, or of another version."""
    try:
        document = json.loads(line)
    except (ValueError, RecursionError):
        raise MessageError(f"This line is no message: {line[:80]!r}") from None
    if not isinstance(document, dict) or document.get("v") != VERSION:
        raise MessageError(f"This line is no message of version {VERSION}: {line[:80]!r}")
    kind, payload = document.get("kind"), document.get("payload")
    if not isinstance(kind, str) or not isinstance(payload, dict):
        raise MessageError(f"This line is no message: {line[:80]!r}")
    return Message(kind, payload)


def lines(stream: BinaryIO, limit: int = MAX_LINE) -> Iterator[bytes]:
    """Lines until the stream ends; of one longer than ``limit`` bytes the rest is left out."""
    while line := stream.readline(limit):
        yield line
        while not line.endswith(b"\n"):
            line = stream.readline(limit)
            if not line:
                return
