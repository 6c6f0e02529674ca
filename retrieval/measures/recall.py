"""Recall at a cutoff."""

import numpy as np
from numpy.typing import NDArray


def recall_at(ranks_QR: NDArray[np.float64], cutoff: int) -> NDArray[np.float64]:
    """Share of a query's relevant texts within the cutoff: trec_eval's ``recall``.

    Parameters
    ----------
    ranks_QR : array
        Ranks of each query's relevant texts, ascending, padded with infinity.
    cutoff : int
        Last rank that counts.

    Returns
    -------
    array of shape [Q], in [0, 1]

    Examples
    --------
    >>> recall_at(np.array([[1.0, 11.0], [3.0, np.inf]]), 10)
    array([0.5, 1. ])
    """
    found_Q = (ranks_QR <= cutoff).sum(axis=1)
    recall_Q: NDArray[np.float64] = found_Q / np.isfinite(ranks_QR).sum(axis=1)
    return recall_Q
