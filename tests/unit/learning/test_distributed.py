"""Several processes train as one would: the same weights, whatever their shares."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

import tiny_network
from harstudio.learning.jobs import train
from harstudio.learning.loading import Loader
from harstudio.learning.loop.stepping import pieces
from harstudio.learning.together.distributed import buckets
from harstudio.learning.together.whole_batch import WholeBatch
from harstudio.learning.weights.checkpoints import load_state
from harstudio.runs.folder import RunFolder
from harstudio.runs.reading import read_evaluation, read_metrics, read_status
from job_context import Heard

Payloads = Callable[..., dict[str, Any]]
SCRIPT = Path(__file__).parents[2] / "trained_together.py"


def together(
    folder: Path, *payloads: dict[str, Any], count: int = 2
) -> subprocess.CompletedProcess[str]:
    """Train payloads one after another in the same processes."""
    files = []
    for number, payload in enumerate(payloads):
        files.append(folder / f"payload{number}.json")
        files[-1].write_text(json.dumps(payload), "utf-8")
    launcher = ["-m", "torch.distributed.run", "--nproc-per-node", str(count)]
    command = [sys.executable, *launcher, str(SCRIPT), *map(str, files)]
    return subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)


def told(folder: Path) -> list[dict[str, Any]]:
    lines = read_metrics(RunFolder(folder).metrics)
    return [line for line in lines if line["kind"] == "epoch"]


def assert_equal_but_for_rounding(one: Path, other: Path) -> None:
    mine, theirs = (load_file(RunFolder(folder).last) for folder in (one, other))
    assert mine.keys() == theirs.keys()
    for name, value in mine.items():
        torch.testing.assert_close(
            theirs[name], value, rtol=2e-4, atol=2e-5, msg=lambda told, name=name: f"{name}: {told}"
        )
    for line, same in zip(told(one), told(other), strict=True):
        for part in ("train", "validation"):
            assert same[part] == pytest.approx(line[part], abs=1e-4)


CASES: dict[str, dict[str, Any]] = {
    "odd": {"batch_size": 3, "stages": ["place", "all"]},  # shares of one and two clips
    "no norm": {"batch_size": 4, "stages": ["fusion"]},  # what has batch norm stands still
    "short": {"batch_size": 4, "stages": ["fusion"], "epochs": 1},  # memory for one clip
    # Statistics of its own. Adam would make steps of rounding errors where a gradient is nearly 0.
    "joint-tcn": {"batch_size": 3, "epochs": 1, "optimizer": "sgd", "learning_rate": 0.01},
    "one": {"batch_size": 1, "stages": ["fusion"], "epochs": 1},  # fewer clips than processes
}
LONG = {"stages": ["all"], "decay_at": []}


@pytest.fixture(scope="module")
def trained(small: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Runs of two processes, which torchrun started once for all of them."""
    folder = tmp_path_factory.mktemp("together")

    def make(name: str, training: dict[str, Any], **more: Any) -> dict[str, Any]:
        kind = name if name == "joint-tcn" else tiny_network.NAME
        network = {"name": kind, "dropout": more.pop("dropout", 0.0)}
        data = {"path": str(small), "validation_subjects": 1}
        run = {"folder": str(folder / name)}
        config = {"data": data, "network": network, "training": training, "run": run}
        return {"config": config, "resume": False, **more}

    payloads = [make(name, case, most=int(name == "short")) for name, case in CASES.items()]
    for epochs in (1, 3):
        half = {**LONG, "epochs": epochs}
        payloads.append(make("parts", half, dropout=0.3, resume=epochs > 1))
    payloads.append(make("whole", {**LONG, "epochs": 3}, dropout=0.3))
    ended = together(folder, *payloads)
    assert ended.returncode == 0, ended.stderr
    return folder


