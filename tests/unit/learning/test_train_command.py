"""harstudio train and evaluate: what they print, their exit status."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harstudio.cli import main
from harstudio.cli_jobs import JobProgress

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Command:
    def command(*arguments: str | Path) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main([*map(str, arguments), "--threads", "1"])
        captured = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return ended.value.code, captured.out, captured.err

    return command


@pytest.fixture
def config(small: Path, tiny: str, tmp_path: Path) -> Path:
    path = tmp_path / "c.toml"
    text = f'[data]\npath = "{small.as_posix()}"\n[network]\nname = "{tiny}"\n[run]\nfolder = "r"\n'
    path.write_text(text, "utf-8")
    return path


def test_train_then_evaluate(command: Command, config: Path, tmp_path: Path) -> None:
    status, out, err = command("train", config, "--set", "training.epochs=5")
    assert status == 0
    assert err == ""
    lines = out.splitlines()
    assert lines[0] == f"Run: {tmp_path / 'r'}"
    assert lines[1].startswith("Test: ")
    status, out, err = command("evaluate", tmp_path / "r", "--json")
    assert (status, err) == (0, "")
    document = json.loads(out)
    assert f"Test: {document['top1']:.1%} of 12 clips right" in lines[1]
    assert {
        "run", "network", "protocol", "split", "clips", "top1", "top5", "macro_f1", "ece", "ci95",
        "per_class", "confusion", "seconds_per_clip",
    } <= document.keys()  # fmt: skip
    status, out, _ = command("evaluate", tmp_path / "r")
    assert status == 0
    assert out.splitlines()[1].startswith(f"top-1     {document['top1']:.1%} (95 % interval ")


def test_a_terminal_sees_device_and_epochs(
    command: Command, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    status, out, err = command("train", config, "--set", "training.epochs=2")
    assert status == 0
    assert "Device: CPU, 1 thread\n" in err
    assert "all 2/2: loss " in err
    assert out.startswith("Run: ")


def test_one_document_with_json(command: Command, config: Path) -> None:
    status, out, err = command("train", config, "--json")
    assert (status, err) == (0, "")
    assert json.loads(out)["state"] == "finished"


@pytest.mark.parametrize(
    ("moment", "says"),
    [("device", "Stopped before anything was learned"), ("metrics", "Stopped and saved")],
)
def test_stopped_tells_whether_there_is_something_to_go_on_with(
    command: Command, config: Path, monkeypatch: pytest.MonkeyPatch, moment: str, says: str
) -> None:
    def tell(_self: JobProgress, kind: str, _payload: dict[str, Any]) -> None:
        if kind == moment:
            signal.raise_signal(signal.SIGTERM)

    with monkeypatch.context() as patched:
        patched.setattr(JobProgress, "tell", tell)
        status, out, _ = command("train", config)
    assert status == 130
    assert out.startswith(says)
    assert command("train", config, "--resume")[0] == (0 if moment == "metrics" else 1)


def test_what_is_wrong_is_one_sentence(command: Command, config: Path) -> None:
    status, out, err = command("train", config, "--set", "training.epocs=3")
    assert (status, out) == (2, "")
    assert err == f"{config}: There is no key training.epocs. Did you mean epochs?\n"
    status, _, err = command("train", config, "--resume")
    assert status == 1
    assert "no run to go on with" in err
    assert command("train", config)[0] == 0
    status, _, err = command("train", config)
    assert status == 1
    assert "--resume" in err
