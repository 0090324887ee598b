"""Suggestions as files: what a run, taught by people's labels, proposes for a recording.

``<recording>.json`` holds the clips that are proposed; ``learned.jsonl`` beside it has one line
for every time that was learned: the learning curve. Both are JSON, are read without torch, and
are bounded, whatever they claim.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from harstudio.errors import DataError, MissingError
from harstudio.files import remove_leftovers, write_atomically
from harstudio.runs.reading import newest_lines

VERSION = 1
LEARNED = "learned.jsonl"
IGNORED = ".gitignore"
MAX_BYTES = 64 << 20
MAX_CLIPS = 100_000
MAX_LINES = 10_000  # of learned.jsonl that are read, the newest
REMEDY = "Ask for suggestions again."


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A stretch ``[start_ns, end_ns)`` that is proposed to be a clip.

    label: the name of a label. person: the body id that it is about, "" for whoever is seen.
    confidence, second_confidence: in [0, 1], of the label and of the next best one, which is ""
    where there is none. novelty: in [0, 1], how far it lies from everything labelled; 1 where
    nothing is alike. rarity: in [0, 1], 1 where nothing labelled has its label, 0 where everything
    has.
    """

    start_ns: int
    end_ns: int
    label: str
    person: str = ""
    confidence: float = 0.0
    second: str = ""
    second_confidence: float = 0.0
    novelty: float = 0.0
    rarity: float = 0.0

    @property
    def margin(self) -> float:
        """How much surer the label is than the next best one, in [0, 1]."""
        return max(0.0, self.confidence - self.second_confidence)


@dataclass(frozen=True, slots=True)
class Suggestions:
    """What is proposed for one recording, by start.

    run: folder of the run whose features were used. annotator: for whom. made: seconds since 1970.
    recording: its name. path: its path. way: how they were made, "learned" from labels, "classes"
    of the run itself, or "motion" where neither could say more.
    """

    run: str
    annotator: str
    made: float
    clips: tuple[Suggestion, ...]
    recording: str = ""
    path: str = ""
    way: str = "learned"

    @property
    def uncertain(self) -> float:
        """The mean of 1 - confidence, 0 where nothing is proposed."""
        if not self.clips:
            return 0.0
        return sum(1 - clip.confidence for clip in self.clips) / len(self.clips)


@dataclass(frozen=True, slots=True)
class Learned:
    """One point of the learning curve.

    at: seconds since 1970. clips: labelled clips that were learned from; what several people say
    alike counts once, here and in what follows. classes: how many labels they have. accuracy: share
    of clips named right while held out, of those whose label was learned from others, with ``low``
    and ``high``, the ends of its 95 % interval (Wilson); NaN where nothing could be held out.
    minutes: how long the labelled clips last together. over: what was held out: "people",
    "recordings" or, where there is one only, "stretches" of time. run: folder of the run. known:
    the run itself learned from some of these recordings, so that the accuracy says little.
    """

    at: float
    clips: int
    classes: int
    accuracy: float
    low: float
    high: float
    minutes: float
    over: str = "recordings"
    run: str = ""
    known: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Builtins for JSON: NaN becomes None."""
        return {key: _or_none(value) for key, value in asdict(self).items()}


def _or_none(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


# ---- suggestions


def save_suggestions(path: Path, suggestions: Suggestions) -> None:
    """Write the file, replacing what is there; OSError leaves the old one."""
    document = {"version": VERSION} | asdict(suggestions)
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    make_folder(path.parent)
    write_atomically(path, text.encode("utf-8", "surrogatepass"))
    remove_leftovers(path)


def load_suggestions(path: Path) -> Suggestions:
    """What ``save_suggestions`` wrote; MissingError where nothing is, DataError when damaged."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise MissingError("There are no suggestions here.", path=path, remedy=REMEDY) from None
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(f"The suggestions cannot be read ({reason}).", path=path) from error
    try:
        if len(data) > MAX_BYTES:
            raise ValueError("they are too many")
        return _suggestions(json.loads(data.decode("utf-8", "surrogatepass")))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise DataError("The suggestions are damaged.", path=path, remedy=REMEDY) from error


