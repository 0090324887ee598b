"""Job: recognise what live sensors show."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import cv2

from harstudio.errors import DataError, HarstudioError, UsageError
from harstudio.jobs.context import ListeningContext, Payload
from harstudio.live.growing import GrowingRecording
from harstudio.live.recognising.engine import fixed_shares, gate_of, warm_up
from harstudio.live.recognising.explaining import Explaining
from harstudio.live.recognising.few_shot import SHOTS, FewShot, examples_file
from harstudio.live.recognising.intake import Intake, Stamp
from harstudio.live.recognising.known import Known
from harstudio.live.recognising.nearness import Near
from harstudio.live.recognising.onnx import make_engine
from harstudio.live.recognising.recogniser import (
    Confident,
    Facts,
    Recogniser,
    Told,
    keep_ns,
)
from harstudio.live.recognising.segments import LiveSegment
from harstudio.live.recognising.watching import Alarm, Watch, Watched
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
    zero), labels (names that are told, none = all), known (least score of what is told, None = as
    the run's calibration has it; of a run that is not calibrated, least confidence), explain
    (bool), engine ("torch" or "onnx"), scratch (folder for explanations).

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

    "examples" {counts (by name), names (that are recognised: their classes follow those of the
    run), least (examples that it takes), sentence (why one was refused, else "")}, at the beginning
    and at changes; "alarm" {label, name, start_ns, end_ns, confidence}.

    Heard: "labels" {names}, "explain" {on}, "known" {least}, "example" {name, start_ns, end_ns},
    "forget" {name}, "watch" {names, windows, least}.
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
        cv2.setNumThreads(1)  # other processes have the other cores
        self._start_ns = int(payload["start_ns"])
        trained = network_of(payload["run"], context)
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
        self._engine = make_engine(str(payload.get("engine") or ""), trained, context)
        facts = Facts(trained.classes, trained.usual_s, preprocessing)
        self._recogniser = Recogniser(facts, recording, self._engine)
        self._folder = trained.folder
        self._calibrated = self._calibration(trained.folder)
        self._learned = self._examples(trained.folder)
        self._recogniser.learned = self._learned
        self._judge(payload.get("known"))
        self._watch = Watch(Watched(), ())
        self._choose(_names(payload.get("labels")))
        self._warn_of(self._labels, "chosen")
        self._example: Mapping[str, Any] | None = None  # that is not over yet
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
        context.tell("ready", self._ready(trained))
        self._tell_examples()

    def hear(self, kind: str, said: Mapping[str, Any]) -> None:
        """What the program said."""
        if kind == "labels":
            self._choose(_names(said.get("names")))
            self._warn_of(self._labels, "chosen")
        elif kind == "explain":
            self._explain = bool(said.get("on"))
        elif kind == "known":
            self._judge(said.get("least"))
        elif kind == "example":
            self._example = dict(said)
            self._learn(time.monotonic_ns() - self._start_ns)
        elif kind == "forget" and self._learned is not None:
            self._interrupt()
            self._learned.forget(str(said.get("name") or ""))
            self._renew()
        elif kind == "watch":
            try:
                watched = Watched.of(said)
            except UsageError as error:
                self._context.tell("trouble", {"sentence": error.sentence})
                return
            self._watch = Watch(watched, self._recogniser.classes)
            self._warn_of(watched.names, "watched")
            self._choose(self._labels)

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
        if told.answer is not None:
            alarm = self._watch.see(told.start_ns, told.end_ns, told.probabilities)
            if alarm is not None:
                self._context.tell("alarm", self._alarm(alarm))
        if self._example is not None:
            self._learn(told.time_ns)
        for segment in told.segments:
            self._context.tell("segment", self._segment(segment))
        if self._explain and told.prepared is not None:
            self._explaining.give(told.prepared, (told.start_ns, told.end_ns))

    def _choose(self, labels: list[str]) -> None:
        """Only these are told, and what is watched: an alarm is never chosen away."""
        self._labels = labels
        self._recogniser.choose([*labels, *self._watch.watched.names] if labels else [])

    def _warn_of(self, names: Sequence[str], what: str) -> None:
        """An action that the run does not know is never told, and nobody would notice."""
        classes = self._recogniser.classes
        unknown = [name for name in names if name not in classes]
        if unknown:
            self._context.log(
                f"{', '.join(unknown)} cannot be {what}: the run knows {', '.join(classes)}."
            )

    def _calibration(self, run: Path) -> Known | None:
        """What the run knows; None, and a sentence is told, where its file is damaged."""
        try:
            return Known.load(run)
        except DataError as error:
            self._context.log(str(error))
            return None

    def _examples(self, run: Path) -> FewShot | None:
        """What it learned from examples before; None where it was never calibrated."""
        if self._calibrated is None:
            return None
        try:
            return FewShot(self._calibrated, examples_file(run), str(run))
        except DataError as error:
            self._context.log(str(error))
            return FewShot(self._calibrated)

    def _judge(self, least: float | None) -> None:
        """From where on something is known."""
        least = None if least is None else float(least)
        if self._calibrated is not None and self._learned is not None:
            self._recogniser.known = Near(self._calibrated, self._learned, least)
        else:
            self._recogniser.known = None if least is None else Confident(least)

    def _learn(self, now: int) -> None:
        """Take the example that was asked for, as soon as it is over."""
        example = self._example
        if example is None or now < int(example["end_ns"]) - self._start_ns:
            return
        self._example, sentence = None, ""
        try:
            if self._learned is None:
                raise DataError(
                    "A run that is not calibrated learns nothing from examples.",
                    path=self._folder,
                    remedy="harstudio calibrate RUN makes it ready.",
                )
            span = [int(example[key]) - self._start_ns for key in ("start_ns", "end_ns")]
            self._interrupt()
            self._learned.add(str(example.get("name") or ""), self._recogniser.example(*span))
        except (HarstudioError, OSError) as error:
            sentence = str(error)
        self._renew(sentence)

    def _interrupt(self) -> None:
        """Indices of classes change: what is under way is told by its name of now."""
        for segment in self._recogniser.interrupt():
            self._context.tell("segment", self._segment(segment))

    def _renew(self, sentence: str = "") -> None:
        """Other actions are recognised now."""
        self._recogniser.renew()
        self._watch = Watch(self._watch.watched, self._recogniser.classes)
        self._tell_examples(sentence)

    def _tell_examples(self, sentence: str = "") -> None:
        learned = self._learned
        self._context.tell(
            "examples",
            {
                "counts": {} if learned is None else learned.counts,
                "names": [] if learned is None else list(learned.names),
                "least": SHOTS,
                "sentence": sentence,
            },
        )

    def _alarm(self, alarm: Alarm) -> Payload:
        told = alarm.to_payload()
        return told | {
            "start_ns": alarm.start_ns + self._start_ns,
            "end_ns": alarm.end_ns + self._start_ns,
        }

    def _name(self, label: int) -> str:
        classes = self._recogniser.classes
        return classes[label] if 0 <= label < len(classes) else ""

    def _ready(self, trained: TrainedNetwork) -> Payload:
        known = self._recogniser.known
        return {
            "network": trained.name,
            "title": trained.network.card.title,
            "classes": list(trained.classes),
            "window_s": trained.usual_s,
            "modalities": list(trained.modalities),
            "threshold": known.threshold if isinstance(known, Near) else None,
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
            "name": self._name(told.label),
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
            "name": self._name(segment.label),
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
