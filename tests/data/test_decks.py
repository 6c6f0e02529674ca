from collections import Counter
from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from data.decks import cross_deck, deal_pairs, fit_cross, mono_deck, quotas, round_cross
from data.errors import BadInput

EQUAL = {name: Fraction(1, 5) for name in ("de", "en", "ha", "sw", "yo")}
SKEWED = {
    "de": Fraction(3, 8),
    "en": Fraction(1, 4),
    "ha": Fraction(3, 16),
    "sw": Fraction(1, 8),
    "yo": Fraction(1, 16),
}
ELEVEN = {f"l{i:02d}": Fraction(1, 11) for i in range(11)}
SHARES = pytest.mark.parametrize("shares", [EQUAL, SKEWED, ELEVEN], ids=["equal", "skewed", "eleven"])
UNITS = pytest.mark.parametrize("n", [2, 7, 16, 60, 115, 1920])


def counts(codes: np.ndarray, shares: dict[str, Fraction]) -> list[int]:
    return np.bincount(codes, minlength=len(shares)).tolist()


def test_quotas_are_the_largest_remainders() -> None:
    shares = {"a": Fraction(47, 100), "b": Fraction(16, 100), "c": Fraction(158, 1000), "d": Fraction(212, 1000)}
    assert quotas(10, shares, lambda name, copy: 0) == {"a": 5, "b": 2, "c": 1, "d": 2}


def test_ties_of_quotas_go_by_the_hash() -> None:
    first = {"de": 3, "en": 1, "ha": 2, "sw": 5, "yo": 4}
    assert quotas(12, EQUAL, lambda name, copy: first[name]) == {"de": 2, "en": 3, "ha": 3, "sw": 2, "yo": 2}


def test_shares_that_floats_miss_stay_exact() -> None:
    assert quotas(3, dict.fromkeys("abc", Fraction(1, 3)), lambda name, copy: 0) == dict.fromkeys("abc", 1)


@SHARES
@UNITS
@pytest.mark.parametrize("seed", [0, 1])
def test_each_side_of_each_deck_equals_the_shares_within_one_unit(
    shares: dict[str, Fraction], n: int, seed: int
) -> None:
    query, passage = cross_deck(n, shares, seed)
    assert len(query) == len(passage) == n
    assert not (query == passage).any()
    assert counts(query, shares) == counts(passage, shares)
    for codes in (query, mono_deck(n, shares, seed)):
        assert all(
            abs(count - n * share) < 1 for count, share in zip(counts(codes, shares), shares.values(), strict=True)
        )


@SHARES
@pytest.mark.parametrize("n", [60, 1920, 10_000])
def test_the_cross_matrix_is_nearest_to_the_fitted_one(shares: dict[str, Fraction], n: int) -> None:
    query, passage = cross_deck(n, shares, seed=3)
    matrix = np.zeros((len(shares),) * 2, int)
    np.add.at(matrix, (query, passage), 1)
    fitted = fit_cross(np.array([float(share) for share in shares.values()]))
    assert np.allclose(fitted.sum(axis=0), list(map(float, shares.values())))
    assert np.allclose(fitted.sum(axis=1), list(map(float, shares.values())))
    assert np.abs(matrix - n * fitted).max() < 2


def test_rounding_finds_the_nearest_matrix_of_all() -> None:
    rng = np.random.default_rng(0)
    for _ in range(10):
        margins = [2, 3, 3, 2]
        target = rng.random((4, 4)) * 2 * (1 - np.eye(4))
        matrix = round_cross(target, margins, rng.random((4, 4)))
        assert matrix.sum(axis=0).tolist() == matrix.sum(axis=1).tolist() == margins
        assert np.trace(matrix) == 0 and matrix.min() >= 0
        assert np.abs(matrix - target).sum() == pytest.approx(best_distance(target, margins), abs=1e-4)


def best_distance(target: np.ndarray, margins: list[int]) -> float:
    """The smallest L1 distance over every zero-diagonal integer matrix with these margins."""
    size = len(margins)
    rows = [
        [
            row
            for row in product(*[[0] if i == j else range(margins[i] + 1) for j in range(size)])
            if sum(row) == margins[i]
        ]
        for i in range(size)
    ]
    return min(
        float(np.abs(np.array(matrix) - target).sum())
        for matrix in product(*rows)
        if [sum(column) for column in zip(*matrix, strict=True)] == margins
    )


