"""Runs the tests in the runs they need and adds up what came of them.

Offscreen: everything that needs no display. Display: OpenGL and the real window. One process
cannot be both, because Qt has one platform a process. Standard library only.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from pathlib import Path

from virtual_desktop import VirtualDesktop, display_works

ON_DISPLAY = ("tests/gl", "tests/e2e")
OFFSCREEN = ("tests/unit", "tests/studio")
NOTHING_COLLECTED = 5


@dataclass
class Totals:
    """Tests by outcome over all runs; a test counts once, by the worst that happened to it."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    broken_runs: list[str] = field(default_factory=list)

    def line(self) -> str:
        """The last line that ``bootstrap.py test`` prints."""
        failed = self.failed + len(self.broken_runs)
        return f"{self.passed} passed, {failed} failed, {self.skipped} skipped"

    @property
    def good(self) -> bool:
        """Something was tested and nothing failed."""
        return self.passed > 0 and self.failed == 0 and not self.broken_runs

    def add_report(self, file: Path) -> int:
        """Add one JUnit report; how many tests it holds."""
        outcome: dict[tuple[str, str], str] = {}
        report = ElementTree.parse(file)  # noqa: S314 -- pytest wrote it a moment ago
        for case in report.iter("testcase"):
            name = (case.get("classname", ""), case.get("name", ""))
            kinds = {child.tag for child in case}
            if kinds & {"failure", "error"} or outcome.get(name) == "failed":
                outcome[name] = "failed"
            else:
                outcome[name] = "skipped" if "skipped" in kinds else "passed"
        results = list(outcome.values())
        self.passed += results.count("passed")
        self.failed += results.count("failed")
        self.skipped += results.count("skipped")
        return len(results)


@dataclass(frozen=True)
class Run:
    """One pytest process."""

    title: str
    paths: tuple[str, ...]
    on_display: bool


def plan(arguments: list[str], root: Path) -> tuple[list[Run], list[str]]:
    """The runs for what a person asked for, and the arguments that go to all of them."""
    paths = [a for a in arguments if not a.startswith("-") and (root / a.split("::")[0]).exists()]
    others = [a for a in arguments if a not in paths]
    offscreen, display = [], []
    for path in paths:
        parts = (root / path.split("::")[0]).resolve().relative_to(root).as_posix()
        if parts in ("tests", "."):
            offscreen += OFFSCREEN
            display += ON_DISPLAY
        elif parts.startswith(ON_DISPLAY):
            display.append(path)
        else:
            offscreen.append(path)
    if not paths:
        offscreen, display = list(OFFSCREEN), list(ON_DISPLAY)
    runs = []
    if offscreen:
        runs.append(Run("Without a display: units and the studio's parts", tuple(offscreen), False))
    if display:
        runs.append(Run("On a display: OpenGL and the real window", tuple(display), True))
    return runs, others


def _pytest(
    run: Run, python: Path, others: list[str], root: Path, environment: dict[str, str]
) -> tuple[int, Path]:
    """Run pytest; its exit status and its report."""
    settings = dict(environment)
    if run.on_display:
        if sys.platform.startswith("linux"):
            settings["QT_QPA_PLATFORM"] = "xcb"
    else:
        settings["QT_QPA_PLATFORM"] = "offscreen"
        for name in ("DISPLAY", "WAYLAND_DISPLAY"):
            settings.pop(name, None)
    handle, report = tempfile.mkstemp(prefix="harstudio-tests-", suffix=".xml")
    os.close(handle)
    command = [str(python), "-m", "pytest", f"--junit-xml={report}", *others, *run.paths]
    print(f"\n== {run.title}: {' '.join(run.paths)}", flush=True)
    status = subprocess.run(command, cwd=root, env=settings).returncode
    return status, Path(report)


def _count(run: Run, status: int, report: Path, totals: Totals, chosen: bool) -> None:
    """Add a run's report; a run that crashed or found nothing is a failure of its own."""
    before = totals.failed
    try:
        found = totals.add_report(report)
    except (OSError, ElementTree.ParseError):
        found = 0
        totals.broken_runs.append(f"{run.title}: pytest ended with {status} without a report")
        return
    finally:
        report.unlink()
    empty = status == NOTHING_COLLECTED
    if empty and not chosen:
        totals.broken_runs.append(f"{run.title}: no tests were found")
    elif status != 0 and not empty and totals.failed == before:
        totals.broken_runs.append(f"{run.title}: pytest ended with {status}, {found} tests known")


def fetch_models(python: Path, root: Path) -> None:
    """Have the pose models in build/pose, where nobody says another folder. Tests that need them
    say clearly where they could not be had."""
    os.environ.setdefault("HARSTUDIO_POSE", str(root / "build" / "pose"))
    command = [str(python), "-m", "harstudio", "pose", "install"]
    if subprocess.run(command, cwd=root).returncode != 0:
        print("The pose models could not be fetched; tests of pose will fail.", flush=True)


def run_tests(arguments: list[str], python: Path, root: Path) -> Totals:
    """Run what was asked for (everything unless told), bringing a display where there is none."""
    runs, others = plan(arguments, root)
    totals = Totals()

    def go(environment: dict[str, str]) -> None:
        for run in runs:
            status, report = _pytest(run, python, others, root, environment)
            _count(run, status, report, totals, chosen=bool(arguments))

    if sys.platform.startswith("linux") and not display_works():
        with VirtualDesktop() as desktop:
            go(desktop.environment)
    else:
        go(dict(os.environ))
    for words in totals.broken_runs:
        print(words)
    if not totals.broken_runs and totals.passed + totals.failed == 0:
        totals.broken_runs.append("no test ran")
        print("No test ran.")
    return totals
