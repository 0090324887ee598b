"""How an answer hangs on HCN's maps of single joints, found by changing them a little."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from harstudio.networks.backbones.hcn import HCN
from harstudio.networks.network import SALIENCY, Batch, FeatureMap, Network

STEP = 1e-6


def assert_saliency_is_of_the_fused_answer(
    network: Network, batch: Batch, joint: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the maps of one joint are told to add to a fused logit is how it changes where they are
    scaled, along all ways on which they reach it. network: in evaluation mode, float64."""
    output = network(batch, explain=True)
    (gradient,) = torch.autograd.grad(output.logits[0, 1], output.maps[SALIENCY].values)
    told = (gradient * output.maps[SALIENCY].values)[0, :, :, joint].sum()
    published = HCN.joint_maps

    def scaled(by: float) -> Tensor:
        def joint_maps(
            self: HCN, skeleton: Tensor, told: dict[str, FeatureMap] | None = None
        ) -> tuple[Tensor, Tensor]:
            factor = torch.ones(skeleton.shape[3], dtype=skeleton.dtype)
            factor[joint] = by
            position, motion = published(self, skeleton, told)
            return position * factor, motion * factor

        with monkeypatch.context() as patch, torch.no_grad():
            patch.setattr(HCN, "joint_maps", joint_maps)
            logits: Tensor = network(batch).logits
        return logits[0, 1]

    slope = (scaled(1 + STEP) - scaled(1 - STEP)) / (2 * STEP)
    assert float(slope) != pytest.approx(0, abs=1e-7)
    assert float(told.detach()) == pytest.approx(float(slope), rel=1e-4)
