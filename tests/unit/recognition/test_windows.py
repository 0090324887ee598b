"""Windows over a recording, scores at times, segments: against plain counting."""

from __future__ import annotations

import dataclasses
import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harstudio.errors import UsageError
from harstudio.recognition.windows import Sliding
from harstudio.results import Segment, Window, whole
from harstudio.runs.recognised.scores import EDGE_WEIGHT, scores_at, smoothed
from harstudio.runs.recognised.segments import Trimming, find_segments

SECOND = 1_000_000_000


def window(start_s: float, end_s: float, *scores: float) -> Window:
    return Window(
        round(start_s * SECOND), round(end_s * SECOND), np.array(scores, dtype=np.float32)
    )


# ---- where windows lie


def test_a_recording_of_up_to_two_usual_clips_is_one_window() -> None:
    assert Sliding().over(5, 5 + 2 * SECOND, 1.0) == ((5, 5 + 2 * SECOND),)
    assert len(Sliding().over(5, 6 + 2 * SECOND, 1.0)) > 1


def test_a_short_recording_is_cut_where_strides_or_scales_are_asked_for() -> None:
    assert len(Sliding(stride_s=0.5).over(0, 2 * SECOND, 1.0)) == 3
    assert len(Sliding(scales=(0.5, 1.0)).over(0, 2 * SECOND, 1.0)) == 13 + 5


def test_short_windows_count_no_more_than_a_long_one() -> None:
    windows = (window(0, 2, 0.9, 0.1), *(window(k / 2, k / 2 + 0.5, 0.4, 0.6) for k in range(4)))
    label, confidence = whole(windows)
    assert (label, confidence) == (0, pytest.approx(0.65))


def test_ten_minutes_have_as_many_windows_as_strides_fit() -> None:
    windows = Sliding().over(0, 600 * SECOND, 2.5)
    assert len(windows) == math.ceil((600 - 2.5) / 0.625) + 1
    assert {end - start for start, end in windows} == {round(2.5 * SECOND)}


