"""File names for recordings and annotators, safe on every system and on shared drives."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable

ESCAPED = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*%~\ud800-\udfff]')
RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)", re.IGNORECASE)
LONGEST_BYTES = 160  # leaves room for ".journal.damaged-1.jsonl" within 255


def safe_name(name: str, taken: Iterable[str] = ()) -> str:
    """A name for a file or folder: readable, and another one for every other name.

    Letters of every script stay; what some system forbids becomes %XX. A name too long, or equal
    to a taken one but for upper and lower case, gets "~" and a digest.
    """
    name = unicodedata.normalize("NFC", name)
    safe = ESCAPED.sub(_percent, name)
    if not safe or safe[0] in ". " or RESERVED.fullmatch(safe.partition(".")[0].rstrip()):
        safe = (_hex(safe[0]) + safe[1:]) if safe else "%00"
    if safe[-1] in ". ":
        safe = safe[:-1] + _hex(safe[-1])
    marked = f"{_cut(safe)}~{hashlib.sha256(_bytes(name)).hexdigest()[:8]}"
    names = set(taken)
    if marked in names or len(_bytes(safe)) > LONGEST_BYTES:
        return marked
    alike = {other for other in names if other.casefold() == safe.casefold()}
    return marked if alike and safe not in alike else safe


def _percent(match: re.Match[str]) -> str:
    return _hex(match[0])


def _hex(char: str) -> str:
    return "".join(f"%{byte:02X}" for byte in _bytes(char))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _cut(text: str) -> str:
    return _bytes(text)[: LONGEST_BYTES - 20].decode("utf-8", "ignore")
