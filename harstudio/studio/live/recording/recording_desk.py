"""Recording what is live: start and stop, keep what was just seen, label meanwhile, review."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from harstudio.studio.live.labels import LiveLabels
from harstudio.studio.live.reading import now_ns
from harstudio.studio.live.service import NOT_RUNNING, LiveService

RECORDER = "recorder"
NOT_YET = "The recorder is not ready yet."
NOTHING_YET = "Nothing was recorded yet."
NOT_RECORDING = "Nothing is being recorded; labels are kept with a recording."


class RecordingDesk(QObject):
    """What its keys do. ``last`` is the recording that can be reviewed."""

    changed = Signal()
    finished = Signal(object)  # Path of a recording that is whole

    def __init__(
        self, service: LiveService, labels: LiveLabels, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._service, self._labels = service, labels
        self.last: Path | None = None
        self.last_labels: tuple[str, ...] = ()  # that were given in it
        self.held: dict[str, str] = {}  # key -> label, of the keys that are down
        self.given: list[str] = []  # labels of this recording, in order
        service.heard.connect(self._hear)
        service.state_changed.connect(lambda _state: self.changed.emit())

    # ---- recording

    @property
    def recording(self) -> bool:
        return self._service.told.is_recording

    def why_not(self) -> str:
        """Why nothing can be recorded now, "" when something can."""
        trouble = self._service.told.troubles.get(RECORDER, "")
        if self._service.live is None:
            return NOT_RUNNING
        return trouble or ("" if self._service.told.recording else NOT_YET)

    def toggle(self) -> None:
        """Start or stop recording."""
        reason = self.why_not()
        if reason:
            self._service.message.emit("warn", reason)
        elif self.recording:
            self._service.say(RECORDER, "stop", {})
        else:
            self.given.clear()
            self._service.say(RECORDER, "start", {"name": "", "keep": False})

    def keep(self) -> None:
        """Write the last seconds, which were kept in memory."""
        reason = self.why_not()
        if reason:
            self._service.message.emit("warn", reason)
            return
        seconds = self._service.choice.keep_s
        self._service.say(RECORDER, "keep", {"seconds": seconds, "name": "kept"})

    # ---- labels by keys

    def press(self, key: str) -> bool:
        """A letter or digit goes down; whether it is a label's key."""
        label = self._labels.by_key(key)
        if label is None or key in self.held:
            return label is not None
        if not self.recording:
            self._service.message.emit("info", NOT_RECORDING)
            return True
        self.held[key] = label.name
        self._tell(label.name, down=True)
        self.changed.emit()
        return True

    def release(self, key: str) -> None:
        """It is let go."""
        name = self.held.pop(key, None)
        if name is not None:
            self._tell(name, down=False)
            self.given.append(name)
            self.changed.emit()

    def release_all(self) -> None:
        """The keyboard went elsewhere: no release will come."""
        for key in tuple(self.held):
            self.release(key)

    def _tell(self, name: str, *, down: bool) -> None:
        if self._service.live is None:
            return
        said = self._service.told.said
        person = "" if said is None else said.person
        payload = {"name": name, "person": person, "time_ns": now_ns(), "down": down}
        self._service.say(RECORDER, "label", payload)

    # ---- what the recorder says

    def _hear(self, stage: str, kind: str, payload: Any) -> None:
        if stage != RECORDER:
            return
        if kind == "refused":
            self._service.message.emit("warn", str(payload.get("sentence", "")))
        elif kind == "disk" and payload.get("enough") is False and payload.get("sentence"):
            self._service.message.emit("warn", str(payload["sentence"]))
        elif kind == "kept":
            self._finish(payload, "Kept")
        elif kind == "recording" and payload.get("state") == "done":
            self.held.clear()
            self._finish(payload, "Recorded")
        self.changed.emit()

    def _finish(self, payload: dict[str, Any], word: str) -> None:
        """A recording is whole on the disk."""
        if not payload["path"]:  # no frame came
            self._service.message.emit("warn", str(payload["sentence"]))
            return
        self.last = Path(str(payload["path"]))
        self.last_labels = tuple(dict.fromkeys(self.given))
        remark = str(payload.get("sentence") or "")
        level = "warn" if remark else "info"
        words = f"{word} {self.last.name}; Shift+F8 opens it."
        self._service.message.emit(level, " ".join(filter(None, (words, remark))))
        self.finished.emit(self.last)
