"""ImageNet weights of the light picture backbone: they fit, and they know things."""

from __future__ import annotations

import importlib.resources
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from harstudio.errors import DataError, MissingError
from harstudio.learning.weights import starting as weights
from harstudio.networks import create_network
from harstudio.networks.backbones.efficientnet_lite import EfficientNetLite0

TRAFFIC_LIGHT, ANALOG_CLOCK = 920, 409  # indices of ImageNet's 1000 classes


def traffic_light() -> Any:
    picture = np.full((224, 224, 3), (120, 170, 220), np.uint8)
    cv2.rectangle(picture, (80, 20), (144, 190), (25, 25, 25), -1)
    cv2.rectangle(picture, (105, 190), (119, 224), (60, 60, 60), -1)
    for y, color in ((48, (255, 30, 20)), (105, (70, 60, 10)), (162, (10, 60, 20))):
        cv2.circle(picture, (112, y), 24, color, -1)
    return picture


def analog_clock() -> Any:
    picture = np.full((224, 224, 3), (200, 190, 170), np.uint8)
    cv2.circle(picture, (112, 112), 95, (60, 40, 30), -1)
    cv2.circle(picture, (112, 112), 85, (250, 250, 245), -1)
    for hour in range(12):
        angle = np.deg2rad(30 * hour - 90)
        text = str(hour or 12)
        (wide, high), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.6, 2)
        x = int(112 + 68 * np.cos(angle) - wide / 2)
        y = int(112 + 68 * np.sin(angle) + high / 2)
        cv2.putText(picture, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (0, 0, 0), 2, cv2.LINE_AA)
    for degrees, length, width in ((305, 38, 6), (60, 58, 4)):
        angle = np.deg2rad(degrees - 90)
        end = (int(112 + length * np.cos(angle)), int(112 + length * np.sin(angle)))
        cv2.line(picture, (112, 112), end, (0, 0, 0), width, cv2.LINE_AA)
    return picture


@torch.no_grad()
def test_the_backbone_knows_a_traffic_light_and_a_clock() -> None:
    network = EfficientNetLite0(1000).eval()
    weights.load_backbone(network, weights.imagenet_efficientnet_lite0())
    pictures = torch.from_numpy(np.stack([traffic_light(), analog_clock()])).float()
    features = network(((pictures - 127) / 128).permute(0, 3, 1, 2))
    assert features.shape == (2, 1280, 7, 7)
    assert 0 <= features.min() < features.max() <= 6
    said = network.classify(features).softmax(dim=1)
    assert said.argmax(dim=1).tolist() == [TRAFFIC_LIGHT, ANALOG_CLOCK]
    assert said.max(dim=1).values.min() > 0.4


def test_a_network_starts_from_them_unless_told_otherwise() -> None:
    published = weights.imagenet_efficientnet_lite0()
    network = create_network("mmff-lite", 3, "utd_mhad_20")
    before = {key: value.clone() for key, value in network.state_dict().items()}
    assert "ImageNet" in weights.load_pretrained(network)
    for key, value in network.state_dict().items():
        own = key.removeprefix("picture.backbone.")
        wanted = published[own] if own != key else before[key]
        assert torch.equal(value, wanted), key
    plain = create_network("mmff-lite", 3, "utd_mhad_20", pretrained="none")
    before = {key: value.clone() for key, value in plain.state_dict().items()}
    assert weights.load_pretrained(plain) == ""
    assert all(torch.equal(value, before[key]) for key, value in plain.state_dict().items())
    assert weights.load_pretrained(create_network("st-gcn", 3)) == ""


def test_every_tensor_is_accounted_for() -> None:
    published = weights.imagenet_efficientnet_lite0()
    backbone = EfficientNetLite0()
    less = {key: value for key, value in published.items() if key != "_conv_stem.weight"}
    with pytest.raises(DataError, match=r"1 tensors: _conv_stem\.weight"):
        weights.load_backbone(backbone, less)
    with pytest.raises(DataError, match="1 tensors: surplus"):
        weights.load_backbone(backbone, published | {"surplus": torch.zeros(1)})
    with pytest.raises(DataError, match=r"_bn0\.bias"):
        weights.load_backbone(backbone, published | {"_bn0.bias": torch.zeros(7)})


def test_a_missing_package_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.resources.files

    def files(name: str) -> Any:
        return found("harstudio_has_no_such_package" if name == weights.PACKAGE else name)

    monkeypatch.setattr(weights.resources, "files", files)
    with pytest.raises(MissingError, match=r"not installed\. Install the package .*pretrained"):
        weights.load_pretrained(create_network("mmff-lite", 3))


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.pth"
    damaged.write_bytes(b"PK\x03\x04" + bytes(200))
    with pytest.raises(DataError, match=r"damaged\.pth"):
        weights.read_weights(damaged)
    whole = tmp_path / "module.pth"
    torch.save(torch.nn.Linear(2, 2), whole)  # a pickled object, not weights
    with pytest.raises(DataError, match=r"module\.pth"):
        weights.read_weights(whole)
    torch.save({"a": 3}, whole)
    with pytest.raises(DataError, match="holds more than weights"):
        weights.read_weights(whole)
