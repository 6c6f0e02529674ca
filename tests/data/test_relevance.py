import numpy as np
import pyarrow as pa
import pytest

from data.relevance import Relevance
from data.schema import PAIRS, TEXTS


def pairs(*rows: tuple[str, str]) -> pa.Table:
    return pa.table(
        [
            [f"{q}-{p}" for q, p in rows],
            [q for q, _ in rows],
            [p for _, p in rows],
            ["d"] * len(rows),
            ["train"] * len(rows),
        ],
        schema=PAIRS,
    )


def texts(**pivot: str) -> pa.Table:
    """English texts as given; the German ones are all equal and must not count."""
    rows = [
        (f"{lang}-{key}", lang, key, "d", text if lang == "en" else "gleich")
        for key, text in pivot.items()
        for lang in ("en", "de")
    ]
    return pa.table([list(column) for column in zip(*rows, strict=True)] if rows else [[]] * 5, schema=TEXTS)


def mask(relevance: Relevance, rows: list[tuple[str, str]], ids: list[str] | None = None) -> list[list[int]]:
    ids = ids or [f"en-{passage}-{i}" for i, (_, passage) in enumerate(rows)]
    return relevance.mask([q for q, _ in rows], [p for _, p in rows], ids).astype(int).tolist()


def test_unique_ids_mask_nothing() -> None:
    relevance = Relevance.from_pairs(pairs(("q1", "p1"), ("q2", "p2"), ("q3", "p3")), texts())
    assert mask(relevance, [("q1", "p1"), ("q2", "p2"), ("q3", "p3")]) == [[0, 0, 0]] * 3


def test_a_translation_of_the_positive_is_masked_both_ways() -> None:
    relevance = Relevance.from_pairs(pairs(("q1", "p1"), ("q2", "p1"), ("q3", "p3")), texts())
    assert mask(relevance, [("q1", "p1"), ("q2", "p1"), ("q3", "p3")]) == [[0, 1, 0], [1, 0, 0], [0, 0, 0]]


def test_another_relevant_passage_of_the_query_is_masked_one_way() -> None:
    # q1 has the answers p1 and p2; q2 has p2 only: p1 stays a negative of q2
    relevance = Relevance.from_pairs(pairs(("q1", "p1"), ("q1", "p2"), ("q2", "p2")), texts())
    assert mask(relevance, [("q1", "p1"), ("q2", "p2")]) == [[0, 1], [0, 0]]


def test_queries_of_equal_pivot_text_share_their_relevant_passages() -> None:
    table = pairs(("q1", "p1"), ("q2", "p2"), ("q3", "p3"))
    merged = Relevance.from_pairs(table, texts(q1="Save", q2="Save", q3="save"))
    assert mask(merged, [("q1", "p1"), ("q2", "p2"), ("q3", "p3")]) == [[0, 1, 0], [1, 0, 0], [0, 0, 0]]


def test_passages_of_equal_pivot_text_are_one() -> None:
    table = pairs(("q1", "p1"), ("q2", "p2"), ("q3", "p3"))
    merged = Relevance.from_pairs(table, texts(p1="Turn it off.", p3="Turn it off.", p2="Turn it on."))
    assert mask(merged, [("q1", "p1"), ("q2", "p2"), ("q3", "p3")]) == [[0, 0, 1], [0, 0, 0], [1, 0, 0]]


def test_merging_carries_relevance_to_copies_of_the_passage() -> None:
    # q1 is answered by p1 and p2, and p3 reads like p2
    relevance = Relevance.from_pairs(pairs(("q1", "p1"), ("q1", "p2"), ("q3", "p3")), texts(p2="same", p3="same"))
    assert mask(relevance, [("q1", "p1"), ("q3", "p3")]) == [[0, 1], [0, 0]]


def test_equal_text_in_another_language_does_not_merge() -> None:
    relevance = Relevance.from_pairs(pairs(("q1", "p1"), ("q2", "p2")), texts(q1="a", q2="b", p1="c", p2="d"))
    assert mask(relevance, [("q1", "p1"), ("q2", "p2")]) == [[0, 0], [0, 0]]


def test_equal_text_ids_are_masked() -> None:
    relevance = Relevance.from_pairs(pairs(("q1", "p1"), ("q2", "p2"), ("q3", "p3")), texts())
    assert mask(relevance, [("q1", "p1"), ("q2", "p2"), ("q3", "p3")], ["t1", "t2", "t1"]) == [
        [0, 0, 1],
        [0, 0, 0],
        [1, 0, 0],
    ]


def test_the_diagonal_is_never_masked_even_for_a_pair_dealt_twice() -> None:
    relevance = Relevance.from_pairs(pairs(("q1", "p1")), texts())
    assert mask(relevance, [("q1", "p1"), ("q1", "p1")], ["t1", "t1"]) == [[0, 1], [1, 0]]


def test_bitext_ids_may_be_query_and_passage_at_once() -> None:
    relevance = Relevance.from_pairs(pairs(("a", "a"), ("b", "b")), texts(a="one", b="two"))
    assert mask(relevance, [("a", "a"), ("b", "b"), ("a", "a")]) == [[0, 0, 1], [0, 0, 0], [1, 0, 0]]


def test_an_id_without_a_pair_is_an_error() -> None:
    relevance = Relevance.from_pairs(pairs(("q1", "p1")), texts())
    with pytest.raises(KeyError, match="q9"):
        relevance.mask(["q9"], ["p1"], ["t1"])


@pytest.mark.parametrize("seed", range(5))
def test_many_batches_at_once_agree_with_the_definition(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows = sorted({(f"q{q}", f"p{p}") for q, p in rng.integers(0, 12, (25, 2))})
    relevance = Relevance.from_pairs(pairs(*rows), texts())
    batches = [[rows[i] for i in rng.integers(0, len(rows), 16)] for _ in range(4)]
    queries = np.array([relevance.classes([q for q, _ in batch]) for batch in batches])
    passages = np.array([relevance.classes([p for _, p in batch]) for batch in batches])
    expected = [
        [
            [i != j and ((qi, pj) in rows or pi == pj) for j, (_, pj) in enumerate(batch)]
            for i, (qi, pi) in enumerate(batch)
        ]
        for batch in batches
    ]
    assert relevance.mask_classes(queries, passages).tolist() == expected
    assert [mask(relevance, batch) for batch in batches] == expected
    assert np.any(expected) and not np.all(expected)
