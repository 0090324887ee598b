"""Before a long training: how long it would take, what the network would see, whether it learns."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from harstudio.errors import DataError
from harstudio.files import write_atomically
from harstudio.jobs.context import Context
from harstudio.learning.config_checks import check_precision
from harstudio.learning.data.samples import Sample
from harstudio.learning.devices import Device
from harstudio.learning.loading import Batch, Loader
from harstudio.learning.loop.stepping import Stepper
from harstudio.learning.loop.training_batches import TrainingBatches
from harstudio.learning.preparing import MIB, Experiment
from harstudio.learning.stages import Plan, StagePlan, plan_training

STEPS = 3  # measured a stage, the first of them to warm up
AT_ONCE = 2  # clips in a measured step on a CPU, where a whole batch may take a minute
FORWARD_SHARE = 1 / 3  # of a step: a backward pass costs about two forward passes
SHOWN = 16
BY_HEART_STEPS = 80
BY_HEART_S = 60.0
BY_HEART_RATE = 1e-3
LEARNED = 0.02  # mean loss in nats that counts as known by heart
PICTURES = ("picture", "clip", "dynamic", "regions")
SHOWN_FRAMES = 12  # of a clip
SAMPLES, ARRAYS = "samples.json", "samples.npz"


def estimate_time(experiment: Experiment, context: Context, device: Device) -> dict[str, Any]:
    """``{"seconds_per_epoch": {stage: s}, "seconds": total, "steps": of an epoch}``.

    Measured on three real steps of every stage on this device, the first not counted, with whole
    batches on a GPU and a few clips on a CPU; decoding is paid in the first epoch, for what the
    cache holds, and so is what frozen modules look at once.
    """
    check_precision(experiment.config.training, device.torch.type)
    network = experiment.network()
    plan = plan_training(experiment.config, network.card)
    parts, on_gpu = experiment.parts, device.torch.type == "cuda"
    steps = len(experiment.loader(parts.train, train=True, threads=1))
    size = plan.batch_size if on_gpu else min(plan.batch_size, AT_ONCE)
    few = _spread(parts.train, size * STEPS)
    loader = _direct(experiment, few, size)
    _, decoding = _decoded(loader, context)
    making = _seconds_to_make(loader)
    stepper = Stepper(network, plan, device.torch, context.log)
    budget = experiment.config.training.cache_mib * MIB * len(few) // len(parts.train)
    fed = TrainingBatches(
        network, plan, stepper, loader, budget, lambda _: None, lambda _: context.pause_point()
    )
    judging = parts.test if plan.select == "test" else parts.validation
    per_epoch: dict[str, float] = {}
    done, once = 0, decoding * len(experiment.samples) / max(1, len(few))
    for stage in plan.stages:
        if not stage.epochs:
            continue
        stepper.begin(stage)
        started = time.perf_counter()
        fed.begin(stage)
        looking = (time.perf_counter() - started) / len(few) if fed.looked else 0.0
        clip = _clip_seconds(stepper, fed, context)
        # on a GPU the clips are made meanwhile, on the CPU they take their share of it
        made = making if fed.makes_inputs else 0.0
        each = max(clip, made) if on_gpu else clip + made
        validation = max(looking, FORWARD_SHARE * clip) * len(judging)
        per_epoch[stage.name] = each * len(parts.train) + validation
        once += looking * len(parts.train)
        done += 1
        context.progress(done, len(plan.stages), f"Measured stage {stage.name}")
    total = sum(per_epoch[stage.name] * stage.epochs for stage in plan.stages if stage.epochs)
    return {
        "seconds_per_epoch": per_epoch,
        "seconds": total + once,
        "seconds_to_decode": once,
        "steps": steps,
    }


def _decoded(loader: Loader, context: Context) -> tuple[list[Batch], float]:
    """All batches, and the seconds that reading them took."""
    started = time.perf_counter()
    batches = []
    for batch in loader.batches():
        batches.append(batch)
        context.pause_point()
    if not batches:
        raise DataError("No sample can be read.", path=loader.samples[0].path)
    return batches, time.perf_counter() - started


def _seconds_to_make(loader: Loader) -> float:
    """Seconds a clip once it is decoded."""
    started = time.perf_counter()
    count = sum(len(batch.labels) for batch in loader.batches())
    return (time.perf_counter() - started) / max(1, count)


def _clip_seconds(stepper: Stepper, fed: TrainingBatches, context: Context) -> float:
    """Seconds of a step for each of its clips, in the stage that has begun."""
    batches = list(islice(fed.epoch(0, 0, context.pause_point), STEPS))
    taken: list[float] = []
    for number in range(STEPS):
        (inputs, labels, places), lacks = batches[number % len(batches)]
        started = time.perf_counter()
        # a rate of 0: the weights stay
        loss, _ = stepper.step(inputs, labels, 0.0, places=places, lacks=lacks)
        float(loss)
        if number:
            taken.append((time.perf_counter() - started) / len(labels))
        context.pause_point()
    return float(np.median(taken))


def check_data(
    experiment: Experiment, context: Context, device: Device, out: Path, seed: int
) -> dict[str, Any]:
    """Sixteen training samples as the network gets them, then learned by heart.

    Writes ``samples.json`` (``{"topology", "classes", "inputs": {name: kind}, "samples": [{"path",
    "recording", "start_ns", "end_ns", "label", "name", "subject"}]}``) and ``samples.npz`` (an
    array an input, the samples first; see ``for_the_eye``) into ``out``, tells "samples", then
    "overfit" ``{"step", "loss", "accuracy"}`` for every step until the loss is nothing, or a minute
    or eighty steps are over.
    """
    check_precision(experiment.config.training, device.torch.type)
    train = experiment.parts.train
    order = np.random.default_rng(seed).permutation(len(train))[:SHOWN]
    samples = [train[index] for index in sorted(order.tolist())]
    loader = _direct(experiment, samples, SHOWN)
    loader.seed = seed
    batches, _ = _decoded(loader, context)
    inputs, labels, places = batches[0]
    shown = [loader.samples[place] for place in places]
    _save_samples(out, experiment, shown, {name: value.numpy() for name, value in inputs.items()})
    context.tell("samples", {"folder": str(out), "count": len(shown)})
    steps = 0
    told = {"loss": 0.0, "accuracy": 0.0}
    for steps, told in enumerate(_by_heart(experiment, inputs, labels, device, context), 1):
        context.tell("overfit", {"step": steps, **told})
        context.progress(steps, BY_HEART_STEPS, f"Learning {len(shown)} samples by heart")
        context.pause_point()
    return {"folder": str(out), "samples": len(shown), "steps": steps, **told}


def _by_heart(
    experiment: Experiment, inputs: Any, labels: torch.Tensor, device: Device, context: Context
) -> Iterator[dict[str, float]]:
    """Loss and accuracy before every update on the one batch, without dropout."""
    network = experiment.network()
    experiment.start_weights(network)
    plan = plan_training(experiment.config, network.card)
    stage = _everything(plan, network)
    plan = replace(plan, optimizer="adam", weight_decay=0.0, rates=(), label_smoothing=0.0, ema=0.0)
    stepper = Stepper(network, plan, device.torch, context.log)
    stepper.begin(stage)
    for part in network.modules():
        if isinstance(part, torch.nn.modules.dropout._DropoutNd):
            part.eval()
    until = time.monotonic() + BY_HEART_S
    for _ in range(BY_HEART_STEPS):
        loss, right = stepper.step(inputs, labels, BY_HEART_RATE)
        yield {"loss": float(loss), "accuracy": float(right) / len(labels)}
        if float(loss) < LEARNED or time.monotonic() > until:
            return


def _everything(plan: Plan, network: torch.nn.Module) -> StagePlan:
    """A stage that trains all that is trained at some time, on the fused opinion."""
    last = plan.stages[-1]
    parts = tuple(name for name, _ in network.named_children())
    return replace(last, trains=parts, stream="", epochs=1, schedule="steps", warmup_epochs=0)


def _direct(experiment: Experiment, samples: list[Sample], size: int) -> Loader:
    """A loader without threads that keeps all it decodes, drawing as in training."""
    return Loader(
        samples,
        experiment.preprocessing,
        size,
        seed=experiment.config.training.seed,
        train=True,
        cache_bytes=1 << 40,
        threads=0,
        cache=experiment.prepared,
    )


def _spread(samples: tuple[Sample, ...], count: int) -> list[Sample]:
    """At most ``count`` samples, evenly over the part."""
    places = np.linspace(0, len(samples) - 1, min(count, len(samples))).astype(int)
    return [samples[place] for place in places]


def _save_samples(
    out: Path, experiment: Experiment, shown: list[Sample], inputs: dict[str, Any]
) -> None:
    written = io.BytesIO()
    kinds = {name: table.kind for name, table in experiment.preprocessing.inputs.items()}
    shown_inputs = {
        name: for_the_eye(values) if kinds.get(name) in PICTURES else values
        for name, values in inputs.items()
    }
    np.savez(written, allow_pickle=False, **shown_inputs)
    write_atomically(out / ARRAYS, written.getvalue())
    about = {
        "version": 1,
        "topology": experiment.topology,
        "classes": list(experiment.classes),
        "inputs": kinds,
        "samples": [
            {
                "path": str(sample.path),
                "recording": sample.recording,
                "start_ns": sample.start_ns,
                "end_ns": sample.end_ns,
                "label": sample.label,
                "name": experiment.classes[sample.label],
                "subject": sample.subject,
            }
            for sample in shown
        ],
    }
    write_atomically(out / SAMPLES, json.dumps(about, ensure_ascii=False).encode())


def for_the_eye(values: NDArray[np.float32]) -> NDArray[np.uint8]:
    """(N, 3, ...) of pictures as the network gets them -> uint8: every sample spread from 0 to 255
    over its channels and frames together; of many frames some, evenly."""
    if values.ndim == 5 and values.shape[2] > SHOWN_FRAMES:
        places = np.linspace(0, values.shape[2] - 1, SHOWN_FRAMES).round().astype(int)
        values = values[:, :, places]
    rest = tuple(range(1, values.ndim))
    low = values.min(axis=rest, keepdims=True)
    high = values.max(axis=rest, keepdims=True)
    scaled = (values - low) * (255 / np.maximum(high - low, 1e-6))
    pixels: NDArray[np.uint8] = np.rint(scaled).astype(np.uint8)
    return pixels
