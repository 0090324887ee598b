"""Where a report goes."""

from __future__ import annotations

import os
from pathlib import Path

from harstudio.errors import UsageError

FILES = "_files"
REMEDY = "Name a place that you may write to."


def files_of(out: Path) -> Path:
    """The folder of figures and tables beside a page."""
    return out.with_name(f"{out.stem}{FILES}")


def require_writable(out: Path) -> None:
    """UsageError where a page cannot be written there: said before the work, not after it."""
    if out.is_dir():
        raise UsageError("This is a folder.", path=out, remedy="Name a file, report.html say.")
    beside = files_of(out)
    if beside == out:
        raise UsageError("The page needs an ending.", path=out, remedy="Call it report.html.")
    if beside.exists() and not beside.is_dir():
        raise UsageError(
            "A file is where the figures go.", path=beside, remedy="Name another page."
        )
    folder = next(one for one in (beside, *beside.absolute().parents) if one.exists())
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise UsageError("No report can be written there.", path=out, remedy=REMEDY)
