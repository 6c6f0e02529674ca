"""The pairs a ratio sweep may train on: those whose query and passage exist in every training language."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from data.errors import BadInput


@dataclass(frozen=True)
class Corpus:
    """Core pairs with the text of each in each language, as integer codes.

    Parameters
    ----------
    pairs : pa.Table
        N pairs, sorted by pair id.
    text_ids : pa.ChunkedArray
        Text ids that `query_NL` and `passage_NL` point into.
    pairs_per_language : dict of str to int
        The L languages in code order, with all pairs of the split that each has.
    query_NL, passage_NL : int array of shape [N, L]
        Position in `text_ids` of a pair's query and passage.
    """

    pairs: pa.Table
    text_ids: pa.ChunkedArray
    pairs_per_language: dict[str, int]
    query_NL: NDArray[np.int64]
    passage_NL: NDArray[np.int64]

    @property
    def languages(self) -> tuple[str, ...]:
        """The training languages in code order."""
        return tuple(self.pairs_per_language)


def core_pairs(pairs: pa.Table, texts: pa.Table, languages: tuple[str, ...], split: str = "train") -> pa.Table:
    """Keep the pairs of a split whose query and passage exist in every language, sorted by pair id.

    A ratio sweep trains on these only: otherwise the ratio would also change the data.

    Raises
    ------
    BadInput
        A language has no pair at all, or no pair exists in all languages.
    """
    return load_corpus(pairs, texts, languages, split).pairs


def load_corpus(pairs: pa.Table, texts: pa.Table, languages: tuple[str, ...], split: str = "train") -> Corpus:
    """Index the core pairs by language; the order of languages and rows does not matter.

    Raises
    ------
    BadInput
        A language has no pair at all, or no pair exists in all languages.
    """
    tags = tuple(sorted(languages))
    pairs = pairs.filter(pc.equal(pairs["split"], split)).sort_by("pair_id").combine_chunks()
    ids = pc.unique(
        pa.chunked_array([*pairs["query_parallel_id"].chunks, *pairs["passage_parallel_id"].chunks], pa.string())
    )
    wanted = pc.and_(pc.is_in(texts["lang"], pa.array(tags)), pc.is_in(texts["parallel_id"], ids))
    texts = texts.filter(wanted).combine_chunks()
    text_IL = np.full((len(ids), len(tags)), -1, np.int64)
    text_IL[_codes(texts["parallel_id"], ids), _codes(texts["lang"], pa.array(tags))] = np.arange(texts.num_rows)
    query_NL = text_IL[_codes(pairs["query_parallel_id"], ids)]
    passage_NL = text_IL[_codes(pairs["passage_parallel_id"], ids)]
    exists_NL = (query_NL >= 0) & (passage_NL >= 0)
    counts = {tag: int(count) for tag, count in zip(tags, exists_NL.sum(axis=0), strict=True)}
    core_N = exists_NL.all(axis=1)
    _check_languages(counts, bool(core_N.any()), split)
    return Corpus(pairs.filter(pa.array(core_N)), texts["text_id"], counts, query_NL[core_N], passage_NL[core_N])


def _check_languages(counts: Mapping[str, int], any_core: bool, split: str) -> None:
    for tag, count in counts.items():
        if count == 0:
            others = ", ".join(other for other, there in counts.items() if there) or "languages of the source"
            raise BadInput(f"language {tag!r} has no {split} pairs; leave it out or choose from {others}")
    if not any_core:
        fewest = min(counts, key=lambda tag: counts[tag])
        raise BadInput(
            f"no {split} pair exists in all of {', '.join(counts)}; leave out the language with the fewest, "
            f"{fewest!r} ({counts[fewest]} pairs)"
        )


def _codes(column: pa.ChunkedArray, values: pa.Array) -> NDArray[np.int64]:
    """Position of each entry of a column in `values`, which holds them all; shape [rows]."""
    return np.asarray(pc.index_in(column, values)).astype(np.int64)
