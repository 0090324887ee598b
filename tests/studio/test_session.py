"""The session: opening in the background, labels kept, stepping."""

from __future__ import annotations

import threading

import pytest

from harstudio.errors import DataError, HarstudioError, MissingError
from harstudio.labels.editing.edits import AddClip, AddTier
from harstudio.labels.keeping.recovery import load as load_labels
from harstudio.labels.keeping.saving import PendingSave
from harstudio.labels.model import Clip
from harstudio.labels.project import Project
from harstudio.recordings.streams import ArrayReader, PictureStream, StreamKind
from harstudio.studio.keeping import DRIVE_HANGS
from harstudio.studio.session import Session
from studio.made_recording import made_recording
from studio.session_bench import SessionBench

FRAME = 33_333_333


@pytest.fixture
def bench(qtbot, tmp_path, monkeypatch):
    made = SessionBench(qtbot, tmp_path, monkeypatch)
    yield made
    made.close()


def add_clip(session, label: str = "wave", start: int = 0) -> Clip:
    if session.document.tier("alice") is None:
        session.history.do(AddTier("alice", 0))
    clip = Clip(start, start + 10 * FRAME, label)
    session.history.do(AddClip("alice", clip))
    return clip


def test_opens_in_another_thread(bench):
    threads = []

    def make():
        threads.append(threading.current_thread())
        return made_recording()

    bench.open(bench.add("one.x", make))
    assert bench.session.recording.name == "made"
    assert threads
    assert threads[0] is not threading.main_thread()
    assert bench.session.transport.stop_ns == bench.session.recording.stop_ns


def test_a_failure_leaves_what_was_open(bench, qtbot):
    bench.show(made_recording(name="good"))
    damaged = bench.folder / "damaged.x"
    damaged.touch()
    with qtbot.waitSignal(bench.session.failed, timeout=5000):
        bench.session.open(damaged)
    assert isinstance(bench.failures[0], DataError)
    assert bench.failures[0].path == damaged
    assert bench.session.recording.name == "good"
    assert bench.session.history is not None


def test_a_readers_own_failure_becomes_a_sentence(bench, qtbot):
    def explode():
        raise ZeroDivisionError("by zero")

    path = bench.add("odd.x", explode)
    with qtbot.waitSignal(bench.session.failed, timeout=5000):
        bench.session.open(path)
    assert isinstance(bench.failures[0], DataError)
    assert "by zero" in str(bench.failures[0])
    assert str(path) in str(bench.failures[0])


def test_a_path_that_is_not_there(bench, qtbot):
    with qtbot.waitSignal(bench.session.failed, timeout=5000):
        bench.session.open(bench.folder / "nothing")
    assert isinstance(bench.failures[0], MissingError)


def test_the_last_one_asked_for_is_shown(bench, qtbot):
    gate = threading.Event()

    def slow():
        gate.wait(5)
        return made_recording(name="slow")

    first = bench.add("slow.x", slow)
    second = bench.add("fast.x", lambda: made_recording(name="fast"))
    seen = []
    bench.session.recording_changed.connect(seen.append)
    bench.session.open(first)
    with qtbot.waitSignal(bench.session.recording_changed, timeout=5000):
        bench.session.open(second)
    gate.set()
    qtbot.wait(200)
    assert [recording.name for recording in seen] == ["fast"]


def test_the_old_recording_is_closed_after_the_new_one_is_shown(bench, qtbot):
    closed = []
    old = made_recording(name="old")
    old.streams["color"].reader.close = lambda: closed.append(bench.session.recording.name)
    bench.show(old)
    bench.show(made_recording(name="new"))
    qtbot.waitUntil(lambda: bool(closed), timeout=5000)
    assert closed == ["new"]


