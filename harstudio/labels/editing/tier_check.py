"""Whether clips fit their tier's rules."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from harstudio.labels.editing.base import EditError
from harstudio.labels.model import Clip, Tier


def check_tier(tier: Tier) -> None:
    """EditError when a clip does not fit the tier's rules."""
    check_clips(tier, tier.clips, tier.clips)


def check_clips(tier: Tier, following: Sequence[Clip], kinds: Iterable[Clip]) -> None:
    """EditError when one of ``kinds`` is of the wrong kind or two in a row overlap."""
    rules = tier.rules
    for clip in kinds:
        if (clip.end_ns == clip.start_ns) is not rules.points:
            what = "a point event" if clip.is_point else "a clip with a length"
            raise EditError(f"“{clip.label}” is {what} and does not fit into “{tier.name}”.")
    if rules.overlap or rules.points:
        return
    for left, right in pairwise(following):
        if right.start_ns < left.end_ns:
            raise EditError(f"“{left.label}” and “{right.label}” would overlap in “{tier.name}”.")
