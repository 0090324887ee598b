"""The labels of what is looked at: one annotator's document, its tiers and the selection."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject, Signal

from harstudio.errors import HarstudioError, UsageError
from harstudio.labels.keeping.history import History
from harstudio.labels.keeping.set_aside import SetAside, put_on_top, set_aside
from harstudio.labels.model import Clip, Document
from harstudio.labels.team.policy import GOLD
from harstudio.recordings.cache import FrameCache
from harstudio.settings import Settings
from harstudio.studio.background import Task
from harstudio.studio.keeping import Keeping
from harstudio.studio.transport import Transport
from harstudio.studio.viewing import Viewing


class OpenLabels(Viewing):
    """A recording that is looked at with the document that is edited, the annotator's own or the
    gold one, which is saved beside the window."""

    history_changed = Signal(object)  # History | None: a new document is at hand
    document_changed = Signal()  # any edit, undo, redo
    closing = Signal()  # the document is about to be put away: the last chance for an edit
    saved = Signal()
    selection_changed = Signal(object)  # clip id | None; also when only the others change
    tier_changed = Signal(str)
    failed = Signal(object)  # HarstudioError

    def __init__(self, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(Transport(), FrameCache(settings.cache_bytes), parent)
        self.settings = settings
        self.history: History | None = None
        self.held = ""  # why labels cannot be changed for a moment
        self._selected: tuple[str, ...] = ()  # the primary one first
        self._tier_name = settings.annotator
        self.keeping = Keeping(lambda: self.history, self)
        self.keeping.saved.connect(self.saved)
        self.keeping.message.connect(self.message)

    @property
    def document(self) -> Document | None:
        """The document being edited."""
        return None if self.history is None else self.history.document

    @property
    def annotator(self) -> str:
        """Whose labels are being made."""
        return self.settings.annotator

    @property
    def owner(self) -> str:
        """Whose document is open: the annotator's, or the gold one."""
        return GOLD if self.settles else self.settings.annotator

    @property
    def _editor(self) -> str:
        """Who edits, where that is not the owner."""
        return self.annotator if self.settles else ""

    @property
    def tier_name(self) -> str:
        """The tier that new clips go to; the annotator's own to begin with."""
        return self._tier_name

    @tier_name.setter
    def tier_name(self, name: str) -> None:
        if name != self._tier_name:
            self._tier_name = name
            self.tier_changed.emit(name)

    @property
    def selection(self) -> str | None:
        """Identity of the selected clip; of several the one that was chosen last."""
        return self._selected[0] if self._selected else None

    @property
    def selected(self) -> tuple[str, ...]:
        """Identities of all selected clips, ``selection`` first; several are all own ones."""
        return self._selected

    def select(self, clip_id: str | None, *more: str) -> None:
        """Select a clip, and more with it; None selects nothing."""
        selected = () if clip_id is None else tuple(dict.fromkeys((clip_id, *more)))
        if selected != self._selected:
            self._selected = selected
            self.selection_changed.emit(self.selection)

    def selected_clip(self) -> tuple[str, Clip] | None:
        """The selected clip with the name of its tier, None when it is gone."""
        if self.document is None or self.selection is None:
            return None
        found = self.document.find(self.selection)
        return None if found is None else (found[0].name, found[1])

    def save(self) -> None:
        """Write the document beside the window; a message says when it is done, or why not.

        The journal holds every edit meanwhile."""
        self.keeping.save()

    def change_annotator(self, annotator: str) -> None:
        """Go on as somebody else: their own document of this recording is opened."""
        if annotator == self.settings.annotator:
            return
        self._close_history()
        self.select(None)
        self.settles = False
        self.settings.annotator = annotator
        self._open_history()

    def settle(self, wanted: bool) -> None:
        """Open the gold document for editing in the place of one's own, or go back to that.

        It stays so for the recordings that are opened afterwards."""
        if wanted == self.settles:
            return
        self._close_history()
        self.select(None)
        self.settles = wanted
        self._open_history()

    def open_labels_again(self) -> None:
        """Try once more to open the document for editing, after somebody else held it."""
        if self.history is None or self.history.read_only:
            self.reopen_labels()

    def reopen_labels(self) -> None:
        """Put the document away and read it again: somebody else changed it, or held it."""
        self._close_history()
        self.select(None)
        self._open_history()

    def put_set_aside_on_top(self) -> None:
        """Edits that were set aside beside the document are looked for, and done again."""
        history = self.history
        if history is None or history.read_only:
            self.message.emit("info", "The labels must be open for editing first.")
            return
        look = history.look_back()
        task = Task(lambda *_: set_aside(history.path, look.document, look.newest_first()), self)
        task.finished.connect(partial(self._put_on_top, history))
        task.failed.connect(lambda error: self.message.emit("bad", f"Nothing was changed. {error}"))
        task.start()

    def _put_on_top(self, history: History, found: SetAside | None) -> None:
        if history is not self.history:
            return  # another document is open by now
        if found is None:
            self.message.emit("info", "No edits were set aside for these labels.")
            return
        try:
            told = put_on_top(history, found)
        except HarstudioError as error:
            self.message.emit("bad", f"Nothing was changed. {error}")
        else:
            self.message.emit("warn" if found.misfits else "info", told)

    def look_at_labels(self) -> None:
        """Show the document that somebody else holds; nothing in it can be changed."""
        if self.history is None:
            self._open_history(read_only=True)

    def _open_history(self, opened: History | None = None, *, read_only: bool = False) -> None:
        """opened: the document, where a worker thread has opened it already."""
        self.tier_name = self.owner
        if opened is None:
            self.keeping.wait()  # it may be the one that is being put away
        if self.recording is not None and self.project is not None:
            try:
                if self.owner == GOLD and not self.settles:
                    if opened is not None:
                        opened.close()
                    raise UsageError(
                        f"“{GOLD}” is the name of the agreed labels, not of an annotator.",
                        remedy="Choose another name with “Annotator…” in the Label menu.",
                    )
                self.history = opened or self.project.history(
                    self.recording.name, self.owner, read_only=read_only, by=self._editor
                )
            except HarstudioError as error:
                self.failed.emit(error)
            else:
                self.history.changed.connect(self._document_edited)
                for problem in self.history.problems:
                    self.message.emit("warn", problem)
                self.tier_name = _first_tier(self.history.document)
        self.history_changed.emit(self.history)

    def _document_edited(self, _edit: object) -> None:
        if self._selected and self.document is not None:
            find = self.document.find
            there = [clip_id for clip_id in self._selected if find(clip_id) is not None]
            self.select(*there) if there else self.select(None)
        self.document_changed.emit()

    def _close_history(self, *, wait: bool = True) -> None:
        """Save and let go of the document; ``wait`` says whether until it is done."""
        if self.history is None:
            return
        self.closing.emit()
        history, self.history = self.history, None
        history.changed.disconnect(self._document_edited)
        self.keeping.put_away(history, wait=wait)


def _first_tier(document: Document) -> str:
    """Where new clips go at first: the annotator's own tier, else the first one of clips."""
    if document.tier(document.annotator) is not None:
        return document.annotator
    tiers = (tier.name for tier in document.said if not tier.rules.points)
    return next(tiers, document.annotator)
