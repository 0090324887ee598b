"""What plays while the sensor is away: a recording, recognised as if it were live."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from harstudio.resources import resource
from harstudio.studio.live.choosing.choice import LiveChoice
from harstudio.studio.live.service import LiveService

if TYPE_CHECKING:
    from harstudio.live.session import LiveOptions
    from harstudio.studio.session import Session

OWN_RUN = "synthetic-all-views"  # knows what the demo project's actors do


def usual_recordings() -> Path:
    """Those of the demo project; its folder where there are several."""
    return resource("demo", "recordings")


class AttractChoice(LiveChoice):
    """As the person chose, but of a recording, which is not recorded again. Nothing of it is kept
    in the settings."""

    @property
    def recording(self) -> Path:
        """The chosen one, else the demo project's."""
        told = self._settings.demo_recording
        return Path(told) if told and Path(told).exists() else usual_recordings()

    @property
    def source(self) -> str:
        return f"replay:{self.recording}"

    @property
    def run(self) -> str:
        return OWN_RUN if self.recording == usual_recordings() else super().run

    @property
    def labels(self) -> tuple[str, ...]:
        return () if self.run == OWN_RUN else super().labels

    def options(self) -> LiveOptions:
        return replace(super().options(), record_folder=None, keep_s=0.0, annotator="")


class AttractService(LiveService):
    """A live session of its own beside that of the sensor, which goes on waiting for it."""

    def __init__(self, session: Session, parent: QObject | None = None) -> None:
        super().__init__(session, lambda: None, parent)
        self.choice.deleteLater()
        self.choice = AttractChoice(session.settings, lambda: None, self)
