"""Label documents without a window: opening, one edit, undo, saving, large projects, memory.

python benchmarks/labelling/core.py [--clips 20000] [--project 100000] [--folder FOLDER]

Times in milliseconds. "edit" is ``History.do``: the change, the journal's line and its fsync; the
fsync of one line alone is printed beside it, for it is the disk's. "edit while saving" is the same
while the document is written in another thread. Times are of an unloaded machine only:
the load before and after is printed.
"""

from __future__ import annotations

import argparse
import gc
import os
import random
import resource
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from harstudio.labels.editing.edits import AddClip, AddTier, ChangeClip, Group
from harstudio.labels.keeping.history import History
from harstudio.labels.keeping.renaming import rename_label
from harstudio.labels.label_sets.label_set import LabelSet
from harstudio.labels.model import Clip, new_id
from harstudio.labels.project import Project

SECOND_NS = 1_000_000_000
LABELS = tuple(f"action {number}" for number in range(60))


def ms(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1e3


def told(what: str, times: list[float]) -> None:
    times = sorted(times)
    at = [times[min(int(len(times) * share), len(times) - 1)] for share in (0.5, 0.99)]
    p99 = f"{at[1]:8.3f}" if len(times) >= 100 else " " * 8  # of fewer it is the most
    print(f"{what:34} p50 {at[0]:8.3f}   p99 {p99}   most {times[-1]:8.3f}   n {len(times)}")


def rss_mib() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def filled(project: Project, recording: str, annotator: str, clips: int) -> History:
    history = project.history(recording, annotator)
    edits = [AddTier(annotator)]
    for number in range(clips):
        start = number * SECOND_NS
        edits.append(AddClip(annotator, Clip(start, start + SECOND_NS // 2, LABELS[number % 60])))
    history.do(Group("Import", tuple(edits)))
    return history


def fsyncs(folder: Path, count: int) -> list[float]:
    times = []
    with (folder / "line").open("wb", buffering=0) as file:
        for _ in range(count):
            file.write(b"x" * 300)
            times.append(ms(lambda: os.fsync(file.fileno())))
    return times


def edits(history: History, count: int, chance: random.Random) -> list[float]:
    """Edges moved and moved back, and clips added, at random places."""
    tier = history.document.tiers[0]
    times = []
    for number in range(count):
        clip = tier.clips[chance.randrange(len(tier.clips))]
        longer = SECOND_NS // 2 if clip.duration_ns != SECOND_NS // 2 else SECOND_NS * 3 // 4
        edit = ChangeClip(tier.name, clip, replace(clip, end_ns=clip.start_ns + longer))
        if number % 4 == 0:
            start = (len(tier.clips) + 10) * SECOND_NS
            edit = AddClip(tier.name, Clip(start, start + 1, LABELS[0], id=new_id()))
        times.append(ms(lambda edit=edit: history.do(edit)))
    return times


def one_document(folder: Path, clips: int, count: int) -> None:
    project = Project.create(folder / "one", "p", label_set=LabelSet.of("s", LABELS))
    filled(project, "r", "alice", clips).close()
    path = project.folder / "labels" / "r" / "alice.json"
    print(f"one document: {clips} clips, {path.stat().st_size / 1e6:.1f} MB")
    told("fsync of one line", fsyncs(folder, 200))
    gc.collect()
    before = rss_mib()
    opening = []
    for _ in range(5):
        began = time.perf_counter()
        history = project.history("r", "alice")
        opening.append((time.perf_counter() - began) * 1e3)
        if len(opening) < 5:
            history.close()
    gc.collect()
    told("open", opening)
    print(f"{'memory of the open document':34} {rss_mib() - before:.0f} MiB")
    chance = random.Random(1)
    told("edit", edits(history, count, chance))
    told("undo", [ms(history.undo) for _ in range(count // 2)])
    told("redo", [ms(history.redo) for _ in range(count // 4)])
    ids = [clip.id for clip in history.document.tiers[0].clips]
    told("find", [ms(lambda i=i: history.document.find(i)) for i in chance.choices(ids, k=1000)])
    times_ns = [chance.randrange(clips * SECOND_NS) for _ in range(1000)]
    tier = history.document.tiers[0]
    told("clip at a time", [ms(lambda t=t: tier.at(t)) for t in times_ns])

    def unsaved() -> bool:
        history._unsaved = None
        return history.unsaved

    told("unsaved, asked anew", [ms(unsaved) for _ in range(100)])
    saving = []
    for _ in range(5):
        edits(history, 1, chance)
        began = ms(history.begin_save)
        pending = history._pending
        saving.append((began, ms(pending.write), ms(lambda p=pending: history.end_save(p))))
    for name, values in zip(("begin_save", "write (thread)", "end_save"), zip(*saving, strict=True),
                            strict=True):  # fmt: skip
        told(name, list(values))
    told("edit while saving", while_saving(history, chance))
    versions = []
    told("versions", [ms(lambda: versions.append(len(history.versions()))) for _ in range(3)])
    print(f"{'':34} {versions[-1]} versions")
    newest = history.document.revision
    told("restore 200 edits back", [ms(lambda: history.restore(newest - 200))])
    told("close", [ms(history.close)])


def while_saving(history: History, chance: random.Random) -> list[float]:
    times: list[float] = []
    for _ in range(5):
        times += edits(history, 1, chance)
        pending = history.begin_save()
        thread = threading.Thread(target=pending.write)
        thread.start()
        while thread.is_alive():
            times += edits(history, 1, chance)
            time.sleep(0.005)
        history.end_save(pending)
    return times


def large_project(folder: Path, clips: int, each: int = 250) -> None:
    project = Project.create(folder / "many", "p", label_set=LabelSet.of("s", LABELS))
    names = [f"recording {number:04}" for number in range(clips // each // 2)]
    for name in names:
        for annotator in ("alice", "bob"):
            filled(project, name, annotator, each).close()
    print(f"project: {len(names)} recordings, {len(names) * 2} documents, {clips} clips")
    told("open the project", [ms(lambda: Project.open(project.folder)) for _ in range(20)])
    told("labelled()", [ms(lambda: project.labelled(names)) for _ in range(20)])
    some = names[:: max(len(names) // 50, 1)]
    told("documents() of a recording", [ms(lambda n=n: project.documents(n)) for n in some])
    told(
        "history() and close()", [ms(lambda n=n: project.history(n, "alice").close()) for n in some]
    )
    gc.collect()
    before, began = rss_mib(), time.perf_counter()
    everything = [project.documents(name) for name in names]
    print(
        f"{'all documents':34} {time.perf_counter() - began:.2f} s, "
        f"{rss_mib() - before:.0f} MiB, {sum(map(len, everything))} documents"
    )
    del everything
    began = time.perf_counter()
    done = rename_label(project, LABELS[0], "first", lambda _: None, lambda: False)
    print(f"{'rename a label':34} {time.perf_counter() - began:.2f} s, {done.clips} clips")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--clips", type=int, default=20_000)
    parser.add_argument("--project", type=int, default=100_000)
    parser.add_argument("--edits", type=int, default=1000)
    parser.add_argument("--folder", type=Path, help="on the drive to be measured")
    chosen = parser.parse_args()
    sys.setswitchinterval(0.0005)  # as the studio's session does
    with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
        print("load of the computer", *os.getloadavg())
        one_document(Path(folder), chosen.clips, chosen.edits)
        large_project(Path(folder), chosen.project)
        print("load of the computer", *os.getloadavg())


if __name__ == "__main__":
    main()
