"""Pictures that were made for a network, as a person can look at them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from harstudio.networks.network import Gaze
from harstudio.results import Kind


def shown(name: str, picture: Tensor, table: Mapping[str, Any]) -> Gaze:
    """The input ``name``, (N, 3, H, W) or (N, 3, S, H, W), as pictures from 0 to 1; several stand
    side by side, (N, 3, H, S * W).

    table: the input's of the card; its ``mean`` and ``std`` (one number or one a channel) are
    undone, then every item is spread from 0 to 1 over its channels together.
    """
    mean, std = (
        torch.as_tensor(table[key], dtype=picture.dtype, device=picture.device).reshape(-1)
        for key in ("mean", "std")
    )
    several = picture if picture.dim() == 5 else picture[:, :, None]
    pixels = several * std[:, None, None, None] + mean[:, None, None, None]
    low = pixels.amin(dim=(1, 2, 3, 4), keepdim=True)
    high = pixels.amax(dim=(1, 2, 3, 4), keepdim=True)
    pixels = (pixels - low) / (high - low).clamp(min=1e-12)
    return Gaze(Kind.PICTURE, name, pixels.movedim(2, 3).flatten(3))
