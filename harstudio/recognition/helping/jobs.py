"""Jobs that help with labelling: suggest clips, find more like one, audit labels."""

from __future__ import annotations

from pathlib import Path

from harstudio.errors import HarstudioError, MissingError, UsageError
from harstudio.jobs.context import Context, Payload
from harstudio.labels.project import Project
from harstudio.labels.suggested import suggestions_folder
from harstudio.recognition.helping.auditing import contradicted
from harstudio.recognition.helping.examples import gather
from harstudio.recognition.helping.features import Stretch
from harstudio.recognition.helping.known import learned_from
from harstudio.recognition.helping.similar import find_similar
from harstudio.recognition.helping.teacher import Teacher, not_written
from harstudio.recognition.helping.teaching import what_people_said
from harstudio.recognition.network_cache import network_of
from harstudio.runs.suggestions import add_learned

LEARNING = 0.5  # share of the progress
COUNT = 20  # of similar stretches


def suggest(payload: Payload, context: Context) -> Payload:
    """Learn from people's labels, and suggest clips for recordings.

    payload: project (folder), run (folder), annotator (who is helped), recordings (paths; None =
    all of the project), least (confidence, default 0).

    What is learned from: see ``teaching``; what others say about a recording does not teach what
    is suggested there. Writes a file for every recording and a line of the learning curve (see
    ``runs.suggestions`` and ``labels.suggested``). Tells "device" {device, name} and for every
    recording "suggested" {recording, path, file, way, suggestions: how many, uncertain: the mean of
    1 - confidence}. One bad recording does not stop the others.
    Returns {learned: the new point of the learning curve or None where too little is labelled,
    recordings: for how many was suggested, hidden: for how many not because the
    project's policy hides what others say there, problems: sentences}.
    """
    project = Project.open(Path(payload["project"]))
    annotator = str(payload.get("annotator") or "")
    if not annotator:
        raise UsageError("It is not said who is helped.", remedy="Name an annotator.")
    trained = network_of(payload["run"], context)
    problems: list[str] = []
    said = what_people_said(project, annotator, lambda error: problems.append(str(error)))
    gathered = gather(
        trained,
        said,
        context,
        problems,
        lambda share: context.progress(LEARNING * share, 1, "reading what is labelled"),
    )
    context.progress(LEARNING, 1, "learning")
    teacher = Teacher(project, trained, annotator, said, gathered, context.pause_point)
    learned = teacher.learned()
    if learned is not None:
        folder = suggestions_folder(project.folder, annotator)
        try:
            add_learned(folder, learned)
        except OSError as error:
            raise not_written(folder, error) from error
    wanted = _recordings(project, payload.get("recordings"))
    done = hidden = 0
    for number, (name, path) in enumerate(wanted.items()):

        def progress(share: float, first: int = number, name: str = name) -> None:
            here = LEARNING + (1 - LEARNING) * (first + share) / len(wanted)
            context.progress(here, 1, name)

        context.pause_point()
        progress(0.0)
        if teacher.hides(name):
            hidden += 1
            continue
        try:
            told = teacher.suggest(
                name, path, float(payload.get("least") or 0.0), context, progress
            )
        except HarstudioError as error:
            problems.append(str(error))
            continue
        context.tell("suggested", told)
        done += 1
    return {
        "learned": None if learned is None else learned.to_dict(),
        "recordings": done,
        "hidden": hidden,
        "problems": list(dict.fromkeys(problems)),
    }


def similar(payload: Payload, context: Context) -> Payload:
    """More like a stretch: clips and unlabelled stretches of the project, nearest first.

    payload: project, run, path, start_ns, end_ns, person, count (default 20), annotator (whose
    labels may be seen; "" = everybody's). Distance is the cosine distance of standardised features,
    in [0, 2]. Tells "device". Returns {found: [{recording, path, start_ns, end_ns, person,
    distance, label ("" where nobody said)}], problems: sentences}; the asked stretch is left out.
    DataError where the network can make nothing of it.
    """
    project = Project.open(Path(payload["project"]))
    stretch = Stretch(
        int(payload["start_ns"]), int(payload["end_ns"]), str(payload.get("person") or "")
    )
    if stretch.start_ns >= stretch.end_ns:
        raise UsageError("The stretch ends before it starts.")
    trained = network_of(payload["run"], context)
    problems: list[str] = []
    annotator = str(payload.get("annotator") or "")
    said = what_people_said(project, annotator, lambda error: problems.append(str(error)))
    found = find_similar(
        trained,
        _recordings(project, None),
        said,
        Path(payload["path"]).expanduser().absolute(),
        stretch,
        int(payload.get("count") or COUNT),
        context,
        problems,
    )
    return {"found": [one.to_dict() for one in found], "problems": list(dict.fromkeys(problems))}


def audit(payload: Payload, context: Context) -> Payload:
    """Labels that a head contradicts which learned without their person or recording, the surest
    first.

    payload: project, run, annotator (whose labels may be learned from; "" = everybody's). Tells
    "device". Returns {checked: clips, found: [{recording, path, annotator, clip_id, start_ns,
    end_ns, label, says, confidence}], accuracy: share of clips that the held-out heads name like
    the people, None where nothing could be held out, over: what was held out, known: whether the
    run itself learned from some of these recordings (see ``Learned``), problems: sentences}.
    """
    project = Project.open(Path(payload["project"]))
    annotator = str(payload.get("annotator") or "")
    trained = network_of(payload["run"], context)
    problems: list[str] = []
    said = what_people_said(project, annotator, lambda error: problems.append(str(error)))
    gathered = gather(
        trained,
        said,
        context,
        problems,
        lambda share: context.progress(share, 1, "reading what is labelled"),
    )
    told = contradicted(gathered, context.pause_point)
    return {
        "checked": told.checked,
        "found": [one.to_dict() for one in told.found],
        "accuracy": told.accuracy,
        "over": gathered.over,
        "known": learned_from(trained.folder, set(gathered.recordings)),
        "problems": list(dict.fromkeys(problems)),
    }


def _recordings(project: Project, paths: list[str] | None) -> dict[str, Path]:
    """Recordings by name; all of the project where none are named."""
    there = project.recording_paths()
    if paths is None:
        return there
    names = {path.absolute(): name for name, path in there.items()}
    found: dict[str, Path] = {}
    for path in (Path(one).expanduser().absolute() for one in paths):
        name = names.get(path)
        if name is None:
            raise MissingError("This is no recording of the project.", path=path)
        found[name] = path
    return found
