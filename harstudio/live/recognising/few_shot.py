"""New actions from a few examples: prototypes on the network's features, no training.

After J. Snell, K. Swersky, R. Zemel: Prototypical Networks for Few-shot Learning, NeurIPS 2017: an
action is the mean of the features of its examples, and a window is of the action whose mean is
nearest. Features are standardised and compared by their cosine as in ``known``, where the classes
of the run have their middles too, so that old and new are compared alike: where a new action is
nearer than every class of the run, the window is of the new one. How sure it is of that is the
softmax over the nearest old and the new ones (``SHARPNESS``); what is left goes to the run's
classes as the network shares it out. Measured in ``docs/reference/live.md``.

The file of examples, among the user's data: ``version``, ``run``, ``weights`` (SHA-256 of the
checkpoint), ``examples``: by name, per example by stream its (D,) features.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harstudio.errors import DataError, UsageError
from harstudio.files import write_atomically
from harstudio.live.recognising.known import Features, Known, Vector
from harstudio.settings import data_dir

VERSION = 1
SHOTS = 5  # examples from which on an action is recognised
MOST_SHOTS, MOST_NAMES = 50, 100
LONGEST_NAME = 80
LARGEST = 64 << 20  # bytes of the file
SHARPNESS = 25.0  # of cosines


class FewShot:
    """Actions that a run learned after its training. file: where they are kept, None = nowhere.

    UsageError where a name or an example will not do; DataError where the file is damaged.
    """

    def __init__(self, known: Known, file: Path | None = None, run: str = "") -> None:
        self._known, self._file, self._run = known, file, run
        self._examples: dict[str, list[dict[str, Vector]]] = {}
        self._middles: list[dict[str, Vector]] = []
        if file is not None:
            self._examples = _read(file, known)
            self._learn()

    @property
    def names(self) -> tuple[str, ...]:
        """The actions that are recognised, in the order of their classes after those of the run."""
        return tuple(name for name, found in self._examples.items() if len(found) >= SHOTS)

    @property
    def counts(self) -> dict[str, int]:
        """Examples by name."""
        return {name: len(found) for name, found in self._examples.items()}

    def add(self, name: str, features: Features) -> int:
        """One more example, its features (D,) by stream; how many the action has."""
        name = name.strip()
        if not 0 < len(name) <= LONGEST_NAME:
            raise UsageError("An action needs a name.", remedy=f"Up to {LONGEST_NAME} letters.")
        if name in self._known.classes:
            raise UsageError(f"The run knows {name} already.", remedy="Choose another name.")
        if name not in self._examples and len(self._examples) >= MOST_NAMES:
            raise UsageError(f"There are {MOST_NAMES} new actions.", remedy="Forget one first.")
        units = self._known.units(features)
        found = self._examples.setdefault(name, [])
        found.append(units)
        del found[:-MOST_SHOTS]
        self._changed()
        return len(found)

    def forget(self, name: str) -> None:
        """Without this action; nothing where it is not there."""
        if self._examples.pop(name.strip(), None) is not None:
            self._changed()

    def nearness(self, features: Features) -> NDArray[np.float64]:
        """(n,) cosine of a window to every new action, as ``Known.nearness``."""
        units = self._known.units(features)
        return np.array(
            [
                np.mean([unit @ middle[name] for name, unit in units.items() if name in middle])
                if not units.keys().isdisjoint(middle)
                else -1.0
                for middle in self._middles
            ],
            dtype=np.float64,
        )

    def extend(self, probabilities: NDArray[np.float32], features: Features) -> NDArray[np.float32]:
        """(K + n,) probabilities of the run's classes and the new ones, from its own (K,)."""
        if not self._middles:
            return probabilities
        if not self._known.covers(features):
            nothing = np.zeros(len(self._middles), dtype=np.float32)
            return np.concatenate([probabilities, nothing])
        new = self.nearness(features)
        near = SHARPNESS * np.array([self._known.score(features), *new])
        shares = np.exp(near - near.max())
        shares /= shares.sum()
        return np.concatenate([probabilities * shares[0], shares[1:]]).astype(np.float32)

    def _changed(self) -> None:
        self._learn()
        if self._file is not None:
            _write(self._file, self._known, self._run, self._examples)

    def _learn(self) -> None:
        self._middles = []
        for name in self.names:
            streams = set.intersection(*(set(one) for one in self._examples[name]))
            middle = {}
            for stream in streams:
                mean = np.mean([one[stream] for one in self._examples[name]], axis=0)
                middle[stream] = (mean / max(float(np.linalg.norm(mean)), 1e-9)).astype(np.float32)
            self._middles.append(middle)


def examples_file(run: Path) -> Path:
    """Where the examples for a run are kept."""
    mark = hashlib.sha256(str(run.absolute()).encode()).hexdigest()[:12]
    return data_dir() / "examples" / f"{run.name}-{mark}.json"


def _write(
    path: Path, known: Known, run: str, examples: Mapping[str, list[dict[str, Vector]]]
) -> None:
    rows = {
        name: [{stream: _list(unit) for stream, unit in one.items()} for one in found]
        for name, found in examples.items()
    }
    document = {"version": VERSION, "run": run, "weights": known.weights, "examples": rows}
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, json.dumps(document, separators=(",", ":")).encode())


def _list(unit: Vector) -> list[float]:
    return [round(value, 5) for value in unit.tolist()]


def _read(path: Path, known: Known) -> dict[str, list[dict[str, Vector]]]:
    """Nothing where there is no file, or it is of other weights: features changed with them."""
    try:
        if path.stat().st_size > LARGEST:
            raise ValueError("it is too large")
        document = json.loads(path.read_bytes())
        if document["version"] != VERSION or document["weights"] != known.weights:
            return {}
        return {
            str(name): [_example(one, known) for one in found][-MOST_SHOTS:]
            for name, found in list(document["examples"].items())[:MOST_NAMES]
        }
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"It is damaged ({error}).", path=path, remedy="Remove it and show the actions again."
        ) from None


def _example(told: Any, known: Known) -> dict[str, Vector]:
    """ValueError where it does not fit to what is known."""
    found = {str(name): np.asarray(unit, dtype=np.float32) for name, unit in told.items()}
    for name, unit in found.items():
        scale = known.scales.get(name)
        if scale is None or unit.shape != scale.mean.shape or not np.isfinite(unit).all():
            raise ValueError("an example does not fit to the run")
    if not found:
        raise ValueError("an example is empty")
    return found
