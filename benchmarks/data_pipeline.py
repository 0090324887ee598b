"""Whether data come as fast as networks learn: clips a second of the loader and of a step.

python benchmarks/data_pipeline.py [--device cpu|cuda] [--threads N] [--seconds S] [NAME ...]

On UTD-MHAD ($HARSTUDIO_DATA, else ../shared/data), the first two trials of subject 1, in batches of
the paper, with augmentation. From recordings: every clip is opened and decoded, as in the first
epoch. Prepared: from the cache that ``harstudio prepare`` makes. In memory: decoded clips that the
loader kept, as in later epochs. The step: forward, loss, backward and update of the last stage,
--batch clips at once. Each alone, with all threads. The last column is prepared by step: below 1
the network waits.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from harstudio.jobs import foreground  # noqa: E402
from harstudio.learning.devices import choose_device  # noqa: E402
from harstudio.learning.loop.stepping import Stepper  # noqa: E402
from harstudio.learning.preparing import Experiment, config_of, gather, prepare  # noqa: E402
from harstudio.learning.stages import plan_training  # noqa: E402
from harstudio.learning.usual_boxes import with_usual_boxes  # noqa: E402

DATA = Path(os.environ.get("HARSTUDIO_DATA") or ROOT.parent / "shared" / "data")
NETWORKS = ("st-gcn", "mmff-lite", "resnet3d-18")
CLIP = {"resnet3d-18": ["depth"]}  # UTD-MHAD's colour is not everywhere


class Silent:
    """A context that nobody listens to."""

    def __init__(self, threads: int, device: str) -> None:
        self.threads, self.device = threads, device

    def progress(self, done: float, total: float, text: str = "") -> None: ...
    def tell(self, kind: str, payload: dict[str, Any]) -> None: ...
    def log(self, sentence: str) -> None: ...
    def pause_point(self) -> None: ...


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", help=f"networks; else {', '.join(NETWORKS)}")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=10.0, help="of each measurement")
    parser.add_argument("--batch", type=int, default=4, help="clips of a step")
    options = parser.parse_args()
    print(f"{options.device}, {options.threads} threads; clips a second")
    heads = ("network", "recordings", "prepared", "in memory", "step", "prepared/step")
    print("".join(f"{head:>14}" for head in heads))
    with tempfile.TemporaryDirectory() as scratch:
        data = few(Path(scratch) / "data")
        for name in options.names or NETWORKS:
            rates = measure(name, data, Path(scratch) / name, options)
            share = rates[1] / rates[3]
            cells = [f"{name:>14}", *(f"{rate:>14.1f}" for rate in rates), f"{share:>14.2f}"]
            print("".join(cells), flush=True)


def few(folder: Path) -> Path:
    """Links to what one person did."""
    for part in ("Depth", "Skeleton", "Inertial"):
        (folder / part).mkdir(parents=True)
        for file in sorted((DATA / "utd-mhad" / part).iterdir()):
            if "_s1_t1_" in file.name or "_s1_t2_" in file.name:
                (folder / part / file.name).symlink_to(file)
    return folder


def measure(name: str, data: Path, out: Path, options: argparse.Namespace) -> list[float]:
    """Rates from recordings, prepared, in memory, and of the step."""
    context = Silent(options.threads, options.device)
    raw = made(name, data, context, cache_mib=0)
    foreground.run(
        "harstudio.learning.jobs:prepare_data",
        {"config": tables(name, data, 0), "overrides": [], "out": str(out)},
        threads=options.threads,
    )
    ready = made(name, out, context, cache_mib=0)
    kept = made(name, data, context, cache_mib=1 << 16)
    memory = kept.loader(kept.parts.train, train=True, threads=options.threads)
    for _ in memory.batches():
        pass
    loaders = [
        one.loader(one.parts.train, train=True, threads=options.threads) for one in (raw, ready)
    ]
    return [
        *(loading(loader, options.seconds) for loader in (*loaders, memory)),
        stepping(kept, next(memory.batches()), context, options),
    ]


def tables(name: str, data: Path, cache_mib: int) -> dict[str, Any]:
    return {
        "data": {
            "path": str(data),
            "protocol": "all",
            "validation_subjects": 0,
            "modalities": CLIP.get(name, []),
        },
        "network": {"name": name},
        "training": {"cache_mib": cache_mib},
    }


def made(name: str, data: Path, context: Silent, cache_mib: int) -> Experiment:
    config = config_of({"config": tables(name, data, cache_mib)})
    found = prepare(config, gather(config, context))
    usual = with_usual_boxes(found.preprocessing, found.parts.train, found.cache)
    return replace(found, preprocessing=usual)


def loading(loader: Any, seconds: float) -> float:
    """Clips a second over whole epochs, or as many batches as the time allows."""
    clips, epoch, begun = 0, 0, time.perf_counter()
    while time.perf_counter() - begun < seconds:
        for batch in loader.batches(epoch):
            clips += len(batch.labels)
            if time.perf_counter() - begun > seconds:
                break
        epoch += 1
    return clips / (time.perf_counter() - begun)


def stepping(
    experiment: Experiment, batch: Any, context: Silent, options: argparse.Namespace
) -> float:
    """Clips a second of steps of the last stage."""
    device = choose_device(options.device, context, options.threads).torch
    network = experiment.network()
    plan = plan_training(experiment.config, network.card)
    stepper = Stepper(network, plan, device, print)
    stage = plan.stages[-1]
    stepper.begin(stage)

    inputs = {key: value[: options.batch] for key, value in batch.inputs.items()}
    labels = batch.labels[: options.batch]

    def step() -> None:
        loss, _ = stepper.step(inputs, labels, stage.learning_rate)
        float(loss)  # waits for the device

    step()
    steps, begun = 0, time.perf_counter()
    while time.perf_counter() - begun < options.seconds or not steps:
        step()
        steps += 1
    return steps * len(labels) / (time.perf_counter() - begun)


if __name__ == "__main__":
    main()
