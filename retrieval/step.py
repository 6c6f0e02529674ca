"""The vectors of a batch: each distinct text once, sorted by length, in chunks of equal work.

With a gradient cache (GradCache, Gao et al., arXiv 2101.06983) a chunk's activations are dropped after its forward
pass and computed again when its gradient is asked for. The vectors of all chunks still meet in one loss, so loss and
gradient are those of the whole batch, in the memory of one chunk and for about a third more time.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from retrieval.encoder import Encoder
from retrieval.packed_bert import can_pack, packed_forward, pool_groups
from retrieval.vocabulary import padding_id

Ids = NDArray[np.int32]


def encode_ids(encoder: Encoder, texts: Sequence[Ids], chunk_tokens: int, *, gradient_cache: bool = False) -> Tensor:
    """Encode texts with gradient; they meet again in one matrix, so the loss sees one batch.

    Parameters
    ----------
    encoder : Encoder
    texts : sequence of int arrays
        Token ids of each text.
    chunk_tokens : int
        Most tokens of a chunk; a longer text is a chunk of its own.
    gradient_cache : bool
        Compute each chunk again in the backward pass instead of keeping its activations; dropout repeats its draws.

    Returns
    -------
    Tensor
        Unit vectors, [texts, dimension], fp32, in the order of `texts`.
    """
    order = np.argsort([len(ids) for ids in texts], kind="stable")
    ascending = [texts[i] for i in order]
    encode = _encode_packed if can_pack(encoder.backbone) else _encode_padded
    chunks = equal_chunks(ascending, chunk_tokens)
    if gradient_cache:
        # `checkpoint` repeats the random state of those devices only that its tensors lie on, so it gets one.
        weight = next(encoder.parameters())
        vectors = torch.cat(
            [checkpoint(lambda _, c: encode(encoder, c), weight, chunk, use_reentrant=False) for chunk in chunks]
        )
    else:
        vectors = torch.cat([encode(encoder, chunk) for chunk in chunks])
    return vectors[torch.from_numpy(np.argsort(order)).to(vectors.device)]


def equal_chunks(texts: Sequence[Ids], chunk_tokens: int) -> list[Sequence[Ids]]:
    """Cut texts into runs of about equally many tokens, as few as `chunk_tokens` allows."""
    ends = np.cumsum([len(ids) for ids in texts])
    chunks = -(-int(ends[-1]) // chunk_tokens)
    # A text belongs to the chunk in which its last token falls.
    chunk_of = np.minimum((ends - 1) * chunks // int(ends[-1]), chunks - 1)
    cuts = np.flatnonzero(np.diff(chunk_of)) + 1
    bounds = [0, *cuts.tolist(), len(texts)]
    return [texts[start:stop] for start, stop in pairwise(bounds)]


def _encode_packed(encoder: Encoder, texts: Sequence[Ids]) -> Tensor:
    hidden_TD, groups = packed_forward(encoder.backbone, texts)
    return encoder.head(pool_groups(hidden_TD, groups, encoder.pooling))


def _encode_padded(encoder: Encoder, texts: Sequence[Ids]) -> Tensor:
    """The backbone's own forward, for architectures that cannot be packed."""
    device = encoder.backbone.device
    ids_BT = torch.nn.utils.rnn.pad_sequence(
        [torch.from_numpy(ids.astype(np.int64)) for ids in texts], True, padding_id(encoder.backbone)
    )
    lengths_B = torch.tensor([len(ids) for ids in texts])
    mask_BT = (torch.arange(ids_BT.shape[1]) < lengths_B[:, None]).long()
    vectors: Tensor = encoder(ids_BT.to(device), mask_BT.to(device))
    return vectors
