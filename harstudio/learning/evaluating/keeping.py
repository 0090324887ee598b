"""What a run folder keeps of the evaluation on its own test part."""

from __future__ import annotations

import json
import os
from typing import Any

from harstudio.errors import DataError
from harstudio.files import write_atomically
from harstudio.runs.about import ABOUT
from harstudio.runs.answers import StoredAnswers, save_answers
from harstudio.runs.config import Config
from harstudio.runs.folder import RunFolder
from harstudio.runs.reading import read_evaluation, read_status
from harstudio.runs.status import AT_WORK

ROBUSTNESS = "robustness"


def known_by(run: RunFolder) -> str:
    """The weights that a run is used with: the best where a validation part chose them."""
    return "best" if run.best.is_file() else "last"


def selected_by(config: Config, weights: str) -> str:
    """What chose the epoch that counts: "validation", "test", or "last" where nothing did.

    The test part also chose last weights where it ended the training, or a stage before the last.
    """
    training = config.training
    alone = weights == "last" and not training.patience and len(training.stages or ()) == 1
    if training.select == "test" and not alone:
        return "test"
    return "validation" if weights == "best" else "last"


def may_keep(run: RunFolder) -> bool:
    """Whether the folder can be written, nobody trains in it, and it is no packed weights: those
    keep the figures of their card."""
    if (run.path / ABOUT).is_file():
        return False
    status = read_status(run.path) or {}
    return os.access(run.path, os.W_OK) and status.get("state") not in AT_WORK


def keep_evaluation(
    run: RunFolder, document: dict[str, Any], answers: StoredAnswers
) -> dict[str, Any]:
    """Write evaluation.json and answers.npz, which belong together; gives the document as written.

    What was found out about the same answers before (robustness) stays.
    """
    try:
        old = read_evaluation(run.path) or {}
    except DataError:
        old = {}
    if ROBUSTNESS in old and old.get("confusion") == document["confusion"]:
        document = {**document, ROBUSTNESS: old[ROBUSTNESS]}
    run.embedding.unlink(missing_ok=True)
    save_answers(run.answers, answers)
    keep_document(run, document)
    return document


def keep_document(run: RunFolder, document: dict[str, Any]) -> None:
    """Write evaluation.json alone; the answers are those that are there."""
    write_atomically(run.evaluation, json.dumps(document, ensure_ascii=False).encode())
