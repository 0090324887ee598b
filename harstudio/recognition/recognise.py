"""One recording and one trained network: what it says, window by window."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from harstudio.errors import DataError
from harstudio.jobs.context import Context
from harstudio.learning.data.looked import extent
from harstudio.learning.preprocessing import Preprocessing, kind_of_stream
from harstudio.networks.network import streams_with
from harstudio.recognition.cores import shared
from harstudio.recognition.one_window import Said, say
from harstudio.recognition.trained import TrainedNetwork
from harstudio.recognition.window_reader import Shown, WindowReader, ahead
from harstudio.recognition.windows import Sliding
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import SkeletonStream, StreamKind
from harstudio.results import Recognition, whole
from harstudio.runs.kept_recognitions import OF, marks
from harstudio.runs.recognised.segments import Trimming, find_segments

MAX_EXPLAINED = 600  # windows of one recording; more are too much to keep and to read
NAMED_WINDOWS = 3  # that could not be recognised and are told one by one


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked about a recording.

    sliding: how it is cut. spans: these windows instead. explain: also tell what was looked at,
    for the class ``target`` (None = the one that each window is said to be), in the first
    ``MAX_EXPLAINED`` windows. person: the body id
    that it is about, "" for whoever is seen. each_person: every body by itself, window by window,
    where it is seen in half of the frames. trimming: how windows become segments.
    """

    sliding: Sliding = field(default_factory=Sliding)
    spans: tuple[tuple[int, int], ...] = ()
    explain: bool = False
    target: int | None = None
    person: str = ""
    each_person: bool = False
    trimming: Trimming = field(default_factory=Trimming)

    def asked(self) -> dict[str, Any]:
        """How it is asked, as ``Recognition.asked`` keeps it."""
        return {
            "window_s": self.sliding.window_s,
            "stride_s": self.sliding.stride_s,
            "scales": list(self.sliding.scales),
            "spans": [list(span) for span in self.spans],
            "person": self.person,
            "each_person": self.each_person,
            "explain": self.explain,
            "target": self.target,
            "trimming": asdict(self.trimming),
        }


def recognise(
    trained: TrainedNetwork,
    recording: Recording,
    context: Context,
    question: Question | None = None,
    progress: Callable[[float], None] | None = None,
) -> Recognition:
    """What the network says about a recording.

    One window after the other is read, recognised and let go of, so that memory does not grow with
    the recording, but for what is explained; a thread reads the next ones meanwhile. The log says
    where there are more windows than are explained. Where the recording lacks a modality, the
    network's streams that can do without it answer alone, and the log says so; where none can, that
    is a DataError. A window in which nobody is seen, or that is damaged, has no opinion and is
    named in the log; where all are so, that is a DataError. Where persons are asked for and the
    recording has no skeletons, whoever is seen is recognised, and the log says so. Pauses and stops
    between windows. progress: called with the share that is done.
    """
    question = question or Question()
    of = marks(trained.mark, recording.mark())
    preprocessing = suited(trained, recording, context)
    spans = question.spans or question.sliding.over(*extent(recording), trained.usual_s)
    each_person = _tells_persons(recording, question, context)
    reader = WindowReader(preprocessing, recording, question.person, each_person)
    said: list[Said] = []
    failed: list[tuple[int, DataError]] = []
    with shared(trained.device) as cores, closing(ahead(spans, reader.read)) as windows_read:
        for number, (span, shown) in enumerate(windows_read):
            context.pause_point()
            for one in shown:
                try:
                    with cores.asking():
                        explaining = question.explain and len(said) < MAX_EXPLAINED
                        said.append(_look(trained, one, span, question.target, explaining))
                except DataError as error:
                    failed.append((span[0], error))
            if progress is not None:
                progress((number + 1) / len(spans))
    if not said:
        raise failed[0][1] if failed else DataError("It is empty.", path=recording.path)
    _tell_failed(recording, failed, context)
    if question.explain and len(said) > MAX_EXPLAINED:
        context.log(
            f"{recording.name} has {len(said)} windows: the first {MAX_EXPLAINED} are explained."
        )
    windows = tuple(one.window for one in said)
    label, confidence = whole(windows)
    return Recognition(
        run=str(trained.folder),
        network=trained.name,
        classes=trained.classes,
        recording=recording.name,
        path=str(recording.path),
        windows=windows,
        segments=tuple(find_segments(windows, question.trimming)),
        label=label,
        confidence=confidence,
        explanations=tuple(one.explanations for one in said) if question.explain else (),
        without=tuple(sorted(preprocessing.without - trained.preprocessing.without)),
        asked={**question.asked(), OF: of},
    )


def _look(
    trained: TrainedNetwork,
    shown: Shown,
    span: tuple[int, int],
    target: int | None,
    explaining: bool,
) -> Said:
    """What the network says about what a window shows."""
    if isinstance(shown.prepared, DataError):
        raise shown.prepared
    said = say(trained, shown.prepared, span, explaining=explaining, target=target)
    return said._replace(window=replace(said.window, person=shown.person))


def _tells_persons(recording: Recording, question: Question, context: Context) -> bool:
    """Whether every body is asked about by itself."""
    if not question.each_person or question.person:
        return False
    stream = recording.of_kind(StreamKind.SKELETON)
    if isinstance(stream, SkeletonStream) and len(stream):
        return True
    context.log(f"{recording.name} has no skeletons: its persons are not told apart.")
    return False


def suited(trained: TrainedNetwork, recording: Recording, context: Context) -> Preprocessing:
    """The run's preprocessing without what the recording lacks; DataError where no stream of the
    network can do without it."""
    there = {str(stream.kind) for stream in recording.streams.values() if len(stream)}
    return suited_to(trained, there, recording.name, recording.path, context)


def suited_to(
    trained: TrainedNetwork, there: set[str], name: str, path: Path, context: Context
) -> Preprocessing:
    """``suited`` for a recording that has these kinds of stream."""
    preprocessing = trained.preprocessing
    missing = [kind for kind in preprocessing.kinds if kind not in there]
    if not missing:
        return preprocessing
    left = {one for one, table in preprocessing.inputs.items() if kind_of_stream(table) in there}
    streams = streams_with(trained.network.card, dict.fromkeys(left))
    if not streams:
        has = ", ".join(sorted(there)) or "nothing"
        raise DataError(
            f"It has no {' and no '.join(missing)}; {trained.name} of this run needs "
            f"{' and '.join(preprocessing.kinds)}.",
            path=path,
            remedy=f"Use a run that was trained on what the recording has ({has}).",
        )
    context.log(
        f"{name} has no {' and no '.join(missing)}: {' and '.join(streams)} of "
        f"{trained.name} answer{'s' if len(streams) == 1 else ''} alone."
    )
    return preprocessing.leaving_out(missing)


def _tell_failed(
    recording: Recording, failed: list[tuple[int, DataError]], context: Context
) -> None:
    for start_ns, error in failed[:NAMED_WINDOWS]:
        at = (start_ns - recording.start_ns) / 1e9
        context.log(f"{recording.name} at {at:.2f} s is left out: {error.sentence}")
    more = len(failed) - NAMED_WINDOWS
    if more > 0:
        context.log(f"{recording.name}: {more} more windows are left out.")
