"""The jobs before a training: survey, estimate, check data."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from harstudio.errors import HarstudioError
from harstudio.jobs import protocol
from harstudio.jobs.context import Stopped
from harstudio.learning.checking import for_the_eye
from harstudio.learning.jobs import _fitting_card, card, check_data, estimate, models, survey, train
from harstudio.networks import create_network, list_networks
from job_context import Heard
from small_dataset import write_dataset
from tiny_network import Tiny

Payloads = Callable[..., dict[str, Any]]


def test_survey_tells_what_there_is(small: Path) -> None:
    told = survey({"path": str(small), "protocol": "cross-subject"}, Heard())
    assert told["classes"][0]["name"] == "right arm swipe to the left"
    assert all((one["train"], one["validation"], one["test"]) == (4, 0, 4)
               for one in told["classes"])  # fmt: skip
    assert told["subjects"] == {"train": [1, 3], "validation": [], "test": [2, 4]}
    assert (told["kinds"], told["topology"]) == (["skeleton"], "utd_mhad_20")
    assert told["annotators"] == []
    assert [card["name"] for card in told["cards"]] == list(list_networks())
    assert protocol.plain(told) == told


def test_networks_are_told_as_the_data_can_feed_them(small: Path) -> None:
    told = survey({"path": str(small)}, Heard())
    cards = {one["name"]: one for one in told["cards"]}
    assert cards["st-gcn"]["chosen"] == {}
    asked = {"name": "m-mixer", "options": {"modalities": "depth+inertial"}}
    adapted = card(asked, Heard())
    assert list(adapted["branches"]) == list(adapted["preprocessing"]) == ["depth", "inertial"]
    assert "Grad-CAM depth" in adapted["explains"]
    assert protocol.plain(adapted) == adapted
    with pytest.raises(HarstudioError, match="is 'moon'"):
        card({"name": "m-mixer", "options": {"modalities": "moon"}}, Heard())
    with pytest.raises(HarstudioError, match="no option modlities"):
        card({"name": "m-mixer", "options": {"modlities": "depth"}}, Heard())


@pytest.mark.parametrize(
    ("name", "kinds", "choice"),
    [
        ("m-mixer", {"color", "depth", "infrared", "inertial"}, {}),
        ("m-mixer", {"depth", "inertial"}, {"modalities": "depth+inertial"}),
        ("m-mixer", {"skeleton"}, {}),  # nothing feeds it: the published one
        ("late-score", {"skeleton", "inertial"}, {"modalities": "skeleton+inertial"}),
        ("late-score", {"depth", "skeleton", "inertial"}, {}),
        ("st-gcn", {"depth"}, {}),
    ],
)
def test_the_first_set_of_inputs_that_the_data_can_feed(
    name: str, kinds: set[str], choice: dict[str, str]
) -> None:
    assert _fitting_card(name, frozenset(kinds))["chosen"] == choice


def test_samples_for_the_eye_are_spread_each_for_itself() -> None:
    rng = np.random.default_rng(0)
    clips = rng.normal(size=(2, 3, 30, 5, 4)).astype(np.float32)
    clips[1] = 100 * clips[1] + 7
    shown = for_the_eye(clips)
    assert shown.shape == (2, 3, 12, 5, 4)
    for one, seen in zip(clips, shown, strict=True):
        kept = one[:, np.linspace(0, 29, 12).round().astype(int)]
        low, high = kept.min(), kept.max()
        np.testing.assert_allclose(seen, (kept - low) / (high - low) * 255, atol=0.51)
    assert for_the_eye(np.zeros((2, 3, 4, 4), np.float32)).max() == 0  # an even one is black


def test_survey_tells_thin_classes(tmp_path: Path) -> None:
    folder = write_dataset(tmp_path / "thin")
    for path in folder.rglob("a2_s[13]_*"):
        path.unlink()
    for path in folder.rglob("a3_s[24]_*"):
        path.unlink()
    problems = survey({"path": str(folder)}, Heard())["problems"]
    assert problems == [
        "No sample trains right arm swipe to the right.",
        "No sample tests right hand wave.",
    ]


def test_survey_of_what_cannot_be_and_stopped(small: Path) -> None:
    with pytest.raises(HarstudioError):
        survey({"path": str(small), "protocol": "by-the-moon"}, Heard())
    with pytest.raises(Stopped):
        survey({"path": str(small)}, Heard(stop_at=3))


def test_the_estimate_is_near_the_truth(payload: Payloads) -> None:
    told = payload(epochs=30)
    guess = estimate({"config": told["config"]}, Heard())
    assert set(guess["seconds_per_epoch"]) == {"place", "motion", "fusion", "all"}
    assert guess["steps"] == 2
    context = Heard()
    train(told, context)
    spent = sum(line["seconds"] for line in context.told("metrics") if line["kind"] == "epoch")
    assert guess["seconds"] < 20 * spent
    assert guess["seconds"] > spent / 20


def test_the_estimate_of_a_heavy_training_can_be_stopped_soon(payload: Payloads) -> None:
    """Whoever waits behind it (check data) does not wait for whole batches."""
    told = payload(epochs=30, batch_size=64)
    context = Heard()
    Tiny.most = 2  # memory for more clips than that is short: a whole batch would be halved
    try:
        estimate({"config": told["config"]}, context)
    finally:
        Tiny.most = 0
    assert not any("Memory was short" in line for line in context.lines)


def test_estimate_and_check_write_no_run(payload: Payloads, tmp_path: Path) -> None:
    config = payload()["config"]
    estimate({"config": config}, Heard())
    check_data({"config": config, "out": str(tmp_path / "out")}, Heard())
    assert not (tmp_path / "run").exists()


def test_check_data_keeps_what_the_network_sees(payload: Payloads, tmp_path: Path) -> None:
    context, out = Heard(), tmp_path / "out"
    told = check_data({"config": payload()["config"], "out": str(out), "seed": 1}, context)
    about = json.loads((out / "samples.json").read_text("utf-8"))
    with np.load(out / "samples.npz", allow_pickle=False) as arrays:
        inputs = {name: arrays[name] for name in arrays.files}
    assert about["topology"] == "utd_mhad_20"
    assert about["inputs"] == {"skeleton": "skeleton"}
    assert len(about["samples"]) == told["samples"] == 6  # all that train
    assert {name: value.shape for name, value in inputs.items()} == {"skeleton": (6, 3, 8, 20, 1)}
    assert np.isfinite(inputs["skeleton"]).all()
    for one in about["samples"]:
        assert one["name"] == about["classes"][one["label"]]
        assert f"_s{one['subject']}_" in one["recording"]
    # the very numbers that the first loss was of
    first = context.told("overfit")[0]
    torch.manual_seed(0)
    network = create_network("tiny", 3, "utd_mhad_20")
    for part in network.modules():
        if isinstance(part, torch.nn.Dropout):
            part.p = 0.0
    labels = torch.tensor([one["label"] for one in about["samples"]])
    logits = network.train()({"skeleton": torch.from_numpy(inputs["skeleton"])}).logits
    loss = torch.nn.functional.cross_entropy(logits.detach(), labels)
    assert first["loss"] == pytest.approx(float(loss), rel=1e-4)


def test_check_data_learns_them_by_heart(payload: Payloads, tmp_path: Path) -> None:
    context = Heard()
    told = check_data({"config": payload()["config"], "out": str(tmp_path / "out")}, context)
    losses = [one["loss"] for one in context.told("overfit")]
    assert [one["step"] for one in context.told("overfit")] == list(range(1, told["steps"] + 1))
    assert losses[-1] < losses[0] / 5
    assert told["accuracy"] == 1.0
    assert [kind for kind, _ in context.events].index("samples") < [
        kind for kind, _ in context.events
    ].index("overfit")


def test_models_are_builtins() -> None:
    told = models({}, Heard())
    assert [one["name"] for one in told["networks"]] == list(list_networks())
    assert protocol.plain(told) == told
