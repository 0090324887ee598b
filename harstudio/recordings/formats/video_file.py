"""Plain video files: colour and, where there is some, their sound."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harstudio.errors import DataError
from harstudio.recordings.audio import audio_stream
from harstudio.recordings.formats.first_look import look_at_video
from harstudio.recordings.formats.found import Claim, Found, Listing, OneByOne, Problem, Scanner
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import Stream, StreamKind
from harstudio.recordings.video import video_stream
from harstudio.recordings.video_index import index_media

NAME = "video"
SUFFIXES = (".mp4", ".avi", ".mkv", ".mov", ".webm", ".m4v", ".mpg", ".mpeg", ".wmv", ".3gp")


def recognises(path: Path) -> bool:
    """By the name; what it holds is told on opening."""
    return path.suffix.casefold() in SUFFIXES and path.is_file()


def open_recording(path: Path) -> Recording:
    """Colour and sound of the first tracks; a gray 16-bit track of an mkv is depth in mm."""
    media = index_media(path)
    if not media.video:
        raise DataError(
            "There are no pictures in this file.",
            path=path,
            remedy="It may be cut off, or hold sound only.",
        )
    streams: dict[str, Stream[Any]] = {}
    for index in media.video:
        kind = StreamKind.DEPTH if index.pix_fmt.startswith("gray16") else StreamKind.COLOR
        if str(kind) not in streams:
            streams[str(kind)] = video_stream(index, path, name=str(kind), kind=kind)
    if media.audio and media.audio[0].samples:
        streams["audio"] = audio_stream(media.audio[0], path)
    return Recording(
        name=path.stem, format=NAME, path=path, streams=streams, problems=media.problems
    )


def scanner() -> Scanner:
    """A fresh scanner for one scan."""
    return OneByOne(_claim)


def _claim(listing: Listing) -> Claim:
    names = [name for name in listing.files if Path(name).suffix.casefold() in SUFFIXES]
    found: list[Found] = []
    problems: list[Problem] = []
    for name in names:
        path = listing.folder / name
        try:
            cut = look_at_video(path)
        except DataError as error:
            problems.append(Problem(path, error.sentence))
            continue
        found.append(Found(path, NAME, path.stem, None, None, None, ("color",)))
        if cut:
            problems.append(Problem(path, cut))
    return Claim(files=names, recordings=found, problems=problems)