@pytest.mark.parametrize("name", CASES)
def test_two_processes_train_as_one(
    payload: Payloads, trained: Path, tmp_path: Path, name: str
) -> None:
    alone = payload("alone", **CASES[name])
    alone["config"]["network"]["dropout"] = 0.0  # it would differ from process to process
    if name == "joint-tcn":
        alone["config"]["network"]["name"] = name
    train(alone, Heard())
    one, two = tmp_path / "alone", trained / name
    assert_equal_but_for_rounding(one, two)
    mine, theirs = read_evaluation(one), read_evaluation(two)
    assert mine is not None
    assert theirs is not None
    assert theirs["confusion"] == mine["confusion"]
    assert read_status(two)["state"] == "finished"  # type: ignore[index]
    names, others = (
        {path.name for path in folder.iterdir() if "tfevents" not in path.name}
        for folder in (one, two)
    )
    assert others == names
    place = json.loads((two / "checkpoints" / "state.json").read_text("utf-8"))
    assert place["micro"] == int(name == "short")


def test_the_resume_is_exact_with_as_many_processes(trained: Path) -> None:
    """With dropout, of which each process has its own."""
    whole, parts = (RunFolder(trained / name) for name in ("whole", "parts"))
    assert parts.last.read_bytes() == whole.last.read_bytes()
    random = load_state(whole.checkpoints / "state.safetensors").random
    assert set(random) == {"cpu", "cpu.1"}
    assert not torch.equal(random["cpu"], random["cpu.1"])


def test_one_process_goes_on_with_what_two_began(
    payload: Payloads, trained: Path, tmp_path: Path
) -> None:
    shutil.copytree(trained / "parts", tmp_path / "parts")
    assert train(payload("parts", resume=True, **LONG, epochs=4), Heard())["state"] == "finished"
    assert [line["epoch"] for line in told(tmp_path / "parts")] == [1, 2, 3, 4]


