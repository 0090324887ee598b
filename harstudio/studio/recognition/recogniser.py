"""Asks runs about the open recording, in a worker; keeps what they said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QSettings, Signal

from harstudio.errors import HarstudioError
from harstudio.labels.keeping.names import safe_name
from harstudio.results import Recognition, Window
from harstudio.runs.kept_recognitions import answers_folder, kept_answer, why_old
from harstudio.runs.recognitions import load_recognition
from harstudio.studio.background import Task
from harstudio.studio.recognition.run_choice import (
    RunChoice,
    take_bundled,
    take_choice,
    take_choices,
)
from harstudio.studio.recognition.ways import Ways

if TYPE_CHECKING:
    from harstudio.jobs.record import JobRecord
    from harstudio.recordings.recording import Recording
    from harstudio.studio.session import Session

PREDICT = "harstudio.recognition.jobs:predict"
EXPLAIN = "harstudio.recognition.jobs:explain"
LAST = "recognition/run"
MOST_KEPT = 8  # answers in memory; the others are read from their files again
Key = tuple[Path, Path]  # recording, run
Place = tuple[str, int, int]  # person, start and end of a window
Target = tuple[Place, int | None]  # window, and class or None for the one that it is said to be


class Recogniser(QObject):
    """One question at a time. ``session.recognition`` is what the answer becomes; answers are
    kept in the run's folder, the last ones in memory too.

    folders: where runs are looked for.
    """

    changed = Signal()  # choices, progress, the run in use or its problem
    listed = Signal(object)  # tuple[RunChoice, ...]: the choices were read again

    def __init__(
        self,
        session: Session,
        folders: Callable[[], list[Path]],
        store: QSettings,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._folders = folders
        self._store = store
        self.ways = Ways(session, store, self)
        self.choices: tuple[RunChoice, ...] = ()
        self.record: JobRecord | None = None
        self.problem = ""
        self.stale = ""
        self.run: Path | None = None  # whose opinion is shown or asked for
        self._asked: Key | None = None
        self._target: Target | None = None  # what is explained anew
        self._targets: dict[tuple[Key, Place], int] = {}
        self._kept: dict[Key, Recognition] = {}  # the last one used last
        self._looks = 0  # into folders; only what the last one finds is shown
        self._tasks: list[Task] = []
        last = str(store.value(LAST, ""))
        self.last_run = Path(last) if last else None
        jobs = session.jobs
        jobs.changed.connect(self._job_changed)
        jobs.told.connect(self._job_told)
        jobs.finished.connect(self._job_finished)
        session.recording_changed.connect(self._meet_recording)

    # ---- runs

    def list_runs(self) -> None:
        """Read again which runs there are, in a thread; ``listed`` tells."""
        folders = self._folders()
        last = self.last_run

        def work(_progress: object, _cancelled: object) -> tuple[RunChoice, ...]:
            found = (*take_choices(folders), *take_bundled())
            found = tuple({one.path.resolve(): one for one in reversed(found)}.values())[::-1]
            known = {one.path.resolve() for one in found}
            if last is not None and last.is_dir() and last.resolve() not in known:
                found = (take_choice(last), *found)
            return found

        self._start(work, self._take_choices)

    def _take_choices(self, found: tuple[RunChoice, ...]) -> None:
        first = self.last_run
        self.choices = tuple(sorted(found, key=lambda one: one.path != first))
        self.changed.emit()
        self.listed.emit(self.choices)

    def choice(self, run: Path | None) -> RunChoice | None:
        """What is known about a run."""
        return next((one for one in self.choices if one.path == run), None)

    def _start(self, work: Callable[..., Any], done: Callable[[Any], None]) -> None:
        task = Task(work, self)
        self._tasks = [one for one in self._tasks if one.running]
        self._tasks.append(task)
        task.finished.connect(done)
        task.failed.connect(self._tell_failure)
        task.start()

    def _tell_failure(self, error: BaseException) -> None:
        self._session.message.emit("warn", str(error))

    # ---- asking

    @property
    def busy(self) -> bool:
        return self.record is not None

    def can_ask(self) -> bool:
        return self._session.recording is not None and not self.busy

    def recognise(self, run: Path) -> None:
        """Ask a run about the open recording."""
        recording = self._session.recording
        if recording is None or self.busy:
            return
        run = run.absolute()
        self.run, self.last_run = run, run
        self._store.setValue(LAST, str(run))
        payload = {
            "run": str(run),
            "paths": [str(recording.path)],
            "explain": True,
            "target_class": None,
            "out": str(answers_folder(run)),
            "trimming": asdict(self.ways.trimming),
            **self.ways.asking.payload(),
        }
        self._target = None
        title = f"recognising {self._session.team.shown(recording.name)}"
        self._submit(PREDICT, payload, (recording.path, run), title)

    def explain(self, label: int | None) -> None:
        """Ask what speaks for a class in the window under the playhead; None: for the class that
        the window is said to be. The other windows keep what they have."""
        recording, opinion = self._session.recording, self._session.explaining.opinion
        window = None
        if opinion is not None:
            window = opinion.window_at(self._session.transport.position_ns)
        if recording is None or opinion is None or window is None or self.run is None or self.busy:
            return
        payload = {
            "run": str(self.run),
            "path": str(recording.path),
            "start_ns": int(opinion.starts[window]),
            "end_ns": int(opinion.ends[window]),
            "person": opinion.recognition.windows[window].person,
            "target_class": label,
            "out": str(answers_folder(self.run) / "explained"),
        }
        self._target = place_of(opinion.recognition.windows[window]), label
        title = f"explaining {self._session.team.shown(recording.name)}"
        self._submit(EXPLAIN, payload, (recording.path, self.run), title)

    def _submit(self, job: str, payload: dict[str, Any], asked: Key, title: str) -> None:
        self.problem = ""
        self._asked = asked
        device = self.ways.asking.device
        self.record = self._session.jobs.submit(
            job, payload, title=title, lane="quick", device=device
        )
        self.changed.emit()

    def recognise_again(self) -> None:
        """With the run that was asked last."""
        if self.last_run is not None:
            self.recognise(self.last_run)

    def stop(self) -> None:
        """Give the question up; what was known stays."""
        if self.record is not None:
            self._session.jobs.stop(self.record.id)

    def put_away(self) -> None:
        """Show no opinion; it stays kept."""
        self.stale = self.problem = ""
        self._session.show_recognition(None)
        self.changed.emit()

    # ---- answers

    def _mine(self, record: object) -> bool:
        return self.record is not None and record is self.record

    def _job_changed(self, record: JobRecord) -> None:
        if self._mine(record):
            self.changed.emit()

    def _job_told(self, record: JobRecord, kind: str, payload: dict[str, Any]) -> None:
        if not self._mine(record) or kind != "recognition":
            return
        if payload.get("error"):
            self.problem = str(payload["error"])
        elif payload.get("file") and self._asked is not None:
            self._load(Path(str(payload["file"])), self._asked, None)

    def _job_finished(self, record: JobRecord) -> None:
        if not self._mine(record):
            return
        self.record = None
        if record.job == EXPLAIN and record.state == "done" and self._asked is not None:
            file = (record.result or {}).get("file")
            if file:
                self._load(Path(str(file)), self._asked, self._target)
        if record.state == "failed" and not self.problem:
            self.problem = record.error or "The run could not be asked."
        self.changed.emit()

    def _load(self, file: Path, key: Key, target: Target | None) -> None:
        def work(_progress: object, _cancelled: object) -> Recognition | HarstudioError:
            try:
                return load_recognition(file)
            except HarstudioError as error:
                return error

        def done(found: Recognition | HarstudioError) -> None:
            if isinstance(found, HarstudioError):
                self.problem = str(found)
            else:
                self._keep(key, found, target)
            self.changed.emit()

        self._start(work, done)

    def _keep(self, key: Key, found: Recognition, target: Target | None) -> None:
        before = self._kept.get(key)
        if target is None:
            self._targets = {k: v for k, v in self._targets.items() if k[0] != key}
        elif before is None or not found.explanations:
            return
        else:
            place, label = target
            told = before.explanations or ((),) * len(before.windows)
            found = replace(
                before,
                explanations=tuple(
                    found.explanations[0] if place_of(window) == place else one
                    for window, one in zip(before.windows, told, strict=True)
                ),
            )
            self._targets.pop((key, place), None)
            if label is not None:
                self._targets[key, place] = label
        self._remember(key, found)
        recording = self._session.recording
        if recording is not None and recording.path == key[0] and self.run == key[1]:
            self.stale = ""
            self._session.show_recognition(found)

    def _remember(self, key: Key, found: Recognition) -> None:
        self._kept.pop(key, None)
        self._kept[key] = found
        if len(self._kept) > MOST_KEPT:
            oldest = next(iter(self._kept))
            del self._kept[oldest]
            self._targets = {k: v for k, v in self._targets.items() if k[0] != oldest}

    def target_of(self, window: int | None) -> int | None:
        """The class that a window's explanations were asked for, None for what it says."""
        recording, said = self._session.recording, self._session.recognition
        if recording is None or self.run is None or window is None or said is None:
            return None
        return self._targets.get(((recording.path, self.run), place_of(said.windows[window])))

    # ---- another recording

    def _meet_recording(self, *_: object) -> None:
        """Show at once what was said before about it, now or in an earlier session."""
        if self.record is not None and self._asked is not None:
            recording = self._session.recording
            if recording is None or recording.path != self._asked[0]:
                self.stop()
        self._show_known()

    def turn_to(self, run: Path) -> None:
        """Show what another run said about the open recording, and ask it the next time."""
        if run == self.run:
            return
        self.run = self.last_run = run
        self._store.setValue(LAST, str(run))
        self._session.show_recognition(None)
        self._show_known()

    def look_again(self, path: Path, *, anew: bool) -> None:
        """The run in use answered about a recording elsewhere: show it where that is open.

        anew: what was known is another answer, and no longer true."""
        if anew and self.run is not None:
            self._kept.pop((path, self.run), None)
        recording = self._session.recording
        if recording is None or recording.path != path:
            return
        if anew or self._session.recognition is None:
            self._show_known()

    def _show_known(self) -> None:
        self.problem = self.stale = ""
        recording, run = self._session.recording, self.run or self.last_run
        if recording is None or run is None:
            self.changed.emit()
            return
        self.run = run
        kept = self._kept.get((recording.path, run))
        if kept is not None:
            self._remember((recording.path, run), kept)
            self._session.show_recognition(kept)
        self._look_in_folder((recording.path, run), recording, kept)
        self.changed.emit()

    def _look_in_folder(self, key: Key, recording: Recording, kept: Recognition | None) -> None:
        """What was said before, where it is not at hand, and whether it still holds."""
        path, run = key
        self._looks += 1
        look = self._looks

        def work(_progress: object, _cancelled: object) -> tuple[Recognition, str] | None:
            found = kept or kept_answer(run, path, safe_name(recording.name))
            return None if found is None else (found, why_old(found, recording.mark()))

        def done(found: tuple[Recognition, str] | None) -> None:
            if found is None or look != self._looks or (kept is None and key in self._kept):
                return
            if kept is None:
                self._keep(key, found[0], None)
            if self.run == run and self._session.recognition is not None:
                self.stale = found[1]
            self.changed.emit()

        self._start(work, done)

    def shut(self) -> None:
        """Wait for what is being read."""
        self.ways.shut()
        for task in self._tasks:
            task.cancel(wait_s=5)


def place_of(window: Window) -> Place:
    """Which window of a recognition it is."""
    return window.person, window.start_ns, window.end_ns
