"""Exporting: a run's network as one ONNX file that says the same as torch.

``torch.onnx`` writes the graph. It is compared with torch on real clips before the file is kept.
Every network of ours exports; a lab's own may have an operation that ``torch.onnx`` does not know.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import logging
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from harstudio.errors import DataError, HarstudioError, MissingError
from harstudio.files import write_atomically
from harstudio.jobs.context import Context, Payload
from harstudio.learning.data.looked import extent
from harstudio.learning.preprocessing import Prepared
from harstudio.networks.inputs import input_shapes
from harstudio.networks.network import Network, Output
from harstudio.recognition.onnx_network import (
    BY_STREAM,
    EXTRA,
    FEATURES,
    LOGITS,
    METADATA,
    OnnxNetwork,
)
from harstudio.recognition.trained import TrainedNetwork, load_run
from harstudio.recognition.window_reader import WindowReader
from harstudio.recognition.windows import Sliding
from harstudio.recordings.formats import open_recording
from harstudio.resources import resource

VERSION = 1  # of the metadata
OPSET = 18
NEEDS = ("onnx", "onnxruntime", "onnxscript")
CLIPS_A_RECORDING = 4
TOLERANCE = 1e-3  # of the largest logit
DEMO = ("demo", "recordings")


@dataclass(frozen=True, slots=True)
class Compared:
    """How far ONNX Runtime was from torch. clips: how many were looked at. difference: the largest
    of a logit; logit: the largest logit itself, by its size."""

    clips: int
    recordings: int
    difference: float
    logit: float


class Different(DataError):  # noqa: N818 -- a state, as people call it
    """The exported network does not say what the run's says."""


class _Answers(nn.Module):
    """The network with tensors instead of names: its inputs one by one, its answers as a tuple."""

    def __init__(self, network: Network, inputs: tuple[str, ...]) -> None:
        super().__init__()
        self.network, self.inputs = network, inputs

    def forward(self, *values: Tensor) -> tuple[Tensor, ...]:
        batch = dict(zip(self.inputs, values, strict=True))
        return tuple(answers_of(self.network(batch)).values())


def answers_of(output: Output) -> dict[str, Tensor]:
    """The tensors of an answer by the names that they have in the file."""
    return {
        LOGITS: output.logits,
        **{BY_STREAM + name: one for name, one in output.logits_by_stream.items()},
        **{FEATURES + name: one for name, one in output.features.items()},
    }


def onnx_bytes(trained: TrainedNetwork) -> bytes:
    """The network as an ONNX model for one clip at a time, on the CPU.

    MissingError: the packages for it are not here; DataError: it cannot be exported.
    """
    for name in NEEDS:
        if importlib.util.find_spec(name) is None:
            raise MissingError(f"Exporting needs the package {name}.", remedy=EXTRA)
    network = trained.network
    tables = {name: table.model_dump() for name, table in trained.preprocessing.inputs.items()}
    shapes = input_shapes(network.card, network.topology, tables)
    wanted = {*tables, *(["focus"] if "picture" in tables else [])}
    example = {name: torch.zeros(1, *shape) for name, shape in shapes.items() if name in wanted}
    answers = _Answers(network, tuple(example)).eval()
    try:
        with _quietly(), torch.no_grad():
            names = list(answers_of(network(example)))
            program = torch.export.export(answers, tuple(example.values()), strict=False)
            model = torch.onnx.export(
                program,
                dynamo=True,
                input_names=list(example),
                output_names=names,
                opset_version=OPSET,
                verbose=False,
            )
            assert model is not None  # noqa: S101 -- with dynamo it is a program
            model.model.metadata_props[METADATA] = json.dumps(about(trained))
            return bytes(model.model_proto.SerializeToString())
    except Exception as error:  # torch.onnx and onnxscript raise whatever they like
        raise DataError(
            f"{trained.name} cannot be exported: {_cause(error)}", path=trained.folder
        ) from error


