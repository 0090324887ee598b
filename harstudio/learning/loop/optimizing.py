"""The optimiser of a stage: who learns at what rate, limits of gradients, and its state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

import torch
from torch import Tensor, nn

from harstudio.learning.stages import Plan, StagePlan, freeze_all_but
from harstudio.networks.network import Network

SCALE, GROWTH = "scaler.scale", "scaler.growth"  # names among the counters of a state


class Optimizer:
    """Updates the weights that a stage trains; the rest of the network is frozen.

    With float16 the loss is scaled, so that small gradients are no zeros, and a step whose
    gradients are not finite is left out and halves the scale (P. Micikevicius et al.: Mixed
    Precision Training, ICLR 2018).
    """

    def __init__(
        self, network: Network, plan: Plan, stage: StagePlan, device: torch.device
    ) -> None:
        groups: dict[tuple[float, float], list[tuple[str, nn.Parameter]]] = {}
        for name, weight in freeze_all_but(network, stage.trains):
            groups.setdefault(factors(name, plan.rates), []).append((name, weight))
        self._names = [name for named in groups.values() for name, _ in named]
        self.weights = [weight for named in groups.values() for _, weight in named]
        self._clip_norm = plan.clip_norm
        self._scaler = torch.amp.GradScaler(device.type, enabled=plan.precision == "float16")
        tables = [
            {
                "params": [weight for _, weight in named],
                "of_rate": of_rate,
                "weight_decay": plan.weight_decay * of_decay,
            }
            for (of_rate, of_decay), named in groups.items()
        ]
        rate = stage.rate(0)
        self.torch: torch.optim.Optimizer
        if plan.optimizer == "sgd":
            nesterov = plan.nesterov and plan.momentum > 0
            self.torch = torch.optim.SGD(tables, lr=rate, momentum=plan.momentum, nesterov=nesterov)
        elif plan.optimizer == "adamw":
            self.torch = torch.optim.AdamW(tables, lr=rate)
        else:
            self.torch = torch.optim.Adam(tables, lr=rate)

    def begin(self, rate: float) -> None:
        """Before the gradients of a step: its rate, and nothing left of the step before."""
        for group in self.torch.param_groups:
            group["lr"] = rate * group["of_rate"]
        self.forget()

    def forget(self) -> None:
        """Gradients are None again."""
        self.torch.zero_grad(set_to_none=True)

    def scaled(self, loss: Tensor) -> Tensor:
        """What gradients are to be taken of."""
        scaled: Tensor = self._scaler.scale(loss)
        return scaled

    def update(self, own: set[nn.Parameter]) -> None:
        """One update. own: weights that only the heads' own losses reach; their gradients are kept
        below the limit for themselves, so that they never slow the rest."""
        self._scaler.unscale_(self.torch)
        if self._clip_norm:
            for heads in (False, True):
                weights = [weight for weight in self.weights if (weight in own) == heads]
                nn.utils.clip_grad_norm_(weights, self._clip_norm)
        self._scaler.step(self.torch)
        self._scaler.update()

    # ---- its state, by the names of the weights

    def state(self) -> dict[str, Tensor]:
        """Copies on the CPU of all that is remembered of each weight, ``<weight>/<key>``."""
        return {
            f"{name}/{key}": value.detach().to("cpu", copy=True).contiguous()
            for name, weight in zip(self._names, self.weights, strict=True)
            for key, value in self.torch.state.get(weight, {}).items()
            if isinstance(value, Tensor)
        }

    def counters(self) -> dict[str, Tensor]:
        """The scale of the loss and for how many steps it held, where there is one."""
        told = self._scaler.state_dict()
        if not told:
            return {}
        return {
            SCALE: torch.tensor(told["scale"], dtype=torch.float64),
            GROWTH: torch.tensor(told["_growth_tracker"], dtype=torch.int64),
        }

    def restore(self, saved: Mapping[str, Tensor], counters: Mapping[str, Tensor]) -> None:
        """What ``state`` and ``counters`` gave, into the optimiser of the same stage.

        KeyError, RuntimeError or ValueError where it is not of this optimiser.
        """
        places = {name: place for place, name in enumerate(self._names)}
        state: dict[int, dict[str, Tensor]] = {}
        for key, value in saved.items():
            name, _, what = key.rpartition("/")
            if value.shape != self.weights[places[name]].shape and value.ndim:
                raise ValueError(f"{key} has another shape")
            state.setdefault(places[name], {})[what] = value
        groups = self.torch.state_dict()["param_groups"]
        self.torch.load_state_dict({"state": state, "param_groups": groups})
        if self._scaler.is_enabled():
            told = {"scale": float(counters[SCALE]), "_growth_tracker": int(counters[GROWTH])}
            self._scaler.load_state_dict({**self._scaler.state_dict(), **told})


def factors(name: str, rates: Iterable[tuple[str, float, float]]) -> tuple[float, float]:
    """Of a weight's rate and of its decay: what the first pattern that fits its name says."""
    for pattern, of_rate, of_decay in rates:
        if fnmatchcase(name, pattern):
            return of_rate, of_decay
    return 1.0, 1.0
