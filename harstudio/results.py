"""What networks say, as numpy data: opinions, segments, what was looked at, and network cards.

Everything here can be read without torch: the studio shows it, files carry it.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

# ---- opinions


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """What a network said about ``[start_ns, end_ns)``.

    probabilities: (K,) float32, sum 1. by_stream: the same for every stream of the network that
    has a head of its own. person: the body id that it is about, "" for whoever is seen.
    """

    start_ns: int
    end_ns: int
    probabilities: NDArray[np.float32]
    by_stream: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)
    person: str = ""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch that is said to be one action; label is an index of the run's classes. person: the
    body id that it is about, "" for whoever is seen."""

    start_ns: int
    end_ns: int
    label: int
    confidence: float
    person: str = ""


def mean_of(windows: Sequence[Window]) -> NDArray[np.float64]:
    """(K,) probabilities: the mean over windows, weighed by how long they last, so that many short
    ones over a stretch count as much as the long one over it."""
    lengths = [window.end_ns - window.start_ns for window in windows]
    told = np.array([window.probabilities for window in windows], dtype=np.float64)
    return np.asarray(np.average(told, axis=0, weights=lengths))


def whole(windows: Sequence[Window]) -> tuple[int, float]:
    """Label and confidence of the recording: the best of ``mean_of``."""
    mean = mean_of(windows)
    label = int(np.argmax(mean))
    return label, float(mean[label])


# ---- what was looked at


class Kind(enum.StrEnum):
    """The kinds of explanation; each is drawn in one way whatever the network: the first five over
    the recording, a matrix and a picture beside it."""

    HEAT_MAP = "heat_map"
    JOINT_WEIGHTS = "joint_weights"
    RELATION = "relation"
    MODALITY_SHARE = "modality_share"
    IMPORTANCE = "importance"
    MATRIX = "matrix"
    PICTURE = "picture"


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels of a stream's picture; may reach beyond it."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True, eq=False)
class HeatMap:
    """Weights over pictures.

    stream: name of the picture stream. times_ns: (t,) int64, times of the frames they belong to.
    values: (t, h, w) float32 in [0, 1]; cell (i, j) covers its part of ``boxes[t]``, the part of
    the picture that the network saw. outlines: where the network was pointed to, if it was
    (MMFF's square), with ``joint``, the index of the joint in its middle, and ``moved_m``, how
    far that joint had moved in metres.
    """

    name: str  # "self-attention 1"
    meaning: str  # a sentence for the colour bar: "self-attention, MMFF, 10x10"
    stream: str
    times_ns: NDArray[np.int64]
    values: NDArray[np.float32]
    boxes: tuple[Box, ...]
    outlines: tuple[Box, ...] = ()
    joint: int | None = None
    moved_m: float | None = None
    kind = Kind.HEAT_MAP


@dataclass(frozen=True, slots=True, eq=False)
class JointWeights:
    """Weights over joints and time.

    times_ns: (t,) int64. values: (t, V, M) float32 in [0, 1]. persons: (M,) body ids of the
    recording, "" where the network saw nobody. topology: that of V.
    """

    name: str
    meaning: str
    topology: str
    times_ns: NDArray[np.int64]
    values: NDArray[np.float32]
    persons: tuple[str, ...]
    kind = Kind.JOINT_WEIGHTS


@dataclass(frozen=True, slots=True, eq=False)
class Relation:
    """How much each place attends to each other place: joints, and cells of one picture.

    values: (L, L) float32, rows sum to 1, L = h * w + V: first the picture's cells row by row
    (grid = (h, w), (0, 0) where there is no picture), then the joints. The picture is the frame
    of ``stream`` at ``time_ns``, its cells cover ``box``.
    """

    name: str
    meaning: str
    values: NDArray[np.float32]
    grid: tuple[int, int]
    topology: str
    person: str = ""
    stream: str = ""
    time_ns: int = 0
    box: Box | None = None
    kind = Kind.RELATION


@dataclass(frozen=True, slots=True, eq=False)
class ModalityShare:
    """How much each modality counted: values (t, m) float32, rows sum to 1."""

    name: str
    meaning: str
    times_ns: NDArray[np.int64]
    modalities: tuple[str, ...]
    values: NDArray[np.float32]
    kind = Kind.MODALITY_SHARE


@dataclass(frozen=True, slots=True, eq=False)
class Importance:
    """How much each moment counted: values (t,) float32 in [0, 1]."""

    name: str
    meaning: str
    times_ns: NDArray[np.int64]
    values: NDArray[np.float32]
    kind = Kind.IMPORTANCE


@dataclass(frozen=True, slots=True, eq=False)
class Matrix:
    """Numbers that lie on no picture and no joint: values (r, c) float32, any finite numbers.

    rows, columns: what each stands for ("feature of the skeleton"); one row is a distribution.
    """

    name: str
    meaning: str
    values: NDArray[np.float32]
    rows: str
    columns: str
    kind = Kind.MATRIX


