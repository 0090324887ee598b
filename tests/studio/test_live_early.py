"""Actions named early: the threshold that the recogniser is told."""

from __future__ import annotations

from types import SimpleNamespace

from harstudio.settings import Settings
from harstudio.studio.live.service import LiveService


def test_the_threshold_follows_the_choice_and_what_the_run_has(qtbot) -> None:
    session = SimpleNamespace(settings=Settings(), annotator="")
    service = LiveService(session, lambda: None)
    said = []
    service.live = SimpleNamespace(
        say=lambda *what: said.append(what), options=SimpleNamespace(known=None)
    )
    service.name_early(True)
    assert not said  # the run is not ready
    service._hear(0, "recogniser", "ready", {"classes": ["wave"], "threshold": 0.5})
    service.name_early(False)
    assert said == [
        ("recogniser", "known", {"least": 0.35}),
        ("recogniser", "known", {"least": None}),
    ]
    service.live = None
    service.deleteLater()
