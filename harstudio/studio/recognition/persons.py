"""What the persons that a run tells apart are called."""

from __future__ import annotations

from collections.abc import Sequence

LONGEST = 6  # letters of a body id that can be read; sensors give up to twenty digits
END = 4


def person_names(persons: Sequence[str]) -> dict[str, str]:
    """ "person 1" by body id; of long ids the last digits, as far as they tell all apart."""
    for length in range(END, max((len(one) for one in persons), default=0) + 1):
        names = {one: one if len(one) <= LONGEST else f"…{one[-length:]}" for one in persons}
        if len(set(names.values())) == len(names):
            return {one: f"person {name}" for one, name in names.items()}
    return {one: f"person {one}" for one in persons}
