"""Whom the tiers of several annotators are about, so that the same is compared with the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harstudio.labels.model import Clip, Document, Tier


def person_of(tier: Tier, annotator: str) -> str:
    """Whom a tier is about by itself.

    The tier's person; else "" when the tier is named after its annotator; else the tier's name.
    """
    return tier.rules.person or ("" if tier.name == annotator else tier.name)


class Tracks:
    """The tiers of documents that are compared, by whom they are about.

    That is ``person_of``, but where nobody has clips in more than one tier, and these name no two
    persons: then they are one track, whatever they are called. It is about the person that is
    named, else "".
    points: of the tiers of point events; else of those of clips.
    """

    def __init__(self, documents: Iterable[Document], *, points: bool = False) -> None:
        self._points = points
        self._documents: Sequence[Document] = tuple(documents)
        used = [
            (document.annotator, tier)
            for document in self._documents
            for tier in self.tiers(document)
            if tier.clips
        ]
        own = {person_of(tier, annotator) for annotator, tier in used}
        named = {tier.rules.person for _, tier in used} - {""}
        alone = len({annotator for annotator, _ in used}) == len(used) and len(named) <= 1
        self._only: str | None = None
        self._joined: list[tuple[str, str]] = []  # annotator, tier
        if alone and len(own) == 1:
            self._only = own.pop()
        elif alone and own:
            self._only = named.pop() if named else ""
            self._joined = [(annotator, tier.name) for annotator, tier in used]

    @property
    def one(self) -> bool:
        """Whether all that is labelled is about one."""
        return self._only is not None

    def tiers(self, document: Document) -> list[Tier]:
        """Those that count here, empty ones too."""
        return [tier for tier in document.counted if tier.rules.points is self._points]

    def person(self, tier: Tier, annotator: str) -> str:
        """Whom a tier of a document is about."""
        if self._only is not None and tier.clips:
            return self._only
        return person_of(tier, annotator)

    def of(self, document: Document) -> dict[str, list[Clip]]:
        """The clips (or point events) by whom they are about, sorted by start.

        Clips of two tiers about one person lie together.
        """
        found: dict[str, list[Clip]] = {}
        for tier in self.tiers(document):
            found.setdefault(self.person(tier, document.annotator), []).extend(tier.clips)
        for clips in found.values():
            clips.sort(key=lambda clip: clip.start_ns)
        return found

    def people(self) -> tuple[str, ...]:
        """Everybody whom some document is about, sorted; tiers without clips are nobody."""
        there = (self.of(document).items() for document in self._documents)
        return tuple(sorted({person for items in there for person, clips in items if clips}))

    def used(self, document: Document) -> set[str]:
        """Whom a document has clips about."""
        return {person for person, clips in self.of(document).items() if clips}

    @property
    def remark(self) -> str:
        """A sentence where tiers of other names are one track, "" else."""
        if not self._joined:
            return ""
        *most, last = [f"“{tier}” of {annotator}" for annotator, tier in self._joined]
        return f"{', '.join(most)} and {last} are compared as one tier: nobody has another."
