"""The folder that clips are cut into: whose it is, what lies there and what may go.

It belongs to one project, which its table ``clips.csv`` tells. Only files go that the table says
are clips, or that ``.claimed`` says: the names of clips that are about to come or to go, written
before the first file moves, so that a killed process leaves nothing that is nobody's.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable
from pathlib import Path

from harstudio.errors import ConflictError, DataError, UsageError
from harstudio.files import sync_folder, write_atomically
from harstudio.labels.cutting.plan import Layout, Piece, Plan
from harstudio.labels.cutting.table import (
    TABLE,
    Row,
    append_row,
    is_name,
    read_rows,
    write_rows,
)
from harstudio.labels.project import Project
from harstudio.recordings.formats.harrec_header import SUFFIX
from harstudio.recordings.formats.ntu_writer import COLOR, DEPTH, INFRARED, MASKED, SKELETONS

PART = ".part"
CLAIMED = ".claimed"
ANOTHER = "Choose a new or empty folder."


def owner(project: Project) -> str:
    """What stands for a project in the table: a digest of where it lies, which names nobody."""
    place = str(project.folder.resolve()).encode("utf-8", "surrogatepass")
    return hashlib.sha256(place).hexdigest()[:16]


class CutFolder:
    """One folder, ready to be cut into. rows: of the clips that are there."""

    def __init__(self, project: Project, out: Path, layout: Layout) -> None:
        """UsageError among the project's recordings, ConflictError where something else is there,
        also clips of another project; DataError when it cannot be read."""
        self.out = out
        self.part = out / PART
        self._layout = layout
        inside = out.resolve()
        for folder in project.recording_folders:
            if inside.is_relative_to(folder.resolve()):
                raise UsageError(
                    "This folder is one of the project's recordings; its clips would be among "
                    "them.",
                    path=out,
                    remedy="Choose a folder beside it.",
                )
        try:
            self.rows = read_rows(out)
            strange = out.exists() and any(out.iterdir()) and not (out / TABLE).exists()
            if strange or any(row.layout != layout for row in self.rows):
                what = "clips in the other layout" if self.rows else "something else"
                raise ConflictError(f"This folder holds {what}.", path=out, remedy=ANOTHER)
            if any(row.project != owner(project) for row in self.rows):
                raise ConflictError(
                    "This folder holds clips of another project, or of this one when it lay "
                    "elsewhere; nothing was changed.",
                    path=out,
                    remedy=ANOTHER,
                )
            self._recover()
        except OSError as error:
            reason = error.strerror or str(error)
            raise DataError(f"The folder cannot be read ({reason}).", path=out) from error

    def keep(self, plan: Plan) -> tuple[set[tuple[str, str, str]], int, int]:
        """Remove what is no longer labelled so, or labelled otherwise.

        Returns the clips that are there as they are labelled now, how many went, and how many
        stay of recordings whose labels were not read.
        """
        wanted = {piece.key: piece for piece in plan.pieces}
        same, stay, gone, unread = set(), [], [], 0
        for row in self.rows:
            piece = wanted.get(row.key)
            if row.annotator != plan.annotator:
                stay.append(row)
            elif piece is None and row.recording not in plan.read:
                stay.append(row)
                unread += 1
            elif piece is not None and _is_of(row, piece):
                stay.append(row)
                same.add(row.key)
            else:
                gone.append(row)
        self._claim(row.name for row in gone)
        self.rows = stay
        write_rows(self.out, stay)
        self._recover()
        return same, sum(row.key not in wanted for row in gone), unread

    def check_free(self, name: str) -> None:
        """ConflictError where files are that would be those of a new clip."""
        places = self._places(name)
        there = next((path for path in places if path.is_symlink() or path.exists()), None)
        if there is not None:
            raise ConflictError(
                "Something is here that was not cut by this project; it stays.",
                path=there,
                remedy="Move it elsewhere, or cut into another folder.",
            )

    def put(self, row: Row, paths: Iterable[Path]) -> None:
        """Move the whole files of a clip (relative to ``part``) to their place, then tell it."""
        self._claim([row.name])
        for path in paths:
            place = self.out / path
            place.parent.mkdir(parents=True, exist_ok=True)
            (self.part / path).replace(place)
            sync_folder(place.parent)
        append_row(self.out, row)
        self.rows.append(row)
        (self.out / CLAIMED).unlink(missing_ok=True)

    def clear(self) -> None:
        """Remove the clip in work."""
        self._remove_path(self.part)

    def _claim(self, names: Iterable[str]) -> None:
        write_atomically(self.out / CLAIMED, "\n".join(names).encode())

    def _recover(self) -> None:
        """Remove what is claimed and has no row, and the clip that was in work."""
        claimed = self.out / CLAIMED
        there = {row.name for row in self.rows}
        if claimed.is_file():
            for name in claimed.read_text("utf-8", "replace").split("\n"):
                if is_name(name, self._layout) and name not in there:
                    self._remove(name)
            claimed.unlink()
        if (self.out / TABLE).exists():
            self.clear()

    def _remove(self, name: str) -> None:
        for path in self._places(name):
            self._remove_path(path)

    def _remove_path(self, path: Path) -> None:
        """Remove a file or folder that lies strictly inside; a link goes, not what it leads to."""
        root = self.out.resolve()
        place = path.parent.resolve() / path.name
        if place == root or not place.is_relative_to(root):
            return
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)

    def _places(self, name: str) -> list[Path]:
        """Where the files of a clip are."""
        if self._layout == "harrec":
            return [self.out / f"{name}{SUFFIX}"]
        return [
            self.out / COLOR / f"{name}_rgb.avi",
            self.out / INFRARED / f"{name}_ir.avi",
            self.out / MASKED / name,
            self.out / DEPTH / name,
            self.out / SKELETONS / f"{name}.skeleton",
        ]


def _is_of(row: Row, piece: Piece) -> bool:
    now = piece.name, piece.clip.start_ns, piece.clip.end_ns
    return (row.name, row.start_ns, row.end_ns) == now
