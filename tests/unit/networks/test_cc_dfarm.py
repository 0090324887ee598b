"""CC-DFARM and MSAF: blocks against published code and their equations, the network's flow."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from harstudio.errors import UsageError
from harstudio.networks import create_network
from harstudio.networks.blocks.dsfm import DSFM
from harstudio.networks.blocks.mffm import MFFM
from harstudio.networks.blocks.mmtm import MMTM
from harstudio.networks.blocks.tiam import TIAM, frame_affinity
from harstudio.networks.cc_dfarm import CCDFARM
from harstudio.networks.explaining import explain
from harstudio.networks.network import Gaze
from harstudio.networks.sizes import size_of
from joint_maps import assert_saliency_is_of_the_fused_answer
from reference_cases import load_case

Array = NDArray[np.float64]


def shaken(module: nn.Module) -> dict[str, Array]:
    """In float64, with statistics that are not those of the start; the weights by name."""
    made = torch.Generator().manual_seed(8)
    module.double().eval()
    for key, value in module.state_dict().items():
        if "running_var" in key:
            value.copy_(0.5 + torch.rand(value.shape, generator=made))
        elif value.is_floating_point():
            value.add_(0.2 * torch.randn(value.shape, generator=made))
    return {key: value.numpy() for key, value in module.state_dict().items()}


# ---- DSFM


@torch.no_grad()
def test_dsfm_is_the_published_block() -> None:
    case = load_case("msaf_128_64_b32")
    block = DSFM((128, 64), 32)
    case.fill(block)
    (first, second), _ = block([case.inputs["x0"], case.inputs["x1"]])
    case.check(y0=first, y1=second)


def dsfm_by_hand(
    weights: dict[str, Array], maps: Sequence[Array], block: int, lowest: float
) -> list[tuple[Array, Array]]:
    """Equations 9 to 14 on one clip; maps (C_m, places), channels that are missing are zeros. What
    comes of each, and what each of its channels was multiplied by."""
    counts = [math.ceil(len(x) / block) for x in maps]
    total = np.zeros(block)
    for x, count in zip(maps, counts, strict=True):
        for c in range(block):
            for b in range(count):
                if b * block + c < len(x):
                    total[c] += x[b * block + c].mean()
    shared = weights["joint_features.0.weight"] @ total + weights["joint_features.0.bias"]
    gain, bias, mean, var = (
        weights[f"joint_features.1.{key}"]
        for key in ("weight", "bias", "running_mean", "running_var")
    )
    shared = np.maximum(gain * (shared - mean) / np.sqrt(var + 1e-5) + bias, 0)
    votes = [
        weights[f"dense_group.{b}.weight"] @ shared + weights[f"dense_group.{b}.bias"]
        for b in range(sum(counts))
    ]
    made = [(np.zeros_like(x), np.zeros(len(x))) for x in maps]
    for c in range(block):
        sum_of_all = sum(math.exp(vote[c]) for vote in votes)
        b = 0
        for x, (out, acting), count in zip(maps, made, counts, strict=True):
            for own in range(count):
                share = math.exp(votes[b][c]) / sum_of_all
                if own * block + c < len(x):
                    acting[own * block + c] = lowest + (1 - lowest) * share
                    out[own * block + c] = acting[own * block + c] * x[own * block + c]
                b += 1
    return made


@torch.no_grad()
@pytest.mark.parametrize("present", [3, 2])
def test_dsfm_is_its_equations(present: int) -> None:
    """Channels that do not fill a block too, and a modality that is not there."""
    torch.manual_seed(1)
    block = DSFM((10, 4, 4), 4, lowest=0.3, reduction=2)
    weights = shaken(block)
    shapes = ((2, 10, 3, 2), (2, 4, 5), (2, 4))[:present]
    maps = [torch.randn(shape).double() for shape in shapes]
    told, acting = block(maps)
    for n in range(2):
        flat = [x[n].reshape(len(x[n]), -1).numpy() for x in maps]
        wanted = dsfm_by_hand(weights, flat, 4, 0.3)
        for got, weight, (want, by) in zip(told, acting, wanted, strict=True):
            np.testing.assert_allclose(got[n].reshape(want.shape).numpy(), want, atol=1e-5)
            np.testing.assert_allclose(weight[n].numpy(), by, atol=1e-5)


def test_dsfm_says_what_it_cannot() -> None:
    with pytest.raises(ValueError, match="lowest attention"):
        DSFM((8,), 4, lowest=1.5)
    with pytest.raises(ValueError, match="reduction"):
        DSFM((8,), 4, reduction=5)


def test_dsfm_learns_from_one_clip_with_the_statistics_of_those_before() -> None:
    block = DSFM((8, 4), 4)
    maps = [torch.randn(1, 8, 3), torch.randn(1, 4)]
    before = block.state_dict()["joint_features.1.running_mean"].clone()
    told, _ = block.train()(maps)
    wanted, _ = block.eval()(maps)
    torch.testing.assert_close(told[0], wanted[0])
    assert torch.equal(block.state_dict()["joint_features.1.running_mean"], before)


# ---- TIAM


@torch.no_grad()
def test_tiam_is_the_published_block() -> None:
    case = load_case("tiam_c16")
    block = TIAM(16)
    case.fill(block)
    told = block(case.inputs["a"], case.inputs["b"], explain=True)
    case.check(
        a=told.first,
        b=told.second,
        time_softmax_last=told.style,
        space_softmax_dim_m2=told.view,
    )


def softmaxed(x: Array, axis: int) -> Array:
    made: Array = np.exp(x) / np.exp(x).sum(axis=axis, keepdims=True)
    return made


@torch.no_grad()
def test_tiam_with_an_odd_number_of_channels_is_its_equations() -> None:
    torch.manual_seed(2)
    block = TIAM(5)
    weights = shaken(block)
    maps = torch.randn(2, 5, 3, 2).double()

    def normalised(x: Array, name: str) -> Array:
        gain, bias, mean, var = (
            weights[f"{name}.{key}"][:, None]
            for key in ("weight", "bias", "running_mean", "running_var")
        )
        out: Array = gain * (x - mean) / np.sqrt(var + 1e-5) + bias
        return out

    def embedded(x: Array, name: str) -> Array:
        kernel, bias = weights[f"{name}.1.weight"][:, :, 0, 0], weights[f"{name}.1.bias"]
        out: Array = kernel @ normalised(x, f"{name}.0") + bias[:, None]
        return out

    def back(x: Array) -> Array:
        kernel, bias = weights["W.0.weight"][:, :, 0, 0], weights["W.0.bias"]
        return normalised(kernel @ x + bias[:, None], "W.1")

    a, b = maps[0].flatten(1).numpy(), maps[1].flatten(1).numpy()
    one, two = embedded(a, "theta"), embedded(b, "phi")
    style, view = np.zeros((2, 2)), np.zeros((6, 6))
    for c in range(2):
        for d in range(2):
            style[c, d] = sum(one[c, place] * two[d, place] for place in range(6))
    for p in range(6):
        for q in range(6):
            view[p, q] = sum(one[c, p] * two[c, q] for c in range(2))
    first = a + back(softmaxed(style.T, 1) @ embedded(a, "g") @ softmaxed(view, 0))
    second = b + back(softmaxed(style, 1) @ embedded(b, "g") @ softmaxed(view.T, 0))
    told = block(maps[:1], maps[1:])
    np.testing.assert_allclose(told.first[0].flatten(1).numpy(), first, atol=1e-5)
    np.testing.assert_allclose(told.second[0].flatten(1).numpy(), second, atol=1e-5)


def test_frame_affinity_tells_which_frames_a_frame_draws_on() -> None:
    made = torch.rand(2, 12, 12).softmax(dim=1)  # 4 frames by 3
    told = frame_affinity(made, 4)
    for t in range(4):
        for s in range(4):
            block = made[1, 3 * s : 3 * s + 3, 3 * t : 3 * t + 3]
            assert float(told[1, t, s]) == pytest.approx(float(block.sum(0).mean()), abs=1e-6)
    torch.testing.assert_close(told.sum(dim=2), torch.ones(2, 4))


# ---- MFFM


@torch.no_grad()
def test_mffm_is_its_equations() -> None:
    """Equations 19 to 23, place by place."""
    torch.manual_seed(3)
    block = MFFM(5, 4, 3)
    weights = shaken(block)
    visual, skeleton = torch.randn(2, 5, 2, 2, 3).double(), torch.randn(2, 4).double()
    told = block(visual, skeleton)

    def kernel(name: str) -> Array:
        return weights[f"{name}.weight"][:, :, 0, 0, 0]

    for n in range(2):
        places = visual[n].flatten(1).numpy().T
        one = [kernel("visual") @ x + weights["visual.bias"] for x in places]
        two = weights["skeleton.weight"] @ skeleton[n].numpy() + weights["skeleton.bias"]
        both = [np.concatenate([x, two]) for x in one]
        pooled = sum(both, start=np.zeros(6)) / len(both)
        channels = 1 / (1 + np.exp(-(kernel("select") @ pooled)))
        np.testing.assert_allclose(told.channels[n].numpy(), channels, atol=1e-5)
        for place, (x, joined) in enumerate(zip(one, both, strict=True)):
            reduced = kernel("reduce") @ (channels * joined)
            said = kernel("visual_places") @ x + weights["visual_places.bias"]
            said = said + kernel("skeleton_places") @ two + weights["skeleton_places.bias"]
            share = 1 / (1 + np.exp(-said[0]))
            got = told.fused[n].flatten(1)[:, place].numpy()
            np.testing.assert_allclose(got, share * reduced, atol=1e-5)
            assert float(told.places[n].flatten()[place]) == pytest.approx(share, abs=1e-5)


# ---- the networks


def test_cc_dfarm_has_the_size_of_its_parts() -> None:
    """The paper prints none. 15.94 M with the classifiers of the streams alone, about 56.0 G."""
    size = size_of("cc-dfarm")
    tiam, first, second = 1_461, 19_568, 116_416
    i3d, mffm, classifier = 12_287_264 + 61_500, 2_361_346, 30_780
    assert size.by_part["clip"] == i3d
    assert size.by_part["skeleton"] == 1_062_652 + tiam
    assert size.by_part["fusion"] == first + second + mffm + classifier
    assert size.parameters == pytest.approx(15.94e6, rel=2e-4)
    assert size.multiply_adds + size.products == pytest.approx(56.0e9, rel=3e-3)


def test_msaf_is_cc_dfarm_without_tiam_and_mffm() -> None:
    size = size_of("msaf")
    classifiers = 1024 * 60 + 60 + 512 * 60 + 60
    streams = 12_287_264 + 1_062_652 - (512 * 60 + 60)
    assert size.parameters == streams + 19_568 + 116_416 + classifiers
    same = size_of("cc-dfarm", tiam=False, mffm=False)
    assert (same.parameters, same.multiply_adds) == (size.parameters, size.multiply_adds)


def small(count: int = 2, bodies: int = 2, joints: int = 25) -> dict[str, Tensor]:
    made = torch.Generator().manual_seed(1)
    return {
        "clip": torch.randn(count, 3, 16, 64, 64, generator=made),
        "skeleton": torch.randn(count, 3, 20, joints, bodies, generator=made),
    }


def fresh(**options: Any) -> CCDFARM:
    torch.manual_seed(2)
    made = create_network("cc-dfarm", 4, **options).eval()
    assert isinstance(made, CCDFARM)
    return made


def dsfm(network: CCDFARM, place: str) -> DSFM:
    block = network.fusion.places.get_submodule(place).get_submodule("block")
    assert isinstance(block, DSFM)
    return block


ROWS: list[dict[str, Any]] = [
    # table 4
    {"dsfm": "first"},
    {"dsfm": "second"},
    # tables 5 and 6
    {"tiam": False, "mffm": False, "baseline_fusion": "mmtm"},
    {"tiam": False, "mffm": False},
    {"tiam": False},
    {"mffm": False},
    {},
]


@pytest.mark.parametrize("row", ROWS)
def test_every_row_of_the_tables_has_its_parts(row: dict[str, Any]) -> None:
    network = fresh(**row)
    blocks = [one for one in network.modules() if isinstance(one, DSFM | MMTM)]
    kind = MMTM if row.get("baseline_fusion") == "mmtm" else DSFM
    assert [type(one) for one in blocks] == [kind] * (1 if "dsfm" in row else 2)
    assert (network.skeleton.tiam is not None) == row.get("tiam", True)
    assert (network.fusion.mffm is not None) == row.get("mffm", True)
    output = explain(network, small(1))
    assert output.explanation is not None
    assert set(output.explanation) == set(network.card.explains)
    parts = {name for name, part in network.named_children() if list(part.parameters())}
    assert {part for stage in network.card.recipe.stages for part in stage.trains} == parts


@torch.no_grad()
@pytest.mark.parametrize(("bodies", "layout"), [(1, "post"), (2, "post"), (2, "pre")])
def test_the_flow_is_that_of_the_paper(bodies: int, layout: str) -> None:
    network, batch = fresh(tiam_layout=layout), small(2, bodies)
    body, fusion = network.skeleton, network.fusion
    position, motion = body.joint_maps(batch["skeleton"])
    assert body.tiam is not None
    assert fusion.mffm is not None
    if layout == "post":
        told = body.tiam(position.transpose(1, 3), motion.transpose(1, 3))
        position, motion = told.first, told.second
    else:
        told = body.tiam(position, motion)
        position, motion = told.first.transpose(1, 3), told.second.transpose(1, 3)
    conv5 = body.body_map(position, motion).view(2, bodies, 128, 4, 4)
    first, second = dsfm(network, "first"), dsfm(network, "second")
    early = network.clip.mixed_5b(batch["clip"])
    assert first.counts == (13, 2, 2)
    assert second.counts == (4, 2)
    (early, *persons), _ = first([early, *conv5.unbind(1)])
    fc7 = body.fc7(torch.stack([body.conv6(x) for x in persons]).amax(dim=0).flatten(1))
    (late, fc7), _ = second([network.clip.mixed_5c(early), fc7])
    fused = fusion.mffm(late, fc7).fused.mean(dim=(2, 3, 4))
    features = network(batch).features["fusion"]
    assert distance(features, fused) < 1e-4
    assert distance(network(batch).logits, fusion.classifier(fused)) < 1e-4
    swapped = body.body_map(motion, position).view(2, bodies, 128, 4, 4)
    assert distance(swapped, conv5) > 1e-2  # so that the order of both is seen in what follows


def distance(told: Tensor, wanted: Tensor) -> float:
    """The largest difference as a share of the largest difference between clips."""
    apart = (wanted[0] - wanted[1]).abs().max()
    assert apart > 0
    return float((told - wanted).abs().max() / apart)


def gates_by_hand(block: nn.Module, clip: Tensor, skeleton: Tensor) -> tuple[Tensor, Tensor]:
    """Equations 3 to 8, one clip at a time; clip (N, C, *), skeleton (N, C', *)."""
    weights = {key: value.double() for key, value in block.state_dict().items()}
    gates: tuple[list[Tensor], list[Tensor]] = [], []
    for one, other in zip(clip.double(), skeleton.double(), strict=True):
        squeezed = torch.stack([x.mean() for x in (*one, *other)])
        joint = weights["fc_squeeze.weight"] @ squeezed + weights["fc_squeeze.bias"]
        joint = torch.where(joint > 0, joint, 0)
        for name, list_of in zip(("visual", "skeleton"), gates, strict=True):
            said = weights[f"fc_{name}.weight"] @ joint + weights[f"fc_{name}.bias"]
            list_of.append(2 / (1 + torch.exp(-said)))
    return torch.stack(gates[0]), torch.stack(gates[1])


@torch.no_grad()
def test_the_baseline_recalibrates_both_streams_at_both_places() -> None:
    """Table 5's: all persons share a gate, which is that of their mean."""
    network = fresh(baseline_fusion="mmtm", tiam=False, mffm=False).double()
    for name, weight in network.fusion.named_parameters():
        if "fc_skeleton" in name or "fc_visual" in name:
            weight.mul_(20)  # gates far from 1
    batch = {key: value.double() for key, value in small().items()}
    body, fusion = network.skeleton, network.fusion
    blocks = [fusion.get_submodule(f"places.{place}.block") for place in ("first", "second")]
    early, bodies = network.clip.mixed_5b(batch["clip"]), body.bodies(batch["skeleton"])
    own, other = gates_by_hand(blocks[0], early, bodies.transpose(1, 2))
    early = early * own[:, :, None, None, None]
    persons = [bodies[:, m] * other[:, :, None, None] for m in (0, 1)]
    fc7 = body.fc7(torch.stack([body.conv6(x) for x in persons]).amax(dim=0).flatten(1))
    late = network.clip.mixed_5c(early)
    own, last = gates_by_hand(blocks[1], late, fc7)
    pooled = network.clip.pool(late * own[:, :, None, None, None])
    wanted = (fusion.clip(pooled) + fusion.skeleton(fc7 * last)) / 2
    told = network(batch)
    assert distance(told.features["fusion"], torch.cat((pooled, fc7 * last), dim=1)) < 1e-6
    assert distance(told.logits, wanted) < 1e-6
    assert (other - 1).abs().max() > 0.05
    assert (last - 1).abs().max() > 0.05


@torch.no_grad()
def test_before_the_transition_places_are_joints_at_moments() -> None:
    network = fresh(tiam_layout="pre")
    assert network.skeleton.tiam is not None
    assert network.skeleton.tiam.g[0].num_features == 32
    _, told = network.skeleton.look(small()["skeleton"], {})
    assert told is not None
    assert told.view is not None
    assert told.view.shape == (4, 32 * 25, 32 * 25)
    plain = fresh(tiam=False)
    plain.load_state_dict(network.state_dict(), strict=False)
    batch = small()["skeleton"]
    assert not torch.allclose(network.skeleton(batch), plain.skeleton(batch))


@torch.no_grad()
def test_without_mffm_the_opinion_is_the_mean_of_both() -> None:
    network, batch = fresh(mffm=False, dsfm="none", tiam=False), small()
    pooled = network.clip.pool(network.clip(batch["clip"]))
    fc7 = network.skeleton(batch["skeleton"])
    wanted = (network.fusion.clip(pooled) + network.fusion.skeleton(fc7)) / 2
    torch.testing.assert_close(network(batch).logits, wanted, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_a_stream_alone_has_the_size_that_it_has_in_company() -> None:
    """The neutral weight is that of equal attention, which DSFM gives where all votes are 0."""
    network, batch = fresh(tiam=False), small()
    for place in ("first", "second"):
        for vote in dsfm(network, place).dense_group.parameters():
            nn.init.zeros_(vote)
    early = network.clip.mixed_5b(batch["clip"])
    bodies = network.skeleton.bodies(batch["skeleton"])
    early, _ = network.fusion.meet("first", early, bodies, None)
    late = network.clip.mixed_5c(early)
    late, _ = network.fusion.meet("second", late, torch.randn(2, 1, 512), None)
    alone = network(batch, stream="clip").features["clip"]
    torch.testing.assert_close(alone, network.clip.pool(late), rtol=1e-4, atol=1e-5)


def by_what(before: Tensor, after: Tensor) -> float:
    """(C, *) twice -> the mean of what the channels were multiplied by, each by itself."""
    gains = []
    for one, other in zip(before, after, strict=True):
        factors = (other / one).flatten()
        assert float(factors.max()) == pytest.approx(float(factors.min()), rel=1e-9)
        gains.append(float(factors[0]))
    return sum(gains) / len(gains)


@torch.no_grad()
@pytest.mark.parametrize("fusion", ["none", "mmtm"])
@pytest.mark.parametrize("lowest", [0.5, 0.0])
def test_shares_are_of_what_channels_are_multiplied_by(lowest: float, fusion: str) -> None:
    """Not of the attention before equation 13, that of the clip being many times a person's."""
    network = fresh(lowest_attention=lowest, baseline_fusion=fusion).double()
    made = torch.Generator().manual_seed(4)
    for place, bodies, shapes in (
        ("first", 2, ((832, 2, 3, 3), (128, 4, 4))),
        ("second", 1, ((1024, 2, 3, 3), (512,))),
    ):
        if fusion == "none":
            for number, layer in enumerate(dsfm(network, place).dense_group):
                assert isinstance(layer, nn.Linear)
                layer.bias.normal_(mean=0 if number else 4, generator=made)
        clip = torch.randn(2, *shapes[0], generator=made, dtype=torch.float64)
        persons = torch.randn(2, bodies, *shapes[1], generator=made, dtype=torch.float64)
        gaze: dict[str, Gaze] = {}
        after, persons_after = network.fusion.meet(place, clip, persons, gaze)
        shares = gaze["modality share 1" if place == "first" else "modality share 2"].values
        assert shares.shape == (2, 1, 2)
        for n in range(2):
            own = by_what(clip[n], after[n])
            of_persons = [by_what(persons[n, m], persons_after[n, m]) for m in range(bodies)]
            other = sum(of_persons) / bodies
            assert shares[n, 0].tolist() == pytest.approx(
                [own / (own + other), other / (own + other)]
            )
            if place == "first" and fusion == "none":
                told = gaze["person share"].values[n]
                assert told.shape == (1, 25, 2)
                for joint in told[0].tolist():
                    assert joint == pytest.approx([one / sum(of_persons) for one in of_persons])


def test_empty_persons_do_not_count() -> None:
    network, batch = fresh(), small()
    batch["skeleton"][0, ..., 1] = 0
    told = explain(network, batch).explanation
    assert told is not None
    with torch.no_grad():
        _, interaction = network.skeleton.look(batch["skeleton"], {})
    assert interaction is not None
    assert interaction.view is not None
    affinity = frame_affinity(interaction.view, 32).view(2, 2, 32, 32)
    torch.testing.assert_close(told["frame affinity"].values[0], affinity[0, 0])
    torch.testing.assert_close(told["frame affinity"].values[1], affinity[1].mean(dim=0))


def test_mffm_tells_its_masks() -> None:
    network, batch = fresh(), small()
    said: list[Any] = []
    assert network.fusion.mffm is not None
    network.fusion.mffm.register_forward_hook(lambda _, __, made: said.append(made))
    told = explain(network, batch).explanation
    assert told is not None
    channels, places = said[0].channels.detach(), said[0].places.detach()
    assert channels.shape == (2, 1024)
    assert places.shape == (2, 1, 2, 2, 2)
    torch.testing.assert_close(told["spatial mask"].values, places[:, 0])
    own, other = channels[:, :512].mean(dim=1), channels[:, 512:].mean(dim=1)
    torch.testing.assert_close(told["channel share"].values[:, 0, 0], own / (own + other))


@pytest.mark.parametrize("layout", ["pre", "post"])
def test_the_joint_saliency_is_of_the_fused_answer(
    layout: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the weights of the clip's channels too."""
    network = fresh(tiam_layout=layout).double().requires_grad_(False)
    batch = {key: value.double() for key, value in small(1).items()}
    assert_saliency_is_of_the_fused_answer(network, batch, 6, monkeypatch)


def test_more_bodies_than_the_fusion_knows_are_a_mistake() -> None:
    with pytest.raises(UsageError, match="3 bodies"):
        fresh()(small(1, 3))


@torch.no_grad()
@pytest.mark.parametrize("mffm", [True, False])
def test_single_opinions_are_told_where_they_are_asked_for(mffm: bool) -> None:
    """They cost a second pass, which an evaluation that does not ask does not pay."""
    network, batch = fresh(mffm=mffm), small()
    plain = network(batch)
    assert plain.logits_by_stream == {}
    network.opinions = True
    asked = network(batch)
    torch.testing.assert_close(asked.logits, plain.logits)
    assert list(asked.logits_by_stream) == ["clip", "skeleton"]
    for name, logits in asked.logits_by_stream.items():
        torch.testing.assert_close(logits, network(batch, stream=name).logits)


def test_own_opinions_are_learned_without_touching_the_fusion() -> None:
    network = fresh(mffm=False).train()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    output = network(small())
    total: Any = torch.stack(list(output.logits_by_stream.values())).sum()
    total.backward()
    learned = {key.split(".")[0] for key, w in network.named_parameters() if w.grad is not None}
    assert learned == {"heads"}
    counted = "clip.Mixed_5c.b0.bn.num_batches_tracked"
    assert network.state_dict()[counted] == before[counted] + 1
    assert all(module.training for module in network.modules())
