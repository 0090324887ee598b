"""File names for recordings and annotators, safe on every system and on shared drives."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Iterator

ESCAPED = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*%~\ud800-\udfff]')
RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)", re.IGNORECASE)
LONGEST_BYTES = 160  # leaves room for ".journal.damaged-1.jsonl" within 255


def safe_name(name: str) -> str:
    """A name for a file or folder: readable, and another one for every other name.

    Letters of every script stay; what some system forbids becomes %XX; a name that is too long
    is cut and gets "~" and a digest.
    """
    name = unicodedata.normalize("NFC", name)
    safe = ESCAPED.sub(_percent, name)
    if not safe:
        return "%"
    if safe[0] in ". " or RESERVED.fullmatch(safe.partition(".")[0].rstrip()):
        safe = _hex(safe[0]) + safe[1:]
    if safe[-1] in ". ":
        safe = safe[:-1] + _hex(safe[-1])
    return _marked(name, safe) if len(_bytes(safe)) > LONGEST_BYTES else safe


class Names:
    """The safe names that are there already, so that none differs from another only by case."""

    def __init__(self, there: Iterable[str]) -> None:
        self._there = frozenset(there)
        self._folded = frozenset(name.casefold() for name in self._there)

    def safe(self, name: str) -> str:
        """``safe_name``, with "~" and a digest where only its case would tell it from another."""
        safe = safe_name(name)
        marked = _marked(unicodedata.normalize("NFC", name), safe)
        if marked in self._there:
            return marked
        alike = safe.casefold() in self._folded and safe not in self._there
        return marked if alike else safe

    def __contains__(self, name: str) -> bool:
        return self.safe(name) in self._there

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._there))


def _marked(name: str, safe: str) -> str:
    return f"{_cut(safe)}~{hashlib.sha256(_bytes(name)).hexdigest()[:8]}"


def _percent(match: re.Match[str]) -> str:
    return _hex(match[0])


def _hex(char: str) -> str:
    return "".join(f"%{byte:02X}" for byte in _bytes(char))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _cut(text: str) -> str:
    return _bytes(text)[: LONGEST_BYTES - 20].decode("utf-8", "ignore")
