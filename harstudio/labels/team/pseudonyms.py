"""Names of subjects and the pseudonyms that stand for them; the file subjects.toml of a project.

::

    [subjects]
    "Anna Meier" = "P01"
    "meier_a" = "P01"     # another way she is written

Whoever has the file finds the way back. It is kept out of git and is to be left out when a
project is shared.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from harstudio.errors import UsageError
from harstudio.labels.interchange.base import Bundle
from harstudio.labels.keeping.shared_file import damaged, read_toml, update_toml
from harstudio.labels.model import Clip, Document, Tier, typed

SUBJECTS_FILE = "subjects.toml"
NUMBERED = re.compile(r"P(\d+)")
WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """Pseudonyms by name. Several names may have one: the first of them is the subject's."""

    by_name: Mapping[str, str] = field(default_factory=dict)
    _patterns: list[tuple[str, re.Pattern[str], str]] = field(
        default_factory=list, init=False, repr=False, compare=False
    )  # with the first word of the name, to pass over most texts quickly

    def __post_init__(self) -> None:
        longest_first = sorted(self.by_name, key=len, reverse=True)
        for name in longest_first:
            words = WORD.findall(unicodedata.normalize("NFC", name))
            pattern = re.compile(r"[\W_]{0,3}".join(map(re.escape, words)), re.IGNORECASE)
            self._patterns.append((words[0].casefold(), pattern, self.by_name[name]))

    def __bool__(self) -> bool:
        return bool(self.by_name)

    def shown(self, text: str) -> str:
        """A text with every name in it replaced, as "anna-meier_squat" by "P01_squat".

        Case does not matter, nor what stands between the words of a name ("AnnaMeier",
        "anna_meier"). A name inside a longer word, as "Jon" in "Jonas", is left alone.
        """
        if not self.by_name:
            return text
        text = unicodedata.normalize("NFC", text)
        folded = text.casefold()
        for first, pattern, pseudonym in self._patterns:
            if first in folded:
                text = pattern.sub(partial(_replaced, pseudonym=pseudonym), text)
                folded = text.casefold()
        return text

    def name_of(self, pseudonym: str) -> str:
        """Whom a pseudonym stands for, "" when nobody."""
        return next((name for name, one in self.by_name.items() if one == pseudonym), "")

    def hidden_in(self, shown: str, texts: Iterable[str]) -> list[str]:
        """The way back: those of the texts that are shown like this."""
        return [text for text in texts if self.shown(text) == shown]

    def document(self, document: Document) -> Document:
        """A copy in which no text names a subject; annotators are no subjects and stay."""
        tiers = [
            Tier(
                tier.name if tier.name == document.annotator else self.shown(tier.name),
                [self._clip(clip) for clip in tier.clips],
                replace(tier.rules, person=self.shown(tier.rules.person)),
            )
            for tier in document.tiers
        ]
        kept = {key: self.shown(text) for key, text in document.kept.items()}
        return replace(document, recording=self.shown(document.recording), tiers=tiers, kept=kept)

    def _clip(self, clip: Clip) -> Clip:
        attributes = {
            key: self.shown(value) if isinstance(value, str) else value
            for key, value in clip.attributes.items()
        }
        return replace(
            clip,
            person=self.shown(clip.person),
            comment=self.shown(clip.comment),
            attributes=attributes,
        )

    def bundle(self, bundle: Bundle) -> Bundle:
        """A copy for export: documents, names of recordings and paths of media."""
        recordings = tuple(
            replace(
                one,
                recording=self.shown(one.recording),
                documents=tuple(self.document(document) for document in one.documents),
                media=tuple(replace(file, path=self.shown(file.path)) for file in one.media),
            )
            for one in bundle.recordings
        )
        return replace(bundle, recordings=recordings)

    @classmethod
    def load(cls, folder: Path) -> Pseudonyms:
        """Those of a project's folder, none without a file; DataError when it is damaged."""
        path = folder / SUBJECTS_FILE
        try:
            return cls(_parsed(read_toml(path)))
        except ValueError as error:
            raise damaged(path, error) from error


def add_subject(folder: Path, name: str, same_as: str = "") -> str:
    """Give a subject the next pseudonym, "P01", "P02", ...; it keeps the one that it has.

    same_as: a pseudonym that is given already, when this is another way to write that person.
    A pseudonym once given is not given again to somebody else while the file says so. Returns
    the pseudonym; UsageError for no name, one of fewer than two letters and digits, or a
    same_as that nobody has.
    """
    name = unicodedata.normalize("NFC", name).strip()
    if len(re.findall(r"[^\W_]", name)) < 2:
        raise UsageError(
            f"“{name}” is no name that can be found in texts.", remedy="Give at least two letters."
        )
    given = ""

    def change(data: dict[str, Any]) -> None:
        nonlocal given
        there = _parsed(data)
        if same_as and same_as not in there.values():
            raise UsageError(f"Nobody has the pseudonym “{same_as}”.")
        given = there.get(name) or same_as or _next(there.values())
        data["subjects"] = there | {name: given}

    update_toml(folder / SUBJECTS_FILE, change)
    return given


def _next(given: Iterable[str]) -> str:
    numbers = (NUMBERED.fullmatch(one) for one in given)
    return f"P{max((int(match[1]) for match in numbers if match), default=0) + 1:02d}"


def _replaced(match: re.Match[str], pseudonym: str) -> str:
    text, (start, end) = match.string, match.span()
    inside = (start and _one_word(text[start - 1], text[start])) or (
        end < len(text) and _one_word(text[end - 1], text[end])
    )
    if inside:
        return match[0]
    return pseudonym + ("_" if text[end : end + 1].isdigit() else "")


def _one_word(left: str, right: str) -> bool:
    """Whether two characters that follow each other belong to one word or number."""
    if left.isdigit() and right.isdigit():
        return True
    letters = all(one.lower() != one.upper() for one in (left, right))  # of a script with case
    return letters and not (left.islower() and right.isupper())


def _parsed(data: dict[str, Any]) -> dict[str, str]:
    subjects = typed(data, "subjects", dict, {})
    for name in subjects:
        typed(subjects, name, str)
        if not re.search(r"[^\W_]", name):
            raise ValueError(f"“{name}” is no name")
    return dict(subjects)
