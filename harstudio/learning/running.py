"""A training from its config to its card: the run folder, going on, and how it ended."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from harstudio.errors import ConflictError, DataError, HarstudioError, MissingError, UsageError
from harstudio.files import remove_leftovers, write_atomically
from harstudio.jobs.context import Context, Stopped
from harstudio.learning.config_checks import (
    check_alone,
    check_parts,
    check_precision,
    config_of_run,
)
from harstudio.learning.data.datasets import Dataset
from harstudio.learning.devices import Device, choose_device
from harstudio.learning.environment import describe_environment
from harstudio.learning.evaluating.keeping import known_by
from harstudio.learning.evaluating.testing import evaluate_samples
from harstudio.learning.loop.place import place_of
from harstudio.learning.loop.training import Trainer, remark
from harstudio.learning.preparing import (
    MIB,
    Experiment,
    gather,
    prepare,
    require_samples,
    restore,
    save_data,
)
from harstudio.learning.run_card import write_card
from harstudio.learning.stages import StagePlan, card_of, complete, plan_training
from harstudio.learning.together.distributed import processes
from harstudio.learning.together.group import Group
from harstudio.learning.together.process_context import Unwritten
from harstudio.learning.usual_boxes import with_usual_boxes
from harstudio.learning.weights.checkpoints import State, load_network, load_state
from harstudio.runs import config as configs
from harstudio.runs.config import CHOSEN_BY_TEST, Config, changed_keys
from harstudio.runs.folder import RunFolder, is_run
from harstudio.runs.reading import read_status
from harstudio.runs.status import AT_WORK, CLAIM, StatusWriter, claimed, refuse_if_at_work

STATE = "state.safetensors"
FREE_ON_RESUME = (
    "data.path",
    "training.device",
    "training.threads",
    "training.cache_mib",
    "run.folder",
)
MOVED = "Name where they are now with --set data.path=FOLDER."
GROWS_ON_RESUME = (".epochs", ".decay_at", "training.checkpoint_seconds")


Look = Callable[[Config, Context], Dataset]


def train_run(
    config: Config, context: Context, *, resume: bool, look: Look = gather
) -> dict[str, Any]:
    """Train, or go on; gives the run's folder, state and the figures of its evaluation.

    Stopped is caught: the state is saved and the result says "stopped". Every other end is an
    error, told in status.json too; what was saved before it stays. Under torchrun the processes
    train together; the result of all but the first has no figures. look: gives the dataset.
    """
    with processes(context, config.training.device) as (group, place):
        return _train_with(group, config, place, resume, look)


def _train_with(
    group: Group, config: Config, context: Context, resume: bool, look: Look
) -> dict[str, Any]:
    """The training of one process of a group."""
    group.lead(lambda: check_alone(config.training, group.count))
    run = RunFolder(Path(config.run.folder))
    group.lead(lambda: _check_folder(run, resume))
    threads = config.training.threads and max(1, config.training.threads // group.local)
    device = choose_device(config.training.device, context, threads)
    check_precision(config.training, device.torch.type)
    status = StatusWriter(run.status) if group.first else Unwritten(run.status)
    begins = bool(group.lead(lambda: _claim(run, resume, status)))
    try:
        with status:
            return _told(run, config, context, device, status, group, look if begins else None)
    finally:
        if group.first:
            _leave(run)


def _told(
    run: RunFolder,
    config: Config,
    context: Context,
    device: Device,
    status: StatusWriter,
    group: Group,
    look: Look | None,
) -> dict[str, Any]:
    """Train, and tell the status how it ended."""
    try:
        device.tell(context)
        experiment = group.lead(lambda: _begin(run, config, context, device, look))
        if experiment is None:  # the first has written it
            experiment = restore(config_of_run(run), run.data, run.preprocessing)
        evaluation = _train(run, experiment, context, device, status, group)
    except Stopped:
        status.end("stopped", "Stopped by a person.")
        return {"run": str(run.path), "state": "stopped", "evaluation": None}
    except OSError as error:
        failed = _cannot_write(error, run)
        status.end("failed", str(failed))
        raise failed from error
    except HarstudioError as error:
        status.end("failed", str(error))
        raise
    status.end("finished")
    return {"run": str(run.path), "state": "finished", "evaluation": evaluation}


def _claim(run: RunFolder, resume: bool, status: StatusWriter) -> bool:
    """Be the one who trains here, before the long look at the data; see ``_check_folder``."""
    try:
        with claimed(run.path):
            begins = _check_folder(run, resume)
            status.begin()
    except OSError as error:
        raise _cannot_write(error, run) from error
    return begins


def _leave(run: RunFolder) -> None:
    """Take the folder of a training that never began away again."""
    if is_run(run.path) or not run.path.is_dir():
        return
    with contextlib.suppress(OSError):
        with claimed(run.path):
            status = read_status(run.path)
            others = {path.name for path in run.path.iterdir()} - {CLAIM, run.status.name}
            if others or status is None or status["state"] in AT_WORK:
                return
            run.status.unlink()
        run.path.rmdir()


def _check_folder(run: RunFolder, resume: bool) -> bool:
    """Whether the training begins afresh; refuses what would destroy something."""
    has_state = (run.checkpoints / STATE).is_file()
    refuse_if_at_work(run.path, read_status(run.path))
    if _is_foreign(run):
        raise ConflictError(
            "There is something else in this folder.",
            path=run.path,
            remedy="Choose another one (run.folder).",
        )
    if resume and not is_run(run.path):
        raise MissingError(
            "There is no run to go on with.", path=run.path, remedy="Train without --resume first."
        )
    if has_state and not resume:
        raise ConflictError(
            "There is a trained run in this folder.",
            path=run.path,
            remedy="Go on with it by --resume, or choose another folder with "
            "--set run.folder=FOLDER.",
        )
    return not has_state


def _is_foreign(run: RunFolder) -> bool:
    """Whether there is a file, or a folder with something that no training left."""
    if is_run(run.path) or not run.path.exists() or read_status(run.path) is not None:
        return False
    own = (CLAIM, f".{run.status.name}.")
    return not run.path.is_dir() or any(
        not path.name.startswith(own) for path in run.path.iterdir()
    )


def _begin(
    run: RunFolder, config: Config, context: Context, device: Device, look: Look | None
) -> Experiment:
    """The experiment, with its folder written. look: None where a training goes on."""
    _sweep(run)
    if look is not None:
        experiment = prepare(config, look(config, context))
        check_parts(experiment.config.training, experiment.parts)
        # Before anything is written: joints or weights to start from may not fit the network.
        experiment.start_weights(experiment.network())
        usual = with_usual_boxes(experiment.preprocessing, experiment.parts.train, experiment.cache)
        experiment = replace(experiment, preprocessing=usual)
        _clean(run)
        run.checkpoints.mkdir(parents=True, exist_ok=True)
        save_data(run.data, experiment)
        experiment.preprocessing.save(run.preprocessing)
        written = experiment.config
    else:
        known = config_of_run(run)
        written = _continued(run, known, config)
        experiment = restore(written, run.data, run.preprocessing)
        require_samples(experiment, MOVED)
    for problem in experiment.problems if look is not None else ():
        context.log(problem)
    kept = written.model_copy(update={"run": configs.RunTable(folder=".")})
    write_atomically(run.config, kept.to_toml().encode())
    environment = json.dumps(describe_environment(device), indent=1)
    write_atomically(run.environment, environment.encode())
    return experiment


def _continued(run: RunFolder, known: Config, wanted: Config) -> Config:
    """The run's config with what may change on the way; UsageError where something else did."""
    known = complete(known, card_of(known), known.data.modalities)  # an older one lacks keys
    card = card_of(wanted)
    filled = complete(wanted, card, wanted.data.modalities or known.data.modalities)
    changed = [
        f"preprocessing.{name}.{key}"
        for name, table in wanted.preprocessing.items()
        for key, value in table.items()
        if known.preprocessing.get(name, {}).get(key, value) != value
    ]
    filled = filled.model_copy(update={"preprocessing": known.preprocessing})
    for key in [*changed, *changed_keys(known, filled)]:
        if key in FREE_ON_RESUME or (key.startswith("training.") and key.endswith(GROWS_ON_RESUME)):
            continue
        raise UsageError(
            f"{key} is not what this run began with.",
            path=run.path,
            remedy="Take the change back to go on, or train into another folder (run.folder).",
        )
    _keep_the_past(run, plan_training(known, card).stages, plan_training(filled, card).stages)
    return filled


