"""Checking all explanations of one run on some of its clips."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harstudio.errors import DataError, HarstudioError
from harstudio.jobs.context import Context
from harstudio.learning.data.samples import Sample
from harstudio.learning.inputs.skeleton import SkeletonInput, origin_joint
from harstudio.learning.preprocessing import Preprocessing
from harstudio.recognition.trained import TrainedNetwork
from harstudio.recognition.truth.curves import ORDERS
from harstudio.recognition.truth.gates import conditions_of, steadiness
from harstudio.recognition.truth.inputs import mean_pose
from harstudio.recognition.truth.likeness import fresh
from harstudio.recognition.truth.looking import Looked, Looker, share_of
from harstudio.recognition.truth.summing import summed
from harstudio.recordings.formats import open_recording
from harstudio.results import Kind

FRESH = 3  # networks with fresh weights, taken in turn
NAMED = 5  # clips that could not be read and are told one by one


def check(
    trained: TrainedNetwork, samples: Sequence[Sample], context: Context, seed: int
) -> dict[str, Any]:
    """Every measure of everything that a network tells, over the clips; builtins only.

    Clips that cannot be read are left out and named in ``problems``; DataError where none is left.
    Pauses and stops between clips.
    """
    told = trained.network.card.explains
    gated = Kind.MODALITY_SHARE in told.values()
    conditions = conditions_of(trained.preprocessing) if gated else []
    work = _Work(context, len(samples), len(conditions))
    problems: list[str] = []
    rest = _rest(trained, samples, work)
    others = tuple(fresh(trained.network, seed + k) for k in range(FRESH))
    looker = Looker(trained, others, rest, seed)
    looked: dict[int, Looked] = {}
    for number, sample in enumerate(samples):
        work.step(f"Checking explanations, clip {number + 1} of {len(samples)}", work.MEASURES)
        try:
            looked[number] = looker.look(sample, number)
        except (HarstudioError, OSError) as error:
            problems.append(f"{sample.recording}: {error}")
    if not looked:
        raise DataError(
            f"No clip could be read. {problems[0]}" if problems else "There is no clip.",
            path=trained.folder,
            remedy="Name other data with --data.",
        )
    clips = list(looked.values())
    plain = _by_name(
        (k, name, seen.share) for k, one in looked.items() for name, seen in one.seen.items()
    )
    disturbed = {
        key: _shares_under(trained, key, samples, sorted(looked), work) for key in conditions
    }
    if len(problems) > NAMED:
        problems = [*problems[:NAMED], f"{len(problems) - NAMED} more clips are left out."]
    modality = next(iter(trained.modalities), "")
    return {
        "clips": len(clips),
        "of_hands": sum(bool(one.of_hands) for one in clips),
        "random_orders": ORDERS,
        "fresh_networks": FRESH,
        "explanations": [summed(name, kind, clips, seed) for name, kind in told.items()],
        "gates": steadiness(modality, plain, disturbed, seed),
        "problems": problems,
    }


class _Work:
    """How far it is: every clip once for its joints, four times as much for its measures, and once
    under each condition."""

    MEASURES = 4

    def __init__(self, context: Context, clips: int, conditions: int) -> None:
        self._context = context
        self._total = clips * (1 + self.MEASURES + conditions)
        self._done = 0

    def step(self, text: str, weight: int = 1) -> None:
        """Before each piece of work: waits or stops where the person asked for it."""
        self._context.progress(self._done, self._total, text)
        self._context.pause_point()
        self._done += weight


def _rest(
    trained: TrainedNetwork, samples: Sequence[Sample], work: _Work
) -> NDArray[np.float32] | None:
    """The mean pose of all clips; None where the network sees no joints, or no clip has any."""
    whole = trained.preprocessing
    joints = {k: v for k, v in whole.inputs.items() if isinstance(v, SkeletonInput)}
    if not joints:
        return None
    preprocessing = Preprocessing(whole.topology, joints)
    found = []
    for number, sample in enumerate(samples):
        work.step(f"Looking at the joints of clip {number + 1} of {len(samples)}")
        try:
            with open_recording(sample.path) as recording:
                raw = preprocessing.read(recording, sample.start_ns, sample.end_ns, sample.person)
        except (HarstudioError, OSError):
            continue  # told where the clip is checked
        found.append(preprocessing.make(raw, None))
    if not found:
        return None
    name = next(iter(joints))
    return mean_pose(
        [one.inputs[name] for one in found],
        [one.placement for one in found],
        origin_joint(whole.topology),
    )


def _shares_under(
    trained: TrainedNetwork,
    condition: str,
    samples: Sequence[Sample],
    which: Sequence[int],
    work: _Work,
) -> dict[str, dict[int, float]]:
    """The first modality's share in every clip under a condition; clips that cannot be read so are
    left out."""
    worse = replace(trained, preprocessing=trained.preprocessing.disturbed(condition))
    looker = Looker(worse, (), None, 0)
    told = []
    for k in which:
        work.step(f"Shares of modalities under {condition}, clip {k + 1} of {len(samples)}")
        sample = samples[k]
        try:
            with open_recording(sample.path) as recording:
                prepared = worse.preprocessing.make(
                    worse.preprocessing.read(
                        recording, sample.start_ns, sample.end_ns, sample.person
                    )
                )
            _, _, explanations = looker.explained(prepared, sample)
        except (HarstudioError, OSError):
            continue
        told += [(k, one.name, share_of(one)) for one in explanations]
    return _by_name(told)


def _by_name(told: Iterable[tuple[int, str, float | None]]) -> dict[str, dict[int, float]]:
    """(clip, explanation, share) by explanation, then clip; without what has no share."""
    found: dict[str, dict[int, float]] = {}
    for k, name, share in told:
        if share is not None:
            found.setdefault(name, {})[k] = share
    return found
