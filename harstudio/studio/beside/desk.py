"""What opens two sides in a window, and the way back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from harstudio.labels.comparing import is_model
from harstudio.studio.arrangement import BESIDE, FIRST
from harstudio.studio.background import NewestTask
from harstudio.studio.beside.asked import ComparedClip
from harstudio.studio.beside.commands import beside_commands, leading
from harstudio.studio.beside.finding import find_path
from harstudio.studio.commands import Command, sharing
from harstudio.studio.evaluation.findings import Findings, Verdict
from harstudio.studio.evaluation.misclassified import Errors, read_errors
from harstudio.studio.palette import Entry
from harstudio.studio.recognition.ground_truth import ground_truth_at
from harstudio.studio.recognition.ranking import percent
from harstudio.studio.recognition.run_choice import RunChoice

if TYPE_CHECKING:
    from harstudio.studio.beside.page import BesidePage
    from harstudio.studio.window import MainWindow


class BesideDesk(QObject):
    """The page is made when somebody goes there."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.page: BesidePage | None = None
        self._before = FIRST
        self._wants = ""  # for what the list of runs was asked: "run" or "errors"
        self._reads = NewestTask(self)
        self._finds = NewestTask(self)
        window.recognising.recogniser.listed.connect(self._offer)

    # ---- commands

    def commands(self) -> list[Command]:
        return beside_commands(self)

    def sharing(self, commands: Iterable[Command]) -> list[Command]:
        """The same commands; those of the player lead both sides while they are shown."""
        return sharing(commands, leading(self), self.is_shown)

    # ---- coming and going

    @property
    def jump_frames(self) -> int:
        return self._window.session.settings.jump_frames

    def is_shown(self) -> bool:
        return self._window.arrangement.workspace == BESIDE

    def _made(self) -> BesidePage:
        if self.page is None:
            from harstudio.studio.beside.page import BesidePage

            window = self._window
            device = window.recognising.recogniser.ways.device
            self.page = BesidePage(window.session, window.commands, self.leave, self.roots, device)
            self.page.list.opened.connect(self._open_clip)
            window.keys.changed.connect(self.page.beside.bar.tell_keys)
        return self.page

    def _enter(self) -> BesidePage:
        page = self._made()
        if not self.is_shown():
            self._before = self._window.arrangement.workspace
            self._window.session.transport.pause()
            self._window.set_workspace(BESIDE)
        return page

    def leave(self) -> None:
        """Back to the workspace that one came from."""
        if self.is_shown():
            self._window.set_workspace(self._before)

    def roots(self) -> Sequence[Path]:
        """Where recordings are looked for that are not at their paths."""
        session = self._window.session
        folders = [] if session.project is None else list(session.project.recording_folders)
        return [one for one in (session.folder, *folders) if one is not None]

    # ---- errors

    def show_errors(
        self, run: Path, findings: Findings | None = None, first: Verdict | None = None
    ) -> None:
        """Errors of an evaluation; of the one that is kept with the run unless told."""

        def work(_progress: object, _cancelled: object) -> Errors:
            return read_errors(run, findings)

        def done(errors: Errors) -> None:
            if errors.wrong:
                self._enter().show_errors(errors, first)
            else:
                self._say("info", f"{run.name} made no error in this evaluation.")

        self._reads.start(work, done, lambda error: self._say("warn", str(error)))

    def can_show_errors(self) -> bool:
        page = self._window.train_page
        found = None if page is None else page.evaluation.found
        return found is not None and bool(found.mistakes())

    def show_errors_of_view(self, first: Verdict | None = None) -> None:
        """Of the evaluation that the Train workspace shows, of whatever part it is."""
        page = self._window.train_page
        if page is not None and page.evaluation.run is not None:
            self.show_errors(page.evaluation.run, page.evaluation.found, first)

    def _open_clip(self, verdict: Verdict) -> None:
        """In its recording, where it can be labelled."""
        page = self._made()
        path = page.beside.sides[0].path_of(verdict.path)
        if path is not None:
            self._window.session.open_clip(path, verdict.start_ns, verdict.end_ns)
            return
        roots = page.error_roots()

        def work(_progress: object, _cancelled: object) -> Path:
            return find_path(verdict.path, roots)

        def found(there: Path) -> None:
            self._window.session.open_clip(there, verdict.start_ns, verdict.end_ns)

        shown = self._window.session.team.shown
        self._finds.start(work, found, lambda error: self._say("warn", shown(str(error))))

    # ---- choosing a run

    def choose_errors(self) -> None:
        """Errors of any run that was evaluated, and of those in the box."""
        self._wants = "errors"
        self._window.recognising.recogniser.list_runs()

    def choose_run(self) -> None:
        """Another run beside the one that the recording was recognised with."""
        self._wants = "run"
        self._window.recognising.recogniser.list_runs()

    def _offer(self, choices: Sequence[RunChoice]) -> None:
        wants, self._wants = self._wants, ""
        if wants == "errors":
            entries = [self._evaluated(one) for one in choices if one.tested is not None]
            hint = "Errors of which run"
        elif wants == "run":
            entries = [self._other(one) for one in choices if one.path != self._run()]
            entries.sort(key=lambda one: not one.enabled)
            hint = "Beside which run"
        else:
            return
        if entries:
            self._window.palette_box.open(entries=lambda: entries, hint=hint)
        else:
            self._say("info", "There is no such run yet.")

    def _evaluated(self, one: RunChoice) -> Entry:
        kind = "In the box" if one.bundled else "Run"
        run = partial(self.show_errors, one.path)
        detail = f"{one.network} · {one.classes} classes · tested {one.tested:.2f}"
        return Entry(one.name, kind, run, detail=detail, icon="chart")

    def _other(self, one: RunChoice) -> Entry:
        lacks = one.lacks(self._window.session.recording)
        kind = "Not for this" if lacks else "In the box" if one.bundled else "Run"
        facts = one.facts(self._window.session.recording)
        run = partial(self.show_runs, one.path)
        return Entry(one.name, kind, run, detail=facts, icon="recognise", enabled=not lacks)

    # ---- two networks, two classes

    def _now(self) -> int:
        return self._window.session.transport.position_ns

    def _run(self) -> Path | None:
        return self._window.recognising.recogniser.run

    def can_compare(self) -> bool:
        return self._here() is not None

    def _here(self) -> ComparedClip | None:
        """The window under the playhead, as the run says it."""
        session, run = self._window.session, self._run()
        opinion, recording = session.explaining.opinion, session.recording
        now = session.transport.position_ns
        window = None if opinion is None else opinion.window_at(now)
        if recording is None or run is None or opinion is None or window is None:
            return None
        others = [d for d in self._window.labelling.others.documents if not is_model(d)]
        truth = ground_truth_at(now, session.document, others, recording, session.tier_name)
        start, end = int(opinion.starts[window]), int(opinion.ends[window])
        true = "" if truth is None else truth.label
        who = opinion.recognition.windows[window].person
        return ComparedClip(run, recording.path, recording.name, start, end, true=true, person=who)

    def _tell_known(self, here: ComparedClip) -> None:
        """What the open recognition looked at in this window need not be asked again."""
        session, recogniser = self._window.session, self._window.recognising.recogniser
        opinion = session.explaining.opinion
        window = None if opinion is None else opinion.window_at(self._now())
        if opinion is None or window is None or recogniser.target_of(window) is not None:
            return
        explained = opinion.explanations_at(window)
        if explained:
            ((label, sure),) = opinion.ranking(window, 1)
            told = replace(
                opinion.recognition,
                windows=(opinion.recognition.windows[window],),
                segments=(),
                label=label,
                confidence=sure,
                explanations=(explained,),
            )
            self._made().beside.asker.know(here.question(here.path, here.label), told)

    def show_runs(self, other: Path) -> None:
        """What two runs say about the window under the playhead, and what they look at."""
        here = self._here()
        if here is not None:
            sides = [
                replace(here, run=run, caption="Recognised by", title=run.name)
                for run in (here.run, other)
            ]
            self._tell_known(sides[0])
            self._enter().show_two("Two runs on one clip", *sides)

    def choose_class(self) -> None:
        """Another class beside the one that the window is said to be; the likeliest first."""
        opinion, here = self._window.session.explaining.opinion, self._here()
        if opinion is None or here is None:
            return
        window = opinion.window_at(self._now())
        classes = opinion.recognition.classes
        ranked = opinion.ranking(window, len(classes))
        entries = [
            Entry(classes[k], "Class", partial(self.show_classes, ranked[0][0], k),
                  detail=f"{percent(share)} %", icon="label")
            for k, share in ranked[1:]
        ]  # fmt: skip
        hint = f"“{classes[ranked[0][0]]}” beside which class"
        self._window.palette_box.open(entries=lambda: entries, hint=hint)

    def show_classes(self, one: int, other: int) -> None:
        """What speaks for each of two classes in the window under the playhead."""
        here, opinion = self._here(), self._window.session.explaining.opinion
        if here is None or opinion is None:
            return
        classes = opinion.recognition.classes
        sides = [
            replace(here, label=k, caption="What speaks for", title=classes[k])
            for k in (one, other)
        ]
        if one == opinion.ranking(opinion.window_at(self._now()), 1)[0][0]:
            self._tell_known(sides[0])
        self._enter().show_two(f"Two classes, by {here.run.name}", *sides)

    def _say(self, level: str, sentence: str) -> None:
        self._window.session.message.emit(level, sentence)

    def shut(self) -> None:
        self._reads.shut()
        self._finds.shut()
        if self.page is not None:
            self.page.shut()
