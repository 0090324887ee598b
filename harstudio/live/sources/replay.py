"""``replay:PATH``: a recording, or a folder of them one after the other, as if it were live.

All streams but sound come on one clock, at the times at which they were recorded. Nothing is
flipped: recordings are mirror images already.
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from harstudio.errors import MissingError, UnknownFormatError, UsageError
from harstudio.live.sources.paced import PacedSource
from harstudio.live.sources.playlist import Playlist, playable
from harstudio.live.sources.source import CaptureSettings, SourceFacts, WrongMode
from harstudio.recordings.formats import FORMATS, scan

SCAN_S = 20.0  # what a huge folder shows until then is enough to play


def find() -> list[SourceFacts]:
    """Nothing: a recording is named."""
    return []


def open_source(address: str, settings: CaptureSettings) -> PacedSource:
    """Open a recording or a folder. MissingError, UnknownFormatError, DataError: not to be had;
    WrongMode: a size or rate was asked for."""
    if not address:
        raise UsageError("replay: names no recording.", remedy="Give one as replay:PATH.")
    check_settings(settings)
    if settings.width or settings.height or settings.fps:
        raise WrongMode(
            "A recording is replayed in its own size and rate.",
            nearest=replace(settings, width=0, height=0, fps=0.0),
        )
    path = Path(address).expanduser().absolute()
    paths = find_recordings(path)
    playlist = Playlist(paths, playable, loop=settings.loop)
    first = playlist.first.recording
    folder = path.parent if path.name == "recordings" else path  # a project's
    title = first.name if len(paths) == 1 else f"{folder.name}, {len(paths)} recordings"
    return PacedSource(playlist, settings, title=title, mirrored=True, cameras=first.cameras)


def find_recordings(path: Path) -> list[Path]:
    """The recording at a path, or all that lie in a folder."""
    if not path.exists():
        raise MissingError("There is no such file or folder.", path=path)
    if not path.is_dir() or any(known.recognises(path) for known in FORMATS):
        return [path]
    until = time.monotonic() + SCAN_S
    scanned = scan(path, cancelled=lambda: time.monotonic() > until)
    found = [one.path for one in scanned.recordings if one.streams]
    if not found:
        raise UnknownFormatError("There is no recording in this folder.", path=path)
    return found


def check_settings(settings: CaptureSettings) -> None:
    """UsageError: what no sensor does."""
    if not 0.0 <= settings.drop < 1.0:
        raise UsageError(f"{settings.drop:g} of all frames cannot be lost; give 0 to 0.99.")
    if not 0.0 <= settings.jitter_ms <= 10_000:
        raise UsageError(f"A jitter of {settings.jitter_ms:g} ms is not one of 0 to 10000 ms.")
    if not abs(settings.drift_ppm) <= 100_000:
        raise UsageError(f"A drift of {settings.drift_ppm:g} ppm is more than 100000 ppm.")
