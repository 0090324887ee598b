"""Heads in pictures that were made for a network, as unrecognisable as in what they are made of."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from harstudio.recordings.faces import CELLS_A_HEAD, FaceMask, Head, coarse
from harstudio.results import Box, Cut, Picture

HEAD = "head"  # Cut.of of a piece that shows one


def hidden_input(picture: Picture, mask: FaceMask | None) -> Picture:
    """The picture with hidden heads: those of every frame that it was made from, where they lie in
    it. A piece cut out around a head, and one of whose frame no head is known, is coarse wholly.

    mask: of the stream that the picture was made from; None where nobody knows which that is: then
    all of it is coarse.
    """
    if mask is not None and not mask.needed:
        return picture
    if mask is None or not picture.cuts:
        return replace(picture, pixels=coarse(picture.pixels, CELLS_A_HEAD))
    pixels = picture.pixels.copy()
    for cut in picture.cuts:
        heads = () if cut.of == HEAD else mask.heads(cut.time_ns)
        if not heads:
            _hide(pixels, cut.part)
        for head in heads:
            part = _part_of(head, cut)
            if part is not None:
                _hide(pixels, part)
    return replace(picture, pixels=pixels)


def _part_of(head: Head, cut: Cut) -> Box | None:
    """Where a head lies in the picture, in shares of it; None where it is not in the cut."""
    box, part = cut.box, cut.part
    across = (part.right - part.left) / max(box.right - box.left, 1e-9)
    down = (part.bottom - part.top) / max(box.bottom - box.top, 1e-9)
    x, y, reach = head.x + 0.5, head.y + 0.5, head.radius
    found = Box(
        max(part.left, part.left + (x - reach - box.left) * across),
        max(part.top, part.top + (y - reach - box.top) * down),
        min(part.right, part.left + (x + reach - box.left) * across),
        min(part.bottom, part.top + (y + reach - box.top) * down),
    )
    return found if found.left < found.right and found.top < found.bottom else None


def _hide(pixels: NDArray[Any], part: Box) -> None:
    """Make a part coarse, in place."""
    height, width = pixels.shape[:2]
    left, right = max(0, math.floor(part.left * width)), math.ceil(part.right * width)
    top, bottom = max(0, math.floor(part.top * height)), math.ceil(part.bottom * height)
    here = pixels[top:bottom, left:right]
    if here.size:
        here[:] = coarse(here, CELLS_A_HEAD)
