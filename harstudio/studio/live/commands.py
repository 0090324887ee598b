"""The commands of the workspace Live."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harstudio.studio.commands import Command, because
from harstudio.studio.live.preflight.pose_install import BEGUN
from harstudio.studio.live.service import NOT_RUNNING

if TYPE_CHECKING:
    from harstudio.studio.live.desk import LiveDesk

LIVE = "view.live"
MENU = "Live"
PAGE_KEYS = {"F9": "live.start", "F8": "live.record", "F7": "live.keep", "Shift+F8": "live.review"}
# On the page one key is enough: what has these keys elsewhere is about clips, which are not there.


def keys_text(command: Command) -> str:
    """How it is reached: "F9, elsewhere Ctrl+F9"."""
    here = next((key for key, one in PAGE_KEYS.items() if one == command.id), "")
    elsewhere = command.shortcuts[0] if command.shortcuts else ""
    if here and elsewhere:
        return f"{here}, elsewhere {elsewhere}"
    return here or elsewhere


def live_commands(desk: LiveDesk) -> list[Command]:
    """In the order of the menu."""
    service, recording = desk.service, desk.recording

    def running() -> bool:
        return service.live is not None

    def can_record() -> bool:
        return not recording.why_not()

    def can_start() -> bool:
        return service.on or not service.why_not()

    def explains() -> bool:
        return service.choice.explain

    def explain() -> None:
        service.explain(not service.choice.explain)

    def is_early() -> bool:
        return service.choice.early

    def early() -> None:
        service.name_early(not service.choice.early)

    def sounds() -> bool:
        return service.choice.sound

    def sound() -> None:
        service.set_sound(not service.choice.sound)

    def guided() -> bool:
        return desk.page is not None and desk.page.guide.shown

    def guide() -> None:
        desk.made().guide.shown = not guided()

    def held() -> bool:
        return service.viewing.transport.held

    return [
        Command("live.start", "Start or stop live", desk.toggle, MENU, "play", ("Ctrl+F9",),
                can_start, lambda: service.on, why=service.why_not),
        Command("live.record", "Record or stop recording", recording.toggle, MENU, "record",
                ("Ctrl+F8",), can_record, lambda: recording.recording, why=recording.why_not),
        Command("live.keep", "Keep the last seconds", recording.keep, MENU, "save", ("Ctrl+F7",),
                can_record, about=lambda: f"({service.choice.keep_s})", why=recording.why_not),
        Command("live.review", "Review the last live recording", desk.review, MENU, "label",
                ("Ctrl+Shift+F8",), desk.can_review, why=desk.why_not_review),
        Command("live.teach", "Teach a new action…", desk.teach, MENU, "plus", (), running,
                why=because(NOT_RUNNING)),
        Command("live.labels", "Which actions are told…", desk.choose_labels, MENU, "filter"),
        Command("live.early", "Name actions early, less surely", early, MENU, "", (),
                checked=is_early),
        Command("live.hold", "Hold the picture", service.viewing.transport.toggle, MENU, "pause",
                (), desk.follows, held, why=because(NOT_RUNNING)),
        Command("live.explain", "Explain what the network looks at", explain, MENU, "eye", (),
                checked=explains),
        Command("live.guide", "Show where to stand", guide, MENU, "person", (),
                lambda: desk.page is not None, guided, why=because("Go to Live first (Ctrl+5).")),
        Command("live.install_pose", "Fetch the pose models", desk.install.start, MENU, "",
                enabled=lambda: not desk.install.words, why=because(BEGUN)),
        Command("live.sound", "Record the microphone, too", sound, MENU, "", (),
                checked=sounds),
        Command("live.sources", "Look for cameras and sensors", desk.catalogue.look, MENU,
                "refresh"),
        Command("live.video", "A video as a camera…", desk.choose_video, MENU, "color"),
        Command("live.replay", "A recording as if live…", desk.choose_recording, MENU, "recent"),
        Command("live.folder", "Folder for live recordings…", desk.choose_folder, MENU, "folder"),
    ]  # fmt: skip
