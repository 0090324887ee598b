"""One recording after the other: what is kept of answers, and what is told about each."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from harstudio.errors import HarstudioError
from harstudio.files import remove_leftovers
from harstudio.jobs.context import Context, Payload
from harstudio.labels.keeping.names import safe_name
from harstudio.recognition.recognise import Question, recognise
from harstudio.recognition.trained import TrainedNetwork
from harstudio.recordings.formats import open_recording
from harstudio.recordings.recording import Recording
from harstudio.results import Recognition, mean_of
from harstudio.runs.kept_recognitions import OF, marks
from harstudio.runs.recognised.segments import trimmed
from harstudio.runs.recognitions import (
    SUFFIX,
    load_recognition,
    recognised_path,
    save_recognition,
)

RANKED = 3
ENDING = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}  # the next answer fails as well


class Answers:
    """Recognitions as files of one folder; recordings of one name get different files. Without a
    folder none are written."""

    def __init__(self, folder: Any) -> None:
        self.folder = Path(folder).expanduser().absolute() if folder else None
        self._known: dict[str, Path] | None = None

    def save(self, recognition: Recognition) -> str:
        """The file's path, "" where none is wanted. An earlier file about the same recording is
        replaced; a file about another one of that name stays."""
        if self.folder is None:
            return ""
        first = safe_name(recognition.recording)
        name, number = first, 1
        while True:
            path = self.folder / f"{name}{SUFFIX}"
            if recognised_path(path) in (None, recognition.path):
                break
            number += 1
            name = f"{first}-{number}"
        save_recognition(path, recognition)
        remove_leftovers(path)
        return str(path)

    def of(self, recording: Path) -> Path | None:
        """The file about a recording, as far as there was one when this was first asked."""
        if self._known is None:
            files = [] if self.folder is None else sorted(self.folder.glob(f"*{SUFFIX}"))
            about = ((recognised_path(file), file) for file in files)
            self._known = {path: file for path, file in about if path is not None}
        return self._known.get(str(recording))


def answer(
    trained: TrainedNetwork,
    path: Path,
    context: Context,
    question: Question,
    answers: Answers,
    *,
    resume: bool,
    progress: Callable[[float], None],
) -> Payload:
    """Recognise one recording; what is told about it. resume: what was answered before is told
    again, see ``answered``."""
    try:
        with open_recording(path) as recording:
            before = answered(trained, recording, question, answers) if resume else None
            if before is not None:
                return _told(path, *before, kept=True)
            said = recognise(trained, recording, context, question, progress)
    except HarstudioError as error:
        return _failed(path, str(error))
    except OSError as error:
        reason = error.strerror or str(error)
        return _failed(path, f"{error.filename or path}: {reason}.")
    try:
        return _told(path, said, answers.save(said), kept=False)
    except HarstudioError as error:
        return _failed(path, str(error))
    except OSError as error:
        if error.errno in ENDING:
            raise HarstudioError(
                f"Answers cannot be written ({error.strerror}).",
                path=answers.folder,
                remedy="Make room, then ask again: what is answered stays.",
            ) from error
        return _failed(path, f"{error.filename or path}: {error.strerror or error}.")


def answered(
    trained: TrainedNetwork, recording: Recording, question: Question, answers: Answers
) -> tuple[Recognition, str] | None:
    """The answer that is kept about a recording, and its file; None where it is to be asked.

    It counts where the same run was asked in the same way, and neither its files nor those of the
    recording are others now. Segments are trimmed anew, and kept so, where the trimming is another
    one.
    """
    file = answers.of(recording.path)
    try:
        if file is None:
            return None
        said = load_recognition(file)
    except HarstudioError:
        return None
    asked = question.asked() | {"trimming": said.asked.get("trimming")}
    asked[OF] = marks(trained.mark, recording.mark())
    if said.asked.get("explain") and not question.explain:
        asked |= {"explain": True, "target": said.asked.get("target")}
    if said.run != str(trained.folder) or said.asked != asked:
        return None
    again = trimmed(said, question.trimming)
    return again, str(file) if again is said else answers.save(again)


def _told(path: Path, said: Recognition, file: str, *, kept: bool) -> Payload:
    mean = mean_of(said.windows)
    best = np.argsort(-mean, kind="stable")[:RANKED].tolist()
    return {
        "path": str(path),
        "recording": said.recording,
        "file": file,
        "label": said.label,
        "name": said.classes[said.label],
        "classes": list(said.classes),
        "confidence": said.confidence,
        "top": [[said.classes[k], float(mean[k])] for k in best],
        "windows": len(said.windows),
        "segments": len(said.segments),
        "persons": list(said.persons),
        "without": list(said.without),
        "kept": kept,
        "error": None,
    }


def _failed(path: Path, sentence: str) -> Payload:
    return {
        "path": str(path),
        "recording": path.name,
        "file": "",
        "label": None,
        "name": None,
        "classes": [],
        "confidence": None,
        "top": [],
        "windows": 0,
        "segments": 0,
        "persons": [],
        "without": [],
        "kept": False,
        "error": sentence,
    }
