"""The Multi-modal Contextualization Unit: a recurrent unit that reads one modality in the light of
what the others saw as a whole.

S. Lee, S. Woo, Y. Park, M. A. Nugroho, C. Kim: Modality Mixer for Multi-modal Action Recognition,
WACV 2023 (M-Mixer), section 3.2, equations 7 to 14. All linear layers are without bias as printed;
every equation has a layer normalisation of its own, with gain and offset. The first hidden state,
which is not printed, is 0, and the weights begin as Glorot's uniform ones.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn


class Normed(nn.Module):
    """A linear layer without bias, then layer normalisation where that is on."""

    def __init__(self, features_in: int, features_out: int, *, layer_norm: bool = True) -> None:
        super().__init__()
        self.linear = nn.Linear(features_in, features_out, bias=False)
        nn.init.xavier_uniform_(self.linear.weight)
        self.norm = nn.LayerNorm(features_out) if layer_norm else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """(..., features_in) -> (..., features_out)."""
        out: Tensor = self.norm(self.linear(x))
        return out


class Steps(NamedTuple):
    """What a unit did at every step, each (N, T, d_h)."""

    hidden: Tensor
    own: Tensor | None  # s_t of equation 9, None where nothing is mixed
    reset: Tensor  # r_t of equation 11
    update: Tensor  # z_t of equation 12


class MCU(nn.Module):
    """Equations 7 to 14. features: d_f of the sequence. content: size of the content feature of
    the others, (n - 1) d_c. hidden: d_h.

    mix: weigh the sequence against the content (equations 9 and 10); without, both are
    concatenated and brought to d_h by one linear layer (experiment II of table 3).
    """

    def __init__(
        self, features: int, content: int, hidden: int,
        *, mix: bool = True, layer_norm: bool = True,
    ) -> None:  # fmt: skip
        super().__init__()
        self.hidden = hidden
        self.feature = Normed(features, hidden, layer_norm=layer_norm)
        self.content = Normed(content, hidden, layer_norm=layer_norm)
        self.score: Normed | None = None
        self.join: Normed | None = None
        if mix:
            self.score = Normed(2 * hidden, hidden, layer_norm=layer_norm)
        else:
            self.join = Normed(2 * hidden, hidden, layer_norm=False)
        self.reset = Normed(hidden, hidden, layer_norm=layer_norm)
        self.update = Normed(hidden, hidden, layer_norm=layer_norm)
        self.candidate = Normed(hidden, hidden, layer_norm=layer_norm)

    def forward(
        self, sequence: Tensor, content: Tensor, explain: bool = False
    ) -> tuple[Tensor, Steps | None]:
        """sequence (N, T, d_f), content (N, (n - 1) d_c) -> the last hidden state (N, d_h), and
        what happened at every step where that is asked for."""
        mixed, own = self._mix(sequence, content)
        hidden = mixed.new_zeros(len(mixed), self.hidden)
        kept: list[tuple[Tensor, Tensor, Tensor]] = []
        for now in mixed.unbind(dim=1):
            both = now + hidden
            reset = torch.sigmoid(self.reset(both))
            update = torch.sigmoid(self.update(both))
            candidate = torch.tanh(self.candidate(reset * hidden + now))
            hidden = update * candidate + (1 - update) * hidden
            if explain:
                kept.append((hidden, reset, update))
        if not explain:
            return hidden, None
        states, resets, updates = (torch.stack(one, dim=1) for one in zip(*kept, strict=True))
        return hidden, Steps(states, own, resets, updates)

    def _mix(self, sequence: Tensor, content: Tensor) -> tuple[Tensor, Tensor | None]:
        """Equations 7 to 10 for all steps at once: no hidden state takes part in them."""
        own = torch.tanh(self.feature(sequence))
        others = torch.tanh(self.content(content))[:, None].expand_as(own)
        both = torch.cat([own, others], dim=2)
        if self.score is None:
            assert self.join is not None  # noqa: S101
            return self.join(both), None
        share = torch.sigmoid(self.score(both))
        return share * own + (1 - share) * others, share


class Recurrent(nn.Module):
    """An LSTM or a GRU, of which the last hidden state counts.

    kind: "lstm" or "gru". Made of single steps: cuDNN's fused form gives no gradient in evaluation
    mode, which an explanation needs.
    """

    def __init__(self, kind: str, features: int, hidden: int) -> None:
        super().__init__()
        self.cell: nn.LSTMCell | nn.GRUCell
        self.cell = (nn.LSTMCell if kind == "lstm" else nn.GRUCell)(features, hidden)

    def forward(self, sequence: Tensor) -> Tensor:
        """(N, T, d_f) -> (N, d_h)."""
        hidden = sequence.new_zeros(len(sequence), self.cell.hidden_size)
        memory = hidden
        for now in sequence.unbind(dim=1):
            if isinstance(self.cell, nn.LSTMCell):
                hidden, memory = self.cell(now, (hidden, memory))
            else:
                hidden = self.cell(now, hidden)
        return hidden
