"""What can be chosen: sources with what they give or why they cannot, runs with what they need."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from harstudio.errors import HarstudioError
from harstudio.resources import resource
from harstudio.runs import reading
from harstudio.runs.recognised.words import WORDS
from harstudio.studio.background import NewestTask
from harstudio.studio.recognition.run_choice import (
    RunChoice,
    in_words,
    take_bundled,
    take_choices,
)

if TYPE_CHECKING:
    from harstudio.live.sources.source import SourceFacts
    from harstudio.studio.session import Session

REPLAY, FILE = "replay:", "file:"


@dataclass(frozen=True, slots=True)
class Offer:
    """Something that can be chosen. key: what is remembered. detail: what it gives or needs, or
    why it cannot be chosen. kinds: of the streams of a source. classes: of a run."""

    key: str
    title: str
    detail: str
    enabled: bool = True
    kinds: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()


DEMO = Offer(
    f"{REPLAY}{resource('demo', 'recordings')}",
    "Recordings of the demo project",
    "as if live, to try it without a sensor",
    kinds=("color", "depth", "infrared", "skeleton"),
)


def shown_kinds(kinds: Iterable[str]) -> tuple[str, ...]:
    """With the skeletons that are found in colour pictures."""
    found = tuple(kinds)
    return (*found, "skeleton") if "color" in found and "skeleton" not in found else found


def kinds_in_words(kinds: Collection[str]) -> str:
    """ "colour, depth, skeleton (found in the picture)"."""
    names = [WORDS.get(kind, kind) for kind in kinds]
    if "color" in kinds and "skeleton" not in kinds:
        names.append("skeleton (found in the picture)")
    return ", ".join(names)


def offer_of(facts: SourceFacts) -> Offer:
    """A sensor that was found, or the reason why it cannot be used."""
    if not facts.available:
        return Offer(facts.name, facts.title, facts.reason, enabled=False)
    parts = (kinds_in_words(facts.kinds), ", ".join(facts.modes[:2]))
    return Offer(facts.name, facts.title, " · ".join(filter(None, parts)), kinds=facts.kinds)


def offer_of_run(choice: RunChoice, kinds: Collection[str] | None) -> Offer:
    """A run beside a source with these kinds of stream; None where no source is chosen."""
    needs = in_words(choice.needs, "+")
    classes = f"{choice.classes} actions" if choice.classes else ""
    facts = [choice.network if choice.bundled else "", needs, classes]
    missing = () if kinds is None else tuple(k for k in choice.needs if k not in kinds)
    problem = choice.problem
    if not problem and missing and len(missing) == len(choice.needs):
        problem = f"needs {in_words(missing, 'or')}, which the source has not"
    elif missing:
        facts.append(f"here without {in_words(missing, 'and')}")
    key = choice.name if choice.bundled else str(choice.path)
    detail = " · ".join(filter(None, (*facts, problem)))
    return Offer(key, choice.title or choice.name, detail, not problem, choice.needs)


class Catalogue(QObject):
    """Finds both beside the window; drivers are asked in processes of their own."""

    sources_changed = Signal()
    runs_changed = Signal()

    def __init__(
        self,
        session: Session,
        run_folders: Callable[[], list[Path]],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._session, self._run_folders = session, run_folders
        self.found: tuple[Offer, ...] = ()
        self.looked = self.looking = False
        self.problem = ""
        self._runs: tuple[tuple[RunChoice, tuple[str, ...]], ...] = ()
        self._finds, self._reads = NewestTask(self), NewestTask(self)
        session.recording_changed.connect(lambda _: self.sources_changed.emit())

    # ---- sources

    def look(self) -> None:
        """Ask every driver again; takes seconds."""
        self.looking = True
        self.sources_changed.emit()

        def work(_progress: object, _cancelled: object) -> list[SourceFacts]:
            from harstudio.live.finding import find_sources

            return find_sources()

        self._finds.start(work, self._take, self._fail)

    def _take(self, found: list[SourceFacts]) -> None:
        names = webcam_names() if any(one.name.startswith("webcam:") for one in found) else {}
        offers = [offer_of(replace(one, title=names.get(one.name, one.title))) for one in found]
        self.found = tuple(sorted(offers, key=lambda one: not one.enabled))
        self.looked, self.looking, self.problem = True, False, ""
        self.sources_changed.emit()

    def _fail(self, error: Exception) -> None:
        self.looked, self.looking, self.problem = True, False, str(error)
        self.sources_changed.emit()

    def sources(self, chosen: str) -> tuple[Offer, ...]:
        """What can be started, the open recording, and what is chosen by its name."""
        offers = [one for one in self.found if one.enabled]
        recording = self._session.recording
        if recording is not None:
            key = f"{REPLAY}{recording.path}"
            kinds = tuple({str(s.kind): None for s in recording.streams.values() if len(s)})
            name = self._session.team.shown(recording.name)
            offers.append(
                Offer(key, f"Replay of {name}", f"the open recording · {kinds_in_words(kinds)}",
                      kinds=kinds)
            )  # fmt: skip
        if not offers:
            offers.append(DEMO)
        if chosen and chosen not in [one.key for one in (*offers, *self.found)]:
            kind, _, address = chosen.partition(":")
            if chosen.startswith((REPLAY, FILE)):
                title = Path(address).name or address
                word = "a recording, as if live" if kind == "replay" else "a video, as a camera"
                kinds = ("color",) if kind == "file" else ()
                offers.append(Offer(chosen, title, word, kinds=kinds))
            else:
                words = "looked for" if self.looking or not self.looked else "is not there now"
                offers.append(Offer(chosen, chosen, f"chosen last · {words}"))
        return (*offers, *(one for one in self.found if not one.enabled))

    def kinds_of(self, source: str) -> tuple[str, ...] | None:
        """Kinds of stream that a source gives, with skeletons found in its pictures; None where
        that is not known before it is open."""
        for one in self.sources(source):
            if one.key == source and one.kinds:
                return shown_kinds(one.kinds)
        return None

    # ---- runs

    def read_runs(self) -> None:
        """Which runs there are, in the box and of one's own."""
        folders = self._run_folders()

        def work(
            _progress: object, _cancelled: object
        ) -> tuple[tuple[RunChoice, tuple[str, ...]], ...]:
            found = (*take_bundled(), *take_choices(folders))
            return tuple((one, classes_of(one.path)) for one in found)

        self._reads.start(work, self._take_runs, lambda _error: None)

    def _take_runs(self, found: tuple[tuple[RunChoice, tuple[str, ...]], ...]) -> None:
        self._runs = found
        self.runs_changed.emit()

    def runs(self, source: str) -> tuple[Offer, ...]:
        """Those that the source can feed first."""
        kinds = self.kinds_of(source)
        offers = [replace(offer_of_run(one, kinds), classes=classes) for one, classes in self._runs]
        return tuple(sorted(offers, key=lambda one: not one.enabled))

    def classes(self, run: str) -> tuple[str, ...]:
        """Names of the actions that a run knows; empty where it was not read yet."""
        keys = ((offer_of_run(one, None).key, classes) for one, classes in self._runs)
        return next((classes for key, classes in keys if key == run), ())

    def shut(self) -> None:
        self._finds.shut()
        self._reads.shut()


def classes_of(run: Path) -> tuple[str, ...]:
    """The actions that a run knows, empty where that cannot be read."""
    try:
        data = reading.read_data(run) or {}
    except HarstudioError:
        return ()
    classes = data.get("classes")
    return tuple(map(str, classes)) if isinstance(classes, list) else ()


def webcam_names() -> dict[str, str]:
    """ "webcam:0" -> the name that the system gives the camera; empty where nobody tells."""
    try:
        from PySide6.QtMultimedia import QMediaDevices
    except ImportError:
        return {}
    names = {}
    for number, device in enumerate(QMediaDevices.videoInputs()):
        told = bytes(device.id().data()).decode(errors="replace")
        digits = told.removeprefix("/dev/video")  # V4L2 counts nodes, others cameras
        at = digits if told.startswith("/dev/video") and digits.isdigit() else str(number)
        names[f"webcam:{at}"] = device.description()
    return names
