"""JSON of strangers: read with bounds, every value checked before it is used."""

from __future__ import annotations

import gzip
import json
import zlib
from pathlib import Path
from typing import Any, NoReturn

from harstudio.errors import DataError
from harstudio.files import write_atomically
from harstudio.labels.interchange.base import LARGEST_BYTES, damaged, read_bytes

GZIP = b"\x1f\x8b"


def read_json(path: Path, title: str, kind: type = dict) -> Any:
    """The object in a JSON file, gzipped or not; DataError when it is none or too large.

    kind: list for a file that holds one.
    """
    data = read_bytes(path)
    if data.startswith(GZIP):
        data = _unpacked(data, path, title)
    try:
        document = json.loads(data.decode("utf-8-sig"), parse_constant=_refuse)
    except UnicodeDecodeError as error:
        raise damaged(path, "its text is not UTF-8", title) from error
    except RecursionError as error:
        raise damaged(path, "it nests too deeply", title) from error
    except ValueError as error:
        raise damaged(path, f"it is no JSON ({error})", title) from error
    if not isinstance(document, kind):
        what = "object" if kind is dict else "list"
        raise damaged(path, f"it holds no JSON {what}", title)
    return document


def write_json(path: Path, document: dict[str, Any] | list[Any]) -> None:
    """Write an object or a list as readable JSON, atomically."""
    text = json.dumps(document, ensure_ascii=False, indent=1, allow_nan=False)
    write_atomically(path, (text + "\n").encode("utf-8", "replace"))


def _unpacked(data: bytes, path: Path, title: str) -> bytes:
    try:
        with gzip.open(path) as file:
            plain = file.read(LARGEST_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise damaged(path, f"it cannot be unpacked ({error})", title) from error
    if len(plain) > LARGEST_BYTES:
        limit = LARGEST_BYTES >> 20
        message = f"The file unpacks to more than {limit} MB; no label file is that large."
        raise DataError(message, path=path)
    return plain


def _refuse(text: str) -> NoReturn:
    raise ValueError(f"{text} is no number")
