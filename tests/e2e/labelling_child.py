"""A real studio window that labels by real key presses until it is killed.

    python labelling_child.py PROJECT SEED

Each time the timeline has painted an edit, one line tells all clips of the document.
"""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from harstudio.settings import Settings
from harstudio.studio import theme
from harstudio.studio.garbage import GarbageCollector
from harstudio.studio.session import Session
from harstudio.studio.window import MainWindow

NONE, CONTROL = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier
KEYS = (
    *((Qt.Key(Qt.Key.Key_1 + k), NONE) for k in range(6)),
    *((Qt.Key.Key_Right, NONE),) * 4,
    (Qt.Key.Key_Left, NONE),
    (Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier),
    (Qt.Key.Key_Right, CONTROL),
    (Qt.Key.Key_Down, NONE),
    (Qt.Key.Key_Backspace, NONE),
    (Qt.Key.Key_Escape, NONE),
    (Qt.Key.Key_Z, CONTROL),
    (Qt.Key.Key_Y, CONTROL),
    (Qt.Key.Key_S, CONTROL),
)


def main(project: Path, seed: int) -> int:
    app = QApplication([])
    GarbageCollector(app)
    theme.apply(app, "dark")
    session = Session(Settings(annotator="dora"))
    window = MainWindow(session)
    window.show()
    rng = random.Random(seed)

    def acknowledge() -> None:
        window.timeline.viewport().repaint()  # from here on a person has seen it
        rows = [
            [clip.id, clip.start_ns, clip.end_ns, clip.label]
            for tier in session.document.tiers
            for clip in tier.clips
        ]
        print(json.dumps(rows), flush=True)

    def press() -> None:
        key, modifier = rng.choice(KEYS)
        QTest.keyClick(window, key, modifier)
        timer.start(rng.randint(0, 4))

    timer = QTimer(singleShot=True)
    timer.timeout.connect(press)
    session.document_changed.connect(acknowledge)
    session.history_changed.connect(lambda history: history is not None and timer.start(0))
    session.open(project)
    return app.exec()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2])))
