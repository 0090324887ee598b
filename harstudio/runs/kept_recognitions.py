"""Where what a run said about recordings is kept from one session to the next."""

from __future__ import annotations

import hashlib
import logging
import os
from pathlib import Path

from harstudio.errors import HarstudioError
from harstudio.files import Mark
from harstudio.resources import resource
from harstudio.results import Recognition
from harstudio.runs.folder import stamp
from harstudio.runs.recognitions import SUFFIX, load_recognition, recognised_path
from harstudio.settings import data_dir

OF = "of"  # in Recognition.asked
logger = logging.getLogger(__name__)


def answers_folder(run: Path) -> Path:
    """Where a run's answers are kept: beside it, or with the person's own data where the run
    came with the program or its folder cannot be written; runs of one name do not share."""
    kept = data_dir() / "recognitions"
    if run.parent == resource("weights"):
        return kept / run.name
    if os.access(run, os.W_OK):
        return run / "recognitions"
    return kept / f"{run.name}-{hashlib.sha256(os.fsencode(run)).hexdigest()[:8]}"


def marks(run: Mark, recording: Mark) -> dict[str, str]:
    """What an answer is of, as ``Recognition.asked`` keeps it: other texts for other files."""
    return {"run": _digest(run), "recording": _digest(recording)}


def why_old(said: Recognition, recording: Mark) -> str:
    """Why a run that is asked now could say something else, "" where nothing changed.

    recording: as its files are now. What earlier versions wrote counts as old."""
    of, now = said.asked.get(OF) or {}, marks(stamp(Path(said.run)), recording)
    if of.get("run") != now["run"]:
        return "The run has learned on since it said this."
    return "" if of == now else "The recording has changed since the run said this."


def _digest(mark: Mark) -> str:
    return hashlib.sha256(repr(mark).encode()).hexdigest()[:16]


def kept_answer(run: Path, recording: Path, name: str) -> Recognition | None:
    """What a run said about a recording in an earlier session; None where it said nothing.

    name: what the file's begins with; others are not opened, and those about another recording no
    further than their headers. What is damaged is passed over: it can be asked again."""
    for file in sorted(answers_folder(run).glob(f"*{SUFFIX}")):
        if not file.name.startswith(name):
            continue
        about = recognised_path(file)
        if about is None or Path(about) != recording:
            continue
        try:
            return load_recognition(file)
        except HarstudioError as error:
            logger.info("%s is passed over: %s", file, error)
    return None
