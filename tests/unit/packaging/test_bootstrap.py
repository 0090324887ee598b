"""The set-up program: what it would install, when it does nothing, what it adds up."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[3]
sys.path.append(str(ROOT / "packaging"))

import bootstrap  # noqa: E402
import suite  # noqa: E402
import system_packages  # noqa: E402
import virtual_desktop  # noqa: E402

LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux only")


def test_programs_need_nothing_but_the_standard_library() -> None:
    code = (
        "import sys; sys.path.insert(0, 'packaging')\n"
        "import bootstrap, suite, system_packages, trial, virtual_desktop\n"
        "names = {n.partition('.')[0] for n in sys.modules}\n"
        "own = {'bootstrap', 'suite', 'system_packages', 'trial', 'virtual_desktop'}\n"
        "print(sorted(names - set(sys.stdlib_module_names) - own - {'__main__', '__mp_main__'}))"
    )
    command = [sys.executable, "-I", "-S", "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "[]"


def test_constraints_have_markers_and_neither_hosts_nor_hashes() -> None:
    lines = bootstrap.CONSTRAINTS.read_text().splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert all("==" in pin and "://" not in pin and "--" not in pin for pin in pins)
    assert "av==18.1.0 ; python_full_version < '3.12'" in pins
    names = [pin.partition("==")[0] for pin in pins]
    assert "opencv-python-headless" in names
    assert not {"opencv-python", "sounddevice"} & set(names)
    assert "torch==2.13.0" in pins  # without a suffix: each platform gives its own build
    assert not [name for name in names if name.startswith(("cuda", "nvidia", "triton"))]


def test_every_direct_dependency_is_constrained() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    wanted = [*project["dependencies"], *(name for extra in extras for name in extra)]
    names = {w.split(">")[0].split("=")[0].split("<")[0].split("!")[0].lower() for w in wanted}
    lines = bootstrap.CONSTRAINTS.read_text().splitlines()
    assert names <= {line.partition("==")[0].lower() for line in lines}


class Installed:
    """Stands for dpkg-query."""

    def __init__(self, names: set[str]) -> None:
        self.names = names

    def __call__(self, names: list[str]) -> set[str]:
        return self.names & set(names)


def every_name(entries: tuple[str, ...], which: int) -> set[str]:
    return {(entry.split("|") * 2)[which] for entry in entries}


@pytest.mark.parametrize("which", [0, 1])
def test_nothing_is_missing_where_all_is_there_by_any_name(
    monkeypatch: pytest.MonkeyPatch, which: int
) -> None:
    there = every_name((*system_packages.STUDIO, *system_packages.TESTS), which)
    monkeypatch.setattr(system_packages, "_installed", Installed(there))
    assert system_packages.missing(tests=True) == []


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    there = every_name(system_packages.STUDIO, 0) - {"libxcb-icccm4"}
    monkeypatch.setattr(system_packages, "_installed", Installed(there))
    assert system_packages.missing(tests=False) == ["libxcb-icccm4"]
    tests = every_name(system_packages.TESTS, 0)
    assert set(system_packages.missing(tests=True)) == {"libxcb-icccm4", *tests}


@LINUX
def test_without_root_and_sudo_the_command_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(system_packages.shutil, "which", lambda _name: None)
    with pytest.raises(system_packages.PackagesError, match="apt-get install openbox"):
        system_packages._apt(["openbox"])


def test_elsewhere_the_packages_are_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        system_packages.shutil, "which", lambda name: name if name == "dnf" else None
    )
    monkeypatch.setattr(system_packages.platform, "system", lambda: "Linux")
    system_packages.ensure(tests=True)
    out = capsys.readouterr().out
    assert "sudo dnf install" in out
    assert "xorg-x11-server-Xvfb" in out


def test_a_python_that_does_not_fit_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap.sys, "version_info", (3, 9, 2, "final", 0))
    monkeypatch.setattr(bootstrap.shutil, "which", lambda _name: None)
    with pytest.raises(bootstrap.SetupError, match=r"3\.11, 3\.12 or 3\.13; this is 3\.9\.2"):
        bootstrap.right_python()


def test_another_python_on_the_machine_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr(bootstrap.sys, "version_info", (3, 9, 2, "final", 0))
    monkeypatch.setattr(bootstrap.sys, "argv", ["bootstrap.py", "test"])
    monkeypatch.setattr(
        bootstrap.shutil, "which", lambda name: f"/usr/bin/{name}" if "3.12" in name else None
    )
    monkeypatch.setattr(bootstrap.subprocess, "call", lambda command: started.append(command) or 7)
    with pytest.raises(SystemExit) as ended:
        bootstrap.right_python()
    assert ended.value.code == 7
    assert started == [["/usr/bin/python3.12", "bootstrap.py", "test"]]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The bootstrap in a folder of its own, with pip and venv that only take notes."""
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(bootstrap, "STAMP", tmp_path / ".venv" / "stamp.json")
    monkeypatch.setattr(bootstrap, "CONSTRAINTS", tmp_path / "constraints.txt")
    (tmp_path / "constraints.txt").write_text("numpy==2\n")
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    python = bootstrap.venv_python()
    python.parent.mkdir(parents=True)
    python.touch()
    monkeypatch.setattr(bootstrap, "_make_venv", lambda: None)
    return bootstrap