def is_done(config: Config) -> bool:
    """Whether the run folder of a config holds this very training, finished.

    UsageError where it holds another one.
    """
    run = RunFolder(Path(config.run.folder))
    status = read_status(run.path)
    if status is None or status["state"] != "finished" or not is_run(run.path):
        return False
    known = config_of_run(run)
    changed = changed_keys(known, _continued(run, known, config))
    return not any(key.endswith((".epochs", ".decay_at")) for key in changed)


def _keep_the_past(run: RunFolder, known: Sequence[StagePlan], wanted: Sequence[StagePlan]) -> None:
    """UsageError where epochs that are done would be given up, or a stage that is over changed."""
    path = run.checkpoints / STATE
    place = place_of(load_state(path).place, path)
    at, epoch, step = place.stage, place.epoch, place.step
    for number, (was, now) in enumerate(zip(known, wanted, strict=True)):
        over = number < at and (was.epochs, was.decay_at) != (now.epochs, now.decay_at)
        begun = epoch + (step > 0) if number == at else 0
        if over or now.epochs < begun:
            done = f"is over after {was.epochs}" if over else f"has begun {begun}"
            raise UsageError(
                f"The stage {now.name} {done} epochs and cannot have {now.epochs}.",
                path=run.path,
                remedy="Give more only to stages that go on (training.stage.NAME.epochs), or "
                "train into another folder (run.folder).",
            )


