"""Whose document a file is and of which recording, from its first lines alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from harstudio.labels.keeping.recovery import journal_path
from harstudio.labels.model import typed

HEAD_LINES = 8  # the head of a document has one key a line
HEAD_BYTES = 1 << 16


def named_in(path: Path) -> tuple[str, str]:
    """Recording and annotator of a document, by its file or its journal; else by their names."""
    for tell in (_first_lines, _whole, _journal):
        try:
            data = tell(path)
            return str(typed(data, "recording", str)), str(typed(data, "annotator", str))
        except (OSError, ValueError, RecursionError):
            continue
    return path.parent.name, path.stem


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
