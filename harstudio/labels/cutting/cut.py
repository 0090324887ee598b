"""Cutting: every clip a recording of its own, in files that others open.

A clip is written into a hidden folder, moved to its place and then gets its row in ``clips.csv``
(``CutFolder``). Cutting again into the same folder writes only what is new or has changed.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import Any

from harstudio.errors import DataError, HarstudioError
from harstudio.files import write_atomically
from harstudio.labels.cutting.folder import CutFolder, owner
from harstudio.labels.cutting.plan import Layout, Piece, make_plan
from harstudio.labels.cutting.table import Row, read_rows
from harstudio.labels.interchange.mmaction import clip_lists
from harstudio.labels.project import LABELS_FILE, Project
from harstudio.recordings.formats import open_recording
from harstudio.recordings.formats.harrec_convert import write_harrec
from harstudio.recordings.formats.harrec_header import SUFFIX
from harstudio.recordings.formats.ntu_writer import (
    COLOR,
    DEPTH,
    MASKED,
    write_sample,
)
from harstudio.recordings.recording import Action, Recording
from harstudio.recordings.window import window

LISTS = {"list_rgb.txt": "color", "list_depth.txt": "depth"}
Progress = Callable[[float, float, str], None]


@dataclass
class Cut:
    """What came of it. failures: clips that could not be cut; notes: what they lack."""

    annotator: str = ""
    written: int = 0
    there_already: int = 0
    removed: int = 0
    stopped: bool = False
    failures: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def summary(self) -> str:
        """One sentence."""
        parts = [f"{self.written} clip{'' if self.written == 1 else 's'} of {self.annotator} cut"]
        if self.there_already:
            parts.append(f"{self.there_already} there already")
        if self.removed:
            parts.append(f"{self.removed} removed that are no longer labelled so")
        if self.failures:
            parts.append(f"{len(self.failures)} failed")
        return ", ".join(parts) + (". Stopped; cutting again goes on." if self.stopped else ".")

    def describe(self) -> dict[str, Any]:
        """The document of ``--json``; builtins only."""
        return {
            "annotator": self.annotator,
            "written": self.written,
            "there_already": self.there_already,
            "removed": self.removed,
            "stopped": self.stopped,
            "failures": self.failures,
            "notes": self.notes,
        }


def cut_clips(
    project: Project,
    out: Path,
    layout: Layout,
    annotator: str = "",
    *,
    seen_by: str = "",
    progress: Progress | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Cut:
    """Cut every clip of one annotator into ``out``; a clip that fails does not stop the others.

    seen_by: as of ``make_plan``. progress(done, total, words) counts clips and parts of them.
    When ``cancelled`` says so the clip in work is dropped and the others stay; what it raises has
    the same effect.
    ConflictError where the folder holds something else, DataError when it cannot be written.
    """
    folder = CutFolder(project, out, layout)
    cut = Cut()
    plan = make_plan(
        project,
        layout,
        annotator,
        folder.rows,
        lambda error: cut.failures.append(str(error)),
        seen_by=seen_by,
    )
    cut.annotator = plan.annotator
    cut.notes += plan.left_out
    if project.policy.blur_faces:
        cut.notes.append("Faces are blurred on the screen only: the cut files show them.")
    lacking: Counter[str] = Counter()
    total = len(plan.pieces)
    try:
        kept, cut.removed, unread = folder.keep(plan)
        if unread:
            cut.notes.append(f"{unread} clips stay whose recordings or labels could not be read.")
        done = cut.there_already = len(kept)
        project.label_set.save(out / LABELS_FILE)
        todo = (piece for piece in plan.pieces if piece.key not in kept)
        for found, pieces in groupby(todo, key=lambda piece: piece.found):
            if cut.stopped:
                break
            own = list(pieces)
            try:
                recording = open_recording(found.path)
            except HarstudioError as error:
                cut.failures.append(str(error))
                done += len(own)
                continue
            with recording:
                for piece in own:
                    if cancelled():
                        cut.stopped = True
                        break
                    step = _step(piece, done, total, progress, cancelled)
                    try:
                        folder.check_free(piece.name)
                        row, paths = _cut(recording, piece, folder.part, layout, step, lacking)
                    except _CancelledError:
                        cut.stopped = True
                        break
                    except HarstudioError as error:
                        cut.failures.append(f"{piece.name}: {error}")
                    else:
                        folder.put(replace(row, project=owner(project)), paths)
                        cut.written += 1
                    done += 1
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(
            f"The clips cannot be written ({reason}); {cut.written} are there.",
            path=out,
            remedy="Cutting again goes on from here.",
        ) from error
    finally:
        with suppress(OSError):
            folder.clear()
    if layout == "ntu":
        _write_lists(out)
    cut.notes += [f"{what} ({count} clips)." for what, count in sorted(lacking.items())]
    if progress is not None and not cut.stopped:
        progress(total, total, "")
    return cut


class _CancelledError(Exception):
    """Somebody no longer wants the clips."""


def _step(
    piece: Piece,
    done: int,
    total: int,
    progress: Progress | None,
    cancelled: Callable[[], bool],
) -> Callable[[int, int], None]:
    words = f"{piece.recording}, {piece.clip.label}"

    def step(frames: int, of: int) -> None:
        if cancelled():
            raise _CancelledError
        if progress is not None:
            progress(done + frames / max(of, 1), total, words)

    return step


def _cut(
    recording: Recording,
    piece: Piece,
    root: Path,
    layout: Layout,
    step: Callable[[int, int], None],
    lacking: Counter[str],
) -> tuple[Row, list[Path]]:
    """Write one clip; its row, and its files relative to the root."""
    clip, name = piece.clip, piece.name
    action = Action(f"A{piece.number:03d}", piece.number - 1, clip.label)
    part = window(recording, clip.start_ns, clip.end_ns, name, action)
    if part.reference is None:
        raise DataError("The recording has no frames in this clip.", path=recording.path)
    shutil.rmtree(root, ignore_errors=True)
    if layout == "harrec":
        written = root / f"{name}{SUFFIX}"
        write_harrec(part, written, progress=step)
        frames, paths = len(part.reference), [Path(written.name)]
    else:
        sample = write_sample(part, root, name, clip.duration_ns, step)
        frames, paths = sample.frames, sample.paths
        for stream in sample.lacking:
            lacking[f"Some frames of {stream} are missing or cannot be read"] += 1
        for what in sample.left_out:
            lacking[f"Left out: {what}"] += 1
    row = Row(
        "",
        name,
        layout,
        piece.recording,
        piece.annotator,
        piece.person,
        clip.label,
        piece.number,
        clip.start_ns,
        clip.end_ns,
        frames,
        clip.id,
    )
    return row, paths


def _write_lists(out: Path) -> None:
    """MMAction2's lists over all clips that are there: ``path label``, ``folder frames label``."""
    rows = sorted(read_rows(out), key=lambda row: row.name)
    for file, kind in LISTS.items():
        entries = []
        for row in rows:
            places = [out / COLOR / f"{row.name}_rgb.avi"]
            if kind == "depth":
                places = [out / MASKED / row.name, out / DEPTH / row.name]
            there = next((place for place in places if place.exists()), None)
            if there is not None:
                path = there.relative_to(out).as_posix()
                entries.append((path, row.frames, row.number - 1))
        text = clip_lists(entries, folder=kind == "depth")
        write_atomically(out / file, text.encode("utf-8", "replace"))