def _sweep(run: RunFolder) -> None:
    """Remove what killed writes left; the status, which is being written, sees to its own."""
    tables = (
        run.config,
        run.environment,
        run.data,
        run.preprocessing,
        run.evaluation,
        run.answers,
        run.card,
    )
    for path in tables:
        remove_leftovers(path)
    for left in run.checkpoints.glob(".*.tmp"):
        left.unlink(missing_ok=True)


def _clean(run: RunFolder) -> None:
    """Take away what a training that never saved has left."""
    for old in (
        run.metrics,
        run.evaluation,
        run.answers,
        run.embedding,
        run.card,
        run.best,
        run.last,
        *run.checkpoints.glob("best-*.safetensors"),
        *run.path.glob("events.out.tfevents.*"),
    ):
        old.unlink(missing_ok=True)


def _train(
    run: RunFolder,
    experiment: Experiment,
    context: Context,
    device: Device,
    status: StatusWriter,
    group: Group,
) -> dict[str, Any] | None:
    """The training itself, then the one evaluation on the test part, then the card."""
    network = experiment.network()
    state = _state(run)
    if state is None and (sentence := experiment.start_weights(network)):
        context.progress(0, 0, sentence)
        context.log(sentence)
    plan = plan_training(experiment.config, network.card)
    threads, parts = context.threads, experiment.parts
    train = experiment.loader(parts.train, train=True, threads=threads, group=group)
    judging = parts.test if plan.select == "test" else parts.validation
    judge = None
    if judging:
        judge = experiment.loader(group.share(judging), train=False, threads=threads)
    if plan.select == "test":
        remark(context, f"Each stage goes on from its best epoch, {CHOSEN_BY_TEST}.")
    memory = experiment.config.training.cache_mib * MIB
    trainer = Trainer(
        network, plan, train, judge, run, context, device.torch, status, group, memory
    )
    trainer.train(state)
    left_out = [f"Left out: {problem}" for problem in group.problems(train.problems)]
    for sentence in left_out:
        context.log(sentence)
    experiment = replace(experiment, problems=(*experiment.problems, *left_out))
    return group.lead(lambda: _finish(run, experiment, context, device))


def _finish(
    run: RunFolder, experiment: Experiment, context: Context, device: Device
) -> dict[str, Any] | None:
    """Evaluate the weights that the run is known by; the test part chose none of them, unless the
    config says so."""
    name = known_by(run)
    network = load_network(run.best if name == "best" else run.last)
    samples = experiment.parts.test
    evaluation = None
    if samples:
        evaluation = evaluate_samples(
            network,
            experiment,
            samples,
            context,
            device,
            part="test",
            weights=name,
            run=run.path,
            keep=True,
        )
    write_card(run, experiment, network, evaluation)
    return None if evaluation is None else summary(evaluation)


def summary(evaluation: dict[str, Any]) -> dict[str, Any]:
    """The figures without the matrices and samples."""
    streams = {name: {"top1": one["top1"]} for name, one in evaluation["streams"].items()}
    left_out = ("samples", "confusion", "per_class", "reliability", "streams")
    figures = {key: value for key, value in evaluation.items() if key not in left_out}
    return {**figures, "streams": streams}


def _state(run: RunFolder) -> State | None:
    try:
        return load_state(run.checkpoints / STATE)
    except MissingError:
        return None


def _cannot_write(error: OSError, run: RunFolder) -> DataError:
    reason = (error.strerror or str(error) or type(error).__name__).rstrip(".")
    kept = (run.checkpoints / STATE).is_file()
    remedy = (
        "The last checkpoint is whole: make room or bring the disk back, then go on with --resume."
        if kept
        else "Make room or bring the disk back, then train again."
    )
    return DataError(f"The run cannot be written: {reason}.", path=run.path, remedy=remedy)
