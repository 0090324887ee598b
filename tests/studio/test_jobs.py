"""Jobs in the window: on its thread, in the status line, in the panel, and at the end."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from driving import until
from harstudio.studio.jobs.service import Jobs
from harstudio.studio.jobs.words import accuracy_text, left_text, length_text, progress_text

SAMPLES = Path(__file__).resolve().parents[1] / "unit" / "jobs"


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers find the sample jobs."""
    monkeypatch.setenv("PYTHONPATH", str(SAMPLES))


@pytest.fixture
def jobs(qapp) -> Iterator[Jobs]:
    made = Jobs()
    yield made
    made.close()


def submit(jobs: Jobs, job: str, payload: dict | None = None, title: str = "counting", **more):
    return jobs.submit(f"sample_jobs:{job}", payload or {}, title=title, **more)


def test_everything_is_told_on_the_windows_thread(jobs):
    told: list[tuple[str, int]] = []
    for name in ("added", "changed", "told", "finished"):
        getattr(jobs, name).connect(
            lambda *_, name=name: told.append((name, threading.get_ident()))
        )
    record = submit(jobs, "echo", {"a": 1})
    until(lambda: ("finished", threading.get_ident()) in told)
    assert {name for name, _ in told} == {"added", "changed", "told", "finished"}
    assert {thread for _, thread in told} == {threading.get_ident()}
    assert record.result["payload"] == {"a": 1}
    assert jobs.records == [record]
    assert jobs.find(record.id) is record


def test_no_thread_before_the_first_job(qapp):
    before = threading.active_count()
    made = Jobs()
    assert made.records == []
    assert threading.active_count() == before
    made.close()


def test_closing_the_window_stops_a_job_softly_and_leaves_no_process(window, tmp_path):
    jobs = window.session.jobs
    record = submit(jobs, "steps", {"path": str(tmp_path / "kept"), "tell_at": 3})
    waits = submit(jobs, "steps")
    until(lambda: record.done > 3)
    window.close()
    assert int((tmp_path / "kept").read_text()) >= 3
    assert (record.state, waits.state) == ("stopped", "stopped")
    assert not [t for t in threading.enumerate() if t.name == "jobs"]


def test_the_status_line_tells_the_foremost_job(window):
    button, jobs = window.status.jobs, window.session.jobs
    assert button.isHidden()
    record = submit(jobs, "steps", {}, "Train st-gcn")
    submit(jobs, "steps")
    until(lambda: record.done > 5 and "%" in button.text())
    assert button.text().startswith(" training st-gcn 0 %")
    assert button.text().endswith("1 more")
    jobs.pause(record.id)
    until(lambda: "paused" in button.text())
    for one in jobs.records:
        jobs.remove(one.id)
    until(button.isHidden)


def test_an_epoch_stands_in_the_status_line(window):
    record = SimpleNamespace(
        title="Train st-gcn", state="running", done=12, total=50, eta_s=240.0, error="",
        silent_s=None,
    )  # fmt: skip
    epoch = {
        "epoch": 12,
        "epochs": 50,
        "train": {"accuracy": 1.0},
        "validation": {"accuracy": 0.91},
    }
    assert progress_text(record, epoch) == "training st-gcn 12/50 · val .91 · 4 min left"
    epoch["validation"] = None
    assert progress_text(record, epoch) == "training st-gcn 12/50 · acc 1.0 · 4 min left"
    record.state = "queued"
    assert progress_text(record) == "training st-gcn waits"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.2, "0 s"), (59, "59 s"), (61, "1 min"), (3600, "1 h"), (7800, "2 h 10 min"),
     (200_000, "2 d 7 h")],
)  # fmt: skip
def test_lengths_of_time(seconds, text):
    assert length_text(seconds) == text
    assert left_text(seconds) == f"{text} left"


def test_figures_that_are_none():
    assert [accuracy_text(v) for v in (None, float("nan"), "x", True, 0.914, 0.999, 0.0)] == [
        "", "", "", "", ".91", "1.0", ".00",
    ]  # fmt: skip
    assert left_text(None) == left_text(float("inf")) == ""


def test_the_panel_pauses_goes_on_and_stops(window):
    jobs, panel = window.session.jobs, window.desk.panel
    window.commands.run("view.jobs")
    assert panel.isVisible()
    assert panel.empty.isVisible()
    record = submit(jobs, "steps")
    until(lambda: record.done > 3)
    card = panel.cards[record.id]
    assert "running" in card.line()
    assert record.text in card.line()
    jobs.shown = lambda text: text.replace(record.text, "P01")  # as in a project of pseudonyms
    assert "P01" in card.line()
    assert card.bar.isVisible()
    assert not card.error.isVisible()
    card.pause.click()
    until(lambda: record.state == "paused" and card.pause.text() == "Go on")
    done = record.done
    time.sleep(0.1)
    assert record.done == done
    card.pause.click()
    until(lambda: record.done > done)
    card.stop.click()
    until(lambda: record.over)
    assert record.state == "stopped"
    until(lambda: card.remove.isVisible())
    card.remove.click()
    until(lambda: not panel.cards)


