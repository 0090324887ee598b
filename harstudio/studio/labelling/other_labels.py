"""What other annotators and networks say about the open recording: to look at, not to change."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from harstudio.errors import HarstudioError
from harstudio.labels.comparing import most_covering
from harstudio.labels.model import Clip, Document
from harstudio.studio.session import Session


class OtherLabels(QObject):
    """The documents of everybody but the annotator, read again with each recording.

    The document that could not be opened for editing (somebody else edits it) is among them.
    hidden: why those of others are not shown now, "" when they are.
    """

    changed = Signal()

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self.documents: tuple[Document, ...] = ()
        self.hidden = ""
        session.history_changed.connect(self.read)
        session.document_changed.connect(self._look_whether_hidden)
        session.team.changed.connect(self._look_whether_hidden)

    def read(self, *_: object) -> None:
        """Read them from the project now."""
        session = self._session
        self.documents = ()
        self.hidden = session.team.why_hidden_now()
        if session.project is not None and session.recording is not None:
            mine = "" if session.document is None else session.document.annotator
            found = session.project.documents(session.recording.name, self._tell, but=mine)
            seen = (d for d in found if not self.hidden or d.annotator == session.owner)
            self.documents = tuple(d for d in seen if any_clips(d))
        self.changed.emit()

    def _look_whether_hidden(self) -> None:
        if self._session.team.why_hidden_now() != self.hidden:
            self.read()

    def _tell(self, error: HarstudioError) -> None:
        self._session.message.emit("warn", f"Labels of somebody else are not shown. {error}")

    def find(self, clip_id: str | None) -> tuple[Document, Clip] | None:
        """A clip of others, with its document."""
        for document in self.documents if clip_id else ():
            found = document.find(clip_id)
            if found is not None:
                return document, found[1]
        return None

    def refusal(self, clip_id: str | None) -> str:
        """Why this clip cannot be changed."""
        found = self.find(clip_id)
        if found is None:
            return "This clip is gone."
        return f"This clip is {found[0].annotator}'s and read-only here; Enter copies it to you."

    def opinions(self, clip: Clip) -> list[tuple[Document, Clip | None]]:
        """For everybody else the clip that covers most of this one, None where none does."""
        return [(document, most_covering(document, clip)) for document in self.documents]


def any_clips(document: Document) -> bool:
    return any(tier.clips for tier in document.said)
