"""Calibrating a run: from where on nothing that a window shows is known.

The middles of the classes are of the clips that the run learned from; the threshold is of clips of
people that it did not learn from, so that a chosen share of them still counts as known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harstudio.errors import DataError, UsageError
from harstudio.jobs.context import Context, Payload
from harstudio.learning.config_checks import config_of_run
from harstudio.learning.data.samples import Sample
from harstudio.learning.devices import Device, choose_device
from harstudio.learning.evaluating.asked import experiment_of, samples_of
from harstudio.learning.evaluating.inference import Answers, answer
from harstudio.learning.prepared.caches import open_cache
from harstudio.learning.preparing import Experiment, parts_by_name
from harstudio.learning.weights.checkpoints import load_network
from harstudio.live.recognising.known import Known, weights_mark
from harstudio.networks.network import Network
from harstudio.runs.folder import RunFolder

ACCEPTED = 0.95
MOST_FEATURES = 1 << 30  # bytes
LEARNED, HELD_OUT = "train", ("validation", "test")


def calibrate(payload: Payload, context: Context) -> Payload:
    """Write ``known.json`` of a run: ``{run, data, accept, without}``.

    data: where the clips that it learned from lie now, "" where its config says. accept: share of
    clips of known actions that still count as known. without: kinds of stream that these data lack.
    Gives ``{run, file, threshold, accepted, learned, clips, people, part, right}``; right: share of
    the clips that the network names right. UsageError where there are no clips of people that it
    did not learn from, DataError where a class has none that it learned from.
    """
    run = RunFolder(Path(str(payload["run"])).absolute())
    data = Path(str(payload["data"])) if payload.get("data") else None
    accept = float(payload.get("accept") or ACCEPTED)
    if not 0.5 <= accept <= 1:
        raise UsageError(f"A share of {accept:g} cannot be kept.", remedy="Use 0.5 to 1.")
    device = choose_device("auto", context, config_of_run(run).training.threads)
    device.tell(context)
    experiment = experiment_of(run, data)
    if data is not None:
        experiment = replace(experiment, cache=open_cache(data))
    if payload.get("without"):
        left = experiment.preprocessing.leaving_out([str(one) for one in payload["without"]])
        experiment = replace(experiment, preprocessing=left)
    parts = parts_by_name(experiment.parts)
    part = next((name for name in HELD_OUT if parts[name]), "")
    if not part or not parts[LEARNED]:
        raise UsageError(
            "The run has no clips that it did not learn from, so nothing tells how near they lie.",
            path=run.path,
            remedy="Train it with a validation or test part.",
        )
    network = load_network(run.best if run.best.is_file() else run.last)
    learned = _answers(network, experiment, run, context, device, data, LEARNED)
    held = _answers(network, experiment, run, context, device, data, part)
    known = fitted(experiment.classes, learned[0], held[0], accept)
    people = [
        str(one) for one in sorted({one.subject for one in held[1] if one.subject is not None})
    ]
    facts = {
        "data": Path(data or experiment.config.data.path).name,
        "learned": len(learned[1]),
        "clips": len(held[1]),
        "people": people,
        "part": part,
        "right": held[0].accuracy,
    }
    known = replace(known, weights=weights_mark(run.path), calibrated=facts)
    file = known.save(run.path)
    return {
        "run": str(run.path),
        "file": str(file),
        "threshold": known.threshold,
        "accepted": known.accepted,
        **facts,
    }


def fitted(classes: Sequence[str], learned: Answers, held: Answers, accept: float) -> Known:
    """What is known by answers to clips that were learned from, and to others of these classes."""
    count = np.bincount(learned.labels, minlength=len(classes))
    if not count.all():
        missing = classes[int(np.argmin(count))]
        raise DataError(f"Of the class {missing} there is no clip that the run learned from.")
    known = Known.fit(classes, _floats(learned), learned.labels)
    scores: NDArray[np.float64] = known.nearness(_floats(held)).max(axis=-1)
    return known.with_threshold(scores, accept)


def _floats(answers: Answers) -> dict[str, NDArray[np.float32]]:
    return {name: rows.astype(np.float32) for name, rows in answers.features.items()}


def _answers(
    network: Network,
    experiment: Experiment,
    run: RunFolder,
    context: Context,
    device: Device,
    data: Path | None,
    part: str,
) -> tuple[Answers, Sequence[Sample]]:
    """What the network makes of a part of the run's own clips, and which they are."""
    samples, _, own, _ = samples_of(run, experiment, context, data=data, part=part)
    if not own:
        raise DataError(
            "These are not the data that the run learned from.",
            path=data,
            remedy="Name where those lie now.",
        )
    loader = experiment.loader(samples, train=False, threads=context.threads)

    def pause(done: int) -> None:
        context.progress(done, len(samples), f"Part {part}, {done} of {len(samples)} clips")
        context.pause_point()

    found = answer(
        network.to(device.torch),
        loader.batches(),
        device.torch,
        features=MOST_FEATURES,
        pause=pause,
    )
    if not found.features:
        raise DataError(f"No clip of the part {part} could be read.", path=run.path)
    return found, [samples[index] for index in found.indices.tolist()]
