"""What else is asked about a clip: a number, a choice, a step of a scale, a text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from harstudio.labels.model import AttributeValue, Clip, typed

AttributeKind = Literal["number", "choice", "scale", "text"]


@dataclass(frozen=True, slots=True)
class Attribute:
    """One question.

    kind: "number" (between low and high, in ``unit``), "choice" (one of ``choices``, no order),
    "scale" (one of ``choices``, from least to most; the value is the chosen text) or "text".
    required: a clip is not complete without it. labels: which it is asked of, () for all.
    """

    name: str
    kind: AttributeKind = "text"
    choices: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    unit: str = ""
    required: bool = False
    labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise ValueError("an attribute needs a name")
        if self.kind not in get_args(AttributeKind):
            raise ValueError(f"“{self.kind}” is no kind of attribute")
        if self.kind in ("choice", "scale") and len(set(self.choices)) < 2:
            raise ValueError(f"“{self.name}” needs two different choices at least")
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError(f"the limits of “{self.name}” leave nothing between them")

    def concerns(self, label: str) -> bool:
        """Whether it is asked of clips of a label."""
        return not self.labels or label in self.labels

    def problem(self, value: AttributeValue) -> str:
        """Why a value is none for it, as a sentence; "" when it is one."""
        if self.kind == "number":
            if isinstance(value, str):
                return f"“{self.name}” must be a number, not “{value}”."
            low, high = self.low, self.high
            if (low is not None and value < low) or (high is not None and value > high):
                return f"“{self.name}” must lie between {_said(low)} and {_said(high)}."
            return ""
        if not isinstance(value, str):
            return f"“{self.name}” must be a text, not {value}."
        if self.kind != "text" and value not in self.choices:
            return f"“{self.name}” must be one of {', '.join(self.choices)}."
        return ""

    def to_dict(self) -> dict[str, Any]:
        """Builtins for TOML; what has its default is left out."""
        data: dict[str, Any] = {"name": self.name, "kind": self.kind}
        for key in ("choices", "labels"):
            if getattr(self, key):
                data[key] = list(getattr(self, key))
        for key in ("low", "high"):
            if getattr(self, key) is not None:
                data[key] = getattr(self, key)
        if self.unit:
            data["unit"] = self.unit
        if self.required:
            data["required"] = True
        return data

    @classmethod
    def from_dict(cls, data: Any) -> Attribute:
        """The reverse of ``to_dict``; ValueError when it contradicts itself."""
        limits = (typed(data, key, (int, float), None) for key in ("low", "high"))
        low, high = (None if limit is None else float(limit) for limit in limits)
        return cls(
            typed(data, "name", str),
            typed(data, "kind", str, "text"),
            tuple(str(one) for one in typed(data, "choices", list, [])),
            low,
            high,
            typed(data, "unit", str, ""),
            typed(data, "required", bool, False),
            tuple(str(one) for one in typed(data, "labels", list, [])),
        )


def _said(limit: float | None) -> str:
    return "anything" if limit is None else f"{limit:g}"


def missing(clip: Clip, attributes: Sequence[Attribute]) -> tuple[Attribute, ...]:
    """The required ones that a clip does not answer."""
    return tuple(
        a
        for a in attributes
        if a.required and a.concerns(clip.label) and a.name not in clip.attributes
    )


def problems(values: Mapping[str, AttributeValue], attributes: Sequence[Attribute]) -> list[str]:
    """Sentences about values that are none; names that no attribute has are left alone."""
    by_name = {attribute.name: attribute for attribute in attributes}
    found = (by_name[name].problem(value) for name, value in values.items() if name in by_name)
    return [sentence for sentence in found if sentence]
