"""The last line of ``.ci/run`` and its exit status say the same, whatever fails."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
CHECKS = ("ruff", "mypy", "lint-imports")

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a shell script")


def run(root: Path, tests: str, test_status: int, bad: tuple[str, ...] = (), setup: int = 0):
    """Run the script on a repository whose tools do nothing but end with a status."""
    (root / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", root / ".ci" / "run")
    (root / "packaging").mkdir()
    (root / "packaging" / "bootstrap.py").write_text(
        "import sys\n"
        f"if sys.argv[1] == 'setup': sys.exit({setup})\n"
        f"print({tests!r})\n"
        f"sys.exit({test_status})\n"
    )
    tools = root / ".venv" / "bin"
    tools.mkdir(parents=True)
    for name in CHECKS:
        (tools / name).write_text(f"#!/bin/sh\nexit {int(name in bad)}\n")
        (tools / name).chmod(0o755)
    done = subprocess.run(["bash", ".ci/run"], cwd=root, capture_output=True, text=True)
    return done.returncode, done.stdout.splitlines()


def test_all_is_well(tmp_path: Path) -> None:
    status, lines = run(tmp_path, "dots\n7 passed, 0 failed, 2 skipped", 0)
    assert (status, lines[-1]) == (0, "7 passed, 0 failed, 2 skipped")
    assert not any("Not clean" in line for line in lines)


@pytest.mark.parametrize(("bad", "count"), [("ruff", 2), ("mypy", 1), ("lint-imports", 1)])
def test_a_check_that_fails_counts(bad: str, count: int, tmp_path: Path) -> None:
    status, lines = run(tmp_path, "7 passed, 0 failed, 2 skipped", 0, bad=(bad,))
    assert (status, lines[-1]) == (1, f"7 passed, {count} failed, 2 skipped")
    assert f"Not clean: .venv/bin/{bad}" in "\n".join(lines[-4:])


def test_failures_of_both_kinds_are_added(tmp_path: Path) -> None:
    status, lines = run(tmp_path, "7 passed, 3 failed, 2 skipped", 1, bad=("mypy",))
    assert (status, lines[-1]) == (1, "7 passed, 4 failed, 2 skipped")


def test_tests_that_end_without_a_count_are_a_failure(tmp_path: Path) -> None:
    status, lines = run(tmp_path, "Killed", 137)
    assert (status, lines[-1]) == (1, "0 passed, 1 failed, 0 skipped")
    assert "bootstrap.py test" in lines[-2]


def test_nothing_can_be_set_up(tmp_path: Path) -> None:
    status, lines = run(tmp_path, "", 0, setup=1)
    assert (status, lines[-1]) == (1, "0 passed, 1 failed, 0 skipped")
