"""Where the cells of a convolutional map lie on the input: the middles of what they see.

W. Luo, Y. Li, R. Urtasun, R. Zemel: Understanding the Effective Receptive Field in Deep
Convolutional Neural Networks, NIPS 2016: what a cell sees weighs most in its middle. The middles
by the arithmetic of A. Araujo, W. Norris, J. Sim: Computing Receptive Fields of Convolutional
Neural Networks, Distill 2019: padding decides where the first one lies, strides how far apart.
"""

from __future__ import annotations

from typing import NamedTuple

from torch import nn

from harstudio.results import Box

WHOLE = Box(0.0, 0.0, 1.0, 1.0)


class Window(NamedTuple):
    """A convolution or pooling over space, alike in both directions. padding: places added left and
    above; None = as TensorFlow's "same", where of an odd number one more comes right and below."""

    kernel: int
    stride: int
    padding: int | None = None


# What a backbone's windows are, in order: those that leave every middle where it is (a stride of
# one, padded alike on both sides) may be left out. Ways side by side have the same middles.
Windows = tuple[Window, ...]
# A 7x7 stem, a pooling and three stages that begin with a stride of two: any ResNet.
RESNET: Windows = (Window(7, 2, 3), *(Window(3, 2, 1),) * 4)


def windows_of(backbone: nn.Module) -> Windows:
    """Of a backbone that tells them (``windows``); none of another."""
    told = getattr(backbone, "windows", ())
    return told if isinstance(told, tuple) else ()


def covered(windows: Windows, size: tuple[int, int], cells: tuple[int, int]) -> Box:
    """The part of an input that a map's cells cover, each around its middle; in shares of the
    input's width and height, may reach beyond it.

    size: height, width of the input. cells: h, w of the map. Without windows the whole input.
    """
    if not windows:
        return WHOLE
    (top, bottom), (left, right) = (
        _along(windows, length, count) for length, count in zip(size, cells, strict=True)
    )
    return Box(left, top, right, bottom)


def _along(windows: Windows, length: int, count: int) -> tuple[float, float]:
    """The ends along one axis, as shares of its length."""
    first, step, places = 0.0, 1, length
    for kernel, stride, padding in windows:
        before = padding
        if before is None:
            rounded_up = -(-places // stride)
            before = max((rounded_up - 1) * stride + kernel - places, 0) // 2
            places = rounded_up
        else:
            places = (places + 2 * before - kernel) // stride + 1
        first += ((kernel - 1) / 2 - before) * step
        step *= stride
    start = first + 0.5 - step / 2  # the middle of the first pixel lies half a pixel in
    return start / length, (start + step * count) / length
