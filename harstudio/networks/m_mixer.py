"""M-Mixer: two or more of colour, depth, infrared and inertial.

S. Lee, S. Woo, Y. Park, M. A. Nugroho, C. Kim: Modality Mixer for Multi-modal Action Recognition,
WACV 2023. A ResNet on every frame (section 3.1), the action content of every modality (equation
2), each modality's sequence read in the light of the contents of the others (equations 3 and 4,
the unit in ``blocks.mcu``), one linear layer on all last states (equation 5), and a head without
bias on each (equation 15).

Choices, where the paper says nothing or cannot be meant literally:

- Equation 6 lacks its minus: the loss is the cross-entropy. 30 epochs without a schedule; the
  paper's batch is 4 x 8 (8 in all on NW-UCLA). Heads: 10 epochs at a rate of 1e-3.
- Contents are concatenated in the order colour, depth, infrared, inertial.
- "Simple concatenation" in place of the mix (table 3, experiment II) is one linear layer without
  bias on [f; g].
- Inertial, which the paper does not have, comes through a convolutional network over time of the
  same width. Modalities meet as contents, which have no time, so that a sequence keeps its own
  length: nothing is resampled to the frames of a picture.
- A missing modality: the head of equation 15 needs the contents of the others. For each modality
  there is one more stream, "<modality> alone", whose head sees its content only; where something
  is missing, those that are there answer. Without cross-modality content (self, LSTM, GRU) the
  heads of equation 15 need their own modality only, and there are no others.

Told as means over features: "update gate", z of equation 12, is how much of the state each moment
renewed, hence which moments counted. "reset gate", r of equation 11, is how much of the state each
moment let in, and "own share", s of equation 9, how much its own frame counts against the contents
of the others together (1: nothing but its own); neither says what counted in the end, so that they
are rows of numbers and no curves of importance.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations
from typing import Any

import torch
from torch import Tensor, nn

from harstudio.networks.backbones.cells import Windows, windows_of
from harstudio.networks.backbones.resnet import ResNet
from harstudio.networks.backbones.temporal_cnn import TemporalCNN
from harstudio.networks.blocks.frames import each_frame
from harstudio.networks.blocks.mcu import MCU, Recurrent, Steps
from harstudio.networks.network import Batch, FeatureMap, Gaze, Network, Output, watched
from harstudio.results import Kind, NetworkCard, Option, Recipe, Stage

MODALITIES = ("color", "depth", "infrared", "inertial")
FEATURES = 512  # d_f, d_c and d_h
ALONE = " alone"  # ends the name of a stream that sees one modality's content only

OPTIONS = {
    "modalities": Option(
        "color+depth",
        "What the network sees.",
        tuple("+".join(some) for n in (2, 3, 4) for some in combinations(MODALITIES, n)),
    ),
    "backbone": Option(
        "resnet18",
        "What sees each frame; the paper has resnet34 for NTU RGB+D 120.",
        ("resnet18", "resnet34"),
    ),
    "aso": Option(
        "mean",
        "What makes a modality's action content of its sequence.",
        ("mean", "max", "gru"),
        title="Aggregation (ASO)",
    ),
    "unit": Option(
        "mcu",
        "What reads a sequence; LSTM and GRU see no content.",
        ("mcu", "lstm", "gru"),
        title="Recurrent unit",
    ),
    "content": Option(
        "cross",
        "Whose action content the MCU sees: the others' or its own.",
        ("cross", "self"),
        title="Content seen",
    ),
    "mix": Option(
        True,
        "The MCU weighs sequence against content, else joins them.",
        (True, False),
        title="Mixing",
    ),
    "layer_norm": Option(True, "The MCU normalises its layers.", (True, False)),
}

CLIP: Mapping[str, Any] = {
    "kind": "clip",
    "size": 224,
    "frames": 8,
    "sampling": "stride",
    "stride": 8,
    "scaling": "mean-std",
    "mean": (0.485, 0.456, 0.406),
    "std": (0.229, 0.224, 0.225),
    "crop": "center",
    "resize": 256,
    "train_scale": (0.5, 1.0),
    "flip": True,
}
TABLES: Mapping[str, Mapping[str, Any]] = {
    "color": {**CLIP, "color_jitter": 0.4},
    "depth": CLIP,
    "infrared": CLIP,
    "inertial": {"frames": 128},
}
BRANCHES = {
    "color": ("color", "infrared", "depth"),
    "depth": ("depth", "infrared", "color"),
    "infrared": ("infrared", "depth", "color"),
    "inertial": ("inertial",),
}

RECIPE = Recipe(
    stages=(
        Stage("mixer", ("encoders", "mixer", "classifier")),
        Stage("heads", ("heads",), epochs=10, learning_rate=1e-3),
    )
)

TOLD = {"update gate": Kind.IMPORTANCE, "reset gate": Kind.MATRIX, "own share": Kind.MATRIX}


def adapt(card: NetworkCard, options: Mapping[str, Any]) -> NetworkCard:
    """Inputs, streams and explanations of the modalities that were chosen."""
    seen = _modalities(options)
    streams: dict[str, tuple[str, ...]] = {name: (name,) for name in seen}
    if _crosses(options):
        streams = dict.fromkeys(seen, seen)
        streams.update({name + ALONE: (name,) for name in seen})
    explains: dict[str, Kind] = {}
    for name in seen:
        if name != "inertial":
            explains[f"Grad-CAM {name}"] = Kind.HEAT_MAP
    if options["unit"] == "mcu":
        told = ["update gate", "reset gate"] + ["own share"] * options["mix"]
        explains.update({f"{what} {name}": TOLD[what] for name in seen for what in told})
    return replace(
        card,
        branches={name: BRANCHES[name] for name in seen},
        streams=streams,
        preprocessing={name: TABLES[name] for name in seen},
        explains=explains,
    )


def _modalities(options: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(options["modalities"].split("+"))


def _crosses(options: Mapping[str, Any]) -> bool:
    """Whether one modality's sequence is read in the light of the others."""
    return bool(options["unit"] == "mcu" and options["content"] == "cross")


