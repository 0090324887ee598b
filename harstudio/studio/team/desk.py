"""What one window has for working together, wired to its session."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harstudio.labels.editing.edits import MarkDone
from harstudio.studio.team.comparing import Comparing
from harstudio.studio.team.feedback import FeedbackStrip
from harstudio.studio.team.panel import TeamPanel
from harstudio.studio.team.queue import next_assigned
from harstudio.studio.team.settling import Settling
from harstudio.studio.team.strip import Strip

if TYPE_CHECKING:
    from harstudio.studio.team.project_box import ProjectBox
    from harstudio.studio.versions.box import VersionsBox
    from harstudio.studio.window import MainWindow

COMPARE = "view.compare"
AROUND_NS = 3_000_000_000  # shown before and after a disagreement


class TeamDesk:
    """Agreement, settling, training, assignments and the project's rules of one window."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self.session = window.session
        self._labelling = window.labelling
        self.comparing = Comparing(self.session, self._labelling)
        self.settling = Settling(self.session, self._labelling, self.comparing)
        self.panel = TeamPanel(self.session, self._labelling, self.comparing, self.settling)
        self.feedback = FeedbackStrip(self.session, self._labelling)
        self.gold_strip = Strip("gold_strip", loud=True)
        self.gold_strip.add_button(
            "Take what all agree on", "One step of undo", self.settling.take_agreed
        )
        self.gold_strip.add_button("Back to my labels", "Close the gold labels", self.settling.stop)
        self._box: ProjectBox | None = None
        self._versions: VersionsBox | None = None
        self.settling.changed.connect(self._show_mode)
        self._labelling.jumps.in_list = self._step_in_list
        self.session.clip_shown.connect(self._show_disagreement)

    # ---- one's own labels

    def toggle_done(self) -> None:
        """Say that the recording is finished, or that it is not; one step of undo."""
        document = self.session.document
        if document is None:
            return
        done = not document.done
        self._labelling.finish()
        if not self._labelling.clips.do(MarkDone(done)):
            return
        whose = "The gold labels are" if self.session.settles else "This recording is"
        more = "" if not done else self._what_next()
        self.session.message.emit("info", f"{whose} marked as {'' if done else 'not '}done.{more}")

    def _what_next(self) -> str:
        following = next_assigned(self.session, self._window.library.model)
        return " Ctrl+PgDown opens the next one assigned to you." if following else ""

    def go_next_assigned(self) -> None:
        """Open the next recording that is assigned and not done."""
        name = next_assigned(self.session, self._window.library.model)
        path = next(
            (f.path for f in self._window.library.model.all_found() if f.name == name), None
        )
        if path is None:
            self.session.message.emit("info", "Everything that is assigned to you is done.")
        else:
            self.session.open_recording(path)

    # ---- gold

    def toggle_settling(self) -> None:
        """Into the gold labels, or back to one's own."""
        if self.settling.active:
            self.settling.stop()
            return
        self._window.set_workspace(COMPARE)
        self.settling.start()
        if self.settling.active:
            self.panel.list.setFocus()

    def entered(self, workspace: str) -> None:
        """Another workspace is shown: gold is edited in Compare alone."""
        if workspace != COMPARE:
            self.settling.stop()

    def _show_mode(self) -> None:
        if not self.settling.active:
            self.gold_strip.tell("")
            return
        if self._window.arrangement.workspace != COMPARE:
            self._window.set_workspace(COMPARE)
        settled, total = self.settling.progress()
        far = f" {settled} of {total} settled." if total else ""
        self.gold_strip.tell(
            f"You are editing the gold labels, as {self.session.annotator}.{far}",
            "warn",
            "warning",
        )

    def _show_disagreement(self) -> None:
        """The timeline shows the disagreement in hand with what lies around it."""
        one, recording = self.comparing.disagreement, self.session.recording
        looking = self._window.arrangement.workspace == COMPARE
        if one is None or recording is None or not looking or one.recording != recording.name:
            return
        around = max(AROUND_NS, one.end_ns - one.start_ns)
        self._window.timeline.show_span(one.start_ns - around, one.end_ns + around)

    def _step_in_list(self, by: int) -> bool:
        """Go on in the list of disagreements; False when nobody sees one."""
        if not self.panel.list.isVisible() or not self.comparing.disagreements:
            return False
        self.comparing.step(by)
        return True

    # ---- the project

    def open_project(self, page: str) -> None:
        """The box with the rules, the assignments and the progress of the project."""
        from harstudio.studio.team.project_box import ProjectBox

        if self._box is None:
            self._box = ProjectBox(self.session, self._window)
        self._box.present(page)

    def open_versions(self) -> None:
        """The box with the earlier versions of the open labels."""
        from harstudio.studio.versions.box import VersionsBox

        if self._versions is None:
            self._versions = VersionsBox(self.session, self._labelling, self._window)
        self._versions.present()

    def shut(self) -> None:
        """End the threads."""
        self.comparing.shut()
        if self._box is not None:
            self._box.shut()
        if self._versions is not None:
            self._versions.shut()
