"""What a run's network makes of stretches of recordings before it names them: its features.

They are kept in the cache folder, a file for every recording and run, so that nothing is read and
asked twice; files of changed recordings or weights are made again.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from harstudio.errors import DataError
from harstudio.files import write_atomically
from harstudio.jobs.context import Context
from harstudio.learning.preprocessing import Prepared, Preprocessing
from harstudio.networks.network import Output
from harstudio.recognition.recognise import suited
from harstudio.recognition.trained import TrainedNetwork
from harstudio.recordings.recording import Recording
from harstudio.runs.folder import stamp
from harstudio.settings import cache_dir

VERSION = 2
BATCH = 16  # stretches that the network is asked about at once
FUSED = "fusion"
MAX_FILE_BYTES = 256 << 20
MAX_FOLDER_BYTES = 2 << 30
DAMAGED = (KeyError, TypeError, ValueError, EOFError, OSError, zipfile.BadZipFile)


class Stretch(NamedTuple):
    """``[start_ns, end_ns)`` of a recording; person: body id, "" for whoever is seen."""

    start_ns: int
    end_ns: int
    person: str = ""


Features = NDArray[np.float32]


class FeatureMaker:
    """Features of the stretches of one recording; ``with`` keeps what was made, also after Stopped.

    DataError where the recording lacks what the network needs.
    """

    def __init__(self, trained: TrainedNetwork, recording: Recording, context: Context) -> None:
        self._trained = trained
        self._recording = recording
        self._context = context
        self._preprocessing: Preprocessing | None = None
        self._file = _Kept(trained, recording)
        self._known = self._file.read()
        self._fresh = False

    def __enter__(self) -> FeatureMaker:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._fresh:
            self._file.write(self._known)

    def of(
        self, stretches: Sequence[Stretch], progress: Callable[[float], None] | None = None
    ) -> Features:
        """(n, D) float32, one row a stretch: the features of the fusion where the network has any,
        else of its streams one after the other; NaN where nobody is seen, or it is damaged.

        The network is asked once about a stretch, also over several jobs. progress: called with the
        share that is done. Pauses and stops between stretches.
        """
        return self._rows(stretches, progress)[:, : -len(self._trained.classes)]

    def probabilities(self, stretches: Sequence[Stretch]) -> Features:
        """(n, K) float32: what the run itself says about stretches, as ``of``."""
        return self._rows(stretches, None)[:, -len(self._trained.classes) :]

    def _rows(
        self, stretches: Sequence[Stretch], progress: Callable[[float], None] | None
    ) -> Features:
        """Features and then probabilities."""
        wanted = [one for one in dict.fromkeys(stretches) if one not in self._known]
        for first in range(0, len(wanted), BATCH):
            self._context.pause_point()
            if progress is not None:
                progress(first / len(wanted))
            self._ask(wanted[first : first + BATCH])
        least = len(self._trained.classes) + 1
        width = max((row.size for row in self._known.values()), default=0) or least
        lost = np.full(width, np.nan, dtype=np.float32)
        rows = [self._known[one] for one in stretches]
        return np.array([row if row.size else lost for row in rows], dtype=np.float32).reshape(
            len(stretches), width
        )

    def _ask(self, stretches: Sequence[Stretch]) -> None:
        if self._preprocessing is None:
            self._preprocessing = suited(self._trained, self._recording, self._context)
        made: list[tuple[Stretch, Prepared]] = []
        for one in stretches:
            self._context.pause_point()
            with contextlib.suppress(DataError):
                raw = self._preprocessing.read(self._recording, *one)
                made.append((one, self._preprocessing.make(raw)))
        found = dict.fromkeys(stretches, np.empty(0, dtype=np.float32))
        if made:
            output = _answers(self._trained, [prepared for _, prepared in made])
            said = torch.softmax(output.logits.float(), dim=1).cpu().numpy()
            rows = np.concatenate([features_of(output), said], axis=1)
            finite = np.isfinite(rows).all(axis=1)
            for (one, _), row, fine in zip(made, rows, finite, strict=True):
                if fine:
                    found[one] = row
        self._known |= found
        self._fresh = True


def features_of(output: Output) -> Features:
    """(N, D) float32: the features of the fusion, else of the streams by name."""
    streams = [FUSED] if FUSED in output.features else sorted(output.features)
    rows = torch.cat([output.features[name].float() for name in streams], dim=1)
    return np.asarray(rows.cpu().numpy(), dtype=np.float32)


def _answers(trained: TrainedNetwork, clips: Sequence[Prepared]) -> Output:
    """What the network says about several clips at once, in evaluation mode."""
    batch = {
        name: torch.from_numpy(np.stack([clip.inputs[name] for clip in clips])).to(trained.device)
        for name in clips[0].inputs
    }
    with torch.inference_mode():
        output: Output = trained.network(batch)
    return output


# ---- files


class _Kept:
    """The file of one recording and run: an npz without pickle, bounded."""

    def __init__(self, trained: TrainedNetwork, recording: Recording) -> None:
        run = [str(trained.folder), stamp(trained.folder)]
        self._about = json.dumps([VERSION, run, recording.mark()])
        name = hashlib.sha256(f"{trained.folder}\n{recording.path}".encode()).hexdigest()[:32]
        self._path = cache_dir() / "features" / f"{name}.npz"

    def read(self) -> dict[Stretch, Features]:
        """Nothing where there is no file, or it is damaged or about something that changed."""
        try:
            if self._path.stat().st_size > MAX_FILE_BYTES:
                return {}
            with zipfile.ZipFile(self._path) as archive:
                if sum(member.file_size for member in archive.infolist()) > MAX_FILE_BYTES:
                    return {}
            with np.load(self._path, allow_pickle=False) as arrays:
                header = json.loads(arrays["header"].tobytes())
                if header["about"] != self._about:
                    return {}
                spans: NDArray[np.int64] = arrays["spans"]
                values: Features = arrays["values"]
                there: NDArray[np.bool_] = arrays["there"]
                stretches = [
                    Stretch(int(start), int(end), str(person))
                    for (start, end), person in zip(spans, header["persons"], strict=True)
                ]
                found = np.where(there[:, None], values, 0).astype(np.float32)
                nothing = np.empty(0, dtype=np.float32)
                return {one: found[k] if there[k] else nothing for k, one in enumerate(stretches)}
        except DAMAGED:
            return {}

    def write(self, known: dict[Stretch, Features]) -> None:
        """Keep it where that is possible; else it is only slower the next time."""
        width = max((row.size for row in known.values()), default=0)
        values = np.zeros((len(known), width), dtype=np.float32)
        for k, row in enumerate(known.values()):
            values[k, : row.size] = row
        about = {"about": self._about, "persons": [one.person for one in known]}
        spans = np.array([one[:2] for one in known], dtype=np.int64).reshape(-1, 2)
        there = np.array([row.size > 0 for row in known.values()], dtype=np.bool_)
        header = np.frombuffer(json.dumps(about).encode("ascii"), dtype=np.uint8)
        file = io.BytesIO()
        np.savez(file, header=header, spans=spans, values=values, there=there)
        if file.tell() > MAX_FILE_BYTES:
            return
        with contextlib.suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            _make_room(self._path.parent.glob("*.npz"), file.tell())
            write_atomically(self._path, file.getvalue())


def _make_room(files: Iterable[Path], wanted: int) -> None:
    """Remove the files that were not written for longest, so that the folder stays bounded."""
    found: list[tuple[int, int, Path]] = []
    for path in files:
        with contextlib.suppress(OSError):
            about = path.stat()
            found.append((about.st_mtime_ns, about.st_size, path))
    total = wanted + sum(size for _, size, _ in found)
    for _, size, path in sorted(found):
        if total <= MAX_FOLDER_BYTES:
            return
        path.unlink(missing_ok=True)
        total -= size
