"""Trying a trained network on samples: answers, then figures as evaluation.json has them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harstudio.errors import DataError
from harstudio.jobs.context import Context
from harstudio.learning.devices import Device
from harstudio.learning.evaluation import evaluate_answers
from harstudio.learning.inference import answer
from harstudio.learning.preparing import Experiment
from harstudio.learning.samples import Sample
from harstudio.networks.network import Network


def evaluate_samples(
    network: Network,
    experiment: Experiment,
    samples: Sequence[Sample],
    context: Context,
    device: Device,
    *,
    part: str,
    weights: str,
    run: Path,
    problems: Sequence[str] = (),
) -> dict[str, Any]:
    """The document of ``evaluate --json``; Stopped where the person asked to stop.

    part: what the samples are called. weights: "last" or "best".
    """
    loader = experiment.loader(samples, train=False, threads=context.threads)

    def pause(done: int) -> None:
        context.progress(done, len(samples), f"Evaluating, {done} of {len(samples)} clips")
        context.pause_point()

    pause(0)
    answers = answer(network.to(device.torch), loader.batches(), device.torch, pause=pause)
    if not len(answers.labels):
        raise DataError("No clip could be evaluated.", path=run, remedy="Look at the data.")
    return {
        "run": str(run),
        "network": network.card.name,
        "protocol": experiment.config.data.protocol,
        "split": part,
        "part": part,
        "weights": weights,
        "data": experiment.config.data.path,
        "device": device.name,
        **evaluate_answers(answers, samples, experiment.classes),
        "problems": [*problems, *loader.problems],
    }
