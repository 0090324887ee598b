"""Projected hours and disk for NTU RGB+D 120, every network, one H200 and eight.

python benchmarks/projection.py [--data FOLDER] [NAME ...]

A projection, no measurement of time. Operations are counted: forward and backward of one clip in
every stage of the recipe, frozen parts forward only, on torch's meta device, where nothing is
computed (``torch.utils.flop_counter``); times the stage's epochs and the 63,026 training clips of
cross-subject, and one forward pass of its 50,919 test clips. Disk is measured: ``harstudio
prepare`` of recordings in the layout of NTU RGB+D (made by ``harstudio sample``, pictures of the
camera's size, or your own by --data), bytes a clip, times all 114,480 clips.

Assumed, and all that hours depend on:
- Peak of an H200 SXM: 494 TFLOP/s in TF32, which is how torch's convolutions compute float32
  (NVIDIA H200 Tensor Core GPU, data sheet: 989 with sparsity, half of that without).
- PICTURES of that where pictures and clips are looked at, JOINTS where joints or sensors are: small
  products that wait for memory.
- EIGHT: how much of eight GPUs' work eight GPUs get done.
- Data come as fast as they are wanted (benchmarks/data_pipeline.py).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.fx.experimental._config as meta
from torch.utils.flop_counter import FlopCounterMode

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from harstudio.errors import UsageError  # noqa: E402
from harstudio.jobs import foreground  # noqa: E402
from harstudio.learning.stages import freeze_all_but  # noqa: E402
from harstudio.networks import create_network, list_networks, network_card  # noqa: E402
from harstudio.networks.inputs import example_inputs  # noqa: E402
from harstudio.networks.network import Network  # noqa: E402
from harstudio.networks.sizes import measure  # noqa: E402
from harstudio.results import NetworkCard, Stage  # noqa: E402
from harstudio.synthesis.sample import write_sample  # noqa: E402

CLASSES = 120
TRAIN, TEST, ALL = 63_026, 50_919, 114_480
PEAK = 494e12  # operations a second
PICTURES, JOINTS, EIGHT = 0.20, 0.03, 0.85
meta.meta_nonzero_assume_all_nonzero = True  # joint-tcn picks out the bodies that are there
SLOW = ("skeleton", "inertial")  # kinds of input
BATCH = 2
ACTIONS = ("clap", "throw")


@dataclass(frozen=True)
class Work:
    """Operations of one clip: forward and backward of each stage times its epochs, and forward of
    the whole network; seconds of both at the assumed rates."""

    train: float
    test: float
    seconds_train: float
    seconds_test: float


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", help="networks; else all")
    parser.add_argument("--data", type=Path, help="recordings to prepare; else made ones")
    options = parser.parse_args()
    print(
        f"Assumed: {PEAK / 1e12:.0f} TFLOP/s, {PICTURES:.0%} of it on pictures and clips, "
        f"{JOINTS:.0%} on joints and sensors, {EIGHT:.0%} of eight times one.\n"
    )
    print("| network | epochs | PFLOP | hours, one H200 | hours, eight | KB a clip | GB on disk |")
    print("|---|---|---|---|---|---|---|")
    sizes: dict[str, float] = {}  # networks that read alike have one
    with tempfile.TemporaryDirectory() as scratch:
        data = options.data or made(Path(scratch) / "data")
        for name in options.names or list_networks():
            card = network_card(name)
            work = work_of(card)
            operations = work.train * TRAIN + work.test * TEST
            hours = (work.seconds_train * TRAIN + work.seconds_test * TEST) / 3600
            reads = repr((card.branches, card.preprocessing))
            try:
                if reads not in sizes:
                    sizes[reads] = bytes_a_clip(name, data, Path(scratch) / name)
                size = sizes[reads]
            except UsageError as error:  # NTU RGB+D has no inertial sensor
                print(f"{name}: {error}", file=sys.stderr)
                continue
            epochs = "+".join(str(stage.epochs) for stage in card.recipe.stages)
            print(
                f"| `{name}` | {epochs} | {operations / 1e15:,.0f} | {told(hours)} | "
                f"{told(hours / 8 / EIGHT)} | {size / 1e3:,.0f} | {size * ALL / 1e9:,.0f} |",
                flush=True,
            )


def told(hours: float) -> str:
    return f"{hours:.1f}" if hours < 10 else f"{hours:,.0f}"


def work_of(card: NetworkCard) -> Work:
    """Of a network with its recipe."""
    with torch.device("meta"):
        network = create_network(card.name, CLASSES, card.topology).to("meta")
    one = example_inputs(card, device="meta")
    slow = slow_share(network, card, one)
    train = seconds = 0.0
    for stage in card.recipe.stages:
        share = slow
        if stage.stream:
            share = 1.0 if is_slow(card, stage.stream) else 0.0
        operations = step(network, one, stage) * stage.epochs
        train += operations
        seconds += taken(operations, share)
    size = measure(network, one)
    test = 2.0 * (size.multiply_adds + size.products)
    return Work(train, test, seconds, taken(test, slow))


def step(network: Network, one: dict[str, torch.Tensor], stage: Stage) -> float:
    """Operations of forward and backward in a stage, a clip."""
    freeze_all_but(network, stage.trains)
    inputs = {name: torch.cat([value] * BATCH) for name, value in one.items()}
    network.zero_grad(set_to_none=True)
    with FlopCounterMode(display=False) as counter:
        output = network(inputs, False, stage.stream)
        loss = output.logits.sum() + sum(output.losses.values())
        if network.heads_apart and not stage.stream:
            loss = loss + sum(logits.sum() for logits in output.logits_by_stream.values())
        loss.backward()
    return counter.get_total_flops() / BATCH


def slow_share(network: Network, card: NetworkCard, one: dict[str, torch.Tensor]) -> float:
    """The share of the operations that looks at joints and sensors."""
    counts = {
        stream: (size := measure(network, one, stream)).multiply_adds + size.products
        for stream in card.streams
    }
    slow = sum(count for stream, count in counts.items() if is_slow(card, stream))
    return slow / sum(counts.values())


def is_slow(card: NetworkCard, stream: str) -> bool:
    return all(card.kind_of(name) in SLOW for name in card.streams[stream])


def taken(operations: float, slow: float) -> float:
    """Seconds of one H200."""
    return operations * (slow / JOINTS + (1 - slow) / PICTURES) / PEAK


def made(folder: Path, actions: Sequence[str] = ACTIONS) -> Path:
    """Recordings of the camera's own size."""
    report = write_sample(folder, layout="ntu", subjects=1, actions=tuple(actions))
    each = report.frames / report.recordings
    print(f"Disk: measured on {report.recordings} made recordings of {each:.0f} frames each.\n")
    return folder


def bytes_a_clip(name: str, data: Path, out: Path) -> float:
    """What ``harstudio prepare`` keeps of a clip for a network."""
    config = {"data": {"path": str(data), "protocol": "all"}, "network": {"name": name}}
    payload = {"config": config, "overrides": [], "out": str(out)}
    prepared = foreground.run("harstudio.learning.jobs:prepare_data", payload, threads=1)
    return float(prepared["bytes"]) / (prepared["kept"] + prepared["read"] - prepared["failed"])


if __name__ == "__main__":
    main()
