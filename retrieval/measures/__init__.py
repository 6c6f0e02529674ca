"""The registry of measures: ranks of the relevant texts in, one value a query out.

All take `ranks_QR`: for each query the ranks (1 is first) of its relevant texts, ascending, padded with infinity.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from retrieval.measures.average_precision import average_precision
from retrieval.measures.ndcg import ndcg_at
from retrieval.measures.recall import recall_at
from retrieval.measures.reciprocal_rank import reciprocal_rank_at

Ranks = NDArray[np.float64]

RANK_MEASURES: dict[str, Callable[[Ranks], NDArray[np.float64]]] = {
    "average_precision": average_precision,
    "ndcg_at_10": lambda ranks_QR: ndcg_at(ranks_QR, 10),
    "mrr_at_10": lambda ranks_QR: reciprocal_rank_at(ranks_QR, 10),
    "recall_at_1": lambda ranks_QR: recall_at(ranks_QR, 1),
    "recall_at_10": lambda ranks_QR: recall_at(ranks_QR, 10),
    "recall_at_100": lambda ranks_QR: recall_at(ranks_QR, 100),
}
