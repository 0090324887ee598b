"""What the timeline shows now: rows, scores, selected clips, and what a drag shows."""

from __future__ import annotations

from harstudio.labels.label_sets.attributes import Attribute, missing
from harstudio.labels.model import Clip, Origin, Tier
from harstudio.studio import theme
from harstudio.studio.labelling.labelling import Labelling
from harstudio.studio.recognition.class_colors import class_colors
from harstudio.studio.session import Session
from harstudio.studio.timeline.live import Live
from harstudio.studio.timeline.marks import faded, rgb
from harstudio.studio.timeline.painting import Scene
from harstudio.studio.timeline.rows import Row, build_rows
from harstudio.studio.timeline.scale import TimeScale
from harstudio.studio.timeline.scores import Scores
from harstudio.studio.timeline.selection import chosen, in_sight
from harstudio.studio.timeline.strips import Book
from harstudio.studio.timeline.tracks import Tracks

NO_RECORDING = "Open a recording to see its timeline."
NO_CLIPS = "Press a label key where an action starts, and again where it ends."


class Stage:
    """Put together from session and labelling whenever somebody says that they have changed."""

    def __init__(self, session: Session, labelling: Labelling, tracks: Tracks) -> None:
        self.session, self.labelling, self.tracks = session, labelling, tracks
        self.rows: list[Row] = []
        self.scores: Scores | None = None
        self.chosen: list[tuple[Row, Clip]] = []  # the selected clips
        self.book = Book(self.paint)
        self._required: tuple[Attribute, ...] = ()
        self._proposals: Tier | None = None  # the open ones, as they are shown

    def build(self) -> None:
        """The rows anew."""
        proposals = self.labelling.proposals.shown()
        if self._proposals is not None and self._proposals is not proposals:
            self.book.drop(self._proposals)
        self._proposals = proposals
        self.rows = build_rows(
            self.session.document,
            self.labelling.others.documents,
            self.session.tier_name,
            self.tracks.rows(),
            None if self.scores is None else self.scores.said,
            self.book.lanes,
            proposals,
        )
        self.choose()

    def choose(self) -> None:
        """Other clips are selected."""
        self.chosen = chosen(self.rows, self.session.selected)

    def take_scores(self) -> None:
        """A run says something else, or the label set is another."""
        opinion, label_set = self.session.explaining.opinion, self.labelling.label_set
        self._required = tuple(a for a in label_set.attributes if a.required)
        self.scores = None
        if opinion is not None:
            colors = class_colors(opinion.recognition.classes, self.labelling.labels())
            answer = self.session.answer or opinion.recognition
            self.scores = Scores(opinion, colors, answer)

    def scene(self, scale: TimeScale, scrolled: int, size: tuple[int, int], dense: float) -> Scene:
        """What there is to draw now; the arguments are the scene's."""
        return Scene(
            rows=self.rows,
            scale=scale,
            scrolled=scrolled,
            size=size,
            tier_name=self.session.tier_name,
            tracks=self.tracks,
            strips=self.book.strips,
            color_of=self.labelling.color_of,
            incomplete=self._incomplete,
            hint=self.hint(),
            scores=self.scores,
            dense=dense,
        )

    def paint(self, clip: Clip) -> tuple[int, bool]:
        """Colour and sign of a clip that is too narrow for a bar."""
        name = faded(self.labelling.color_of(clip.label), clip.confidence, theme.current().canvas)
        return rgb(name), clip.unsure or self._incomplete(clip)

    def _incomplete(self, clip: Clip) -> bool:
        asked = self._required and clip.origin is not Origin.MODEL  # of what people say
        return bool(asked and missing(clip, self._required))

    def hint(self) -> str:
        """What to do first, where there is nothing yet."""
        if self.session.recording is None:
            return NO_RECORDING
        document = self.session.document
        if document is None or self.labelling.open_clip is not None or self._proposals is not None:
            return ""
        return "" if any(tier.clips for tier in document.said) else NO_CLIPS

    def live(self, scale: TimeScale) -> Live:
        """What moves."""
        labelling = self.labelling
        own = {row.tier.name: row for row in self.rows if row.editable and row.tier}
        span, being_made = labelling.open_span(), None
        if span is not None and labelling.open_clip is not None:
            row = own.get(labelling.open_clip.tier)
            being_made = None if row is None else (row, labelling.open_clip.label, *span)
        ghost_row = own.get(labelling.clips.ghost_tier)
        moves = () if ghost_row is None else labelling.clips.ghosts
        ghosts = [(ghost_row, move.after) for move in moves if ghost_row is not None]
        decided = None
        if self._proposals is not None and (clip := labelling.proposals.current()) is not None:
            row = own.get(self._proposals.name)
            decided = None if row is None else (row, clip)
        drag = labelling.drag
        if drag is not None and drag.into is not None:
            ghosts = [drag.into]
        return Live(
            position_ns=self.session.transport.position_ns,
            mark_in_ns=labelling.mark_in_ns,
            mark_out_ns=labelling.mark_out_ns,
            loop=self.session.transport.loop,
            selected=in_sight(self.chosen, scale),
            open_clip=being_made,
            decided=decided,
            ghosts=ghosts,
            snap_ns=None if drag is None else drag.snap_ns,
            band=None if drag is None else drag.band,
        )