def about(trained: TrainedNetwork) -> dict[str, Any]:
    """What the file says of itself; builtins."""
    return {
        "version": VERSION,
        "network": trained.name,
        "run": trained.folder.name,
        "classes": list(trained.classes),
        "modalities": list(trained.modalities),
        "topology": trained.network.topology,
        "clip_s": trained.usual_s,
        "preprocessing": {
            name: table.model_dump(mode="json")
            for name, table in trained.preprocessing.inputs.items()
        },
    }


def compare(trained: TrainedNetwork, other: OnnxNetwork, clips: Iterable[Prepared]) -> Compared:
    """Ask both about clips; ``recordings`` stays 0. Different: they do not say the same."""
    count, difference, largest = 0, 0.0, 0.0
    for clip in clips:
        ours, theirs = trained.ask(clip).logits.cpu().numpy(), other.ask(clip)[LOGITS]
        difference = max(difference, float(np.abs(ours - theirs).max()))
        largest = max(largest, float(np.abs(ours).max()))
        count += 1
        if not difference <= TOLERANCE * max(1.0, largest):  # also where it is no number
            raise Different(
                f"Exported, {trained.name} says something else: logits differ by {difference:.2g}.",
                path=trained.folder,
                remedy="The file was not written; report this with the version of torch.",
            )
    return Compared(count, 0, difference, largest)


def clips_of(trained: TrainedNetwork, path: Path) -> list[Prepared]:
    """The first windows of a recording as the run prepares them; none where it lacks a modality."""
    with open_recording(path) as recording:
        reader = WindowReader(trained.preprocessing, recording, "", False)
        spans = Sliding().over(*extent(recording), trained.usual_s)
        shown = (one for span in spans for one in reader.read(span))
        good = (one.prepared for one in shown if isinstance(one.prepared, Prepared))
        whole = (one for one in good if set(trained.preprocessing.inputs) <= set(one.inputs))
        return list(islice(whole, CLIPS_A_RECORDING))


def export(payload: Payload, context: Context) -> Payload:
    """Job: write a run's network as ONNX.

    payload: run (folder), out (file), clips (recordings to compare on; none = those of the demo).
    Returns {path, run, network, inputs {name: shape}, outputs, classes, bytes, compared {clips,
    recordings, difference, logit}}. MissingError where none of the recordings has what it takes.
    """
    trained = load_run(Path(str(payload["run"])))
    out = Path(str(payload["out"]))
    paths = [Path(path) for path in payload.get("clips") or ()]
    paths = paths or sorted(resource(*DEMO).iterdir())
    context.progress(0, len(paths) + 1, "writing the graph")
    model = onnx_bytes(trained)
    other = OnnxNetwork(model)
    said: list[Compared] = []
    for number, path in enumerate(paths):
        context.pause_point()
        context.progress(number + 1, len(paths) + 1, path.name)
        try:
            one = compare(trained, other, clips_of(trained, path))
        except Different:
            raise
        except HarstudioError as error:
            context.log(f"{path.name} is left out: {error.sentence}")
            continue
        if one.clips:
            said.append(one)
    if not said:
        raise MissingError(
            "None of the recordings shows what the run takes, so nothing could be compared.",
            path=trained.folder,
            remedy="Name some that do with --clips.",
        )
    write_atomically(out, model)
    return {
        "path": str(out),
        "run": str(trained.folder),
        "network": trained.name,
        "inputs": {name: list(shape) for name, shape in other.inputs.items()},
        "outputs": list(other.outputs),
        "classes": len(trained.classes),
        "bytes": len(model),
        "compared": {
            "clips": sum(one.clips for one in said),
            "recordings": len(said),
            "difference": max(one.difference for one in said),
            "logit": max(one.logit for one in said),
        },
    }


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """What torch.onnx says on the way is about itself."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "torch.export", "onnxscript")]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _cause(error: BaseException) -> str:
    """The first line of what began it, as a sentence."""
    while error.__cause__ is not None:
        error = error.__cause__
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:300].rstrip(".") + "."
