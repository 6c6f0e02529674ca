import numpy as np
import pytest

from retrieval.measures.rank_distance import rank_distance
from retrieval.measures.same_language import same_language_share


def test_rank_distance_is_the_mean_over_meanings_of_last_less_first() -> None:
    # Query 0: meaning 7 at ranks 3, 10 and 4 (distance 7), meaning 9 at 20 and 21 (distance 1). Query 1: one language.
    distance, scaled = rank_distance(
        np.array([0, 0, 0, 0, 0, 1]), np.array([7, 7, 7, 9, 9, 7]), np.array([3.0, 10, 4, 20, 21, 5]), 2,
        np.array([103, 103]),
    )  # fmt: skip
    assert distance[0] == (7 + 1) / 2
    assert scaled[0] == pytest.approx(((7 - 2) / (103 - 3) + 0) / 2)
    assert np.isnan(distance[1])
    assert np.isnan(scaled[1])


def test_translations_side_by_side_and_as_far_apart_as_can_be() -> None:
    _, scaled = rank_distance(
        np.array([0, 0, 1, 1]), np.array([0, 0, 0, 0]), np.array([1.0, 2, 1, 50]), 2, np.array([50, 50])
    )
    assert scaled.tolist() == [0, 1]


def test_the_excess_is_over_the_languages_share_of_the_pool() -> None:
    share, excess = same_language_share(np.array([[9, 1], [9, 1]]), np.array([0, 1]), np.array([90, 30]))
    assert share.tolist() == [0.9, 0.1]
    np.testing.assert_allclose(excess, [0.9 - 0.75, 0.1 - 0.25])
