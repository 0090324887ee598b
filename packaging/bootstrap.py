#!/usr/bin/env python3
"""Sets everything up on a machine that has nothing but Python, then runs the studio or its tests.

    python3 packaging/bootstrap.py demo      the studio on the demo project; where there is no
                                             display --screenshot FILE gives a picture of it
    python3 packaging/bootstrap.py test      all tests, on a virtual display where there is none
    python3 packaging/bootstrap.py setup     only set up, with the tools of a developer
    python3 packaging/bootstrap.py run ...   any harstudio command, e.g. run info FILE

Standard library only. System packages are installed where there is apt and named elsewhere;
Python packages go into .venv in the repository, at the versions of packaging/constraints.txt.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "harstudio-setup.json"
CONSTRAINTS = ROOT / "packaging" / "constraints.txt"
VERSIONS = ((3, 13), (3, 12), (3, 11))
FOR_TESTS = ("develop", "test")


class SetupError(Exception):
    """Something that a person has to put right first."""


def right_python() -> None:
    """Go on with a Python that fits, started anew if another one on this machine does."""
    if sys.version_info[:2] in VERSIONS:
        return
    for version in VERSIONS:
        other = shutil.which("python{}.{}".format(*version))
        if other:
            sys.exit(subprocess.call([other, *sys.argv]))
    have = ".".join(map(str, sys.version_info[:3]))
    raise SetupError(
        f"HARStudio needs Python 3.11, 3.12 or 3.13; this is {have} ({sys.executable}). "
        "Install one of them, then run this command with it."
    )


def venv_python() -> Path:
    """The interpreter of the virtual environment."""
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _wanted(extras: tuple[str, ...]) -> dict[str, object]:
    """What an up-to-date environment is made from."""
    digest = hashlib.sha256()
    for file in (ROOT / "pyproject.toml", CONSTRAINTS):
        digest.update(file.read_bytes())
    return {
        "inputs": digest.hexdigest(),
        "python": list(sys.version_info[:2]),
        "root": str(ROOT),
        "extras": sorted(extras),
    }


def _recorded() -> dict[str, object]:
    try:
        recorded = json.loads(STAMP.read_text())
    except (OSError, ValueError):
        return {}
    return recorded if isinstance(recorded, dict) else {}


def _make_venv() -> None:
    """A fresh virtual environment unless the one there works and is of this Python."""
    check = [str(venv_python()), "-c", "import pip, sys; print(*sys.version_info[:2])"]
    try:
        answer = subprocess.run(check, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        good = answer.stdout.split() == [str(n) for n in sys.version_info[:2]]
    except OSError:
        good = False
    if good:
        return
    print(f"Making a virtual environment in {VENV}", flush=True)
    made = subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)])
    if made.returncode != 0:
        raise SetupError(
            "Python could not make a virtual environment. On Debian and Ubuntu install "
            "python3-venv; elsewhere install a Python with the venv and ensurepip modules."
        )


def set_up_python(extras: tuple[str, ...]) -> None:
    """Have .venv with HARStudio and its packages; nothing is done when nothing changed."""
    recorded = _recorded()
    had = recorded.get("extras", [])
    both = tuple(sorted({*extras, *(had if isinstance(had, list) else [])}))
    if recorded == _wanted(both) and venv_python().exists():
        return
    _make_venv()
    STAMP.unlink(missing_ok=True)
    target = f"{ROOT}[{','.join(both)}]" if both else str(ROOT)
    print("Installing Python packages (a few minutes the first time)", flush=True)
    pip = [str(venv_python()), "-m", "pip", "--disable-pip-version-check", "install", "-q"]
    done = subprocess.run([*pip, "-c", str(CONSTRAINTS), "-e", target])
    if done.returncode != 0:
        raise SetupError(
            "pip could not install the Python packages. Read its words above (is the network "
            "there?), then run this command again."
        )
    STAMP.write_text(json.dumps(_wanted(both)))


def set_up(tests: bool) -> None:
    """System packages, then Python packages."""
    import system_packages

    start = time.monotonic()
    try:
        system_packages.ensure(tests)
    except system_packages.PackagesError as error:
        raise SetupError(str(error)) from error
    set_up_python(FOR_TESTS if tests else ())
    took = time.monotonic() - start
    if took > 3:
        print(f"Set up in {took:.0f} s", flush=True)


def demo(arguments: list[str]) -> int:
    """The studio on the demo project; with --screenshot FILE only a picture of it."""
    from virtual_desktop import has_display

    if arguments[:1] == ["--screenshot"] and len(arguments) == 2:
        return _photographed_demo(Path(arguments[1]))
    if arguments:
        raise SetupError(f"demo takes --screenshot FILE or nothing, not {' '.join(arguments)}.")
    if not has_display():
        raise SetupError(
            "There is no display here (neither DISPLAY nor WAYLAND_DISPLAY leads to one), so "
            "nobody could see the studio. Run this in a desktop session, or add "
            "--screenshot FILE to get a picture of it from a virtual display."
        )
    set_up(tests=False)
    return subprocess.call([str(venv_python()), "-m", "harstudio", "demo"])


def _photographed_demo(picture: Path) -> int:
    from trial import TrialError, try_studio
    from virtual_desktop import DesktopError

    set_up(tests=True)
    try:
        command = [str(venv_python()), "-m", "harstudio", "demo"]
        try_studio(command, picture, venv_python())
    except (TrialError, DesktopError) as error:
        raise SetupError(str(error)) from error
    return 0


def run(arguments: list[str]) -> int:
    """Any harstudio command."""
    set_up(tests=False)
    return subprocess.call([str(venv_python()), "-m", "harstudio", *arguments])


def test(arguments: list[str]) -> int:
    """All tests; the last line is "N passed, N failed, N skipped"."""
    from suite import Totals, fetch_models, run_tests
    from virtual_desktop import DesktopError

    totals = Totals()
    try:
        set_up(tests=True)
        fetch_models(venv_python(), ROOT)
        slow = ["-m", "slow"] if "--slow" in arguments else []
        rest = [argument for argument in arguments if argument != "--slow"]
        totals = run_tests([*slow, *rest], venv_python(), ROOT)
    except (SetupError, DesktopError) as error:
        totals.broken_runs.append(str(error))
        print(error, file=sys.stderr, flush=True)
    print(totals.line(), flush=True)
    return 0 if totals.good else 1


def setup(_arguments: list[str]) -> int:
    """Only set up."""
    set_up(tests=True)
    return 0


COMMANDS = {"demo": demo, "test": test, "setup": setup, "run": run}


def _end(_number: int, _frame: object) -> None:
    """Being told to end is an exit like any other, so that what was started is ended too."""
    sys.exit(143)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=sorted(COMMANDS))
    parser.add_argument(
        "arguments",
        nargs=argparse.REMAINDER,
        help="test: for pytest, and --slow for the tests marked slow; run: the command",
    )
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, _end)
    try:
        right_python()
        return COMMANDS[options.command](options.arguments)
    except SetupError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
