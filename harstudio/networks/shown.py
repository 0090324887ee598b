"""Pictures that were made for a network, as a person can look at them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from harstudio.networks.network import Gaze
from harstudio.results import Box, Kind

A_ROW = 4  # pictures side by side; more go into further rows


def shown(name: str, picture: Tensor, table: Mapping[str, Any]) -> Gaze:
    """The input ``name``, (N, 3, H, W) or (N, 3, S, H, W), as pictures from 0 to 1; several stand
    in rows, as ``places`` says.

    table: the input's of the card; its ``mean`` and ``std`` (one number or one a channel, 0.5 where
    it has none) are undone, then every item is spread from 0 to 1 over its channels together.
    """
    mean, std = (
        torch.as_tensor(table.get(key, 0.5), dtype=picture.dtype, device=picture.device).reshape(-1)
        for key in ("mean", "std")
    )
    several = picture if picture.dim() == 5 else picture[:, :, None]
    pixels = several * std[:, None, None, None] + mean[:, None, None, None]
    low = pixels.amin(dim=(1, 2, 3, 4), keepdim=True)
    high = pixels.amax(dim=(1, 2, 3, 4), keepdim=True)
    pixels = (pixels - low) / (high - low).clamp(min=1e-12)
    return Gaze(Kind.PICTURE, name, _in_rows(pixels))


def _in_rows(pixels: Tensor) -> Tensor:
    """(N, 3, S, H, W) -> (N, 3, rows * H, columns * W); black where the last row has none."""
    columns, rows = _grid(pixels.shape[2])
    lacking = columns * rows - pixels.shape[2]
    black = pixels.new_zeros(*pixels.shape[:2], lacking, *pixels.shape[3:])
    every = torch.cat([pixels, black], dim=2)
    cells = every.reshape(*every.shape[:2], rows, columns, *every.shape[3:])
    whole: Tensor = cells.permute(0, 1, 2, 4, 3, 5).flatten(4).flatten(2, 3)
    return whole


def _grid(count: int) -> tuple[int, int]:
    columns = min(count, A_ROW)
    return columns, -(-count // columns)


def places(count: int) -> tuple[Box, ...]:
    """Where each of several pictures stands, in shares of the whole."""
    columns, rows = _grid(count)
    return tuple(
        Box(k % columns / columns, k // columns / rows, (k % columns + 1) / columns,
            (k // columns + 1) / rows)
        for k in range(count)
    )  # fmt: skip
