"""Jobs in real workers: how they begin, go on, wait and end."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from sample_runs import Heard, alive, over, until

from harstudio.jobs.job_list import JobList
from harstudio.jobs.protocol import MessageError


def test_a_job_says_what_it_does_and_returns(jobs: JobList) -> None:
    heard = Heard(jobs)
    record = over(jobs.submit("sample_jobs:echo", {"a": (1, None)}, title="Echo", threads=2))
    assert record.state == "done"
    assert record.error == ""
    assert record.result is not None
    assert record.result["payload"] == {"a": [1, None]}
    assert (record.result["threads"], record.result["omp"]) == (2, "2")
    assert record.result["device"] == "auto"
    assert (record.done, record.total, record.text) == (2, 2, "whole")
    assert record.log == ["begun"]
    until(lambda: heard.finished == [(record.id, "done")])
    assert heard.states[record.id] == ["starting", "running", "done"]
    assert heard.told == [
        (record.id, "metrics", {"loss": 0.5, "classes": ["a", "b"], "best": None})
    ]
    assert heard.threads == {"jobs"}
    assert record.started is not None
    assert record.ended is not None
    assert record.submitted <= record.started <= record.ended


@pytest.mark.skipif(os.name == "nt", reason="POSIX priorities")
def test_a_worker_steps_back_behind_the_window(jobs: JobList) -> None:
    record = over(jobs.submit("sample_jobs:echo", {}, title="Echo"))
    assert record.result is not None
    assert record.result["nice"] == os.nice(0) + 5


def test_the_next_job_finds_the_worker_warm(jobs: JobList) -> None:
    first = over(jobs.submit("sample_jobs:echo", {}, title="First"))
    time.sleep(0.2)
    asked = time.time()
    second = over(jobs.submit("sample_jobs:echo", {}, title="Second", threads=3))
    assert first.result is not None
    assert second.result is not None
    assert second.result["pid"] == first.result["pid"]
    assert (second.result["threads"], second.result["omp"]) == (3, "3")
    assert second.result["at"] - asked < 0.25  # a new process takes as long to begin


def test_one_job_a_lane_and_the_lanes_side_by_side(jobs: JobList) -> None:
    long = jobs.submit("sample_jobs:steps", {}, title="Train")
    waits = jobs.submit("sample_jobs:echo", {}, title="Train more")
    quick = over(jobs.submit("sample_jobs:echo", {}, title="Recognise", lane="quick"))
    assert quick.state == "done"
    until(lambda: long.state == "running")
    assert waits.state == "queued"
    assert [record.id for record in jobs.records] == [1, 2, 3]
    jobs.stop(long.id)
    assert over(waits).state == "done"
    assert long.state == "stopped"
    assert jobs.idle


def test_a_stopped_job_saves_and_says_where_it_was(jobs: JobList, tmp_path: Path) -> None:
    kept = tmp_path / "step"
    payload = {
        "path": str(kept),
        "save_s": 0.8,
        "tell_at": 3,
    }  # saving outlasts the stop's patience
    record = jobs.submit("sample_jobs:steps", payload, title="Train")
    heard = Heard(jobs)
    until(lambda: heard.told)
    jobs.stop(record.id)
    over(record)
    assert record.state == "stopped"
    assert record.result == {"step": int(kept.read_text())}
    assert heard.states[record.id][-2:] == ["stopping", "stopped"]


def test_a_job_that_lets_stopped_through_has_no_result(jobs: JobList) -> None:
    record = jobs.submit("sample_jobs:steps", {"keep": False}, title="Train")
    until(lambda: record.state == "running")
    jobs.stop(record.id)
    assert over(record).state == "stopped"
    assert not record.result
    assert record.error == ""


def test_a_job_that_saves_too_long_is_ended(jobs: JobList, tmp_path: Path) -> None:
    payload = {"path": str(tmp_path / "step"), "save_s": 60}
    record = jobs.submit("sample_jobs:steps", payload, title="Train")
    until(lambda: record.done > 2)
    asked = time.monotonic()
    jobs.stop(record.id)
    assert over(record).state == "stopped"
    assert 1.1 < time.monotonic() - asked < 4
    assert not (tmp_path / "step").exists()


def test_a_job_that_never_asks_is_ended(jobs: JobList) -> None:
    heard = Heard(jobs)
    record = jobs.submit("sample_jobs:stubborn", {}, title="Train")
    until(lambda: heard.told)
    asked = time.monotonic()
    jobs.stop(record.id)
    until(lambda: record.state == "stopping")
    assert over(record).state == "stopped"
    assert 0.5 < time.monotonic() - asked < 3
    assert record.log[-1] == "It did not stop in time and was ended."
    assert over(jobs.submit("sample_jobs:echo", {}, title="Next")).state == "done"


def test_a_job_of_long_steps_is_given_the_time_of_two(jobs: JobList, tmp_path: Path) -> None:
    payload = {"path": str(tmp_path / "step"), "step_s": 1.0}
    record = jobs.submit("sample_jobs:steps", payload, title="Train")
    until(lambda: record.done >= 2)
    jobs.stop(record.id)  # it asks again in a second; a job of short steps has 0.6 s
    over(record)
    assert (tmp_path / "step").exists()


def test_stopping_what_waits_takes_it_off_the_queue(jobs: JobList) -> None:
    heard = Heard(jobs)
    long = jobs.submit("sample_jobs:steps", {}, title="Train")
    waits = jobs.submit("sample_jobs:echo", {}, title="Train more")
    jobs.stop(waits.id)
    over(waits, 1)
    assert waits.state == "stopped"
    assert waits.started is None
    until(lambda: (waits.id, "stopped") in heard.finished)
    assert not long.over


def test_stopping_what_starts_leaves_the_worker_warm(jobs: JobList) -> None:
    record = jobs.submit("sample_jobs:echo", {}, title="Train")
    until(lambda: record.state == "starting")
    jobs.stop(record.id)
    over(record, 1)
    assert record.state == "stopped"
    assert over(jobs.submit("sample_jobs:echo", {}, title="Next")).state == "done"


def test_stopping_what_waits_behind_a_slow_import(jobs: JobList, tmp_path: Path) -> None:
    (tmp_path / "slow_import.py").write_text("import time; time.sleep(1)\ndef job(p, c): return {}")
    os.environ["PYTHONPATH"] += os.pathsep + str(tmp_path)
    record = jobs.submit("slow_import:job", {}, title="Train")
    time.sleep(0.5)
    assert record.state == "starting"
    jobs.stop(record.id)
    assert over(record, 3).state == "stopped"


def test_a_job_waits_while_paused_and_goes_on(jobs: JobList) -> None:
    record = jobs.submit("sample_jobs:steps", {"steps": 40}, title="Train")
    until(lambda: record.done >= 1)
    jobs.pause(record.id)
    until(lambda: record.state == "paused")
    time.sleep(0.3)
    here = record.done
    time.sleep(0.3)
    assert record.done == here
    assert record.eta_s is None
    jobs.resume(record.id)
    assert over(record).state == "done"
    assert record.result == {"step": 40}


def test_a_paused_job_can_be_stopped(jobs: JobList) -> None:
    record = jobs.submit("sample_jobs:steps", {}, title="Train")
    until(lambda: record.state == "running")
    jobs.pause(record.id)
    until(lambda: record.state == "paused")
    jobs.stop(record.id)
    assert over(record, 2).state == "stopped"
    assert record.result is not None


def test_a_job_paused_before_it_began_waits_at_once(jobs: JobList) -> None:
    record = jobs.submit("sample_jobs:steps", {}, title="Train")
    until(lambda: record.state == "starting")
    jobs.pause(record.id)
    until(lambda: record.state == "paused")
    assert record.done <= 1


def test_what_waits_can_be_held_back(jobs: JobList) -> None:
    long = jobs.submit("sample_jobs:steps", {}, title="Train")
    held = jobs.submit("sample_jobs:echo", {}, title="Held")
    after = jobs.submit("sample_jobs:echo", {}, title="After")
    jobs.pause(held.id)
    until(lambda: held.state == "paused")
    jobs.stop(long.id)
    assert over(after).state == "done"
    assert held.state == "paused"
    jobs.resume(held.id)
    assert over(held).state == "done"


def test_killing_is_at_once(jobs: JobList) -> None:
    heard = Heard(jobs)
    record = jobs.submit("sample_jobs:stubborn", {}, title="Train")
    until(lambda: heard.told)
    asked = time.monotonic()
    jobs.kill(record.id)
    assert over(record).state == "stopped"
    assert time.monotonic() - asked < 0.5
    assert record.log == ["Ended by force."]


def test_removing_takes_it_off_the_list(jobs: JobList) -> None:
    heard = Heard(jobs)
    done = over(jobs.submit("sample_jobs:echo", {}, title="Echo"))
    jobs.remove(done.id)
    until(lambda: heard.removed == [done.id])
    running = jobs.submit("sample_jobs:steps", {}, title="Train")
    until(lambda: running.state == "running")
    jobs.remove(running.id)
    until(lambda: heard.removed == [done.id, running.id])
    assert running.state == "stopped"
    assert jobs.records == []


def test_a_flood_is_told_whole_and_the_log_keeps_its_end(jobs: JobList) -> None:
    counts: list[int] = []
    changes: list[float] = []
    jobs.told.connect(lambda _record, _kind, payload: counts.append(payload["k"]))
    jobs.changed.connect(lambda record: changes.append(record.done))
    record = over(jobs.submit("sample_jobs:floods", {"lines": 5000}, title="Flood"))
    assert record.state == "done"
    assert counts == list(range(5000))
    assert record.log_count == 5000
    assert record.log == [f"line {k}" for k in range(4500, 5000)]
    assert record.done == 4999
    assert len(changes) < 100


def test_a_listener_that_fails_does_not_end_the_list(jobs: JobList, caplog: Any) -> None:
    def fails(*_values: object) -> None:
        raise ValueError("a mistake in the window")

    jobs.changed.connect(fails)
    assert over(jobs.submit("sample_jobs:echo", {}, title="Echo")).state == "done"
    assert over(jobs.submit("sample_jobs:echo", {}, title="Echo")).state == "done"
    assert "A listener of the job list failed" in caplog.text


def test_payloads_are_looked_at_before_anything_starts(jobs: JobList) -> None:
    with pytest.raises(MessageError, match=r"payload\.path is a pathlib"):
        jobs.submit("sample_jobs:echo", {"path": Path("x")}, title="Echo")
    with pytest.raises(MessageError, match=r'"run" has 16\.0 MiB'):
        jobs.submit("sample_jobs:echo", {"text": "x" * ((16 << 20) - 60)}, title="Echo")
    assert jobs.records == []


def test_the_remaining_time_is_told(jobs: JobList) -> None:
    record = jobs.submit("sample_jobs:steps", {}, title="Train")
    until(lambda: record.eta_s is not None)
    assert record.eta_s is not None
    assert 40 < record.eta_s < 200  # 6000 steps of 10 ms and a little


def test_closing_ends_the_workers_and_says_so(jobs: JobList, tmp_path: Path) -> None:
    heard = Heard(jobs)
    payload = {"path": str(tmp_path / "step"), "tell_at": 1}
    runs = jobs.submit("sample_jobs:steps", payload, title="Train")
    waits = jobs.submit("sample_jobs:echo", {}, title="Waits")
    over(quick := jobs.submit("sample_jobs:echo", {}, title="Quick", lane="quick"))
    until(lambda: any(kind == "here" for _, kind, _ in heard.told))
    asked = time.monotonic()
    jobs.close()
    assert time.monotonic() - asked < 3
    assert (runs.state, waits.state, quick.state) == ("stopped", "stopped", "done")
    assert (tmp_path / "step").exists()
    assert quick.result is not None
    assert not alive(quick.result["pid"])
    assert not [t.name for t in threading.enumerate() if t.name.startswith(("worker", "jobs"))]
    jobs.close()
    with pytest.raises(RuntimeError, match="closed"):
        jobs.submit("sample_jobs:echo", {}, title="Late")


def test_closing_does_not_wait_for_who_does_not_listen(jobs: JobList) -> None:
    heard = Heard(jobs)
    record = jobs.submit("sample_jobs:in_c", {}, title="Train")
    until(lambda: heard.told)
    pid = heard.told[0][2]["pid"]
    asked = time.monotonic()
    jobs.close(0.5)
    assert time.monotonic() - asked < 2
    assert record.state == "stopped"
    assert not alive(pid)


def test_without_warmth_every_job_has_a_process_of_its_own() -> None:
    jobs = JobList(warm=False)
    try:
        one = over(jobs.submit("sample_jobs:echo", {}, title="One"))
        two = over(jobs.submit("sample_jobs:echo", {}, title="Two"))
        assert one.result is not None
        assert two.result is not None
        assert one.result["pid"] != two.result["pid"]
        until(lambda: not alive(one.result["pid"]))
    finally:
        jobs.close()


def test_torch_is_warm_in_the_worker_and_never_here(jobs: JobList) -> None:
    before = {name for name in sys.modules if name.partition(".")[0] == "torch"}
    jobs.warm_up()
    record = over(jobs.submit("sample_jobs:has_torch", {}, title="Torch", threads=1), 60)
    assert record.result is not None
    assert record.result["version"].startswith("2.")
    assert record.result["threads"] == 1
    assert {name for name in sys.modules if name.partition(".")[0] == "torch"} == before
