"""Teaching a new action: a name, and a few times a countdown and the action itself.

The recogniser takes each example out of what it has just seen ("example" {name, start_ns, end_ns})
and recognises the action from the fifth on ("examples").
"""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal

from harstudio.studio.live.reading import now_ns
from harstudio.studio.live.service import NOT_RUNNING, LiveService
from harstudio.studio.live.told import SECOND_NS

COUNT_FROM, TICK_MS = 3, 1000
SHORTEST_S, LONGEST_S, USUAL_S = 1.5, 4.0, 2.0
WAITING, COUNTING, DOING, TAKING = "waiting", "counting", "doing", "taking"


class Teaching(QObject):
    """step: "waiting" for a press, "counting" down, "doing" it, "taking" it in. left: seconds of
    the countdown. sentence: what was told last."""

    changed = Signal()

    def __init__(self, service: LiveService, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._service = service
        self.name, self.step, self.left, self.sentence = "", WAITING, 0, ""
        self._begun_ns = 0
        self._timer = QTimer(self, interval=TICK_MS)
        self._timer.timeout.connect(self._tick)
        self._over = QTimer(self, singleShot=True)
        self._over.timeout.connect(self._send)
        service.heard.connect(self._hear)
        service.state_changed.connect(lambda _state: self.stop())

    @property
    def least(self) -> int:
        """Examples that an action takes."""
        return int(self._service.told.examples.get("least") or 5)

    @property
    def count(self) -> int:
        """Examples of this action so far."""
        counts = self._service.told.examples.get("counts") or {}
        return int(counts.get(self.name, 0))

    @property
    def known(self) -> bool:
        """Whether it is recognised now."""
        return self.name in (self._service.told.examples.get("names") or ())

    @property
    def seconds(self) -> float:
        """How long one example lasts: as long as the network's window."""
        told = float(self._service.told.network.get("window_s") or USUAL_S)
        return min(max(told, SHORTEST_S), LONGEST_S)

    def why_not(self) -> str:
        """Why nothing can be taught now, "" when something can."""
        if self._service.live is None:
            return NOT_RUNNING
        return "" if self._service.told.ready else "The network is still being loaded."

    def press(self, name: str) -> None:
        """Once more: count down, then it is to be done."""
        reason = self.why_not() or ("" if name.strip() else "Give the new action a name first.")
        if reason:
            self._service.message.emit("info", reason)
            return
        if self.step != WAITING:
            return
        self.name, self.sentence = name.strip(), ""
        self.step, self.left = COUNTING, COUNT_FROM
        self._timer.start()
        self.changed.emit()

    def stop(self) -> None:
        """Nothing is taken in."""
        self._timer.stop()
        self._over.stop()
        if self.step != WAITING:
            self.step = WAITING
            self.changed.emit()

    def forget(self, name: str) -> None:
        """The action is not recognised any more."""
        if self._service.say("recogniser", "forget", {"name": name}):
            self.name = ""

    def _tick(self) -> None:
        self.left -= 1
        if self.left <= 0:
            self._timer.stop()
            self.step, self._begun_ns = DOING, now_ns()
            self._over.start(round(1000 * self.seconds))
        self.changed.emit()

    def _send(self) -> None:
        self.step = TAKING
        end_ns = self._begun_ns + round(self.seconds * SECOND_NS)
        payload = {"name": self.name, "start_ns": self._begun_ns, "end_ns": end_ns}
        if not self._service.say("recogniser", "example", payload):
            self.step = WAITING
        self.changed.emit()

    def _hear(self, stage: str, kind: str, payload: object) -> None:
        if stage != "recogniser" or kind != "examples" or not isinstance(payload, dict):
            return
        self.sentence = str(payload.get("sentence") or "")
        if self.step == TAKING:
            self.step = WAITING
        self.changed.emit()

    def words(self) -> str:
        """What to do now."""
        if self.step == COUNTING:
            return f"Get ready: {self.left}"
        if self.step == DOING:
            return "Do it now"
        if self.step == TAKING:
            return "Taking it in"
        if self.sentence:
            return self.sentence
        if self.known:
            return f"“{self.name}” is recognised now. More examples make it surer."
        if self.count:
            return f"{self.count} of {self.least}. Once more."
        return ""

    def big_words(self) -> str:
        """For the picture, to be read from where one does it; "" for nothing."""
        if self.step == COUNTING:
            return str(self.left)
        return f"{self.name} now" if self.step == DOING else ""
