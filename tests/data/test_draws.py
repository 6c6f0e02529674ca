from fractions import Fraction

import numpy as np
import pytest

from data.draws import keyed_fraction, keyed_order, keyed_permutation, keyed_uint64

GOLDEN = [33812139919289646, 317110344355968759, 14205268804375838783]


def test_draws_are_frozen() -> None:
    """Golden values: changing them changes every schedule and split ever made."""
    assert keyed_uint64(1, "pairs", np.arange(3)).tolist() == GOLDEN
    assert keyed_uint64(1, "pairs", 2).tolist() == GOLDEN[2:]


def test_a_draw_depends_on_seed_purpose_and_index_only() -> None:
    alone = keyed_uint64(7, "slots", 41)
    assert keyed_uint64(7, "slots", np.arange(100))[41] == alone[0]
    assert keyed_uint64(8, "slots", 41)[0] != alone[0]
    assert keyed_uint64(7, "kinds", 41)[0] != alone[0]


def test_no_two_indices_collide_and_bits_are_balanced() -> None:
    draws = keyed_uint64(3, "any", np.arange(100_000))
    assert len(np.unique(draws)) == 100_000
    shares = [float(((draws >> np.uint64(bit)) & np.uint64(1)).mean()) for bit in range(64)]
    assert min(shares) > 0.49 and max(shares) < 0.51


@pytest.mark.parametrize("n", [0, 1, 2, 1000])
def test_a_permutation_holds_every_index_once(n: int) -> None:
    assert sorted(keyed_permutation(5, "pass-0", n).tolist()) == list(range(n))


def test_permutations_of_different_keys_differ() -> None:
    first = keyed_permutation(5, "pass-0", 50).tolist()
    assert first != list(range(50))
    assert first != keyed_permutation(5, "pass-1", 50).tolist()
    assert first == keyed_permutation(5, "pass-0", 50).tolist()


def test_fractions_are_exact_and_in_the_unit_interval() -> None:
    drawn = [keyed_fraction(seed, "kinds") for seed in range(200)]
    assert all(isinstance(u, Fraction) and 0 <= u < 1 for u in drawn)
    assert 0.4 < float(sum(drawn) / len(drawn)) < 0.6
    assert drawn[1] == Fraction(int(keyed_uint64(1, "kinds", 0)[0]), 2**64)


def test_an_order_keeps_its_sense_when_names_come_and_go() -> None:
    names = [f"name-{i}" for i in range(30)]
    order = keyed_order(1, "documents", names)
    assert sorted(order) == sorted(names) and order != sorted(names)
    assert keyed_order(1, "documents", names[::-1]) == order
    assert keyed_order(1, "documents", names[:10]) == [name for name in order if name in names[:10]]
    assert keyed_order(2, "documents", names) != order
