"""Label sets: what can be said, with a colour and a key each; TOML files."""

from __future__ import annotations

import hashlib
import tomllib
from collections import Counter
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import tomli_w

from harstudio.errors import DataError
from harstudio.files import write_atomically
from harstudio.labels.label_sets.attributes import Attribute
from harstudio.labels.model import typed
from harstudio.resources import resource

# Ten hues at two lightnesses (OKLCH 0.76 and 0.56), neighbours far apart.
PALETTE = (
    "#ff898b",
    "#03829b",
    "#96c257",
    "#a050a3",
    "#42befe",
    "#9d6802",
    "#f089c8",
    "#028779",
    "#d2ad28",
    "#7561c5",
    "#02c9d1",
    "#bb4d2a",
    "#cb96f8",
    "#278b38",
    "#f6964c",
    "#2975c9",
    "#3bcd98",
    "#b8476e",
    "#96acfe",
    "#797a01",
)

HOTKEYS = "1234567890ABCDEGHMNPQRSTUVWXYZ"  # F, I, J, K, L, O belong to the player


def label_color(name: str) -> str:
    """The colour of a label that no set gives one: one of the palette, stable by name."""
    return PALETTE[_step(name)]


def _step(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode("utf-8", "replace")).digest()[:4]) % len(
        PALETTE
    )


def text_on(color: str) -> str:
    """Black or white, whichever reads better on "#rrggbb"; the contrast is at least 4.5:1."""
    luminance = _luminance(color)
    return "#000000" if (luminance + 0.05) ** 2 > 1.05 * 0.05 else "#ffffff"


