"""``clips.csv``: which file was cut from where; a clip is there as soon as its row is."""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from harstudio.errors import DataError
from harstudio.files import sync_folder, write_atomically

TABLE = "clips.csv"
LARGEST_BYTES = 256 << 20
NTU_NAME = re.compile(r"S(\d{3})C\d{3}P\d{3}R\d{3}A\d{3}", re.ASCII)
# of a folder beside the table: nothing that leads elsewhere, and nothing hidden
NATIVE_NAME = re.compile(r'[^\x00-\x1f\x7f<>:"/\\|?*. ][^\x00-\x1f\x7f<>:"/\\|?*]*')


@dataclass(frozen=True, slots=True)
class Row:
    """One file that was cut.

    project: whose it is, as ``folder.owner`` says; number: of the action in its name, from 1;
    frames: that it has.
    """

    project: str
    name: str
    layout: str
    recording: str
    annotator: str
    person: str
    label: str
    number: int
    start_ns: int
    end_ns: int
    frames: int
    clip: str

    @property
    def key(self) -> tuple[str, str, str]:
        """Which clip of which document it is."""
        return self.recording, self.annotator, self.clip


COLUMNS = tuple(one.name for one in fields(Row))


def is_name(text: str, layout: str) -> bool:
    """Whether cutting gives such a name: its files then lie in the folder and nowhere else."""
    return (NTU_NAME if layout == "ntu" else NATIVE_NAME).fullmatch(text) is not None


def read_rows(folder: Path) -> list[Row]:
    """The rows of a folder's table; none where it has no table.

    A last line that is not whole is what a killed process left, and is dropped.
    """
    path = folder / TABLE
    try:
        if not path.exists():
            return []
        if path.stat().st_size > LARGEST_BYTES:
            raise DataError("The table of clips is too large.", path=path)
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"The table of clips cannot be read ({error}).", path=path) from error
    whole = text[: text.rfind("\n") + 1]
    try:
        rows = list(csv.DictReader(io.StringIO(whole, newline=""), strict=True))
        return [_row(row) for row in rows]
    except (csv.Error, ValueError, TypeError, KeyError) as error:
        raise DataError(
            f"The table of clips is damaged ({error}).",
            path=path,
            remedy="Cut into another folder.",
        ) from error


def write_rows(folder: Path, rows: Iterable[Row]) -> None:
    """The whole table, atomically."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(asdict(row).values() for row in rows)
    write_atomically(folder / TABLE, text.getvalue().encode("utf-8", "replace"))


def append_row(folder: Path, row: Row) -> None:
    """One more row, on disk when this returns."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(asdict(row).values())
    with (folder / TABLE).open("ab") as file:
        file.write(text.getvalue().encode("utf-8", "replace"))
        file.flush()
        os.fsync(file.fileno())
    sync_folder(folder)


def _row(values: dict[str, str]) -> Row:
    if set(values) != set(COLUMNS):
        raise ValueError("it has other columns")
    name = values["name"]
    if not is_name(name, values["layout"]):
        raise ValueError(f"“{name:.80}” is no name of a clip")
    number, start_ns, end_ns, frames = (
        int(values[key]) for key in ("number", "start_ns", "end_ns", "frames")
    )
    project, layout, recording, annotator, person, label, clip = (
        values[key]
        for key in ("project", "layout", "recording", "annotator", "person", "label", "clip")
    )
    return Row(
        project, name, layout, recording, annotator, person, label, number, start_ns, end_ns,
        frames, clip,
    )  # fmt: skip
