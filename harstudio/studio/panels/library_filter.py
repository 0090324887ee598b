"""What is typed above the library: words and ``key:value`` pairs, all of which must hold.

``wave subject:1,2 view:2 format:ntu stream:depth state:unlabelled said:wrong -bow``
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass, field

from harstudio.recordings.formats.found import Found
from harstudio.studio.panels.library_answers import Said, said_matches

KEYS = ("subject", "view", "format", "action", "stream", "state", "said", "name")
_SHORT = {"s": "subject", "v": "view", "f": "format", "a": "action", "has": "stream"}


@dataclass(frozen=True, slots=True)
class Filter:
    """words and without: lower case; pairs: key -> values, any of which will do."""

    words: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    pairs: dict[str, tuple[str, ...]] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()  # keys that are none of ours

    def __bool__(self) -> bool:
        return bool(self.words or self.without or self.pairs or self.unknown)

    def accepts(self, found: Found, haystack: str, state: str, said: Said | None = None) -> bool:
        """haystack: ``searchable(found)``; state: "labelled", "in progress" or "unlabelled"; said:
        what a run says about it."""
        return (
            not self.unknown
            and all(word in haystack for word in self.words)
            and not any(word in haystack for word in self.without)
            and all(_holds(key, values, found, state, said) for key, values in self.pairs.items())
        )


def parse_filter(text: str) -> Filter:
    """The filter that a person typed; half-typed text never fails."""
    words, without, unknown = [], [], []
    pairs: dict[str, tuple[str, ...]] = {}
    for part in _parts(text.lower()):
        key, colon, value = part.partition(":")
        key = _SHORT.get(key, key)
        if colon and key in KEYS:
            if value:
                pairs[key] = pairs.get(key, ()) + tuple(v for v in value.split(",") if v)
        elif colon and key.isalpha():
            unknown.append(key)
        elif part.startswith("-") and len(part) > 1:
            without.append(part[1:])
        elif part != "-":
            words.append(part)
    return Filter(tuple(words), tuple(without), pairs, tuple(unknown))


def searchable(found: Found) -> str:
    """Everything that a plain word is looked for in, lower case."""
    action = found.action
    told = () if action is None else (action.code, action.name)
    return " ".join((found.name, *told, found.format)).lower()


def _parts(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:  # an open quotation mark
        return text.replace('"', " ").replace("'", " ").split()


def _holds(key: str, values: tuple[str, ...], found: Found, state: str, said: Said | None) -> bool:
    if key == "said":
        return any(said_matches(value, said, found) for value in values)
    if key in ("subject", "view"):
        number = getattr(found, key)
        return number is not None and any(_number(value, key) == number for value in values)
    if key == "action":
        action = found.action
        told = () if action is None else (action.code.lower(), action.name.lower())
        return any(value == told[0] or value in told[1] for value in values if told)
    if key == "stream":
        return any(kind.startswith(value) for kind in found.streams for value in values)
    told_text = {"format": found.format, "state": state, "name": found.name}[key].lower()
    if key == "name":
        return any(value in told_text for value in values)
    return any(told_text.startswith(value) for value in values)


def _number(text: str, key: str) -> int | None:
    """ "1", "s1", "S001" and "c2" all name a number."""
    digits = text.lstrip("sp" if key == "subject" else "cv")
    return int(digits) if digits.isdecimal() else None
