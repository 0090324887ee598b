"""Every network by its name. A new one is one module and one line here.

A lab's own network comes from its package by the entry point group ``harstudio.networks``: a
module with the same names, ``CARDS`` and ``create``, and ``adapt`` where options change what the
card says.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from typing import Any, Protocol, cast

from harstudio.errors import UsageError
from harstudio.networks.network import Network
from harstudio.results import NetworkCard

MODULES = (
    "dscmt",
    "mmnet",
    "amfi_net",
    "m_mixer",
    "mmff",
    "cc_dfarm",
    # baselines
    "st_gcn",
    "agcn",
    "ctr_gcn",
    "joint_tcn",
    "hcn",
    "bi_lstm",
    "picture_networks",
    "clip_networks",
    "imu_tcn",
    "mmtm",
    "msaf",
    "late_fusion",
)  # fmt: skip


class NetworkModule(Protocol):
    """A module that makes networks: their cards, and the making."""

    CARDS: tuple[NetworkCard, ...]

    def create(
        self, card: NetworkCard, num_classes: int, topology: str, options: Mapping[str, Any]
    ) -> Network:
        """A fresh network; card is as ``adapt`` makes it, options are complete and checked."""
        ...


class AdaptingModule(NetworkModule, Protocol):
    """A module with options that change inputs, stages or explanations."""

    def adapt(self, card: NetworkCard, options: Mapping[str, Any]) -> NetworkCard:
        """The card of the network with these options, which are complete and checked."""
        ...


@cache
def _registry() -> dict[str, tuple[NetworkCard, NetworkModule]]:
    modules = [import_module(f"harstudio.networks.{name}") for name in MODULES]
    modules += [entry.load() for entry in entry_points(group="harstudio.networks")]
    known: dict[str, tuple[NetworkCard, NetworkModule]] = {}
    for module in modules:
        for card in module.CARDS:
            known.setdefault(card.name, (card, cast("NetworkModule", module)))
    return known


def list_networks() -> tuple[str, ...]:
    """Names of all networks, in the order of the registry."""
    return tuple(_registry())


def network_card(name: str, options: Mapping[str, Any] | None = None) -> NetworkCard:
    """The card of that name as these options make it (None: the published network).

    UsageError names the nearest name.
    """
    card, module = _known(name)
    return _adapted(card, module, complete_options(card, options or {}))


def _adapted(card: NetworkCard, module: NetworkModule, options: Mapping[str, Any]) -> NetworkCard:
    if not hasattr(module, "adapt"):
        return card
    return cast("AdaptingModule", module).adapt(card, options)


def create_network(
    name: str, num_classes: int, topology: str = "kinect_v2_25", **options: Any
) -> Network:
    """A fresh network with random weights.

    topology: a name of ``harstudio.skeletons``. options: see the card. UsageError where a name or
    an option is not known or not allowed.
    """
    card, module = _known(name)
    complete = complete_options(card, options)
    if num_classes < 1:
        raise UsageError(f"{name} needs at least one class, not {num_classes}.")
    try:
        card = _adapted(card, module, complete)
        network = module.create(card, num_classes, topology, complete)
    except (TypeError, ValueError) as error:  # an option of a wrong type or out of its range
        raise UsageError(f"{name} cannot be made with these options: {error}.") from error
    network.card, network.num_classes = card, num_classes
    network.topology, network.options = topology, complete
    return network


def complete_options(card: NetworkCard, options: Mapping[str, Any]) -> dict[str, Any]:
    """All options of a network, defaults where none is given; UsageError names what is wrong."""
    for key, value in options.items():
        if key not in card.options:
            raise UsageError(
                f"{card.name} has no option {key}.", remedy=_nearest(key, card.options)
            )
        choices = card.options[key].choices
        if choices and value not in choices:
            allowed = ", ".join(map(str, choices))
            raise UsageError(f"{key} of {card.name} is {value!r}.", remedy=f"Use one of {allowed}.")
    return {key: options.get(key, option.default) for key, option in card.options.items()}


def _known(name: str) -> tuple[NetworkCard, NetworkModule]:
    found = _registry().get(name)
    if found is None:
        raise UsageError(f"There is no network {name}.", remedy=_nearest(name, _registry()))
    return found


def _nearest(word: str, known: Mapping[str, object]) -> str:
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.5)
    return f"Did you mean {near[0]}?" if near else f"Known are: {', '.join(known) or 'none'}."
