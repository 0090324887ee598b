"""The command line: every command is a thin call into a room above.

Rooms are imported when a command runs, so that ``harstudio --help`` answers at once. Errors are
one sentence on stderr; exit status 0 fine, 1 something in the data failed, 2 wrong usage.
"""

from __future__ import annotations

import enum
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from harstudio import (
    __version__,
    cli_calibrate,
    cli_compare,
    cli_evaluate,
    cli_explain,
    cli_export,
    cli_labels,
    cli_learning,
    cli_live,
    cli_output,
    cli_pose,
    cli_predict,
    cli_prepare,
    cli_study,
    cli_weights,
)
from harstudio.cli_options import AsJson
from harstudio.errors import HarstudioError, UsageError

# What typer raises for wrong arguments of every kind; the class itself has no public name.
USAGE_ERRORS: type[Exception] = typer.BadParameter.__mro__[1]
STOPPED = 130

app = typer.Typer(
    name="harstudio",
    help="The desktop studio for human action recognition from RGB-D cameras.",
    epilog="Without a command the studio opens.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"terminal_width": 100, "help_option_names": ["-h", "--help"]},
)


class Layout(enum.StrEnum):
    """Layouts that sample recordings are written in."""

    NTU = "ntu"
    UTD = "utd"
    HARREC = "harrec"


class Target(enum.StrEnum):
    """What recordings are converted to."""

    HARREC = "harrec"
    MP4 = "mp4"


def _version(asked: bool) -> None:
    if asked:
        print(f"harstudio {__version__}")  # noqa: T201
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    _shown: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        _studio([])


def _studio(paths: list[Path], demo: bool = False) -> None:
    from harstudio.studio.app import run_studio

    raise typer.Exit(run_studio(paths, demo=demo))


@app.command("open")
def open_(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="PATH...", help="Recordings, dataset folders or projects."),
    ],
) -> None:
    """Open the studio on recordings, folders of recordings or a project."""
    for path in paths:
        cli_output.must_exist(path)
    _studio([path.absolute() for path in paths])


@app.command()
def demo() -> None:
    """Open the studio on the demo project."""
    _studio([], demo=True)


@app.command()
def info(
    path: Annotated[Path, typer.Argument(help="A file or folder of the recording.")],
    json: AsJson = False,
) -> None:
    """Say what a recording holds: streams, frames, rates, times, problems."""
    from harstudio.recordings.formats import open_recording

    cli_output.must_exist(path)
    with open_recording(path) as recording:
        described = recording.describe()
    if json:
        cli_output.print_json(described)
    else:
        cli_output.print_info(described)


@app.command()
def scan(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder, searched whole.")],
    json: AsJson = False,
) -> None:
    """List the recordings in a folder and what is wrong there (then the status is 1)."""
    from harstudio.recordings.formats import scan as scan_folder

    cli_output.must_be_folder(folder)
    with cli_output.Progress("Scanning", unit="files") as progress:
        result = scan_folder(folder, progress=progress.count)
    document = cli_output.scan_document(result)
    if json:
        cli_output.print_json(document)
    else:
        cli_output.print_scan(document)
    if result.problems:
        raise typer.Exit(1)


@app.command()
def sample(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="Folder to write into.")],
    layout: Annotated[Layout, typer.Option(help="Layout of the files.")] = Layout.HARREC,
    subjects: Annotated[int, typer.Option(min=1, max=999, help="How many people.")] = 2,
    actions: Annotated[
        str, typer.Option(help='Names or codes with commas between, or "all".')
    ] = "clap,wave,throw",
    repeats: Annotated[int, typer.Option(min=1, max=999, help="Times each does it.")] = 1,
    views: Annotated[int, typer.Option(min=1, max=3, help="Cameras that see it.")] = 1,
    seed: Annotated[int, typer.Option(help="The same seed makes the same files.")] = 0,
    color_width: Annotated[
        int, typer.Option(min=0, help="Pixels of colour pictures; 0 as the layout has them.")
    ] = 0,
) -> None:
    """Make sample recordings of scripted people in the layout of a dataset."""
    from harstudio.synthesis.sample import write_sample

    with cli_output.Progress("Making recordings", unit="") as progress:
        report = write_sample(
            out,
            layout=layout.value,
            subjects=subjects,
            actions=() if actions == "all" else _listed(actions),
            repeats=repeats,
            views=views,
            seed=seed,
            color_width=color_width,
            progress=progress.of,
        )
    many = "recording" if report.recordings == 1 else "recordings"
    cli_output.print_line(
        f"{report.recordings} {many} of {report.frames} frames in all are in {out}."
    )


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part for part in (one.strip() for one in text.split(",")) if part)


