"""``explanations.json`` of a run: how true what its network shows is, measured on clips.

Definitions: docs/reference/explanations.md. Needs no torch: reports and the studio read it.
"""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from harstudio.errors import DataError, MissingError
from harstudio.files import write_atomically
from harstudio.runs.folder import RunFolder, written
from harstudio.runs.reading import read_json

VERSION = 1
CLIPS = 40  # that are looked at unless a person wants more
BETTER, ALIKE, ON_HANDS = 0.9, 0.2, 3.0  # aims: at least, at most, at least

Finite = Annotated[float, Field(allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Interval = tuple[Finite, Finite]
Count = Annotated[int, Field(ge=0)]
Curve = Annotated[list[Finite], Field(min_length=2, max_length=1000)]


class Part(BaseModel):
    """A piece of the document; what newer programs add is passed over."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Removal(Part):
    """Deletion or insertion over the clips whose answer rests on the input.

    better: share of clips on which the map beats the mean of the random orders. gain: by how much,
    in area. curve, random_curve: mean probability of the explained class from nothing taken away
    (or put in) to everything.
    """

    clips: Count
    better: Share
    ci95: Interval
    gain: Finite
    gain_ci95: Interval
    area: Finite
    random_area: Finite
    curve: Curve
    random_curve: Curve


class Likeness(Part):
    """Median rank correlation with the maps of fresh weights."""

    clips: Count
    median: Finite
    ci95: Interval


class OnPlace(Part):
    """share of the weight on a place, chance: of its area or joints, ratio: how many times chance.
    most: the largest ratio that the map's cells allow."""

    clips: Count
    share: Share
    chance: Share
    ratio: Finite
    most: Finite
    ci95: Interval


class TopTenth(Part):
    """Share of the heaviest tenth of the area on the discs of hands and head."""

    clips: Count
    share: Share
    ci95: Interval
    chance: Share


class HandJoints(Part):
    """Mean weight of the joints of hands and of all others."""

    clips: Count
    hands: Finite
    others: Finite
    difference_ci95: Interval


class Checked(Part):
    """One explanation. A figure that is None has its reason in ``why``. indifferent: clips whose
    answer does not rest on the input; blank: clips in which all units weigh alike."""

    name: str
    kind: str
    on: str = ""
    clips: Count
    indifferent: Count = 0
    blank: Count = 0
    deletion: Removal | None = None
    insertion: Removal | None = None
    randomised: Likeness | None = None
    person: OnPlace | None = None
    hands: OnPlace | None = None
    hands_otherwise: OnPlace | None = None
    top_tenth: TopTenth | None = None
    hand_joints: HandJoints | None = None
    why: dict[str, str] = {}

    def failures(self) -> dict[str, str]:
        """By figure a few words on each aim that it does not reach."""
        found = {}
        if self.deletion is not None and self.deletion.better < BETTER:
            share = 100 * self.deletion.better
            found["deletion"] = f"deletion beats random orders on {share:.0f} % of clips"
        if self.randomised is not None and self.randomised.median > ALIKE:
            median = self.randomised.median
            found["randomised"] = f"rank correlation with random weights {median:.2f}"
        if self.kind == "heat_map" and self.hands is not None and self.hands.ratio < ON_HANDS:
            found["hands"] = f"{self.hands.ratio:.1f} times chance on the hands"
        return found


class Gate(Part):
    """A modality's share over clips: mean, variance, and how far it goes under a condition (""
    = as recorded)."""

    name: str
    modality: str
    condition: str
    title: str
    clips: Count
    mean: Finite
    variance: Finite
    ci95: Interval
    change: Finite | None = None


class Truth(Part):
    """The whole document."""

    version: int = VERSION
    run: str
    network: str
    title: str = ""
    weights: str = ""
    data: str = ""
    part: str = "test"
    clips: Annotated[int, Field(ge=1)]
    clips_of_part: Count = 0
    of_hands: Count = 0
    seed: int = 0
    made: str = ""
    random_orders: Count = 0
    fresh_networks: Count = 0
    explanations: list[Checked] = []
    gates: list[Gate] = []
    problems: list[str] = []

    @classmethod
    def of(cls, document: object) -> Truth:
        """A document, checked; DataError says what does not fit."""
        try:
            truth = cls.model_validate(document)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(map(str, first["loc"]))
            raise DataError(
                f"These are no checked explanations ({place}: {first['msg']}).",
                remedy="Check the explanations again.",
            ) from None
        if truth.version != VERSION:
            raise DataError(
                f"Their version is {truth.version}, not {VERSION}.",
                remedy="Check the explanations again.",
            )
        return truth

    @property
    def curves(self) -> list[Checked]:
        """Those that have curves of deletion and insertion."""
        return [one for one in self.explanations if one.deletion is not None]


def save_truth(run: RunFolder, truth: Truth) -> None:
    """Write ``explanations.json`` whole or not at all."""
    text = json.dumps(truth.model_dump(mode="json"), indent=1, allow_nan=False) + "\n"
    write_atomically(run.truth, text.encode())


def read_truth(run: RunFolder) -> Truth | None:
    """``explanations.json``, None where there is none; DataError names it where it is damaged."""
    try:
        document: Any = read_json(run.truth)
    except MissingError:
        return None
    try:
        return Truth.of(document)
    except DataError as error:
        raise DataError(error.message, path=run.truth, remedy=error.remedy) from None


def is_older(run: RunFolder) -> bool:
    """Whether the weights were written after their explanations were checked."""
    try:
        return written(run.path) > run.truth.stat().st_mtime
    except OSError:
        return False
