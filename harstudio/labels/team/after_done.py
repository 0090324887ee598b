"""Whether an annotator changed labels after marking them as done, when those of others are seen."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from harstudio.labels.editing.edits import MarkDone
from harstudio.labels.editing.proposal_steps import ProposalSteps
from harstudio.labels.keeping.journal import Record, from_line
from harstudio.labels.keeping.recovery import journal_path
from harstudio.labels.keeping.versions import log_path
from harstudio.labels.project import Project
from harstudio.labels.team.policy import GOLD


def changed_after_done(project: Project, recording: str) -> tuple[str, ...]:
    """Annotators who did so in a project with blind annotation, () in any other.

    Read from the version logs, so that taking "done" back hides nothing. Reviewers, who always
    see everything, and the gold labels do not count.
    """
    policy = project.policy
    if not policy.blind:
        return ()
    return tuple(
        annotator
        for annotator, path in project.document_paths(recording)
        if annotator != GOLD and not policy.sees_others(annotator) and _changed(path, annotator)
    )


def _changed(path: Path, annotator: str) -> bool:
    done, proposals = False, ProposalSteps()
    for record in _records(path):
        edit = record.edit if record.action != "undo" else record.edit.inverse()
        steps = [step for step in edit.steps() if not proposals.is_one(step)]
        marks = [step for step in steps if isinstance(step, MarkDone)]
        if done and steps and not marks and (record.by or annotator) == annotator:
            return True
        done = done or any(mark.done for mark in marks)
    return False


def _records(path: Path) -> Iterator[Record]:
    """What the log and the journal tell, in order, each revision once."""
    found: dict[int, Record] = {}
    for file in (log_path(path), journal_path(path)):
        try:
            lines = file.read_bytes().splitlines()
        except OSError:
            continue
        for line in lines:
            try:
                record = Record.from_dict(from_line(line))
            except (ValueError, RecursionError):
                continue
            found[record.revision] = record
    yield from (found[revision] for revision in sorted(found))