CARDS = (
    adapt(
        NetworkCard(
            name="m-mixer",
            title="M-Mixer",
            paper="Modality Mixer for Multi-modal Action Recognition",
            authors="S. Lee, S. Woo, Y. Park, M. A. Nugroho, C. Kim",
            year=2023,
            branches={},
            streams={},
            preprocessing={},
            recipe=RECIPE,
            options=OPTIONS,
        ),
        {key: option.default for key, option in OPTIONS.items()},
    ),
)


class Mixer(nn.Module):
    """Sequences of several modalities to their last hidden states: equations 2 to 4.

    names: the modalities in their fixed order. features: d_f = d_c = d_h. Options as of the card.
    """

    def __init__(
        self, names: tuple[str, ...], features: int,
        *, aso: str = "mean", unit: str = "mcu", content: str = "cross",
        mix: bool = True, layer_norm: bool = True,
    ) -> None:  # fmt: skip
        super().__init__()
        self.names = names
        self.aso = aso
        self.crosses = content == "cross"
        self.units = nn.ModuleDict()
        self.summaries = nn.ModuleDict()
        for name in names:
            if unit != "mcu":
                self.units[name] = Recurrent(unit, features, features)
                continue
            width = features * (len(names) - 1 if self.crosses else 1)
            self.units[name] = MCU(features, width, features, mix=mix, layer_norm=layer_norm)
            if aso == "gru":
                self.summaries[name] = Recurrent("gru", features, features)

    def content(self, name: str, sequence: Tensor) -> Tensor:
        """Equation 2, the action content c of a modality: (N, T, d_f) -> (N, d_c)."""
        if name in self.summaries:
            summary: Tensor = self.summaries[name](sequence)
            return summary
        return sequence.amax(dim=1) if self.aso == "max" else sequence.mean(dim=1)

    def needs(self, name: str) -> tuple[str, ...]:
        """The modalities whose contents the unit of a modality sees, in order (equation 3)."""
        if isinstance(self.units[name], Recurrent):
            return ()
        return tuple(other for other in self.names if (other != name) == self.crosses)

    def read(
        self, name: str, sequence: Tensor, contents: Mapping[str, Tensor], explain: bool = False
    ) -> tuple[Tensor, Steps | None]:
        """Equation 4: the last hidden state of a modality (N, d_h), and its steps where they are
        asked for. contents: (N, d_c) of all that it needs."""
        unit = self.units[name]
        if isinstance(unit, Recurrent):
            return unit(sequence), None
        content = torch.cat([contents[other] for other in self.needs(name)], dim=1)
        told: tuple[Tensor, Steps | None] = unit(sequence, content, explain)
        return told


