"""The documents that reports are made of, checked: a page says nothing that is not in them."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from harstudio.errors import DataError
from harstudio.runs.truth import Truth

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0)]
Interval = tuple[Finite, Finite]
Matrix = list[list[Finite]]

T = TypeVar("T", bound=BaseModel)


class Part(BaseModel):
    """A piece of a document; what newer programs add is passed over."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class ClassFigures(Part):
    """accuracy: None where the class has no clips."""

    clips: Count
    accuracy: Share | None


class Figures(Part):
    """Of the fusion or of one stream. ece, macro_f1, ci95, per_class: None in older documents."""

    top1: Share
    confusion: Matrix
    top5: Share | None = None
    macro_f1: Share | None = None
    ece: Share | None = None
    ci95: Interval | None = None


class Bin(Part):
    """Of the reliability diagram: clips whose confidence lies between low and high."""

    low: Share
    high: Share
    clips: Count
    confidence: Share | None
    accuracy: Share | None


class Bootstrap(Part):
    """95 % intervals from draws of clips, or of people."""

    top1: Interval
    macro_f1: Interval
    draws: Count
    by: str = "clip"
    subjects: int | None = None


class Condition(Part):
    """Figures under one disturbance; None where no clip can be read so, problem says why.

    change: of the accuracy, in shares.
    """

    condition: str
    title: str
    clips: Count
    top1: Share | None
    ci95: Interval | None = None
    change: Finite | None = None
    change_ci95: Interval | None = None
    problem: str = ""


class Clip(Part):
    """What was said about one clip. streams, stream_confidence: by stream."""

    path: str
    recording: str
    start_ns: int
    end_ns: int
    label: Count
    predicted: Count
    confidence: Share
    true_confidence: Share | None = None
    subject: int | None = None
    streams: dict[str, Count] = {}
    stream_confidence: dict[str, Share] = {}

    @property
    def right(self) -> bool:
        """Whether the network is right."""
        return self.label == self.predicted


class Evaluation(Part):
    """The document of ``harstudio evaluate --json``."""

    run: str
    network: str
    protocol: str
    part: str
    weights: str
    data: str
    clips: Annotated[int, Field(ge=1)]
    top1: Share
    top5: Share
    macro_f1: Share
    ece: Share
    ci95: Interval
    confusion: Matrix
    per_class: dict[str, ClassFigures]
    streams: dict[str, Figures] = {}
    samples: list[Clip]
    device: str = ""
    selected_by: str = ""
    seed: int | None = None
    bootstrap: Bootstrap | None = None
    bootstrap_subjects: Bootstrap | None = None
    reliability: list[Bin] = []
    robustness: list[Condition] = []
    parameters: int | None = None
    multiply_adds: int | None = None
    seconds_per_clip: Finite | None = None
    bytes: int | None = None
    without: list[str] = []
    disturbed: str = ""
    problems: list[str] = []
    explanations: Truth | None = None

    @property
    def as_published(self) -> bool:
        """Whether it is of the test part, with all that the network sees, as it was recorded."""
        return self.part == "test" and not self.without and not self.disturbed

    @property
    def classes(self) -> list[str]:
        """Names, in the order of the confusion matrix."""
        return list(self.per_class)

    @property
    def judges(self) -> dict[str, Matrix]:
        """Confusion matrices: of every stream where there are several, then of the fusion."""
        streams = self.streams if len(self.streams) > 1 else {}
        return {
            **{name: one.confusion for name, one in streams.items()},
            self.whole: self.confusion,
        }

    @property
    def whole(self) -> str:
        """What the network as a whole is called."""
        return "fusion" if len(self.streams) > 1 else self.network

    @model_validator(mode="after")
    def _fits(self) -> Evaluation:
        count = len(self.per_class)
        for name, one in self.judges.items():
            if len(one) != count or any(len(row) != count for row in one):
                raise ValueError(f"the confusion matrix of {name} is not of {count} classes")
        for clip in self.samples:
            said = (clip.label, clip.predicted, *clip.streams.values())
            if max(said) >= count:
                raise ValueError(f"clip {clip.recording} has a class that is not known")
        return self


class RunRow(Part):
    """A run among others."""

    run: str
    name: str
    clips: Count
    top1: Share
    network: str | None = None
    protocol: str | None = None
    selected_by: str | None = None
    seed: int | None = None
    top5: Share | None = None
    ci95: Interval | None = None
    macro_f1: Share | None = None
    ece: Share | None = None
    parameters: int | None = None
    multiply_adds: int | None = None
    seconds_per_clip: Finite | None = None


class Gain(Part):
    """Accuracy of two on the clips of one class."""

    name: str = Field(alias="class")
    clips: Count
    a: Share
    b: Share
    change: Finite


class Pair(Part):
    """Two judges on the same clips; p of McNemar's exact test."""

    a: str
    b: str
    clips: Count
    only_a: Count
    only_b: Count
    p: Share
    p_holm: Share | None = None
    gains: list[Gain]
    change: Finite | None = None
    ci95: Interval | None = None


class Fold(Part):
    fold: str
    clips: Count
    top1: Share


class LeftOut(Part):
    """A run of a group that does not count, and why."""

    run: str
    reason: str


class Group(Part):
    """Runs of one config over seeds and folds."""

    name: str
    runs: list[str]
    seeds: list[int]
    folds: list[str]
    mean: Share
    std: Finite | None
    top1: list[Share]
    coverage: str = ""
    left_out: list[LeftOut] = []
    ci95_seeds: Interval | None = None
    ci95_clips: Interval | None = None
    selected_by: str = ""
    macro_f1: Share | None = None
    clips: list[Count] = []
    by_fold: list[Fold] = []
    std_over_folds: Finite | None = None
    classes: list[str] = []
    confusion: Matrix

    @model_validator(mode="after")
    def _fits(self) -> Group:
        count = len(self.confusion)
        if any(len(row) != count for row in self.confusion) or len(self.classes) not in (0, count):
            raise ValueError(f"the confusion matrix of {self.name} does not fit its classes")
        return self


class Sum(Part):
    """Scores of several runs added clip by clip."""

    rule: str
    runs: list[str]
    clips: Count
    top1: Share
    ci95: Interval | None = None
    macro_f1: Share | None = None


class Cell(Part):
    """One training of a study."""

    variant: str
    protocol: str
    seed: int
    run: str
    state: str
    reason: str = ""
    top1: Share | None = None


class Comparison(Part):
    """The document of ``harstudio compare --json``, or of a study, which has cells."""

    study: str = ""
    state: str = ""
    cells: list[Cell] = []
    runs: list[RunRow]
    pairs: list[Pair] = []
    groups: list[Group] = []
    configs: dict[str, list[Any]] = {}
    sums: list[Sum] = []


class Embedding(Part):
    """embedding.json: (n, 2) places by stream, of these samples of an evaluation of so many."""

    streams: dict[str, list[tuple[Finite, Finite]]]
    samples: list[Count]
    of: int | None = None

    @model_validator(mode="after")
    def _fits(self) -> Embedding:
        for name, places in self.streams.items():
            if len(places) != len(self.samples):
                raise ValueError(f"{name} has {len(places)} places for {len(self.samples)} clips")
        return self


def checked(kind: type[T], document: object, remedy: str = "Evaluate the run again.") -> T:
    """A document as its kind; DataError says what does not fit."""
    try:
        return kind.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        where = f"{place}: " if place else ""
        name = kind.__name__.lower()
        raise DataError(
            f"The {name} is no document to report on ({where}{first['msg']}).", remedy=remedy
        ) from None
