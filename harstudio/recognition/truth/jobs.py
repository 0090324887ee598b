"""The job that checks the explanations of a run: ``explanations.json`` in its folder."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from harstudio.errors import UsageError
from harstudio.jobs.context import Context, Payload
from harstudio.learning.data.samples import Sample
from harstudio.learning.devices import choose_device
from harstudio.learning.evaluating.asked import experiment_of, samples_of
from harstudio.learning.evaluating.keeping import known_by, may_keep
from harstudio.recognition.trained import load_run
from harstudio.recognition.truth.checking import check
from harstudio.runs.folder import RunFolder
from harstudio.runs.truth import CLIPS, VERSION, Truth, save_truth


def check_explanations(payload: Payload, context: Context) -> Payload:
    """Measure how true the explanations of a run are: ``{run, data, part, clips, seed}``.

    data: another dataset or project; without, a part of the run's own. clips: how many at most,
    evenly over the classes, 0 = all. Tells "device". Gives the document, and "kept", whether the
    run's folder has it now: it does where the clips are of the run's own test part, but bundled
    weights keep nothing. Nothing is written before everything is measured: stopped, a run keeps
    what it had.
    """
    folder = Path(str(payload["run"])).expanduser().absolute()
    run = RunFolder(folder)
    part, seed = str(payload.get("part") or "test"), int(payload.get("seed") or 0)
    wanted = payload.get("clips")
    most = CLIPS if wanted is None else int(wanted)
    if most < 0:
        raise UsageError(f"{most} clips cannot be checked.", remedy="Name 1 or more, 0 for all.")
    data = Path(str(payload["data"])) if payload.get("data") else None
    device = choose_device("auto", context)
    device.tell(context)
    context.progress(0, 0, "Loading the network")
    trained = load_run(folder, device.torch)
    if not trained.network.card.explains:
        raise UsageError(
            f"{trained.name} explains nothing.", path=folder, remedy="Choose another network."
        )
    asked = samples_of(run, experiment_of(run, data), context, data=data, part=part)
    samples = some_of(asked.samples, most, seed)
    checked = check(trained, samples, context, seed)
    document = {
        "version": VERSION,
        "run": str(folder),
        "network": trained.name,
        "title": trained.network.card.title,
        "weights": known_by(run),
        "data": "" if data is None else str(data),
        "part": asked.part,
        "clips_of_part": len(asked.samples),
        "seed": seed,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        **checked,
        "problems": [*asked.problems, *checked["problems"]],
    }
    truth = Truth.of(document)
    kept = data is None and part == "test" and may_keep(run)
    if kept:
        save_truth(run, truth)
    return {**document, "kept": kept}


def some_of(samples: Sequence[Sample], most: int, seed: int) -> list[Sample]:
    """At most ``most`` samples (0 = all), as many of each class as can be, drawn by the seed; in
    the order of the samples."""
    if not most or len(samples) <= most:
        return list(samples)
    rng = np.random.default_rng(seed)
    by_class: dict[int, list[int]] = {}
    for k in rng.permutation(len(samples)).tolist():
        by_class.setdefault(samples[k].label, []).append(k)
    rounds = [
        (place, number, k)
        for number, label in enumerate(sorted(by_class))
        for place, k in enumerate(by_class[label])
    ]
    # Where there is not one of each class for all, chance says which classes are seen.
    order = rng.permutation(len(by_class))
    rounds.sort(key=lambda one: (one[0], order[one[1]]))
    return [samples[k] for k in sorted(k for _, _, k in rounds[:most])]
