"""Batch rows from Parquet as what one training step needs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from torch import Tensor

from data.relevance import Relevance
from retrieval.tokens import TokenTable
from retrieval.vocabulary import CompactVocabulary

Ids = NDArray[np.int32]


class Tokens(NamedTuple):
    """Token ids of every training text on either side."""

    query: TokenTable
    passage: TokenTable


@dataclass(frozen=True)
class Batch:
    """One batch.

    Parameters
    ----------
    kind : str
        ``mono`` or ``cross``; ``both`` when its rows are of both kinds.
    texts : list of int arrays
        Token ids of the batch's distinct texts, as rows of the compact vocabulary.
    query_B, passage_B : Tensor of int
        Position in `texts` of each row's query and passage.
    left_out_BB : Tensor of bool
        Passages that are no negatives of a query.
    """

    index: int
    kind: str
    texts: list[Ids]
    query_B: Tensor
    passage_B: Tensor
    left_out_BB: Tensor

    @property
    def tokens(self) -> int:
        """Real tokens of the batch's distinct texts."""
        return sum(len(ids) for ids in self.texts)


def read_batches(
    rows: pa.Table, tokens: Tokens, relevance: Relevance, vocabulary: CompactVocabulary
) -> Iterator[Batch]:
    """Yield the batches of ``batches.parquet`` in order."""
    starts: list[int] = np.flatnonzero(np.diff(rows["batch_idx"].to_numpy(), prepend=-1)).tolist()
    for start, stop in zip(starts, [*starts[1:], rows.num_rows], strict=True):
        yield _read_batch(rows.slice(start, stop - start).to_pydict(), tokens, relevance, vocabulary)


def _read_batch(
    rows: Mapping[str, list[str]], tokens: Tokens, relevance: Relevance, vocabulary: CompactVocabulary
) -> Batch:
    place: dict[tuple[str, str], int] = {}  # (side, text id) -> position: each distinct text is encoded once
    query = [place.setdefault(("query", text_id), len(place)) for text_id in rows["query_id"]]
    passage = [place.setdefault(("passage", text_id), len(place)) for text_id in rows["passage_id"]]
    texts = [vocabulary.compact(getattr(tokens, side)[text_id]) for side, text_id in place]
    kinds = set(rows["kind"])
    left_out = relevance.mask(rows["query_parallel_id"], rows["passage_parallel_id"], rows["passage_id"])
    return Batch(
        index=int(rows["batch_idx"][0]),
        kind=kinds.pop() if len(kinds) == 1 else "both",
        texts=texts,
        query_B=torch.tensor(query),
        passage_B=torch.tensor(passage),
        left_out_BB=torch.from_numpy(left_out),
    )


def used_tokens(rows: pa.Table, tokens: Tokens) -> Ids:
    """Distinct token ids of all texts in the batches, ascending."""
    parts = [
        tokens[side][text_id]
        for side, column in enumerate(("query_id", "passage_id"))
        for text_id in dict.fromkeys(rows[column].to_pylist())
    ]
    return np.unique(np.concatenate(parts))