def test_a_language_with_exactly_half_is_dealt() -> None:
    shares = {"en": Fraction(1, 2), "ha": Fraction(1, 4), "sw": Fraction(1, 4)}
    query, passage = cross_deck(400, shares, seed=1)
    assert counts(query, shares) == counts(passage, shares) == [200, 100, 100]
    assert ((query == 0) | (passage == 0)).all()


@pytest.mark.parametrize(
    ("n", "shares", "culprit"),
    [
        (10, {"en": Fraction(1)}, "'en'"),
        (1, EQUAL, "query language of 1"),
        (7, {"en": Fraction(1, 2), "sw": Fraction(1, 2)}, "query language of 4"),
        (
            100,
            {"en": Fraction(6, 10), "ha": Fraction(2, 10), "sw": Fraction(2, 10)},
            "'en' would be the query language of 60",
        ),
    ],
)
def test_what_cannot_be_crossed_is_one_sentence(n: int, shares: dict[str, Fraction], culprit: str) -> None:
    with pytest.raises(BadInput, match=culprit) as caught:
        cross_deck(n, shares, seed=0)
    assert f"{n} cross-lingual units" in str(caught.value) and "more languages" in str(caught.value)


@SHARES
def test_every_prefix_of_a_mono_deck_holds_the_languages_in_proportion(shares: dict[str, Fraction]) -> None:
    deck = mono_deck(1920, shares, seed=2)
    for code, share in enumerate(shares.values()):
        dealt = np.cumsum(deck == code)
        assert np.abs(dealt - np.arange(1, 1921) * float(share)).max() < 4


def test_equal_languages_come_once_a_round_in_an_order_redrawn_each_round() -> None:
    rounds = mono_deck(200, EQUAL, seed=2).reshape(40, 5)
    assert all(sorted(round_) == [0, 1, 2, 3, 4] for round_ in rounds.tolist())
    assert len({tuple(round_) for round_ in rounds.tolist()}) > 20


def test_every_ordered_pair_comes_once_a_round() -> None:
    query, passage = cross_deck(400, EQUAL, seed=2)
    for round_ in (query * 5 + passage).reshape(20, 20).tolist():
        assert Counter(round_) == Counter(a * 5 + b for a in range(5) for b in range(5) if a != b)


def test_decks_of_different_lengths_share_their_beginnings() -> None:
    """Another ratio means another number of units, and must not redraw the languages."""
    longest = mono_deck(960, EQUAL, seed=4)
    longest_cross = np.stack(cross_deck(960, EQUAL, seed=4))
    for n in range(2, 960, 73):
        assert mono_deck(n, EQUAL, seed=4).tolist() == longest[:n].tolist()
        whole_rounds = max(0, n // 20 - 1) * 20  # the quotas cut off the last two rounds
        shorter = np.stack(cross_deck(n, EQUAL, seed=4))[:, :whole_rounds]
        assert shorter.tolist() == longest_cross[:, :whole_rounds].tolist()


def test_skewed_decks_share_nearly_all() -> None:
    longest, shorter = mono_deck(960, SKEWED, seed=4), mono_deck(500, SKEWED, seed=4)
    assert (longest[:480] == shorter[:480]).all()
    longest_cross, shorter_cross = (np.stack(cross_deck(n, SKEWED, seed=4)) for n in (960, 500))
    assert (longest_cross[:, :400] == shorter_cross[:, :400]).all(axis=0).mean() > 0.9


def test_other_seeds_deal_other_decks() -> None:
    assert mono_deck(60, EQUAL, seed=1).tolist() != mono_deck(60, EQUAL, seed=2).tolist()
    assert np.stack(cross_deck(60, EQUAL, seed=1)).tolist() != np.stack(cross_deck(60, EQUAL, seed=2)).tolist()


def test_pairs_are_dealt_without_replacement_and_redrawn_each_pass() -> None:
    deals = deal_pairs(250, 100, seed=1)
    first, second, third = deals[:100].tolist(), deals[100:200].tolist(), deals[200:].tolist()
    assert sorted(first) == sorted(second) == list(range(100))
    assert first != second and len(set(third)) == 50
    assert deal_pairs(120, 100, seed=1).tolist() == deals[:120].tolist()
    assert deal_pairs(250, 100, seed=2).tolist() != deals.tolist()
    assert deal_pairs(0, 100, seed=1).tolist() == []
