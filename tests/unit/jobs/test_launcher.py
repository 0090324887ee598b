"""Starting workers: with another Python, from another version, where nothing starts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import venv
from pathlib import Path

import pytest
from sample_runs import over, until

import harstudio
from harstudio.jobs import launcher
from harstudio.jobs.job_list import JobList

POSIX = pytest.mark.skipif(os.name == "nt", reason="scripts with a shebang")


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Python that has nothing installed."""
    folder = tmp_path_factory.mktemp("bare")
    venv.create(folder, with_pip=False, symlinks=os.name != "nt")
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def test_another_python_runs_the_job_from_source(
    jobs: JobList, bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "which.py").write_text(
        "import sys\ndef job(p, c): return {'prefix': sys.prefix, 'mods': sorted(sys.modules)}"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    ours = over(jobs.submit("which:job", {}, title="Ours"))
    theirs = over(jobs.submit("which:job", {}, title="Theirs", interpreter=bare))
    assert ours.result is not None
    assert theirs.result is not None
    assert ours.result["prefix"] == sys.prefix
    assert Path(theirs.result["prefix"]) == bare.parent.parent
    # the worker itself is standard library: what a Python lacks is only missed by the job
    assert not {"numpy", "psygnal", "pydantic", "PySide6"} & set(theirs.result["mods"])


def test_what_another_python_lacks_is_told(jobs: JobList, bare: Path) -> None:
    record = over(
        jobs.submit("sample_jobs:tells", {"what": "numpy"}, title="Theirs", interpreter=bare)
    )
    assert record.error == "ModuleNotFoundError: No module named 'numpy'"


def test_a_python_without_harstudio_is_told(
    jobs: JobList, bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launcher, "ROOT", tmp_path)  # as installed: nothing of ours is lent
    record = over(jobs.submit("sample_jobs:echo", {}, title="Theirs", interpreter=bare))
    assert record.state == "failed"
    assert record.error.startswith("The worker did not start: ")
    assert "No module named 'harstudio'" in record.error
    assert record.error.endswith(f"HARStudio must be installed in {bare}.")
    assert over(jobs.submit("sample_jobs:echo", {}, title="Ours")).state == "done"


def test_another_version_is_told(
    jobs: JobList, bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "harstudio"
    source = Path(harstudio.__file__).parent
    (package / "jobs").mkdir(parents=True)
    for file in ("errors.py", "immortal.py", *(f"jobs/{p.name}" for p in source.glob("jobs/*.py"))):
        (package / file).write_bytes((source / file).read_bytes())
    (package / "__init__.py").write_text('__version__ = "0.0.9"\n')
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.setattr(launcher, "ROOT", tmp_path)
    record = over(jobs.submit("sample_jobs:echo", {}, title="Theirs", interpreter=bare))
    assert record.error == (
        f"{bare} has HARStudio 0.0.9, not {harstudio.__version__}. "
        f"Install {harstudio.__version__} there."
    )


def test_what_is_no_program_is_told(jobs: JobList, tmp_path: Path) -> None:
    nothing = tmp_path / "python"
    record = over(jobs.submit("sample_jobs:echo", {}, title="Theirs", interpreter=nothing))
    assert record.error == f"{nothing} cannot be started: No such file or directory."
    assert over(jobs.submit("sample_jobs:echo", {}, title="Ours")).state == "done"


@POSIX
def test_what_is_another_program_is_told(jobs: JobList, tmp_path: Path) -> None:
    other = tmp_path / "python"
    other.write_text("#!/bin/sh\necho hello\necho no such option >&2\nexit 2\n")
    other.chmod(0o755)
    record = over(jobs.submit("sample_jobs:echo", {}, title="Theirs", interpreter=other))
    assert record.error.startswith("The worker did not start: no such option.")


@POSIX
def test_warm_workers_that_die_are_not_started_for_ever(
    jobs: JobList, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = tmp_path / "count"
    broken = tmp_path / "python"
    broken.write_text(f"#!/bin/sh\necho x >> {count}\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(launcher.sys, "executable", str(broken))
    jobs.warm_up()
    until(lambda: count.exists() and count.read_text().count("x") >= 3)
    record = over(jobs.submit("sample_jobs:echo", {}, title="Ours"))
    assert record.state == "failed"
    time.sleep(1)  # long enough for many more
    # Three that were warm, the job's own, and three that were to be warm after it.
    started = count.read_text().count("x")
    assert 4 <= started <= 8
    time.sleep(0.5)
    assert count.read_text().count("x") == started


def test_every_library_is_told_how_many_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HARSTUDIO_HOME", "/somewhere")
    given = launcher.environment(3)
    assert {given[f"{name}_NUM_THREADS"] for name in ("OMP", "MKL", "OPENBLAS")} == {"3"}
    assert given["HARSTUDIO_HOME"] == "/somewhere"
    assert given["OMP_WAIT_POLICY"] == "PASSIVE"


def test_a_frozen_program_lends_nothing_to_another_python(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(launcher, "ROOT", tmp_path)
    monkeypatch.setenv("LD_LIBRARY_PATH", "/frozen/_internal")
    monkeypatch.setenv("LD_LIBRARY_PATH_ORIG", "/usr/cuda/lib")
    assert launcher.command() == [sys.executable, "--worker"]
    assert launcher.environment(1)["LD_LIBRARY_PATH"] == "/frozen/_internal"
    lent = launcher.environment(1, Path("/usr/bin/python3"))
    assert lent["LD_LIBRARY_PATH"] == "/usr/cuda/lib"
    assert "LD_LIBRARY_PATH_ORIG" not in lent


def test_neither_qt_nor_torch_nor_numpy_loads_with_the_jobs() -> None:
    code = (
        "import harstudio.jobs.job_list, harstudio.jobs.foreground, json, sys\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert not {"torch", "PySide6", "numpy", "pydantic"} & set(json.loads(done.stdout))


def test_messages_that_mean_nothing_are_ignored() -> None:
    lines = [
        b"hello\n",
        b'{"v":1,"kind":"dance","payload":{"id":1}}\n',
        b'{"v":1,"kind":"run","payload":{}}\n',
        b'{"v":1,"kind":"stop","payload":{"id":[]}}\n',
        b'{"v":9,"kind":"end","payload":{}}\n',
        b'{"v":1,"kind":"run","payload":{"id":7,"job":"sample_jobs:echo","payload":{}}}\n',
        b'{"v":1,"kind":"end","payload":{}}\n',
    ]
    worker = subprocess.Popen(
        launcher.command(),
        env=launcher.environment(1),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with worker:
        assert worker.stdin is not None
        assert worker.stdout is not None
        worker.stdin.write(b"".join(lines))
        worker.stdin.flush()
        said = [json.loads(line) for line in worker.stdout]
    assert said[0]["kind"] == "ready"
    assert said[-1]["kind"] == "done"
    assert said[-1]["payload"]["id"] == 7
    assert worker.returncode == 0