class MMixer(Network):
    """Child modules: ``encoders`` by modality, ``mixer``, ``classifier`` and ``heads`` by
    stream."""

    heads_apart = True

    def __init__(
        self, names: tuple[str, ...], streams: tuple[str, ...], num_classes: int,
        options: Mapping[str, Any],
    ) -> None:  # fmt: skip
        super().__init__()
        depth = {"resnet18": 18, "resnet34": 34}[options["backbone"]]
        self.names = names
        self.crosses = _crosses(options)
        self.encoders = nn.ModuleDict(
            {name: TemporalCNN() if name == "inertial" else ResNet(depth) for name in names}
        )
        how = {key: options[key] for key in ("aso", "unit", "content", "mix", "layer_norm")}
        self.mixer = Mixer(names, FEATURES, **how)
        self.classifier = nn.Linear(FEATURES * len(names), num_classes)
        self.heads = nn.ModuleDict(
            {stream: nn.Linear(FEATURES, num_classes, bias=False) for stream in streams}
        )

    def fused(self, batch: Batch, explain: bool) -> Output:
        """Takes all modalities; the heads stand beside, and no gradient goes back from them."""
        seen = _Seen(self, batch, self.names, explain)
        hidden = {name: seen.read(name) for name in self.names}
        features = dict(hidden)
        if self.crosses:
            features.update({name + ALONE: seen.content(name) for name in self.names})
        by_stream = {name: self.heads[name](features[name].detach()) for name in self.heads}
        features["fusion"] = torch.cat([hidden[name] for name in self.names], dim=1)
        return seen.output(self.classifier(features["fusion"]), by_stream, features)

    def windows(self, name: str) -> Windows:
        """Those of the backbone that sees the input."""
        return windows_of(self.encoders[name])

    def alone(self, stream: str, batch: Batch, explain: bool) -> Output:
        """A modality by its own head; the contents of the others are read where the network is
        one that crosses. "<modality> alone" sees that modality's content and nothing else."""
        name = stream.removesuffix(ALONE)
        whole = stream == name
        seen = _Seen(self, batch, self.names if whole and self.crosses else (name,), explain)
        features = seen.read(name) if whole else seen.content(name)
        logits = self.heads[stream](features)
        return seen.output(logits, {stream: logits}, {stream: features})


class _Seen:
    """One pass: what was encoded, and what is to be told of it."""

    def __init__(
        self, network: MMixer, batch: Batch, names: tuple[str, ...], explain: bool
    ) -> None:
        self._mixer = network.mixer
        self._explain = explain
        self._maps: dict[str, FeatureMap] = {}
        self._gaze: dict[str, Gaze] = {}
        self._sequences: dict[str, Tensor] = {}
        self._contents: dict[str, Tensor] = {}
        for name in names:
            self._sequences[name] = self._encode(name, network.encoders[name], batch[name])

    def _encode(self, name: str, encoder: nn.Module, given: Tensor) -> Tensor:
        """(N, T, 512): features of every frame, for inertial of every step."""
        if name == "inertial":
            steps: Tensor = encoder(given)
            return steps.transpose(1, 2)
        features = each_frame(encoder, given)
        if self._explain:
            features = watched(features)
            self._maps[f"Grad-CAM {name}"] = FeatureMap(Kind.HEAT_MAP, name, features)
        return features.mean(dim=(3, 4)).transpose(1, 2)

    def content(self, name: str) -> Tensor:
        """(N, 512), the action content of a modality; computed once."""
        if name not in self._contents:
            self._contents[name] = self._mixer.content(name, self._sequences[name])
        return self._contents[name]

    def read(self, name: str) -> Tensor:
        """(N, 512), the last hidden state of a modality."""
        contents = {other: self.content(other) for other in self._mixer.needs(name)}
        hidden, steps = self._mixer.read(name, self._sequences[name], contents, self._explain)
        if steps is not None:
            told = {"update gate": steps.update, "reset gate": steps.reset, "own share": steps.own}
            for what, values in told.items():
                if values is not None:
                    self._gaze[f"{what} {name}"] = by_moment(TOLD[what], name, values.mean(dim=2))
        return hidden

    def output(
        self, logits: Tensor, by_stream: dict[str, Tensor], features: dict[str, Tensor]
    ) -> Output:
        """With what was looked at, where that was asked for."""
        gaze = self._gaze if self._explain else None
        return Output(logits, by_stream, features, explanation=gaze, maps=self._maps)


def by_moment(kind: Kind, name: str, means: Tensor) -> Gaze:
    """(N, T), a number a moment, as an importance or as the one row of a matrix."""
    if kind is Kind.MATRIX:
        return Gaze(kind, name, means[:, None], rows="mean over features", columns="moment")
    return Gaze(kind, name, means)


def create(
    card: NetworkCard, num_classes: int, topology: str, options: Mapping[str, Any]
) -> Network:
    """A fresh M-Mixer; ImageNet weights are put in by whoever trains it."""
    return MMixer(tuple(card.branches), tuple(card.streams), num_classes, options)
