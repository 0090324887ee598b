"""What the house promises about imports, looked up in processes of their own."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = {"torch", "torchvision", "sounddevice", "pyaudio", "matplotlib"}
QT = {"PySide6", "shiboken6", "pyqtgraph", "vispy"}


def modules_after(statement: str) -> set[str]:
    """Top-level names in sys.modules after a statement in a fresh interpreter."""
    code = (
        f"{statement}\nimport json, sys\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("statement", ["import harstudio.studio.app", "import harstudio.cli"])
def test_the_studio_never_holds_torch(statement: str) -> None:
    assert modules_after(statement).isdisjoint(HEAVY)


def test_the_window_is_shown_before_views_are_imported() -> None:
    assert modules_after("import harstudio.studio.app").isdisjoint({"vispy", "pyqtgraph", "scipy"})


@pytest.mark.parametrize(
    "statement",
    [
        "import harstudio",
        "import harstudio.cli",
        "import harstudio.recordings.formats",
        "import harstudio.labels.project",
        "import harstudio.diagnose",
        "import harstudio.recordings.conversion",
    ],
)
def test_only_the_studio_imports_qt(statement: str) -> None:
    assert modules_after(statement).isdisjoint(QT)


def test_help_answers_without_the_heavy_packages() -> None:
    loaded = modules_after("import harstudio.cli")
    assert loaded.isdisjoint({"numpy", "scipy", "cv2", "av", "pydantic"} | QT)
