"""Score a suite in every setting: one row a query and setting."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from data.schema import ALL_LANGUAGES, PER_QUERY
from data.suites import Suite
from retrieval.index import CollectionIndex, require_finite
from retrieval.measures import RANK_MEASURES
from retrieval.measures.rank_distance import rank_distance
from retrieval.measures.same_language import same_language_share
from retrieval.ranks import Counts, Passages, Relevant, count_ahead, padded_ranks

Ints = NDArray[np.int64]
Columns = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class RowIdentity:
    """What is the same on every row of a cell and suite.

    Parameters
    ----------
    cell_id, control : str
    trained_languages : frozenset of str
        Languages that the cell was fine-tuned on; empty for the start.
    task_unseen : bool
        No split of the suite's source was trained on.
    start_unseen : bool, optional
        The suite is not in the start model's own training data; None when unknown.
    """

    cell_id: str
    control: str
    trained_languages: frozenset[str]
    task_unseen: bool
    start_unseen: bool | None


def score_suite(suite: Suite, queries: NDArray[np.float32], index: CollectionIndex, identity: RowIdentity) -> pa.Table:
    """Score every query of a suite against what the index holds.

    Parameters
    ----------
    suite : Suite
    queries : fp32 array
        Unit vectors [queries, dimension], in the order of ``suite.queries``.
    index : CollectionIndex
        Built from ``suite.candidates``.
    identity : RowIdentity

    Raises
    ------
    FloatingPointError
        If a vector is not finite: nothing compares with it, so it would rank first.

    Returns
    -------
    pa.Table
        In `data.schema.PER_QUERY`, one row for each query and collection that holds a relevant passage; ranks are over
        the full collection.
    """
    if len(queries) != suite.queries.num_rows or index.candidates.num_rows != suite.candidates.num_rows:
        raise ValueError(f"vectors and suite {suite.name} differ in their number of queries or passages")
    require_finite(queries)
    scorer = Scorer(suite, index)
    counts = scorer.count(queries, index.vectors())
    parts = [scorer.by_language(counts)] if {"mono", "cross"} & set(suite.settings) else []
    parts += [scorer.multilingual(counts)] if "multi" in suite.settings else []
    tables = [_table(suite, scorer.languages, identity, columns) for columns in parts]
    return pa.concat_tables([PER_QUERY.empty_table(), *tables])


class Scorer:
    """A suite as arrays: languages, pool and relevance by row; turns counts into per-query columns.

    The multilingual pool holds what exists in all languages, or everything where the suite says so. In a bitext suite
    the query's own language leaves the pool, and with it the language bias, which has no meaning without an answer in
    one's own language.
    """

    def __init__(self, suite: Suite, index: CollectionIndex) -> None:
        self.suite = suite
        self.languages = sorted(set(suite.candidates["lang"].to_pylist()) | set(suite.queries["lang"].to_pylist()))
        code = {lang: i for i, lang in enumerate(self.languages)}
        self.query_lang_Q = np.array([code[lang] for lang in suite.queries["lang"].to_pylist()], np.int64)
        self.lang_P = np.array([code[lang] for lang in suite.candidates["lang"].to_pylist()], np.int64)
        ids = np.array(suite.candidates["text_id"].to_pylist())
        self.id_order_P = np.empty(len(ids), np.int64)
        self.id_order_P[np.argsort(ids)[::-1]] = np.arange(len(ids))
        everything = suite.pool == "all"
        self.core_P = np.ones(len(ids), bool) if everything else in_all_languages(suite.candidates, len(self.languages))
        self.core_Q = in_all_languages(suite.queries, len(self.languages))
        self.relevant, self.meaning_R = find_relevant(suite)

    def count(self, queries: NDArray[np.float32], vectors: NDArray[np.float32]) -> Counts:
        """Count the passages ahead of every relevant one."""
        passages = Passages(vectors, self.lang_P, self.id_order_P, self.core_P)
        left_out_Q = self.query_lang_Q if self.suite.bitext else None
        return count_ahead(queries, passages, self.relevant, len(self.languages), left_out_Q)

    def by_language(self, counts: Counts) -> Columns:
        """Columns of the mono and cross settings: each query against each language's collection."""
        query_R, lang_R = self.relevant.query_R, self.lang_P[self.relevant.passage_R]
        same_R = self.query_lang_Q[query_R] == lang_R
        asked_R = (same_R & ("mono" in self.suite.settings)) | (~same_R & ("cross" in self.suite.settings))
        rank_R = 1 + counts.in_language_R
        n_languages = len(self.languages)
        groups, ranks_QR = padded_ranks((query_R * n_languages + lang_R)[asked_R], rank_R[asked_R])
        query_Q, lang_Q = np.divmod(groups, n_languages)
        pool_L = np.bincount(self.lang_P, minlength=n_languages)
        return {"query": query_Q, "passage_lang": lang_Q, "pool_size": pool_L[lang_Q], "ranks": ranks_QR}

    def multilingual(self, counts: Counts) -> Columns:
        """Columns of the multi setting: one pool, every translation of the answer relevant."""
        n_languages, n_queries = len(self.languages), len(self.query_lang_Q)
        query_R, passage_R = self.relevant
        allowed_QL = np.ones((n_queries, n_languages), bool)
        if self.suite.bitext:
            allowed_QL[np.arange(n_queries), self.query_lang_Q] = False
        asked_R = self.core_Q[query_R] & self.core_P[passage_R] & allowed_QL[query_R, self.lang_P[passage_R]]
        rank_R = 1 + counts.in_pool_R
        query_Q, ranks_QR = padded_ranks(query_R[asked_R], rank_R[asked_R])
        pool_L = np.bincount(self.lang_P[self.core_P], minlength=n_languages)
        pool_Q = allowed_QL @ pool_L
        own_R = asked_R & (self.meaning_R >= 0)
        distance_Q, scaled_Q = rank_distance(
            query_R[own_R], self.meaning_R[own_R], rank_R[own_R].astype(float), n_queries, pool_Q
        )
        columns = {
            "query": query_Q, "passage_lang": None, "pool_size": pool_Q[query_Q], "ranks": ranks_QR,
            "rank_distance": distance_Q[query_Q], "rank_distance_scaled": scaled_Q[query_Q],
        }  # fmt: skip
        if not self.suite.bitext:
            share_Q, excess_Q = same_language_share(counts.top_QL[query_Q], self.query_lang_Q[query_Q], pool_L)
            columns |= {"same_language_at_10": share_Q, "same_language_excess": excess_Q}
        return columns


