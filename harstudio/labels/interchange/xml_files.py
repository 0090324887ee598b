"""XML label files: read without trust, written with an explicit encoding."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from harstudio.errors import DataError
from harstudio.files import write_atomically
from harstudio.labels.interchange.base import damaged, read_bytes

LARGEST_XML = 128 << 20
DEEPEST = 64
ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def read_xml(path: Path, root: str, title: str) -> Element:
    """The root element of that name.

    DataError when the file is no such file, is damaged, declares a document type or entities
    (that is how XML reaches for other files and grows without end), or nests without end.
    """
    data = read_bytes(path, LARGEST_XML)
    try:
        element: Element = fromstring(data, forbid_dtd=True)
    except DefusedXmlException as error:
        raise DataError(
            f"This {title} file declares a document type or entities, which label files have no "
            "use for.",
            path=path,
            remedy="Nothing was imported. Export it again where it comes from.",
        ) from error
    except ElementTree.ParseError as error:
        raise damaged(path, str(error), title) from error
    except (ValueError, LookupError, UnicodeError) as error:  # an encoding nobody knows
        raise damaged(path, f"its encoding cannot be read ({error})", title) from error
    if element.tag != root:
        raise damaged(path, f"it begins with <{_short(str(element.tag))}>, not <{root}>", title)
    if any(depth > DEEPEST for _, depth in walk(element)):
        raise damaged(path, "its elements are nested without end", title)
    return element


def walk(root: Element) -> Iterator[tuple[Element, int]]:
    """Every element with its depth, without recursion."""
    pending = [(root, 0)]
    while pending:
        element, depth = pending.pop()
        yield element, depth
        if depth <= DEEPEST:
            pending.extend((child, depth + 1) for child in element)


def write_xml(root: Element, path: Path) -> None:
    """UTF-8 with indents, atomically."""
    ElementTree.indent(root)
    data: bytes = ElementTree.tostring(root, encoding="UTF-8", xml_declaration=True)
    write_atomically(path, data + b"\n")


def legal(text: str) -> str:
    """The text with what XML cannot hold (control characters) as the replacement sign."""
    return ILLEGAL.sub("\ufffd", text).replace("\r\n", "\n").replace("\r", "\n")


def begins(head: bytes, root: str) -> bool:
    """Whether the first bytes of a file are XML with that root element."""
    for encoding in ("utf-8", "utf-16"):
        text = head.decode(encoding, "ignore")
        if re.search(rf"<{root}[\s>/]", text):
            return text.lstrip("\ufeff \t\r\n").startswith("<")
    return False


def _short(name: str) -> str:
    return name if len(name) < 60 else name[:60] + "…"
