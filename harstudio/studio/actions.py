"""The command table of the studio: what a person can do, wired to session and window."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from harstudio.studio.commands import Command, CommandTable, because
from harstudio.studio.demo_mode.commands import demo_commands
from harstudio.studio.proposals.commands import proposal_commands
from harstudio.studio.team.commands import team_commands
from harstudio.studio.training.commands import train_commands
from harstudio.studio.transport import RATES

if TYPE_CHECKING:
    from harstudio.studio.session import Session
    from harstudio.studio.window import MainWindow

NOT_SEEN = "The pictures are not seen in this workspace; Ctrl+1 goes to them."
PANE_TITLES = {
    "color": "Colour",
    "depth": "Depth",
    "infrared": "Infrared",
    "skeleton3d": "3D",
    "signals": "Signals",
}
PANE_ICONS = {"skeleton3d": "skeleton3d"}
WORKSPACES = (
    ("view.review", "Review"),
    ("view.label", "Label"),
    ("view.compare", "Compare"),
    ("view.train", "Train"),
    ("view.live", "Live"),
)
WORKSPACE_KEYS = {
    "view.review": "Ctrl+1",
    "view.label": "Ctrl+2",
    "view.compare": "Ctrl+3",
    "view.train": "Ctrl+4",
    "view.live": "Ctrl+5",
}


def command_table(window: MainWindow) -> CommandTable:
    """Every command, in the order of the menus."""
    table = CommandTable()
    table.add(*_file_commands(window))
    seen = partial(_where_pictures_are, window)

    def sharing(commands: Iterable[Command]) -> list[Command]:
        return window.live_desk.sharing(window.beside_desk.sharing(commands))

    table.add(*sharing(seen(window.labelling.commands())), *seen(window.label_desk.commands()))
    table.add(*seen(proposal_commands(window)), *seen(window.helping.commands()))
    table.add(_annotator_command(window))
    table.add(*seen(team_commands(window.team_desk)))
    playing = [*_play_commands(window), *_loop_commands(window), *_speed_commands(window)]
    table.add(*sharing(seen(playing)))
    table.add(*sharing(seen(window.recognising.commands())))
    table.add(*train_commands(window, window.training))
    table.add(*window.beside_desk.commands())
    table.add(*window.live_desk.commands())
    table.add(*demo_commands(window.demo_mode))
    table.add(*_view_commands(window), *_panel_commands(window), *_look_commands(window))
    table.add(*_help_commands(window))
    return table


def _where_pictures_are(window: MainWindow, commands: Iterable[Command]) -> list[Command]:
    """The same commands, possible only where one sees what they do."""

    def guarded(enabled: Callable[[], bool]) -> bool:
        return window.shows_pictures() and enabled()

    def reason(command: Command) -> str:
        if not window.shows_pictures():
            return NOT_SEEN
        if window.session.recording is None:
            return "Open a recording first."
        if command.id.startswith(("clip.", "edit.", "label.", "proposal.", "tier.")):
            locked = window.labelling.clips.why_not()
            if locked:
                return locked
        return "" if command.why is None else command.why()

    return [
        replace(one, enabled=partial(guarded, one.enabled), why=partial(reason, one))
        for one in commands
    ]


def _file_commands(window: MainWindow) -> list[Command]:
    session, there = window.session, window.has_recording
    library = window.go_in_library

    def unsaved() -> bool:
        return session.history is not None and session.history.unsaved

    def save() -> None:
        session.save()

    def held_elsewhere() -> bool:
        return there() and session.history is None

    def has_recent() -> bool:
        return bool(session.settings.recent)

    def in_project() -> bool:
        return session.project is not None

    no_project, nothing_there = because("Open a project first."), because("Open a recording first.")
    empty = because("There are no recordings in the library; Ctrl+Shift+O opens a folder of them.")
    return [
        Command("file.open", "Open file…", window.asking.file, "File", "file", ("Ctrl+O",)),
        Command("file.open_folder", "Open folder or project…", window.asking.folder, "File",
                "folder", ("Ctrl+Shift+O",)),
        Command("file.open_recent", "Open recent…", window.show_recent, "File", "recent",
                ("Ctrl+R",), has_recent, why=because("Nothing was opened yet.")),
        Command("file.demo", "Open the demo", window.open_demo, "File", "demo"),
        Command("file.next", "Next recording", partial(library, 1), "File", "chevron-down",
                ("PgDown",), window.has_library, repeats=True, why=empty),
        Command("file.previous", "Previous recording", partial(library, -1), "File",
                "chevron-up", ("PgUp",), window.has_library, repeats=True, why=empty),
        Command("file.save", "Save labels", save, "File", "save", ("Ctrl+S",), unsaved,
                why=because("Everything is saved.")),
        Command("file.reopen_labels", "Read the labels again", session.reopen_labels, "File", "",
                (), there, why=nothing_there),
        Command("file.put_on_top", "Put set-aside edits on top", session.put_set_aside_on_top,
                "File", "", (), there, why=nothing_there),
        Command("file.look_at_labels", "Look at the labels read-only", session.look_at_labels,
                "File", "", (), held_elsewhere,
                why=because("The labels of this recording are open already.")),
        Command("file.import_labels", "Import labels…", window.asking.import_labels, "File", "",
                (), in_project, why=no_project),
        Command("file.export_labels", "Export labels…", window.asking.export_labels, "File", "",
                (), in_project, why=no_project),
        Command("file.cut_clips", "Cut clips to files…", window.asking.cut_clips, "File", "", (),
                in_project, why=no_project),
        Command("file.screenshot", "Save picture of the panes…", window.asking.screenshot, "File",
                "screenshot", ("Ctrl+Shift+S",), there, why=nothing_there),
        Command("file.close", "Close recording", session.close, "File", "close", ("Ctrl+W",),
                there, why=nothing_there),
        Command("file.quit", "Quit", window.close_soon, "File", "quit", ("Ctrl+Q",)),
    ]  # fmt: skip


def _annotator_command(window: MainWindow) -> Command:
    return Command("label.annotator", "Annotator…", window.asking.annotator, "Label", "person")


def _play_commands(window: MainWindow) -> list[Command]:
    session, there = window.session, window.has_recording
    transport = session.transport

    def first() -> None:
        transport.seek(transport.start_ns)

    def last() -> None:
        transport.pause()
        transport.seek(transport.stop_ns)

    def playing() -> bool:
        return transport.playing

    steps = [
        ("transport.previous_frame", "One frame back", -1, "Left", "previous"),
        ("transport.next_frame", "One frame on", 1, "Right", "next"),
    ]

    def jump(direction: int) -> None:
        session.step(direction * session.settings.jump_frames)

    def skip(direction: int) -> None:
        """What plays goes on from there."""
        jump_ns = session.settings.jump_seconds * 1_000_000_000
        transport.seek(transport.position_ns + direction * jump_ns)

    def frames() -> str:
        return f"({session.settings.jump_frames})"

    def seconds() -> str:
        return f"({session.settings.jump_seconds})"

    jumps = [
        ("transport.frames_back", "Several frames back", jump, -1, "Shift+Left", frames),
        ("transport.frames_on", "Several frames on", jump, 1, "Shift+Right", frames),
        ("transport.seconds_back", "Seconds back", skip, -1, "Shift+J", seconds),
        ("transport.seconds_on", "Seconds on", skip, 1, "Shift+L", seconds),
    ]
    return [
        Command("transport.play", "Play or pause", transport.toggle, "Play", "play", ("Space",),
                there, playing),
        *(Command(name, title, partial(session.step, by), "Play", icon, (key,), there,
                  repeats=True) for name, title, by, key, icon in steps),
        *(Command(name, title, partial(run, by), "Play", "", (key,), there, repeats=True,
                  about=about) for name, title, run, by, key, about in jumps),
        Command("transport.go_to", "Go to a time or frame…", window.asking.time, "Play", "",
                ("Ctrl+Shift+J",), there),
        Command("transport.first", "To the start", first, "Play", "first", ("Home",), there),
        Command("transport.last", "To the end", last, "Play", "last", ("End",), there),
        Command("transport.shuttle_back", "Play backwards, faster each time",
                partial(transport.shuttle, -1), "Play", "", ("J",), there),
        Command("transport.shuttle_stop", "Pause at normal speed", partial(transport.shuttle, 0),
                "Play", "", ("K",), there),
        Command("transport.shuttle_on", "Play, faster each time", partial(transport.shuttle, 1),
                "Play", "", ("L",), there),
    ]  # fmt: skip


def _speed_commands(window: MainWindow) -> list[Command]:
    transport, there = window.session.transport, window.has_recording

    def is_rate(rate: float) -> bool:
        return transport.rate == rate

    def muted() -> bool:
        return window.session.settings.muted

    def flip_mute() -> None:
        settings = window.session.settings
        settings.muted = not settings.muted
        window.session.sound.set_volume(0.0 if settings.muted else settings.volume)
        window.save_settings()

    return [
        Command("transport.slower", "Slower", partial(transport.change_rate, -1), "Play", "speed",
                (",",), there, repeats=True),
        Command("transport.faster", "Faster", partial(transport.change_rate, 1), "Play", "",
                (".",), there, repeats=True),
        *(Command(f"transport.rate_{rate:g}", f"Speed {rate:g}×",
                  partial(transport.set_rate, rate), "Play", "", (), there,
                  partial(is_rate, rate)) for rate in RATES),
        Command("transport.mute", "Mute", flip_mute, "Play", "mute", ("Ctrl+Shift+M",),
                checked=muted),
    ]  # fmt: skip


def _loop_commands(window: MainWindow) -> list[Command]:
    transport, there = window.session.transport, window.has_recording

    def looping() -> bool:
        return transport.loop is not None

    def whole() -> bool:
        return transport.loop == (transport.start_ns, transport.stop_ns)

    def loop_whole() -> None:
        span = (transport.start_ns, transport.stop_ns)
        transport.set_loop(None if whole() else span)

    def from_here() -> None:
        end = transport.loop[1] if transport.loop else transport.stop_ns
        if end <= transport.position_ns:
            end = transport.stop_ns
        transport.set_loop((transport.position_ns, end))

    def to_here() -> None:
        start = transport.loop[0] if transport.loop else transport.start_ns
        if start >= transport.position_ns:
            start = transport.start_ns
        transport.set_loop((start, transport.position_ns))

    return [
        Command("transport.loop_clip", "Loop the clip",
                partial(toggle_loop_clip, window.session), "Play", "loop",
                ("Ctrl+L",), there, looping),
        Command("transport.play_clip", "Play the clip once", window.labelling.playing.play, "Play",
                "", ("Shift+Space",), window.labelling.clips.any_target,
                why=because("No clip is selected or under the playhead.")),
        Command("transport.loop_whole", "Loop the recording", loop_whole, "Play", "",
                ("Ctrl+Shift+L",), there, whole),
        Command("transport.loop_from", "Loop from here", from_here, "Play", "loop-range",
                ("Shift+I",), there),
        Command("transport.loop_to", "Loop to here", to_here, "Play", "", ("Shift+O",), there),
    ]  # fmt: skip


def toggle_loop_clip(session: Session) -> None:
    """Loop the selected clip, else the one under the playhead, else the whole recording."""
    transport, document = session.transport, session.document
    if transport.loop is not None:
        transport.set_loop(None)
        return
    selected = session.selected_clip()
    clip = None if selected is None else selected[1]
    if clip is None and document is not None:
        tier = document.tier(session.tier_name)
        clip = None if tier is None else tier.at(transport.position_ns)
    if clip is None:
        transport.set_loop((transport.start_ns, transport.stop_ns))
        return
    transport.set_loop((clip.start_ns, clip.end_ns))
    if not clip.start_ns <= transport.position_ns < clip.end_ns:
        transport.seek(clip.start_ns)


def _view_commands(window: MainWindow) -> list[Command]:
    def in_workspace(name: str) -> bool:
        return window.arrangement.workspace == name

    workspaces = [
        Command(command_id, f"{title} workspace", partial(window.set_workspace, command_id),
                "View", "panes", (WORKSPACE_KEYS[command_id],),
                checked=partial(in_workspace, command_id))
        for command_id, title in WORKSPACES
    ]  # fmt: skip
    return [
        *workspaces,
        Command("view.palette", "Search commands, recordings, labels", window.show_palette, "View",
                "search", ("Ctrl+P",)),
        Command("view.search_library", "Search the library", window.search_library, "View",
                "filter", ("Ctrl+F",)),
        Command("view.full_screen", "Pictures on the full screen", window.toggle_full_screen,
                "View", "fullscreen", ("F", "F11"), window.shows_pictures,
                checked=window.is_full_screen, why=because(NOT_SEEN)),
    ]  # fmt: skip


def _panel_commands(window: MainWindow) -> list[Command]:
    def command(
        name: str,
        title: str,
        icon: str,
        key: str,
        shown: Callable[[], bool],
        flip: Callable[[], None],
    ) -> Command:
        return Command(name, title, flip, "View", icon, (key,), checked=shown)

    panels = [
        ("view.library", "Library", "panel-left", "F2", "library"),
        ("view.labels", "Labels and clip", "panel-right", "F3", "labels"),
        ("view.timeline", "Timeline", "panel-bottom", "F4", "timeline"),
    ]
    panes = [
        command(f"view.pane_{pane}", title, PANE_ICONS.get(pane, pane), f"Alt+{number}",
                partial(window.pane_area.is_shown, pane), partial(window.toggle_pane, pane))
        for number, (pane, title) in enumerate(PANE_TITLES.items(), start=1)
    ]  # fmt: skip
    return [
        *(command(name, title, icon, key, partial(window.arrangement.is_seen, panel),
                  partial(window.arrangement.toggle, panel))
          for name, title, icon, key, panel in panels),
        command("view.measures", "Measures of movement", "measure", "F6", window.measures_seen,
                window.toggle_measures),
        Command("view.team", "Team", partial(window.arrangement.toggle, "team"), "View",
                "person", checked=partial(window.arrangement.is_seen, "team")),
        *panes,
        Command("view.overlay", "Skeletons over the pictures", window.toggle_overlays, "View",
                "overlay", ("Ctrl+K",), checked=window.overlays_shown),
        Command("view.reset_panes", "Arrange the panes afresh", window.reset_panes, "View", "grid"),
    ]  # fmt: skip


def _look_commands(window: MainWindow) -> list[Command]:
    def wished(theme: str) -> bool:
        return window.session.settings.theme == theme

    themes = [
        ("dark", "Dark colours", "dark"),
        ("light", "Light colours", "light"),
        ("system", "Colours as the system", ""),
    ]
    return [
        Command("view.align", "Align streams…", window.asking.alignment, "View", "align", (),
                window.has_recording, why=because("Open a recording first.")),
        *(Command(f"view.theme_{name}", title, partial(window.set_theme, name), "View", icon,
                  checked=partial(wished, name)) for name, title, icon in themes),
    ]  # fmt: skip


def _help_commands(window: MainWindow) -> list[Command]:
    return [
        Command("help.keys", "Keys", window.show_sheet, "Help", "keyboard", ("?", "F1")),
        Command("help.diagnose", "Copy a diagnosis", window.asking.copy_diagnosis, "Help", "copy"),
        Command("help.about", "About HARStudio", window.asking.about, "Help", "info"),
    ]  # fmt: skip
