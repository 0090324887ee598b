"""``harstudio live``: recognise what a camera, a Kinect or a replay sees now."""

from __future__ import annotations

import contextlib
import enum
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harstudio import cli_output
from harstudio.cli_options import AsJson, OnDevice
from harstudio.errors import DataError, UsageError

if TYPE_CHECKING:
    from harstudio.live.session import LiveOptions, LiveSession

USUAL_S = 60.0
STOPPED = 130  # exit status
SIGNALS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]


class Engine(enum.StrEnum):
    TORCH = "torch"
    ONNX = "onnx"


def live(
    source: Annotated[
        str,
        typer.Option("--source", metavar="S", help="webcam:0, kinect2:0, file:PATH, replay:PATH."),
    ] = "",
    run: Annotated[
        str, typer.Option("--run", metavar="RUN", help="A run folder, or bundled weights.")
    ] = "",
    labels: Annotated[
        str, typer.Option("--labels", metavar="A,B", help="Only these actions are told.")
    ] = "",
    known: Annotated[
        float | None,
        typer.Option(
            "--known",
            min=-1,
            max=1,
            help="Least score of what is named: lower is earlier, wronger.",
        ),
    ] = None,
    record: Annotated[
        Path | None, typer.Option("--record", metavar="DIR", help="Record into this folder.")
    ] = None,
    watch: Annotated[
        str,
        typer.Option("--watch", metavar="A,B", help="Alarm for these; with --record kept alone."),
    ] = "",
    headless: Annotated[bool, typer.Option("--headless", help="Without a window.")] = False,
    seconds: Annotated[
        float, typer.Option("--seconds", min=0.1, help="How long, with --headless.")
    ] = USUAL_S,
    json: AsJson = False,
    demo: Annotated[
        bool, typer.Option("--demo", help="Straight into demo mode, for visitors.")
    ] = False,
    list_sources: Annotated[
        bool, typer.Option("--list", help="Which sources are there, and why others are not.")
    ] = False,
    size: Annotated[
        str, typer.Option("--size", metavar="WxH", help="Of the colour picture, as 1280x720.")
    ] = "",
    fps: Annotated[float, typer.Option("--fps", min=0, help="Pictures a second.")] = 0.0,
    loop: Annotated[
        bool, typer.Option("--loop", help="A file or replay begins again at its end.")
    ] = False,
    as_it_is: Annotated[
        bool, typer.Option("--as-it-is", help="Do not turn a camera's picture into a mirror image.")
    ] = False,
    jitter_ms: Annotated[
        float, typer.Option("--jitter-ms", min=0, help="Of a replay: how unevenly frames come.")
    ] = 0.0,
    drop: Annotated[
        float, typer.Option("--drop", min=0, max=1, help="Of a replay: share of frames lost.")
    ] = 0.0,
    drift_ppm: Annotated[
        float, typer.Option("--drift-ppm", help="Of a replay: how much faster its clock runs.")
    ] = 0.0,
    pose: Annotated[
        str,
        typer.Option("--pose", metavar="MODEL", help="Finds skeletons: lite (usual), full, heavy."),
    ] = "",
    engine: Annotated[
        Engine, typer.Option("--engine", help="What asks the network; onnx for light ones.")
    ] = Engine.TORCH,
    device: OnDevice = "auto",
) -> None:
    """Recognise what a camera, Kinect or replay sees."""
    if list_sources:
        _print_sources(json)
        return
    if pose not in ("", "lite", "full", "heavy"):
        raise UsageError(
            f'There is no pose model "{pose}".', remedy="There are lite, full and heavy."
        )
    if json and not headless:
        raise UsageError("--json goes with --headless.", remedy="Add --headless.")
    if headless and not source:
        raise UsageError("No source is named.", remedy="Name one with --source; see --list.")
    watched = _names(watch)
    if watched and not headless:
        raise UsageError("--watch goes with --headless.", remedy="Choose them in the window.")
    chosen = _names(labels)
    if headless and (chosen or watched) and not run:
        raise UsageError("Actions are told by a run, and none is named.", remedy="Add --run.")
    _check_labels(run, chosen)
    from harstudio.live.session import LiveOptions
    from harstudio.live.sources.source import CaptureSettings
    from harstudio.live.watch_log import HELD_S

    width, height = _size(size)
    settings = CaptureSettings(
        width=width,
        height=height,
        fps=fps,
        mirror=False if as_it_is else None,
        loop=loop,
        jitter_ms=jitter_ms,
        drop=drop,
        drift_ppm=drift_ppm,
    )
    options = LiveOptions(
        source=source,
        settings=settings,
        run=run,
        labels=chosen,
        known=known,
        pose_model=pose,
        record_folder=record,
        keep_s=HELD_S if watched else 0.0,
        device=device,
        engine=engine.value,
    )
    if not headless:
        from harstudio.studio.app import LiveStart, run_studio

        raise typer.Exit(run_studio(live=LiveStart(options, visitors=demo)))
    headless_session = _Headless(options, watched)
    report = headless_session.run(seconds)
    if json:
        cli_output.print_json(report)
    else:
        cli_output.print_line(_summary(report))
    if headless_session.interrupted:
        raise typer.Exit(STOPPED)


