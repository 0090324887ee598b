"""What a network says about one window whose inputs are made."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from harstudio.errors import DataError
from harstudio.learning.preprocessing import Prepared
from harstudio.recognition.explaining import Explainer
from harstudio.recognition.trained import TrainedNetwork
from harstudio.results import Explanation, Window


class Said(NamedTuple):
    """One window, and what was looked at where that was asked for."""

    window: Window
    explanations: tuple[Explanation, ...]


def say(
    trained: TrainedNetwork,
    prepared: Prepared,
    span: tuple[int, int],
    *,
    explaining: bool = False,
    target: int | None = None,
    title: str = "",
) -> Said:
    """What the network says about the window ``[start_ns, end_ns)``.

    explaining: also tell what was looked at, for the class ``target`` (None = the one that it
    says). title: what explanations call the network, "" as its card does. DataError where the
    answer is no number.
    """
    output = trained.ask(prepared, explaining=explaining, target=target)
    probabilities = _probabilities(output.logits)
    by_stream = {name: _probabilities(one) for name, one in output.logits_by_stream.items()}
    if not all(np.isfinite(one).all() for one in (probabilities, *by_stream.values())):
        raise DataError(
            "The network's answer is no number; its training went wrong.",
            path=trained.folder,
            remedy="Train it again with a lower learning rate.",
        )
    window = Window(*span, probabilities, by_stream)
    if not explaining or output.explanation is None:
        return Said(window, ())
    explainer = Explainer(
        title=title or trained.network.card.title,
        classes=trained.classes,
        topology=trained.network.topology,
        modalities=trained.modalities,
        target=target,
    )
    label = int(probabilities.argmax())
    told = explainer.explain(output.explanation, 0, prepared.placement, span, label)
    return Said(window, told)


def _probabilities(logits: Tensor) -> NDArray[np.float32]:
    """(1, K) logits -> (K,) float32."""
    shares: NDArray[np.float32] = torch.softmax(logits[0].float(), dim=0).cpu().numpy()
    return shares
