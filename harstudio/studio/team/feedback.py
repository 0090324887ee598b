"""Training recordings: each clip is compared with the gold labels as soon as it is made."""

from __future__ import annotations

from harstudio.errors import HarstudioError
from harstudio.labels.editing.edits import AddClip, ChangeClip, Edit
from harstudio.labels.keeping.history import History
from harstudio.labels.model import Document
from harstudio.labels.team.feedback import Feedback, feedback_on, lesson
from harstudio.labels.team.policy import GOLD
from harstudio.studio.labelling.labelling import Labelling
from harstudio.studio.session import Session
from harstudio.studio.team.strip import Strip
from harstudio.studio.timecode import clock_text

CONTEXT_NS = 300_000_000
WELCOME = "A training recording: label it, and each clip is compared with the gold labels here."
NO_GOLD = "A training recording, but nobody has made gold labels of it yet."


class FeedbackStrip(Strip):
    """What a clip was like, the gold clip on demand, and the score when one is done."""

    def __init__(self, session: Session, labelling: Labelling) -> None:
        super().__init__("feedback")
        self._session, self._labelling = session, labelling
        self._gold: Document | None = None
        self._feedback: Feedback | None = None
        self._history: History | None = None
        self.gold_button = self.add_button("Show gold", "Play the gold clip", self.show_gold)
        session.history_changed.connect(self._meet_history)
        session.team.changed.connect(self._meet_history)
        session.selection_changed.connect(self._meet_selection)
        labelling.others.changed.connect(self._meet_others)

    def _meet_history(self, *_: object) -> None:
        if self._history is not None:
            self._history.changed.disconnect(self._meet_edit)
            self._history = None
        session = self._session
        self._gold = self._feedback = None
        self.gold_button.hide()
        recording, project, history = session.recording, session.project, session.history
        wanted = recording is not None and session.team.policy.trains(
            recording.name, session.annotator
        )
        if not wanted or project is None or history is None or session.settles:
            self.tell(session.team.why_hidden_now(), "", "eye-off")
            return
        self._history = history
        history.changed.connect(self._meet_edit)
        self._gold = next(
            (d for d in project.documents(recording.name, self._tell_problem)
             if d.annotator == GOLD and any(tier.clips for tier in d.said)),
            None,
        )  # fmt: skip
        if self._gold is None:
            self.tell(NO_GOLD)
        elif history.document.done:
            self._tell_score()
        else:
            self.tell(WELCOME, "", "info")

    def _meet_others(self) -> None:
        """Without training it tells why nothing of others is seen, and nothing else."""
        if self._history is None:
            self.tell(self._session.team.why_hidden_now(), "", "eye-off")

    def _tell_problem(self, error: HarstudioError) -> None:
        self._session.message.emit("warn", str(error))

    def _meet_edit(self, edit: Edit) -> None:
        document = self._session.document
        if self._gold is None or document is None:
            return
        if document.done:
            self._tell_score()
            return
        said = {tier.name for tier in document.said}
        touched = [
            step.clip.id if isinstance(step, AddClip) else step.after.id
            for step in edit.steps()
            if isinstance(step, AddClip | ChangeClip) and step.tier in said
        ]
        if touched:
            self._tell_about(touched[-1])

    def _meet_selection(self, clip_id: object) -> None:
        document = self._session.document
        learning = self._gold is not None and document is not None and not document.done
        if learning and isinstance(clip_id, str):
            self._tell_about(clip_id)

    def _tell_about(self, clip_id: str) -> None:
        document, gold = self._session.document, self._gold
        if document is None or gold is None:
            return
        found = feedback_on(document, clip_id, gold, self._labelling.grid)
        if found is None:
            return
        self._feedback = found
        self.gold_button.setVisible(found.gold is not None)
        tone, icon = ("good", "check") if found.right else ("warn", "info")
        self.tell(found.sentence, tone, icon)

    def _tell_score(self) -> None:
        document, gold = self._session.document, self._gold
        if document is None or gold is None:
            return
        self._feedback = None
        self.gold_button.hide()
        self.tell(f"Done. {lesson(document, gold).sentence}", "accent", "check")

    # ---- the gold clip

    def can_show(self) -> bool:
        """Whether there is a gold clip for the clip in hand."""
        return self._feedback is not None and self._feedback.gold is not None

    def show_gold(self) -> None:
        """Play the gold clip and say what it is."""
        clip = None if self._feedback is None else self._feedback.gold
        recording = self._session.recording
        if clip is None or recording is None:
            return
        start_ns = self._session.transport.start_ns
        since, until = (clock_text(t - start_ns) for t in (clip.start_ns, clip.end_ns))
        self.tell(f"Gold: {clip.label}, {since} to {until}.", "accent", "eye")
        self._session.open_clip(
            recording.path, clip.start_ns - CONTEXT_NS, clip.end_ns + CONTEXT_NS
        )
