"""Keep None, True and False alive under Python 3.11.

From Python 3.12 on they never die, and extension modules built for that no longer count their
references. Loaded into 3.11 such modules take a reference away each time: with PySide6 6.12 every
``Signal.emit`` costs True one (the process aborts after about 600), with psygnal's compiled
wheels every ``emit`` costs None one. So they are given more references than can ever be lost.
"""

from __future__ import annotations

import ctypes
import sys

PLENTY = 1 << 40


def immortalise() -> None:
    """Do it; nothing to do from Python 3.12 on. Harmless when called twice."""
    if sys.version_info >= (3, 12) or sys.implementation.name != "cpython":
        return
    for one in (None, True, False, NotImplemented):
        if sys.getrefcount(one) < PLENTY:
            ctypes.c_ssize_t.from_address(id(one)).value += PLENTY
