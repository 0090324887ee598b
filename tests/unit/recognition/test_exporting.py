"""A run as ONNX: the file says what torch says, and the live engine takes it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from harstudio.cli import main
from harstudio.errors import DataError, MissingError, UsageError
from harstudio.learning.preprocessing import Prepared
from harstudio.live.recognising import onnx
from harstudio.live.recognising.engine import TorchEngine
from harstudio.live.recognising.onnx import OnnxEngine, kept_at, make_engine
from harstudio.recognition.exporting import Compared, Different, clips_of, compare
from harstudio.recognition.onnx_network import OnnxNetwork
from harstudio.recognition.trained import TrainedNetwork, load_run
from harstudio.resources import resource
from harstudio.runs.bundled import find_run
from job_context import Heard

RUN = "joints-any-sensor"
CLIP = resource("demo", "recordings", "kick-s01.harrec")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("exported") / "joints.onnx"


@pytest.fixture(scope="module")
def trained() -> TrainedNetwork:
    return load_run(find_run(RUN))


@pytest.fixture(scope="module")
def clips(trained: TrainedNetwork) -> list[Prepared]:
    return clips_of(trained, CLIP)


def status(*arguments: str) -> object:
    with pytest.raises(SystemExit) as ended:
        main(["export", *arguments])
    return ended.value.code


def test_the_command_writes_a_file_and_tells_how_far_it_is_from_torch(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status(RUN, str(file), "--clips", str(CLIP), "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["inputs"] == {"skeleton": [1, 3, 48, 16, 1]}
    assert told["compared"]["recordings"] == 1
    assert told["compared"]["clips"] > 0
    assert told["compared"]["difference"] < 1e-3 < told["compared"]["logit"]
    network = OnnxNetwork(file)
    assert network.about["classes"] == list(load_run(find_run(RUN)).classes)
    assert network.about["preprocessing"]["skeleton"]["frames"] == 48
    assert status(RUN, str(file.with_suffix(".pt"))) == 2


def test_the_live_engine_answers_as_torch_does(
    file: Path,
    trained: TrainedNetwork,
    clips: list[Prepared],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("HARSTUDIO_HOME", str(tmp_path))
    kept = kept_at(trained)
    kept.parent.mkdir(parents=True)
    shutil.copy(file, kept)
    context = Heard()
    engine, usual = make_engine("onnx", trained, context), TorchEngine(trained, context)
    assert isinstance(engine, OnnxEngine)
    assert engine.provider == "CPUExecutionProvider"
    for clip in clips:
        ours, theirs = engine.answer(clip), usual.answer(clip)
        np.testing.assert_allclose(ours.probabilities, theirs.probabilities, atol=1e-5)
        assert ours.features.keys() == theirs.features.keys()
        for name, features in ours.features.items():
            np.testing.assert_allclose(features, theirs.features[name], atol=1e-4)
    assert engine.explain(clips[0], (0, 1)) is not None
    assert isinstance(make_engine("", trained, context), TorchEngine)


def test_where_a_network_does_not_export_torch_answers_and_the_log_says_why(
    trained: TrainedNetwork, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(_trained: TrainedNetwork) -> bytes:
        raise DataError("joint-tcn cannot be exported: no function for aten.median.")

    monkeypatch.setenv("HARSTUDIO_HOME", str(tmp_path))
    monkeypatch.setattr(onnx, "onnx_bytes", refuse)
    context = Heard()
    assert isinstance(make_engine("onnx", trained, context), TorchEngine)
    assert "aten.median" in str(context.lines)


def test_a_file_that_says_something_else_is_noticed(
    file: Path, trained: TrainedNetwork, clips: list[Prepared], tmp_path: Path
) -> None:
    network = OnnxNetwork(file)
    assert isinstance(compare(trained, network, clips), Compared)
    moved = [replace(c, inputs={"skeleton": c.inputs["skeleton"][:, ::-1]}) for c in clips]
    flipped = iter(moved)

    class Other:
        def ask(self, _clip: Prepared) -> dict[str, np.ndarray]:
            return network.ask(next(flipped))

    with pytest.raises(Different):
        compare(trained, Other(), clips)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="lacks"):
        network.ask(replace(clips[0], inputs={}))
    (tmp_path / "text.onnx").write_text("no graph")
    with pytest.raises(DataError):
        OnnxNetwork(tmp_path / "text.onnx")
    with pytest.raises(MissingError):
        OnnxNetwork(tmp_path / "none.onnx")
