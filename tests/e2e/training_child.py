"""A real studio window in which a network trains until it is killed.

    python training_child.py PROJECT RUN

Every metrics line of the training is told as a line of JSON with the worker's process id.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from PySide6.QtWidgets import QApplication

from harstudio.runs.reading import read_status
from harstudio.settings import Settings
from harstudio.studio import theme
from harstudio.studio.session import Session
from harstudio.studio.window import MainWindow


def main() -> None:
    project, run = Path(sys.argv[1]), Path(sys.argv[2])
    app = QApplication([])
    theme.apply(app, "dark")
    session = Session(Settings(annotator="carol"))
    window = MainWindow(session)
    window.show()

    def tell(_record: object, kind: str, payload: object) -> None:
        status = read_status(run) or {}
        if kind == "metrics":
            print(json.dumps({"pid": status.get("pid"), "metrics": payload}), flush=True)

    session.jobs.told.connect(tell)
    config = {
        "data": {"path": str(project), "protocol": "all"},
        "network": {"name": "st-gcn"},
        "preprocessing": {"skeleton": {"frames": 32, "bodies": 1}},
        "training": {"epochs": 6, "batch_size": 8, "threads": 1},
        "run": {"folder": str(run)},
    }
    payload = {"config": config, "resume": False}
    session.jobs.submit("harstudio.learning.jobs:train", payload, title="Train")
    app.exec()


main()