def _suggestions(document: dict[str, Any]) -> Suggestions:
    if document["version"] != VERSION:
        raise ValueError("another version wrote them")
    clips = document["clips"]
    if not isinstance(clips, list) or len(clips) > MAX_CLIPS:
        raise ValueError("they are no list, or too many")
    return Suggestions(
        run=_text(document["run"]),
        annotator=_text(document["annotator"]),
        made=_number(document["made"]),
        clips=tuple(map(_suggestion, clips)),
        recording=_text(document["recording"]),
        path=_text(document["path"]),
        way=_text(document["way"]),
    )


def _suggestion(told: dict[str, Any]) -> Suggestion:
    start_ns, end_ns = told["start_ns"], told["end_ns"]
    if type(start_ns) is not int or type(end_ns) is not int or start_ns >= end_ns:
        raise ValueError("a stretch of time ends before it starts")
    return Suggestion(
        start_ns=start_ns,
        end_ns=end_ns,
        label=_text(told["label"]),
        person=_text(told["person"]),
        confidence=_share(told["confidence"]),
        second=_text(told["second"]),
        second_confidence=_share(told["second_confidence"]),
        novelty=_share(told["novelty"]),
        rarity=_share(told["rarity"]),
    )


# ---- the folder


def make_folder(folder: Path) -> None:
    """Make the folder of an annotator's suggestions, kept out of git: what was learned from labels
    that one may see is not for others. OSError where that is not possible."""
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / IGNORED).write_text("*\n", encoding="utf-8")


def append_line(path: Path, line: str) -> None:
    """Add a line to a file of such a folder, after a torn one on a line of its own. OSError where
    that is not possible."""
    make_folder(path.parent)
    with path.open("a+b") as file:
        if file.seek(0, 2):
            file.seek(-1, 2)
            if file.read(1) != b"\n":
                line = f"\n{line}"
        file.write(f"{line}\n".encode("utf-8", "surrogatepass"))


# ---- the learning curve


def add_learned(folder: Path, learned: Learned) -> None:
    """Append a line to ``learned.jsonl`` of a folder; OSError where that is not possible."""
    append_line(folder / LEARNED, json.dumps(learned.to_dict(), allow_nan=False))


def load_learned(folder: Path) -> tuple[Learned, ...]:
    """The learning curve of a folder, oldest first; lines that are damaged are left out.

    Empty where nothing was learned yet. DataError where the file cannot be read.
    """
    path = folder / LEARNED
    try:
        lines = newest_lines(path, MAX_BYTES)[-MAX_LINES:]
    except FileNotFoundError:
        return ()
    except OSError as error:
        reason = error.strerror or str(error)
        raise DataError(f"What was learned cannot be read ({reason}).", path=path) from error
    found = []
    for line in lines:
        try:
            found.append(_learned(line))
        except (ValueError, TypeError, KeyError):
            continue
    return tuple(found)


def _learned(told: dict[str, Any]) -> Learned:
    whole = {"clips", "classes"}
    texts = {"over", "run"}
    values: dict[str, Any] = {}
    for name in (one.name for one in fields(Learned)):
        if name in whole:
            values[name] = _count(told[name])
        elif name == "known":
            values[name] = told.get(name) is True
        elif name in texts:
            values[name] = _text(told.get(name, ""))
        else:
            values[name] = math.nan if told[name] is None else _number(told[name])
    return Learned(**values)


# ---- checked values


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("not a number")
    return float(value)


def _share(value: object) -> float:
    share = _number(value)
    if not 0 <= share <= 1:
        raise ValueError("not a share")
    return share


def _count(value: object) -> int:
    if type(value) is not int or value < 0:
        raise ValueError("not a count")
    return value