@app.command()
def convert(
    source: Annotated[
        Path, typer.Argument(metavar="SRC", help="A recording, or a folder of recordings.")
    ],
    target: Annotated[
        Path,
        typer.Argument(metavar="DST", help="NAME.mp4, NAME.harrec, or a folder for many."),
    ],
    to: Annotated[
        Target | None,
        typer.Option(help="Format; else by the ending of DST, mp4 where there are overlays."),
    ] = None,
    overlay: Annotated[
        str, typer.Option(help="Drawn over the pictures, with commas between: skeleton, time.")
    ] = "",
    stream: Annotated[
        str, typer.Option(help="Picture stream of the mp4; else colour, depth or infrared.")
    ] = "",
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace what is there; else it is left alone.")
    ] = False,
    hide_faces: Annotated[
        bool, typer.Option("--hide-faces", help="In an mp4; else where the project says so.")
    ] = False,
) -> None:
    """Convert recordings to harrec, the native format, or to mp4 with overlays."""
    from harstudio.labels.team.faces_rule import hides_faces, projects_of
    from harstudio.recordings.conversion import Conversion, convert_all

    cli_output.must_exist(source)
    conversion = Conversion.asked(
        target, to=str(to) if to else "", overlay=overlay, stream=stream, overwrite=overwrite
    )
    conversion = replace(conversion, hides_faces=(lambda _: True) if hide_faces else hides_faces)
    if conversion.to == "mp4" and not hide_faces and not projects_of(source / "any"):
        cli_output.say("It is in no project known here: faces are as recorded (--hide-faces).")
    with cli_output.Progress("Converting", unit="") as progress:
        outcome = convert_all(source, target, conversion, progress=progress.of)
    for sentence in outcome.failures:
        cli_output.complain(sentence)
    for sentence in outcome.left_alone:
        cli_output.say(sentence)
    cli_output.print_line(outcome.summary())
    if outcome.failures:
        raise typer.Exit(1)


app.command()(cli_predict.predict)
app.command()(cli_explain.explain)
app.command()(cli_export.export)
app.command()(cli_live.live)
app.command()(cli_calibrate.calibrate)
app.command()(cli_prepare.prepare)
app.command()(cli_learning.train)
app.command()(cli_study.study)
app.command()(cli_evaluate.evaluate)
app.command()(cli_compare.compare)
app.command()(cli_learning.models)
app.add_typer(cli_labels.app, name="labels")
app.add_typer(cli_weights.app, name="weights")
app.add_typer(cli_pose.app, name="pose")


@app.command()
def diagnose(json: AsJson = False) -> None:
    """Say what this machine has: versions, Qt, OpenGL, sound, fonts, folders."""
    from harstudio.diagnose import diagnosis

    document = diagnosis()
    if json:
        cli_output.print_json(document)
    else:
        cli_output.print_diagnosis(document)


@app.command("qt-report", hidden=True)
def qt_report() -> None:
    """What Qt has here, as JSON; a process of its own for ``diagnose``, because Qt may abort."""
    from harstudio.studio.qt_report import report

    cli_output.print_json(report())


def _fail(sentence: str, code: int) -> NoReturn:
    cli_output.complain(sentence)
    sys.exit(code)


def _unexpected(error: Exception) -> NoReturn:
    """A mistake of ours: one sentence, and the whole story for who asks."""
    if os.environ.get("HARSTUDIO_DEBUG"):
        raise error
    what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    _fail(
        f"This should not have happened ({what}). Set HARSTUDIO_DEBUG=1 to see where, and please "
        "report it with the output of harstudio diagnose.",
        1,
    )


def main(arguments: list[str] | None = None) -> None:
    """The program ``harstudio``; ends the process with its exit status."""
    cli_output.prepare_streams()
    try:
        status = app(args=arguments, prog_name="harstudio", standalone_mode=False)
    except HarstudioError as error:
        code = 2 if isinstance(error, UsageError) else error.exit_code
        _fail(str(error), code)
    except USAGE_ERRORS as error:
        context = getattr(error, "ctx", None)
        command = context.command_path if context is not None else "harstudio"
        message = str(getattr(error, "format_message", error.__str__)()).rstrip(".")
        _fail(f"{message}. See {command} --help.", 2)
    except (typer.Abort, KeyboardInterrupt):
        _fail("Stopped.", STOPPED)
    except OSError as error:
        _fail(cli_output.os_sentence(error), 1)
    except Exception as error:  # noqa: BLE001 -- the last resort, which must be one sentence too
        _unexpected(error)
    sys.exit(status if isinstance(status, int) else 0)


def studio() -> None:
    """The program ``harstudio-studio``: only the window, for menus and desktop files."""
    main(["open", *sys.argv[1:]] if sys.argv[1:] else [])
