"""Whose document a file is and of which recording, from its first lines alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from harstudio.labels.model import typed
from harstudio.labels.recovery import journal_path

HEAD_LINES = 8  # the head of a document has one key a line
HEAD_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Head:
    """What a document says about itself; "" where neither it nor its journal tells."""

    recording: str
    annotator: str


def head_of(path: Path) -> Head:
    """The head of a document file, or of its journal; the annotator else by the file's name."""
    for tell in (_first_lines, _whole, _journal):
        try:
            data = tell(path)
            return Head(typed(data, "recording", str), typed(data, "annotator", str))
        except (OSError, ValueError, RecursionError):
            continue
    return Head("", path.stem)


def _first_lines(path: Path) -> dict[str, Any]:
    """The head as ``dump_document`` writes it; a few bytes of a file of any size."""
    return dict(_keys(path))


def _keys(path: Path) -> Iterator[tuple[str, Any]]:
    with path.open("rb") as file:
        lines = file.read(HEAD_BYTES).split(b"\n")
    for line in islice(lines, 1, HEAD_LINES):
        if not line.endswith(b","):
            return
        yield from json.loads(b"{" + line.removesuffix(b",") + b"}").items()


def _whole(path: Path) -> Any:
    """A document that another program wrote in lines of its own."""
    return json.loads(path.read_bytes())


def _journal(path: Path) -> Any:
    with journal_path(path).open("rb") as file:
        return typed(json.loads(file.readline(HEAD_BYTES)), "body", dict)
