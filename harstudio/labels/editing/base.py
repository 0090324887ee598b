"""What every edit is: data that can be applied, inverted and written to a journal."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

from harstudio.errors import UsageError
from harstudio.labels.model import Document, Tier, typed

KINDS: dict[str, type[Edit]] = {}  # filled by ``edits``, which knows them all


class EditError(UsageError):
    """The edit does not fit the document; nothing was changed."""


class Edit(ABC):
    """A change of a document."""

    kind: ClassVar[str]

    @property
    @abstractmethod
    def title(self) -> str:
        """What it does, for "Undo ..."."""

    @abstractmethod
    def inverse(self) -> Edit:
        """The edit that takes it back."""

    @abstractmethod
    def to_dict(self) -> dict[str, Any]:
        """Builtins for JSON, with "kind"."""

    @abstractmethod
    def steps(self) -> tuple[Step, ...]:
        """The single changes it consists of, in order; empty when it changes nothing."""

    def apply(self, document: Document) -> None:
        """Change the document, wholly or (EditError) not at all."""
        done: list[Step] = []
        try:
            for step in self.steps():
                step.change(document)
                done.append(step)
            for step in done:
                step.check(document)
        except EditError:
            for step in reversed(done):
                step.inverse().change(document)
            raise

    @staticmethod
    def from_dict(data: Any) -> Edit:
        """The reverse of ``to_dict``; ValueError when it is not an edit."""
        kind = typed(data, "kind", str)
        if kind not in KINDS:
            raise ValueError(f"“{kind}” is no kind of edit")
        return KINDS[kind]._from_dict(data)

    @classmethod
    @abstractmethod
    def _from_dict(cls, data: Any) -> Edit: ...


class Step(Edit):
    """An edit that is one single change."""

    def steps(self) -> tuple[Step, ...]:
        return (self,)

    @abstractmethod
    def inverse(self) -> Step: ...

    @abstractmethod
    def change(self, document: Document) -> None:
        """Change the document without looking at overlaps; EditError when it does not fit."""

    def check(self, document: Document) -> None:
        """EditError when what this step put there overlaps its neighbours."""


def tier_of(document: Document, name: str) -> Tier:
    """The tier of that name; EditError when there is none."""
    tier = document.tier(name)
    if tier is None:
        raise EditError(f"There is no tier “{name}”.")
    return tier