def in_all_languages(texts: pa.Table, n_languages: int) -> NDArray[np.bool_]:
    """Which texts have a translation in every language."""
    meanings = np.unique(np.array(texts["parallel_id"].to_pylist(), dtype=np.str_), return_inverse=True)[1]
    everywhere: NDArray[np.bool_] = np.bincount(meanings)[meanings] == n_languages
    return everywhere


def find_relevant(suite: Suite) -> tuple[Relevant, Ints]:
    """Rows of the relevant passages of every query.

    Returns
    -------
    relevant : Relevant
        Passages whose meaning answers the query, and those with the same text in the same language as one of them; in a
        suite whose pool is everything, only what the source names.
    meaning_R : int array
        Code of the passage's meaning, or -1 when it is relevant by its text alone. Where the pool is everything all
        relevant passages of a query have one meaning.
    """
    everything = suite.pool == "all"
    ids, langs, texts = (suite.candidates[name].to_pylist() for name in ("parallel_id", "lang", "text"))
    by_meaning, by_text = _rows_by(ids), _rows_by(list(zip(langs, texts, strict=True)))
    code = {meaning: i for i, meaning in enumerate(by_meaning)}

    def answers(question: str) -> list[tuple[int, int]]:
        own = {row: code[meaning] for meaning in suite.relevant[question] for row in by_meaning.get(meaning, ())}
        if everything:
            return sorted(dict.fromkeys(own, 0).items())
        equal = {twin for row in own for twin in by_text[langs[row], texts[row]]}
        return sorted({**dict.fromkeys(equal, -1), **own}.items())

    questions = suite.queries["parallel_id"].to_pylist()
    found = {question: answers(question) for question in set(questions)}
    rows = [(query, row, meaning) for query, asked in enumerate(questions) for row, meaning in found[asked]]
    query_R, passage_R, meaning_R = np.array(rows, np.int64).reshape(-1, 3).T
    return Relevant(np.ascontiguousarray(query_R), np.ascontiguousarray(passage_R)), meaning_R


def _rows_by(keys: list[Any]) -> dict[Any, list[int]]:
    rows: dict[Any, list[int]] = {}
    for row, key in enumerate(keys):
        rows.setdefault(key, []).append(row)
    return rows


def _table(suite: Suite, languages: list[str], identity: RowIdentity, columns: Columns) -> pa.Table:
    """Per-query rows from columns by query row; a measure that does not apply is null."""
    query_Q, ranks_QR = columns["query"], columns["ranks"]
    asked = suite.queries.take(query_Q)
    query_langs = asked["lang"].to_pylist()
    multi = columns["passage_lang"] is None
    passage_langs = [ALL_LANGUAGES] * len(query_Q) if multi else [languages[code] for code in columns["passage_lang"]]
    pairs = list(zip(query_langs, passage_langs, strict=True))
    trained = identity.trained_languages | {ALL_LANGUAGES}
    values = {name: measure(ranks_QR) for name, measure in RANK_MEASURES.items()}
    values |= {name: columns[name] for name in columns.keys() & set(PER_QUERY.names) - {"passage_lang", "pool_size"}}
    known: Columns = {
        "cell_id": identity.cell_id, "control": identity.control, "suite": suite.name, "split": suite.split,
        "setting": ["multi" if multi else "mono" if query == passage else "cross" for query, passage in pairs],
        "query_lang": query_langs, "passage_lang": passage_langs,
        "query_id": asked["text_id"], "question_id": asked["parallel_id"], "cluster_id": asked["cluster_id"],
        "pool_size": columns["pool_size"], "n_relevant": np.isfinite(ranks_QR).sum(axis=1), "ranking": "full",
        "task_unseen": identity.task_unseen,
        "language_unseen": [query not in trained or passage not in trained for query, passage in pairs],
        "start_unseen": identity.start_unseen,
        **values,
    }  # fmt: skip
    return pa.table([_column(known.get(field.name), field.type, len(query_Q)) for field in PER_QUERY], schema=PER_QUERY)


def _column(value: Any, kind: pa.DataType, length: int) -> pa.Array | pa.ChunkedArray:
    """A column of a table: an array, or one value for every row; NaN is null."""
    if value is None or isinstance(value, str | bool):
        return pa.array([value] * length, kind)
    if isinstance(value, pa.ChunkedArray):
        return value.cast(kind)
    return pa.array(value, kind, from_pandas=True)
