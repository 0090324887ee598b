"""Real workers that can import ``sample_jobs``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from harstudio.jobs.crew import Patience
from harstudio.jobs.job_list import JobList

HERE = Path(__file__).parent
sys.path.append(str(HERE))  # for the modules beside the tests


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers, and this process in the foreground, find the sample jobs."""
    monkeypatch.setenv("PYTHONPATH", str(HERE))
    monkeypatch.syspath_prepend(str(HERE))


@pytest.fixture
def jobs() -> Iterator[JobList]:
    """A list whose patience is short; afterwards nothing of it is left."""
    made = JobList(patience=Patience(stop=0.6, save=1.2, silent=60))
    yield made
    made.close(2.0)
