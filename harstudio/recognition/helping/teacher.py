"""Who knows what was labelled in a project, and says what is suggested for its recordings."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path

from harstudio.errors import HarstudioError
from harstudio.jobs.context import Context, Payload
from harstudio.labels.model import Document
from harstudio.labels.project import Project
from harstudio.labels.suggested import suggestions_path
from harstudio.learning.evaluating.figures import interval
from harstudio.recognition.helping.examples import Gathered, usual_seconds
from harstudio.recognition.helping.features import FeatureMaker
from harstudio.recognition.helping.head import NOTHING, Head, HeldOut, learn
from harstudio.recognition.helping.known import learned_from
from harstudio.recognition.helping.suggesting import (
    Speaker,
    Wanted,
    class_speaker,
    learned_speaker,
    motion_speaker,
    suggest_for,
    unsettled,
)
from harstudio.recognition.helping.teaching import Said, said_in
from harstudio.recognition.trained import TrainedNetwork
from harstudio.recordings.formats import open_recording
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import SkeletonStream, StreamKind
from harstudio.runs.suggestions import Learned, Suggestion, Suggestions, save_suggestions


class Teacher:
    """Knows what was labelled, and says what is suggested for one recording after the other."""

    def __init__(
        self,
        project: Project,
        trained: TrainedNetwork,
        annotator: str,
        said: list[Said],
        gathered: Gathered,
        pause: Callable[[], None],
    ) -> None:
        self._project = project
        self._trained = trained
        self._annotator = annotator
        self._said = said
        self._gathered = gathered
        self._names = [label.name for label in project.label_set.labels]
        self._usual_s = usual_seconds(said, trained.usual_s)
        self._held: HeldOut | None = None
        self._speaker: Speaker | None = None
        self._temperature = 1.0
        if gathered.examples.enough:
            head, self._held = learn(gathered.examples, pause)
            self._temperature = head.temperature
            self._speaker = learned_speaker(head)

    def learned(self) -> Learned | None:
        """The point of the learning curve; None where too little is labelled."""
        if self._speaker is None:
            return None
        examples, counts = self._gathered.examples, self._gathered.counts()
        accuracy = low = high = math.nan
        said = self._gathered.actions()
        if self._held is not None:
            right, known = self._held.right(examples.labels), self._held.known(examples.labels)
            asked = [clips for clips in said if known[clips].any()]
            if asked:
                hits = sum(float(right[clips].mean()) for clips in asked)
                accuracy = hits / len(asked)
                low, high = interval(hits, len(asked))
        return Learned(
            at=time.time(),
            clips=len(said),
            classes=len(counts),
            accuracy=accuracy,
            low=low,
            high=high,
            minutes=self._gathered.minutes(),
            over=self._gathered.over,
            run=str(self._trained.folder),
            known=learned_from(self._trained.folder, set(self._gathered.recordings)),
        )

    def hides(self, name: str) -> bool:
        """Whether nothing may be suggested for a recording, as what others say there is hidden:
        annotation is blind, or the recording is for training."""
        own = self._document(name)
        done = own is not None and own.done
        return self._project.policy.hides(name, self._annotator, done=done)

    def suggest(
        self,
        name: str,
        path: Path,
        least: float,
        context: Context,
        progress: Callable[[float], None],
    ) -> Payload:
        """Suggest for a recording and keep it, nothing for one that the annotator says is done;
        what is told about it."""
        own = self._document(name)
        gathered = self._gathered.without(name, self._annotator)
        speaker = self._speaker_of(gathered)
        clips: tuple[Suggestion, ...] = ()
        if own is None or not own.done:
            clips = self._clips(path, own, gathered, speaker, least, context, progress)
        suggestions = Suggestions(
            run=str(self._trained.folder),
            annotator=self._annotator,
            made=time.time(),
            clips=clips,
            recording=name,
            path=str(path),
            way=speaker.way,
        )
        file = suggestions_path(self._project.folder, self._annotator, name)
        try:
            save_suggestions(file, suggestions)
        except OSError as error:
            raise not_written(file, error) from error
        return {
            "recording": name,
            "path": str(path),
            "file": str(file),
            "way": speaker.way,
            "suggestions": len(clips),
            "uncertain": suggestions.uncertain,
        }

    def _clips(
        self,
        path: Path,
        own: Document | None,
        gathered: Gathered,
        speaker: Speaker,
        least: float,
        context: Context,
        progress: Callable[[float], None],
    ) -> tuple[Suggestion, ...]:
        mine = said_in(own, path) if own is not None else None
        with open_recording(path) as recording:
            wanted = Wanted(
                persons=self._persons(own, recording),
                usual_s=self._usual_s,
                counts=gathered.counts(),
                own=tuple(mine.stretches()) if mine is not None else (),
                rejected=mine.rejected if mine is not None else (),
                least=least,
                edges_ns=gathered.edges_ns,
            )
            with FeatureMaker(self._trained, recording, context) as maker:
                found = suggest_for(recording, maker, speaker, wanted, progress)
        return found if own is None else unsettled(own, found)

    def _speaker_of(self, gathered: Gathered) -> Speaker:
        """Who names stretches after learning from these."""
        if self._speaker is not None and len(gathered.examples) == len(self._gathered.examples):
            return self._speaker
        if gathered.examples.enough:
            return learned_speaker(Head(gathered.examples, self._temperature))
        labels = gathered.examples.labels
        known = [k for k, label in enumerate(labels) if label != NOTHING]
        by_class = class_speaker(self._trained.classes, self._names)
        if by_class is not None:
            return by_class
        names = self._names or list(self._trained.classes)
        return motion_speaker(gathered.examples.features[known], [labels[k] for k in known], names)

    def _document(self, recording: str) -> Document | None:
        """What the annotator says about a recording, unsaved edits included."""
        documents = self._project.documents(recording, lambda _: None)  # told while learning
        return next((one for one in documents if one.annotator == self._annotator), None)

    def _persons(self, own: Document | None, recording: Recording) -> tuple[str, ...]:
        """Whom the annotator's tiers are about; without tiers everybody who is seen where all
        labels of the project name a person, else "" for whoever is seen most."""
        tiers = [] if own is None else [tier for tier in own.said if not tier.rules.points]
        named = dict.fromkeys(tier.rules.person for tier in tiers)
        if named:
            return tuple(named)
        told = [clip.stretch.person for one in self._said for clip in one.clips]
        if told and all(told):
            return seen_in(recording) or ("",)
        return ("",)


def not_written(path: Path, error: OSError) -> HarstudioError:
    """What is told where a file of suggestions cannot be written."""
    return HarstudioError(
        f"It cannot be written ({error.strerror or error}).",
        path=path,
        remedy="See whether the drive is there, has room and may be written to.",
    )


def seen_in(recording: Recording) -> tuple[str, ...]:
    """Body ids of a recording, by when they come in."""
    stream = recording.of_kind(StreamKind.SKELETON)
    if not isinstance(stream, SkeletonStream):
        return ()
    ids = (body.id for k in range(len(stream)) for body in stream.frame(k).bodies)
    return tuple(dict.fromkeys(ids))
