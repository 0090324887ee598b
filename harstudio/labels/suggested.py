"""Where suggestions lie in a project: a folder for every annotator, because two people never
write one file, and because what was learned from labels that one may see is not for others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harstudio.labels.keeping.names import safe_name
from harstudio.labels.model import Clip, Document, Origin
from harstudio.labels.team.policy import GOLD

FOLDER = "suggestions"


def suggestions_folder(project: Path, annotator: str) -> Path:
    """The folder of an annotator's suggestions and learning curve, there already or not."""
    return project / FOLDER / safe_name(annotator)


def suggestions_path(project: Path, annotator: str, recording: str) -> Path:
    """The file of what is suggested to an annotator for a recording (its name)."""
    return suggestions_folder(project, annotator) / f"{safe_name(recording)}.json"


def teaching(visible: Sequence[Document], annotator: str) -> list[Document]:
    """Of the documents of one recording that an annotator may see those to learn from: where gold
    is, it stands for everybody but the annotator."""
    if not any(one.annotator == GOLD and said_clips(one) for one in visible):
        return list(visible)
    return [one for one in visible if one.annotator in (GOLD, annotator)]


def said_clips(document: Document) -> list[tuple[str, Clip]]:
    """The clips that a person said, each with whom it is about; no point events."""
    return [
        (tier.rules.person or clip.person, clip)
        for tier in document.said
        for clip in tier.clips
        if not clip.is_point and clip.origin is not Origin.MODEL
    ]
