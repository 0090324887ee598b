"""The formats by name: finding the one of a file, reading and writing by it."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

from harstudio.errors import DataError, HarstudioError, UnknownFormatError, UsageError
from harstudio.labels.interchange import (
    activitynet,
    boris,
    csv_table,
    cvat,
    elan,
    label_studio,
    mmaction,
    nova,
    pku_mmd,
    pyskl,
    thumos,
    via,
    webvtt,
    x_anylabeling,
)
from harstudio.labels.interchange.base import (
    Bundle,
    ForeignFormat,
    Media,
    Reading,
    damaged,
    flattened,
)
from harstudio.labels.interchange.losses import without_proposals

# Asked in this order: what marks itself first, plain tables last.
FORMATS: tuple[ForeignFormat, ...] = (
    elan,
    cvat,
    via,
    label_studio,
    activitynet,
    mmaction,
    boris,
    nova,
    x_anylabeling,
    webvtt,
    thumos,
    pku_mmd,
    pyskl,
    csv_table,
)
HEAD_BYTES = 4096
LONGEST_MESSAGE = 400  # characters; a damaged file can have much to say

logger = logging.getLogger(__name__)


def names() -> tuple[str, ...]:
    """What ``--format`` takes."""
    return tuple(one.NAME for one in FORMATS)


def by_name(name: str) -> ForeignFormat:
    """The format of that name; UsageError with those that there are."""
    found = next((one for one in FORMATS if name == one.NAME), None)
    if found is not None:
        return found
    raise UsageError(
        f"There is no label format “{name}”.", remedy=f"There are: {', '.join(names())}."
    )


def by_ending(path: Path) -> ForeignFormat:
    """The first format that writes files of that ending; UsageError where none does."""
    for one in FORMATS:
        if any(path.name.lower().endswith(ending) for ending in one.EXTENSIONS):
            return one
    raise UsageError(
        f"The ending of “{path.name}” tells no label format.",
        remedy=f"Name it with --format: {', '.join(names())}.",
    )


def detect(path: Path) -> ForeignFormat:
    """The format of a file, by its name and first bytes.

    UnknownFormatError where no format knows it, DataError where it cannot be read.
    """
    try:
        head = b""
        if not path.is_dir():  # some formats are folders
            with path.open("rb") as file:
                head = file.read(HEAD_BYTES)
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(f"The labels cannot be read ({reason}).", path=path) from error
    for one in FORMATS:
        if one.recognises(path, head):
            return one
    raise UnknownFormatError(
        "No label format knows this file.",
        path=path,
        remedy=f"Name the format with --format: {', '.join(names())}.",
    )


def read(path: Path, reading: Reading, format: str = "") -> Bundle:  # noqa: A002 -- as --format
    """What a label file holds. format: its name, "" to find it out.

    DataError when the file is damaged, too large or hostile; UsageError when something is
    missing that it does not tell, as the frame rate.
    """
    known = by_name(format) if format else detect(path)
    try:
        return known.read(path, reading)
    except UsageError as error:
        raise UsageError(error.message, path=path, remedy=error.remedy) from error
    except DataError as error:
        if len(error.message) <= LONGEST_MESSAGE:
            raise
        message = f"{error.message[:LONGEST_MESSAGE]}…"
        raise DataError(message, path=error.path, remedy=error.remedy) from None
    except HarstudioError:
        raise
    except RecursionError as error:
        raise damaged(path, "it nests too deeply", known.TITLE) from error
    except MemoryError as error:
        raise damaged(path, "it needs more memory than there is", known.TITLE) from error
    except Exception as error:  # a hostile file fails in any way
        logger.info("%s cannot be read", path, exc_info=True)
        raise damaged(path, f"its data are wrong ({type(error).__name__})", known.TITLE) from error


def write(bundle: Bundle, path: Path, format: str = "") -> tuple[str, ...]:  # noqa: A002
    """Write a label file; returns what could not be carried, in sentences.

    format: its name, "" for the one of the ending. UsageError where a format that holds one
    recording is given several, or none.
    """
    known = by_name(format) if format else by_ending(path)
    if not bundle.recordings:
        raise UsageError("There are no labels to write.", path=path)
    if known.ONE_FILE == "recording" and len(bundle.recordings) > 1:
        raise UsageError(
            f"A {known.TITLE} file holds one recording, and these are {len(bundle.recordings)}.",
            path=path,
            remedy="Write into a folder, or choose one recording.",
        )
    bundle, notes = without_proposals(bundle)
    return flattened([*notes, *known.write(bundle, path)])


def with_rate(bundle: Bundle, fps: float) -> Bundle:
    """The bundle with a frame rate for recordings of which none is known."""
    recordings = []
    for one in bundle.recordings:
        if any(media.grid is not None or media.fps > 0 for media in one.media):
            recordings.append(one)
        else:
            first = one.media[0] if one.media else Media("", one.recording)
            recordings.append(replace(one, media=(replace(first, fps=fps), *one.media[1:])))
    return replace(bundle, recordings=tuple(recordings))
