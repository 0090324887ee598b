"""What is to be live: source, run, labels; remembered, so that one key starts it again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast, get_args

from PySide6.QtCore import QObject, Signal

from harstudio.live.watch_log import HELD_S
from harstudio.settings import Settings, data_dir
from harstudio.studio.live.recording.microphone import microphone_spec

if TYPE_CHECKING:
    from harstudio.live.session import LiveOptions

PoseModel = Literal["lite", "full", "heavy"]
USUAL_RUN = "joints-live"
RECORDINGS = "recordings"  # among the user's data


class LiveChoice(QObject):
    """Lies in the settings; every change is kept at once."""

    changed = Signal()

    def __init__(
        self, settings: Settings, keep: Callable[[], None], parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._settings, self._keep = settings, keep
        self._asked: LiveOptions | None = None  # of the command line, while its source stays

    def _tell(self) -> None:
        self._keep()
        self.changed.emit()

    # ---- what is chosen

    @property
    def source(self) -> str:
        """ "webcam:0", "replay:PATH", ...; "" before any was chosen."""
        return self._settings.live_source

    @property
    def run(self) -> str:
        """A run's folder or the name of bundled weights."""
        return self._settings.live_run or USUAL_RUN

    @property
    def labels(self) -> tuple[str, ...]:
        """The few that are recognised; none: all of the run."""
        return tuple(self._settings.live_labels.get(self.run, ()))

    @property
    def pose(self) -> PoseModel:
        return self._settings.live_pose

    @property
    def held_s(self) -> float:
        """Seconds that stand in memory: also those before an alarm, where one may come."""
        return max(self.keep_s, HELD_S) if self._settings.watch_labels else self.keep_s

    @property
    def folder(self) -> Path:
        """Where recordings go; made when the first one is."""
        told = self._settings.live_folder
        return Path(told) if told else data_dir() / RECORDINGS

    @property
    def keep_s(self) -> int:
        return self._settings.live_keep_s

    # ---- choosing

    def take(self, asked: LiveOptions) -> None:
        """What the command line asks for; "" leaves what was chosen last."""
        self._asked = asked
        self._settings.live_source = asked.source or self.source
        self._settings.live_run = asked.run or self._settings.live_run
        if asked.record_folder is not None:
            self._settings.live_folder = str(asked.record_folder)
        if asked.pose_model in get_args(PoseModel):
            self._settings.live_pose = cast("PoseModel", asked.pose_model)
        if asked.labels:
            self.set_labels(asked.labels)
        self._tell()

    def set_source(self, name: str) -> None:
        self._asked = None
        self._settings.live_source = name
        self._tell()

    def set_run(self, run: str) -> None:
        self._settings.live_run = run
        self._tell()

    def set_labels(self, names: tuple[str, ...]) -> None:
        labels = dict(self._settings.live_labels)
        labels.pop(self.run, None)
        if names:
            labels[self.run] = list(names)
        self._settings.live_labels = labels
        self._tell()

    def set_pose(self, model: PoseModel) -> None:
        self._settings.live_pose = model
        self._tell()

    @property
    def sound(self) -> bool:
        """Whether the microphone is recorded, too."""
        return self._settings.live_sound

    def set_sound(self, on: bool) -> None:
        self._settings.live_sound = on
        self._tell()

    def set_folder(self, folder: Path) -> None:
        self._settings.live_folder = str(folder)
        self._tell()

    def set_explain(self, on: bool) -> None:
        self._settings.live_explain = on
        self._tell()

    @property
    def explain(self) -> bool:
        return self._settings.live_explain

    def set_early(self, on: bool) -> None:
        self._settings.live_early = on
        self._tell()

    @property
    def early(self) -> bool:
        """Whether less than the run's own threshold is enough to name an action."""
        return self._settings.live_early

    def options(self) -> LiveOptions:
        """For a session."""
        from harstudio.live.session import LiveOptions
        from harstudio.live.sources.source import CaptureSettings

        looping = CaptureSettings(loop=self.source.startswith(("replay:", "file:")))
        options = LiveOptions(
            self.source,
            settings=looping,
            run=self.run,
            labels=self.labels,
            explain=self.explain,
            pose_model=self.pose,
            record_folder=self.folder,
            annotator=self._settings.annotator,
            keep_s=self.held_s,
            sound=microphone_spec() if self.sound else None,
        )
        asked = self._asked
        if asked is None:
            return options
        capture = replace(asked.settings, loop=asked.settings.loop or looping.loop)
        same = {name: getattr(asked, name) for name in ("device", "engine", "known")}
        return replace(options, settings=capture, **same)
