"""Runs that can be asked: what they are and whether the open recording has what they need."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harstudio.errors import HarstudioError, UsageError
from harstudio.recordings.recording import Recording
from harstudio.recordings.streams import SkeletonStream, StreamKind
from harstudio.runs import reading
from harstudio.runs.about import ABOUT, load_about
from harstudio.runs.bundled import bundled_runs
from harstudio.runs.folder import RunFolder, written
from harstudio.runs.recognised.words import WORDS
from harstudio.skeletons.maps import joint_map
from harstudio.skeletons.topology import topology


@dataclass(frozen=True, slots=True)
class RunChoice:
    """One run. needs: kinds of stream; topology: of its joints, "" without any; tested: accuracy
    on the test part, None before it was tested; learned: when its weights were written, seconds
    since 1970; problem: why it cannot be asked, "" when it can; title: of weights that came with
    the program, "" for a run of one's own."""

    path: Path
    network: str = ""
    needs: tuple[str, ...] = ()
    topology: str = ""
    classes: int = 0
    tested: float | None = None
    learned: float = 0.0
    problem: str = ""
    title: str = ""

    @property
    def bundled(self) -> bool:
        """Whether it came with the program."""
        return bool(self.title)

    @property
    def name(self) -> str:
        return self.path.name

    def missing(self, recording: Recording) -> tuple[str, ...]:
        """Kinds of stream that it learned from and a recording has not."""
        streams = ((need, recording.of_kind(StreamKind(need))) for need in self.needs)
        return tuple(need for need, stream in streams if stream is None or not len(stream))

    def lacks(self, recording: Recording | None) -> str:
        """Why this run cannot say anything about a recording, "" when it can, or when some of what
        it learned from is there: then only the network knows whether that is enough."""
        if self.problem or recording is None:
            return self.problem or "nothing is open"
        missing = self.missing(recording)
        if missing and missing == self.needs:
            return f"needs {in_words(missing, 'or')}, which this recording has not"
        skeleton = recording.of_kind(StreamKind.SKELETON)
        if "skeleton" in self.needs and isinstance(skeleton, SkeletonStream) and len(skeleton):
            return lacking_joints(skeleton.topology, self.topology)
        return ""

    def facts(self, recording: Recording | None) -> str:
        """Network, needs, classes and accuracy in one line."""
        lacks = self.lacks(recording)
        missing = () if recording is None or lacks else self.missing(recording)
        here = f"here without {in_words(missing, 'and')}" if missing else ""
        return " · ".join(filter(None, (*self._about(), here, lacks)))

    def _about(self) -> tuple[str, ...]:
        needs = " + ".join(WORDS.get(need, need) for need in self.needs)
        classes = f"{self.classes} classes" if self.classes else ""
        tested = "not tested" if self.tested is None else f"tested {self.tested:.2f}"
        return self.network, needs, classes, tested

    # ---- many recordings

    def can_see(self, streams: Collection[str]) -> bool:
        """Whether a recording with these kinds of stream has anything that it learned from."""
        return not self.problem and any(need in streams for need in self.needs)

    def has_all(self, streams: Collection[str]) -> bool:
        """Whether a recording with these kinds of stream has everything that it learned from."""
        return self.can_see(streams) and all(need in streams for need in self.needs)

    def facts_for(self, recordings: Sequence[Collection[str]]) -> str:
        """Network, needs, classes and accuracy, and how many of some recordings have what it
        needs; of each the kinds of stream."""
        if self.problem:
            return " · ".join(filter(None, (*self._about(), self.problem)))
        some = [streams for streams in recordings if self.can_see(streams)]
        whole = sum(map(self.has_all, some))
        there = f"for {len(some)} of {len(recordings)}" if some else "none here has what it needs"
        if len(some) == len(recordings):
            there = f"for all {len(some)}"
        part = f"of {len(some) - whole} a part" if whole < len(some) else ""
        return " · ".join(filter(None, (*self._about(), there, part)))


def in_words(kinds: Sequence[str], joined: str) -> str:
    """Kinds of stream as people call them: "depth and skeleton"."""
    return f" {joined} ".join(WORDS.get(kind, kind) for kind in kinds)


def lacking_joints(source: str, target: str) -> str:
    """Why joints of one topology cannot be read as those of another, "" when they can."""
    if source == target:
        return ""
    try:
        lacking = bool(joint_map(source, target).missing)
    except UsageError:
        lacking = True
    if not lacking:
        return ""
    try:
        named = topology(target).title
    except UsageError:
        named = target
    return f"needs the joints of {named}"


def take_choice(run: Path) -> RunChoice:
    """Read what is known about a run from its folder."""
    learned = written(run)
    try:
        config = reading.read_config(run)
        prepared = reading.read_json(RunFolder(run).preprocessing)
        data = reading.read_data(run) or {}
        evaluation = reading.read_evaluation(run) or {}
    except HarstudioError as error:
        return RunChoice(run, learned=learned, problem=error.sentence)
    network, tested = _table(config, "network").get("name"), evaluation.get("top1")
    classes = data.get("classes")
    return RunChoice(
        run,
        str(network or ""),
        _needs(prepared),
        str(prepared.get("topology", "")) if isinstance(prepared, Mapping) else "",
        len(classes) if isinstance(classes, list) else 0,
        float(tested) if isinstance(tested, int | float) else None,
        learned,
        "" if learned else "has learned nothing yet",
    )


def take_bundled() -> tuple[RunChoice, ...]:
    """The weights that come with the program, by name; damaged ones say what is wrong."""
    return tuple(_bundled(run) for run in bundled_runs().values())


def _bundled(run: Path) -> RunChoice:
    choice = take_choice(run)
    try:
        about = load_about(run / ABOUT)
    except HarstudioError as error:
        return replace(choice, title=run.name, problem=choice.problem or error.sentence)
    tested = about.top1 if choice.tested is None else choice.tested
    return replace(choice, title=about.title, tested=tested)


def _needs(prepared: Any) -> tuple[str, ...]:
    """Kinds of stream that a preprocessing reads, pictures first."""
    inputs = prepared.get("inputs") if isinstance(prepared, Mapping) else None
    names = inputs if isinstance(inputs, Mapping) else {"picture": 0, "skeleton": 0}  # version 1
    tables = {name: _table(inputs if names is inputs else prepared, name) for name in names}
    found = [
        str(table.get("appearance") or table.get("kind") or name)
        for name, table in tables.items()
        if table
    ]
    known = {str(kind) for kind in StreamKind}
    needs = dict.fromkeys(kind for kind in found if kind in known)
    return tuple(sorted(needs, key=lambda kind: kind == "skeleton"))


def _table(tables: Any, name: str) -> Mapping[str, Any]:
    table = tables.get(name) if isinstance(tables, Mapping) else None
    return table if isinstance(table, Mapping) else {}


def take_choices(folders: Iterable[Path]) -> tuple[RunChoice, ...]:
    """All runs in and below some folders, the newest first."""
    return tuple(take_choice(run) for run in reading.find_runs(folders))
