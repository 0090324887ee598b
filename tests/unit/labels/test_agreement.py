"""Agreement equals what scikit-learn, statsmodels and krippendorff say; no case lacks an answer."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations, pairwise

import krippendorff
import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import aggregate_raters
from statsmodels.stats.inter_rater import fleiss_kappa as statsmodels_fleiss

from harstudio.labels.agreement import IOUS, Agreement, Compared, measure, measure_all
from harstudio.labels.agreement.segments import match_clips, match_points
from harstudio.labels.model import Clip, Document, Tier, TierRules
from harstudio.recordings.frame_grid import FrameGrid

PERIOD = 33_333_333
FRAMES = 120
LABELS = ("drink", "eat", "wave")
PEOPLE = ("alice", "bob", "carol", "dave")
SEEDS = range(15)


def grid_of(seed: int) -> FrameGrid:
    """Frames that come unevenly; some are missing."""
    rng = random.Random(seed)
    times = [k * PERIOD + rng.randrange(PERIOD // 3) for k in range(FRAMES) if rng.random() > 0.05]
    return FrameGrid(np.array(times, np.int64), PERIOD)


def clips(rng: random.Random, overlap: bool) -> list[Clip]:
    """Clips at any times, some beyond the ends, some shorter than a frame."""
    end = FRAMES * PERIOD
    if overlap:
        starts = sorted(rng.randrange(-PERIOD, end) for _ in range(rng.randrange(8)))
        ends = [start + rng.randrange(1, end // 4) for start in starts]
        times = zip(starts, ends, strict=True)
    else:
        edges = sorted({rng.randrange(-PERIOD, end + PERIOD) for _ in range(rng.randrange(16))})
        times = (pair for pair in pairwise(edges) if rng.random() < 0.7)
    return [Clip(start, stop, rng.choice(LABELS)) for start, stop in times]


def document(rng: random.Random, annotator: str, overlap: bool = False) -> Document:
    own = Tier(annotator, clips(rng, overlap), TierRules(person="0", overlap=overlap))
    other = Tier("second", clips(rng, overlap), TierRules(person="1", overlap=overlap))
    return Document("r", annotator, [own, other] if rng.random() < 0.7 else [own], done=True)


def random_set(seed: int, people: Sequence[str], missing: float = 0.0) -> list[Compared]:
    rng = random.Random(seed)
    return [
        Compared(
            f"r{number}",
            tuple(
                document(rng, name, overlap=seed % 3 == 0)
                for name in people
                if rng.random() >= missing
            ),
            grid_of(seed + number),
        )
        for number in range(4)
    ]


def frame_by_frame(compared: Sequence[Compared], people: Sequence[str]) -> Iterator[list[str]]:
    """The slow way: at every frame and person, what each annotator says; "?" where missing."""
    for one in compared:
        if len(one.documents) < 2:
            continue
        by_name = {d.annotator: d for d in one.documents}
        persons = {t.rules.person for d in one.documents for t in d.tiers if t.clips}
        for person in persons or {"0"}:
            for time_ns in one.grid.times_ns.tolist():
                row = []
                for name in people:
                    if name not in by_name:
                        row.append("?")
                        continue
                    labels = {
                        clip.label
                        for tier in by_name[name].tiers
                        if tier.rules.person == person
                        for clip in tier.clips
                        if clip.start_ns <= time_ns < clip.end_ns
                    }
                    row.append(" + ".join(sorted(labels)))
                yield row


def same(ours: float | None, theirs: float) -> bool:
    if ours is None:
        return bool(np.isnan(theirs))
    return ours == pytest.approx(theirs, abs=1e-12)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("seed", SEEDS)
def test_figures_about_frames_equal_those_of_others(seed: int) -> None:
    people = PEOPLE[: 2 + seed % 3]
    compared = random_set(seed, people, missing=0.3 * (seed % 2))
    rows = list(frame_by_frame(compared, people))
    found = measure_all(compared, people)
    assert found.frames == len(rows)
    names = {name: place for place, name in enumerate(found.categories)}
    for pair in combinations(people, 2):
        both = [(row[people.index(pair[0])], row[people.index(pair[1])]) for row in rows]
        both = [one for one in both if "?" not in one]
        if not both:
            assert pair not in found.pairs or not found.pairs[pair].frames
            continue
        one = found.pairs[pair]
        first, second = zip(*both, strict=True)
        assert same(one.kappa, cohen_kappa_score(first, second))
        assert (one.frames, one.agreed) == (len(both), sum(a == b for a, b in both))
        for label in LABELS:
            has = [[label in said.split(" + ") for said in side] for side in (first, second)]
            if label in one.labels:
                own = one.labels[label]
                assert same(own.kappa, cohen_kappa_score(*has))
                assert (own.frames_first, own.frames_second) == (sum(has[0]), sum(has[1]))
            else:
                assert not any(has[0] + has[1])
        slow = np.zeros_like(one.confusion)
        for a, b in both:
            slow[names[a], names[b]] += 1
        assert (one.confusion == slow).all()
    whole = [[names[said] for said in row] for row in rows if "?" not in row]
    if whole:
        table, _ = aggregate_raters(np.array(whole), len(names))
        assert same(found.fleiss, statsmodels_fleiss(table))
    else:
        assert found.fleiss is None
    if rows:
        values = [[np.nan if said == "?" else names[said] for said in row] for row in rows]
        data = np.array(values).T
        theirs = krippendorff.alpha(data, level_of_measurement="nominal")
        assert same(found.alpha, theirs)


@pytest.mark.parametrize("seed", SEEDS)
def test_disagreements_are_the_frames_that_differ(seed: int) -> None:
    people = PEOPLE[: 2 + seed % 3]
    compared = random_set(seed, people, missing=0.2)
    found = measure_all(compared, people)
    rows = frame_by_frame(compared, people)
    differing = sum(len({said for said in row if said != "?"}) > 1 for row in rows)
    found = replace(
        found, disagreements=[one for one in found.disagreements if one.kind == "labels"]
    )
    assert sum(one.frames for one in found.disagreements) == differing
    for before, after in pairwise(found.disagreements):
        assert (before.recording, before.start_ns) <= (after.recording, after.start_ns)
    for before, after in pairwise(
        sorted(found.disagreements, key=lambda one: (one.recording, one.person, one.start_ns))
    ):
        if (before.recording, before.person, before.end_ns) == (
            after.recording,
            after.person,
            after.start_ns,
        ):
            assert before.opinions != after.opinions  # else they would be one
    for one in found.disagreements:
        assert one.start_ns < one.end_ns
        assert len(set(one.opinions.values())) > 1


def lea(said: Sequence[Clip], true: Sequence[Clip], iou: float) -> tuple[int, int]:
    """Matched clips, and said + true: each said clip goes to its best true one (Lea et al.)."""
    hits: set[str] = set()
    for clip in said:
        best, partner = 0.0, None
        for other in true:
            union = max(clip.end_ns, other.end_ns) - min(clip.start_ns, other.start_ns)
            inside = min(clip.end_ns, other.end_ns) - max(clip.start_ns, other.start_ns)
            share = inside / union if other.label == clip.label else 0.0
            if share > best:
                best, partner = share, other.id
        if partner is not None and best >= iou:
            hits.add(partner)
    return len(hits), len(said) + len(true)


@pytest.mark.parametrize("seed", SEEDS)
def test_segment_f1_is_the_one_of_action_segmentation(seed: int) -> None:
    """At 0.5 a clip has one partner at most, so it is the same figure; below never smaller."""
    rng = random.Random(seed)
    one, other = (Document("r", who, [Tier(who, clips(rng, False))]) for who in ("alice", "bob"))
    pair = measure([one, other], grid_of(seed)).pairs["alice", "bob"]
    swapped = measure([other, one], PERIOD).pairs["alice", "bob"]
    first, second = one.tiers[0].clips, other.tiers[0].clips
    for iou in IOUS:
        score = pair.segments[iou]
        assert score == swapped.segments[iou]
        both = lea(first, second, iou), lea(second, first, iou)
        assert all(score.first + score.second == total for _, total in both)
        assert all(score.matched >= hits for hits, _ in both)
        if iou == 0.5:
            assert all(score.matched == hits for hits, _ in both)
        for label, own in pair.labels.items():
            lists = ([c for c in side if c.label == label] for side in (first, second))
            a, b = map(len, lists)
            assert (own.segments[iou].first, own.segments[iou].second) == (a, b)
        assert sum(own.segments[iou].matched for own in pair.labels.values()) == score.matched


def two(first: Sequence[Clip], second: Sequence[Clip], **options: object) -> Agreement:
    tiers = ((who, [Tier(who, list(own))]) for who, own in (("alice", first), ("bob", second)))
    return measure([Document("r", who, own, done=True) for who, own in tiers], 1_000_000, **options)


MS = 1_000_000


def test_a_match_is_taken_by_the_best_partner() -> None:
    long, left, right = Clip(0, 100, "x"), Clip(0, 60, "x"), Clip(60, 100, "x")
    [match] = match_clips([long], [left, right])
    assert (match.second, match.iou) == (left, 0.6)
    assert match_clips([long], [Clip(0, 100, "y")]) == []
    assert match_clips([Clip(0, 10, "x")], [Clip(10, 20, "x")]) == []
    assert match_clips([Clip(0, 100, "x")], [Clip(90, 100, "x")])  # 0.1 is enough
    assert not match_clips([Clip(0, 100, "x")], [Clip(91, 100, "x")])


def test_a_threshold_that_is_just_reached_counts() -> None:
    found = two([Clip(0, 100 * MS, "x")], [Clip(50 * MS, 100 * MS, "x")])
    assert [score.matched for score in found.pairs["alice", "bob"].segments.values()] == [1, 1, 1]
    found = two([Clip(0, 100 * MS, "x")], [Clip(51 * MS, 100 * MS, "x")])
    assert [score.matched for score in found.pairs["alice", "bob"].segments.values()] == [1, 1, 0]


def test_frames_of_a_span_only() -> None:
    first, second = [Clip(0, 100 * MS, "x")], [Clip(50 * MS, 90 * MS, "x")]
    found = two(first, second, span=(20 * MS, 60 * MS))
    assert (found.frames, found.pairs["alice", "bob"].agreed) == (40, 10)
    [one] = found.disagreements
    assert (one.start_ns, one.end_ns, one.frames) == (20 * MS, 50 * MS, 30)


def test_boundaries_in_milliseconds() -> None:
    first = [Clip(k * 1000 * MS, (k * 1000 + 500) * MS, "x") for k in range(3)]
    second = [
        Clip(c.start_ns + shift * MS, c.end_ns, "x")
        for c, shift in zip(first, (10, -20, 40), strict=True)
    ]
    boundaries = two(first, second).pairs["alice", "bob"].boundaries
    assert boundaries.edges == 6
    assert boundaries.median_ms == pytest.approx(np.median([10, 20, 40, 0, 0, 0]))
    assert boundaries.p95_ms == pytest.approx(np.percentile([10, 20, 40, 0, 0, 0], 95))


def test_a_disagreement_says_where_and_what() -> None:
    found = two(
        [Clip(0, 10 * MS, "drink"), Clip(10 * MS, 20 * MS, "eat")],
        [Clip(0, 12 * MS, "drink"), Clip(12 * MS, 18 * MS, "eat")],
    )
    assert [
        (d.start_ns // MS, d.end_ns // MS, d.opinions, d.frames) for d in found.disagreements
    ] == [
        (10, 12, {"alice": "eat", "bob": "drink"}, 2),
        (18, 20, {"alice": "eat", "bob": ""}, 2),
    ]
    assert found.categories == ("", "drink", "eat")
    assert found.pairs["alice", "bob"].confusion.tolist() == [[0, 0, 0], [0, 10, 0], [2, 2, 6]]


def test_whom_a_tier_is_about() -> None:
    """Own tiers compare with own tiers, a person's with that person's, the rest by name."""
    clip, other = Clip(0, 10 * MS, "x"), Tier("other", [Clip(0, 10 * MS, "y")])
    alice = Document("r", "alice", [Tier("alice", [clip]), other])
    for tier, agrees in (
        (Tier("bob", [clip]), True),
        (Tier("alice", [clip]), False),
        (Tier("anything", [clip], TierRules(person="7")), False),
    ):
        found = measure([alice, Document("r", "bob", [tier, other])], MS)
        assert (not found.disagreements) is agrees
    seven = TierRules(person="7")
    pair = [Document("r", who, [Tier(who + "'s", [clip], seven)]) for who in ("alice", "bob")]
    assert not measure(pair, MS).disagreements
    eight = Document("r", "bob", [Tier("b", [clip], TierRules(person="8"))])
    apart = measure([pair[0], eight], MS)
    assert len(apart.disagreements) == 2
    assert "the tier “7”" in apart.remarks[0]


@pytest.mark.parametrize("person", ["", "7"])
def test_the_only_tier_of_everybody_is_one_tier_whatever_it_is_called(person: str) -> None:
    """A new annotator labels in the own tier, the others in “actions”."""
    own = [Clip(k * 20 * MS, (k * 20 + 10) * MS, "x") for k in range(13)]
    rules = TierRules(person=person)
    documents = [Document("r", who, [Tier("actions", own, rules)]) for who in ("alice", "bob")]
    carol = Document("r", "carol", [Tier("empty"), Tier("carol", own)])
    found = measure([*documents, carol], MS)
    assert (found.alpha, found.fleiss, found.disagreements) == (1, 1, ())
    assert found.pairs["alice", "carol"].segments[0.5].f1 == 1
    assert found.remarks[0].startswith("“actions” of alice, “actions” of bob and “carol” of carol")
    notes = Document("r", "alice", [Tier("actions", own, rules), Tier("notes", own)])
    assert len(measure([notes, carol], MS).disagreements) > 13


def test_differences_that_no_frame_shows_are_listed() -> None:
    halves = [Clip(0, 50 * MS, "clap"), Clip(50 * MS, 100 * MS, "clap")]
    found = two(halves, [Clip(0, 100 * MS, "clap")])
    assert found.pairs["alice", "bob"].agreed == found.frames
    (one,) = found.disagreements
    assert (one.kind, one.start_ns, one.end_ns) == ("clips", 0, 100 * MS)
    assert one.told == {"alice": "clap (2 clips)", "bob": "clap (1 clip)"}
    assert json.loads(json.dumps(found.to_dict()))["disagreements"][0]["details"]["bob"] == "1 clip"


def test_point_events_are_reported_apart() -> None:
    points = TierRules(points=True)

    def pointing(who: str, *times_ms: int) -> Document:
        events = [Clip(t * MS, t * MS, "step") for t in times_ms]
        return Document("r", who, [Tier(who, []), Tier("steps", events, points)], done=True)

    found = measure([pointing("alice", 0, 1000, 3000), pointing("bob", 200, 260, 1251)], MS)
    pair = found.pairs["alice", "bob"]
    assert (pair.points.matched, pair.points.first, pair.points.second) == (1, 3, 3)
    assert pair.segments[0.1].f1 is None
    assert found.frames == 3000  # of the span, in which nobody put a clip
    lone = [(d.start_ns // MS, d.opinions["alice"], d.opinions["bob"]) for d in found.disagreements]
    assert lone == [
        (260, "", "step"), (1000, "step", ""), (1251, "", "step"), (3000, "step", "")
    ]  # fmt: skip
    assert any("250 ms" in remark for remark in found.remarks)


def test_point_events_match_the_nearest() -> None:
    alice, bob = ([Clip(t * MS, t * MS, "step") for t in times] for times in ((0, 240), (200, 480)))
    [match] = match_points(alice, bob)
    assert (match.first, match.second) == (alice[1], bob[0])


NOTHING = Document("r", "alice", [], done=True)
ONE = Document("r", "bob", [Tier("bob", [Clip(0, 10 * MS, "x")])], done=True)
EVERYWHERE = Document("r", "carol", [Tier("carol", [Clip(0, 10 * MS, "x")])], done=True)


@pytest.mark.parametrize(
    ("compared", "words"),
    [
        ([], "Nobody has labels"),
        ([Compared("r", (), MS)], "Nobody has labels"),
        ([Compared("r", (ONE,), MS)], "Only bob has labels"),
        ([Compared("r", (NOTHING, Document("r", "bob", done=True)), MS)], "no frame in common"),
        ([Compared("r", (ONE, EVERYWHERE), MS)], "both say the same of every frame"),
        ([Compared("a", (ONE,), MS), Compared("b", (EVERYWHERE,), MS)], "No recording"),
        (
            [Compared("a", (ONE, EVERYWHERE), MS), Compared("b", (NOTHING, ONE), MS)],
            "alice and carol have no recording in common",
        ),
        (
            [Compared("a", (ONE, EVERYWHERE), MS), Compared("b", (NOTHING, ONE), MS)],
            "no recording was labelled by all 3",
        ),
        (
            [Compared("a", (ONE, EVERYWHERE, Document("a", "dave")), MS)],
            "not marked as done, as dave",
        ),
        ([Compared("a", (ONE, EVERYWHERE), MS)], "at equal steps"),
    ],
)
def test_whatever_is_not_defined_has_words(compared: list[Compared], words: str) -> None:
    found = measure_all(compared)
    assert any(words in remark for remark in found.remarks), found.remarks
    text = json.dumps(found.to_dict(), allow_nan=False)  # ValueError for a NaN
    assert json.loads(text)["remarks"] == list(found.remarks)


def test_annotators_who_were_asked_for() -> None:
    compared = [Compared("a", (NOTHING, ONE, EVERYWHERE), MS)]
    found = measure_all(compared, ["carol", "alice"])
    assert found.annotators == ("carol", "alice")
    assert set(found.pairs) == {("alice", "carol")}
    assert set(found.disagreements[0].opinions) == {"alice", "carol"}
    absent = measure_all(compared, ["carol", "eve"])
    assert absent.alpha is None
    assert absent.remarks


def test_many_clips_are_compared_quickly() -> None:
    """Work grows with the clips, not with their square: 5,000 clips of three annotators."""
    rng = random.Random(0)
    documents = []
    for who in PEOPLE[:3]:
        own = [
            Clip(k * 1000 * MS + rng.randrange(200) * MS, (k * 1000 + 900) * MS, rng.choice(LABELS))
            for k in range(5_000)
        ]
        documents.append(Document("r", who, [Tier(who, own)], done=True))
    start = time.perf_counter()
    found = measure(documents, 33 * MS)
    assert time.perf_counter() - start < 4
    assert found.frames > 150_000
