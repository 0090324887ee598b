"""Job: recognise what live sensors show."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from harstudio.errors import DataError
from harstudio.jobs.context import ListeningContext, Payload
from harstudio.live.growing import GrowingRecording
from harstudio.live.recognising.engine import Engine, TorchEngine, fixed_shares, gate_of, warm_up
from harstudio.live.recognising.explaining import Explaining
from harstudio.live.recognising.intake import Intake, Stamp
from harstudio.live.recognising.recogniser import (
    Confident,
    Facts,
    Recogniser,
    Told,
    keep_ns,
)
from harstudio.live.recognising.segments import NOTHING, LiveSegment
from harstudio.live.streams import LiveStream, cameras_from_payload
from harstudio.recognition.network_cache import network_of
from harstudio.recognition.recognise import suited_to
from harstudio.recognition.trained import TrainedNetwork
from harstudio.recordings.streams import StreamKind
from harstudio.results import Recognition

WAIT_S = 0.05
NAME = "live"


def recognise(payload: Payload, context: ListeningContext) -> Payload:
    """Recognise the newest window again and again, until stopped.

    payload: run (folder), streams (of ``LiveStream.to_payload``), cameras, start_ns (the session's
    zero), labels (names that are told, none = all), known (least confidence of what is told, None =
    as the run's calibration has it), explain (bool), engine ("torch"), scratch (folder for
    explanations).

    Times that are told are of ``time.monotonic_ns``. Tells "ready" {network, title, classes,
    window_s, modalities, threshold, gate, trust} (gate: what the network calls its modality share,
    "" where it has none; trust: by modality how much it counts in every window alike, where that is
    fixed); "said" for every window {time_ns, start_ns, end_ns, probabilities, raw, by_stream,
    shares, label, name, confidence, person, moving, stages, captured_ns, skipped}: probabilities
    are smoothed and of the chosen labels, raw the network's own, None without a window; label -1 is
    nothing known, person "" nobody seen, moving False standing still; stages in ms: capture
    (sensor to this machine), pose (to the skeleton), wait (to the beginning of the window), window,
    network; skipped, the frames that were not asked about. "segment" {start_ns, end_ns, label,
    name, confidence, open}; "explained" {start_ns, end_ns, path}; "trouble" {sentence}: a window
    could not be made; "device" as ``predict``, again where a GPU is lost.

    Heard: "labels" {names}, "explain" {on}, "known" {least}.
    """
    with ExitStack() as stack:
        live = _Live(payload, context, stack)
        while True:
            context.pause_point()
            for kind, said in context.heard():
                live.hear(kind, said)
            live.step()


class _Live:
    """All that one run of the job holds."""

    def __init__(self, payload: Payload, context: ListeningContext, stack: ExitStack) -> None:
        self._context = context
        self._start_ns = int(payload["start_ns"])
        trained = network_of(payload["run"], context)
        self._classes = trained.classes
        streams = [LiveStream.from_payload(one) for one in payload["streams"]]
        there = {str(one.spec.kind) for one in streams}
        preprocessing = suited_to(trained, there, NAME, Path(NAME), context)
        kinds = {*preprocessing.kinds, str(StreamKind.SKELETON)}
        if any(getattr(one, "person_band_m", None) for one in preprocessing.inputs.values()):
            kinds.add(str(StreamKind.DEPTH))
        seen = [one for one in streams if one.spec.kind in kinds]
        for one in streams:
            if one not in seen:
                one.close()
        self._intake = Intake(seen, self._start_ns)
        stack.callback(self._intake.close)
        recording = GrowingRecording(
            NAME,
            [one.spec for one in seen],
            cameras_from_payload(payload.get("cameras") or {}),
            keep_ns=keep_ns(trained.usual_s),
        )
        self._engine: Engine = TorchEngine(trained, context)
        facts = Facts(trained.classes, trained.usual_s, preprocessing)
        self._recogniser = Recogniser(facts, recording, self._engine)
        self._recogniser.choose(_names(payload.get("labels")))
        least = payload.get("known")
        if least is not None:
            self._recogniser.known = Confident(float(least))
        scratch = payload.get("scratch") or stack.enter_context(tempfile.TemporaryDirectory())
        without = tuple(sorted(preprocessing.without - trained.preprocessing.without))
        about = Recognition(
            str(trained.folder), trained.name, trained.classes, NAME, NAME, (), (), 0, 0.0,
            without=without,
        )  # fmt: skip
        self._explain = bool(payload.get("explain"))
        self._explaining = Explaining(self._engine, about, Path(scratch), self._tell_explained)
        stack.callback(self._explaining.end)
        warm_up(trained, preprocessing)
        self._looked = self._skipped = 0
        self._trouble = ""
        context.tell("ready", self._ready(trained, least))

    def hear(self, kind: str, said: Mapping[str, Any]) -> None:
        """What the program said."""
        if kind == "labels":
            self._recogniser.choose(_names(said.get("names")))
        elif kind == "explain":
            self._explain = bool(said.get("on"))
        elif kind == "known":
            least = said.get("least")
            self._recogniser.known = None if least is None else Confident(float(least))

    def step(self) -> None:
        """Wait for a frame, look, and tell."""
        stream = self._recogniser.stream
        self._intake.wait(stream, WAIT_S)
        came = self._intake.take(self._recogniser)
        if not came:
            return
        begun_ns = time.monotonic_ns()
        self._skipped += came - 1
        try:
            told = self._recogniser.look()
        except DataError as error:
            if error.sentence != self._trouble:
                self._trouble = error.sentence
                self._context.tell("trouble", {"sentence": self._trouble})
            return
        stamp = self._intake.newest(stream)
        assert stamp is not None  # noqa: S101 -- a frame came
        self._context.tell("said", self._said(told, stamp, begun_ns))
        for segment in told.segments:
            self._context.tell("segment", self._segment(segment))
        if self._explain and told.prepared is not None:
            self._explaining.give(told.prepared, (told.start_ns, told.end_ns))

    def _ready(self, trained: TrainedNetwork, least: float | None) -> Payload:
        return {
            "network": trained.name,
            "title": trained.network.card.title,
            "classes": list(trained.classes),
            "window_s": trained.usual_s,
            "modalities": list(trained.modalities),
            "threshold": least,
            "gate": gate_of(trained),
            "trust": fixed_shares(trained) or {},
        }

    def _said(self, told: Told, stamp: Stamp, begun_ns: int) -> Payload:
        answer, window = told.answer, told.answer is not None
        stages = {
            "capture": max(0, stamp.captured_ns - stamp.time_ns) / 1e6,
            "pose": max(0, stamp.ready_ns - stamp.captured_ns) / 1e6,
            "wait": max(0, begun_ns - stamp.ready_ns) / 1e6,
            "window": told.window_ms if window else None,
            "network": told.network_ms if window else None,
        }
        return {
            "time_ns": stamp.time_ns,
            "start_ns": told.start_ns + self._start_ns,
            "end_ns": told.end_ns + self._start_ns,
            "probabilities": told.probabilities.tolist(),
            "raw": None if answer is None else answer.probabilities.tolist(),
            "by_stream": {} if answer is None else _lists(answer.by_stream),
            "shares": {} if answer is None else dict(answer.shares),
            "label": told.label,
            "name": "" if told.label == NOTHING else self._classes[told.label],
            "confidence": told.confidence,
            "person": told.person,
            "moving": window,
            "stages": stages,
            "captured_ns": stamp.captured_ns,
            "skipped": self._skipped + self._intake.lost,
        }

    def _segment(self, segment: LiveSegment) -> Payload:
        return {
            "start_ns": segment.start_ns + self._start_ns,
            "end_ns": segment.end_ns + self._start_ns,
            "label": segment.label,
            "name": self._classes[segment.label],
            "confidence": segment.confidence,
            "open": segment.open,
        }

    def _tell_explained(self, span: tuple[int, int], path: Path) -> None:
        self._context.tell(
            "explained",
            {
                "start_ns": span[0] + self._start_ns,
                "end_ns": span[1] + self._start_ns,
                "path": str(path),
            },
        )


def _names(names: Sequence[str] | None) -> list[str]:
    return [str(name) for name in names or ()]


def _lists(rows: Mapping[str, Any]) -> dict[str, list[float]]:
    return {name: row.tolist() for name, row in rows.items()}
