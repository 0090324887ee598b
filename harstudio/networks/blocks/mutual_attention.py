"""Two streams that attend to themselves and to each other: the transformer of DSCMT.

Z. Liu et al.: Dual-stream cross-modality fusion transformer for RGB-D action recognition (DSCMT),
Knowledge-Based Systems 255, 2022. The equation numbers are those of a survey that tells of it; the
excitation's output, the order of the position code and the places of dropout are those of the
published code.

MEM (equations 3 to 5) is MIM (6 to 9) of a stream with itself, so that one block serves both.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple, cast

import torch
from torch import Tensor, nn

WIDTH = 512
HEADS = 8
REDUCTION = 8
TEMPERATURE = 1e4


def position_code(height: int, width: int, channels: int) -> Tensor:
    """The sine code of a grid's cells, row by row: (height * width, channels).

    The first half of the channels tells the row, the second half the column, both counted from 1:
    sin and cos by turns, of ever longer waves. channels: a multiple of 4.
    """
    half = channels // 2
    waves = TEMPERATURE ** (torch.arange(0, half, 2) / half)
    rows, columns = torch.meshgrid(
        torch.arange(1.0, height + 1), torch.arange(1.0, width + 1), indexing="ij"
    )
    codes = []
    for place in (rows, columns):
        angles = place.reshape(-1, 1) / waves
        codes.append(torch.stack((angles.sin(), angles.cos()), dim=2).flatten(1))
    return torch.cat(codes, dim=1)


class Excitation(nn.Module):
    """BEF, equation 2: how much each feature counts, by the mean over all places."""

    def __init__(self, width: int = WIDTH) -> None:
        super().__init__()
        self.squeeze = nn.Linear(width, width // REDUCTION, bias=False)
        self.excite = nn.Linear(width // REDUCTION, width, bias=False)

    def shares(self, tokens: Tensor) -> Tensor:
        """(N, L, d) -> s, (N, d) in [0, 1]."""
        return torch.sigmoid(self.excite(torch.relu(self.squeeze(tokens.mean(dim=1)))))

    def forward(self, tokens: Tensor) -> Tensor:
        """(N, L, d) -> (N, L, d)."""
        return tokens * self.shares(tokens)[:, None]


class Told(NamedTuple):
    """What one block looked at. attention: (N, heads, L, L'), rows sum to 1. excitation: (N, d) in
    [0, 1], None without BEF."""

    attention: Tensor
    excitation: Tensor | None


class MutualAttention(nn.Module):
    """MEM where ``other`` is the stream itself, MIM where it is the other stream.

    excite: without BEF the block ends with its first sum and normalisation.
    """

    def __init__(
        self, dropout: float, *, excite: bool = True, width: int = WIDTH, heads: int = HEADS
    ) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(width, heads, dropout)
        self.norm = nn.LayerNorm(width)
        self.dropout = nn.Dropout(dropout)
        self.excitation = Excitation(width) if excite else None
        self.last_norm = nn.LayerNorm(width) if excite else None

    def forward(
        self, tokens: Tensor, other: Tensor,
        position: Tensor | None = None, other_position: Tensor | None = None,
        *, explain: bool = False,
    ) -> tuple[Tensor, Told | None]:  # fmt: skip
        """tokens (N, L, d) and other (N, L', d), with codes (L, d) and (L', d) -> (N, L, d)."""
        query = (tokens if position is None else tokens + position).transpose(0, 1)
        key = (other if other_position is None else other + other_position).transpose(0, 1)
        heard, weights = self.attention(
            query, key, key, need_weights=explain, average_attn_weights=False
        )
        x = self.norm(tokens + self.dropout(heard.transpose(0, 1)))
        shares = None
        if self.excitation is not None and self.last_norm is not None:
            if explain:
                shares = self.excitation.shares(x)
            x = self.last_norm(x + self.dropout(self.excitation(x)))
        return x, Told(weights, shares) if explain else None


class CrossModalTransformer(nn.Module):
    """Layers of two MEMs and two MIMs; both MIMs of a layer take what its MEMs give.

    mem, mim, bef: whether these blocks are there. share_mem: one pair of MEMs serves all layers.
    every: the position code is added in every block (to queries, keys and values), else once to
    the tokens before the first.
    """

    def __init__(
        self, layers: int, dropout: float, *, mem: bool = True, mim: bool = True, bef: bool = True,
        share_mem: bool = False, every: bool = True, width: int = WIDTH, heads: int = HEADS,
    ) -> None:  # fmt: skip
        super().__init__()
        if layers < 1:
            raise ValueError(f"{layers} layers are too few")

        def pairs(count: int) -> nn.ModuleList:
            return nn.ModuleList(
                nn.ModuleList(
                    MutualAttention(dropout, excite=bef, width=width, heads=heads) for _ in range(2)
                )
                for _ in range(count)
            )

        self.layers = layers
        self.every = every
        self.enhance = pairs((1 if share_mem else layers) * mem)
        self.interact = pairs(layers * mim)

    def forward(
        self, visual: Tensor, depth: Tensor, *, explain: bool = False
    ) -> tuple[Tensor, list[tuple[Told, Told]]]:
        """Maps of both streams (N, d, h, w) -> features (N, d): the mean over places of the
        streams' sum (equation 10). What is told, where that is asked for, is of the last blocks of
        every layer, first the visual stream's.

        The streams may differ in size.
        """
        maps = (visual, depth)
        streams = [x.flatten(2).mT for x in maps]
        places = [position_code(x.shape[2], x.shape[3], x.shape[1]).to(x) for x in maps]
        codes: list[Tensor | None] = [*places]
        if not self.every:
            streams = [x + place for x, place in zip(streams, places, strict=True)]
            codes = [None, None]
        layers: list[tuple[Told, Told]] = []
        for number in range(self.layers):
            told: tuple[Told, ...] = ()
            if len(self.enhance):
                own = cast("nn.ModuleList", self.enhance[number % len(self.enhance)])
                last = explain and not len(self.interact)
                streams, told = _both(own, streams, streams, codes, codes, last)
            if len(self.interact):
                across = cast("nn.ModuleList", self.interact[number])
                streams, told = _both(across, streams, streams[::-1], codes, codes[::-1], explain)
            if told:
                layers.append((told[0], told[1]))
        return streams[0].mean(dim=1) + streams[1].mean(dim=1), layers


def _both(
    blocks: Iterable[nn.Module],
    streams: Sequence[Tensor], others: Sequence[Tensor],
    codes: Sequence[Tensor | None], other_codes: Sequence[Tensor | None],
    explain: bool,
) -> tuple[list[Tensor], tuple[Told, ...]]:  # fmt: skip
    """One block for each stream: what they make of it and, where asked for, what they looked at."""
    made = [
        block(*given, explain=explain)
        for block, *given in zip(blocks, streams, others, codes, other_codes, strict=True)
    ]
    return [x for x, _ in made], tuple(told for _, told in made if told is not None)
