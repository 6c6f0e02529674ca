"""Normalised discounted cumulative gain."""

import numpy as np
from numpy.typing import NDArray


def ndcg_at(ranks_QR: NDArray[np.float64], cutoff: int) -> NDArray[np.float64]:
    """nDCG with gain 1 for a relevant text and discount 1 / log2(rank + 1) (Järvelin and Kekäläinen 2002).

    trec_eval's ``ndcg_cut``; the ideal ranking has every relevant text first.

    Parameters
    ----------
    ranks_QR : array
        Ranks of each query's relevant texts, ascending, padded with infinity.
    cutoff : int
        Ranks beyond it gain nothing.

    Returns
    -------
    array of shape [Q], in [0, 1]

    Examples
    --------
    >>> ndcg_at(np.array([[1.0], [3.0], [11.0]]), 10)
    array([1. , 0.5, 0. ])
    """
    ideal_C = np.cumsum(1 / np.log2(np.arange(2, cutoff + 2)))
    relevant_Q = np.isfinite(ranks_QR).sum(axis=1)
    gain_Q = np.where(ranks_QR <= cutoff, 1 / np.log2(ranks_QR + 1), 0.0).sum(axis=1)
    ndcg_Q: NDArray[np.float64] = gain_Q / ideal_C[np.minimum(relevant_Q, cutoff) - 1]
    return ndcg_Q
