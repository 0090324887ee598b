"""Which process this is of those that torchrun started; needs no torch."""

from __future__ import annotations

import os

STARTED = "TORCHELASTIC_RUN_ID"  # torchrun sets it


def place() -> tuple[int, int]:
    """(number from 0, how many there are); (0, 1) where nobody started several."""
    if STARTED not in os.environ:
        return 0, 1
    return int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
