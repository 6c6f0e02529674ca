import pyarrow as pa
import pytest
from pydantic import ValidationError

from data.schema import PAIRS
from data.splits import SplitConfig, passages_seen_in_train, split_facts, split_units

UNITS = {f"unit{i}": 1 + i % 5 for i in range(200)}


def filled(sizes: dict[str, int], splits: dict[str, str]) -> dict[str, int]:
    return {split: sum(n for unit, n in sizes.items() if splits[unit] == split) for split in ("train", "dev", "test")}


def test_splits_are_filled_by_pairs_and_not_by_units() -> None:
    total = sum(UNITS.values())
    counts = filled(UNITS, split_units(UNITS, SplitConfig(dev=0.1, test=0.2), "split/x"))
    assert sum(counts.values()) == total
    # A split is filled until it holds its share, so it exceeds it by less than one unit.
    assert 0.1 * total <= counts["dev"] < 0.1 * total + 5
    assert 0.2 * total <= counts["test"] < 0.2 * total + 5


def test_a_large_unit_goes_to_train_whatever_its_hash() -> None:
    for seed in range(20):
        splits = split_units({**UNITS, "large": 30}, SplitConfig(seed=seed), "split/x")
        assert splits["large"] == "train"


def test_the_split_depends_on_seed_and_purpose_but_not_on_the_order_of_units() -> None:
    splits = split_units(UNITS, SplitConfig(), "split/x")
    assert split_units(dict(reversed(UNITS.items())), SplitConfig(), "split/x") == splits
    assert split_units(UNITS, SplitConfig(seed=1), "split/x") != splits
    assert split_units(UNITS, SplitConfig(), "split/y") != splits


def test_no_share_no_evaluation() -> None:
    assert set(split_units(UNITS, SplitConfig(dev=0, test=0), "split/x").values()) == {"train"}


def test_a_share_of_more_than_all_is_refused() -> None:
    with pytest.raises(ValidationError):
        SplitConfig(test=1.5)


def test_a_passage_of_test_with_the_text_of_train_in_any_language_is_seen() -> None:
    rows = [("train", "p1"), ("test", "p2"), ("dev", "p3"), ("test", "p1"), ("test", "p4"), ("dev", "p5")]
    texts = {
        "en": {"p1": "one", "p2": "two", "p3": "three", "p4": "one", "p5": "five"},
        "de": {"p1": "eins", "p3": "eins", "p4": "vier"},
    }
    assert passages_seen_in_train(rows, texts) == {
        "p1": ("de", "eins"), "p3": ("de", "eins"), "p4": ("en", "one"),
    }  # fmt: skip


def test_facts_count_the_queries_that_recur() -> None:
    rows = [("1", "device", "p1", "a", "train"), ("2", "device", "p2", "b", "test"), ("3", "host", "p2", "b", "test")]
    pairs = pa.table(list(map(pa.array, zip(*rows, strict=True))), schema=PAIRS)
    facts = split_facts(pairs)
    assert facts["train"] == {"pairs": 1, "queries": 1, "passages": 1, "documents": 1}
    assert facts["test"] == {"pairs": 2, "queries": 2, "passages": 1, "documents": 1, "recurring_queries": 1}
