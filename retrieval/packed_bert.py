"""BERT without padding: the tokens of many texts in one [T, D] matrix, for training and for encoding alike.

1. Sort the texts by length and lay their tokens end to end: T real tokens, none of them padding.
2. Embeddings, linear layers, GELU and layer norms do not look across tokens: they run on [T, D] as one large matrix
   product, which a CPU does at its peak.
3. Attention looks across the tokens of one text only: texts of equal length n form a group, whose attention is an
   unmasked batched product of shape [texts, heads, n, n].

The result equals the padded forward of transformers (tested to 1e-5), with its gradient. Other architectures than BERT
and XLM-RoBERTa go through their own padded forward.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F
from transformers import BertModel, PreTrainedModel, XLMRobertaModel

Ids = NDArray[np.int32]
Module = Any  # transformers' modules, whose parts torch's types do not know


@dataclass(frozen=True)
class Group:
    """Texts of equal length that lie side by side."""

    texts: int
    length: int

    @property
    def tokens(self) -> int:
        """Tokens of all texts of the group."""
        return self.texts * self.length


def can_pack(backbone: PreTrainedModel) -> bool:
    """Whether `packed_forward` knows this architecture."""
    absolute = getattr(backbone.config, "position_embedding_type", "absolute") == "absolute"
    plain = getattr(backbone.config, "hidden_act", None) == "gelu"
    return type(backbone) in (BertModel, XLMRobertaModel) and absolute and plain


def group_by_length(lengths: Sequence[int]) -> list[Group]:
    """Group neighbouring texts of equal length; the texts must be sorted by length."""
    return [Group(len(list(same)), length) for length, same in groupby(lengths)]


def packed_forward(backbone: Module, texts: Sequence[Ids]) -> tuple[Tensor, list[Group]]:
    """Encode texts that are sorted by length.

    Parameters
    ----------
    backbone : BertModel or XLMRobertaModel
    texts : sequence of int arrays
        Token ids of each text, ascending in length.

    Returns
    -------
    hidden_TD : Tensor
        Last hidden states of all real tokens.
    groups : list of Group
        How the T rows are divided into texts.
    """
    groups = group_by_length([len(ids) for ids in texts])
    config: Any = backbone.config
    device = backbone.device
    ids_T = torch.from_numpy(np.concatenate(texts)).to(device)
    first = config.pad_token_id + 1 if isinstance(backbone, XLMRobertaModel) else 0
    positions_T = torch.cat([torch.arange(group.length, device=device).repeat(group.texts) for group in groups]) + first
    hidden_TD = _embed(backbone.embeddings, ids_T, positions_T, _dropout(backbone))
    for layer in backbone.encoder.layer:
        hidden_TD = _layer(layer, hidden_TD, groups, _dropout(backbone))
    return hidden_TD, groups


def pool_groups(hidden_TD: Tensor, groups: Sequence[Group], pooling: str) -> Tensor:
    """Reduce [T, D] to one fp32 row a text, [texts, D]: the mean over its tokens, or its first token."""
    parts = hidden_TD.split([group.tokens for group in groups])
    shaped = [part.view(group.texts, group.length, -1) for part, group in zip(parts, groups, strict=True)]
    return torch.cat([part.float().mean(dim=1) if pooling == "mean" else part[:, 0].float() for part in shaped])


def _embed(embeddings: Module, ids_T: Tensor, positions_T: Tensor, dropout: float) -> Tensor:
    words_TD = F.embedding(ids_T, embeddings.word_embeddings.weight)
    places_TD = F.embedding(positions_T, embeddings.position_embeddings.weight)
    types_D = embeddings.token_type_embeddings.weight[0]
    return F.dropout(_norm(embeddings.LayerNorm, words_TD + places_TD + types_D), dropout, dropout > 0)


def _layer(layer: Module, x_TD: Tensor, groups: Sequence[Group], dropout: float) -> Tensor:
    """One post-norm transformer layer (Devlin et al. 2019)."""
    attended_TD = _attention(layer.attention.self, x_TD, groups, dropout)
    x_TD = _add_norm(layer.attention.output, attended_TD, x_TD, dropout)
    inner_TF = F.gelu(_linear(layer.intermediate.dense, x_TD))
    return _add_norm(layer.output, inner_TF, x_TD, dropout)


def _attention(attention: Module, x_TD: Tensor, groups: Sequence[Group], dropout: float) -> Tensor:
    """Softmax attention within each text; query, key and value come out of one matrix product."""
    heads, width = attention.num_attention_heads, attention.attention_head_size
    parts = (attention.query, attention.key, attention.value)
    weight = torch.cat([part.weight for part in parts])
    bias = torch.cat([part.bias for part in parts])
    qkv_T3D = F.linear(x_TD, weight, bias)
    attended = []
    # `split` and not slices: a slice's backward fills a whole [T, 3D] matrix with zeros for each group.
    for part, group in zip(qkv_T3D.split([group.tokens for group in groups]), groups, strict=True):
        qkv = part.view(group.texts, group.length, 3, heads, width).permute(2, 0, 3, 1, 4)
        query, key, value = qkv.unbind()
        attended_HLD = _attend(query, key, value, dropout)
        attended.append(attended_HLD.transpose(1, 2).reshape(group.tokens, heads * width))
    return torch.cat(attended)


def _attend(query: Tensor, key: Tensor, value: Tensor, dropout: float) -> Tensor:
    """Softmax attention; torch's own is faster forward, but 1.7 times slower backward on a CPU."""
    if not torch.is_grad_enabled():
        return F.scaled_dot_product_attention(query, key, value)
    scores = (query * query.shape[-1] ** -0.5) @ key.transpose(-1, -2)
    shares = F.dropout(scores.softmax(dim=-1), dropout, dropout > 0)
    return shares @ value


def _add_norm(output: Module, inner: Tensor, residual_TD: Tensor, dropout: float) -> Tensor:
    projected_TD = F.dropout(_linear(output.dense, inner), dropout, dropout > 0)
    return _norm(output.LayerNorm, projected_TD + residual_TD)


def _linear(linear: Module, x: Tensor) -> Tensor:
    return F.linear(x, linear.weight, linear.bias)


def _norm(norm: Module, x_TD: Tensor) -> Tensor:
    return F.layer_norm(x_TD, norm.normalized_shape, norm.weight, norm.bias, norm.eps)


def _dropout(backbone: PreTrainedModel) -> float:
    return float(backbone.config.hidden_dropout_prob) if backbone.training else 0.0
