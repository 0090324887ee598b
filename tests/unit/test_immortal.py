"""Extension modules built for Python 3.12 must not kill None or True under 3.11."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import harstudio, sys
from psygnal import Signal
from PySide6.QtCore import QObject, Signal as QtSignal

class Core:
    told = Signal(int)

class Window(QObject):
    told = QtSignal(int)

core, window, heard = Core(), Window(), []
core.told.connect(heard.append)
window.told.connect(heard.append)
for k in range(20_000):
    core.told.emit(k)
    window.told.emit(k)
print(len(heard))
"""


def test_many_signals_do_not_abort_the_process():
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "40000", "")