def test_labels_are_there_again_however_the_recording_is_opened(bench):
    bench.show(made_recording(name="first"))
    clip = add_clip(bench.session)
    bench.show(made_recording(name="second"))
    assert not [c for tier in bench.session.document.tiers for c in tier.clips]
    bench.show(made_recording(name="first"))
    assert bench.session.document.tier("alice").find(clip.id) == clip


def test_edits_are_announced_and_saved_by_themselves(bench, qtbot):
    bench.show(made_recording())
    with qtbot.waitSignal(bench.session.document_changed, timeout=1000):
        add_clip(bench.session)
    assert bench.session.history.unsaved
    with qtbot.waitSignal(bench.session.saved, timeout=6000):
        pass
    assert not bench.session.history.unsaved


def test_labels_are_written_beside_the_window_and_edits_go_on(bench, qtbot, monkeypatch):
    bench.show(made_recording())
    session = bench.session
    session.keeping.timer.setInterval(20)
    clip, write, threads = add_clip(session), PendingSave.write, []
    may_write = threading.Event()

    def slowly(pending):
        threads.append(threading.current_thread())
        may_write.wait(10)
        write(pending)

    monkeypatch.setattr(PendingSave, "write", slowly)
    qtbot.waitUntil(lambda: bool(threads), timeout=3000)
    more = add_clip(session, start=20 * FRAME)
    with qtbot.waitSignal(session.saved, timeout=6000):
        may_write.set()
    assert threads[0] is not threading.main_thread()
    qtbot.waitUntil(lambda: not session.history.unsaved, timeout=6000)
    path = session.history.path
    session.close()
    clips = [c.id for tier in load_labels(path, "made", "alice").document.tiers for c in tier.clips]
    assert clips == [clip.id, more.id]


def test_a_drive_that_hangs_holds_up_neither_saving_nor_leaving(bench, qtbot, monkeypatch):
    bench.show(made_recording(name="first"))
    session = bench.session
    session.keeping.timer.setInterval(20)
    clip, path, write, hanging = add_clip(session), session.history.path, PendingSave.write, []
    drive = threading.Event()

    def hang(pending):
        hanging.append(threading.current_thread())
        assert drive.wait(10)
        write(pending)

    monkeypatch.setattr(PendingSave, "write", hang)
    session.save()
    qtbot.waitUntil(lambda: ("warn", DRIVE_HANGS) in bench.said, timeout=3000)
    bench.show(made_recording(name="second"))
    assert session.recording.name == "second"
    assert not session.history.read_only
    assert not path.exists()
    drive.set()
    bench.show(made_recording(name="first"))  # once it is put away
    assert session.document.tier("alice").find(clip.id) == clip
    assert path.exists()
    assert threading.main_thread() not in hanging
    assert [said for said in bench.said if said[0] == "bad"] == []
    assert bench.failures == []


def test_a_drive_that_is_gone_is_told_once_and_labels_are_saved_when_it_is_back(bench, qtbot):
    bench.show(made_recording())
    session = bench.session
    add_clip(session)
    folder = session.history.path.parent
    away = folder.with_name("away")
    folder.rename(away)
    session.keeping.timer.setInterval(20)
    qtbot.waitUntil(lambda: any(level == "bad" for level, _ in bench.said), timeout=3000)
    qtbot.wait(200)
    told = [sentence for level, sentence in bench.said if level == "bad"]
    assert len(told) == 1
    assert "whether the drive is there" in told[0]
    assert not folder.exists()
    with pytest.raises(HarstudioError, match="whether the drive is there"):
        add_clip(session, start=20 * FRAME)
    away.rename(folder)
    with qtbot.waitSignal(session.saved, timeout=6000):
        pass
    assert bench.said[-1] == ("info", "The labels can be saved again, and are.")
    add_clip(session, start=20 * FRAME)


def test_the_selection_goes_with_its_clip(bench):
    bench.show(made_recording())
    clip = add_clip(bench.session)
    bench.session.select(clip.id)
    assert bench.session.selected_clip() == ("alice", clip)
    bench.session.history.undo()
    assert bench.session.selection is None


