"""``answers.npz`` of a run: what it said about every clip of its last evaluation, in figures.

Beside ``evaluation.json``, whose ``samples`` are the same clips in the same order. Comparisons of
runs, sums of their scores and pictures of their features are made of it without the network.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harstudio.errors import DataError, MissingError
from harstudio.files import write_atomically

LARGEST = 1 << 32  # bytes unpacked
STREAM, FEATURES = "stream/", "features/"
REMEDY = "Evaluate the run again."


@dataclass(frozen=True, slots=True, eq=False)
class StoredAnswers:
    """Answers to N clips of K classes.

    logits: (N, K) float32, no softmax. labels: (N,) int64, what is true. streams: (N, K) float32 of
    every stream with an opinion of its own. features: (N, D) float16 of every stream and of the
    fusion ("fusion"), before their classifiers.
    """

    logits: NDArray[np.float32]
    labels: NDArray[np.int64]
    streams: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    features: Mapping[str, NDArray[np.float16]] = field(default_factory=dict)


def save_answers(path: Path, answers: StoredAnswers) -> None:
    """Write the file whole or not at all."""
    arrays: dict[str, NDArray[np.generic]] = {"logits": answers.logits, "labels": answers.labels}
    arrays |= {f"{STREAM}{name}": one for name, one in answers.streams.items()}
    arrays |= {f"{FEATURES}{name}": one for name, one in answers.features.items()}
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=False, **arrays)
    write_atomically(path, file.getvalue())


def load_answers(path: Path) -> StoredAnswers:
    """Read the file; MissingError or DataError name it."""
    try:
        with zipfile.ZipFile(path) as whole:
            if sum(one.file_size for one in whole.infolist()) > LARGEST:
                raise ValueError("it is too large")
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        return _checked(arrays)
    except FileNotFoundError:
        raise MissingError("Its answers were not kept.", path=path, remedy=REMEDY) from None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"It is damaged ({error}).", path=path, remedy=REMEDY) from None


def _checked(arrays: Mapping[str, NDArray[np.generic]]) -> StoredAnswers:
    """ValueError where shapes or kinds do not fit together."""
    labels, logits = arrays["labels"], arrays["logits"]
    if labels.ndim != 1 or labels.dtype.kind != "i" or logits.ndim != 2:
        raise ValueError("labels or logits have another shape")
    for name, one in arrays.items():
        if len(one) != len(labels) or (
            name != "labels" and (one.ndim != 2 or one.dtype.kind != "f")
        ):
            raise ValueError(f"{name} has another shape")
    streams = {n.removeprefix(STREAM): one for n, one in arrays.items() if n.startswith(STREAM)}
    if any(one.shape != logits.shape for one in streams.values()):
        raise ValueError("a stream has other classes")
    clips = labels.astype(np.int64)
    if len(clips) and not 0 <= clips.min() <= clips.max() < logits.shape[1]:
        raise ValueError("a label has no class")
    return StoredAnswers(
        logits.astype(np.float32),
        clips,
        {name: one.astype(np.float32) for name, one in streams.items()},
        {
            name.removeprefix(FEATURES): one.astype(np.float16)
            for name, one in arrays.items()
            if name.startswith(FEATURES)
        },
    )
