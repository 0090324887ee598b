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

from harstudio import __version__, cli_labels, cli_output
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

AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")
]
AsPage = Annotated[
    Path | None,
    typer.Option(
        "--html",
        metavar="F",
        help="Also a page, with figures and tables as files beside it.",
    ),
]
OnDevice = Annotated[str, typer.Option("--device", help="auto, cpu, cuda or cuda:1.")]
Threads = Annotated[
    int | None, typer.Option("--threads", min=1, help="Threads of the processor; else all cores.")
]


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


@app.command()
def predict(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder, or bundled weights.")],
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", help="Recordings, or folders of them.")
    ],
    json: AsJson = False,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder for one file a recording and predictions.json."),
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Also keep what the network looked at (with --out).")
    ] = False,
    window: Annotated[
        float | None, typer.Option(help="Seconds of a window; else the run's usual clip.")
    ] = None,
    stride: Annotated[
        float | None, typer.Option(help="Seconds from window to window; else a quarter of one.")
    ] = None,
    scales: Annotated[
        str, typer.Option(metavar="LIST", help="Windows of several lengths, as 0.7,1,1.4.")
    ] = "1",
    smooth: Annotated[
        float, typer.Option(metavar="S", help="Seconds over which scores are averaged.")
    ] = 0.0,
    least_confidence: Annotated[
        float, typer.Option(metavar="P", help="Below this score nothing is said, 0 to 1.")
    ] = 0.0,
    shortest: Annotated[
        float | None,
        typer.Option(metavar="S", help="Seconds of a segment at least; else half a window."),
    ] = None,
    each_person: Annotated[
        bool, typer.Option("--each-person", help="Recognise every body by itself.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Keep what DIR already answers in the same way.")
    ] = False,
    device: OnDevice = "auto",
    threads: Threads = None,
) -> None:
    """Say which actions recordings show (status 1 when one of them fails)."""
    from harstudio.cli_predict import predict as predict_all

    status = predict_all(
        run,
        paths,
        as_json=json,
        out=out,
        explain=explain,
        device=device,
        threads=threads,
        asked={
            "window_s": window,
            "stride_s": stride,
            "scales": scales,
            "each_person": each_person,
            "trimming": {
                "smooth_s": smooth,
                "confidence": least_confidence,
                "least_s": shortest,
            },
        },
        resume=resume,
    )
    raise typer.Exit(status)


@app.command()
def explain(
    recognition: Annotated[
        Path, typer.Argument(metavar="FILE", help="NAME.recognition.npz of predict --explain.")
    ],
    out: Annotated[
        Path | None,
        typer.Argument(metavar="[OUT]", help="NAME.png, .mp4 or .npz; without, say what it tells."),
    ] = None,
    json: AsJson = False,
    recording: Annotated[
        Path | None, typer.Option(help="Where the recording is; else where it was recognised.")
    ] = None,
    stream: Annotated[
        str, typer.Option(help="Picture stream; else the one that the map lies on.")
    ] = "",
    map_name: Annotated[
        str | None, typer.Option("--map", metavar="NAME", help="Over the picture; none for none.")
    ] = None,
    joints: Annotated[
        str | None, typer.Option(metavar="NAME", help="On the joints; none for none.")
    ] = None,
    person: Annotated[
        str, typer.Option(metavar="ID", help="With predict --each-person; else the first.")
    ] = "",
    opacity: Annotated[float | None, typer.Option(help="Of the map, from 0 to 1.")] = None,
    threshold: Annotated[
        float | None, typer.Option(help="Weights below are not drawn, from 0 to 1.")
    ] = None,
    at: Annotated[
        float | None, typer.Option(metavar="S", help="Of a picture, in seconds; else the middle.")
    ] = None,
    start: Annotated[
        float | None, typer.Option("--from", metavar="S", help="Of a video, in seconds.")
    ] = None,
    end: Annotated[
        float | None, typer.Option("--to", metavar="S", help="Of a video, in seconds.")
    ] = None,
    hide_faces: Annotated[
        bool, typer.Option("--hide-faces", help="Else where the project says so.")
    ] = False,
) -> None:
    """Save what a network looked at as a picture, a video or arrays."""
    from harstudio.cli_explain import explain as save

    save(
        recognition,
        out,
        as_json=json,
        recording=recording,
        stream=stream,
        map_name=map_name,
        joints=joints,
        person=person,
        opacity=opacity,
        threshold=threshold,
        at_s=at,
        start_s=start,
        end_s=end,
        hide_faces=hide_faces,
    )


@app.command()
def prepare(
    data: Annotated[
        Path,
        typer.Argument(metavar="DATASET", help="A dataset, a project, demo, or a CONFIG.toml."),
    ],
    out: Annotated[
        Path, typer.Option(metavar="CACHE", help="A new folder, or one that was begun so.")
    ],
    network: Annotated[
        str, typer.Option(metavar="NAME", help="The network; else that of the config.")
    ] = "",
    change: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Of data, network or preprocessing."),
    ] = None,
    threads: Threads = None,
    json: AsJson = False,
) -> None:
    """Read every clip once, as a network needs it; trainings take it from there."""
    from harstudio import cli_prepare

    cli_prepare.prepare(data, out, network, change or (), threads=threads, json=json)


