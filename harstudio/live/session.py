"""A live session: a source, and the processes that find people, recognise and record.

    capture -> pose (where the sensor gives no skeleton) -> recogniser
       \\_______________ rings in shared memory ______________/ -> recorder, screen

The parent holds the rings and listens. ``heard(stage, kind, payload)`` gets what the stages say
(stages: "capture", "pose", "recogniser", "recorder", and "session" for what is said here); it is
called on threads of the workers and must not wait.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from harstudio.errors import HarstudioError
from harstudio.jobs.launcher import default_threads
from harstudio.live.report import LiveReport
from harstudio.live.sources import public_address
from harstudio.live.sources.source import CaptureSettings
from harstudio.live.stage import Heard, Payload, Stage
from harstudio.live.streams import (
    LiveStream,
    cameras_from_payload,
    cameras_to_payload,
    spec_from_payload,
)
from harstudio.live.watch_log import WatchLog
from harstudio.recordings.formats.harrec_header import StreamSpec
from harstudio.recordings.streams import StreamKind
from harstudio.runs.bundled import find_run
from harstudio.skeletons.cameras import Camera

POSE_TOPOLOGY = "kinect_v2_25"
SAVING_S = 20.0  # a recording is finished
ENDING_S = 3.0
CAPTURE, POSE, RECOGNISER, RECORDER = STAGES = ("capture", "pose", "recogniser", "recorder")
PRELOAD = {
    CAPTURE: ("harstudio.live.capturing",),
    POSE: ("harstudio.live.pose.jobs",),
    RECOGNISER: ("harstudio.live.recognising.jobs",),
    RECORDER: ("harstudio.live.recorder.jobs",),
}
JOBS = {
    CAPTURE: "harstudio.live.capturing:capture",
    POSE: "harstudio.live.pose.jobs:find_pose",
    RECOGNISER: "harstudio.live.recognising.jobs:recognise",
    RECORDER: "harstudio.live.recorder.jobs:record",
}


@dataclass(frozen=True, slots=True)
class LiveOptions:
    """What a session is to do.

    source: "webcam:0", "replay:PATH", ... run: a run's folder or a bundled name, "" to recognise
    nothing. labels: the only ones that are told, none = all. known: the least score of what is
    known, None = the run's own. pose_model: "lite" (also ""), "full" or "heavy". record_folder:
    where recordings go, None = no recorder. keep_s: so many seconds before a recording are kept in
    memory. sound: a stream that the studio fills from a microphone. engine: "torch" or "onnx".
    """

    source: str
    settings: CaptureSettings = field(default_factory=CaptureSettings)
    run: str = ""
    labels: tuple[str, ...] = ()
    known: float | None = None
    explain: bool = False
    pose_model: str = ""
    record_folder: Path | None = None
    annotator: str = ""
    keep_s: float = 0.0
    sound: StreamSpec | None = None
    device: str = "auto"
    engine: str = "torch"


class LiveSession:
    """Starts its stages, joins them by rings, starts them again, ends them. Safe from threads."""

    def __init__(self, options: LiveOptions, heard: Heard) -> None:
        self.options = options
        self.streams: dict[str, LiveStream] = {}
        self.cameras: dict[str, Camera] = {}
        self.start_ns = 0  # monotonic
        self.report = LiveReport(_public(options.source))
        self.run_folder = find_run(options.run) if options.run else None
        self.scratch = Path(tempfile.mkdtemp(prefix="harstudio-live-"))
        self._heard = heard
        self._watch_log = WatchLog(self.say)
        self._lock = threading.RLock()
        self._given: dict[str, StreamSpec] | None = None  # the source's own streams
        self._ended = False
        threads = {POSE: default_threads(), RECOGNISER: default_threads()}
        self._stages = {
            name: Stage(
                name,
                self._hear,
                threads=threads.get(name, 1),
                device=options.device,
                preload=PRELOAD[name],
            )
            for name in STAGES
        }

    def start(self) -> None:
        """Begin; all processes start at once, so that models are warm when the camera is open.
        OSError: no process can be started."""
        self.start_ns = time.monotonic_ns()
        self.report.begin(self.start_ns)
        options = self.options
        self._stages[CAPTURE].run(
            JOBS[CAPTURE], {"source": options.source, "settings": options.settings.to_payload()}
        )
        if self.run_folder is not None:
            self._stages[RECOGNISER].warm_up()
        if options.record_folder is not None:
            self._stages[RECORDER].warm_up()

    def say(self, stage: str, kind: str, payload: Payload) -> None:
        """To a stage's job ("recogniser", "labels", {"names": [...]})."""
        self._stages[stage].say(kind, payload)

    def pids(self) -> dict[str, int]:
        """Of the stages that run."""
        return {name: stage.pid for name, stage in self._stages.items() if stage.pid is not None}

    def stop(self) -> None:
        """End all stages, the recording first saved, and take the rings away; waits for that."""
        with self._lock:
            if self._ended:
                return
            self._ended = True
        self.report.end(time.monotonic_ns())
        self._watch_log.end()
        for stage in self._stages.values():
            stage.stop()
        self._stages[RECORDER].wait(SAVING_S)
        for stage in self._stages.values():
            stage.wait(ENDING_S)
        self._close_rings()
        shutil.rmtree(self.scratch, ignore_errors=True)

    # ---- what stages say

    def _hear(self, stage: str, kind: str, payload: Payload) -> None:
        if stage == CAPTURE and kind == "opened":
            try:
                self._join(payload)
            except (HarstudioError, OSError) as error:
                self._heard("session", "failed", _told(error))
        if self.options.record_folder is not None:
            self._watch_log.hear(stage, kind, payload)
        self.report.hear(stage, kind, payload)
        self._heard(stage, kind, payload)

    def _join(self, opened: Payload) -> None:
        """The source is open: rings for what it gives, and the stages that read them."""
        with self._lock:
            if self._ended:
                return
            specs = {spec.name: spec for spec in map(spec_from_payload, opened["streams"])}
            if specs != self._given:
                self._close_rings()
                for name, spec in specs.items():
                    self.streams[name] = LiveStream.create(spec)
                self._given = specs
                self.cameras = cameras_from_payload(opened.get("cameras", {}))
                self._start_stages(mirrored=bool(opened.get("mirrored", True)))
            if self._ended:  # whoever heard of the streams has stopped it
                return
            self._stages[CAPTURE].amend({"again": True})
            payloads = [self.streams[name].to_payload() for name in specs]
            self._stages[CAPTURE].say("rings", {"streams": payloads})

    def _start_stages(self, *, mirrored: bool) -> None:
        options = self.options
        kinds = {stream.spec.kind: name for name, stream in self.streams.items()}
        color = kinds.get(StreamKind.COLOR)
        if color is not None and StreamKind.SKELETON not in kinds:
            self._start_pose(color, kinds.get(StreamKind.DEPTH), mirrored=mirrored)
        else:
            self._stages[POSE].stop()
        if options.sound is not None:
            self.streams[options.sound.name] = LiveStream.create(options.sound)
        shared = {
            "streams": [stream.to_payload() for stream in self.streams.values()],
            "cameras": cameras_to_payload(self.cameras),
            "start_ns": self.start_ns,
        }
        if self.run_folder is not None:
            asked = {
                "run": str(self.run_folder),
                "labels": list(options.labels),
                "known": options.known,
                "explain": options.explain,
                "engine": options.engine,
                "scratch": str(self.scratch),
            }
            self._stages[RECOGNISER].run(JOBS[RECOGNISER], shared | asked)
        if options.record_folder is not None:
            asked = {
                "folder": str(options.record_folder),
                "annotator": options.annotator,
                "keep_s": options.keep_s,
            }
            self._stages[RECORDER].run(JOBS[RECORDER], shared | asked)
        self._heard("session", "streams", {"names": list(self.streams)})

    def _start_pose(self, color: str, depth: str | None, *, mirrored: bool) -> None:
        rate = self.streams[color].spec.rate_hz
        spec = StreamSpec("skeleton", StreamKind.SKELETON, rate_hz=rate, topology=POSE_TOPOLOGY)
        self.streams["skeleton"] = LiveStream.create(spec)
        self._stages[POSE].run(
            JOBS[POSE],
            {
                "color": self.streams[color].to_payload(),
                "depth": None if depth is None else self.streams[depth].to_payload(),
                "cameras": cameras_to_payload(self.cameras),
                "out": self.streams["skeleton"].to_payload(),
                "model": self.options.pose_model,
                "topology": POSE_TOPOLOGY,
                "mirrored": mirrored,
            },
        )

    def _close_rings(self) -> None:
        for stream in self.streams.values():
            with contextlib.suppress(OSError):
                stream.close()
        self.streams = {}


def _public(source: str) -> str:
    kind, _, address = source.partition(":")
    return f"{kind}:{public_address(address)}"


def _told(error: HarstudioError | OSError) -> Payload:
    if isinstance(error, HarstudioError):
        path = "" if error.path is None else str(error.path)
        return {
            "sentence": str(error),
            "message": error.message,
            "remedy": error.remedy,
            "path": path,
        }
    return {"sentence": f"{error.strerror or error}.", "message": "", "remedy": "", "path": ""}