def test_installs_only_when_inputs_changed(
    place: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed: list[str] = []

    def pip(command: list[str], **_more: object) -> subprocess.CompletedProcess[str]:
        installed.append(command[-1].removeprefix(str(place.ROOT)))
        return subprocess.CompletedProcess(command, 0)

    monkeypatch.setattr(place.subprocess, "run", pip)
    place.set_up_python(())
    place.set_up_python(())
    assert installed == [""]
    place.set_up_python(place.FOR_TESTS)
    place.set_up_python(())  # the tests' packages stay
    assert installed == ["", "[develop,test]"]
    (place.ROOT / "constraints.txt").write_text("numpy==3\n")
    place.set_up_python(())
    assert installed == ["", "[develop,test]", "[develop,test]"]


def test_a_failed_install_is_told_and_tried_again(
    place: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        place.subprocess, "run", lambda command, **_: subprocess.CompletedProcess(command, 1)
    )
    with pytest.raises(place.SetupError, match="pip could not install"):
        place.set_up_python(())
    assert not place.STAMP.exists()


def test_demo_without_a_display_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(virtual_desktop, "has_display", lambda: False)
    monkeypatch.setattr(sys, "argv", ["bootstrap.py", "demo"])
    assert bootstrap.main() == 1
    said = capsys.readouterr().err
    assert said.startswith("There is no display here")
    assert "--screenshot" in said


REPORT = """<testsuites><testsuite>
<testcase classname="a" name="good"/>
<testcase classname="a" name="bad"><failure message="x">x</failure></testcase>
<testcase classname="a" name="skipped"><skipped message="no data"/></testcase>
<testcase classname="a" name="leaks"/>
<testcase classname="a" name="leaks"><error message="teardown">x</error></testcase>
</testsuite></testsuites>"""


def test_reports_add_up_and_a_test_counts_once(tmp_path: Path) -> None:
    file = tmp_path / "report.xml"
    file.write_text(REPORT)
    totals = suite.Totals()
    assert totals.add_report(file) == 4
    assert totals.line() == "1 passed, 2 failed, 1 skipped"
    assert not totals.good
    totals.broken_runs.append("pytest crashed")
    assert totals.line() == "1 passed, 3 failed, 1 skipped"


def test_runs_are_split_by_what_they_need() -> None:
    runs, others = suite.plan([], ROOT)
    assert [run.on_display for run in runs] == [False, True]
    assert others == []
    runs, others = suite.plan(["tests/unit/test_cli.py::test_version", "-k", "x"], ROOT)
    assert [(run.paths, run.on_display) for run in runs] == [
        (("tests/unit/test_cli.py::test_version",), False)
    ]
    assert others == ["-k", "x"]
    runs, _ = suite.plan(["tests/e2e", "tests/studio"], ROOT)
    assert [(run.paths, run.on_display) for run in runs] == [
        (("tests/studio",), False),
        (("tests/e2e",), True),
    ]


def write_tests(root: Path, body: str) -> None:
    for name in ("unit", "studio", "gl", "e2e"):
        folder = root / "tests" / name
        folder.mkdir(parents=True)
        (folder / f"test_{name}.py").write_text("def test_there(): pass\n")
    (root / "tests" / "unit" / "test_more.py").write_text(body)


@LINUX
@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("import pytest\ndef test_no(): pytest.skip('x')\n", "4 passed, 0 failed, 1 skipped"),
        ("def test_no(): assert 0\n", "4 passed, 1 failed, 0 skipped"),
        ("import nonsense_that_is_not_there\n", "4 passed, 1 failed, 0 skipped"),
        ("import os\ndef test_no(): os.abort()\n", "2 passed, 1 failed, 0 skipped"),
    ],
)
def test_real_runs_end_with_the_sum(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, line: str
) -> None:
    write_tests(tmp_path, body)
    monkeypatch.setattr(suite, "display_works", lambda: True)
    options = ["-p", "no:cacheprovider", "--continue-on-collection-errors"]
    monkeypatch.setenv("PYTEST_ADDOPTS", " ".join(options))
    totals = suite.run_tests([], Path(sys.executable), tmp_path)
    assert totals.line() == line
    assert totals.good == (", 0 failed" in line)


@LINUX
def test_no_tests_at_all_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tests(tmp_path, "")
    monkeypatch.setattr(suite, "display_works", lambda: True)
    totals = suite.run_tests(["-k", "nothing_is_called_this"], Path(sys.executable), tmp_path)
    assert not totals.good
    assert totals.line() == "0 passed, 1 failed, 0 skipped"


@LINUX
def test_the_virtual_desktop_starts_and_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    if not system_packages.shutil.which("Xvfb") or not system_packages.shutil.which("openbox"):
        pytest.skip("Xvfb and openbox are not installed; packaging/bootstrap.py test installs them")
    with virtual_desktop.VirtualDesktop(sound=False) as desktop:
        display = desktop.environment["DISPLAY"]
        assert virtual_desktop.display_works(display)
        monkeypatch.setenv("DISPLAY", display)
        assert virtual_desktop.has_display()
        processes = list(desktop._processes)
        assert [process.poll() for process in processes] == [None, None]
    assert all(process.poll() is not None for process in processes)
    assert not virtual_desktop.display_works(display)


def test_setup_stamp_is_json(tmp_path: Path) -> None:
    wanted = bootstrap._wanted(("test",))
    assert json.loads(json.dumps(wanted)) == wanted