@pytest.mark.parametrize("shape", [(6, 3), (4, 3, 5), (2, 3, 4, 5), (1, 3, 2, 2, 2)])
def test_one_process_is_its_whole_batch(shape: tuple[int, ...]) -> None:
    torch.manual_seed(0)
    x = (torch.randn(shape, dtype=torch.float64) + 50).requires_grad_()
    kind = {2: torch.nn.BatchNorm1d, 3: torch.nn.BatchNorm1d, 4: torch.nn.BatchNorm2d}
    norm = kind.get(len(shape), torch.nn.BatchNorm3d)(3, dtype=torch.float64)
    other = kind.get(len(shape), torch.nn.BatchNorm3d)(3, dtype=torch.float64)
    weights = torch.randn(shape, dtype=torch.float64)
    (norm(x) * weights).sum().backward()
    expected, x.grad = x.grad, None
    with WholeBatch(lambda own: own[None], counts=True):
        result = other(x)
    (result * weights).sum().backward()
    torch.testing.assert_close(x.grad, expected)
    for (name, mine), theirs in zip(
        norm.state_dict().items(), other.state_dict().values(), strict=True
    ):
        torch.testing.assert_close(theirs, mine, msg=name)
    for mine, theirs in zip(norm.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(theirs.grad, mine.grad)


def test_shares_of_a_batch_are_all_of_it(small: Path, payload: Payloads) -> None:
    from harstudio.learning.preparing import config_of, gather, prepare

    experiment = prepare(config_of(payload()), gather(config_of(payload()), Heard()))
    samples = experiment.parts.train

    def loader(which: int, of: int) -> Loader:
        return Loader(
            samples, experiment.preprocessing, 4, train=True, threads=0, share=(which, of)
        )

    whole = list(loader(0, 1).batches(epoch=2))
    for of in (2, 3, 7):
        shares = [list(loader(which, of).batches(epoch=2)) for which in range(of)]
        for number, batch in enumerate(whole):
            parts = [share[number] for share in shares]
            assert sum((part.indices for part in parts), ()) == batch.indices
            assert torch.equal(torch.cat([part.labels for part in parts]), batch.labels)
            mine = [part.inputs["skeleton"][: len(part.labels)] for part in parts]
            assert torch.equal(torch.cat(mine), batch.inputs["skeleton"])
            assert all(len(part.inputs["skeleton"]) for part in parts)


def test_pieces_are_as_many_as_the_largest_share_needs() -> None:
    for count in (0, 2, 3):
        found = list(pieces(count, 2, largest=3))
        assert len(found) == 2
        assert sum(piece.stop - piece.start for piece in found) == count


def test_gradients_go_in_messages_of_one_kind_and_size() -> None:
    sizes = [(4, torch.float32), (4, torch.float32), (1, torch.float64), (9, torch.float32)]
    weights = [torch.nn.Parameter(torch.zeros(size, dtype=kind)) for size, kind in sizes]
    assert [len(bucket) for bucket in buckets(weights, 8)] == [2, 1, 1]
    assert [one for bucket in buckets(weights, 8) for one in bucket] == weights


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
@pytest.mark.parametrize(
    ("rank", "number", "says"),
    [
        (1, signal.SIGKILL, "Process 1 of 2 (from 0) ended before the training did."),
        (0, signal.SIGKILL, "Process 0 of 2 (from 0) ended before the training did."),
        (1, signal.SIGTERM, ""),
    ],
)
def test_one_that_is_killed_ends_all_and_it_goes_on(
    payload: Payloads, tmp_path: Path, rank: int, number: int, says: str
) -> None:
    run = RunFolder(tmp_path / "run")
    # One that cannot be through before it is killed; what goes on needs a few epochs more only.
    long = payload("run", **LONG, epochs=100_000, checkpoint_seconds=0.2)
    file = tmp_path / "long.json"
    file.write_text(json.dumps(long), "utf-8")
    launcher = ["-m", "torch.distributed.run", "--nproc-per-node", "2"]
    with subprocess.Popen(
        [sys.executable, *launcher, str(SCRIPT), str(file)], stderr=subprocess.PIPE, text=True
    ) as process:
        while len(told(tmp_path / "run")) < 3:
            assert process.poll() is None
            time.sleep(0.1)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        began = time.monotonic()
        os.kill(int(children[rank]), number)
        _, err = process.communicate(timeout=60)
        assert time.monotonic() - began < 15
    assert (process.returncode != 0) == bool(says)
    assert err.count(says) == 1 or not says
    status = read_status(run.path)
    assert status is not None
    if says:
        assert status["state"] == ("failed" if rank else "running")
    else:
        assert status["state"] == "stopped"
    place = load_state(run.checkpoints / "state.safetensors").place
    rest = payload("run", resume=True, **LONG, epochs=place["epoch"] + 2)
    ended = together(tmp_path, rest)
    assert ended.returncode == 0, ended.stderr
    epochs = [line["epoch"] for line in told(run.path)]
    assert epochs == list(range(1, place["epoch"] + 3))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_one_that_is_killed_while_it_starts_ends_the_others_at_once(
    payload: Payloads, tmp_path: Path
) -> None:
    file, script = tmp_path / "p.json", tmp_path / "late.py"
    file.write_text(json.dumps(payload("run", **LONG, epochs=1)), "utf-8")
    script.write_text(
        "import os, runpy, signal, sys, time\n"
        "if os.environ['RANK'] == '1':\n"
        "    time.sleep(12)\n"  # the other one is waiting by then
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        f"sys.path.insert(0, {str(SCRIPT.parent)!r})\n"
        f"runpy.run_path({str(SCRIPT)!r}, run_name='__main__')\n",
        "utf-8",
    )
    launcher = ["-m", "torch.distributed.run", "--nproc-per-node", "2"]
    began = time.monotonic()
    ended = subprocess.run(
        [sys.executable, *launcher, str(script), str(file)],
        stderr=subprocess.PIPE, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert ended.returncode != 0
    says = "The training was ended while process 1 of 2 (from 0) was still starting."
    assert says in ended.stderr, ended.stderr
    assert time.monotonic() - began < 35  # torchrun would kill it 30 s after the signal
    assert not (tmp_path / "run").exists()
