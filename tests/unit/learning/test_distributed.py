"""Several processes train as one would: the same weights, whatever their shares."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from harstudio.learning.checkpoints import load_state
from harstudio.learning.distributed import buckets
from harstudio.learning.jobs import train
from harstudio.learning.loading import Loader
from harstudio.learning.stepping import pieces
from harstudio.learning.whole_batch import WholeBatch
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
        torch.testing.assert_close(theirs[name], value, rtol=2e-4, atol=2e-5, msg=name)
    for line, same in zip(told(one), told(other), strict=True):
        for part in ("train", "validation"):
            assert same[part] == pytest.approx(line[part], abs=1e-4)


def quiet(payload: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Without dropout, which differs from process to process."""
    payload["config"]["network"]["dropout"] = 0.0
    return {**payload, **more}


def test_two_processes_train_as_one(payload: Payloads, tmp_path: Path) -> None:
    """With batch norm and without, batches of three (shares of one and two, a last batch of one
    would be joined), memory for one clip only, a batch smaller than the processes."""
    odd = {"batch_size": 3, "stages": ["place", "all"]}
    no_norm = {"batch_size": 4, "stages": ["fusion"]}  # what has batch norm stands still
    short = {"batch_size": 4, "stages": ["fusion"], "epochs": 1}
    one = {"batch_size": 1, "stages": ["fusion"], "epochs": 1}
    cases = {"odd": odd, "no_norm": no_norm, "short": short, "one": one}
    for name, training in cases.items():
        train(quiet(payload(f"{name}1", **training)), Heard())
    payloads = [
        quiet(payload(f"{name}2", **training), most=int(name == "short"))
        for name, training in cases.items()
    ]
    ended = together(tmp_path, *payloads)
    assert ended.returncode == 0, ended.stderr
    for name in cases:
        one_alone, two = tmp_path / f"{name}1", tmp_path / f"{name}2"
        assert_equal_but_for_rounding(one_alone, two)
        mine, theirs = read_evaluation(one_alone), read_evaluation(two)
        assert mine is not None
        assert theirs is not None
        assert theirs["confusion"] == mine["confusion"]
        assert read_status(two)["state"] == "finished"  # type: ignore[index]
        assert {path.name for path in two.iterdir() if "tfevents" not in path.name} == {
            path.name for path in one_alone.iterdir() if "tfevents" not in path.name
        }
    place = json.loads((tmp_path / "short2" / "checkpoints" / "state.json").read_text("utf-8"))
    assert place["micro"] == 1
    random = load_state(tmp_path / "odd2" / "checkpoints" / "state.safetensors").random
    assert set(random) == {"cpu", "cpu.1"}
    assert not torch.equal(random["cpu"], random["cpu.1"])


def test_an_exact_resume_by_as_many_processes_and_one_by_another_number(
    payload: Payloads, tmp_path: Path
) -> None:
    """With dropout, of which each process has its own."""
    whole = payload("whole", stages=["all"], epochs=3)
    first = payload("parts", stages=["all"], epochs=1)
    rest = payload("parts", resume=True, stages=["all"], epochs=3)
    # What is left of the training is another one only where the schedule depends on the length.
    for one in (whole, first, rest):
        one["config"]["training"]["decay_at"] = []
    ended = together(tmp_path, whole, first, rest)
    assert ended.returncode == 0, ended.stderr
    assert RunFolder(tmp_path / "whole").last.read_bytes() == (
        RunFolder(tmp_path / "parts").last.read_bytes()
    )
    rest["config"]["training"]["epochs"] = 4
    assert train(rest, Heard())["state"] == "finished"
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
