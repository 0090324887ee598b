"""DSCMT against its equations, evaluated anew in plain loops, and against published outputs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from harstudio.errors import UsageError
from harstudio.networks import create_network, network_card
from harstudio.networks.blocks.mutual_attention import (
    CrossModalTransformer,
    Excitation,
    MutualAttention,
    position_code,
)
from harstudio.networks.network import Network
from harstudio.networks.shown import shown
from harstudio.networks.sizes import size_of
from harstudio.results import Kind
from reference_cases import load_case

WIDTH, HEADS = 16, 4  # small, and the squeezed excitation still has two features
Rows = NDArray[np.float64]


def filled(module: nn.Module, seed: int = 1) -> Any:
    """In evaluation mode and double precision; every weight and bias counts."""
    made = torch.Generator().manual_seed(seed)
    for name, weight in module.named_parameters():
        scale = 1.0 / math.sqrt(weight[0].numel()) if weight.dim() > 1 else 0.3
        drawn = torch.randn(weight.shape, generator=made) * scale
        nn.init.zeros_(weight)
        weight.data += drawn + (1.0 if "norm" in name and name.endswith("weight") else 0.0)
    return module.double().eval()


def drawn(*shape: int, seed: int = 2) -> Tensor:
    made = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=made, dtype=torch.float64)


def weights_of(module: nn.Module) -> dict[str, Rows]:
    return {name: value.detach().numpy() for name, value in module.named_parameters()}


# ---- the equations, one clip at a time: tokens are rows


def normalised(row: Rows, gain: Rows, bias: Rows) -> Rows:
    mean = sum(row) / len(row)
    variance = sum((value - mean) ** 2 for value in row) / len(row)
    return (row - mean) / math.sqrt(variance + 1e-5) * gain + bias


def linear(row: Rows, weight: Rows, bias: Rows | None = None) -> Rows:
    out = np.array([sum(w * x for w, x in zip(line, row, strict=True)) for line in weight])
    return out if bias is None else out + bias


def excited(tokens: Rows, w1: Rows, w2: Rows) -> Rows:
    """Equation 2 and the recalibration of its input."""
    z = np.array([sum(column) / len(column) for column in tokens.T])
    hidden = [max(value, 0.0) for value in linear(z, w1)]
    s = [1 / (1 + math.exp(-value)) for value in linear(np.array(hidden), w2)]
    return np.array([[a * b for a, b in zip(row, s, strict=True)] for row in tokens])


def multi_head(query: Rows, key: Rows, w: dict[str, Rows], heads: int) -> tuple[Rows, Rows]:
    """MultiHead(query, key, key) and the heads' attention (heads, L, L')."""
    d = query.shape[1]
    size = d // heads
    parts = [slice(0, d), slice(d, 2 * d), slice(2 * d, 3 * d)]
    weight, bias = w["attention.in_proj_weight"], w["attention.in_proj_bias"]
    q, k, v = (
        np.array([linear(row, weight[part], bias[part]) for row in rows])
        for rows, part in zip((query, key, key), parts, strict=True)
    )
    heard, looked = np.zeros_like(query), np.zeros((heads, len(query), len(key)))
    for head in range(heads):
        of = slice(head * size, (head + 1) * size)
        for i in range(len(query)):
            scores = [q[i, of] @ k[j, of] / math.sqrt(size) for j in range(len(key))]
            shares = [math.exp(score - max(scores)) for score in scores]
            shares = [share / sum(shares) for share in shares]
            for j, share in enumerate(shares):
                heard[i, of] += share * v[j, of]
                looked[head, i, j] = share
    out = w["attention.out_proj.weight"], w["attention.out_proj.bias"]
    return np.array([linear(row, *out) for row in heard]), looked


def interacted(
    x: Rows, other: Rows, p: Rows, other_p: Rows, w: dict[str, Rows], heads: int = HEADS
) -> tuple[Rows, Rows]:
    """Equations 6 to 9; 3 to 5 where ``other`` is ``x``. Also the attention."""
    heard, attention = multi_head(x + p, other + other_p, w, heads)
    x = np.array([normalised(row, w["norm.weight"], w["norm.bias"]) for row in x + heard])
    if "excitation.squeeze.weight" in w:
        x = x + excited(x, w["excitation.squeeze.weight"], w["excitation.excite.weight"])
        x = np.array([normalised(row, w["last_norm.weight"], w["last_norm.bias"]) for row in x])
    return x, attention


def code(height: int, width: int, d: int) -> Rows:
    """DETR's sine code: a half of the channels for the row, one for the column, from 1."""
    half = d // 2
    out = np.zeros((height * width, d))
    for y in range(height):
        for x in range(width):
            for start, place in ((0, y + 1), (half, x + 1)):
                for i in range(half):
                    angle = place / 10000 ** (2 * (i // 2) / half)
                    out[y * width + x, start + i] = math.cos(angle) if i % 2 else math.sin(angle)
    return out


def transformed(
    visual: Rows, depth: Rows, sizes: Any, module: CrossModalTransformer, heads: int = HEADS
) -> tuple[Rows, list[list[Rows]]]:
    """The whole of equations 3 to 10 and the mean over places; the attention of every layer's
    MIMs."""
    x = [visual, depth]
    p = [code(height, width, visual.shape[1]) for height, width in sizes]
    if not module.every:
        x = [tokens + place for tokens, place in zip(x, p, strict=True)]
        p = [np.zeros_like(place) for place in p]
    looked = []
    for layer in range(module.layers):
        if len(module.enhance):
            mems: Any = module.enhance[0 if len(module.enhance) == 1 else layer]
            x = [interacted(x[i], x[i], p[i], p[i], weights_of(mems[i]), heads)[0] for i in (0, 1)]
        if len(module.interact):
            mims: Any = module.interact[layer]
            both = [
                interacted(x[i], x[1 - i], p[i], p[1 - i], weights_of(mims[i]), heads)
                for i in (0, 1)
            ]
            x = [made for made, _ in both]
            looked.append([attention for _, attention in both])
    fused = [sum(a) / len(a) + sum(b) / len(b) for a, b in zip(x[0].T, x[1].T, strict=True)]
    return np.array(fused), looked


# ---- the blocks


@torch.no_grad()
def test_excitation_says_what_published_code_says() -> None:
    case = load_case("dscmt_bef")
    block = Excitation(64)
    names = {"fc.0.weight": "squeeze.weight", "fc.2.weight": "excite.weight"}
    block.load_state_dict(
        {names[key]: torch.from_numpy(value) for key, value in case.weights.items()}
    )
    case.check(y=block(case.inputs["x"]))
    assert sum(weight.numel() for weight in block.parameters()) == case.parameters


@torch.no_grad()
def test_excitation_is_its_equation() -> None:
    block = filled(Excitation(WIDTH))
    x = drawn(2, 6, WIDTH)
    w = weights_of(block)
    wanted = [excited(one.numpy(), w["squeeze.weight"], w["excite.weight"]) for one in x]
    np.testing.assert_allclose(block(x), wanted, atol=1e-5)


@pytest.mark.parametrize(("height", "width", "d"), [(7, 7, 512), (2, 3, 8)])
def test_position_code_is_its_equation(height: int, width: int, d: int) -> None:
    np.testing.assert_allclose(position_code(height, width, d), code(height, width, d), atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("excite", [True, False])
def test_a_block_is_its_equations(excite: bool) -> None:
    """MIM with streams of different size, and MEM, the same block looking at itself."""
    block = filled(MutualAttention(0.3, excite=excite, width=WIDTH, heads=HEADS))
    x, other, p, other_p = drawn(2, 6, WIDTH), drawn(2, 4, WIDTH), drawn(6, WIDTH), drawn(4, WIDTH)
    w = weights_of(block)
    for their, their_p in ((other, other_p), (x, p)):
        told, looked = block(x, their, p, their_p, explain=True)
        for index in range(2):
            wanted, attention = interacted(
                x[index].numpy(), their[index].numpy(), p.numpy(), their_p.numpy(), w
            )
            np.testing.assert_allclose(told[index], wanted, atol=1e-5)
            np.testing.assert_allclose(looked.attention[index], attention, atol=1e-5)
        assert (looked.excitation is not None) == excite
        torch.testing.assert_close(block(x, their, p, their_p)[0], told)
        assert block(x, their, p, their_p)[1] is None


@torch.no_grad()
@pytest.mark.parametrize(
    "options",
    [
        {}, {"share_mem": True}, {"every": False}, {"mem": False}, {"mim": False}, {"bef": False},
        {"mem": False, "mim": False},
    ],
    ids=str,
)  # fmt: skip
def test_the_transformer_is_its_equations(options: dict[str, bool]) -> None:
    block = filled(CrossModalTransformer(2, 0.3, width=WIDTH, heads=HEADS, **options))
    visual, depth = drawn(1, WIDTH, 2, 3), drawn(1, WIDTH, 2, 2, seed=4)
    told, _ = block(visual, depth)
    rows = (visual[0].flatten(1).T.numpy(), depth[0].flatten(1).T.numpy())
    wanted, _ = transformed(*rows, ((2, 3), (2, 2)), block)
    np.testing.assert_allclose(told[0], wanted, atol=1e-5)


def test_sharing_mems_shares_them_over_layers_not_over_streams() -> None:
    own, shared = (
        sum(weight.numel() for weight in CrossModalTransformer(3, 0, share_mem=share).parameters())
        for share in (False, True)
    )
    attention = 4 * (512 * 512 + 512)
    block = attention + 2 * 512 * 64 + 4 * 512
    assert own == 12 * block
    assert own - shared == 4 * block


# ---- the network


def small(num_classes: int = 4, **options: Any) -> Network:
    torch.manual_seed(5)
    return create_network("dscmt", num_classes, **{"backbone": "resnet18", **options}).eval()


def small_batch(count: int = 2, *segments: int, seed: int = 6) -> dict[str, Tensor]:
    made = torch.Generator().manual_seed(seed)
    return {
        name: torch.randn(count, 3, *segments, 64, 64, generator=made)
        for name in ("visual", "depth")
    }


@torch.no_grad()
def test_the_network_is_its_equations() -> None:
    """From the ResNets' maps on: reduction, transformer, the three heads."""
    network: Any = filled(small(layers=1))
    for stream in (network.visual, network.depth):
        stream.reduce[1].running_mean.normal_()
        stream.reduce[1].running_var.uniform_(0.5, 2.0)
    batch = {name: value.double() for name, value in small_batch(1).items()}
    told = network(batch)
    tokens = {}
    for name in batch:
        stream = getattr(network, name)
        cells = stream.backbone(batch[name])[0].flatten(1).T.numpy()
        norm, kernel = stream.reduce[1], stream.reduce[0].weight[:, :, 0, 0].numpy()
        scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
        shift = (norm.bias - norm.running_mean * scale).numpy()
        tokens[name] = (cells @ kernel.T) * scale.numpy() + shift
        wanted = linear(tokens[name].mean(axis=0), *head_of(stream))
        np.testing.assert_allclose(told.logits_by_stream[name][0], wanted, atol=1e-5)
    p = code(2, 2, 512)
    x = list(tokens.values())
    mems, mims = network.fusion.enhance[0], network.fusion.interact[0]
    x = [interacted(x[i], x[i], p, p, weights_of(mems[i]), 8)[0] for i in (0, 1)]
    x = [interacted(x[i], x[1 - i], p, p, weights_of(mims[i]), 8)[0] for i in (0, 1)]
    fused = (x[0] + x[1]).mean(axis=0)
    np.testing.assert_allclose(told.features["fusion"][0], fused, atol=1e-5)
    np.testing.assert_allclose(told.logits[0], linear(fused, *head_of(network.fusion)), atol=1e-5)


def head_of(module: Any) -> tuple[Rows, Rows]:
    return module.classifier.weight.numpy(), module.classifier.bias.numpy()


def test_sizes() -> None:
    """Nothing is printed. 67.10 M and, with shared MEMs, 60.39 M are ours with all three heads.

    8.71 G is what a counter says that does not see torch's fused self-attention, so that all MEMs
    are missing; with them it is 9.14 G.
    """
    size = size_of("dscmt")
    assert size.parameters == 67_098_932
    assert size_of("dscmt", share_mem=True).parameters == 60_389_684
    assert size.multiply_adds == pytest.approx(9.100e9, rel=1e-4)
    assert size.multiply_adds + size.products == pytest.approx(9.14e9, rel=1e-3)
    mems_linear, mems_products = 8 * 49 * 4 * 512 * 512, 8 * 2 * 49 * 49 * 512
    unseen = mems_linear + mems_products
    assert size.multiply_adds + size.products - unseen == pytest.approx(8.71e9, rel=1e-3)


@torch.no_grad()
def test_segments_go_through_everything_apart_and_their_logits_are_averaged() -> None:
    network: Any = small(segments=3, layers=1)
    for stream in (network.visual, network.depth):  # whose maps differ more than a fresh ResNet's
        stream.backbone = nn.Conv2d(3, 512, 32, 32)
    filled(network)
    batch = {name: value.double() for name, value in small_batch(2, 3).items()}
    told = network(batch)
    one = [network({k: v[:, :, [index]] for k, v in batch.items()}) for index in range(3)]
    wanted = (one[0].logits + one[1].logits + one[2].logits) / 3
    torch.testing.assert_close(told.logits, wanted)
    for name in batch:
        logits = sum(each.logits_by_stream[name] for each in one) / 3
        torch.testing.assert_close(told.logits_by_stream[name], logits)
        torch.testing.assert_close(network(batch, stream=name).logits, logits)


def test_segments_are_those_of_the_card() -> None:
    card = network_card("dscmt", {"segments": 2})
    assert card.preprocessing["visual"]["segments"] == 2
    with pytest.raises(UsageError, match="0 segments are too few"):
        small(segments=0)
    with pytest.raises(UsageError, match="0 layers are too few"):
        small(layers=0)
    batch = small_batch(1, 2)
    with pytest.raises(UsageError, match="visual has 2 segments and depth 1"):
        small()({**batch, "depth": batch["depth"][:, :, :1]})


def test_the_appearance_model_sees_raw_frames() -> None:
    card = network_card("dscmt", {"input": "frame", "segments": 3})
    assert {card.kind_of(name) for name in card.branches} == {"clip"}
    assert card.preprocessing["visual"]["frames"] == 3
    assert Kind.PICTURE not in card.explains.values()


@pytest.mark.parametrize("weight", [0.0, 0.25, 1.0])
def test_the_heads_change_the_streams_as_much_as_they_are_let(weight: float) -> None:
    network: Any = small(aux_weight=weight)
    batch = small_batch(1)
    features = network(batch).logits_by_stream["visual"].sum()
    features.backward()
    head = network.visual.classifier.weight.grad
    assert head.abs().sum() > 0
    reached = network.visual.reduce[0].weight.grad
    if weight == 0:
        assert reached is None
        return
    network.zero_grad()
    network(batch, stream="visual").logits.sum().backward()
    torch.testing.assert_close(reached, weight * network.visual.reduce[0].weight.grad)
    assert network.fusion.classifier.weight.grad is None


# ---- explanations


@torch.no_grad()
def test_where_each_stream_looked_is_told_for_every_layer() -> None:
    """Against the loops: what the queries' mean looks at, over heads and each head by itself."""
    network: Any = filled(small(layers=2, segments=2))
    batch = {name: value.double() for name, value in small_batch(1, 2).items()}
    told = network(batch, explain=True).explanation
    assert [name for name in told if " looks " in name] == [
        name for name in network.card.explains if " looks " in name
    ]
    looked = []
    for segment in (0, 1):
        tokens = [
            network.get_submodule(name)(value[:, :, segment])[:, :, 0]
            for name, value in batch.items()
        ]
        maps = [
            stream.reduce(one)[0]
            for stream, one in zip((network.visual, network.depth), tokens, strict=True)
        ]
        visual, depth = (one.flatten(1).T.numpy() for one in maps)
        looked.append(transformed(visual, depth, ((2, 2), (2, 2)), network.fusion, 8)[1])
    for index, (name, other) in enumerate((("visual", "depth"), ("depth", "visual"))):
        for layer in (0, 1):
            gaze = told[f"{name} looks at {other}, layer {layer + 1}"]
            assert (gaze.kind, gaze.on) == (Kind.HEAT_MAP, other)
            assert gaze.values.shape == (1, 2, 2, 2)
            for segment in (0, 1):
                cells = looked[segment][layer][index].sum(axis=(0, 1))
                np.testing.assert_allclose(
                    gaze.values[0, segment].flatten(), cells / max(cells), atol=1e-5
                )
        heads = told[f"{name} looks at {other}, heads"]
        assert heads.values.shape == (1, 8, 4)
        for head in range(8):
            wanted = sum(sum(one[1][index][head]) / 4 for one in looked) / 2
            np.testing.assert_allclose(heads.values[0, head], wanted, atol=1e-5)


@torch.no_grad()
def test_excitation_is_that_of_the_last_layer() -> None:
    network: Any = filled(small(layers=2, segments=2))
    batch = {name: value.double() for name, value in small_batch(2, 2).items()}
    heard: dict[str, Any] = {}
    for name, block in zip(("visual", "depth"), network.fusion.interact[1], strict=True):
        block.excitation.register_forward_hook(
            lambda _m, given, made, name=name: heard.update({name: made / given[0]})
        )
    told = network(batch, explain=True).explanation
    for name, factors in heard.items():
        shares = told[f"{name} excitation"]
        assert shares.values.shape == (2, 2, 512)
        torch.testing.assert_close(shares.values, factors.mean(dim=1).view(2, 2, 512))


def test_without_mim_nobody_looks_at_the_other() -> None:
    explains = network_card("dscmt", {"mim": False, "layers": 2}).explains
    assert not any("looks" in name for name in explains)
    assert "visual excitation" in explains
    assert "visual looks at depth, layer 3" not in network_card("dscmt", {"layers": 2}).explains
    assert "visual looks at depth, layer 4" in network_card("dscmt").explains


def test_a_pass_that_does_not_ask_computes_no_attention_to_show(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    needed = []
    real = nn.MultiheadAttention.forward

    def spied(self: Any, *args: Any, **named: Any) -> Any:
        needed.append(named["need_weights"])
        return real(self, *args, **named)

    monkeypatch.setattr(nn.MultiheadAttention, "forward", spied)
    network = small(layers=2)
    with torch.no_grad():
        network(small_batch(1))
        assert needed == [False] * 8
        needed.clear()
        network(small_batch(1), explain=True)
        assert needed == ([False] * 2 + [True] * 2) * 2  # MEMs look at nothing new


def test_dynamic_images_are_shown_as_they_were() -> None:
    table = {"mean": (0.5, 0.4, 0.3), "std": 0.2}
    pixels = torch.rand(2, 3, 2, 4, 5)
    pixels[:, 0, 0, 0, 0], pixels[:, 1, 1, 2, 3] = 0.0, 1.0  # spread from 0 to 1 already
    mean = torch.tensor(table["mean"])[:, None, None, None]
    gaze = shown("visual", (pixels - mean) / 0.2, table)
    assert gaze.kind is Kind.PICTURE
    beside = torch.cat((pixels[:, :, 0], pixels[:, :, 1]), dim=3)
    torch.testing.assert_close(gaze.values, beside, rtol=1e-4, atol=1e-5)
