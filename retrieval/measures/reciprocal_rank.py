"""Reciprocal rank of the first relevant text."""

import numpy as np
from numpy.typing import NDArray


def reciprocal_rank_at(ranks_QR: NDArray[np.float64], cutoff: int) -> NDArray[np.float64]:
    """1 / rank of the first relevant text, 0 when it stands beyond the cutoff (MS MARCO's MRR@10 is its mean).

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
    >>> reciprocal_rank_at(np.array([[4.0, 5.0], [11.0, 12.0]]), 10)
    array([0.25, 0.  ])
    """
    first_Q = ranks_QR[:, 0]
    return np.where(first_Q <= cutoff, 1 / first_Q, 0.0)
