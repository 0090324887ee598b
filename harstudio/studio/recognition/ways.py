"""How runs are asked and how segments are trimmed: one choice for all, kept between sessions."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from PySide6.QtCore import QObject, QSettings, Signal

from harstudio.errors import UsageError
from harstudio.results import Recognition
from harstudio.runs.recognised.opinion import Opinion
from harstudio.runs.recognised.segments import Trimming, trimmed
from harstudio.studio.background import NewestTask
from harstudio.studio.session import Session

KEPT = "recognition/ways"
DEVICES = ("auto", "cpu", "cuda")
MOST_SCALES = 16


@dataclass(frozen=True, slots=True)
class Asking:
    """window_s and stride_s: None = the run's usual clip and a quarter of it. scales: lengths of
    windows, as factors. device: one of ``DEVICES``. ValueError where a value makes no sense."""

    window_s: float | None = None
    stride_s: float | None = None
    scales: tuple[float, ...] = (1.0,)
    each_person: bool = False
    device: str = "auto"

    def __post_init__(self) -> None:
        for name, seconds in (("window", self.window_s), ("stride", self.stride_s)):
            if seconds is not None and not 1e-3 <= seconds <= 1e6:
                raise ValueError(f"A {name} lasts at least 0.001 seconds.")
        if not 1 <= len(self.scales) <= MOST_SCALES:
            raise ValueError(f"There are 1 to {MOST_SCALES} scales.")
        if not all(0.01 <= scale <= 100 for scale in self.scales):
            raise ValueError("A scale lies between 0.01 and 100.")
        if self.device not in DEVICES:
            raise ValueError(f"The device is one of {', '.join(DEVICES)}.")

    def payload(self) -> dict[str, Any]:
        """What the job takes of it."""
        return {
            "window_s": self.window_s,
            "stride_s": self.stride_s,
            "scales": list(self.scales),
            "each_person": self.each_person,
        }

    def was_asked(self, recognition: Recognition) -> bool:
        """Whether a recognition answers a question like this one, as far as it tells."""
        told = recognition.asked
        return not told or all(told.get(key) == value for key, value in self.payload().items())


class Ways(QObject):
    """The person's choice. Segments of what is shown are trimmed anew beside the window."""

    changed = Signal()

    def __init__(self, session: Session, store: QSettings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session, self._store = session, store
        self.asking, self.trimming = read(str(store.value(KEPT, "")))
        self._task = NewestTask(self)
        session.recognition_changed.connect(self._meet)

    def device(self) -> str:
        """The one on which runs are asked."""
        return self.asking.device

    def ask(self, **values: Any) -> None:
        """Other values for ``Asking``; ValueError says what is wrong with them."""
        self._take(replace(self.asking, **values), self.trimming)

    def trim(self, **values: Any) -> None:
        """Other values for ``Trimming``; what is shown follows."""
        self._take(self.asking, replace(self.trimming, **values))
        self._meet()

    def _take(self, asking: Asking, trimming: Trimming) -> None:
        if (asking, trimming) == (self.asking, self.trimming):
            return
        self.asking, self.trimming = asking, trimming
        kept = {"asking": asdict(asking), "trimming": asdict(trimming)}
        self._store.setValue(KEPT, json.dumps(kept))
        self.changed.emit()

    def _meet(self, *_: object) -> None:
        answer, now = self._session.answer, self._session.recognition
        self._task.stop()
        if answer is None or now is None or Trimming.of(answer) == self.trimming:
            return
        trimming, person = self.trimming, next(iter(now.persons), "")

        def work(_progress: object, _cancelled: object) -> tuple[Recognition, Opinion]:
            again = trimmed(answer, trimming)
            opinion = Opinion(again.of_person(person) if len(again.persons) > 1 else again)
            _ = opinion.curve  # an hour takes its time
            return again, opinion

        def done(found: tuple[Recognition, Opinion]) -> None:
            if self._session.answer is answer and self._session.recognition is now:
                self._session.show_trimmed(*found)

        def failed(error: Exception) -> None:
            self._session.message.emit("warn", str(error))

        self._task.start(work, done, failed)

    def shut(self) -> None:
        """Wait for what is being trimmed."""
        self._task.shut()


def read(text: str) -> tuple[Asking, Trimming]:
    """What was kept; the defaults where that is nothing, or makes no sense."""
    try:
        kept = json.loads(text)
        return _asking(kept["asking"]), Trimming(**kept["trimming"])
    except (ValueError, TypeError, KeyError, RecursionError, UsageError):
        return Asking(), Trimming()


def _asking(kept: Mapping[str, Any]) -> Asking:
    return Asking(**{**kept, "scales": tuple(kept["scales"])})


def typed_seconds(text: str) -> float | None:
    """Seconds that a person typed, None for none; ValueError where they are no number."""
    text = text.strip().lower().removesuffix("s").strip().replace(",", ".")
    if not text or text == "auto":
        return None
    return _number(text)


def typed_scales(text: str) -> tuple[float, ...]:
    """Factors that a person typed, apart by commas, semicolons or spaces; (1.0,) for none."""
    parts = text.replace(",", " ").replace(";", " ").split()
    return tuple(dict.fromkeys(_number(part) for part in parts)) or (1.0,)


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise ValueError(f"“{text}” is no number.") from None
    if not math.isfinite(number):
        raise ValueError(f"“{text}” is no number.")
    return number
