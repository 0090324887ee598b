"""The timeline over ten hours: opening, edit to screen, zoom and pan, memory.

    xvfb-run -s "-screen 0 1920x1080x24" python benchmarks/labelling/timeline.py [--edits 200]

Makes a recording of ten hours (pictures at 15 fps, sound at 8 kHz), a document of 20,000 clips
for it (two tiers of clips, one where they overlap, one of point events) and a project of 100,000
clips in all. The whole studio runs in its real window. An edit is timed from the press of the key
until every widget has repainted; the journal is on the disk by then. Each figure is printed as soon
as it is known, as one line of JSON, with the seconds since the start and the load of the computer.
Acts after which nothing was drawn are counted, with what the studio said to the last of them.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import os
import pstats
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
from PySide6.QtCore import QEvent, QEventLoop, QObject, QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from harstudio.labels.editing.edits import AddClip, AddTier, Group
from harstudio.labels.label_sets.label_set import bundled_label_set
from harstudio.labels.model import Clip, Document, Tier, TierRules
from harstudio.labels.project import Project
from harstudio.recordings.formats.harrec_header import StreamSpec
from harstudio.recordings.formats.harrec_writer import HarrecWriter
from harstudio.recordings.streams import Body, SkeletonFrame, StreamKind
from harstudio.settings import Settings
from harstudio.studio import theme
from harstudio.studio.session import Session
from harstudio.studio.window import MainWindow

PIECE_S, RATE_HZ, SOUND_HZ = 64, 15, 8000
SIZE = (320, 240)
SECOND_NS = 1_000_000_000
HOUR_NS = 3600 * SECOND_NS
ANNOTATOR = "alice"
PATIENCE_S = 3.0
BEGAN = time.monotonic()


# ---- what is looked at


def make_recording(path: Path, hours: float) -> None:
    """A video of a walking square with a humming tone: 64 s are encoded and repeated."""
    rows, columns = np.mgrid[: SIZE[1], : SIZE[0]].astype(np.uint8)
    with av.open(str(path), "w", format="matroska") as container:
        video = container.add_stream("mpeg4", rate=RATE_HZ)
        video.width, video.height = SIZE
        video.pix_fmt = "yuv420p"
        video.gop_size = RATE_HZ * 4
        video.codec_context.max_b_frames = 0
        sound = container.add_stream("aac", rate=SOUND_HZ, layout="mono")
        pictures, tones = [], []
        for k in range(PIECE_S * RATE_HZ):
            picture = np.dstack([rows, columns, np.full_like(rows, k % 200)])
            left = k * 3 % (SIZE[0] - 60)
            picture[80:140, left : left + 60] = 255
            pictures += video.encode(av.VideoFrame.from_ndarray(picture, "rgb24"))
        pictures += video.encode()
        steps = np.arange(PIECE_S * SOUND_HZ)
        wave = np.sin(steps / 9) * np.abs(np.sin(steps / SOUND_HZ)) * 20000
        for start in range(0, len(steps), 1024):
            block = av.AudioFrame.from_ndarray(
                wave[None, start : start + 1024].astype(np.int16), "s16", "mono"
            )
            block.sample_rate = SOUND_HZ
            tones += sound.encode(block)
        steps_s = ((video, pictures, 1 / RATE_HZ), (sound, tones, 1024 / SOUND_HZ))
        merged = sorted(
            (
                (k * step, stream, bytes(packet), packet.is_keyframe)
                for stream, packets, step in steps_s
                for k, packet in enumerate(packets)
            ),
            key=lambda one: one[0],
        )
        container.start_encoding()
        for piece in range(-(-round(hours * 3600) // PIECE_S)):
            for since, stream, data, key in merged:
                packet = av.Packet(data)
                packet.stream, packet.is_keyframe = stream, key
                packet.time_base = stream.time_base
                at = since + piece * PIECE_S
                packet.pts = packet.dts = round(at / float(stream.time_base))
                container.mux(packet)


def make_document(recording: str, annotator: str, clips: int, hours: float) -> Document:
    """Clips one after another with gaps; a tenth of them overlapping, a twentieth points."""
    random.seed(7)
    labels = [label.name for label in bundled_label_set("ntu60").labels]
    frame = SECOND_NS / RATE_HZ

    def clip(start: float, length: float) -> Clip:
        start_ns = round(round(start * SECOND_NS / frame) * frame)
        end_ns = start_ns + max(0, round(round(length * SECOND_NS / frame) * frame))
        return Clip(start_ns, end_ns, random.choice(labels))

    def row(name: str, count: int, fill: float, rules: TierRules) -> Tier:
        pitch = hours * 3600 / count
        length = 0.0 if rules.points else fill * pitch
        return Tier(name, [clip(k * pitch, length) for k in range(count)], rules)

    shares = (0.7, 0.15, 0.1, 0.05)
    counts = [max(1, round(share * clips)) for share in shares]
    tiers = [
        row(annotator, counts[0], 0.8, TierRules()),
        row("person 2", counts[1], 0.6, TierRules(person="2")),
        row("objects", counts[2], 2.5, TierRules(overlap=True)),
        row("events", counts[3], 0.0, TierRules(points=True)),
    ]
    return Document(recording, annotator, tiers)


def make_project(folder: Path, clips: int, hours: float, more: int) -> Path:
    """The long recording with its document, and ``more`` clips in short recordings."""
    recordings = folder / "recordings"
    recordings.mkdir(parents=True)
    long = recordings / "long.mkv"
    make_recording(long, hours)
    project = Project.create(
        folder, "bench", recording_folders=[recordings], label_set=bundled_label_set("ntu60")
    )
    write(project, make_document("long", ANNOTATOR, clips, hours))
    joints = np.zeros((25, 3), dtype=np.float32)
    person = SkeletonFrame((Body("1", joints, np.full(25, 2, dtype=np.uint8)),))
    spec = StreamSpec("skeleton", StreamKind.SKELETON, topology="kinect_v2_25")
    for number in range(-(-more // 500)):
        name = f"short{number:04d}"
        with HarrecWriter(recordings / f"{name}.harrec", name=name, streams=[spec]) as writer:
            for k in (0, 1):
                writer.skeleton("skeleton", k * HOUR_NS, person)
        write(project, make_document(name, ANNOTATOR, 500, 1.0))
    return long


def write(project: Project, document: Document) -> None:
    history = project.history(document.recording, document.annotator)
    for number, tier in enumerate(document.tiers):
        clips = [AddClip(tier.name, clip) for clip in tier.clips]
        history.do(Group("made", (AddTier(tier.name, number, tier.rules), *clips)))
    history.close()


# ---- how long it takes


class Painted(QObject):
    """Whether the timeline has repainted since it was asked last."""

    def __init__(self, viewport: QWidget) -> None:
        super().__init__(viewport)
        self.fresh = False
        viewport.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() == QEvent.Type.Paint:
            self.fresh = True
        return False


def tell(**figures: object) -> None:
    load = round(os.getloadavg()[0], 1)
    told = {"at_s": round(time.monotonic() - BEGAN), "load": load, **figures}
    print(json.dumps(told), flush=True)


def wait(seconds: float) -> None:
    loop = QEventLoop()
    QTimer.singleShot(round(seconds * 1000), loop.quit)
    loop.exec()


def until(what: str, condition: Callable[[], bool], seconds: float = 300.0) -> float:
    """Let the studio live until something holds; how long it took, told and returned."""
    began = time.perf_counter()
    while not condition():
        if time.perf_counter() - began > seconds:
            raise SystemExit(f"{what} took more than {seconds:.0f} s")
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 10)
    took = time.perf_counter() - began
    tell(**{what: round(took, 2)})
    return took


def sync(folder: Path) -> float:
    """How long this disk takes to keep a line, which every edit waits for."""
    with Path(folder, "sync").open("ab") as file:
        began = time.perf_counter()
        file.write(b"a line of a journal\n" * 10)
        file.flush()
        os.fsync(file.fileno())
        return time.perf_counter() - began


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def told(times: list[float]) -> dict[str, float]:
    """Of fewer than 100 a 99th percentile is only another word for the most."""
    found = np.array(times) * 1000
    if not len(found):
        return {"count": 0}
    names = {"p50_ms": 50, "p95_ms": 95, "p99_ms": 99, "most_ms": 100}
    if len(found) < 100:
        del names["p99_ms"]
    return {"count": len(found)} | {
        name: round(float(np.percentile(found, p)), 1) for name, p in names.items()
    }


class Hands:
    """Presses keys and turns the wheel, and times each until the screen shows it."""

    def __init__(self, window: MainWindow) -> None:
        self.window, self.timeline = window, window.timeline
        self.painted = Painted(self.timeline.viewport())
        self.busy: list[float] = []  # processor time of the GUI thread, of each act
        self.undrawn: dict[str, int] = {}
        self.said = ""
        window.session.message.connect(self._hear)

    def _hear(self, _level: str, sentence: str) -> None:
        self.said = sentence

    def timed(self, name: str, act: Callable[[], object]) -> float | None:
        """Seconds, None when the timeline was not drawn again."""
        QApplication.processEvents()
        self.painted.fresh = False
        began, worked = time.perf_counter(), time.thread_time()
        act()
        while not self.painted.fresh:
            QApplication.processEvents()
            if time.perf_counter() - began > PATIENCE_S:
                self.undrawn[name] = self.undrawn.get(name, 0) + 1
                active = self.window.isActiveWindow()
                tell(not_drawn_after=name, said=self.said, window_active=active)
                return None
        QApplication.processEvents()
        self.busy.append(time.thread_time() - worked)
        return time.perf_counter() - began

    def key(self, name: str, modifier: Qt.KeyboardModifier) -> float | None:
        code = getattr(Qt.Key, f"Key_{name}")
        return self.timed(f"key {name}", lambda: QTest.keyClick(self.window, code, modifier))

    def wheel(self, notches: float, x: int, modifier: Qt.KeyboardModifier) -> float | None:
        view = self.timeline.viewport()
        at = QPoint(x, 60)
        event = QWheelEvent(
            QPointF(at), QPointF(view.mapToGlobal(at)), QPoint(), QPoint(0, round(120 * notches)),
            Qt.MouseButton.NoButton, modifier, Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        return self.timed("wheel", lambda: QApplication.sendEvent(view, event))


def edit(hands: Hands, count: int) -> dict[str, list[float]]:
    """Relabel, nudge, make, delete and undo at places all over the recording and at every
    magnification."""
    session, labelling = hands.window.session, hands.window.labelling
    plain, ctrl = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier
    times: dict[str, list[float]] = {}
    for number in range(count):
        tier = session.document.tiers[number % 2]
        clip = random.choice(tier.clips)
        session.tier_name = tier.name
        span = random.choice((10, 60, 600, 36_000)) * SECOND_NS
        hands.timeline.show_span(clip.start_ns - span // 2, clip.start_ns + span // 2)
        session.transport.seek(clip.start_ns)
        session.select(clip.id)
        wait(0.03)
        row = session.document.revision

        def note(name: str, seconds: float | None) -> None:
            times.setdefault(name, []).extend(() if seconds is None else (seconds,))

        keys = [k for k in "1234567890" if labelling.label_of_key(k).name != clip.label]
        note("relabel", hands.key(random.choice(keys), plain))
        note("nudge", hands.key("Left", ctrl))
        note("delete", hands.key("Backspace", plain))
        session.transport.seek(clip.start_ns)
        QApplication.processEvents()
        note("begin", hands.key("1", plain))
        session.transport.seek(clip.start_ns + 2 * SECOND_NS)
        QApplication.processEvents()
        note("end", hands.key("1", plain))
        note("undo", hands.key("Z", ctrl))
        if session.document.revision < row + 4:
            tell(not_all_done=session.document.revision - row, said=hands.said)
    return times


def look_around(hands: Hands, count: int) -> dict[str, list[float]]:
    """Zoom from ten hours to seconds and back, then pan through at three magnifications."""
    none, shift = Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier
    times: dict[str, list[float]] = {"zoom": [], "pan": []}
    hands.timeline.fit()
    wait(0.2)
    for step in range(count):
        x = 200 + 37 * step % 900
        times["zoom"].append(hands.wheel(1 if step % 40 < 20 else -1, x, none) or np.nan)
    for zoom in (4, 60, 1200):
        hands.timeline.fit()
        hands.timeline.zoom(zoom)
        wait(0.2)
        for step in range(count // 3):
            times["pan"].append(hands.wheel(-0.5 if step % 60 < 30 else 0.5, 500, shift) or np.nan)
    return {name: [one for one in took if np.isfinite(one)] for name, took in times.items()}


def measure(folder: Path, long: Path, options: argparse.Namespace) -> None:
    session = Session(Settings(annotator=ANNOTATOR))
    window = MainWindow(session)
    window.resize(1440, 900)
    window.show()
    wait(1.0)
    before = resident_mb()
    session.open(folder)
    until("project_open_s", lambda: session.project is not None)
    until("then_library_listed_s", lambda: window.library.model.rowCount() > 0)
    until("then_library_states_s", lambda: window.library._states_task is None)
    session.open_recording(long)
    until(
        "recording_and_document_open_s",
        lambda: session.history is not None and session.recording.path == long,
    )
    samples = len(session.recording.streams["audio"])
    until("then_sound_read_s", lambda: window.timeline.tracks.waveform.known >= samples)
    tell(clips=sum(len(tier.clips) for tier in session.document.tiers))
    hands = Hands(window)
    window.activateWindow()  # keys of a window without the focus do nothing
    until("then_focus_s", window.isActiveWindow, 10.0)
    wait(1.0)
    profile = cProfile.Profile()
    if options.profile:
        profile.enable()
    for name, times in look_around(hands, options.looks).items():
        fps = round(1 / float(np.median(times))) if times else None
        tell(**{name: told(times), f"{name}_fps": fps})
    hands.busy.clear()
    edits = edit(hands, options.edits)
    profile.disable()
    if options.profile:
        pstats.Stats(profile).sort_stats("cumulative").print_stats(45)
    if options.picture:
        hands.timeline.fit()
        wait(2.0)
        window.grab().save(options.picture)
    every = [one for name, times in edits.items() if name != "begin" for one in times]
    tell(edit_to_screen=told(every), of_it_gui_thread=told(hands.busy))
    for name, times in edits.items():
        tell(**{f"edit_{name}": told(times)})
    tell(fsync=told([sync(folder) for _ in range(100)]), not_drawn=hands.undrawn)
    tell(memory_mb=[round(before), round(resident_mb())])
    window.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=20_000)
    parser.add_argument("--more", type=int, default=80_000, help="clips in short recordings")
    parser.add_argument("--hours", type=float, default=10.0)
    parser.add_argument("--edits", type=int, default=60)
    parser.add_argument("--looks", type=int, default=240)
    parser.add_argument("--folder", type=Path, help="keep the project there, use it again")
    parser.add_argument("--picture", default="", help="save what the window shows at the end")
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        os.environ["HARSTUDIO_HOME"] = str(Path(home, "home"))
        folder = options.folder or Path(home, "project")
        long = folder / "recordings" / "long.mkv"
        if not long.exists():
            make_project(folder, options.clips, options.hours, options.more)
            tell(made=str(folder))
        app = QApplication([])
        theme.apply(app, "dark")
        measure(folder, long, options)


if __name__ == "__main__":
    main()