def _luminance(color: str) -> float:
    channels = (int(color[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@dataclass(frozen=True, slots=True)
class Example:
    """A stretch ``[start_ns, end_ns)`` of a recording of the project, by the recording's name."""

    recording: str
    start_ns: int
    end_ns: int

    def __post_init__(self) -> None:
        if self.end_ns <= self.start_ns:
            raise ValueError(f"an example must end after it starts ({self.recording})")


@dataclass(frozen=True, slots=True)
class Label:
    """One thing that can be said. code: the dataset's own ("A001"); hotkey: one of HOTKEYS.

    definition: when it begins and ends; not_this: what is often mistaken for it. parent: the
    name of the label that it is a kind of or of a group of the set, "" for none. synonyms: other
    names, that are found and, on import, taken for it. example: a clip that shows it.
    """

    name: str
    code: str = ""
    color: str = ""
    hotkey: str = ""
    definition: str = ""
    not_this: str = ""
    parent: str = ""
    synonyms: tuple[str, ...] = ()
    example: Example | None = None

    def __post_init__(self) -> None:
        if not self.name.strip():
            raise ValueError("a label needs a name")
        if not self.color:
            object.__setattr__(self, "color", label_color(self.name))
        if len(self.color) != 7 or self.color[0] != "#":
            raise ValueError(f"the colour of “{self.name}” is {self.color!r}, not like #1f77b4")
        int(self.color[1:], 16)
        if self.hotkey and self.hotkey not in HOTKEYS:
            raise ValueError(f"“{self.hotkey}” cannot be the key of “{self.name}”")


@dataclass(frozen=True, slots=True)
class LabelSet:
    """Labels in their order; a label's place in it is its number in training.

    attributes: what else is asked about clips. groups: headings that labels stand under (by
    ``Label.parent``); nothing is labelled with them, and they have no number in training.
    """

    name: str
    labels: tuple[Label, ...] = ()
    source: str = field(default="", compare=False)
    attributes: tuple[Attribute, ...] = ()
    groups: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self._check_groups()
        self._check_parents()
        if len({one.name for one in self.attributes}) < len(self.attributes):
            raise ValueError("two attributes have one name")
        for what in ("name", "hotkey"):
            counts = Counter(getattr(label, what) for label in self.labels)
            twice = [value for value, count in counts.items() if value and count > 1]
            if twice:
                raise ValueError(f"two labels have the {what} “{twice[0]}”")

    def _check_groups(self) -> None:
        names = Counter((*self.groups, *{label.name for label in self.labels}))
        for group in self.groups:
            if not group.strip():
                raise ValueError("a group needs a name")
            if names[group] > 1:
                raise ValueError(f"two groups or labels have the name “{group}”")

    def _check_parents(self) -> None:
        parents = {label.name: label.parent for label in self.labels}
        parents |= dict.fromkeys(self.groups, "")
        for label in self.labels:
            seen, above = {label.name}, label.parent
            while above:
                if above not in parents:
                    raise ValueError(f"“{label.name}” is a kind of “{above}”, which is no label")
                if above in seen:
                    raise ValueError(f"“{label.name}” is a kind of itself")
                seen.add(above)
                above = parents[above]

    @classmethod
    def of(cls, name: str, labels: list[str] | tuple[str, ...]) -> LabelSet:
        """A set of plain names, with colours as far apart as they go and the default keys."""
        label_set = cls(name)
        for label in labels:
            label_set = label_set.with_label(label)
        return label_set

    @classmethod
    def load(cls, path: Path) -> LabelSet:
        """Read a TOML file; DataError when it is missing, damaged or contradicts itself."""
        try:
            data = tomllib.loads(path.read_text("utf-8"))
            labels = tuple(_label(one) for one in typed(data, "labels", list, []))
            name = typed(data, "name", str, path.stem)
            attributes = tuple(Attribute.from_dict(a) for a in typed(data, "attributes", list, []))
            groups = tuple(str(one) for one in typed(data, "groups", list, []))
            return cls(name, labels, typed(data, "source", str, ""), attributes, groups)
        except OSError as error:
            reason = error.strerror or str(error)
            raise DataError(f"The label set cannot be read ({reason}).", path=path) from error
        except ValueError as error:
            raise DataError(
                f"The label set is damaged: {error}.", path=path, remedy="Correct it by hand."
            ) from error

    def save(self, path: Path) -> None:
        """Write it as TOML, atomically."""
        data: dict[str, Any] = {"name": self.name}
        if self.source:
            data["source"] = self.source
        if self.groups:
            data["groups"] = list(self.groups)
        data["labels"] = [_filled(label) for label in self.labels]
        if self.attributes:
            data["attributes"] = [attribute.to_dict() for attribute in self.attributes]
        write_atomically(path, tomli_w.dumps(data).encode())

    def find(self, name: str) -> Label | None:
        """The label of that name."""
        return next((label for label in self.labels if label.name == name), None)

    def meant(self, text: str) -> Label | None:
        """The label of that name, code or synonym, whatever the case."""
        folded = text.strip().casefold()
        for label in self.labels:
            names = (label.name, label.code, *label.synonyms)
            if folded and folded in (name.casefold() for name in names):
                return label
        return None

    def by_hotkey(self, key: str) -> Label | None:
        """The label of that key, in either case."""
        return next((label for label in self.labels if label.hotkey == key.upper() != ""), None)

    def color_of(self, name: str) -> str:
        """The colour of a label, in the set or not."""
        label = self.find(name)
        return label_color(name) if label is None else label.color

    def with_label(self, name: str, code: str = "", definition: str = "") -> LabelSet:
        """The set with one more label: the next free key, and the colour used least so far."""
        keys = {label.hotkey for label in self.labels}
        hotkey = next((key for key in HOTKEYS if key not in keys), "")
        used = Counter(label.color for label in self.labels)
        first = _step(name)
        steps = [PALETTE[(first + i) % len(PALETTE)] for i in range(len(PALETTE))]
        color = min(steps, key=lambda step: used[step])
        label = Label(name, code, color, hotkey, definition)
        return replace(self, labels=(*self.labels, label))


TEXTS = ("name", "code", "color", "hotkey", "definition", "not_this", "parent")


def _label(data: Any) -> Label:
    texts = {key: typed(data, key, str, "") for key in TEXTS if key != "name"}
    synonyms = tuple(str(one) for one in typed(data, "synonyms", list, []))
    example = typed(data, "example", dict, None)
    if example is not None:
        times = typed(example, "start_ns", int), typed(example, "end_ns", int)
        example = Example(typed(example, "recording", str), *times)
    return Label(typed(data, "name", str), **texts, synonyms=synonyms, example=example)


def _filled(label: Label) -> dict[str, Any]:
    data: dict[str, Any] = {key: getattr(label, key) for key in TEXTS if getattr(label, key)}
    if label.synonyms:
        data["synonyms"] = list(label.synonyms)
    if label.example is not None:
        data["example"] = asdict(label.example)
    return data


BUNDLED = {  # by name of the file: the formats of recordings that it suits
    "ntu60": (),
    "ntu120": ("ntu", "ntu-rgbd", "ntu-skeleton"),
    "utd-mhad": ("utd-mhad",),
    "n-ucla": ("n-ucla",),
    "sysu": ("sysu",),
    "pku-mmd": ("pku-mmd",),
}


def bundled_label_sets() -> tuple[LabelSet, ...]:
    """The sets that come with the program."""
    return tuple(bundled_label_set(name) for name in BUNDLED)


def bundled_label_set(name: str) -> LabelSet:
    """One of them, by the name of its file: "ntu60", "utd-mhad", ..."""
    return LabelSet.load(resource("labels", f"{name}.toml"))


def label_set_for(recording_format: str) -> LabelSet:
    """The bundled set that suits recordings of a format; NTU's 60 where none is known."""
    fitting = (name for name, formats in BUNDLED.items() if recording_format in formats)
    return bundled_label_set(next(fitting, "ntu60"))
