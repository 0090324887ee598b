"""Runs that learned from the recordings that they are measured on are known."""

from __future__ import annotations

import json
from pathlib import Path

from harstudio.recognition.helping.known import learned_from


def test_a_run_that_learned_from_a_recording_is_known(tmp_path: Path) -> None:
    assert not learned_from(tmp_path, ["room"])
    parts = {"train": [{"recording": "room"}, 3], "test": [{"recording": "hall"}]}
    (tmp_path / "data.json").write_text(json.dumps({"parts": parts}))
    assert learned_from(tmp_path, ["hall", "room"])
    assert not learned_from(tmp_path, ["hall"])
