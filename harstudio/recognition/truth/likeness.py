"""How like two explanations are: rank correlation, for the check with randomised weights.

J. Adebayo, J. Gilmer, M. Muelly, I. Goodfellow, M. Hardt, B. Kim: Sanity Checks for Saliency Maps,
NeurIPS 2018, section 4.1: a map that stays alike when all that was learned is replaced by fresh
weights tells of the picture and not of the network. Spearman's rank correlation, without absolute
values: no map here is negative. Equal weights take the mean of their ranks. Places that a map
cannot weigh with any weights would rank alike and are left out.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import spearmanr

from harstudio.networks import create_network
from harstudio.networks.network import Network
from harstudio.results import Explanation, HeatMap, Importance, JointWeights, Relation

FEWEST = 3  # numbers that can be ranked


def fresh(network: Network, seed: int) -> Network:
    """The same network with weights as before any training; nothing else is random by it."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        made = create_network(
            network.card.name, network.num_classes, network.topology, **network.options
        )
    device = next(iter(network.parameters())).device
    made = made.to(device).eval().requires_grad_(False)
    made.opinions = network.opinions
    return made


def likeness(
    one: Explanation, other: Explanation, shown: NDArray[np.bool_] | None = None
) -> float | None:
    """Rank correlation of two explanations of one kind of one clip; None where one of them has
    nothing to rank, or all its weights are alike.

    shown: (t, h, w), which cells of heat maps lie in what the network saw (``pieces.shown_in``),
    None = all. Joints that have no weight in either at any moment are left out: some networks
    weigh a few joints only.
    """
    left, right = ranked(one), ranked(other)
    if left is None or right is None or left.shape != right.shape:
        return None
    if isinstance(one, JointWeights):
        weighed = (left + right).any(axis=(0, 2))
        left, right = left[:, weighed], right[:, weighed]
    elif isinstance(one, HeatMap) and shown is not None:
        left, right = left[shown], right[shown]
    left, right = left.ravel(), right.ravel()
    if left.size < FEWEST:
        return None
    if np.ptp(left) == 0 or np.ptp(right) == 0:
        return None
    return float(spearmanr(left, right).statistic)


def ranked(told: Explanation) -> NDArray[np.float64] | None:
    """The weights of an explanation, of joints those of persons seen, (t, V, m); None for what lies
    on no place and no moment."""
    if isinstance(told, JointWeights):
        seen = np.array([bool(person) for person in told.persons])
        return told.values[:, :, seen].astype(np.float64)
    if isinstance(told, HeatMap | Importance | Relation):
        return told.values.astype(np.float64)
    return None
