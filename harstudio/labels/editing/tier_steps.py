"""The single changes of tiers and of the document as a whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from harstudio.labels.editing.base import EditError, Step, tier_of
from harstudio.labels.editing.tier_check import check_tier
from harstudio.labels.model import PLAIN, Document, Tier, TierRules, typed


@dataclass(frozen=True, slots=True)
class AddTier(Step):
    """A new empty tier at a place among the others; an index past the end puts it last."""

    name: str
    index: int = 1 << 30
    rules: TierRules = PLAIN
    kind: ClassVar[str] = "add-tier"

    @property
    def title(self) -> str:
        return f"Add tier “{self.name}”"

    def inverse(self) -> Step:
        return RemoveTier(self.name, self.index, self.rules)

    def change(self, document: Document) -> None:
        if document.tier(self.name) is not None:
            raise EditError(f"There is a tier “{self.name}” already.")
        document.tiers.insert(self.index, Tier(self.name, rules=self.rules))

    def to_dict(self) -> dict[str, Any]:
        return _tier_dict(self)

    @classmethod
    def _from_dict(cls, data: Any) -> AddTier:
        return cls(typed(data, "name", str), typed(data, "index", int), _rules(data, "rules"))


@dataclass(frozen=True, slots=True)
class RemoveTier(Step):
    """An empty tier goes; ``clip_edits.remove_tier`` removes one with its clips."""

    name: str
    index: int
    rules: TierRules = PLAIN
    kind: ClassVar[str] = "remove-tier"

    @property
    def title(self) -> str:
        return f"Delete tier “{self.name}”"

    def inverse(self) -> Step:
        return AddTier(self.name, self.index, self.rules)

    def change(self, document: Document) -> None:
        tier = tier_of(document, self.name)
        if tier.clips:
            raise EditError(f"The tier “{self.name}” is not empty.")
        if tier.rules != self.rules:
            raise EditError(f"The tier “{self.name}” was changed meanwhile.")
        document.tiers.remove(tier)

    def to_dict(self) -> dict[str, Any]:
        return _tier_dict(self)

    @classmethod
    def _from_dict(cls, data: Any) -> RemoveTier:
        return cls(typed(data, "name", str), typed(data, "index", int), _rules(data, "rules"))


@dataclass(frozen=True, slots=True)
class ChangeTier(Step):
    """A tier gets another name or other rules; its clips must fit them."""

    before: str
    after: str
    before_rules: TierRules = PLAIN
    after_rules: TierRules = PLAIN
    kind: ClassVar[str] = "change-tier"

    @property
    def title(self) -> str:
        if self.before != self.after:
            return f"Rename tier to “{self.after}”"
        return f"Change tier “{self.after}”"

    def inverse(self) -> Step:
        return ChangeTier(self.after, self.before, self.after_rules, self.before_rules)

    def change(self, document: Document) -> None:
        tier = tier_of(document, self.before)
        if tier.rules != self.before_rules:
            raise EditError(f"The tier “{self.before}” was changed meanwhile.")
        if self.before != self.after and document.tier(self.after) is not None:
            raise EditError(f"There is a tier “{self.after}” already.")
        tier.name, tier.rules = self.after, self.after_rules

    def check(self, document: Document) -> None:
        tier = document.tier(self.after)
        if tier is not None:
            check_tier(tier)

    def to_dict(self) -> dict[str, Any]:
        rules = {
            "before_rules": self.before_rules.to_dict(),
            "after_rules": self.after_rules.to_dict(),
        }
        return {"kind": self.kind, "before": self.before, "after": self.after} | rules

    @classmethod
    def _from_dict(cls, data: Any) -> ChangeTier:
        names = typed(data, "before", str), typed(data, "after", str)
        return cls(*names, _rules(data, "before_rules"), _rules(data, "after_rules"))


@dataclass(frozen=True, slots=True)
class MoveTier(Step):
    """A tier goes to another place among the others. before, after: indices in ``tiers``."""

    name: str
    before: int
    after: int
    kind: ClassVar[str] = "move-tier"

    @property
    def title(self) -> str:
        return f"Move tier “{self.name}”"

    def inverse(self) -> Step:
        return MoveTier(self.name, self.after, self.before)

    def change(self, document: Document) -> None:
        tier, count = tier_of(document, self.name), len(document.tiers)
        there = 0 <= self.before < count and document.tiers[self.before] is tier
        if not there or not 0 <= self.after < count:
            raise EditError(f"The tier “{self.name}” was moved meanwhile.")
        document.tiers.insert(self.after, document.tiers.pop(self.before))

    def to_dict(self) -> dict[str, Any]:
        places = {"before": self.before, "after": self.after}
        return {"kind": self.kind, "name": self.name} | places

    @classmethod
    def _from_dict(cls, data: Any) -> MoveTier:
        places = typed(data, "before", int), typed(data, "after", int)
        return cls(typed(data, "name", str), *places)


@dataclass(frozen=True, slots=True)
class MarkDone(Step):
    """The annotator says that the recording is finished, or that it is not."""

    done: bool
    kind: ClassVar[str] = "mark-done"

    @property
    def title(self) -> str:
        return "Mark as done" if self.done else "Mark as not done"

    def inverse(self) -> Step:
        return MarkDone(not self.done)

    def change(self, document: Document) -> None:
        if document.done is self.done:
            raise EditError(f"It is marked as {'done' if self.done else 'not done'} already.")
        document.done = self.done

    def to_dict(self) -> dict[str, Any]:
        return {"kind": self.kind, "done": self.done}

    @classmethod
    def _from_dict(cls, data: Any) -> MarkDone:
        return cls(typed(data, "done", bool))


@dataclass(frozen=True, slots=True)
class Keep(Step):
    """What a foreign file held besides is kept for the way back; "" is nothing."""

    format: str
    before: str
    after: str
    kind: ClassVar[str] = "keep"

    @property
    def title(self) -> str:
        return f"Keep what else the {self.format} file held"

    def inverse(self) -> Step:
        return Keep(self.format, self.after, self.before)

    def change(self, document: Document) -> None:
        if document.kept.get(self.format, "") != self.before:
            raise EditError(f"What the {self.format} file held besides was changed meanwhile.")
        document.kept.pop(self.format, None)
        if self.after:
            document.kept[self.format] = self.after

    def to_dict(self) -> dict[str, Any]:
        texts = {"format": self.format, "before": self.before, "after": self.after}
        return {"kind": self.kind} | texts

    @classmethod
    def _from_dict(cls, data: Any) -> Keep:
        return cls(*(typed(data, key, str) for key in ("format", "before", "after")))


def _tier_dict(edit: AddTier | RemoveTier) -> dict[str, Any]:
    data: dict[str, Any] = {"kind": edit.kind, "name": edit.name, "index": edit.index}
    rules = edit.rules.to_dict()
    return data | {"rules": rules} if rules else data


def _rules(data: Any, key: str) -> TierRules:
    return TierRules.from_dict(typed(data, key, dict, {}))
