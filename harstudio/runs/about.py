"""``about.toml``: what people say of weights that they pass on, so that others can judge them."""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from harstudio.errors import DataError, MissingError

ABOUT = "about.toml"
LARGEST = 1 << 16


class About(BaseModel):
    """What a card says beside figures that the run knows.

    title, summary: what it is. data, terms: what it learned from, and on what terms that was given.
    serves: sensors and sources that it works with. commands: that made it. figures: sentences with
    figures and their intervals. limits: what it cannot do. top1, ci95: of the card, in [0, 1].
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str
    summary: str
    data: str
    terms: str
    serves: tuple[str, ...] = Field(min_length=1)
    commands: tuple[str, ...] = Field(min_length=1)
    figures: tuple[str, ...] = Field(min_length=1)
    limits: tuple[str, ...] = Field(min_length=1)
    top1: float = Field(ge=0, le=1)
    ci95: tuple[float, float]
    clips: int = Field(ge=1)


def load_about(path: Path) -> About:
    """Read a file; MissingError or DataError name it and the key that is wrong."""
    try:
        with path.open("rb") as file:
            text = file.read(LARGEST + 1)
        if len(text) > LARGEST:
            raise ValueError("it is too long")
        return About.model_validate(tomllib.loads(text.decode("utf-8")))
    except FileNotFoundError:
        raise MissingError("There is no such file.", path=path) from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        key = ".".join(map(str, first["loc"]))
        raise DataError(f"{key}: {first['msg']}.", path=path) from None
    except (OSError, ValueError) as error:
        raise DataError(f"It cannot be read ({error}).", path=path) from None