def test_another_annotator_has_a_document_of_their_own(bench):
    bench.show(made_recording())
    add_clip(bench.session)
    bench.session.change_annotator("bob")
    assert bench.session.tier_name == "bob"
    assert bench.session.document.annotator == "bob"
    assert not [c for tier in bench.session.document.tiers for c in tier.clips]
    assert bench.session.project.annotators("made") == ["alice"]


def test_a_project_opens_with_its_first_recording_and_keeps_labels_inside(
    bench, monkeypatch, qtbot
):
    project = Project.create(bench.folder / "study", "study")
    path = bench.add("take.x", lambda: made_recording(name="take"))
    monkeypatch.setattr(Project, "recordings", lambda self, rescan=False: [path])
    bench.open(project.folder)
    add_clip(bench.session)
    assert bench.session.project.folder == project.folder
    assert bench.session.folder == project.folder
    with qtbot.waitSignal(bench.session.saved):
        bench.session.save()
    assert ("info", "The labels are saved.") in bench.said
    assert list(project.folder.rglob("alice.json"))


def test_a_project_without_recordings_says_so(bench, qtbot):
    project = Project.create(bench.folder / "empty", "empty")
    bench.open(project.folder)
    assert bench.session.recording is None
    assert bench.session.project.name == "empty"
    assert ("warn", "This project has no recordings yet.") in bench.said


def test_steps_by_frames_and_stays_inside(bench):
    bench.show(made_recording(frames=12))
    session = bench.session
    times = session.recording.reference.times_ns.tolist()
    session.step(1)
    assert session.transport.position_ns == times[1]
    session.step(10)
    assert session.frame_index() == 11
    session.step(5)
    assert session.frame_index() == 11
    session.step(-100)
    assert session.frame_index() == 0


def test_a_step_pauses(bench):
    bench.show(made_recording())
    bench.session.transport.play()
    bench.session.step(1)
    assert not bench.session.transport.playing


def test_a_damaged_picture_is_told_once(bench, qtbot):
    class Damaged(ArrayReader):
        def read(self, index):
            raise DataError("The picture is damaged.", path="color.avi")

        def read_run(self, index):
            raise DataError("The picture is damaged.", path="color.avi")
            yield

    recording = made_recording()
    times = recording.streams["color"].times_ns
    broken = PictureStream(
        "color", StreamKind.COLOR, times, Damaged([]), width=320, height=180, dtype="uint8"
    )
    recording.streams["color"] = broken
    bench.show(recording)
    qtbot.waitUntil(lambda: bool(bench.said), timeout=5000)
    bench.session.step(5)
    qtbot.wait(200)
    assert [level for level, _ in bench.said] == ["bad"]
    assert "color.avi" in bench.said[0][1]


def test_closing_lets_go_and_can_open_again(bench):
    bench.show(made_recording(name="one"))
    add_clip(bench.session)
    bench.session.close()
    assert bench.session.recording is None
    assert bench.session.history is None
    assert not [t for t in threading.enumerate() if t.name.startswith("reader")]
    bench.show(made_recording(name="one"))
    assert bench.session.document.tier("alice").clips


@pytest.mark.parametrize(
    ("typed", "milliseconds"),
    [("1.5", 1500), ("0:01.5", 1500), ("1500 ms", 1500), ("1,5 s", 1500), ("0:00:01", 1000)],
)
def test_the_playhead_goes_to_a_typed_time(qtbot, typed: str, milliseconds: int) -> None:
    session = Session()
    session.transport.set_range(7_000_000_000, 20_000_000_000)
    assert session.go_to(typed)
    assert session.transport.position_ns == 7_000_000_000 + milliseconds * 1_000_000
    for nonsense in ("", "soon", "1:2:3:4", "1:00 ms", "f 3"):  # no recording, so no frames
        assert not session.go_to(nonsense)
    session.close()
    session.deleteLater()
