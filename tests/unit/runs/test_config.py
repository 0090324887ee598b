"""Configs: typed, complete, and errors that name file, key and the nearest key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harstudio.errors import HarstudioError, MissingError, UsageError
from harstudio.runs.config import Config, changed_keys, load, parse

LEAST = {"data": {"path": "data"}, "network": {"name": "st-gcn"}}


def written(folder: Path, text: str) -> Path:
    path = folder / "config.toml"
    path.write_text(text, "utf-8")
    return path


def parsed(tables: dict[str, Any], *overrides: str) -> Config:
    return parse(tables, overrides, base=Path("/base"))


def test_the_least_config(tmp_path: Path) -> None:
    path = written(tmp_path, '[data]\npath = "../data"\n[network]\nname = "st-gcn"\n')
    config = load(path)
    assert config.data.path == str(tmp_path.parent / "data")
    assert config.run.folder == str(tmp_path / "runs" / "st-gcn")
    assert config.data.protocol == "cross-subject"
    assert config.training.epochs is None  # the recipe's


def test_what_is_written_loads_as_the_same(tmp_path: Path) -> None:
    tables: dict[str, Any] = {
        "data": {"path": "/d", "modalities": ["depth", "skeleton"], "validation_subjects": 2},
        "network": {"name": "mmff-lite", "dropout": 0.25},
        "preprocessing": {"skeleton": {"frames": 64, "scale": [1.0, 1.2]}},
        "training": {"epochs": 3, "stage": {"fusion": {"epochs": 5, "decay_at": [2, 4]}}},
        "run": {"folder": "/r"},
    }
    config = parsed(tables)
    again = load(written(tmp_path, config.to_toml()))
    assert again == config
    assert again.network.options == {"dropout": 0.25}
    assert again.training.stage["fusion"].decay_at == (2, 4)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("[trainin]\nepochs = 3", ("trainin", "Did you mean training?")),
        ("[training]\nepocs = 3", ("training.epocs", "Did you mean epochs?")),
        ("[data]\nprotokol = 'x'", ("data.protokol", "Did you mean protocol?")),
        ("[training]\nepochs = 'ten'", ("training.epochs", "whole number", "'ten'")),
        ("[training]\nepochs = 2.5", ("training.epochs", "whole number")),
        ("[training]\nbatch_size = 0", ("training.batch_size", "greater than or equal to 1")),
        ("[training]\nlearning_rate = nan", ("training.learning_rate", "finite")),
        ("[training]\nlearning_rate = true", ("training.learning_rate", "number")),
        (
            "[training]\noptimizer = 'sdg'",
            ("training.optimizer", "'adam', 'adamw' or 'sgd'", "'sdg'"),
        ),
        ("[training.stage.x]\nepoch = 3", ("training.stage.x.epoch", "Did you mean epochs?")),
        ("[training.stage.x]\ndecay_at = [0]", ("training.stage.x.decay_at",)),
        ("training = 3", ("training should be a table, not 3.",)),
        ("[run]\nfolder = 7", ("run.folder", "text")),
        ("[preprocessing]\nskeleton = 3", ("preprocessing.skeleton", "should be a table, not 3.")),
        ("[data]\nmodalities = 'depth'", ("data.modalities should be a list, not 'depth'.",)),
        ("[training]\nstages = [3]", ("training.stages.0 should be text, not 3.",)),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, parts: tuple[str, ...]) -> None:
    tables = {"[data]\n": "path = 'd'\n", "[network]\n": "name = 'st-gcn'\n"}
    for head, body in tables.items():
        text = text.replace(head, head + body) if head in text else f"{text}\n{head}{body}"
    path = written(tmp_path, text)
    with pytest.raises(UsageError) as raised:
        load(path)
    assert raised.value.path == path
    for part in parts:
        assert part in raised.value.sentence, raised.value.sentence
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("missing", ["data", "network"])
def test_what_every_config_needs(missing: str) -> None:
    tables = {name: table for name, table in LEAST.items() if name != missing}
    with pytest.raises(UsageError, match=f"{missing} is missing"):
        parsed(tables)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"[data", b"x" * (1 << 21)])
def test_files_that_are_no_config(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "c.toml"
    path.write_bytes(content)
    with pytest.raises(UsageError) as raised:
        load(path)
    assert raised.value.path == path


def test_no_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(MissingError):
        load(tmp_path / "none.toml")
    with pytest.raises(HarstudioError):
        load(tmp_path)


def test_overrides_have_the_values_of_toml() -> None:
    config = parsed(
        LEAST,
        "training.epochs=3",
        "training.optimizer=sgd",
        "data.modalities=['depth']",
        "network.dropout=0.1",
        "run.folder = elsewhere",
        "preprocessing.skeleton.frames=32",
    )
    assert config.training.epochs == 3
    assert config.training.optimizer == "sgd"
    assert config.data.modalities == ("depth",)
    assert config.network.options == {"dropout": 0.1}
    assert config.run.folder == "/base/elsewhere"
    assert config.preprocessing == {"skeleton": {"frames": 32}}
    assert "training" not in LEAST  # what was given stays as it was


def test_what_is_set_for_all_stages_holds_for_all() -> None:
    tables = {**LEAST, "training": {"stage": {"a": {"epochs": 9, "learning_rate": 0.5}}}}
    config = parsed(tables, "training.epochs=2", "training.stage.b.epochs=4")
    assert config.training.epochs == 2
    assert config.training.stage["a"].epochs is None
    assert config.training.stage["a"].learning_rate == 0.5
    assert config.training.stage["b"].epochs == 4


@pytest.mark.parametrize("override", ["training.epochs", "=3", "training..x=1", "data.path.x=1"])
def test_overrides_that_set_nothing(override: str) -> None:
    with pytest.raises(UsageError):
        parsed(LEAST, override)


def test_demo_is_the_bundled_project(tmp_path: Path) -> None:
    tables = {**LEAST, "data": {"path": "demo"}}
    assert Path(parse(tables, base=tmp_path).data.path).joinpath("project.toml").is_file()
    (tmp_path / "demo").mkdir()
    assert parse(tables, base=tmp_path).data.path == str(tmp_path / "demo")


def test_which_keys_changed() -> None:
    one = parsed({**LEAST, "training": {"seed": 1, "stage": {"a": {"epochs": 2}}}})
    other = parsed({**LEAST, "training": {"seed": 2, "stage": {"a": {"epochs": 3}}}})
    assert changed_keys(one, other) == ["training.seed", "training.stage.a.epochs"]
    assert changed_keys(one, one) == []
