"""Same-language share: how much of a multilingual top 10 is in the query's own language."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def same_language_share(
    top_QL: NDArray[np.int64], own_Q: NDArray[np.int64], pool_L: NDArray[np.int64]
) -> tuple[Floats, Floats]:
    """Share of the query's language among its first texts, and its excess over that language's share of the pool.

    Parameters
    ----------
    top_QL : int array
        Number of texts of each language among the query's first ten.
    own_Q : int array
        The query's language.
    pool_L : int array
        Number of texts of each language in the pool.

    Returns
    -------
    share, excess : arrays of shape [Q]
        An unbiased ranking of equally good texts has an excess of 0 on average.

    Examples
    --------
    >>> share, excess = same_language_share(np.array([[8, 2]]), np.array([0]), np.array([50, 50]))
    >>> share, excess.round(2)
    (array([0.8]), array([0.3]))
    """
    share_Q = np.take_along_axis(top_QL, own_Q[:, None], axis=1)[:, 0] / np.maximum(top_QL.sum(axis=1), 1)
    return share_Q, share_Q - pool_L[own_Q] / pool_L.sum()
