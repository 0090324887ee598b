"""Whatever a job does to its process: one sentence, the story in the log, and the list goes on."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from sample_runs import Heard, over, until

from harstudio.jobs import crew
from harstudio.jobs.crew import Patience
from harstudio.jobs.job_list import JobList
from harstudio.jobs.launcher import death

POSIX = pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux only")


@POSIX
@pytest.mark.parametrize(
    ("job", "payload", "sentence"),
    [
        (
            "killed",
            {},
            "The worker was killed (signal 9; the system may have been out of memory).",
        ),
        ("segfault", {}, "The worker crashed (signal 11, SIGSEGV)."),
        ("killed", {"signal": 6}, "The worker crashed (signal 6, SIGABRT)."),
        ("exits", {}, "The worker ended with exit code 3 in the middle of the job."),
    ],
)
def test_a_death_is_one_sentence_and_the_next_job_runs(
    jobs: JobList, job: str, payload: dict[str, Any], sentence: str
) -> None:
    died = jobs.submit(f"sample_jobs:{job}", payload, title="Dies")
    following = jobs.submit("sample_jobs:echo", {}, title="Next")
    over(died)
    assert (died.state, died.error) == ("failed", sentence)
    assert died.log[-1] == sentence
    assert over(following).state == "done"


def test_a_crash_leaves_its_story_in_the_log(jobs: JobList) -> None:
    log = "\n".join(over(jobs.submit("sample_jobs:segfault", {}, title="Dies")).log)
    assert "Segmentation fault" in log
    assert "in segfault" in log


def test_deaths_have_names_on_every_system() -> None:
    assert death(0xC0000005) == "crashed (access violation)"
    assert death(1) == "ended with exit code 1"
    assert death(-250) == "was ended (signal 250)"


@pytest.mark.parametrize(
    ("what", "sentence", "problem"),
    [
        (
            "ours",
            f"{Path('a/b.txt')}: The third line is no number. Mend it.",
            {"kind": "DataError", "message": "The third line is no number.", "remedy": "Mend it."},
        ),
        (
            "usage",
            'There is no key "epoch". Did you mean "epochs"?',
            {"kind": "UsageError", "exit_code": 2, "path": None},
        ),
        ("value", "ValueError: weights do not fit", {"kind": "ValueError", "exit_code": 1}),
        ("memory", "There was not enough memory (MemoryError).", {"kind": "MemoryError"}),
        ("exit", "SystemExit: 4", {"kind": "SystemExit"}),
        ("os", "run/last.safetensors: No space left on device.", {"kind": "OSError"}),
        (
            "torch",
            "There was not enough memory (RuntimeError: DefaultCPUAllocator: can't allocate "
            "memory: you tried 40 GB).",
            {"kind": "RuntimeError"},
        ),
    ],
)
def test_an_exception_is_one_sentence(
    jobs: JobList, what: str, sentence: str, problem: dict[str, Any]
) -> None:
    record = over(jobs.submit("sample_jobs:raises", {"what": what}, title="Fails"))
    assert (record.state, record.error) == ("failed", sentence)
    assert record.problem.items() >= problem.items()
    foreseen = what in ("ours", "usage")
    until(lambda: foreseen or any("Traceback" in line for line in record.log))
    assert not foreseen or not any("Traceback" in line for line in record.log)


def test_after_a_mistake_the_process_is_another_after_a_sentence_the_same(jobs: JobList) -> None:
    def pid() -> int:
        record = over(jobs.submit("sample_jobs:echo", {}, title="Echo"))
        assert record.result is not None
        return int(record.result["pid"])

    first = pid()
    over(jobs.submit("sample_jobs:raises", {"what": "ours"}, title="Fails"))
    assert pid() == first
    over(jobs.submit("sample_jobs:raises", {"what": "value"}, title="Fails"))
    assert pid() != first


@LINUX
def test_running_out_of_memory_is_told(jobs: JobList) -> None:
    record = over(jobs.submit("sample_jobs:hungry", {}, title="Hungry"))
    assert (record.state, record.error) == (
        "failed",
        "There was not enough memory (MemoryError).",
    )
    assert over(jobs.submit("sample_jobs:echo", {}, title="Next")).state == "done"


@pytest.mark.parametrize(
    ("job", "sentence"),
    [
        ("sample_jobs:nothing", "sample_jobs has no job nothing."),
        ("not_there_at_all:job", "ModuleNotFoundError: No module named 'not_there_at_all'"),
        ("sample_jobs", '"sample_jobs" is no job; jobs are named "package.module:function".'),
        ("os; x:system", '"os; x:system" is no job; jobs are named "package.module:function".'),
    ],
)
def test_what_is_no_job_is_told(jobs: JobList, job: str, sentence: str) -> None:
    assert over(jobs.submit(job, {}, title="Wrong")).error == sentence


@POSIX
def test_what_is_printed_goes_to_the_log_and_not_between_the_messages(jobs: JobList) -> None:
    record = over(jobs.submit("sample_jobs:prints", {}, title="Prints"))
    assert record.result == {"read": ""}
    lines = {"from python", "from C", "from a child", "from stderr"}
    until(lambda: lines <= set(record.log))
    assert any("fd 1" in line for line in record.log)


@pytest.mark.parametrize(
    ("what", "sentence"),
    [
        ("numpy", "metrics.train.loss is a numpy.float64; messages carry only"),
        ("version", "metrics.train.loss is a sample_jobs.Version; messages carry only"),
        ("enum", "metrics.train.loss is a sample_jobs.Word"),
        ("path", "metrics.train.loss is a pathlib"),
        ("large", 'The message "told" has 17.0 MiB, more than 16 MiB'),
    ],
)
def test_what_cannot_be_told_fails_where_it_is_told(
    jobs: JobList, what: str, sentence: str
) -> None:
    record = over(jobs.submit("sample_jobs:tells", {"what": what}, title="Tells"))
    assert record.state == "failed"
    assert record.error.startswith(f"MessageError: {sentence}")
    until(lambda: any("in tells" in line for line in record.log))


def test_nan_is_told_as_none(jobs: JobList) -> None:
    heard = Heard(jobs)
    over(jobs.submit("sample_jobs:tells", {"what": "nan"}, title="Tells"))
    assert heard.told[0][2] == {"train": {"loss": [None, None]}}


@pytest.mark.parametrize("what", ["large", "path"])
def test_a_result_that_cannot_be_told_is_a_failure(jobs: JobList, what: str) -> None:
    record = over(jobs.submit("sample_jobs:returns", {"what": what}, title="Returns"))
    assert record.state == "failed"
    assert record.error.startswith("MessageError: ")


@POSIX
def test_a_lost_heart_beat_is_told_and_its_return(
    jobs: JobList, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "SILENT_S", 1.3)
    heard = Heard(jobs)
    record = jobs.submit("sample_jobs:in_c", {}, title="Train")
    until(lambda: heard.told)
    pid = heard.told[0][2]["pid"]
    time.sleep(1.5)
    assert record.silent_s is None  # in C for long, and its heart beats
    os.kill(pid, signal.SIGSTOP)
    until(lambda: record.silent_s is not None, 4)
    assert record.state == "running"
    assert record.log[-1] == "The worker has not answered for 1 s."
    os.kill(pid, signal.SIGCONT)
    until(lambda: record.silent_s is None, 4)
    assert record.log[-1] == "The worker answers again."
    jobs.kill(record.id)


@POSIX
def test_a_worker_that_stands_still_is_given_up_in_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(crew, "SILENT_S", 1.3)
    jobs = JobList(patience=Patience(silent=1.8))
    try:
        heard = Heard(jobs)
        record = jobs.submit("sample_jobs:in_c", {}, title="Train")
        until(lambda: heard.told)
        os.kill(heard.told[0][2]["pid"], signal.SIGSTOP)
        assert over(record, 6).state == "failed"
        assert record.error == "The worker had not answered for 2 s."
    finally:
        jobs.close()


@POSIX
def test_a_stopped_process_can_be_stopped(jobs: JobList) -> None:
    heard = Heard(jobs)
    record = jobs.submit("sample_jobs:in_c", {}, title="Train")
    until(lambda: heard.told)
    os.kill(heard.told[0][2]["pid"], signal.SIGSTOP)
    jobs.stop(record.id)
    assert over(record, 3).state == "stopped"


@POSIX
def test_an_idle_worker_that_dies_costs_no_job(jobs: JobList) -> None:
    first = over(jobs.submit("sample_jobs:echo", {}, title="First"))
    assert first.result is not None
    os.kill(first.result["pid"], signal.SIGSTOP)  # so that it takes the job and does nothing
    second = jobs.submit("sample_jobs:echo", {}, title="Second")
    until(lambda: second.state == "starting")
    os.kill(first.result["pid"], signal.SIGKILL)
    assert over(second).state == "done"


@POSIX
def test_being_told_to_end_by_the_system_stops_softly(jobs: JobList, tmp_path: Path) -> None:
    payload = {"path": str(tmp_path / "step"), "tell_at": 1}
    record = jobs.submit("sample_jobs:steps", payload, title="Train")
    until(lambda: record.done >= 1)
    pid = next(iter(jobs._crew.places)).worker.pid
    os.kill(pid, signal.SIGINT)  # Ctrl+C in a terminal is the program's to decide
    time.sleep(0.1)
    assert record.state == "running"
    os.kill(pid, signal.SIGTERM)
    assert over(record).state == "stopped"
    assert (tmp_path / "step").exists()
    assert over(jobs.submit("sample_jobs:echo", {}, title="Next")).state == "done"
