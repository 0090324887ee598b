"""Where the cells of maps lie, against the gradient of a cell with respect to the input."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from harstudio.networks.backbones.cells import RESNET, WHOLE, covered, windows_of
from harstudio.networks.backbones.dynamic_cnn import DynamicCNN
from harstudio.networks.backbones.efficientnet_lite import EfficientNetLite0
from harstudio.networks.backbones.i3d import I3D
from harstudio.networks.backbones.inflated_resnet import InflatedResNet50
from harstudio.networks.backbones.resnet import ResNet
from harstudio.networks.backbones.resnet3d import ResNet3D
from harstudio.networks.backbones.xception import Xception
from harstudio.results import Box

# backbone, frames (0 = a picture), size of the input
SEEN: dict[str, tuple[Callable[[], nn.Module], int, int]] = {
    "resnet18": (lambda: ResNet(18), 0, 320),
    "resnet18-odd": (lambda: ResNet(18), 0, 301),
    "resnet3d": (lambda: ResNet3D(18), 1, 224),
    "inflated": (InflatedResNet50, 1, 192),
    "xception": (Xception, 0, 299),
    "efficientnet": (EfficientNetLite0, 0, 288),
    "efficientnet-odd": (EfficientNetLite0, 0, 299),
    "i3d": (I3D, 1, 192),
    "dynamic": (lambda: DynamicCNN(3), 0, 160),
}


@pytest.mark.parametrize("name", SEEN)
def test_a_cell_lies_where_its_gradient_has_its_middle(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within a quarter of a cell, with positive weights, so that nothing cancels out."""
    # Zeros around make sums grow to the picture's middle, to which all of I3D's maxima would go.
    if name == "i3d":
        monkeypatch.setattr(functional, "max_pool3d", functional.avg_pool3d)
    make, frames, size = SEEN[name]
    torch.manual_seed(0)
    backbone = make().eval()
    for part in backbone.modules():
        if isinstance(part, nn.Conv2d | nn.Conv3d):
            weight = torch.rand_like(part.weight)
            part.weight.data = weight / weight.flatten(1).sum(1).view(-1, *[1] * (weight.dim() - 1))
    backbone.requires_grad_(False)
    # Of dynamic images, whose median and spread lie everywhere, the layers.
    see: Callable[[Tensor], Tensor] = getattr(backbone, "layers", backbone)
    # Small numbers stay below where a ReLU6 ends.
    shape = (1, 3, frames, size, size) if frames else (1, 3, size, size)
    given = (torch.rand(shape) * 1e-3).requires_grad_()
    features = see(given)
    rows, columns = features.shape[-2:]
    row, column = rows // 2, columns // 2 - 1
    (gradient,) = torch.autograd.grad(features[..., row, column].sum(), given)
    weights = gradient.abs().reshape(-1, size, size).sum(dim=0).double()
    places = (torch.arange(size) + 0.5) / size
    down = float((weights.sum(dim=1) * places).sum() / weights.sum())
    across = float((weights.sum(dim=0) * places).sum() / weights.sum())
    over = covered(windows_of(backbone), (size, size), (rows, columns))
    high, wide = (over.bottom - over.top) / rows, (over.right - over.left) / columns
    assert down == pytest.approx(over.top + (row + 0.5) * high, abs=high / 4)
    assert across == pytest.approx(over.left + (column + 0.5) * wide, abs=wide / 4)


def test_cells_cover_what_padding_makes_them() -> None:
    """ResNet: the first cell's middle is the first pixel's; EfficientNet: the 32nd pixel's."""
    over = covered(RESNET, (224, 448), (7, 14))
    assert over == Box(-15.5 / 448, -15.5 / 224, 432.5 / 448, 208.5 / 224)
    over = covered(EfficientNetLite0.windows, (224, 224), (7, 7))
    assert over.left * 224 == pytest.approx(31.5 - 16)
    over = covered(I3D.windows, (224, 224), (7, 7))
    assert over.top * 224 == pytest.approx(23.5 - 16)
    assert covered((), (224, 224), (7, 7)) == WHOLE
