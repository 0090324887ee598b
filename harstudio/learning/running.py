"""A training from its config to its card: the run folder, going on, and how it ended."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harstudio.errors import ConflictError, DataError, HarstudioError, MissingError, UsageError
from harstudio.files import write_atomically
from harstudio.jobs.context import Context, Stopped
from harstudio.learning import config as configs
from harstudio.learning.checkpoints import State, load_network, load_state
from harstudio.learning.config import Config, changed_keys
from harstudio.learning.config_checks import config_of_run
from harstudio.learning.devices import Device, choose_device
from harstudio.learning.environment import describe_environment
from harstudio.learning.preparing import Experiment, gather, prepare, restore, save_data
from harstudio.learning.run_card import write_card
from harstudio.learning.stages import StagePlan, complete, plan_training
from harstudio.learning.testing import evaluate_samples, known_by
from harstudio.learning.training import Trainer
from harstudio.networks import network_card
from harstudio.runs.folder import RunFolder, is_run
from harstudio.runs.reading import read_status
from harstudio.runs.status import StatusWriter, refuse_if_at_work

STATE = "state.safetensors"
FREE_ON_RESUME = ("training.device", "training.threads", "training.cache_mib", "run.folder")
GROWS_ON_RESUME = (".epochs", ".decay_at", "training.checkpoint_seconds")


def train_run(config: Config, context: Context, *, resume: bool) -> dict[str, Any]:
    """Train, or go on; gives the run's folder, state and the figures of its evaluation.

    Stopped is caught: the state is saved and the result says "stopped". Every other end is an
    error, told in status.json too; what was saved before it stays.
    """
    run = RunFolder(Path(config.run.folder))
    begins = _check_folder(run, resume)
    device = choose_device(config.training.device, context, config.training.threads)
    with StatusWriter(run.status) as status:
        try:
            device.tell(context)
            experiment = _begin(run, config, context, device, begins)
            evaluation = _train(run, experiment, context, device, status)
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


def _check_folder(run: RunFolder, resume: bool) -> bool:
    """Whether the training begins afresh; refuses what would destroy something."""
    has_state = (run.checkpoints / STATE).is_file()
    if is_run(run.path):
        refuse_if_at_work(run.path, read_status(run.path))
    elif run.path.exists() and (not run.path.is_dir() or any(run.path.iterdir())):
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


def _begin(
    run: RunFolder, config: Config, context: Context, device: Device, begins: bool
) -> Experiment:
    """The experiment, with its folder written."""
    if begins:
        experiment = prepare(config, gather(config, context))
        experiment.network()  # before anything is written: it may not fit these joints
        _clean(run)
        run.checkpoints.mkdir(parents=True, exist_ok=True)
        save_data(run.data, experiment)
        experiment.preprocessing.save(run.preprocessing)
        written = experiment.config
    else:
        known = config_of_run(run)
        written = _continued(run, known, config)
        experiment = restore(written, run.data, run.preprocessing)
    for problem in experiment.problems if begins else ():
        context.log(problem)
    kept = written.model_copy(update={"run": configs.RunTable(folder=".")})
    write_atomically(run.config, kept.to_toml().encode())
    environment = json.dumps(describe_environment(device), indent=1)
    write_atomically(run.environment, environment.encode())
    return experiment


def _continued(run: RunFolder, known: Config, wanted: Config) -> Config:
    """The run's config with what may change on the way; UsageError where something else did."""
    card = network_card(wanted.network.name)
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


def _keep_the_past(run: RunFolder, known: Sequence[StagePlan], wanted: Sequence[StagePlan]) -> None:
    """UsageError where epochs that are done would be given up, or a stage that is over changed."""
    place = load_state(run.checkpoints / STATE).place
    at, epoch, step = (place.get(key) or 0 for key in ("stage", "epoch", "step"))
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


def _clean(run: RunFolder) -> None:
    """Take away what a training that never saved has left."""
    for old in (
        run.metrics,
        run.evaluation,
        run.card,
        run.best,
        run.last,
        *run.path.glob("events.out.tfevents.*"),
    ):
        old.unlink(missing_ok=True)


def _train(
    run: RunFolder,
    experiment: Experiment,
    context: Context,
    device: Device,
    status: StatusWriter,
) -> dict[str, Any] | None:
    """The training itself, then the one evaluation on the test part, then the card."""
    network = experiment.network()
    state = _state(run)
    if state is None and (sentence := experiment.start_weights(network)):
        context.progress(0, 0, sentence)
    plan = plan_training(experiment.config, network.card)
    threads, parts = context.threads, experiment.parts
    train = experiment.loader(parts.train, train=True, threads=threads)
    validation = (
        experiment.loader(parts.validation, train=False, threads=threads)
        if parts.validation
        else None
    )
    trainer = Trainer(network, plan, train, validation, run, context, device.torch, status)
    trainer.train(state)
    for problem in train.problems:
        context.log(f"Left out: {problem}")
    return _finish(run, experiment, context, device)


def _finish(
    run: RunFolder, experiment: Experiment, context: Context, device: Device
) -> dict[str, Any] | None:
    """Evaluate the weights that the run is known by; the test part chose none of them."""
    name = known_by(run)
    network = load_network(run.best if name == "best" else run.last)
    samples = experiment.parts.test
    evaluation = None
    if samples:
        evaluation = evaluate_samples(
            network, experiment, samples, context, device, part="test", weights=name, run=run.path
        )
        text = json.dumps(evaluation, ensure_ascii=False)
        write_atomically(run.evaluation, text.encode())
    write_card(run, experiment, network, evaluation)
    return None if evaluation is None else summary(evaluation)


def summary(evaluation: dict[str, Any]) -> dict[str, Any]:
    """The figures without the matrices and samples."""
    streams = {name: {"top1": one["top1"]} for name, one in evaluation["streams"].items()}
    left_out = ("samples", "confusion", "per_class", "streams")
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
