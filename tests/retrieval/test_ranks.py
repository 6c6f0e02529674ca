import numpy as np
import pytest
import pytrec_eval
import torch

from retrieval.measures import RANK_MEASURES
from retrieval.ranks import Relevant, _scores, count_ahead, padded_ranks

QUERIES, PASSAGES = 40, 300


def unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def vectors(kind: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Queries and passages: in general position, with many equal scores, or with nothing but equal scores."""
    if kind == "all equal":
        return np.ones((QUERIES, 1), np.float32), np.ones((PASSAGES, 1), np.float32)
    if kind == "full of ties":  # exact in fp32: every score is one of a few integers
        return (
            rng.integers(-1, 2, (QUERIES, 3)).astype(np.float32),
            rng.integers(-1, 2, (PASSAGES, 3)).astype(np.float32),
        )
    return unit(rng.normal(size=(QUERIES, 16))), unit(rng.normal(size=(PASSAGES, 16)))


def by_pytrec(scores: np.ndarray, ids: list[str], relevant: list[list[int]]) -> dict[str, list[float]]:
    qrels = {str(q): {ids[p]: 1 for p in rows} for q, rows in enumerate(relevant)}
    run = {str(q): dict(zip(ids, map(float, row), strict=True)) for q, row in enumerate(scores)}
    names = {"map", "ndcg_cut_10", "recip_rank", "recall_1", "recall_10", "recall_100"}
    found = pytrec_eval.RelevanceEvaluator(qrels, names).evaluate(run)
    rows = [found[str(q)] for q in range(len(relevant))]
    return {
        "average_precision": [row["map"] for row in rows],
        "ndcg_at_10": [row["ndcg_cut_10"] for row in rows],
        "mrr_at_10": [row["recip_rank"] if row["recip_rank"] >= 0.1 else 0.0 for row in rows],
        **{f"recall_at_{k}": [row[f"recall_{k}"] for row in rows] for k in (1, 10, 100)},
    }


@pytest.mark.parametrize("kind", ["random", "full of ties", "all equal"])
@pytest.mark.parametrize("answers", [1, 7])
@pytest.mark.parametrize("chunk_bytes", [4 * PASSAGES * 7, 2**26])
def test_measures_agree_with_trec_eval(
    kind: str, answers: int, chunk_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("retrieval.ranks.CHUNK_BYTES", chunk_bytes)
    rng = np.random.default_rng(7)
    queries, passages = vectors(kind, rng)
    ids = [f"{n:08x}" for n in rng.permutation(PASSAGES) * 7919]
    relevant = [sorted(rng.choice(PASSAGES, answers, replace=False).tolist()) for _ in range(QUERIES)]
    order = np.empty(PASSAGES, np.int64)
    order[np.argsort(ids)[::-1]] = np.arange(PASSAGES)
    rows = Relevant(np.repeat(np.arange(QUERIES), answers), np.concatenate(relevant))
    everything = np.ones((PASSAGES, 1), bool)
    counts = count_ahead(queries, passages, order, rows, everything, everything[:, 0])
    _, ranks = padded_ranks(rows.query_R, 1 + counts.ahead_RG[:, 0])
    theirs = by_pytrec(queries @ passages.T, ids, relevant)
    for name, measure in RANK_MEASURES.items():
        np.testing.assert_allclose(measure(ranks), theirs[name], atol=1e-6, err_msg=name)


def test_groups_are_counted_apart_and_add_up() -> None:
    # One query along the x axis; scores fall from passage 0 to 5; groups: even rows, odd rows.
    passages = np.array([[1 - 0.1 * row] for row in range(6)], np.float32)
    group_PG = np.array([[row % 2 == 0, row % 2 == 1] for row in range(6)])
    relevant = Relevant(np.array([0]), np.array([4]))
    counts = count_ahead(
        np.ones((1, 1), np.float32), passages, np.arange(6), relevant, group_PG, np.array([False, *[True] * 5]), top=3
    )
    assert counts.ahead_RG.tolist() == [[2, 2]]  # rows 0 and 2; rows 1 and 3
    assert counts.top_QG.tolist() == [[1, 2]]  # the pool starts at row 1: its first three are rows 1, 2, 3


def test_of_equal_scores_the_larger_id_is_in_the_top() -> None:
    order = np.array([3, 1, 0, 2])  # ids descending: row 2, row 1, row 3, row 0
    counts = count_ahead(
        np.ones((1, 1), np.float32), np.ones((4, 1), np.float32), order, Relevant(np.array([0]), np.array([3])),
        np.eye(4, dtype=bool), np.ones(4, bool), top=2,
    )  # fmt: skip
    assert counts.top_QG.tolist() == [[0, 1, 1, 0]]
    assert counts.ahead_RG.tolist() == [[0, 1, 1, 0]]


def test_ranks_are_padded_group_by_group() -> None:
    groups, ranks = padded_ranks(np.array([5, 2, 5, 5]), np.array([30, 1, 10, 20]))
    assert groups.tolist() == [2, 5]
    assert ranks.tolist() == [[1, np.inf, np.inf], [10, 20, 30]]


@pytest.mark.parametrize("queries", [1, 2, 3, 5])
def test_equal_passages_score_equal_however_few_queries_there_are(queries: int) -> None:
    rng = np.random.default_rng(4)
    passages = np.repeat(unit(rng.normal(size=(1, 384))), 333, axis=0)
    scores = _scores(torch.from_numpy(unit(rng.normal(size=(queries, 384)))), torch.from_numpy(passages))
    assert scores.shape == (queries, 333)
    assert (scores == scores[:, :1]).all()