def test_the_panel_shows_what_a_job_wrote(window):
    jobs, panel = window.session.jobs, window.desk.panel
    panel.toggle()
    record = submit(jobs, "echo")
    until(lambda: record.over and panel.cards[record.id].log_button.isVisible())
    card = panel.cards[record.id]
    card.log_button.click()
    assert "begun" in card.log.toPlainText()
    assert "done" in card.line()


def test_esc_and_a_click_beside_close_the_panel(window):
    panel = window.desk.panel
    panel.toggle()
    QTest.keyClick(panel, Qt.Key.Key_Escape)
    assert not panel.isVisible()
    panel.toggle()
    QTest.mouseClick(panel, Qt.MouseButton.LeftButton, pos=panel.rect().center())
    assert panel.isVisible()
    QTest.mouseClick(window.welcome, Qt.MouseButton.LeftButton)
    assert not panel.isVisible()


@pytest.mark.parametrize(
    ("job", "payload", "said"),
    [
        ("killed", {}, "killed (signal 9"),
        ("segfault", {}, "crashed (signal 11"),
        ("exits", {}, "exit code 3"),
        ("raises", {"what": "ours"}, "The third line is no number."),
        ("raises", {"what": "os"}, "No space left on device"),
    ],
)
@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_a_death_is_told_in_one_sentence_beside_the_job(window, job, payload, said):
    jobs = window.session.jobs
    record = submit(jobs, job, payload, title="Evaluate wave")
    until(lambda: record.over and window.problem_bar.isVisible())
    sentence = window.problem_bar.sentence.text()
    assert sentence.startswith("Evaluating wave failed: ")
    assert said in sentence
    assert "Traceback" not in sentence
    assert window.problem_bar.again_button.isHidden()  # nothing of it could be gone on with
    window.desk.panel.toggle()
    card = window.desk.panel.cards[record.id]
    assert said in card.error.text()
    card.copy.click()
    assert said in QApplication.clipboard().text()
    assert window.isVisible()


def test_a_path_of_the_error_has_its_own_line(window):
    record = submit(window.session.jobs, "raises", {"what": "ours"})
    until(lambda: record.over and window.problem_bar.isVisible())
    assert window.problem_bar.file.text() == str(Path("a/b.txt"))
    assert "Mend it." in window.problem_bar.sentence.text()


def test_no_worker_is_warmed_up_where_it_is_not_wanted(window, monkeypatch):
    monkeypatch.setenv("HARSTUDIO_WARM", "0")
    window.desk.warm_up_soon()
    assert not window.desk._warm.isActive()
    monkeypatch.delenv("HARSTUDIO_WARM")
    window.desk.warm_up_soon()
    assert window.desk._warm.isActive()


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="counts processes in /proc")
def test_no_worker_is_left(window):
    record = submit(window.session.jobs, "echo")
    until(lambda: record.over)
    pid = record.result["pid"]
    assert Path(f"/proc/{pid}").exists()  # kept for the next job
    window.close()
    until(lambda: not Path(f"/proc/{pid}").exists() or _is_zombie(pid), seconds=5)
    assert os.getpid() != pid


def _is_zombie(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"


def test_what_somebody_asked_for_in_a_dialog_is_not_told_twice(window, monkeypatch):
    monkeypatch.setattr("harstudio.studio.jobs.desk.PASSING", ("sample_jobs:echo",))
    monkeypatch.setattr("harstudio.studio.jobs.desk.TOLD_BY_THE_ASKER", ("sample_jobs:raises",))
    jobs = window.session.jobs
    told, failed = submit(jobs, "echo"), submit(jobs, "raises", {"what": "ours"})
    until(lambda: failed.over and told not in jobs.records)
    assert jobs.records == [failed]
    assert window.problem_bar.isHidden()


def test_orders_after_the_end_do_nothing(qapp):
    jobs = Jobs()
    jobs.close()
    jobs.stop(1)
    jobs.remove(1)
    jobs.warm_up()
    with pytest.raises(RuntimeError):
        submit(jobs, "echo")
    assert not [t for t in threading.enumerate() if t.name == "jobs"]
