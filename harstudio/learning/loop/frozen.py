"""What stands still in a stage looks at each clip once; what it said is kept for all epochs.

Works with any network: modules are watched, not named. Of the modules in which nothing is trained
and that are in evaluation mode, those count whose answer depends on the clip alone. That is tried
on a few clips: the answer must stay the same to the last bit when all that is trained changes, and
the rows of a clip must not depend on the clips beside it. Whether the inputs are needed any longer
is tried, too: where a step with nothing in their place is the same step, they are not made again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from harstudio.learning.loading import Batch
from harstudio.networks.network import Network, Output

TRIED = 4  # clips
NEAR = 0.02  # of the largest value: what batches of other sizes may change, in half precision too
Key = tuple[str, int]  # a module's name, and which of its calls of a pass


@dataclass(slots=True)
class Call:
    """A call of a module in one pass; above: the watched modules that it happened in."""

    name: str
    above: tuple[str, ...]
    answer: object


@dataclass(slots=True)
class _Pass:
    """One forward pass: how often each module was called so far, and in which we are."""

    counts: dict[str, int] = field(default_factory=dict)
    inside: list[str] = field(default_factory=list)

    def key(self, name: str) -> Key:
        number = self.counts.get(name, 0)
        self.counts[name] = number + 1
        return name, number


class FrozenFeatures:
    """The answers of a network's frozen modules in one stage.

    needs_inputs: whether passes still look at the inputs. bytes_per_clip: of what is kept.
    """

    def __init__(
        self,
        network: Network,
        stream: str,
        device: torch.device,
        precision: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self.needs_inputs = True
        self.bytes_per_clip = 0
        self._network = network
        self._stream = stream
        self._device = device
        self._precision = precision
        self._modules: dict[str, nn.Module] = {}
        self._kept: dict[Key, Tensor] = {}
        self._rows: dict[int, int] = {}
        self._shapes: dict[str, tuple[int, ...]] = {}

    def find(self, inputs: Mapping[str, Tensor]) -> bool:
        """Which modules can be asked once; whether there are any. The network stays as it is."""
        clips = min(TRIED, len(next(iter(inputs.values()))))
        candidates = _frozen(self._network)
        if clips < 2 or not candidates:
            return False
        few = {name: value[:clips].to(self._device) for name, value in inputs.items()}
        half = {name: value[: clips // 2] for name, value in few.items()}
        with _undone(self._network):
            first = self._calls(candidates, few)
            with _still(self._network):
                alone = self._calls(candidates, half)
            _shake(self._network)
            shaken = self._calls(candidates, few)
        names = _steady(first, shaken, alone, clips)
        outer = [call for call in first if call.name in names and not names & set(call.above)]
        self._modules = {call.name: candidates[call.name] for call in outer}
        tensors = [call.answer for call in outer if isinstance(call.answer, Tensor)]
        self.bytes_per_clip = sum(one.numel() * one.element_size() for one in tensors) // clips
        if self._modules:
            self._shapes = {name: tuple(value.shape[1:]) for name, value in inputs.items()}
            self.needs_inputs = not self._same_without(few, clips)
        return bool(self._modules)

    def look(self, batches: Iterable[Batch], samples: int, pause: Callable[[int], None]) -> None:
        """Ask for all clips of ``batches``, which come as in testing; ``pause`` hears how many are
        done."""
        self._kept, self._rows = {}, {}
        for inputs, _, places in batches:
            there = {name: value.to(self._device) for name, value in inputs.items()}
            with _undone(self._network), _still(self._network):
                said = self._answers(there)
            start = len(self._rows)
            for key, answer in said.items():
                each = answer.reshape(len(places), -1, *answer.shape[1:])
                if key not in self._kept:
                    self._kept[key] = torch.empty(
                        (samples, *each.shape[1:]), dtype=each.dtype, device="cpu"
                    )
                self._kept[key][start : start + len(places)] = each.cpu()
            self._rows |= {place: start + n for n, place in enumerate(places)}
            pause(len(self._rows))

    @contextmanager
    def given(self, places: Sequence[int]) -> Iterator[None]:
        """Within, a forward pass of these clips, in this order, takes what is kept of them."""
        rows = torch.tensor([self._rows[place] for place in places])
        known = {key: kept[rows].flatten(0, 1).to(self._device) for key, kept in self._kept.items()}
        with self._given(known):
            yield

    def batches(self, plan: Iterable[Sequence[int]], labels: Sequence[int]) -> Iterator[Batch]:
        """Batches of samples without their inputs; those that could not be read are left out.

        labels: of all samples.
        """
        for wanted in plan:
            places = tuple(place for place in wanted if place in self._rows)
            if places:
                told = torch.tensor([labels[place] for place in places], dtype=torch.int64)
                yield Batch(_nothing(self._shapes, len(places)), told, places)

    def _answers(self, inputs: Mapping[str, Tensor]) -> dict[Key, Tensor]:
        """What the chosen modules say in a pass."""
        said: dict[Key, Tensor] = {}
        now = _Pass()

        def record(name: str, ask: Callable[..., Any]) -> Callable[..., Any]:
            def asked(*args: Any, **keys: Any) -> Any:
                if now.inside:
                    return ask(*args, **keys)
                key = now.key(name)
                now.inside.append(name)
                answer = ask(*args, **keys)
                said[key] = answer.clone()  # who asked may write into the answer
                now.inside.pop()
                return answer

            return asked

        with _watched(self._modules, record), torch.no_grad():
            self._forward(inputs)
        return said

    def _given(self, known: Mapping[Key, Tensor]) -> AbstractContextManager[None]:
        now = _Pass()

        def replay(name: str, _: Callable[..., Any]) -> Callable[..., Any]:
            return lambda *_args, **_keys: known[now.key(name)]

        return _watched(self._modules, replay)

    def _calls(self, modules: Mapping[str, nn.Module], inputs: Mapping[str, Tensor]) -> list[Call]:
        """All calls of modules in a pass, in the order in which they begin."""
        calls: list[Call] = []
        now = _Pass()

        def watch(name: str, ask: Callable[..., Any]) -> Callable[..., Any]:
            def asked(*args: Any, **keys: Any) -> Any:
                call = Call(name, tuple(now.inside), None)
                calls.append(call)
                now.inside.append(name)
                call.answer = answer = ask(*args, **keys)
                now.inside.pop()
                return answer

            return asked

        with _watched(modules, watch), torch.no_grad():
            self._forward(inputs)
        return calls

    def _same_without(self, inputs: Mapping[str, Tensor], clips: int) -> bool:
        """Whether a pass that is given the answers does not look at the inputs."""
        nothing = _nothing({name: tuple(v.shape[1:]) for name, v in inputs.items()}, clips)
        nothing = {name: value.to(self._device) for name, value in nothing.items()}
        said = []
        with _undone(self._network), _still(self._network), torch.no_grad():
            known = self._answers(inputs)
            for one in (inputs, nothing):
                try:
                    with self._given({key: value.clone() for key, value in known.items()}):
                        said.append(self._forward(one))
                except (RuntimeError, ValueError, IndexError):
                    return False
        return _same(*said)

    def _forward(self, inputs: Mapping[str, Tensor]) -> Output:
        with self._precision():
            output: Output = self._network(inputs, False, self._stream)
        return output


def _frozen(network: nn.Module) -> dict[str, nn.Module]:
    """Modules in evaluation mode in which nothing learns, by name; not the network itself."""
    return {
        name: module
        for name, module in network.named_modules()
        if name
        and not any(part.training for part in module.modules())
        and not any(weight.requires_grad for weight in module.parameters())
    }


@contextmanager
def _watched(
    modules: Mapping[str, nn.Module],
    wrap: Callable[[str, Callable[..., Any]], Callable[..., Any]],
) -> Iterator[None]:
    """Within, calls of the modules go through what ``wrap`` makes of them."""
    for name, module in modules.items():
        module.__dict__["forward"] = wrap(name, module.forward)
    try:
        yield
    finally:
        for module in modules.values():
            del module.__dict__["forward"]


@contextmanager
def _undone(network: nn.Module) -> Iterator[None]:
    """Afterwards weights, buffers and random numbers are as before."""
    own = {
        name: value
        for name, value in network.state_dict(keep_vars=True).items()
        if value.requires_grad or not isinstance(value, nn.Parameter)
    }
    before = {name: value.detach().clone() for name, value in own.items()}
    devices = {value.device for value in own.values() if value.device.type == "cuda"}
    with torch.random.fork_rng(list(devices)):
        try:
            yield
        finally:
            with torch.no_grad():
                for name, value in own.items():
                    value.copy_(before[name])


@contextmanager
def _still(network: nn.Module) -> Iterator[None]:
    """Within, parts that are trained are in evaluation mode; the network itself stays in its own,
    which decides what it computes."""
    parts = [part for part in network.modules() if part.training and part is not network]
    for part in parts:
        part.training = False
    try:
        yield
    finally:
        for part in parts:
            part.training = True


@torch.no_grad()
def _shake(network: nn.Module) -> None:
    """Change all that is trained, and what is drawn."""
    torch.rand(1)
    for weight in network.parameters():
        if weight.requires_grad:
            weight.add_(torch.randn_like(weight) * (0.1 * weight.abs().mean() + 0.01))


def _steady(
    first: Sequence[Call], shaken: Sequence[Call], alone: Sequence[Call], clips: int
) -> set[str]:
    """Modules whose answers depend on nothing but the clip."""
    called = [(call.name, call.above) for call in first]
    if any([(c.name, c.above) for c in other] != called for other in (shaken, alone)):
        return set()
    return {call.name for call in first} - {
        one.name
        for one, other, few in zip(first, shaken, alone, strict=True)
        if not _depends_on_the_clip_alone(one.answer, other.answer, few.answer, clips)
    }


def _depends_on_the_clip_alone(one: object, other: object, few: object, clips: int) -> bool:
    """other: after all that is trained has changed. few: of the first half of the clips."""
    tensors = (one, other, few)
    if not all(isinstance(value, Tensor) and value.dim() for value in tensors):
        return False
    assert isinstance(one, Tensor) and isinstance(other, Tensor) and isinstance(few, Tensor)  # noqa: S101, PT018
    if len(one) % clips or len(few) != len(one) // clips * (clips // 2):
        return False
    if one.shape[1:] != few.shape[1:] or not torch.equal(one, other):
        return False
    whole = one[: len(few)].float()
    return bool(((whole - few.float()).abs() <= NEAR * whole.abs().max()).all())


def _nothing(shapes: Mapping[str, tuple[int, ...]], clips: int) -> dict[str, Tensor]:
    """Inputs of zeros that take no memory."""
    return {name: torch.zeros(()).expand(clips, *shape) for name, shape in shapes.items()}


def _same(one: Output, other: Output) -> bool:
    tables = [
        {"": out.logits, **{f"{n}/{k}": v for n, t in _tables(out) for k, v in t.items()}}
        for out in (one, other)
    ]
    return tables[0].keys() == tables[1].keys() and all(
        torch.equal(value, tables[1][name]) for name, value in tables[0].items()
    )


def _tables(output: Output) -> Iterator[tuple[str, Mapping[str, Tensor]]]:
    yield "streams", output.logits_by_stream
    yield "features", output.features
    yield "losses", output.losses
