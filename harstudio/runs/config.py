"""What a training shall do: one TOML file, typed, everything with a default from the paper.

Tables: ``[data]``, ``[network]`` (name, then its options), ``[preprocessing.INPUT]``,
``[training]``, ``[training.stage.NAME]`` and ``[run]``. A key that is not known or has the wrong
type is a UsageError that names file, key and the nearest key. Relative paths are relative to the
file. Keys and defaults: docs/reference/training.md.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from harstudio.errors import MissingError, UsageError
from harstudio.resources import resource
from harstudio.runs.folder import is_run

DEMO = "demo"
LARGEST_FILE = 1 << 20  # bytes; a config is a page of text
CHOSEN_BY_TEST = (
    "chosen by the test part, as some papers do; not comparable with figures that are not"
)

Names = Annotated[tuple[str, ...], Field(strict=False)]
Epochs = Annotated[tuple[Annotated[int, Field(ge=1, strict=True)], ...], Field(strict=False)]
Number = int | float | str | bool | list[Any]


class Table(BaseModel):
    """One table of the file: frozen, nothing converted, nothing unknown."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class DataTable(Table):
    """``[data]``: what is learned from. modalities and annotator: empty for the defaults.

    topology: the joints that the network sees, to which those of every recording are mapped; empty
    for those of the data.
    """

    path: str = Field(min_length=1)
    protocol: str = "cross-subject"
    modalities: Names = ()
    validation_subjects: int | None = Field(default=None, ge=0)
    annotator: str = ""
    topology: str = ""


class NetworkTable(Table):
    """``[network]``: its name; every other key is an option of that network."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)
    name: str

    @property
    def options(self) -> dict[str, Any]:
        """The network's own options as given."""
        return dict(self.model_extra or {})


class StageTable(Table):
    """``[training.stage.NAME]``: what differs in one stage."""

    epochs: int | None = Field(default=None, ge=0)
    learning_rate: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    decay_at: Epochs | None = None


class TrainingTable(Table):
    """``[training]``; None where the network's recipe decides.

    start: a run, or bundled weights by their name, whose weights are taken where they fit. select:
    what chooses the epoch that counts: the validation part where there is one, the last epoch, or,
    as some papers do, the test part; that is told wherever its figures are. class_weights:
    "balanced" gives each class the same say however many clips it has. ema: share of the old in an
    exponential mean of the weights that is kept beside them and validated, tested and kept in their
    place; 0 = none. patience: epochs of a stage without a better one after which it ends; 0 =
    never. modality_dropout: chance that a training clip lacks one of several modalities.
    cache_features: what is frozen in a stage looks at each clip once, which is then prepared as in
    testing.
    """

    epochs: int | None = Field(default=None, ge=0)
    batch_size: int | None = Field(default=None, ge=1)
    seed: int = Field(default=0, ge=0, lt=1 << 63)
    device: str = "auto"
    threads: int | None = Field(default=None, ge=1)
    optimizer: Literal["adam", "adamw", "sgd"] | None = None
    learning_rate: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    momentum: float | None = Field(default=None, ge=0, lt=1)
    nesterov: bool | None = None
    weight_decay: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    schedule: Literal["steps", "cosine"] | None = None
    decay: float | None = Field(default=None, gt=0, le=1)
    decay_at: Epochs | None = None
    warmup_epochs: int = Field(default=0, ge=0)
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    clip_norm: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    class_weights: Literal["none", "balanced"] = "none"
    precision: Literal["float32", "bfloat16", "float16"] = "float32"
    ema: float = Field(default=0.0, ge=0, lt=1)
    patience: int = Field(default=0, ge=0)
    select: Literal["validation", "last", "test"] = "validation"
    modality_dropout: float = Field(default=0.0, ge=0, lt=1)
    cache_features: bool = False
    checkpoint_seconds: float = Field(default=60.0, gt=0)
    cache_mib: int = Field(default=2048, ge=0)
    start: str = ""
    stages: Names | None = None
    stage: dict[str, StageTable] = Field(default_factory=dict)


class RunTable(Table):
    """``[run]``: where the run is kept."""

    folder: str = ""


class Config(Table):
    """A whole file. Paths are as written until ``load`` has made them absolute."""

    data: DataTable
    network: NetworkTable
    preprocessing: dict[str, dict[str, Any]] = Field(default_factory=dict)
    training: TrainingTable = TrainingTable()
    run: RunTable = RunTable()

    def to_dict(self) -> dict[str, Any]:
        """Builtins for JSON and TOML; what is None is left out."""
        tables: dict[str, Any] = _builtins(self.model_dump(exclude_none=True))
        return tables

    def to_toml(self) -> str:
        """The text of a file that loads as this."""
        return tomli_w.dumps(self.to_dict())


def load(path: Path, overrides: Sequence[str] = ()) -> Config:
    """Read a config file; ``overrides`` are ``KEY=VALUE`` with the values of TOML."""
    return parse(read_tables(path), overrides, base=path.absolute().parent, source=path)


def read_tables(path: Path) -> dict[str, Any]:
    """The tables of a TOML file; MissingError or UsageError where there is none."""
    try:
        with path.open("rb") as file:
            text = file.read(LARGEST_FILE + 1)
    except FileNotFoundError:
        raise MissingError(
            "There is no such file.", path=path, remedy="Check how it is spelled."
        ) from None
    except OSError as error:
        raise UsageError(f"It cannot be read ({error.strerror}).", path=path) from None
    if len(text) > LARGEST_FILE:
        raise UsageError("This is too long for a config.", path=path, remedy="Name a TOML file.")
    try:
        return tomllib.loads(text.decode("utf-8"))
    except UnicodeDecodeError:
        raise UsageError("This is no text.", path=path, remedy="Name a TOML file.") from None
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"This is not valid TOML: {error}.", path=path) from None


