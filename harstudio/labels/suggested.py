"""Where suggestions lie in a project: a folder for every annotator, because two people never
write one file, and because what was learned from labels that one may see is not for others."""

from __future__ import annotations

from pathlib import Path

from harstudio.labels.keeping.names import safe_name

FOLDER = "suggestions"


def suggestions_folder(project: Path, annotator: str) -> Path:
    """The folder of an annotator's suggestions and learning curve, there already or not."""
    return project / FOLDER / safe_name(annotator)


def suggestions_path(project: Path, annotator: str, recording: str) -> Path:
    """The file of what is suggested to an annotator for a recording (its name)."""
    return suggestions_folder(project, annotator) / f"{safe_name(recording)}.json"
