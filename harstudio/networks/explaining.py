"""Asking a network with reasons: what it tells, and Grad-CAM for the last map of each stream.

R. R. Selvaraju et al.: Grad-CAM: Visual Explanations from Deep Networks via Gradient-based
Localization, ICCV 2017; equations 1 and 2: w_c = the mean of dLogit/dA_c over positions,
L = ReLU(sum_c w_c A_c). On the features of a graph network (C, T', V, M) the same gives how much
each joint counted at each moment.

Where places are not treated alike (joints that are channels of the next layer, inputs) a mean over
places says nothing, and derivatives count place by place. R. L. Draelos, L. Carin: Use HiResCAM
instead of Grad-CAM for faithful explanations of convolutional neural networks, 2020:
L = sum_c dLogit/dA_c * A_c at every place, here too its positive part.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from harstudio.networks.backbones.cells import covered
from harstudio.networks.network import Batch, FeatureMap, Gaze, Network, Output
from harstudio.results import Kind


def explain(network: Network, batch: Batch, target: int | None = None) -> Output:
    """Evaluate a batch of N and tell what was looked at; the network should be in evaluation mode.

    target: the class that Grad-CAM speaks of, None = the one that each item is said to be. Where
    the weights need no gradients (``requires_grad_(False)``) nothing before the last maps is
    remembered for the backward pass, so that it costs little. Not for inference mode.
    """
    with torch.enable_grad():
        output: Output = network(batch, explain=True)
        logits = output.logits
        if target is None:
            chosen = logits.argmax(dim=1)
        else:
            chosen = torch.full((len(logits),), target, device=logits.device)
        maps = list(output.maps.values())
        gradients: tuple[Tensor | None, ...] = ()
        if maps:
            # No clip touches another in evaluation mode, so that one sum serves them all.
            score = logits.gather(1, chosen[:, None]).sum()
            values = [one.values for one in maps]
            gradients = torch.autograd.grad(score, values, allow_unused=True)
    told = {name: _without_graph(gaze) for name, gaze in (output.explanation or {}).items()}
    for name, one, gradient in zip(output.maps, maps, gradients, strict=True):
        told[name] = grad_cam(one, gradient)
    told = {name: _in_place(network, batch, gaze) for name, gaze in told.items()}
    return Output(
        logits.detach(),
        {name: value.detach() for name, value in output.logits_by_stream.items()},
        {name: value.detach() for name, value in output.features.items()},
        explanation=told,
    )


@torch.no_grad()
def grad_cam(one: FeatureMap, gradient: Tensor | None) -> Gaze:
    """The map of Grad-CAM, or of HiResCAM where it is ``elementwise``, from 0 to 1 in every item;
    all 0 where nothing spoke for the class."""
    values = one.values.detach().float()
    if gradient is None:
        cam = torch.zeros_like(values[:, 0])
    else:
        weights = gradient.float()
        if not one.elementwise:
            weights = weights.mean(dim=tuple(range(2, values.dim())), keepdim=True)
        cam = torch.relu((weights * values).sum(dim=1))
    if cam.dim() == 3:  # one picture is one moment
        cam = cam[:, None]
    least = cam.amin(dim=(1, 2, 3), keepdim=True)
    most = cam.amax(dim=(1, 2, 3), keepdim=True)
    shown = (cam - least) / (most - least).clamp(min=1e-12)
    return Gaze(one.kind, one.on, shown, of_class=True)


def _in_place(network: Network, batch: Batch, gaze: Gaze) -> Gaze:
    """With the part of the input that its cells cover."""
    if gaze.kind is Kind.HEAT_MAP:
        rows, columns = gaze.values.shape[-2:]
    elif gaze.kind is Kind.RELATION and all(gaze.grid):
        rows, columns = gaze.grid
    else:
        return gaze
    name = "picture" if gaze.on == "focus" else gaze.on
    height, width = batch[name].shape[-2:]
    over = covered(network.windows(name), (height, width), (rows, columns))
    return replace(gaze, over=over)


def _without_graph(gaze: Gaze) -> Gaze:
    return replace(gaze, values=gaze.values.detach())