def test_a_window_that_was_asked_for_also_cuts_short_recordings() -> None:
    assert Sliding(0.5, 0.25).over(0, SECOND, 2.0) == (
        (0, SECOND // 2),
        (SECOND // 4, 3 * SECOND // 4),
        (SECOND // 2, SECOND),
    )


@settings(deadline=None)
@given(
    start=st.integers(-(10**9), 10**12),
    span=st.integers(1, 10**11),
    window_ms=st.integers(100, 10_000),
    stride=st.none() | st.floats(0.1, 1.0),
)
def test_windows_cover_everything(
    start: int, span: int, window_ms: int, stride: float | None
) -> None:
    window_s = window_ms / 1000
    windows = Sliding(window_s, None if stride is None else window_s * stride).over(
        start, start + span, 1.0
    )
    assert windows[0][0] == start
    assert windows[-1][1] == start + span
    assert all(a[0] < b[0] <= a[1] for a, b in itertools.pairwise(windows))
    assert len({end - begin for begin, end in windows}) == 1


def test_every_scale_cuts_the_recording_and_as_many_windows_of_each_lie_over_a_moment() -> None:
    windows = Sliding(2.0, 0.5, (1.0, 0.5, 2.0, 1.0)).over(0, 12 * SECOND, 1.0)
    assert list(windows) == sorted(set(windows))
    for length in (1, 2, 4):
        mine = [w for w in windows if w[1] - w[0] == length * SECOND]
        assert mine == list(Sliding(float(length), length / 4).over(0, 12 * SECOND, 1.0))
        assert sum(start <= 6 * SECOND < end for start, end in mine) == 4
    assert Sliding(1.0, scales=(1.0, 3.0)).over(0, 2 * SECOND, 1.0)[0] == (0, SECOND)
    for wrong in ((), (0.0,), (math.nan,), (1.0,) * 17):
        with pytest.raises(UsageError, match="scale"):
            Sliding(scales=wrong)


def test_nothing_has_no_windows() -> None:
    assert Sliding().over(7, 7, 1.0) == ()


@pytest.mark.parametrize(
    "wrong",
    [{"window_s": 0.0}, {"window_s": -1.0}, {"stride_s": 0.0}, {"window_s": math.nan}],
    ids=str,
)
def test_lengths_that_mean_nothing(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError, match=r"at least 0\.001 seconds"):
        Sliding(**wrong)


def test_too_many_windows_are_refused() -> None:
    with pytest.raises(UsageError, match="longer stride"):
        Sliding(0.01, 0.001).over(0, 3600 * SECOND, 1.0)


# ---- scores at times


@settings(deadline=None)
@given(data=st.data())
def test_scores_are_the_weighted_mean_of_covering_windows(data: st.DataObject) -> None:
    spans = data.draw(
        st.lists(st.tuples(st.integers(0, 50), st.integers(1, 30)), min_size=1, max_size=8)
    )
    rng = np.random.default_rng(data.draw(st.integers(0, 2**31)))
    windows = [
        Window(start, start + length, rng.dirichlet(np.ones(4)).astype(np.float32))
        for start, length in spans
    ]
    times = data.draw(st.lists(st.integers(-5, 90), max_size=20))
    scores = scores_at(windows, np.array(times, dtype=np.int64))
    assert scores.shape == (len(times), 4)
    for time, score in zip(times, scores, strict=True):
        total, weights = np.zeros(4), 0.0
        for one in windows:
            if one.start_ns <= time < one.end_ns:
                middle, half = (one.start_ns + one.end_ns) / 2, (one.end_ns - one.start_ns) / 2
                weight = 1 - (1 - EDGE_WEIGHT) * abs(time - middle) / half
                total, weights = total + weight * one.probabilities, weights + weight
        if weights:
            np.testing.assert_allclose(score, total / weights, atol=1e-6)
        else:
            assert np.isnan(score).all()


def test_the_recording_as_a_whole_is_the_mean_of_its_windows() -> None:
    assert whole([window(0, 1, 0.9, 0.1), window(1, 2, 0.2, 0.8), window(2, 3, 0.3, 0.7)]) == (
        1,
        pytest.approx((0.1 + 0.8 + 0.7) / 3),
    )


# ---- segments


def test_one_window_is_one_segment() -> None:
    assert find_segments([window(1, 3, 0.25, 0.75)]) == [Segment(SECOND, 3 * SECOND, 1, 0.75)]


def test_two_actions_one_after_the_other() -> None:
    starts = np.arange(0, 8.25, 0.25)
    windows = [
        window(s, s + 1, *((0.8, 0.2) if s + 0.5 < 4 else (0.1, 0.9))) for s in starts.tolist()
    ]
    first, second = find_segments(windows)
    assert (first.start_ns, first.label, second.label) == (0, 0, 1)
    assert first.end_ns == second.start_ns
    assert second.end_ns == windows[-1].end_ns
    assert abs(first.end_ns - 4 * SECOND) < SECOND / 4
    assert 0.7 < first.confidence < 0.8
    assert 0.8 < second.confidence < 0.9


def test_a_flicker_goes_to_the_neighbour_that_scores_better_in_it() -> None:
    windows = [
        window(0, 1, 0.9, 0.1, 0.0),
        window(1, 1.2, 0.3, 0.3, 0.4),
        window(1.2, 2, 0.05, 0.95, 0.0),
        window(2, 2.2, 0.1, 0.3, 0.6),
        window(2.2, 3, 0.0, 1.0, 0.0),
    ]
    kept = find_segments(windows, Trimming(least_s=0))
    assert [s.label for s in kept] == [0, 2, 1, 2, 1]
    smooth = find_segments(windows, Trimming(least_s=0.5))
    assert [s.label for s in smooth] == [0, 1]
    assert (smooth[0].start_ns, smooth[-1].end_ns) == (0, 3 * SECOND)
    assert smooth[1].confidence < 0.95  # the flicker counts


def test_what_no_window_covers_belongs_to_no_segment() -> None:
    segments = find_segments([window(0, 1, 1, 0), window(4, 5, 1, 0)])
    assert [(s.start_ns, s.end_ns) for s in segments] == [
        (0, SECOND),
        (4 * SECOND, 5 * SECOND),
    ]


@settings(deadline=None)
@given(
    labels=st.lists(st.integers(0, 2), min_size=1, max_size=60), least=st.integers(0, 20 * SECOND)
)
def test_segments_lie_side_by_side_and_are_long_enough(labels: list[int], least: int) -> None:
    """Windows without overlap: without a least length the segments are the runs of labels."""
    windows = [window(k, k + 1, *np.eye(3)[label] * 0.7 + 0.1) for k, label in enumerate(labels)]
    segments = find_segments(windows, Trimming(least_s=least / SECOND))
    assert (segments[0].start_ns, segments[-1].end_ns) == (0, len(labels) * SECOND)
    for one, other in itertools.pairwise(segments):
        assert one.end_ns == other.start_ns
        assert one.label != other.label
    if len(segments) > 1:
        assert min(s.end_ns - s.start_ns for s in segments) >= least
    if least <= SECOND:
        runs = [label for k, label in enumerate(labels) if k == 0 or labels[k - 1] != label]
        assert [s.label for s in segments] == runs


def test_no_windows_no_segments() -> None:
    assert find_segments([]) == []


def test_an_hour_of_flicker_takes_no_time() -> None:
    rng = np.random.default_rng(0)
    scores = rng.dirichlet(np.ones(27), 5760).astype(np.float32)
    windows = [
        Window(int(k * 0.625 * SECOND), int((k * 0.625 + 2.5) * SECOND), scores[k])
        for k in range(len(scores))
    ]
    segments = find_segments(windows)
    assert segments[-1].end_ns == windows[-1].end_ns
    assert min(s.end_ns - s.start_ns for s in segments) >= 1.25 * SECOND


def test_below_a_confidence_nothing_is_said() -> None:
    windows = [window(0, 1, 0.5, 0.5), window(1, 3, 0.9, 0.1), window(3, 5, 0.3, 0.7)]
    trimmed = find_segments(windows, Trimming(confidence=0.8))
    assert trimmed == [Segment(SECOND, 3 * SECOND, 0, pytest.approx(0.9))]
    assert find_segments(windows, Trimming(confidence=0.95)) == []


def test_a_short_doubt_is_bridged_and_a_short_fancy_dropped() -> None:
    doubt = [window(0, 2, 0.9, 0.1), window(2, 2.25, 0.5, 0.5), window(2.25, 4, 0.9, 0.1)]
    fancy = [window(0, 2, 0.5, 0.5), window(2, 2.25, 0.9, 0.1), window(2.25, 4, 0.5, 0.5)]
    for least_s, doubtful, fancied in ((0.0, 2, 1), (0.5, 1, 0)):
        trimming = Trimming(confidence=0.6, least_s=least_s)
        assert len(find_segments(doubt, trimming)) == doubtful
        assert len(find_segments(fancy, trimming)) == fancied


@settings(deadline=None)
@given(
    shares=st.lists(st.floats(0, 1), min_size=1, max_size=30),
    confidence=st.floats(0, 1),
    least_s=st.floats(0, 5),
)
def test_no_segment_has_less_than_the_least_confidence(
    shares: list[float], confidence: float, least_s: float
) -> None:
    windows = [window(k, k + 1, share, 1 - share) for k, share in enumerate(shares)]
    for segment in find_segments(windows, Trimming(confidence=confidence, least_s=least_s)):
        assert segment.confidence >= confidence


@settings(deadline=None)
@given(data=st.data())
def test_smoothing_is_the_mean_of_what_windows_cover(data: st.DataObject) -> None:
    widths = data.draw(st.lists(st.integers(1, 9), min_size=1, max_size=12))
    edges = np.concatenate([[0], np.cumsum(widths)]) * 10
    rng = np.random.default_rng(data.draw(st.integers(0, 2**31)))
    scores = rng.dirichlet(np.ones(3), len(widths)).astype(np.float32)
    scores[rng.random(len(widths)) < 0.3] = np.nan
    width = data.draw(st.integers(1, 50)) * 10
    found = smoothed(scores, edges, width)
    fine = np.repeat(scores, np.array(widths) * 10, axis=0)
    for cell, middle in enumerate((edges[:-1] + edges[1:]) // 2):
        if np.isnan(scores[cell, 0]):
            assert np.isnan(found[cell]).all()
        else:
            around = fine[max(0, middle - width // 2) : middle + width // 2]
            np.testing.assert_allclose(found[cell], np.nanmean(around, axis=0), atol=1e-5)


def test_smoothing_takes_a_flicker_away() -> None:
    windows = [window(k, k + 1, *((0.2, 0.8) if k == 4 else (0.9, 0.1))) for k in range(9)]
    assert len(find_segments(windows, Trimming(least_s=0))) == 3
    (one,) = find_segments(windows, Trimming(smooth_s=4.0, least_s=0))
    assert (one.start_ns, one.end_ns, one.label) == (0, 9 * SECOND, 0)


def test_persons_have_segments_of_their_own() -> None:
    def of(person: str, one: Window) -> Window:
        return dataclasses.replace(one, person=person)

    windows = [
        of("7", window(0, 2, 1, 0)),
        of("3", window(0, 2, 0, 1)),
        of("7", window(2, 4, 1, 0)),
    ]
    assert find_segments(windows) == [
        Segment(0, 4 * SECOND, 0, 1.0, "7"),
        Segment(0, 2 * SECOND, 1, 1.0, "3"),
    ]


@pytest.mark.parametrize(
    "wrong",
    [{"smooth_s": -1.0}, {"least_s": math.nan}, {"confidence": 1.5}, {"confidence": math.nan}],
    ids=str,
)
def test_trimming_that_means_nothing(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError):
        Trimming(**wrong)
