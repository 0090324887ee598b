"""A study: one config trained in variants, by protocols and seeds; a TOML file of its own.

``[study]`` has config (a training config), folder, seeds and protocols; a family such as
``leave-one-subject-out`` stands for all its folds. Each ``[[variant]]`` has a name and what it
sets, by dotted keys. ``[base]`` may hold the tables of the config instead of naming one. Every cell
is a run folder ``FOLDER/VARIANT/PROTOCOL-sSEED``. Paths are relative to the file.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tomli_w
from pydantic import Field, ValidationError

from harstudio.errors import UsageError
from harstudio.runs import config as configs
from harstudio.runs.config import Config, Names, Table

DOCUMENT = "study.json"
UNSAFE = re.compile(r"[^A-Za-z0-9._+-]+")

Seed = Annotated[int, Field(ge=0, lt=1 << 63, strict=True)]


class Variant(Table):
    """``[[variant]]``: what differs from the base. set: dotted keys, or tables."""

    name: str = Field(min_length=1, max_length=100)
    set: dict[str, Any] = Field(default_factory=dict)

    @property
    def changes(self) -> list[str]:
        """``KEY=VALUE`` as ``--set`` takes them."""
        return [f"{key}={_toml(value)}" for key, value in configs.flat(self.set).items()]


class StudyTable(Table):
    """``[study]``. protocols: empty for the config's own."""

    config: str = ""
    folder: str = ""
    seeds: Annotated[tuple[Seed, ...], Field(strict=False, min_length=1)] = (0,)
    protocols: Names = ()


class StudyFile(Table):
    """A whole file."""

    study: StudyTable = StudyTable()
    base: dict[str, Any] = Field(default_factory=dict)
    variant: Annotated[tuple[Variant, ...], Field(strict=False)] = ()


@dataclass(frozen=True, slots=True)
class Study:
    """A study as its file at ``source`` has it; the folder is absolute.

    protocols: families as written, the config's own where none is.
    """

    source: Path
    folder: Path
    seeds: tuple[int, ...]
    protocols: tuple[str, ...]
    variants: tuple[Variant, ...]
    file: StudyFile

    def config(self, variant: Variant, protocol: str, seed: int) -> Config:
        """The config of one cell; UsageError where the variant sets what there is not."""
        config = _base(self.file, self.source, variant, protocol, seed)
        folder = str(self.cell(variant, protocol, seed))
        return config.model_copy(update={"run": configs.RunTable(folder=folder)})

    def cell(self, variant: Variant, protocol: str, seed: int) -> Path:
        """The run folder of a cell."""
        return self.folder / safe(variant.name) / f"{safe(protocol)}-s{seed}"


def read_study(source: Path) -> Study:
    """Read a study; UsageError or MissingError that names the file, for a wrong config too."""
    source = source.expanduser().absolute()
    tables = configs.read_tables(source)
    try:
        file = StudyFile.model_validate(tables)
    except ValidationError as error:
        raise UsageError(_said(error), path=source) from None
    if bool(file.study.config) == bool(file.base):
        raise UsageError(
            "A study has one base.",
            path=source,
            remedy="Name a config in [study], or write its tables under [base].",
        )
    variants = file.variant or (Variant(name="base"),)
    _once((safe(one.name) for one in variants), "variant", source)
    _once(file.study.seeds, "seed", source)
    _once(map(safe, file.study.protocols), "protocol", source)
    for variant in variants:
        if {"training.seed", "data.protocol", "run.folder"} & configs.flat(variant.set).keys():
            raise UsageError(
                f"The variant {variant.name} sets what is the study's own.",
                path=source,
                remedy="Use seeds, protocols and folder of [study].",
            )
    own = [_base(file, source, one, "", file.study.seeds[0]).data.protocol for one in variants]
    folder = file.study.folder or f"runs/{source.stem}"
    return Study(
        source,
        Path(source.parent, Path(folder).expanduser()).resolve(),
        file.study.seeds,
        file.study.protocols or (own[0],),
        variants,
        file,
    )


def safe(name: str) -> str:
    """A name as part of a folder's."""
    return UNSAFE.sub("-", name).strip(".") or "-"


def _base(file: StudyFile, source: Path, variant: Variant, protocol: str, seed: int) -> Config:
    changes = [*variant.changes, f"training.seed={seed}"]
    if protocol:
        changes.append(f"data.protocol={_toml(protocol)}")
    if file.study.config:
        return configs.load(Path(source.parent, file.study.config).absolute(), changes)
    return configs.parse(file.base, changes, base=source.parent, source=source)


def _toml(value: Any) -> str:
    return tomli_w.dumps({"value": value}).partition("=")[2].strip()


def _once(names: Iterable[object], what: str, source: Path) -> None:
    twice = [str(name) for name, count in Counter(names).items() if count > 1]
    if twice:
        raise UsageError(
            f"The {what} {twice[0]} is there twice.", path=source, remedy="Name each once."
        )


def _said(error: ValidationError) -> str:
    """One sentence for the first thing that is wrong."""
    first = error.errors(include_url=False)[0]
    key = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return f"There is no key {key}."
    return f"{key}: {str(first['msg']).replace('Input should', 'should').rstrip('.')}."