class _Headless:
    """A session without a window; what changes is told on stderr."""

    def __init__(self, options: LiveOptions, watched: tuple[str, ...]) -> None:
        self._options, self._watched = options, watched
        self._alarms: list[dict[str, Any]] = []
        self._recorded: list[str] = []
        self._over = threading.Event()
        self._failed: dict[str, Any] | None = None
        self._session: LiveSession | None = None
        self._recorder_died = False
        self.interrupted = False  # by Ctrl+C or SIGTERM; the report is whole all the same

    def run(self, seconds: float) -> dict[str, Any]:
        """The report, after so many seconds, at the end of the source or when interrupted;
        DataError or UsageError where a stage gave up."""
        from harstudio.live.session import LiveSession

        session = self._session = LiveSession(self._options, self._hear)
        with self._signals():
            try:
                session.start()
                self._over.wait(seconds)
            finally:
                session.stop()
        if self._failed is not None:
            path = self._failed.get("path") or None
            message = self._failed.get("message") or self._failed["sentence"]
            kind = (
                UsageError if self._failed.get("exit_code") == UsageError.exit_code else DataError
            )
            raise kind(message, path=path, remedy=self._failed.get("remedy", ""))
        told = session.report.to_dict() | ({"alarms": self._alarms} if self._watched else {})
        return told | ({"recordings": self._recorded} if self._options.record_folder else {})

    @contextlib.contextmanager
    def _signals(self) -> Iterator[None]:
        """Ctrl+C, SIGTERM and a closed terminal end the session, the recording first saved; Ctrl+C
        once more ends it at once."""

        def ask(number: int, _frame: object) -> None:
            if self.interrupted and number == signal.SIGINT:
                raise KeyboardInterrupt
            self.interrupted = True
            # on a thread of its own: the main one may be in the middle of waiting for it
            threading.Thread(target=self._over.set, daemon=True).start()

        before = {number: signal.signal(number, ask) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _hear(self, stage: str, kind: str, payload: dict[str, Any]) -> None:
        if kind == "failed":
            self._fail(payload)
        elif kind in ("died", "log", "trouble"):
            self._recorder_died |= stage == "recorder" and kind == "died"
            cli_output.say(f"{stage}: {payload['sentence']}")
        elif kind == "source":
            if payload.get("sentence"):
                usual = payload["state"] in ("open", "running", "ended")
                (cli_output.note if usual else cli_output.say)(payload["sentence"])
            if payload["state"] == "ended":
                self._over.set()
        elif kind == "segment" and not payload["open"]:
            cli_output.note(f"{payload['name']} {100 * payload['confidence']:.0f} %")
        elif kind == "alarm":
            self._alarms.append(payload)
            cli_output.note(f"Alarm: {payload['name']} {100 * payload['confidence']:.0f} %")
        elif kind == "kept" or (kind == "recording" and payload["state"] == "done"):
            if payload["path"]:
                self._recorded.append(payload["path"])
                cli_output.note(f"Recorded in {payload['path']}.")
            if payload["sentence"]:
                cli_output.say(payload["sentence"])
        elif kind == "finished":
            if self._recorder_died:
                self._recorded.append(payload["path"])
            cli_output.say(f"{payload['path']} was cut off; it is whole now.")
        elif kind == "refused":
            if payload["what"] == "start" and not self._recorded:
                self._fail(payload)
            else:
                cli_output.say(payload["sentence"])
        elif stage == "session" and kind == "streams":
            assert self._session is not None  # noqa: S101 -- it speaks
            if self._watched:
                self._session.say("recogniser", "watch", {"names": list(self._watched)})
            elif self._options.record_folder:
                self._session.say("recorder", "start", {"name": "", "keep": False})

    def _fail(self, payload: dict[str, Any]) -> None:
        self._failed = self._failed or payload
        self._over.set()


def _names(text: str) -> tuple[str, ...]:
    return tuple(one.strip() for one in text.split(",") if one.strip())


def _check_labels(run: str, labels: tuple[str, ...]) -> None:
    """UsageError: the run does not know one; it would never be told. Names the nearest."""
    if not run or not labels:
        return
    from harstudio.runs.bundled import find_run
    from harstudio.runs.config import nearest
    from harstudio.runs.reading import read_data

    classes = (read_data(find_run(run)) or {}).get("classes")
    for name in labels:
        if isinstance(classes, list) and name not in classes:
            raise UsageError(f'"{name}" is no action of {run}.', remedy=nearest(name, classes))


def _size(text: str) -> tuple[int, int]:
    if not text:
        return 0, 0
    width, _, height = text.lower().partition("x")
    if not (width.isdigit() and height.isdigit()):
        raise UsageError(f'"{text}" is no size.', remedy="Write it as 1280x720.")
    return int(width), int(height)


def _print_sources(json: bool) -> None:
    from harstudio.live.finding import find_sources

    found = find_sources()
    if json:
        cli_output.print_json([facts.to_payload() for facts in found])
        return
    for facts in found:
        what = ", ".join((*facts.kinds, *facts.modes)) if facts.available else facts.reason
        cli_output.print_line(f"{facts.name:14} {facts.title}: {what}")


def _summary(report: dict[str, Any]) -> str:
    latency = report["latency_ms"]
    lines = [
        f"{report['source']}: {report['captured_frames']} frames in {report['seconds']:.1f} s",
        f"{report['recognised_frames']} recognised, {report['recognised_fps']:.1f} a second",
        f"dropped: {', '.join(f'{k} {v}' for k, v in report['dropped'].items()) or 'none'}",
    ]
    if latency["p50"] is not None:
        lines.append(f"latency: median {latency['p50']:.0f} ms, p95 {latency['p95']:.0f} ms")
        stages = latency["stages"].items()
        lines.append("  " + ", ".join(f"{k} {v['p50']} / {v['p95']}" for k, v in stages))
    return "\n".join(lines)
