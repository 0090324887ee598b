"""What must be well before visitors come: each check is good, to be watched, or bad, with words
and a remedy. Pure: what was told and measured goes in, checks come out."""

from __future__ import annotations

from dataclasses import dataclass

from harstudio.studio.live.preflight.light import Light
from harstudio.studio.live.preflight.positioning import Place
from harstudio.studio.live.told import LiveTold

ORDER = ("Camera", "Frames", "Light", "Person", "Network", "Disk")
GOOD, WARN, BAD, WAITING = "good", "warn", "bad", "waiting"
DARK, BLACK, NOISY, WHITE = 60.0, 30.0, 9.0, 0.25  # luminance, luminance, deviation, share
SLOW, TOO_SLOW = 0.85, 0.5  # of the frames that the source should give
FOUND = 0.6  # share of frames with somebody in them
LITTLE_BYTES, TOO_LITTLE_BYTES = 5 << 30, 1 << 30
USUAL_FPS = 30.0
LIGHT_OR_PORT = "More light: cameras slow down in the dark. Or another port, and no other program."
TOO_BUSY = "The computer is too busy: choose the quickest skeletons, close other programs."


@dataclass(frozen=True, slots=True)
class Check:
    """name: what is looked at. level: "good", "warn", "bad" or "waiting". words: what is so.
    remedy: what to do, "" where nothing is to be done. action: id of a command that does it."""

    name: str
    level: str
    words: str
    remedy: str = ""
    action: str = ""


@dataclass(frozen=True, slots=True)
class Measured:
    """What nobody tells and the window measures.

    rate: frames a second that the source promises, 0 for not known. shows_people: whether
    skeletons come at all, of the sensor or of a pose model. camera: not a file or a replay.
    """

    light: Light | None = None
    place: Place | None = None
    rate: float = 0.0
    shows_people: bool = True
    free_bytes: int | None = None
    recognises: bool = True
    state: str = "off"
    camera: bool = True


def checks(told: LiveTold, measured: Measured) -> tuple[Check, ...]:
    """In the order in which they are to be put right."""
    found = [camera(told, measured), frames(told, measured)]
    if measured.light is not None:
        found.append(light(measured.light))
    found += [person(told, measured), network(told, measured), disk(told, measured)]
    return tuple(found)


def worst(found: tuple[Check, ...]) -> str:
    """The level of the whole."""
    order = (GOOD, WAITING, WARN, BAD)
    return max((one.level for one in found), key=order.index, default=WAITING)


def camera(told: LiveTold, measured: Measured) -> Check:
    state, sentence = told.source.get("state", "open"), str(told.source.get("sentence") or "")
    trouble = told.troubles.get("capture") or told.troubles.get("session", "")
    if trouble:
        return Check("Camera", BAD, trouble)
    if state in ("lost", "busy", "wrong mode"):
        remedy = str(told.source.get("remedy") or "")
        return Check("Camera", BAD, sentence, remedy)
    if state == "ended":
        return Check("Camera", WARN, sentence or "The file is at its end.", "Start it again.")
    if measured.state == "running":
        return Check("Camera", GOOD, told.title or "open")
    return Check("Camera", WAITING, "is being opened" if measured.state == "starting" else "off")


def frames(told: LiveTold, measured: Measured) -> Check:
    fps, rate = told.capture_fps, measured.rate or USUAL_FPS
    if not told.captured:
        return Check("Frames", WAITING, "not counted yet")
    words = f"{fps:.0f} of {rate:.0f} a second"
    if fps >= SLOW * rate:
        return Check("Frames", GOOD, words)
    remedy = LIGHT_OR_PORT if measured.camera else TOO_BUSY
    return Check("Frames", WARN if fps >= TOO_SLOW * rate else BAD, words, remedy)


def light(found: Light) -> Check:
    words = f"brightness {found.mean:.0f}, noise {found.noise:.1f}"
    if found.mean < BLACK:
        return Check("Light", BAD, f"too dark ({words})", "Switch on a light, open the cover.")
    if found.clipped > WHITE:
        remedy = "Turn the camera away from the window, or dim what shines into it."
        return Check("Light", WARN, f"too bright, {found.clipped:.0%} is white", remedy)
    if found.mean < DARK:
        return Check("Light", WARN, f"dark ({words})", "More light, from in front of the person.")
    if found.noise > NOISY:
        return Check("Light", WARN, f"noisy ({words})", "More light: the camera amplifies noise.")
    return Check("Light", GOOD, words)


def person(told: LiveTold, measured: Measured) -> Check:
    trouble = told.troubles.get("pose", "")
    if trouble:
        missing = "pose install" in trouble
        return Check("Person", BAD, trouble, action="live.install_pose" if missing else "")
    if not measured.shows_people:
        return Check("Person", WARN, "the source shows no skeletons", "Choose one with colour.")
    place = measured.place
    if place is None and not told.pose and not told.pose_fps:
        return Check("Person", WAITING, "not looked for yet")
    if place is None:
        return Check("Person", WAITING, "nobody is seen", "Stand before the camera.")
    if place.advice:
        return Check("Person", WARN, place.words, place.advice)
    share = told.pose.get("found")
    if share is not None and share < FOUND:
        words = f"found in {share:.0%} of the frames"
        return Check("Person", WARN, words, "More light, and nobody else in the picture.")
    return Check("Person", GOOD, place.words)


def network(told: LiveTold, measured: Measured) -> Check:
    if not measured.recognises:
        return Check("Network", WAITING, "none is chosen")
    trouble = told.troubles.get("recogniser", "")
    if trouble:
        return Check("Network", BAD, trouble)
    if told.ready:
        title = told.network.get("title") or told.network.get("network") or "ready"
        return Check("Network", GOOD, f"{title} is warm")
    return Check("Network", WAITING, "is being loaded")


def disk(told: LiveTold, measured: Measured) -> Check:
    trouble = told.troubles.get("recorder", "")
    if trouble:
        return Check("Disk", BAD, trouble)
    free = told.recording.get("free_bytes") or told.disk.get("free_bytes") or measured.free_bytes
    if free is None:
        return Check("Disk", WAITING, "not looked at yet")
    words = f"{free / (1 << 30):.0f} GB are free"
    remedy = "Make room, or choose another folder for recordings."
    if free < TOO_LITTLE_BYTES or told.disk.get("enough") is False:
        return Check("Disk", BAD, words, remedy)
    if free < LITTLE_BYTES:
        return Check("Disk", WARN, words, remedy)
    return Check("Disk", GOOD, words)
