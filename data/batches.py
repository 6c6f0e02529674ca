"""Pairs + strategy -> the rows of ``batches.parquet``, and the facts its manifest records."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from data.core_pairs import Corpus, load_corpus
from data.core_pairs import core_pairs as core_pairs
from data.decks import deal_pairs
from data.relevance import Relevance
from data.schedule import Deal, RowLanguages, ScheduleConfig, language_shares
from data.schema import BATCH_ROWS
from data.strategies import Strategy

VERSION = 1
ROW_GROUP = 1024 * 1024  # rows decoded at a time; pyarrow's own row group size, so both ways of writing agree
MASK_CELLS = 4 * 1024 * 1024  # mask entries computed at a time
Lengths = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class BatchPlan:
    """A cell's batches, held as codes and decoded on demand.

    Parameters
    ----------
    corpus : Corpus
        What the codes point into.
    rows : RowLanguages
        Kind and languages of each slot, [steps, batch size].
    pair_SB : int array of shape [steps, batch size]
        Pair of each slot.
    stats : dict
        JSON-able facts for the manifest.
    """

    corpus: Corpus
    rows: RowLanguages
    pair_SB: NDArray[np.int32]
    stats: dict[str, Any]

    @cached_property
    def table(self) -> pa.Table:
        """All rows in `BATCH_ROWS` order, by batch and slot."""
        return pa.concat_tables(list(self.chunks()))

    def chunks(self) -> Iterator[pa.Table]:
        """Decode the rows, a row group at a time; without rows, one empty group."""
        for start in range(0, max(1, self.pair_SB.size), ROW_GROUP):
            yield self._decode(np.arange(start, min(start + ROW_GROUP, self.pair_SB.size)))

    def _decode(self, row_R: NDArray[np.int64]) -> pa.Table:
        batch_size = self.pair_SB.shape[1]
        pair_R, mono_R, query_R, passage_R = (array.reshape(-1)[row_R] for array in (self.pair_SB, *self.rows))
        pairs, text_ids, tags = self.corpus.pairs, self.corpus.text_ids, pa.array(self.corpus.languages)
        columns = [
            pa.array((row_R // batch_size).astype(np.int32)),
            pa.array((row_R % batch_size).astype(np.int32)),
            pa.array(["cross", "mono"]).take(pa.array(mono_R.astype(np.int8))),
            tags.take(pa.array(query_R)),
            tags.take(pa.array(passage_R)),
            pairs["pair_id"].take(pa.array(pair_R)),
            text_ids.take(pa.array(self.corpus.query_NL[pair_R, query_R])),
            text_ids.take(pa.array(self.corpus.passage_NL[pair_R, passage_R])),
            pairs["query_parallel_id"].take(pa.array(pair_R)),
            pairs["passage_parallel_id"].take(pa.array(pair_R)),
        ]
        return pa.table(columns, schema=BATCH_ROWS)


def plan_batches(
    strategy: Strategy,
    schedule: ScheduleConfig,
    pairs: pa.Table,
    texts: pa.Table,
    seed: int,
    lengths: Lengths | None = None,
) -> BatchPlan:
    """Plan every batch of a cell.

    Slot (batch i, row j) holds deal i * batch size + j of the core pairs in every strategy and at every ratio; the
    strategy decides its languages only.

    Parameters
    ----------
    pairs, texts : pa.Table
        Rows of `data.schema.PAIRS` and `TEXTS`, in any order. The ``train`` pairs that exist in every language are
        dealt; the language temperature counts all train pairs of a language.
    seed : int
        Seed of every draw.
    lengths : mapping, optional
        Tokens of each text id, for ``"query"`` and ``"passage"``; adds real tokens to the stats.

    Raises
    ------
    BadInput
        A language without pairs, no core pairs, or cross-lingual units that cannot be dealt over the languages.
    """
    corpus = load_corpus(pairs, texts, schedule.languages)
    rows = deal_languages(strategy, schedule, corpus, seed)
    pair_SB = deal_pairs(rows.mono_SB.size, corpus.pairs.num_rows, seed).reshape(rows.mono_SB.shape)
    plan = BatchPlan(corpus, rows, pair_SB, {})
    relevance = Relevance.from_pairs(pairs, texts)
    return replace(plan, stats={"seed": seed, **_stats(strategy, plan, relevance, lengths)})


def deal_languages(strategy: Strategy, schedule: ScheduleConfig, corpus: Corpus, seed: int) -> RowLanguages:
    """Kind and languages of every slot; BadInput when cross-lingual units cannot be dealt over the languages."""
    shares = language_shares(corpus.pairs_per_language, schedule.language_temperature)
    return strategy.languages(Deal(schedule.steps, schedule.batch_size, shares, seed))


def write_plan(path: Path, plan: BatchPlan) -> None:
    """Write ``batches.parquet`` row group by row group: the bytes of `write_table` without the whole table."""
    with pq.ParquetWriter(path, BATCH_ROWS, compression="zstd") as writer:
        for chunk in plan.chunks():
            writer.write_table(chunk)


def _stats(strategy: Strategy, plan: BatchPlan, relevance: Relevance, lengths: Lengths | None) -> dict[str, Any]:
    """What the manifest records about a plan."""
    mono_SB, n_pairs = plan.rows.mono_SB, plan.corpus.pairs.num_rows
    masked_SB = _masked_passages(plan, relevance)
    return {
        "strategy": strategy.name,
        "batches": mono_SB.shape[0],
        "batch_size": mono_SB.shape[1],
        "rows": mono_SB.size,
        "core_pairs": n_pairs,
        "recycled_pairs": max(0, mono_SB.size - n_pairs),
        "target_share": _share(strategy.mono_share),
        "achieved_share": _share(Fraction(int(mono_SB.sum()), mono_SB.size) if mono_SB.size else None),
        "kinds": {
            kind: _kind_stats(plan, of_kind_SB, masked_SB, lengths)
            for kind, of_kind_SB in (("mono", mono_SB), ("cross", ~mono_SB))
        },
    }


def _share(share: Fraction | None) -> dict[str, str | float] | None:
    return None if share is None else {"exact": str(share), "value": float(share)}


def _masked_passages(plan: BatchPlan, relevance: Relevance) -> NDArray[np.int64]:
    """Number of passages that the loss leaves out of each slot's denominator; shape [steps, batch size]."""
    query_N = relevance.classes(plan.corpus.pairs["query_parallel_id"].to_pylist())
    passage_N = relevance.classes(plan.corpus.pairs["passage_parallel_id"].to_pylist())
    steps, batch_size = plan.pair_SB.shape
    stride = max(1, MASK_CELLS // batch_size**2)
    masked_SB = np.zeros((steps, batch_size), np.int64)
    for start in range(0, steps, stride):
        pair_SB = plan.pair_SB[start : start + stride]
        masked_SB[start : start + stride] = relevance.mask_classes(query_N[pair_SB], passage_N[pair_SB]).sum(axis=2)
    return masked_SB


def _kind_stats(
    plan: BatchPlan, of_kind_SB: NDArray[np.bool_], masked_SB: NDArray[np.int64], lengths: Lengths | None
) -> dict[str, Any]:
    """Counts of one kind; its batches are those with at least one row of the kind."""
    languages = plan.corpus.languages
    pair_K, query_K, passage_K = (
        array_SB[of_kind_SB] for array_SB in (plan.pair_SB, plan.rows.query_SB, plan.rows.passage_SB)
    )
    queries, passages = (np.bincount(codes_K, minlength=len(languages)) for codes_K in (query_K, passage_K))
    stats: dict[str, Any] = {
        "batches": int(of_kind_SB.any(axis=1).sum()),
        "rows": len(pair_K),
        "query_languages": dict(zip(languages, queries.tolist(), strict=True)),
        "passage_languages": dict(zip(languages, passages.tolist(), strict=True)),
        "untrained": [languages[code] for code in np.flatnonzero(queries + passages == 0)],
        "masked_passages": int(masked_SB[of_kind_SB].sum()),
    }
    if lengths is not None:
        stats["real_tokens"] = {
            "query": _tokens(plan.corpus, plan.corpus.query_NL[pair_K, query_K], lengths["query"]),
            "passage": _tokens(plan.corpus, plan.corpus.passage_NL[pair_K, passage_K], lengths["passage"]),
        }
    return stats


def _tokens(corpus: Corpus, text_K: NDArray[np.int64], lengths: Mapping[str, int]) -> int:
    """Sum of the lengths of the texts at these positions; a text without a length is a `KeyError`."""
    used, times = np.unique(text_K, return_counts=True)
    text_ids = corpus.text_ids.take(pa.array(used)).to_pylist()
    return sum(lengths[text_id] * int(count) for text_id, count in zip(text_ids, times, strict=True))
