"""Speed and memory of every network: clips predicted and trained a second.

python benchmarks/networks.py [--threads N] [--device cpu|cuda] [NAME ...]

Each network at its paper's input sizes, 60 classes, in a process of its own. Prediction: one clip
at a time. Training: forward, loss and backward of the fused opinion with two clips, everything
trained. Beside them the multiply-adds that are so done a second (a training step counts three
times its forward pass) as a share of what the fastest product of two 2048 x 2048 matrices reaches
in the same process, before or after, and the most memory the process took. Rates are medians; a
network gets a few seconds each.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
CLASSES, BATCH, SIDE = 60, 2, 2048
SECONDS, LEAST, MOST = 5.0, 3, 30  # of each measurement, and runs of it


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", help="networks; else all")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(options.measure, options.device, options.threads)))
        return
    from harstudio.networks import list_networks

    print(f"{options.device}, {options.threads} threads; rates in clips a second")
    print(f"{'network':<14}{'G':>8}{'predict':>10}{'share':>8}{'train':>10}{'share':>8}{'MiB':>8}")
    for name in options.names or list_networks():
        command = [sys.executable, __file__, "--measure", name]
        command += ["--device", options.device, "--threads", str(options.threads)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"{name:<14} failed: {done.stderr.strip().splitlines()[-1]}")
            continue
        told = json.loads(done.stdout)
        print(
            f"{name:<14}{told['giga']:>8.2f}{told['predict']:>10.2f}{told['predict_share']:>8.0%}"
            f"{told['train']:>10.2f}{told['train_share']:>8.0%}{told['mib']:>8.0f}",
            flush=True,
        )


def measure(name: str, device: str, threads: int) -> dict[str, float]:
    """The figures of one network."""
    import torch

    from harstudio.networks import create_network, network_card
    from harstudio.networks.inputs import input_shapes
    from harstudio.networks.sizes import size_of

    torch.set_num_threads(threads)
    card, size = network_card(name), size_of(name, CLASSES)
    network = create_network(name, CLASSES, card.topology).to(device)
    inputs = {
        key: torch.randn(BATCH, *shape, device=device) for key, shape in input_shapes(card).items()
    }
    one = {key: value[:1] for key, value in inputs.items()}
    labels = torch.zeros(BATCH, dtype=torch.int64, device=device)
    left, right = (torch.randn(SIDE, SIDE, device=device) for _ in range(2))

    def settle() -> None:
        if device != "cpu":
            torch.cuda.synchronize()

    def multiply() -> None:
        torch.mm(left, right)
        settle()

    def predict() -> None:
        with torch.inference_mode():
            network(one)
        settle()

    def train() -> None:
        output = network(inputs)
        loss = torch.nn.functional.cross_entropy(output.logits, labels)
        (loss + sum(output.losses.values())).backward()
        network.zero_grad(set_to_none=True)
        settle()

    products = timed(multiply)
    network.eval()
    predicted = statistics.median(timed(predict))
    network.train()
    trained = statistics.median(timed(train)) / BATCH
    peak = SIDE**3 / min(*products, *timed(multiply))
    adds = size.multiply_adds + size.products
    return {
        "giga": adds / 1e9,
        "predict": 1 / predicted,
        "predict_share": adds / predicted / peak,
        "train": 1 / trained,
        "train_share": 3 * adds / trained / peak,
        "mib": most_mib(device),
    }


def timed(work: Callable[[], None]) -> list[float]:
    """Seconds of several runs after one that warms up."""
    work()
    taken: list[float] = []
    begun = time.perf_counter()
    while len(taken) < LEAST or (len(taken) < MOST and time.perf_counter() - begun < SECONDS):
        before = time.perf_counter()
        work()
        taken.append(time.perf_counter() - before)
    return taken


def most_mib(device: str) -> float:
    """The most memory that this process had, on its device."""
    if device != "cpu":
        import torch

        return torch.cuda.max_memory_allocated() / 2**20
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, KiB elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


if __name__ == "__main__":
    main()
