"""What the window has of the workspace Live: its parts, its page, its commands."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog

from harstudio.studio.commands import Command, sharing
from harstudio.studio.live.choosing.catalogue import DEMO, FILE, REPLAY, Catalogue
from harstudio.studio.live.commands import LIVE, live_commands
from harstudio.studio.live.labels import LiveLabels
from harstudio.studio.live.preflight.inspecting import Inspecting
from harstudio.studio.live.preflight.pose_install import PoseInstall
from harstudio.studio.live.recording.recording_desk import NOTHING_YET, RecordingDesk
from harstudio.studio.live.teaching.teaching import Teaching
from harstudio.studio.palette import Entry

if TYPE_CHECKING:
    from harstudio.recordings.recording import Recording
    from harstudio.studio.live.page import LivePage
    from harstudio.studio.window import MainWindow

VIDEOS = "Videos (*.mp4 *.avi *.mkv *.mov *.webm);;All files (*)"


class LiveDesk(QObject):
    """The page is made when somebody goes there."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.service = service = window.live
        self.watch = window.watch
        self.labels = LiveLabels(window.labelling.label_sets, self)
        self.catalogue = Catalogue(window.session, window.training.folders, self)
        self.install = PoseInstall(service, window.session.jobs, self)
        self.inspecting = Inspecting(service, self.install, self)
        self.recording = RecordingDesk(service, self.labels, self)
        self.teaching = Teaching(service, self)
        self.page: LivePage | None = None
        self._reviewed: Path | None = None  # is being opened
        service.heard.connect(self._hear)
        window.session.recording_changed.connect(self._meet_recording)

    # ---- commands

    def commands(self) -> list[Command]:
        return live_commands(self)

    def sharing(self, commands: Iterable[Command]) -> list[Command]:
        """The same commands; where live pictures are shown these do the same with them."""
        viewing = self.service.viewing
        leads: dict[str, tuple[Callable[[], None], Callable[[], bool] | None]] = {
            "transport.play": (viewing.transport.toggle, lambda: viewing.transport.playing),
            "recognise.looked_at": (viewing.explaining.toggle_all, viewing.explaining.any_shown),
            "recognise.next_map": (viewing.explaining.next_on_picture, None),
        }
        return sharing(commands, leads, self.follows)

    # ---- coming and going

    def is_shown(self) -> bool:
        return self._window.arrangement.workspace == LIVE

    def follows(self) -> bool:
        """Whether live pictures are on screen."""
        return self.is_shown() and self.service.viewing.recording is not None

    def made(self) -> LivePage:
        """The page, built now where it was not yet."""
        if self.page is None:
            from harstudio.studio.live.page import LivePage

            self.page = LivePage(self, self._window.commands)
            self._window.keys.changed.connect(self.page.bar.refresh)
            self.page.chooser.video.clicked.connect(self.choose_video)
            self.page.chooser.replay.clicked.connect(self.choose_recording)
        return self.page

    def toggle(self) -> None:
        """Start what was chosen last, from wherever one is, or stop."""
        if not self.service.on and not self.is_shown():
            self._window.set_workspace(LIVE)
        self.service.toggle()

    # ---- choosing

    def choose_video(self) -> None:
        """A video file as a camera."""
        name, _ = QFileDialog.getOpenFileName(
            self._window, "A video as a camera", str(self._window.asking.start_folder()), VIDEOS
        )
        if name:
            self.service.choice.set_source(f"{FILE}{name}")

    def choose_recording(self) -> None:
        """Any recording as if it came from its sensor now: of the library, or from the disk."""
        window, title = self._window, "A recording as if live"
        start = str(window.asking.start_folder())

        def choose(name: str | Path) -> None:
            if name:
                self.service.choice.set_source(f"{REPLAY}{name}")
                window.set_workspace(LIVE)

        def file() -> None:
            choose(QFileDialog.getOpenFileName(window, title, start)[0])

        def folder() -> None:
            choose(QFileDialog.getExistingDirectory(window, title, start))

        def entries() -> list[Entry]:
            demo = DEMO.key.removeprefix(REPLAY)
            return [
                Entry("A folder…", "", folder, "a harrec, or several recordings", icon="folder"),
                Entry("A file…", "", file, icon="file"),
                Entry(DEMO.title, "Recordings", partial(choose, demo), icon="color"),
                *(
                    Entry(window.session.team.shown(found.name), "Recording",
                          partial(choose, found.path), icon="color")
                    for found in window.library.model.all_found()
                ),
            ]  # fmt: skip

        window.palette_box.open(entries=entries, hint=title)

    def choose_folder(self) -> None:
        """Where recordings go."""
        choice = self.service.choice
        start = next(p for p in (choice.folder, *choice.folder.parents) if p.is_dir())
        name = QFileDialog.getExistingDirectory(self._window, "Recordings go here", str(start))
        if name:
            choice.set_folder(Path(name))
            words = "" if not self.service.on else " It counts from the next start."
            self.service.message.emit("info", f"Recordings go to {name}.{words}")

    def choose_labels(self) -> None:
        """Which actions are told, also while it runs: each choice is one more, or one less."""
        choice = self.service.choice
        classes = self.catalogue.classes(choice.run) or self.service.told.classes
        if not classes:
            self.service.message.emit("info", "Which actions the network knows is not read yet.")
            self.catalogue.read_runs()
            return

        def choose(name: str) -> None:
            chosen = set(choice.labels) ^ {name}
            choice.set_labels(tuple(one for one in classes if one in chosen))
            told = choice.labels
            words = ", ".join(told) if told else "all actions"
            self.service.message.emit("info", f"Told are {words}.")

        def entries() -> list[Entry]:
            all_of_them = Entry("All actions", "Told", partial(choice.set_labels, ()), icon="label")
            return [all_of_them, *(
                Entry(name, "Action", partial(choose, name), icon="label",
                      detail="told" if name in choice.labels else "")
                for name in dict.fromkeys(classes)
            )]  # fmt: skip

        self._window.palette_box.open(entries=entries, hint="Which actions are told")

    # ---- after recording

    def can_review(self) -> bool:
        return self.recording.last is not None

    def why_not_review(self) -> str:
        return NOTHING_YET

    def review(self) -> None:
        """The last recording in the workspace for labels; what is live stops, so that playing has
        the processor."""
        path = self.recording.last
        if path is None:
            return
        self.service.stop()
        self._reviewed = path
        self._window.set_workspace("view.label")
        self._window.session.open_recording(path)

    def _meet_recording(self, recording: Recording | None) -> None:
        """The labels that were given while it was recorded can be given there, too."""
        wanted, self._reviewed = self._reviewed, None
        if recording is None or wanted is None or recording.path != wanted:
            return
        for name in self.recording.last_labels:
            self._window.labelling.label_sets.add(name)

    def _hear(self, stage: str, kind: str, _payload: object) -> None:
        if stage == "recogniser" and kind in ("ready", "examples"):
            self.labels.meet(self.service.told.classes)

    def teach(self) -> None:
        """Show the form for a new action."""
        self._window.set_workspace(LIVE)
        self.made().teach.open()

    def shut(self) -> None:
        self.inspecting.shut()
        self.catalogue.shut()
        if self.page is not None:
            self.page.shut()
