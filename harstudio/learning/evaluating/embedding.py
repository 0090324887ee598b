"""Features of clips in a plane, so that one sees which classes a stream tells apart.

t-SNE: van der Maaten, Hinton: Visualizing Data using t-SNE, JMLR 2008. Distances within a cloud of
points mean something, those between clouds and sizes of clouds do not.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harstudio.errors import DataError, MissingError, UsageError
from harstudio.files import write_atomically
from harstudio.runs.answers import load_answers
from harstudio.runs.folder import RunFolder
from harstudio.runs.reading import read_json

MOST_CLIPS = 5000
SEED = 0
PERPLEXITY = 30.0
DIMENSIONS = 50  # that t-SNE begins with
FEWEST = 4  # clips


def embed_run(
    folder: Path, pause: Callable[[int, int, str], None] = lambda done, total, text: None
) -> dict[str, Any]:
    """Features of the run's test clips in a plane; kept in embedding.json until it is evaluated
    again.

    Gives ``{"run", "streams": {name: [[x, y], ..]}, "samples": places in evaluation.json's
    samples, "of": all clips, "seed", "perplexity"}``. Of more than 5000 clips so many are drawn.
    pause: hears the streams done, how many there are, and the next one; may raise. MissingError
    where no answers were kept, UsageError where they hold no features or too few clips.
    """
    run = RunFolder(folder)
    known = _known(run)
    if known is not None:
        return known
    answers = load_answers(run.answers)
    count = len(answers.labels)
    if not answers.features:
        raise UsageError(
            "No features of its clips were kept.",
            path=run.path,
            remedy="Evaluate the run again.",
        )
    if count < FEWEST:
        raise UsageError(f"{count} clips are too few to be spread out.", path=run.path)
    drawn = np.arange(count)
    if count > MOST_CLIPS:
        drawn = np.sort(np.random.default_rng(SEED).choice(count, MOST_CLIPS, replace=False))
    perplexity = min(PERPLEXITY, (len(drawn) - 1) / 3)
    streams = {}
    for done, (name, features) in enumerate(answers.features.items()):
        pause(done, len(answers.features), name)
        streams[name] = _spread(features[drawn], perplexity)
    document = {
        "run": str(run.path),
        "streams": streams,
        "samples": drawn.tolist(),
        "of": count,
        "seed": SEED,
        "perplexity": perplexity,
    }
    if os.access(run.path, os.W_OK):  # bundled weights may lie where nobody writes
        write_atomically(run.embedding, json.dumps(document).encode())
    return document


def _known(run: RunFolder) -> dict[str, Any] | None:
    """What was computed before; None where it is not there or damaged."""
    try:
        found = read_json(run.embedding)
    except (MissingError, DataError):
        return None
    whole = isinstance(found, dict) and isinstance(found.get("streams"), dict)
    return {**found, "run": str(run.path)} if whole else None


def _spread(features: NDArray[np.float16], perplexity: float) -> list[list[float]]:
    """(N, D) -> N points; features that are all alike lie on one point."""
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    values = features.astype(np.float32)
    values -= values.mean(axis=0)
    scale = float(values.std())
    if not scale:
        return [[0.0, 0.0]] * len(values)
    values /= scale
    dimensions = min(DIMENSIONS, *values.shape)
    reduced = PCA(dimensions, svd_solver="randomized", random_state=SEED).fit_transform(values)
    begin = "pca" if dimensions > 1 else "random"
    points = TSNE(perplexity=perplexity, init=begin, random_state=SEED).fit_transform(reduced)
    return [[round(float(x), 3), round(float(y), 3)] for x, y in points]
