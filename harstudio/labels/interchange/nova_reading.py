"""The head of a NOVA file, and its rows: ASCII or binary, of a DISCRETE or FREE scheme."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element, ParseError

import defusedxml
from defusedxml.ElementTree import fromstring

from harstudio.errors import DataError
from harstudio.labels.interchange.base import damaged, read_bytes
from harstudio.labels.label_sets.label_set import Label, label_color

TITLE = "NOVA"
ROW = struct.Struct("<ddIf")
SPAN, LENGTH, CONFIDENCE = struct.Struct("<dd"), struct.Struct("<I"), struct.Struct("<f")
LONGEST_TEXT = 1 << 20
ENCODINGS = ("utf-8-sig", "cp1252")
GARBAGE, GARBAGE_ID = "GARBAGE", 0xFFFFFFFF  # -1 as unsigned

Row = tuple[object, object, str, float | None, str]  # start, stop, label, confidence, meta


@dataclass(frozen=True, slots=True)
class Header:
    """What the head says; recording is ours, "" in files of others."""

    annotator: str
    role: str
    scheme: str
    kind: str
    binary: bool
    size: int
    rate_hz: float
    items: dict[int, Label]
    recording: str


def read_header(path: Path) -> Header:
    """The head of a file; DataError where it is none, or tells of no rows."""
    try:
        root = fromstring(_text(read_bytes(path, 1 << 24)).encode(), forbid_dtd=True)
    except (ParseError, defusedxml.DefusedXmlException, ValueError) as error:
        raise damaged(path, f"its head cannot be read ({type(error).__name__})", TITLE) from error
    info, meta, scheme = (root.find(tag) for tag in ("info", "meta", "scheme"))
    if root.tag != "annotation" or info is None or scheme is None:
        raise damaged(path, "its head has no info and scheme", TITLE)
    kind, data = scheme.get("type", "").upper(), info.get("ftype", "").upper()
    if kind not in ("DISCRETE", "FREE", "CONTINUOUS") or data not in ("ASCII", "BINARY"):
        raise DataError(
            f"This is {data} data of a {kind} scheme, which is not taken over.",
            path=path,
            remedy="DISCRETE and FREE schemes hold clips.",
        )
    try:
        items = {int(one.get("id", "")): _item(one) for one in scheme.iter("item")}
        size = int(info.get("size") or -1)
        rate = float((scheme.get("sr") or "0").replace(",", "."))
    except ValueError as error:
        raise damaged(path, str(error), TITLE) from error
    about = {} if meta is None else meta.attrib
    return Header(
        about.get("annotator", "").strip(),
        about.get("role", "").strip(),
        scheme.get("name", "").strip(),
        kind,
        data == "BINARY",
        size,
        rate,
        items,
        about.get("recording", "").strip(),
    )


def _item(element: Element) -> Label:
    name, color = element.get("name", ""), element.get("color", "")
    match = re.fullmatch(r"#[0-9a-fA-F]{2}([0-9a-fA-F]{6})", color)
    return Label(name, color=f"#{match[1].lower()}" if match else label_color(name))


def read_rows(data: bytes, header: Header, path: Path) -> Iterator[Row]:
    """The rows of ``x.annotation~``; DataError where they are damaged."""
    count = 0
    rows: Callable[[bytes, Header, Path], Iterator[Row]]
    rows = _ascii if not header.binary else _discrete if header.kind == "DISCRETE" else _free
    for row in rows(data, header, path):
        count += 1
        yield row
    if 0 <= header.size != count and header.binary:
        raise damaged(path, f"it has {count} rows and says {header.size}", TITLE)


def _ascii(data: bytes, header: Header, path: Path) -> Iterator[Row]:
    for number, line in enumerate(_text(data).splitlines(), 1):
        if not line.strip():
            continue
        cells = line.split(";", 4)
        try:
            if len(cells) < 3:
                raise ValueError("has no start, stop and label")
            label = cells[2].strip()
            if header.kind == "DISCRETE":
                label = _name(int(label), header)
            confidence = cells[3] if len(cells) > 3 else ""
            yield cells[0], cells[1], label, _confidence(confidence), _meta(cells)
        except ValueError as error:
            raise damaged(path, f"line {number}: {error}", TITLE) from error


def _discrete(data: bytes, header: Header, path: Path) -> Iterator[Row]:
    if len(data) % ROW.size:
        raise damaged(path, "its last row is cut off", TITLE)
    for start, stop, number, confidence in ROW.iter_unpack(data):
        try:
            yield start, stop, _name(number, header), _bounded(confidence), ""
        except ValueError as error:
            raise damaged(path, str(error), TITLE) from error


def _free(data: bytes, header: Header, path: Path) -> Iterator[Row]:
    at = 0
    try:
        while at < len(data):
            start, stop = SPAN.unpack_from(data, at)
            (length,) = LENGTH.unpack_from(data, at + SPAN.size)
            at += SPAN.size + LENGTH.size
            if length > min(LONGEST_TEXT, len(data) - at):
                raise ValueError(f"a text of {length} bytes")
            text = _text(data[at : at + length])
            (confidence,) = CONFIDENCE.unpack_from(data, at + length)
            at += length + CONFIDENCE.size
            yield start, stop, text.strip(), _bounded(confidence), ""
    except (struct.error, ValueError) as error:
        raise damaged(path, f"a row is cut off or wrong ({error})", TITLE) from error


def _name(number: int, header: Header) -> str:
    if number in (-1, GARBAGE_ID):
        return GARBAGE
    if number not in header.items:
        raise ValueError(f"there is no label {number} in the scheme")
    return header.items[number].name


def _confidence(text: str) -> float | None:
    return _bounded(float(text.strip().replace(",", "."))) if text.strip() else None


def _bounded(value: float) -> float | None:
    return round(value, 7) if 0 <= value <= 1 else None


def _meta(cells: Sequence[str]) -> str:
    """The comment; colours of single rows are NOVA's own business."""
    meta = cells[4].strip() if len(cells) > 4 else ""
    return "" if meta.startswith("color=") else meta


def _text(data: bytes) -> str:
    for encoding in ENCODINGS:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")
