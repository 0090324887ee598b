"""A training that is being put together: its config, and what the survey of the data tells."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli_w
from PySide6.QtCore import QObject, Signal

from harstudio.errors import UsageError
from harstudio.labels.keeping.names import safe_name
from harstudio.labels.project import is_project
from harstudio.runs.config import parse
from harstudio.runs.folder import RunFolder
from harstudio.studio.session import Session

WORDS = {"color": "colour"}  # modalities that people call otherwise
LIGHT = ("st-gcn", "mmff-lite")  # what a laptop trains; chosen until a person chooses
TABLES = ("data", "network", "preprocessing", "training", "run")
SHORT_LIST = re.compile(r"\[\n((?: {4}[^\n]*,\n){1,6})\]")
THIN = 10  # training clips below which a class is called thin
RECENT_SHOWN = 5


@dataclass(frozen=True, slots=True)
class DataChoice:
    """Something to learn from."""

    title: str
    path: Path


@dataclass(frozen=True, slots=True)
class ClassCount:
    """How many clips of a class lie in each part."""

    name: str
    train: int
    validation: int
    test: int

    @property
    def total(self) -> int:
        return self.train + self.validation + self.test

    @property
    def thin(self) -> bool:
        return self.train < THIN


def data_choices(session: Session) -> list[DataChoice]:
    """What is open comes first, then what was open lately."""
    choices = []
    project, folder = session.project, session.folder
    if project is not None and folder is not None:
        if folder == project.folder:
            choices.append(DataChoice(f"{project.name}, its labels", folder))
        else:
            choices.append(DataChoice(f"{folder.name}, actions by file names", folder))
            if (project.folder / "labels").is_dir() and any((project.folder / "labels").iterdir()):
                choices.append(DataChoice(f"{folder.name}, labels made here", project.folder))
    known = {choice.path for choice in choices}
    for text in session.settings.recent:
        path = Path(text)
        if path not in known and path.is_dir() and len(known) < RECENT_SHOWN:
            choices.append(DataChoice(folder_title(path), path))
            known.add(path)
    return choices


def folder_title(path: Path) -> str:
    """A folder in words."""
    what = "its labels" if is_project(path) else "actions by file names"
    return f"{path.name}, {what}"


class Draft(QObject):
    """The config as plain tables; what is not in it follows the network's paper.

    changed tells which key is another now, "" for many. surveyed tells that the data was looked
    at.
    """

    changed = Signal(str)
    surveyed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.config: dict[str, Any] = {}
        self.survey: dict[str, Any] = {}
        self._adapted: dict[str, dict[str, Any]] = {}  # cards by ``card_key``
        self._name_is_own = False  # whether the person named the run
        self._handed_in: set[Path] = set()  # runs whose folders may not be there yet

    # ---- keys

    def get(self, key: str, default: Any = None) -> Any:
        """The value of a dotted key."""
        table: Any = self.config
        for part in key.split("."):
            if not isinstance(table, Mapping) or part not in table:
                return default
            table = table[part]
        return table

    def set(self, key: str, value: Any) -> None:
        """Set a dotted key; None takes it out, so that the default holds."""
        if self.get(key) == value:
            return
        *tables, last = key.split(".")
        table = self.config
        for part in tables:
            inner = table.setdefault(part, {})
            if not isinstance(inner, dict):
                table[part] = inner = {}
            table = inner
        if value is None:
            table.pop(last, None)
            self._prune(tables)
        else:
            table[last] = value
        if key.startswith("network.") and self.knows_card:
            self.choose_modalities()
        self.changed.emit(key)

    def _prune(self, tables: list[str]) -> None:
        """Empty tables are not written."""
        for depth in range(len(tables), 0, -1):
            above = self.get(".".join(tables[: depth - 1])) if depth > 1 else self.config
            if isinstance(above, dict) and above.get(tables[depth - 1]) == {}:
                del above[tables[depth - 1]]

    # ---- as text

    def text(self) -> str:
        """As config.toml."""
        known = [name for name in TABLES if name in self.config]
        others = [name for name in self.config if name not in TABLES]
        ordered = {name: self.config[name] for name in (*known, *others)}
        return SHORT_LIST.sub(_on_one_line, tomli_w.dumps(ordered))

    def read(self, text: str) -> None:
        """Take what was written by hand; UsageError where it is no TOML, or holds what no config
        has (what only the data or the network can tell comes later)."""
        try:
            config = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise UsageError(f"This is not valid TOML: {error}.") from error
        if config != self.config:
            self.config = config
            self.changed.emit("")
        if self.get("data.path") and self.get("network.name"):
            parse(config, base=Path())

    # ---- the survey

    def take_survey(self, survey: dict[str, Any]) -> None:
        """What the data holds, and which networks there are."""
        untouched = self._base is not None and self.options == self._chosen(self._base)
        self.survey = survey
        self._adapted.clear()
        if untouched and self._base is not None:  # other data may want it made otherwise
            self.config["network"] = {"name": self._base["name"], **self._chosen(self._base)}
        if not self.get("network.name") and self.cards:
            names = [str(card["name"]) for card in self.cards if not self.missing(card)]
            light = [name for name in LIGHT if name in names]
            self.choose_network((light or names or [str(self.cards[0]["name"])])[0])
        else:
            self.choose_modalities()
        self.surveyed.emit()

    @property
    def cards(self) -> list[dict[str, Any]]:
        """Every network that can be trained."""
        return list(self.survey.get("cards", ()))

    @property
    def _base(self) -> dict[str, Any] | None:
        """The chosen network as this data would have it."""
        name = self.get("network.name")
        return next((card for card in self.cards if card["name"] == name), None)

    @staticmethod
    def _chosen(card: Mapping[str, Any]) -> dict[str, Any]:
        """Options that the card is made with, because of the data."""
        return dict(card.get("chosen") or {})

    @property
    def options(self) -> dict[str, Any]:
        """Of the network, as far as they are written."""
        table = self.get("network")
        if not isinstance(table, Mapping):
            return {}
        return {key: value for key, value in table.items() if key != "name"}

    @property
    def card_key(self) -> str:
        """What the card depends on."""
        return json.dumps([self.get("network.name"), self.options], sort_keys=True, default=str)

    @property
    def knows_card(self) -> bool:
        """Whether ``card`` is that of the network with its options."""
        base = self._base
        same = base is None or self.options == self._chosen(base)
        return same or self.card_key in self._adapted

    @property
    def card(self) -> dict[str, Any] | None:
        """The chosen network; until it is known with its options, without them."""
        return self._adapted.get(self.card_key, self._base)

    def take_card(self, key: str, card: dict[str, Any]) -> None:
        """What the network is with the options of a ``card_key``."""
        self._adapted[key] = card
        if key == self.card_key:
            self.choose_modalities()
            self.changed.emit("network.card")

    @property
    def kinds(self) -> frozenset[str]:
        """What every recording of the data has: "depth", "skeleton", ..."""
        return frozenset(self.survey.get("kinds", ()))

    @property
    def counts(self) -> list[ClassCount]:
        return [
            ClassCount(str(c["name"]), int(c["train"]), int(c["validation"]), int(c["test"]))
            for c in self.survey.get("classes", ())
        ]

    def branches(self, card: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
        """(input, modalities that may feed it) of a network."""
        return [(str(name), [str(m) for m in may]) for name, may in card["branches"].items()]

    def missing(self, card: Mapping[str, Any]) -> list[str]:
        """What a network needs and this data has not, in words; one modality for two inputs is no
        fusion."""
        lacking, taken = [], set[str]()
        for _, may in self.branches(card) if self.survey else ():
            there = [modality for modality in may if modality in self.kinds]
            free = [modality for modality in there if modality not in taken]
            if not free:
                words = " or ".join(WORDS.get(modality, modality) for modality in may)
                lacking.append(f"second {words}" if there else words)
            taken.update(free[:1])
        return lacking

    def choose_network(self, name: str) -> None:
        """Another network: what was set for the old one is dropped, its modalities are chosen."""
        if name == self.get("network.name"):
            return
        self.config["network"] = {"name": name}
        if self._base is not None:
            self.config["network"] |= self._chosen(self._base)
        self.config.pop("preprocessing", None)
        data = self.config.get("data")
        if isinstance(data, dict):  # the published ones first, where the data has them
            data.pop("modalities", None)
        training = self.config.get("training")
        for key in ("stage", "stages", "epochs", "batch_size"):
            if isinstance(training, dict):
                training.pop(key, None)
        self.choose_modalities()
        self.changed.emit("")

    @property
    def modalities(self) -> list[Any]:
        """One for each branch, as they were chosen or written."""
        chosen = self.get("data.modalities")
        return list(chosen) if isinstance(chosen, list) else []

    def choose_modalities(self) -> None:
        """For each branch what it had, else the first that the data has."""
        card = self.card
        if card is None:
            return
        before = self.modalities
        chosen: list[str] = []
        for place, (_, may) in enumerate(self.branches(card)):
            kept = before[place] if place < len(before) and before[place] in may else ""
            there = [modality for modality in may if modality in self.kinds]
            free = [modality for modality in there if modality not in chosen]
            chosen.append(kept if kept in there else (free or there or may)[0])
        self.set("data.modalities", chosen)

    # ---- where it goes

    def name_run(self, folder: Path, name: str = "") -> None:
        """Name the run; without a name one is made from network and data, not taken yet."""
        if name or not self._name_is_own:
            self._name_is_own = bool(name)
            self.set("run.folder", str(folder / (name or self.free_name(folder))))

    def free_name(self, folder: Path) -> str:
        """ "st-gcn-utd-mhad", or with a number where that is taken."""
        network = str(self.get("network.name") or "run")
        data = Path(str(self.get("data.path") or "data")).name
        stem = safe_name(f"{network}-{data}".lower().replace(" ", "-"))
        names = [stem, *(f"{stem}-{k}" for k in range(2, 1000))]
        return next((name for name in names if not self.is_taken(folder / name)), stem)

    def is_taken(self, folder: Path) -> bool:
        """Whether a run, or anything else, lies there already or was handed in to be made."""
        if folder in self._handed_in or RunFolder(folder).config.exists():
            return True
        return folder.is_dir() and any(folder.iterdir())

    def hand_in(self) -> None:
        """The run is on its way: its name is taken, the next one gets another."""
        folder = Path(str(self.get("run.folder")))
        self._handed_in.add(folder)
        self._name_is_own = False
        self.name_run(folder.parent)


def _on_one_line(found: re.Match[str]) -> str:
    items = found[1].replace("\n", " ").split()
    return f"[{' '.join(items).removesuffix(',')}]"
