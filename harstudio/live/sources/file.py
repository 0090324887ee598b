"""``file:PATH``: a video in the place of a camera; ``file:URL``: one from the network.

A file comes at its own rate, flipped to a mirror image unless told otherwise. Addresses on the
network (rtsp, http, https, udp, tcp) are opened only because the user names them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from harstudio.errors import MissingError, UsageError
from harstudio.live.sources.modes import check_mode
from harstudio.live.sources.network import NetworkSource, is_address
from harstudio.live.sources.paced import PacedSource
from harstudio.live.sources.pictures import flipped
from harstudio.live.sources.playlist import Playlist
from harstudio.live.sources.source import CaptureSettings, Source, SourceFacts, WrongMode
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import Stream, StreamKind


def find() -> list[SourceFacts]:
    """Nothing: a file is named."""
    return []


def open_source(address: str, settings: CaptureSettings) -> Source:
    """Open a video file or a stream. MissingError, DataError: not to be had; SourceLost: nobody
    answers at the address; WrongMode: another size or rate was asked for than its own."""
    if not address:
        raise UsageError("file: names no video.", remedy="Give one as file:PATH or file:URL.")
    if is_address(address):
        return NetworkSource(address, settings)
    path = Path(address).expanduser().absolute()
    playlist = Playlist([path], _color, loop=settings.loop)
    spec = playlist.specs[0]
    try:
        check_mode(settings, path.name, (spec.width, spec.height), spec.rate_hz)
    except WrongMode:
        playlist.close()
        raise
    mirror = settings.mirror is not False
    return PacedSource(
        playlist,
        replace(settings, jitter_ms=0.0, drop=0.0, drift_ppm=0.0),
        title=path.name,
        mirrored=mirror,
        change=flipped if mirror else None,
    )


def _color(recording: Recording) -> Sequence[Stream[Any]]:
    stream = recording.of_kind(StreamKind.COLOR)
    if stream is None:
        raise MissingError(
            "There are no colour pictures in it.",
            path=recording.path,
            remedy="Play depth and skeletons as replay:PATH.",
        )
    return [stream]
