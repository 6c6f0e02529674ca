"""Average precision."""

import numpy as np
from numpy.typing import NDArray


def average_precision(ranks_QR: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over the relevant texts of the precision at each one's rank, over the full ranking.

    trec_eval's ``map`` (Buckley and Voorhees 2005); its mean over queries is mAP.

    Parameters
    ----------
    ranks_QR : array
        Ranks of each query's relevant texts, ascending, padded with infinity.

    Returns
    -------
    array of shape [Q], in (0, 1]

    Examples
    --------
    >>> average_precision(np.array([[1.0, 4.0], [2.0, np.inf]]))
    array([0.75, 0.5 ])
    """
    found_R = np.arange(1, ranks_QR.shape[1] + 1)
    relevant_Q = np.isfinite(ranks_QR).sum(axis=1)
    precision_Q: NDArray[np.float64] = (found_R / ranks_QR).sum(axis=1) / relevant_Q
    return precision_Q