@dataclass(frozen=True, slots=True)
class Cut:
    """A part of one frame that an input was made from. box: in pixels of the stream; may reach
    beyond its picture. part: where the input shows it, in shares of its width and height. of: what
    it is cut out around ("right hand"), "" for nothing named."""

    time_ns: int
    box: Box
    part: Box
    of: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A picture that was made for the network (a dynamic image): pixels (h, w, 3) uint8 RGB.

    stream, cuts: the stream whose frames it was made from, and which parts of them.
    """

    name: str
    meaning: str
    pixels: NDArray[np.uint8]
    stream: str = ""
    cuts: tuple[Cut, ...] = ()
    kind = Kind.PICTURE


Explanation = HeatMap | JointWeights | Relation | ModalityShare | Importance | Matrix | Picture


@dataclass(frozen=True, slots=True, eq=False)
class Recognition:
    """What one run says about one recording.

    label and confidence: for the recording as a whole, of the mean over its windows. explanations:
    one tuple a window, empty where none was asked for. without: kinds of stream that the network
    learned from and the recording lacks; the streams that can do without them answered. asked:
    how it was asked, plain data; empty in files of earlier versions.
    """

    run: str
    network: str
    classes: tuple[str, ...]
    recording: str
    path: str
    windows: tuple[Window, ...]
    segments: tuple[Segment, ...]
    label: int
    confidence: float
    explanations: tuple[tuple[Explanation, ...], ...] = ()
    without: tuple[str, ...] = ()
    asked: Mapping[str, Any] = field(default_factory=dict)

    @property
    def persons(self) -> tuple[str, ...]:
        """Body ids that the windows are about, as they come first; ("",) for whoever is seen."""
        return tuple(dict.fromkeys(window.person for window in self.windows))

    def of_person(self, person: str) -> Recognition:
        """What is said about one person: the windows, explanations and segments, the label and
        the confidence of these windows. Itself where it is about nobody else."""
        if self.persons == (person,):
            return self
        mine = [k for k, window in enumerate(self.windows) if window.person == person]
        windows = tuple(self.windows[k] for k in mine)
        label, confidence = whole(windows) if windows else (self.label, 0.0)
        return replace(
            self,
            windows=windows,
            segments=tuple(one for one in self.segments if one.person == person),
            label=label,
            confidence=confidence,
            explanations=tuple(self.explanations[k] for k in mine) if self.explanations else (),
        )


# ---- what is known about a network before it is made


@dataclass(frozen=True, slots=True)
class Option:
    """One option of a network. choices: all that is allowed, empty for any of the type. title: as
    people call it, empty where the name says it."""

    default: Any
    help: str
    choices: tuple[Any, ...] = ()
    title: str = ""

    def titled(self, name: str) -> str:
        """The title; without one ``name`` in words ("frame_position": "Frame position")."""
        return self.title or name.replace("_", " ").capitalize()


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of training.

    trains: the parts (names of the network's child modules) whose weights change; all the others
    are frozen, batch statistics too. stream: whose logits are learned, "" for the fused ones.
    """

    name: str
    trains: tuple[str, ...]
    stream: str = ""
    epochs: int = 30
    learning_rate: float = 1e-4
    decay_at: tuple[int, ...] = ()  # epochs before which the rate is multiplied by ``decay``


@dataclass(frozen=True, slots=True)
class Recipe:
    """How the paper trains; the defaults of the ``[training]`` table.

    rates: (pattern of weights' names as in ``fnmatch``, factor on the rate, factor on the weight
    decay); of several patterns that fit a weight the first counts, of none both factors are 1.
    started_rates: the highest rate for parts (child modules) that begin with weights of another
    training; above it a person is warned.
    """

    stages: tuple[Stage, ...]
    optimizer: str = "adam"  # "adam" | "sgd"
    momentum: float = 0.9
    nesterov: bool = True  # Nesterov's momentum, else the plain one; for "sgd"
    weight_decay: float = 0.0
    batch_size: int = 32
    schedule: str = "steps"  # "steps" | "cosine", half a cosine to 0 over each stage
    decay: float = 0.1
    clip_norm: float = 0.0  # largest norm of all gradients, 0 for no limit
    rates: tuple[tuple[str, float, float], ...] = ()
    started_rates: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NetworkCard:
    """What a person reads before choosing a network; lies beside its code.

    branches: for every input of the network the modalities that may feed it, the default first.
    streams: for every stream that can answer alone the inputs that it needs.
    preprocessing: the defaults of ``Preprocessing`` as plain tables, one an input; ``kind`` says
    which kind of input it is (see ``kind_of``).
    explains: kinds and names of what it can tell ("self-attention 1": "heat_map").
    """

    name: str
    title: str
    paper: str
    authors: str
    year: int
    branches: Mapping[str, tuple[str, ...]]
    streams: Mapping[str, tuple[str, ...]]
    preprocessing: Mapping[str, Mapping[str, Any]]
    recipe: Recipe
    options: Mapping[str, Option] = field(default_factory=dict)
    explains: Mapping[str, Kind] = field(default_factory=dict)
    topology: str = "kinect_v2_25"  # of the paper; sizes are told for it

    @property
    def modalities(self) -> tuple[str, ...]:
        """What it sees by default, one a branch."""
        return tuple(allowed[0] for allowed in self.branches.values())

    def kind_of(self, name: str) -> str:
        """The kind of an input: ``skeleton``, ``picture``, ``clip``, ``dynamic``, ``regions`` or
        ``inertial``; an input that is not told otherwise is called by its kind."""
        return str(self.preprocessing[name].get("kind", name))
