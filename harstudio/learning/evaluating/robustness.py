"""What a network can bear: the same clips with a modality missing, or under worse conditions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from harstudio.errors import HarstudioError
from harstudio.jobs.context import Context
from harstudio.learning.data.samples import Sample
from harstudio.learning.devices import Device
from harstudio.learning.evaluating.disturbing import CONDITIONS, applies
from harstudio.learning.evaluating.figures import interval, paired_interval
from harstudio.learning.evaluating.inference import Answers, answer
from harstudio.learning.preparing import Experiment
from harstudio.learning.preprocessing import Preprocessing
from harstudio.networks.network import Network, streams_with


def conditions_of(
    network: Network, preprocessing: Preprocessing
) -> Iterator[tuple[str, str, Preprocessing]]:
    """Name, title and preprocessing of every condition that this network can be tried under.

    A modality is left out where a stream can answer without it.
    """
    kinds = preprocessing.kinds
    for kind in kinds if len(kinds) > 1 else ():
        try:
            left = preprocessing.leaving_out([kind])
        except HarstudioError:
            continue
        if streams_with(network.card, left.inputs):
            yield f"without-{kind}", f"Without {kind}", left
    for name, condition in CONDITIONS.items():
        if applies(name, preprocessing):
            yield name, condition.title, preprocessing.disturbed(name)


def try_conditions(
    network: Network,
    experiment: Experiment,
    samples: Sequence[Sample],
    plain: Answers,
    context: Context,
    device: Device,
) -> list[dict[str, Any]]:
    """Accuracy under every condition; Stopped where the person asked to stop.

    plain: what the network answered to the same samples as they are. Each of the list:
    ``{"condition", "title", "clips", "top1", "ci95", "change", "change_ci95", "problem"}``. change:
    of the accuracy on the clips that can be answered either way, with its interval. problem: a
    sentence on clips that cannot be read so; where none can, the figures are None.
    """
    found = list(conditions_of(network, experiment.preprocessing))
    right = dict(zip(plain.indices.tolist(), _right(plain).tolist(), strict=True))
    network.opinions = False
    told = []
    for number, (name, title, preprocessing) in enumerate(found):

        def pause(done: int, before: int = number * len(samples), title: str = title) -> None:
            context.progress(before + done, len(found) * len(samples), title)
            context.pause_point()

        pause(0)
        loader = replace(experiment, preprocessing=preprocessing).loader(
            samples, train=False, threads=context.threads
        )
        row: dict[str, Any] = {"condition": name, "title": title}
        try:
            answers = answer(network, loader.batches(), device.torch, pause=pause)
        except HarstudioError as error:
            told.append({**row, **_figures([], []), "problem": str(error)})
            continue
        pairs = [
            (right[index], now)
            for index, now in zip(answers.indices.tolist(), _right(answers).tolist(), strict=True)
            if index in right
        ]
        left_out = len(right) - len(pairs)
        problem = f"{left_out} of {len(right)} clips cannot be read so." if left_out else ""
        told.append({**row, **_figures(*zip(*pairs, strict=True)), "problem": problem})
    return told


def _right(answers: Answers) -> np.ndarray[Any, np.dtype[np.bool_]]:
    right: np.ndarray[Any, np.dtype[np.bool_]] = answers.logits.argmax(axis=1) == answers.labels
    return right


def _figures(before: Sequence[bool], now: Sequence[bool]) -> dict[str, Any]:
    """Accuracy now, and its change on the same clips; None without clips."""
    clips = len(now)
    if not clips:
        return {"clips": 0, **dict.fromkeys(("top1", "ci95", "change", "change_ci95"))}
    was, there = np.array(before), np.array(now)
    gained, lost = int((there & ~was).sum()), int((was & ~there).sum())
    return {
        "clips": clips,
        "top1": float(there.mean()),
        "ci95": interval(int(there.sum()), clips),
        "change": (gained - lost) / clips,
        "change_ci95": paired_interval(gained, lost, clips),
    }