def parse(
    tables: Mapping[str, Any],
    overrides: Sequence[str] = (),
    *,
    base: Path,
    source: Path | None = None,
) -> Config:
    """Check tables; ``base`` is the folder that relative paths start from."""
    changed = _copied(tables)
    for override in overrides:
        _set(changed, override)
    try:
        config = Config.model_validate(changed)
    except ValidationError as error:
        raise _explained(error, source) from None
    folder = config.run.folder or f"runs/{config.network.name}"
    start = config.training.start and str(_start(config.training.start, base))
    return config.model_copy(
        update={
            "training": config.training.model_copy(update={"start": start}),
            "data": config.data.model_copy(update={"path": str(_data(config.data.path, base))}),
            "run": RunTable(folder=str(_absolute(folder, base))),
        }
    )


def parse_options(changes: Iterable[str]) -> dict[str, Any]:
    """``KEY=VALUE`` with the values of TOML, as a table."""
    options: dict[str, Any] = {}
    for change in changes:
        _set(options, change)
    return options


def nearest(word: str, known: Iterable[str]) -> str:
    """The remedy for a name that is not known: the nearest one, or all."""
    names = list(known)
    near = difflib.get_close_matches(word, names, n=1, cutoff=0.5)
    if near:
        return f"Did you mean {near[0]}?"
    return f"Known are: {', '.join(names)}." if names else "None are known."


def changed_keys(one: Config, other: Config) -> list[str]:
    """Dotted keys that differ, sorted."""
    left, right = flat(one.to_dict()), flat(other.to_dict())
    return sorted(key for key in left.keys() | right.keys() if left.get(key) != right.get(key))


def flat(table: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Tables as one with dotted keys."""
    found: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, Mapping):
            found |= flat(value, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = value
    return found


def _data(path: str, base: Path) -> Path:
    """Where the data lie; the word ``demo`` is the bundled demo project."""
    there = _absolute(path, base)
    return resource("demo") if path == DEMO and not there.exists() else there


def _start(path: str, base: Path) -> Path:
    """The run to start from; a name that no folder has is that of bundled weights."""
    there, bundled = _absolute(path, base), resource("weights") / path
    return bundled if not there.exists() and is_run(bundled) else there


def _absolute(path: str, base: Path) -> Path:
    return Path(base, Path(path).expanduser()).resolve()


def _builtins(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _builtins(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_builtins(inner) for inner in value]
    return value


def _copied(tables: Mapping[str, Any]) -> dict[str, Any]:
    return {k: _copied(v) if isinstance(v, Mapping) else v for k, v in tables.items()}


EVERY_STAGE = ("epochs", "learning_rate", "decay_at")


def _set(tables: dict[str, Any], override: str) -> None:
    """Apply ``training.epochs=3``; what is set for all stages takes the stages' own away."""
    key, equals, text = override.partition("=")
    parts = key.strip().split(".")
    if not equals or not all(parts):
        raise UsageError(
            f"{override!r} sets nothing.", remedy="Write KEY=VALUE, as in training.epochs=3."
        )
    try:
        value = tomllib.loads(f"value = {text.strip()}")["value"]
    except tomllib.TOMLDecodeError:
        value = text.strip()  # a word without quotes is text
    table = tables
    for part in parts[:-1]:
        inner = table.setdefault(part, {})
        if not isinstance(inner, dict):
            raise UsageError(f"{key.strip()} is not in a table.", remedy=f"{part} is a value.")
        table = inner
    table[parts[-1]] = value
    if parts[:-1] == ["training"] and parts[-1] in EVERY_STAGE:
        for stage in tables["training"].get("stage", {}).values():
            stage.pop(parts[-1], None)


def _explained(error: ValidationError, source: Path | None) -> UsageError:
    """One sentence for the first thing that is wrong."""
    first = error.errors(include_url=False)[0]
    places = [str(part) for part in first["loc"]]
    key = ".".join(places)
    if first["type"] == "extra_forbidden":
        return UsageError(
            f"There is no key {key}.", path=source, remedy=nearest(places[-1], _fields(places[:-1]))
        )
    if first["type"] == "missing":
        return UsageError(f"{key} is missing.", path=source, remedy="Every config needs it.")
    given = first.get("input")
    expected = str(first["msg"]).replace("Input should be", "should be").rstrip(".")
    expected = expected.replace("a valid integer", "a whole number")
    expected = expected.replace("a valid string", "text").replace("a valid number", "a number")
    kinds = {"model_type": "a table", "dict_type": "a table", "tuple_type": "a list"}
    if first["type"] in kinds:
        expected = f"should be {kinds[first['type']]}"
    shown = f", not {given!r}" if isinstance(given, int | float | str | bool) else ""
    return UsageError(f"{key} {expected}{shown}.", path=source)


def _fields(places: Sequence[str]) -> list[str]:
    """The keys of the table at ``places``."""
    tables: dict[tuple[str, ...], type[BaseModel]] = {
        (): Config,
        ("data",): DataTable,
        ("network",): NetworkTable,
        ("training",): TrainingTable,
        ("run",): RunTable,
    }
    if tuple(places[:2]) == ("training", "stage"):
        return list(StageTable.model_fields)
    table = tables.get(tuple(places))
    return [] if table is None else list(table.model_fields)
