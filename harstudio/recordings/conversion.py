"""Converting one recording or a folder of them; one that fails does not stop the others."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from harstudio.errors import HarstudioError, MissingError, UnknownFormatError, UsageError
from harstudio.recordings.formats import open_recording, scan
from harstudio.recordings.formats.harrec_convert import write_harrec
from harstudio.recordings.overlay.painter import OVERLAYS
from harstudio.recordings.overlay.video import write_overlay_video
from harstudio.recordings.recording import Recording

ENDINGS = {"harrec": ".harrec", "mp4": ".mp4"}


def _nowhere(_recording: Path) -> bool:
    return False


@dataclass(frozen=True)
class Conversion:
    """What to convert to, and how.

    hides_faces: whether heads are made coarse in videos of a recording, by its path.
    """

    to: str  # a key of ENDINGS
    overlays: tuple[str, ...] = ()
    stream: str = ""
    overwrite: bool = False
    hides_faces: Callable[[Path], bool] = _nowhere

    @classmethod
    def asked(
        cls, target: Path, *, to: str = "", overlay: str = "", stream: str = "", overwrite: bool
    ) -> Conversion:
        """From what a person typed; UsageError when the parts do not fit each other."""
        overlays = tuple(name for name in (part.strip() for part in overlay.split(",")) if name)
        for name in overlays:
            if name not in OVERLAYS:
                raise UsageError(
                    f"There is no overlay {name}.", remedy=f"There are: {', '.join(OVERLAYS)}."
                )
        ending = target.suffix.lower()
        if ending[1:2].isalpha() and ending not in ENDINGS.values() and not target.is_dir():
            raise UsageError(
                f"Nothing is converted to {ending}.",
                path=target,
                remedy="Name a file that ends in .harrec or .mp4, or a folder (make one whose "
                "name has an ending first).",
            )
        by_ending = {known: name for name, known in ENDINGS.items()}.get(ending)
        chosen = to or by_ending or ("mp4" if overlays or stream else "harrec")
        if by_ending is not None and chosen != by_ending:
            raise UsageError(f"{target.name} would be no {chosen} by its name.")
        if chosen == "harrec" and (overlays or stream):
            raise UsageError(
                "Overlays and a choice of stream are for videos.", remedy="Use --to mp4."
            )
        return cls(chosen, overlays, stream, overwrite)


@dataclass
class Outcome:
    """What came of it: paths written, sentences for the others."""

    written: list[Path] = field(default_factory=list)
    left_alone: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def summary(self) -> str:
        """One sentence."""
        count = len(self.written)
        if count == 1 and not self.left_alone and not self.failures:
            return f"Written: {self.written[0]}"
        parts = [f"{count} written"]
        if self.left_alone:
            parts.append(f"{len(self.left_alone)} left alone")
        if self.failures:
            parts.append(f"{len(self.failures)} failed")
        return ", ".join(parts) + "."


def convert_all(
    source: Path,
    target: Path,
    conversion: Conversion,
    progress: Callable[[float, float], None] | None = None,
) -> Outcome:
    """Convert what lies at ``source``; ``progress(done, total)`` counts recordings.

    A recording is written to ``target`` itself when that has the ending, else into it under the
    recording's name; many are written into it.
    """
    outcome = Outcome()
    jobs = list(_jobs(source, target, conversion, outcome))
    for number, (path, file) in enumerate(jobs):
        if file.exists() and not conversion.overwrite:
            sentence = f"{file}: This is there already; --overwrite replaces it."
            # Many may be converted in several goes; whoever named one file did not get it.
            (outcome.failures if file == target else outcome.left_alone).append(sentence)
            continue

        def within(done: int, total: int, number: int = number) -> None:
            if progress is not None:
                progress(number + done / max(1, total), len(jobs))

        try:
            outcome.failures += _convert(path, file, conversion, within)
        except HarstudioError as error:
            outcome.failures.append(str(error))
        except OSError as error:
            outcome.failures.append(f"{file}: This cannot be written ({error.strerror or error}).")
        else:
            outcome.written.append(file)
        within(1, 1)
    return outcome


def _jobs(
    source: Path, target: Path, conversion: Conversion, outcome: Outcome
) -> Iterator[tuple[Path, Path]]:
    """(recording, file to write) of everything to do."""
    ending = ENDINGS[conversion.to]
    try:
        with open_recording(source) as recording:
            name = recording.name
    except UnknownFormatError:
        if not source.is_dir():
            raise
    else:
        yield source, target if target.suffix.lower() == ending else target / f"{name}{ending}"
        return
    if target.suffix.lower() in ENDINGS.values():
        raise UsageError(
            f"{source} holds many recordings and {target.name} is one file.",
            remedy="Name a folder to write into.",
        )
    result = scan(source)
    outcome.failures += [f"{one.path}: {one.message}" for one in result.problems]
    if not result.recordings:
        raise MissingError("There are no recordings in this folder.", path=source)
    names = [found.name for found in result.recordings]
    for found in result.recordings:
        alone = names.count(found.name) == 1
        folder = target if alone else target / found.path.parent.relative_to(source)
        yield found.path, folder / f"{found.name}{ending}"


def _convert(
    path: Path, file: Path, conversion: Conversion, progress: Callable[[int, int], None]
) -> list[str]:
    """Write ``file``; sentences about what of the recording could not be read."""
    with open_recording(path) as recording:
        if conversion.to == "harrec":
            return _convert_to_harrec(recording, file, progress)
        lost = write_overlay_video(
            recording,
            file,
            overlays=conversion.overlays,
            stream=conversion.stream,
            hide_faces=conversion.hides_faces(path),
            progress=progress,
        )
    return [f"{path}: {lost} frames could not be read and are left out of {file}."] if lost else []


def _convert_to_harrec(
    recording: Recording, file: Path, progress: Callable[[int, int], None]
) -> list[str]:
    """Written beside its place first, so that no half recording is ever found there."""
    part = file.with_name(f".{file.stem}.part.harrec")
    shutil.rmtree(part, ignore_errors=True)
    try:
        write_harrec(recording, part, progress=progress)
        if file.exists():
            shutil.rmtree(file)
        part.replace(file)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    with open_recording(file) as written:
        new = [problem for problem in written.problems if problem not in recording.problems]
    return [f"{recording.path}: {problem}" for problem in new]
