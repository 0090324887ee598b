"""Where suggestions lie in a project: a folder for every annotator, because two people never
write one file, and because what was learned from labels that one may see is not for others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from harstudio.labels.agreement.segments import Span, overlap
from harstudio.labels.keeping.names import safe_name
from harstudio.labels.model import Clip, Document, Origin
from harstudio.labels.team.policy import GOLD

FOLDER = "suggestions"
ALIKE = 0.5  # intersection over union from which on one label says one action


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


def actions(said: Sequence[tuple[str, str, Span]]) -> list[int]:
    """Which action each of the clips of one recording says, as a number from 0; they are given as
    (label, person, when). Clips of several people that say the same of the same time say one."""
    found = [0] * len(said)
    at_work: dict[tuple[str, str], list[tuple[int, Span]]] = {}
    count = 0
    for k in sorted(range(len(said)), key=lambda k: said[k][2].start_ns):
        label, person, when = said[k]
        open_ones = at_work.setdefault((label, person), [])
        open_ones[:] = [one for one in open_ones if one[1].end_ns > when.start_ns]
        same = next((n for n, one in open_ones if overlap(one, when) >= ALIKE), None)
        if same is None:
            same, count = count, count + 1
            open_ones.append((same, when))
        found[k] = same
    return found


def count_actions(documents: Iterable[Document]) -> int:
    """How many actions people said in the documents of one recording, see ``actions``."""
    said = [one for document in documents for one in said_clips(document)]
    found = actions([(clip.label, person, clip) for person, clip in said])
    return len(set(found))
