"""A small dataset and a tiny network to train on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import tiny_network
from small_dataset import write_dataset


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four people, three actions, twice each."""
    return write_dataset(tmp_path_factory.mktemp("small"))


@pytest.fixture
def tiny() -> Iterator[str]:
    """The tiny network's name, known while the test runs."""
    tiny_network.install()
    yield tiny_network.NAME
    tiny_network.Tiny.most = 0
    tiny_network.remove()


@pytest.fixture
def payload(small: Path, tiny: str, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """What the job ``train`` gets; the run lies in ``tmp_path / name``."""

    def make(name: str = "run", resume: bool = False, **training: Any) -> dict[str, Any]:
        config = {
            "data": {"path": str(small), "validation_subjects": 1},
            "network": {"name": tiny},
            "training": training,
            "run": {"folder": str(tmp_path / name)},
        }
        return {"config": config, "resume": resume}

    return make
