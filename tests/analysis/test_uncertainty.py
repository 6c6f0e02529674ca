import numpy as np
import pytest
from scipy import stats

from analysis.uncertainty import (
    RunNoise,
    contrast,
    contrast_correlation,
    contrast_to_start,
    document_variance,
    draw_documents,
    draw_run_noise,
    interaction_variance,
    run_noise,
    simultaneous_quantile,
)


def test_run_noise_is_the_interaction_mean_square() -> None:
    # Row and column effects cancel; the corners keep +1 -1 -1 +1, a quarter of it in each cell after centring: .25.
    scores = np.add.outer([10.0, 20.0], [1.0, 5.0]) + np.array([[1.0, 0.0], [0.0, 0.0]])
    noise = run_noise(scores)
    assert noise is not None
    assert (noise.variance, noise.df) == (pytest.approx(4 * 0.25**2), 1)
    assert run_noise(scores[:, :1]) is None


def test_with_one_question_a_document_and_one_seed_it_is_the_paired_t_interval() -> None:
    rng = np.random.default_rng(1)
    ours, theirs = rng.normal(size=30), rng.normal(size=30)
    interval = contrast((ours - theirs)[None], np.arange(30), None)
    expected = stats.ttest_rel(ours, theirs).confidence_interval(0.95)
    assert interval.bounds() == pytest.approx((expected.low, expected.high))
    assert interval.note == "this run only"


def test_questions_of_one_document_count_as_one() -> None:
    once = np.array([0.1, 0.5, -0.2, 0.4])
    assert document_variance(np.repeat(once, 5), np.repeat(np.arange(4), 5)) == pytest.approx(
        document_variance(once, np.arange(4))
    )


def test_the_parts_are_added_and_the_shared_part_taken_off_once() -> None:
    rng = np.random.default_rng(2)
    difference = rng.normal(size=(3, 12))
    clusters = np.repeat(np.arange(6), 2)
    noise = run_noise(rng.normal(size=(4, 3)))
    assert noise is not None
    v_run, v_doc = 2 * noise.variance / 3, document_variance(difference.mean(axis=0), clusters)
    v_int = interaction_variance(difference, clusters)
    interval = contrast(difference, clusters, noise)
    assert interval.variance == pytest.approx(max(v_run + v_doc - v_int, v_run, v_doc))
    assert interval.df == pytest.approx(interval.variance**2 / (v_run**2 / 6 + v_doc**2 / 5))


def test_against_the_start_the_runs_variance_is_the_seeds() -> None:
    difference = np.array([[0.0, 0.0], [0.2, 0.2]])  # no document or interaction variance
    interval = contrast_to_start(difference, np.array([0, 1]))
    assert (interval.variance, interval.df) == (pytest.approx(0.02 / 2), pytest.approx(1))


def test_simultaneous_bands_are_wider_and_match_known_cases() -> None:
    assert simultaneous_quantile(np.eye(1), 10) == pytest.approx(stats.t.ppf(0.975, 10), rel=0.01)
    assert simultaneous_quantile(np.ones((5, 5)), 10) == pytest.approx(stats.t.ppf(0.975, 10), rel=0.01)
    # Independent normals: Sidak.
    expected = stats.norm.ppf((1 + 0.95 ** (1 / 5)) / 2)
    assert simultaneous_quantile(np.eye(5), 1e6) == pytest.approx(expected, rel=0.01)


def test_a_difference_of_the_detectable_size_is_detected_with_80_percent_power() -> None:
    rng = np.random.default_rng(3)
    detected = []
    for _ in range(400):
        noise = rng.normal(size=(1, 40))
        size = contrast(noise, np.arange(40), None).detectable()
        detected.append(contrast(noise + size, np.arange(40), None).bounds()[0] > 0)
    assert 0.72 < np.mean(detected) < 0.88


def test_the_shared_part_by_hand() -> None:
    # Centred rows [1 -1], [-1 1]: document sums 1 1 and -1 -1 squared are 4, over N^2 S (S - 1) = 4 x 2 x 1.
    difference = np.array([[2.0, 0.0], [0.0, 2.0]])
    assert interaction_variance(difference, np.array([0, 1])) == pytest.approx(4 / 8)


def test_contrasts_share_the_baselines_runs_and_the_documents() -> None:
    # Runs: s^2 / S = 2, so 4 on the diagonal and 2 beside it. Documents: 2 / 1 x (1 + 1) / 2^2 = 1 everywhere.
    noise, clusters = RunNoise(4.0, 1), np.array([0, 1])
    alike = np.tile([1.0, -1.0], (2, 2, 1))
    assert contrast_correlation(alike, clusters, noise) == pytest.approx(np.array([[1, 3 / 5], [3 / 5, 1]]))
    opposed = alike * np.array([1, -1])[:, None, None]
    assert contrast_correlation(opposed, clusters, noise)[0, 1] == pytest.approx((2 - 1) / 5)


