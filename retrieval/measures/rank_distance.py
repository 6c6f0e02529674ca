"""Rank distance: how far apart a multilingual ranking puts texts of equal meaning."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def rank_distance(
    query_R: NDArray[np.int64], meaning_R: NDArray[np.int64], rank_R: Floats, n_queries: int, pool_Q: NDArray[np.int64]
) -> tuple[Floats, Floats]:
    """Largest less smallest rank among the translations of a relevant text, in the multilingual pool.

    Per query the mean over its relevant meanings that exist in L >= 2 languages (arXiv 2305.09025, as used in
    2408.10536). Scaled, it is (distance - (L - 1)) / (pool - L): 0 when the translations stand side by side, 1 when
    they could not be further apart.

    Parameters
    ----------
    query_R, meaning_R : int arrays
        Query and meaning (code of the parallel id) of each relevant text.
    rank_R : array
        Rank of each relevant text in the query's pool.
    n_queries : int
        Number of queries Q.
    pool_Q : int array
        Pool size of each query.

    Returns
    -------
    distance, scaled : arrays of shape [Q]
        NaN for a query without such a meaning.
    """
    n_meanings = int(meaning_R.max(initial=0)) + 1
    group_G, group_R, size_G = np.unique(query_R * n_meanings + meaning_R, return_inverse=True, return_counts=True)
    first_G = np.full(len(group_G), np.inf)
    last_G = np.full(len(group_G), -np.inf)
    np.minimum.at(first_G, group_R, rank_R)
    np.maximum.at(last_G, group_R, rank_R)
    several_G = size_G >= 2
    query_G, size_G = group_G[several_G] // n_meanings, size_G[several_G]
    distance_G = (last_G - first_G)[several_G]
    room_G = np.maximum(pool_Q[query_G] - size_G, 1)  # a pool of the translations alone has no room: distance is L - 1
    return (
        _mean_by_query(query_G, distance_G, n_queries),
        _mean_by_query(query_G, (distance_G - (size_G - 1)) / room_G, n_queries),
    )


def _mean_by_query(query_G: NDArray[np.int64], value_G: Floats, n_queries: int) -> Floats:
    count_Q = np.bincount(query_G, minlength=n_queries)
    total_Q = np.bincount(query_G, weights=value_G, minlength=n_queries)
    mean_Q: Floats = np.divide(total_Q, count_Q, out=np.full(n_queries, np.nan), where=count_Q > 0)
    return mean_Q
