"""Commands that show and hide the timeline's tracks."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from harstudio.settings import save_settings
from harstudio.studio.commands import Command
from harstudio.studio.timeline.rows import TRACKS, Kind

if TYPE_CHECKING:
    from harstudio.studio.labelling.labelling import Labelling

TITLES = {
    Kind.PICTURES: "Track of pictures",
    Kind.SOUND: "Track of sound",
    Kind.MOTION: "Track of motion",
}


def track_commands(labelling: Labelling) -> list[Command]:
    """One for each track, in their order."""
    return [
        Command(f"timeline.{kind.value}", TITLES[kind], partial(flip_track, labelling, kind),
                "View/Tracks of the timeline", checked=partial(is_shown, labelling, kind))
        for kind in TRACKS
    ]  # fmt: skip


def is_shown(labelling: Labelling, kind: Kind) -> bool:
    return kind.value not in labelling.session.settings.hidden_tracks


def flip_track(labelling: Labelling, kind: Kind) -> None:
    """Show a track or hide it, now and from the next start on."""
    session = labelling.session
    hidden = set(session.settings.hidden_tracks) ^ {kind.value}
    session.settings.hidden_tracks = sorted(hidden)
    labelling.tracks_wanted.emit()
    try:
        save_settings(session.settings)
    except OSError as error:
        session.message.emit("warn", f"The settings were not saved. {error}")
