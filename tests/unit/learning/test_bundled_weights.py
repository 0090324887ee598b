"""The weights in the box: whole, small, of no computer, and they recognise what they should."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from safetensors import safe_open

from harstudio.cli import main
from harstudio.learning.devices import choose_device
from harstudio.learning.evaluating.testing import evaluate_run
from harstudio.learning.preprocessing import Preprocessing
from harstudio.resources import resource
from harstudio.runs.about import load_about
from harstudio.runs.bundled import bundled_runs
from harstudio.runs.config import load, parse
from harstudio.runs.folder import RunFolder
from harstudio.runs.reading import read_data, read_evaluation
from job_context import Heard

NAMES = list(bundled_runs())
OF_UTD = [name for name in NAMES if not name.startswith("synthetic-")]
TRIALS = 12
MOST_BYTES = 60_000_000
CHANCE = 1 / 27
PLACES = ("/work", "/tmp", "/home", "/root", "/Users", ":\\")
DEMO = ("clap-s01", "fall-s02", "throw-s01", "wave-s02")


def files(folder: Path) -> list[Path]:
    return sorted(one for one in folder.rglob("*") if one.is_file())


def state(folder: Path) -> dict[Path, tuple[int, int]]:
    return {one: (one.stat().st_size, one.stat().st_mtime_ns) for one in files(folder)}


def evaluated(name: str, data: Path, **how: Any) -> dict[str, Any]:
    """What bundled weights say of labelled data; the box stays as it was."""
    folder = bundled_runs()[name]
    before = state(folder)
    context = Heard()
    document = evaluate_run(folder, context, choose_device("cpu", context, 1), data=data, **how)
    assert state(folder) == before
    return document


@pytest.fixture
def trials(utd_mhad: Path, tmp_path: Path) -> Path:
    """Some of the test trials, of every person, of twelve actions."""
    document = read_evaluation(bundled_runs()["joints-any-sensor"])
    assert document is not None
    names = sorted(one["recording"] for one in document["samples"])
    chosen = [names[k * len(names) // TRIALS] for k in range(TRIALS)]
    for kind in ("Skeleton", "Depth"):
        (tmp_path / kind).mkdir()
        for name in chosen:
            file = f"{name}_{kind.casefold()}.mat"
            shutil.copyfile(utd_mhad / kind / file, tmp_path / kind / file)
    return tmp_path


def test_they_are_small_together() -> None:
    assert set(NAMES) == {
        "joints-any-sensor",
        "joints-live",
        "depth-skeleton",
        "color-skeleton",
        "color-skeleton-live",
        "synthetic-all-views",
        "synthetic-falls",
    }
    assert sum(one.stat().st_size for one in files(resource("weights"))) < MOST_BYTES


@pytest.mark.parametrize("name", NAMES)
def test_a_card_says_what_people_need(name: str) -> None:
    folder = bundled_runs()[name]
    run, about = RunFolder(folder), load_about(folder / "about.toml")
    config, data, evaluation = load(run.config), read_data(folder), read_evaluation(folder)
    assert data is not None
    assert evaluation is not None
    card = run.card.read_text("utf-8")
    for told in (about.data, about.terms, *about.serves, *about.commands, *about.figures):
        assert told in card
    assert f"protocol {config.data.protocol}, seed {config.training.seed}" in card
    assert "harstudio train" in card
    assert f"{about.top1:.1%}".replace("%", " %") in card
    assert (about.top1, about.clips) == (evaluation["top1"], evaluation["clips"])
    assert list(about.ci95) == evaluation["ci95"]


@pytest.mark.parametrize("name", NAMES)
def test_nothing_tells_of_the_computer_that_trained(name: str) -> None:
    for file in files(bundled_runs()[name]):
        content = file.read_bytes()
        if file.suffix == ".safetensors":
            content = content[: 8 + int.from_bytes(content[:8], "little")]
        text = content.decode("utf-8", "replace")
        assert not [place for place in PLACES if place in text], file


@pytest.mark.parametrize("name", NAMES)
def test_matrices_are_float16(name: str) -> None:
    run = RunFolder(bundled_runs()[name])
    with safe_open(run.last, "pt") as tensors:
        kinds = {
            tensors.get_slice(key).get_dtype()
            for key in tensors.keys()  # noqa: SIM118 - it is no mapping
            if len(tensors.get_slice(key).get_shape()) > 1
        }
    assert kinds == {"F16"}


def test_depth_goes_through_a_person_mask() -> None:
    for name in ("depth-skeleton", "synthetic-all-views"):
        inputs = Preprocessing.load(RunFolder(bundled_runs()[name]).preprocessing).inputs
        bands = [
            getattr(one, "person_band_m", None)
            for one in inputs.values()
            if getattr(one, "appearance", "") == "depth"
        ]
        assert bands
        assert all(bands)


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("joints-any-sensor", {}),
        ("joints-live", {}),
        ("depth-skeleton", {}),
        ("color-skeleton", {"without": ["color"]}),  # there is no colour of UTD-MHAD
    ],
)
def test_people_they_have_not_seen_are_recognised(
    name: str, how: dict[str, Any], trials: Path
) -> None:
    document = evaluated(name, trials, **how)
    assert (document["part"], document["clips"]) == ("test", TRIALS)
    assert document["top1"] >= 9 / TRIALS
    for stream in document["streams"].values():
        assert stream["top1"] > 4 * CHANCE


def test_the_demo_is_recognised(tmp_path: Path) -> None:
    for one in DEMO:
        file = f"{one}.harrec"
        shutil.copytree(resource("demo", "recordings", file), tmp_path / file)
    document = evaluated("synthetic-all-views", tmp_path)
    assert document["clips"] == len(DEMO)
    assert document["top1"] >= 3 / 4
    assert set(document["streams"]) == {"color", "depth", "infrared", "skeleton"}


def test_the_list_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["weights", "list", "--json"])
    assert not ended.value.code
    told = json.loads(capsys.readouterr().out)
    assert [one["name"] for one in told] == NAMES
    for one in told:
        assert one["classes"]
        assert Path(one["card"]).is_file()


def test_training_starts_from_a_name(
    payload: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    tables = payload(start="joints-any-sensor")["config"]
    config = parse(tables, base=tmp_path)
    assert Path(config.training.start) == bundled_runs()["joints-any-sensor"]
    (tmp_path / "joints-any-sensor").mkdir()  # a folder of that name goes before
    config = parse(tables, base=tmp_path)
    assert Path(config.training.start) == tmp_path / "joints-any-sensor"