def experiment(rng: np.random.Generator, seeds: int) -> tuple[bool, bool]:
    """One crossed experiment: 6 arms, 48 unequal documents, zero-heavy differences.

    Is the truth (0) inside the interval of one contrast, and inside the simultaneous bands of all five?
    """
    sizes = rng.integers(1, 60, 48)
    cluster_N = np.repeat(np.arange(48), sizes)
    run_KS = rng.normal(0, 0.004, (6, seeds))
    document_KC = rng.normal(0, 0.03, (6, 48))
    both_KSC = rng.normal(0, 0.02, (6, seeds, 48))
    question_KSN = rng.normal(0, 0.15, (6, seeds, len(cluster_N))) * (rng.random(len(cluster_N)) < 0.3)
    scores_KSN = run_KS[..., None] + document_KC[:, None, cluster_N] + both_KSC[..., cluster_N] + question_KSN
    noise = run_noise(scores_KSN.mean(axis=2))
    assert noise is not None
    difference_KSN = scores_KSN[1:] - scores_KSN[0]
    intervals = [contrast(difference_SN, cluster_N, noise) for difference_SN in difference_KSN]
    correlation = contrast_correlation(difference_KSN, cluster_N, noise)
    widest = simultaneous_quantile(correlation, min(interval.df for interval in intervals), draws=10_000)
    low, high = intervals[0].bounds()
    largest = max(abs(interval.difference) / interval.variance**0.5 for interval in intervals)
    return low <= 0 <= high, largest <= widest


@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_95_percent_intervals_cover(seeds: int) -> None:
    rng = np.random.default_rng(seeds)
    pointwise, simultaneous = np.mean([experiment(rng, seeds) for _ in range(100)], axis=0)
    assert 0.89 <= pointwise <= 0.99
    assert 0.89 <= simultaneous <= 0.99


@pytest.mark.soak
@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_95_percent_intervals_cover_in_a_thousand_experiments(seeds: int) -> None:
    rng = np.random.default_rng(100 + seeds)
    pointwise, simultaneous = np.mean([experiment(rng, seeds) for _ in range(1000)], axis=0)
    assert 0.93 <= pointwise <= 0.97
    assert simultaneous >= 0.92


def test_one_document_gives_no_interval() -> None:
    one = np.zeros(4, np.int64)
    difference = np.arange(8.0).reshape(2, 4)
    for interval in (contrast(difference, one, run_noise(np.eye(3)[:, :2])), contrast_to_start(difference, one)):
        assert interval.difference == 3.5
        assert np.isnan(interval.bounds()).all()


def test_drawn_documents_vary_as_the_formula_says() -> None:
    generator = np.random.default_rng(2)
    cluster_N = np.sort(np.concatenate([np.arange(30), generator.integers(0, 30, 600)]))
    difference_KN = 0.1 * generator.standard_normal((2, 30))[:, cluster_N] + 0.05 * generator.standard_normal((2, 630))
    drawn_DK = draw_documents(difference_KN, cluster_N, 20_000)
    expected = [document_variance(row_N, cluster_N) ** 0.5 for row_N in difference_KN]
    np.testing.assert_allclose(drawn_DK.std(axis=0), expected, rtol=0.05)
    np.testing.assert_allclose(drawn_DK.mean(axis=0), difference_KN.mean(axis=1), atol=0.002)


def test_documents_drawn_again_by_hand() -> None:
    # Two documents of one question each, 0 and 1: a draw has the mean 0, 0.5 or 1, its deviation stretched by sqrt(2).
    drawn = draw_documents(np.array([[0.0, 1.0]]), np.array([0, 1]), 400)
    low, middle, high = np.unique(drawn.round(6))
    assert (low, middle, high) == pytest.approx((0.5 - 0.5**0.5, 0.5, 0.5 + 0.5**0.5), abs=1e-5)


def test_drawn_run_noise_is_that_of_differences_to_one_baseline() -> None:
    drawn_DK = draw_run_noise(RunNoise(0.04, 10), seeds=4, arms=3, draws=100_000)
    # A t variable with 10 degrees of freedom has the variance 10 / 8; the baseline's share is common to all arms.
    expected = 0.04 / 4 * 10 / 8 * (np.eye(3) + 1)
    np.testing.assert_allclose(np.cov(drawn_DK.T), expected, rtol=0.05)
