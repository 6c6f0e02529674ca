from fractions import Fraction

import numpy as np
import pytest
from pydantic import ValidationError

from data.draws import keyed_fraction
from data.schedule import Deal, ScheduleConfig, language_shares, spread

RATIOS = tuple(
    Fraction(text) for text in ["0", "0.05", "0.1", "0.25", "0.35", "0.4", "0.5", "0.6", "0.65", "0.75", "0.95", "1"]
)


@pytest.mark.parametrize("ratio", RATIOS, ids=str)
@pytest.mark.parametrize("n", [1, 2, 7, 10, 60, 115, 1920])
def test_totals_are_exact_and_prefixes_within_one_and_a_half(ratio: Fraction, n: int) -> None:
    offsets = [Fraction(0), Fraction(1, 2), Fraction(2**64 - 1, 2**64), *(keyed_fraction(s, "kinds") for s in range(5))]
    for u in offsets:
        mono = spread(n, ratio, u)
        assert mono.sum() == (2 * ratio * n + 1) // 2
        for i, dealt in enumerate(np.cumsum(mono).tolist()):
            assert abs(dealt - (i + 1) * ratio) <= Fraction(3, 2)


@pytest.mark.parametrize("ratio", RATIOS, ids=str)
def test_the_integer_rule_is_the_fraction_rule(ratio: Fraction) -> None:
    for n, seed in ((7, 0), (60, 1), (113, 2)):
        u, a = keyed_fraction(seed, "kinds"), Fraction((2 * ratio * n + 1) // 2, n)
        expected = [(i + 1) * a + u for i in range(n)]
        assert spread(n, ratio, u).tolist() == [int(x) > int(x - a) for x in expected]


def test_halves_round_up_and_not_to_even() -> None:
    assert spread(10, Fraction("0.05"), Fraction(0)).sum() == 1
    assert spread(10, Fraction("0.25"), Fraction(0)).sum() == 3
    assert spread(10, Fraction("0.35"), Fraction(0)).sum() == 4  # 0.35 as a float, times 10, plus 0.5, falls to 3.99...


def test_where_the_kinds_fall_depends_on_the_seed() -> None:
    drawn = {tuple(spread(20, Fraction(1, 4), keyed_fraction(seed, "kinds")).tolist()) for seed in range(30)}
    assert len(drawn) == 4


def test_ten_million_units_do_not_overflow() -> None:
    mono = spread(10_000_000, Fraction("0.95"), Fraction(2**64 - 1, 2**64))
    assert mono.sum() == 9_500_000
    assert mono[:1000].sum() in (949, 950, 951)


@pytest.mark.parametrize("ratio", RATIOS, ids=str)
def test_shuffled_slots_keep_each_batchs_share(ratio: Fraction) -> None:
    deal = Deal(steps=40, batch_size=32, shares={"en": Fraction(1)}, seed=1, ratio=ratio)
    rows = deal.spread_kinds(deal.rows).reshape(40, 32)
    shuffled = deal.shuffle_slots(rows)
    assert shuffled.sum(axis=1).tolist() == rows.sum(axis=1).tolist()
    assert all(abs(int(count) - 32 * ratio) <= 1 for count in shuffled.sum(axis=1))
    if ratio == Fraction(1, 4):  # unshuffled, mono rows sit in every fourth slot of every batch
        assert set(rows.sum(axis=0).tolist()) == {0, 40}
        assert shuffled.sum(axis=0).min() > 2 and shuffled.sum(axis=0).max() < 22


def test_shares_follow_the_temperature() -> None:
    pairs = {"sw": 100, "en": 1600}
    assert language_shares(pairs, None) == {"en": Fraction(1, 2), "sw": Fraction(1, 2)}
    assert [float(share) for share in language_shares(pairs, 1.0).values()] == pytest.approx([16 / 17, 1 / 17])
    assert [float(share) for share in language_shares(pairs, 2.0).values()] == pytest.approx([4 / 5, 1 / 5])
    assert sum(language_shares({"a": 3, "b": 7, "c": 11}, 3.3).values()) == 1
    assert min(language_shares({"a": 1, "b": 10**6}, 0.1).values()) > 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"steps": 0}, "steps"),
        ({"batch_size": 1}, "batch_size"),
        ({"languages": ()}, "languages"),
        ({"languages": ("sw", "en", "sw")}, "training language 'sw' is named twice; name each language once"),
        ({"language_temperature": 0.0}, "language_temperature"),
        ({"alpha": 0.5}, "alpha"),
    ],
)
def test_bad_settings_are_named(change: dict[str, object], words: str) -> None:
    good: dict[str, object] = {"steps": 60, "batch_size": 32, "languages": ("en", "sw")}
    ScheduleConfig(**good)
    with pytest.raises(ValidationError, match=words):
        ScheduleConfig(**(good | change))