@app.command()
def train(
    config: Annotated[Path, typer.Argument(metavar="CONFIG.toml", help="What to train on what.")],
    change: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Another value, training.epochs=3 say."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with a run that was stopped.")
    ] = False,
    device: OnDevice = "auto",
    threads: Threads = None,
    json: AsJson = False,
) -> None:
    """Train a network; the run folder gets weights, metrics, evaluation and a card."""
    from harstudio import cli_learning

    where = cli_learning.Where(device, threads)
    cli_learning.train(config, change or [], where, resume=resume, json=json)


@app.command()
def study(
    file: Annotated[
        Path, typer.Argument(metavar="FILE.toml", help="A config, its variants, protocols, seeds.")
    ],
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on: what is trained is not trained again.")
    ] = False,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="A page with figures as well.")
    ] = None,
    device: OnDevice = "auto",
    threads: Threads = None,
    json: AsJson = False,
) -> None:
    """Train variants by protocols and seeds, and compare them (status 1 when one fails)."""
    from harstudio import cli_study

    cli_study.study(file, resume=resume, json=json, html=html, device=device, threads=threads)


@app.command()
def evaluate(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder, or bundled weights.")],
    data: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Other labelled data; else the run's own test part."),
    ] = None,
    part: Annotated[str, typer.Option(help="train, validation or test.")] = "test",
    weights: Annotated[
        str, typer.Option(help="last or best; else those that the run is used with.")
    ] = "",
    without: Annotated[
        list[str] | None,
        typer.Option(metavar="KIND", help="As if no recording had it: what a missing one costs."),
    ] = None,
    disturbed: Annotated[
        str,
        typer.Option(metavar="CONDITION", help="As if all were recorded worse, as in half-rate."),
    ] = "",
    robustness: Annotated[
        bool,
        typer.Option(
            "--robustness",
            help="Also with each modality missing, and under worse conditions.",
        ),
    ] = False,
    explanations: Annotated[
        bool,
        typer.Option("--explanations", help="Also how true what the network shows is."),
    ] = False,
    clips: Annotated[
        int | None,
        typer.Option(
            min=0, metavar="N", help="Clips whose explanations are checked.  [default: 40; 0: all]"
        ),
    ] = None,
    device: OnDevice = "auto",
    threads: Threads = None,
    json: AsJson = False,
    html: AsPage = None,
) -> None:
    """Say how well a trained network does: accuracy, classes, confusions."""
    from harstudio.cli_evaluate import evaluate as evaluate_run
    from harstudio.cli_learning import Where

    evaluate_run(
        run,
        data,
        Where(device, threads),
        part=part,
        weights=weights,
        without=without or (),
        disturbed=disturbed,
        robustness=robustness,
        explanations=explanations,
        clips=clips,
        json=json,
        html=html,
    )


@app.command()
def compare(
    runs: Annotated[
        list[str],
        typer.Argument(metavar="RUN...", help="Run folders, or names of bundled weights."),
    ],
    add: Annotated[
        bool, typer.Option("--sum", help="Also the figures of their scores added clip by clip.")
    ] = False,
    json: AsJson = False,
    html: AsPage = None,
) -> None:
    """Set evaluated runs side by side: figures, McNemar's test, seeds and folds, configs."""
    from harstudio import cli_compare

    cli_compare.compare(runs, add=add, json=json, html=html)


app.add_typer(cli_labels.app, name="labels")

weights_app = typer.Typer(
    help="Weights that come with the program, that others published, or to pass on.",
    no_args_is_help=True,
)
app.add_typer(weights_app, name="weights")


@weights_app.command("import")
def import_weights(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A .pth or .safetensors file.")],
    network: Annotated[str, typer.Option(metavar="NAME", help="The network that takes them.")],
    out: Annotated[Path, typer.Option(metavar="RUN", help="A new run folder, or an imported one.")],
    classes: Annotated[
        Path | None, typer.Option(metavar="TXT", help="Names of the classes, one a line.")
    ] = None,
    topology: Annotated[str, typer.Option(help="The joints; else those of the paper.")] = "",
    part: Annotated[
        str, typer.Option(help="Only this part of the network; else all that fit.")
    ] = "",
    change: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="An option of the network."),
    ] = None,
    json: AsJson = False,
) -> None:
    """Put published weights into a run folder, every tensor of the file accounted for."""
    from harstudio import cli_learning

    cli_learning.import_weights(
        file, network, out, change or (), classes=classes, topology=topology, part=part, json=json
    )


@weights_app.command("list")
def list_weights(json: AsJson = False) -> None:
    """List the weights that come with the program: RUN may be one of their names."""
    from harstudio import cli_weights

    cli_weights.list_weights(json=json)


@weights_app.command("pack")
def pack_weights(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder, or bundled weights.")],
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A new folder; its name is theirs.")],
    about: Annotated[
        Path, typer.Option(metavar="TOML", help="What the card shall say of data, terms, figures.")
    ],
    json: AsJson = False,
) -> None:
    """Make a run small enough to pass on: float16 weights with a card."""
    from harstudio import cli_weights

    cli_weights.pack(run, out, about, json=json)


@app.command()
def models(json: AsJson = False) -> None:
    """List the networks that can be trained, with their sizes as their papers use them."""
    from harstudio import cli_learning

    cli_learning.models(json=json)


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
