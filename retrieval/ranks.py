"""Exact ranks from vectors: how many passages of each group stand ahead of each relevant one.

rank = 1 + number scored higher + number of equals that come first. Ties are trec_eval's: score, then document id as a
string, both descending. Nothing is sorted: one matrix product gives a chunk of scores, comparing them with a relevant
passage's score gives who is ahead, and a second product with the groups' membership counts them for every group at
once, so that the mono, cross and multilingual ranks of a passage come from one pass.
"""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

CHUNK_BYTES = 64 * 2**20  # of a chunk's scores: fits the memory of any machine, large enough for a fast product
LEAST_ROWS = 8
Ints = NDArray[np.int64]
Vectors = NDArray[np.float32]


class Relevant(NamedTuple):
    """Pairs of a query and a passage that answers it, as rows; sorted by query."""

    query_R: Ints
    passage_R: Ints


class Counts(NamedTuple):
    """What `count_ahead` finds.

    ahead_RG : passages of each group ahead of each relevant one.
    top_QG : passages of each group among the first `top` of the pool, for each query.
    """

    ahead_RG: Ints
    top_QG: Ints


def count_ahead(
    query_QD: Vectors, passage_PD: Vectors, id_order_P: Ints, relevant: Relevant, group_PG: NDArray[np.bool_],
    pool_P: NDArray[np.bool_], top: int = 10,
) -> Counts:  # fmt: skip
    """Count the passages ahead of every relevant one, group by group.

    Parameters
    ----------
    query_QD, passage_PD : fp32 arrays
        Unit vectors.
    id_order_P : int array
        Place of each passage when ids are sorted descending: of equal scores the smaller place is ahead.
    relevant : Relevant
        R pairs, sorted by query.
    group_PG : bool array
        Which passages belong to which group; groups may overlap.
    pool_P : bool array
        The pool whose first `top` passages are counted by group.
    """
    passages, groups, order = (torch.from_numpy(array) for array in (passage_PD, group_PG, id_order_P))
    groups = groups.float()
    ahead = [torch.zeros(0, groups.shape[1])]
    tops = [torch.zeros(0, groups.shape[1])]
    chunk = max(1, CHUNK_BYTES // (4 * len(passage_PD)))
    for start in range(0, len(query_QD), chunk):
        scores_CP = _scores(torch.from_numpy(query_QD[start : start + chunk]), passages)
        first, last = np.searchsorted(relevant.query_R, [start, start + chunk])
        for stretch in range(first, last, chunk):
            part = slice(stretch, min(stretch + chunk, last))
            rows = torch.from_numpy(relevant.query_R[part] - start)
            ahead.append(_ahead(scores_CP[rows], torch.from_numpy(relevant.passage_R[part]), order, groups))
        tops.append(_top(scores_CP, torch.from_numpy(pool_P), order, top) @ groups)
    return Counts(torch.cat(ahead).long().numpy(), torch.cat(tops).long().numpy())


def _scores(query_CD: Tensor, passage_PD: Tensor) -> Tensor:
    """Cosines [C, P] in fp32; equal passages get equal scores.

    With one to three rows the matrix product takes another path, in which they need not: few rows are padded.
    """
    padded = torch.nn.functional.pad(query_CD, (0, 0, 0, max(0, LEAST_ROWS - len(query_CD))))
    return (padded @ passage_PD.T)[: len(query_CD)]


def _ahead(scores_RP: Tensor, passage_R: Tensor, order_P: Tensor, group_PG: Tensor) -> Tensor:
    """Members of each group ahead of one passage a row; counts below 2^24 are exact in fp32."""
    own_R1 = scores_RP.gather(1, passage_R[:, None])
    ahead_RG = (scores_RP > own_R1).float() @ group_PG
    equal_RP = scores_RP == own_R1
    tied = equal_RP.sum(dim=1) > 1  # a passage equals itself
    if tied.any():
        first_RP = equal_RP[tied] & (order_P < order_P[passage_R[tied]][:, None])
        ahead_RG[tied] += first_RP.float() @ group_PG
    return ahead_RG


def _top(scores_CP: Tensor, pool_P: Tensor, order_P: Tensor, top: int) -> Tensor:
    """Mark the first `top` passages of the pool for each query, ties as above; float [C, P] of zeros and ones."""
    scores_CP = scores_CP.masked_fill(~pool_P, -torch.inf)
    top = min(top, int(pool_P.sum()))
    if top == 0:
        return torch.zeros_like(scores_CP)
    edge_C1 = scores_CP.topk(top, dim=1).values[:, -1:]
    marks_CP = scores_CP >= edge_C1
    for row in torch.nonzero(marks_CP.sum(dim=1) > top).flatten().tolist():
        equal = torch.nonzero(scores_CP[row] == edge_C1[row]).flatten()
        surplus = int(marks_CP[row].sum()) - top
        marks_CP[row, equal[order_P[equal].argsort(descending=True)[:surplus]]] = False
    return marks_CP.float()


def padded_ranks(group_R: Ints, rank_R: Ints) -> tuple[Ints, NDArray[np.float64]]:
    """Gather ranks by group.

    Returns
    -------
    groups : int array of shape [Q]
        The distinct groups, ascending.
    ranks_QR : array
        Each group's ranks, ascending, padded with infinity: what the measures take.
    """
    by_group = np.lexsort((rank_R, group_R))
    groups, first, count = np.unique(group_R[by_group], return_index=True, return_counts=True)
    ranks_QR = np.full((len(groups), int(count.max(initial=1))), np.inf)
    column = np.arange(len(by_group)) - np.repeat(first, count)
    ranks_QR[np.repeat(np.arange(len(groups)), count), column] = rank_R[by_group]
    return groups, ranks_QR
