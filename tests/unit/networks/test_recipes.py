"""How networks train, against what their papers print, written down by hand.

P: the paper prints it. R: its published code has it. C: neither says it, it is chosen here.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import pytest

from harstudio.networks import list_networks, network_card


class Step(NamedTuple):
    """A stage: its name, epochs, first rate and the epochs before which the rate falls; epochs None
    where any would do."""

    name: str
    epochs: int | None
    rate: float
    decay_at: tuple[int, ...] = ()


class Printed(NamedTuple):
    """A recipe. clips: the batch, None where any would do."""

    optimizer: str
    weight_decay: float
    clips: int | None
    steps: tuple[Step, ...]
    momentum: float = 0.9
    schedule: str = "steps"
    decay: float = 0.1
    clip_norm: float = 0.0


# Rate 1e-4, a tenth every 10 epochs (P); 30 epochs a stage, 32 clips (C).
MMFF = Printed(
    "adam", 0.0, 32,
    tuple(Step(s, 30, 1e-4, (10, 20)) for s in ("skeleton", "picture", "fusion", "fine-tune")),
)  # fmt: skip
# Rate 0.1, a tenth at 30 and 40, 64 clips, momentum 0.9, 1e-4, 50 epochs (R: 2s-AGCN).
AGCN = Printed("sgd", 1e-4, 64, (Step("skeleton", 50, 0.1, (30, 40)),))
# 80 epochs, 0.1, a tenth at 10 and 50, 1e-4, 64 clips (R: MMNet, all its networks; ST-GCN).
MMNET = Printed(
    "sgd", 1e-4, 64,
    tuple(Step(s, 80, 0.1, (10, 50)) for s in ("joint", "bone", "regions")),
)  # fmt: skip
RESNET = MMNET._replace(steps=(Step("picture", 80, 0.1, (10, 50)),))
# Rate 0.1 and 5e-4 (P); 50 epochs, a tenth at 30 and 40 (C, as 2s-AGCN); the fusion: 6 epochs,
# 0.01, a tenth at 3 (P); 64 clips and momentum 0.9 (C, as 2s-AGCN).
AMFI = Printed(
    "sgd", 5e-4, 64,
    (
        Step("skeleton", 50, 0.1, (30, 40)),
        Step("clip", 50, 0.1, (30, 40)),
        Step("fusion", 6, 0.01, (3,)),
    ),
)  # fmt: skip
# 1e-4, weight decay 1e-4, a tenth at 5 and 20 (R: main_mmtm_ntu, main_msaf). The skeleton's
# 1e-3 with a tenth at 60 and 80 beforehand: C. Epochs and clips are left open.
MSAF = Printed(
    "adam", 1e-4, None,
    (
        Step("clip", None, 1e-4, (5, 20)),
        Step("skeleton", None, 1e-3, (60, 80)),
        Step("all", None, 1e-4, (5, 20)),
    ),
)  # fmt: skip
RESNET3D = AMFI._replace(steps=AMFI.steps[1:2], clips=32)  # AMFI-Net's first stage; clips: C
LATE = AMFI._replace(steps=(AMFI.steps[1], AMFI.steps[0]))  # as AMFI-Net: C
LIGHT_SKELETON = Printed("adam", 0.0, 32, (Step("skeleton", 30, 1e-4, (10, 20)),))

PRINTED = {
    "agcn": AGCN,
    "2s-agcn": AGCN._replace(
        steps=tuple(Step(s, 50, 0.1, (30, 40)) for s in ("joint", "bone"))
    ),
    "amfi-net": AMFI,
    "bi-lstm": LIGHT_SKELETON,  # as MMFF's stream
    # 50 epochs, 0.1, half a cosine, 32 clips (P); 1e-4 and momentum 0.9 (C).
    "cc-dfarm": Printed("sgd", 1e-4, 32, (Step("all", 50, 0.1),), schedule="cosine"),
    # 65 epochs, 0.1, a tenth at 35 and 55, 4e-4, 64 clips (P).
    "ctr-gcn": Printed("sgd", 4e-4, 64, (Step("joints", 65, 0.1, (35, 55)),)),
    # 60 epochs, 1e-3, a tenth at 25 and 50, 5e-4, 64 clips, gradients to a norm of 20 (R).
    "dscmt": Printed("sgd", 5e-4, 64, (Step("all", 60, 1e-3, (25, 50)),), clip_norm=20.0),
    # 1e-3, 1e-4, 64 clips, 400 epochs, norm 0.5 (R); its factor of 0.99 an epoch, 400 times, is
    # 0.018: here three steps of the root of 0.1 (C).
    "hcn": Printed(
        "adam", 1e-4, 64, (Step("skeleton", 400, 1e-3, (115, 229, 344)),),
        decay=math.sqrt(0.1), clip_norm=0.5,
    ),
    # As AMFI-Net's first stage; 1e-7 (R: pytorch-i3d).
    "i3d": RESNET3D._replace(weight_decay=1e-7),
    "imu-tcn": Printed("adam", 0.0, 32, (Step("inertial", 60, 1e-3, (40,)),)),  # rate P, rest C
    # Ours: 80 epochs, half a cosine from 2e-3, 32 clips.
    "joint-tcn": Printed(
        "adam", 0.0, 32, (Step("skeleton", 80, 2e-3),), schedule="cosine", clip_norm=5.0
    ),
    "late-feature": LATE._replace(steps=(*LATE.steps, AMFI.steps[2])),
    "late-score": LATE,
    # 1e-4, 4 x 8 clips (P); 30 epochs, no schedule, no decay (C); the heads' rate and epochs: C.
    "m-mixer": Printed("adam", 0.0, 32, (Step("mixer", 30, 1e-4), Step("heads", None, 1e-3))),
    "mmff-gcn": MMFF,
    "mmff-lstm": MMFF,
    "mmff-lite": MMFF,
    "mmnet": MMNET,
    "mmtm": MSAF,
    "msaf": MSAF,
    "resnet18": RESNET,
    "resnet34": RESNET,
    "resnet50": RESNET,
    "resnet3d-18": RESNET3D,
    "resnet3d-34": RESNET3D,
    "st-gcn": MMNET._replace(steps=(Step("joints", 80, 0.1, (10, 50)),)),
    "xception": MMFF._replace(steps=MMFF.steps[1:2]),
}  # fmt: skip


def test_every_network_is_in_the_table() -> None:
    assert set(PRINTED) == set(list_networks())


@pytest.mark.parametrize("name", PRINTED)
def test_networks_train_as_their_papers_say(name: str) -> None:
    recipe, printed = network_card(name).recipe, PRINTED[name]
    assert recipe.optimizer == printed.optimizer
    assert recipe.momentum == printed.momentum
    assert recipe.weight_decay == printed.weight_decay
    if printed.clips is not None:
        assert recipe.batch_size == printed.clips
    assert recipe.schedule == printed.schedule
    assert recipe.clip_norm == printed.clip_norm
    stages = [stage for stage in recipe.stages if stage.epochs]  # one of 0 epochs is none
    assert [stage.name for stage in stages] == [step.name for step in printed.steps]
    for stage, step in zip(stages, printed.steps, strict=True):
        assert stage.learning_rate == step.rate
        assert stage.decay_at == step.decay_at
        if step.decay_at:
            assert recipe.decay == pytest.approx(printed.decay)
        if step.epochs is not None:
            assert stage.epochs == step.epochs
