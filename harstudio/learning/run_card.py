"""The card of a run: what was trained, on what, how, how well, and what is not known."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from harstudio import __version__
from harstudio.files import write_atomically
from harstudio.learning.data.samples import Sample
from harstudio.learning.preparing import Experiment, parts_by_name
from harstudio.networks.network import Network
from harstudio.runs.config import CHOSEN_BY_TEST, TrainingTable
from harstudio.runs.folder import RunFolder
from harstudio.runs.reading import read_metrics

WEAKEST = 5


def write_card(
    run: RunFolder, experiment: Experiment, network: Network, evaluation: dict[str, Any] | None
) -> None:
    """Write ``card.md``."""
    lines = [
        f"# {run.path.name}: {network.card.title} on {Path(experiment.config.data.path).name}",
        "",
        *_what(network, experiment),
        *_data(experiment),
        *_how(run, experiment),
        *_figures(evaluation),
        *_terms(experiment),
    ]
    write_atomically(run.card, ("\n".join(lines) + "\n").encode())


def _what(network: Network, experiment: Experiment) -> Iterable[str]:
    card, count = network.card, sum(weight.numel() for weight in network.parameters())
    yield f"{card.title}: {card.authors}, {card.paper}, {card.year}. Trained afresh by HARStudio"
    yield f"{__version__}, {count / 1e6:.2f} M weights, {len(experiment.classes)} classes."
    options = ", ".join(f"{key} = {value!r}" for key, value in network.options.items())
    if options:
        yield f"Options: {options}."
    yield ""


def _data(experiment: Experiment) -> Iterable[str]:
    data = experiment.config.data
    yield "## Data"
    yield ""
    yield f"- {data.path}, protocol {data.protocol}, sees {', '.join(data.modalities)}"
    yield f"- skeletons: {experiment.topology}"
    for name, samples in parts_by_name(experiment.parts).items():
        yield f"- {name}: {_clips(samples)}"
    yield f"- classes: {', '.join(experiment.classes)}"
    for problem in experiment.problems:
        yield f"- {problem}"
    yield ""


def _clips(samples: Sequence[Sample]) -> str:
    people = sorted({one.subject for one in samples if one.subject is not None})
    who = f", subjects {', '.join(map(str, people))}" if people else ""
    return f"{len(samples)} clips{who}" if samples else "none"


def _how(run: RunFolder, experiment: Experiment) -> Iterable[str]:
    training = experiment.config.training
    yield "## Training"
    yield ""
    yield (
        f"- {training.optimizer}, momentum {training.momentum:g}, weight decay "
        f"{training.weight_decay:g}, batches of {training.batch_size}, seed {training.seed}, "
        f"schedule {training.schedule}"
    )
    if more := _options(training):
        yield f"- {', '.join(more)}"
    for name in training.stages or ():
        stage = training.stage[name]
        decay = f", times {training.decay:g} at {list(stage.decay_at)}" if stage.decay_at else ""
        decay = decay if training.schedule == "steps" else ""
        yield f"- stage {name}: {stage.epochs} epochs, rate {stage.learning_rate:g}{decay}"
    lines = [line for line in read_metrics(run.metrics) if line.get("kind") == "epoch"]
    if lines:
        seconds = sum(float(line["seconds"]) for line in lines)
        yield f"- {len(lines)} epochs in {seconds / 60:.1f} minutes"
        last = lines[-1]
        yield f"- last epoch, training clips: {_accuracy(last['train'])}"
        for part in ("validation", "test"):
            if last.get(part):
                yield f"- last epoch, {part} clips: {_accuracy(last[part])}"
    yield ""


def _options(training: TrainingTable) -> list[str]:
    """What a training does that trainings do not do as a rule."""
    told = {
        "classes weighted by how few clips they have": training.class_weights == "balanced",
        f"in {training.precision}": training.precision != "float32",
        f"a mean of the weights that keeps {training.ema:g} of itself": training.ema > 0,
        f"stages end after {training.patience} epochs without a better one": training.patience > 0,
        f"{training.modality_dropout:.0%} of the clips lack an input": training.modality_dropout
        > 0,
        "what stands still looks at each clip once": training.cache_features,
        f"label smoothing {training.label_smoothing:g}": training.label_smoothing > 0,
    }
    return [words for words, so in told.items() if so]


def _accuracy(figures: dict[str, float]) -> str:
    return f"{figures['accuracy']:.1%} right, loss {figures['loss']:.3f}"


def _figures(evaluation: dict[str, Any] | None) -> Iterable[str]:
    yield "## Figures"
    yield ""
    if evaluation is None:
        yield "Not tested: the protocol keeps no clips for that."
        yield ""
        return
    low, high = evaluation["ci95"]
    chosen = {
        "last": "evaluated once with the last weights; nothing was chosen by a validation part",
        "validation": "evaluated once with the weights that were best on the validation part",
        "test": f"with weights {CHOSEN_BY_TEST}",
    }
    yield f"Test part, {evaluation['clips']} clips, {chosen[evaluation['selected_by']]}:"
    yield ""
    yield f"- top-1 {evaluation['top1']:.1%} (95 % interval {low:.1%} to {high:.1%})"
    yield f"- top-5 {evaluation['top5']:.1%}, macro F1 {evaluation['macro_f1']:.3f}"
    yield f"- calibration error {evaluation['ece']:.3f}"
    streams = evaluation["streams"]
    if len(streams) > 1:
        for name, one in streams.items():
            yield f"- stream {name} alone: top-1 {one['top1']:.1%}"
    rated = [(k, v["accuracy"]) for k, v in evaluation["per_class"].items() if v["clips"]]
    weakest = [one for one in sorted(rated, key=lambda one: one[1])[:WEAKEST] if one[1] < 1]
    if weakest:
        yield "- weakest classes: " + ", ".join(f"{name} {share:.0%}" for name, share in weakest)
    yield ""


def _terms(experiment: Experiment) -> Iterable[str]:
    yield "## Terms"
    yield ""
    yield "The terms of the data are not known to HARStudio: look them up before these weights are"
    yield "shared, for they may bind what was learned from them too. The recordings show people."
    if experiment.config.network.options.get("pretrained") == "imagenet":
        yield "The picture backbone started from published ImageNet weights."
