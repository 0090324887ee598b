"""The register of scripts: their codes in the datasets, who and what they need."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from harstudio.errors import UsageError
from harstudio.synthesis import actions as hands
from harstudio.synthesis import actions_body as body
from harstudio.synthesis import actions_floor as floor
from harstudio.synthesis import actions_more as more
from harstudio.synthesis.room import table_center
from harstudio.synthesis.subject import Subject
from harstudio.synthesis.take import Performed, Take, make_take, sit

LEAD = 0.35  # seconds of standing still before and after an action


@dataclass(frozen=True)
class Script:
    """One action: its key and name, its number in NTU RGB+D and UTD-MHAD (0 = not in there)."""

    key: str
    name: str
    ntu: int
    utd: int
    act: Callable[[Take, float], float]
    furniture: tuple[str, ...] = ()
    apart: float = 0.0  # metres between two actors; 0 for a single one

    @property
    def people(self) -> int:
        """Actors it takes."""
        return 2 if self.apart else 1


SCRIPTS: dict[str, Script] = {
    script.key: script
    for script in (
        Script("drink", "drink water", 1, 0, hands.drink, ("table",)),
        Script("pick-up", "pickup", 6, 0, body.pick_up),
        Script("throw", "throw", 7, 5, hands.throw),
        Script("sit-down", "sitting down", 8, 25, body.sit_down, ("chair",)),
        Script("stand-up", "standing up (from sitting position)", 9, 24, body.get_up, ("chair",)),
        Script("clap", "clapping", 10, 4, hands.clap),
        Script("cheer", "cheer up", 22, 0, body.cheer),
        Script("wave", "hand waving", 23, 3, hands.wave),
        Script("kick", "kicking something", 24, 0, body.kick),
        Script("jump", "jump up", 27, 0, body.jump),
        Script("phone", "make a phone call/answer phone", 28, 0, hands.phone),
        Script("point", "pointing to something with finger", 31, 0, hands.point),
        Script("bow", "nod head/bow", 35, 0, body.bow),
        Script("salute", "salute", 38, 0, hands.salute),
        Script("fall", "falling", 43, 0, body.fall),
        Script("fall-forward", "falling", 0, 0, floor.fall_forward),
        Script("fall-aside", "falling", 0, 0, floor.fall_aside),
        Script("lie-down", "lying down", 0, 0, floor.lie_down),
        Script("crouch", "crouching", 0, 0, floor.crouch),
        Script("punch", "punching/slapping other person", 50, 0, more.punch, apart=0.86),
        Script("handshake", "handshaking", 58, 0, more.shake_hands, apart=0.98),
        Script("swipe-left", "right arm swipe to the left", 0, 1, more.swipe_left),
        Script("swipe-right", "right arm swipe to the right", 0, 2, more.swipe_right),
        Script("circle", "right hand draw circle (clockwise)", 0, 9, more.draw_circle),
        Script("boxing", "front boxing", 0, 13, more.boxing),
        Script("curl", "arm curl (two arms)", 0, 16, more.curl),
        Script("knock", "right hand knock on door", 0, 19, more.knock),
        Script("squat", "squat (two arms stretch out)", 0, 27, more.squat),
    )
}


def find_scripts(names: Sequence[str], dataset: str) -> list[Script]:
    """Scripts by key ("drink") or code ("A001", "a25"); all of the dataset when empty.

    dataset: "ntu", "utd" or "" for any. UsageError names what there is.
    """
    there = [s for s in SCRIPTS.values() if not dataset or getattr(s, dataset)]
    if not names:
        return there if dataset else [s for s in there if s.ntu]
    found = []
    for name in names:
        asked = name.strip().lower()
        match = [s for s in there if asked in _names(s, dataset)]
        if not match:
            known = ", ".join(f"{s.key} ({code(s, dataset)})" for s in there)
            raise UsageError(
                f"There is no action {name!r} to act.", remedy=f"Choose from: {known}."
            )
        found.append(match[0])
    return found


def code(script: Script, dataset: str) -> str:
    """ "A001" in NTU RGB+D, "a25" in UTD-MHAD; else its key."""
    if not (script.ntu or script.utd):
        return script.key
    if dataset == "utd" or (not dataset and not script.ntu):
        return f"a{script.utd}"
    return f"A{script.ntu:03d}"


def _names(script: Script, dataset: str) -> set[str]:
    codes = {code(script, dataset).lower()}
    if dataset != "utd" and script.ntu:
        codes |= {f"a{script.ntu:03d}"}
    return codes | {script.key, script.name.lower()}


def perform(script: Script, subjects: Sequence[Subject], seed: Sequence[int]) -> Take:
    """Act one script from start to end; the same seed gives the same take."""
    if script.people == 2:
        half = script.apart / 2
        places = [(-half, 0.1, 90.0), (half, 0.1, -90.0)]
    else:
        places = [(0.0, 0.0 if script.furniture else 0.15, 0.0)]
    take = make_take(subjects[: script.people], places, seed)
    if script.key == "stand-up":
        sit(take, 0, -3.0, -1.5)
    start = LEAD * float(take.rng.uniform(0.7, 1.6))
    end = script.act(take, start)
    take.performed.append(Performed(start, end, script.name, 0))
    take.end = end + LEAD * float(take.rng.uniform(0.7, 1.4))
    return take


def table_side(subject: Subject) -> float:
    """The side of the actor at which the table stands (+1 left)."""
    return 1.0 if subject.left_handed else -1.0


__all__ = ["SCRIPTS", "Script", "code", "find_scripts", "perform", "table_center", "table_side"]
