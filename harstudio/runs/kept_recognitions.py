"""Where what a run said about recordings is kept from one session to the next."""

from __future__ import annotations

import logging
import os
from pathlib import Path

from harstudio.errors import HarstudioError
from harstudio.resources import resource
from harstudio.results import Recognition
from harstudio.runs.folder import written
from harstudio.runs.recognitions import SUFFIX, load_recognition, recognised_path
from harstudio.settings import data_dir

logger = logging.getLogger(__name__)


def answers_folder(run: Path) -> Path:
    """Where a run's answers are kept: beside it, or with the person's own data where the run
    came with the program or its folder cannot be written."""
    if run.parent != resource("weights") and os.access(run, os.W_OK):
        return run / "recognitions"
    return data_dir() / "recognitions" / run.name


def kept_answer(run: Path, recording: Path, name: str) -> tuple[Recognition, bool] | None:
    """What a run said about a recording in an earlier session, and whether the run has learned
    since; None where it said nothing.

    name: what the file's begins with; others are not opened, and those about another recording no
    further than their headers. What is damaged is passed over: it can be asked again."""
    for file in sorted(answers_folder(run).glob(f"*{SUFFIX}")):
        if not file.name.startswith(name):
            continue
        about = recognised_path(file)
        if about is None or Path(about) != recording:
            continue
        try:
            return load_recognition(file), file.stat().st_mtime < written(run)
        except (HarstudioError, OSError) as error:
            logger.info("%s is passed over: %s", file, error)
    return None
