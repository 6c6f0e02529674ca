import numpy as np
import pytest
import torch
from transformers import (
    BertModel,
    DistilBertConfig,
    DistilBertModel,
    RobertaConfig,
    RobertaModel,
    XLMRobertaConfig,
    XLMRobertaModel,
)

from retrieval.encoder import Encoder
from retrieval.packed_bert import can_pack
from retrieval.step import encode_ids, equal_chunks
from retrieval.tiny import tiny_encoder
from retrieval.vocabulary import training_vocabulary

LENGTHS = (9, 3, 17, 3, 9, 9, 4, 30)


def texts() -> list[np.ndarray]:
    rng = np.random.default_rng(3)
    return [rng.integers(4, 200, length).astype(np.int32) for length in LENGTHS]


def padded(encoder: Encoder, rows: list[np.ndarray]) -> torch.Tensor:
    """The backbone's own forward over one padded batch."""
    ids = torch.ones(len(rows), max(map(len, rows)), dtype=torch.long)
    mask = torch.zeros_like(ids)
    for row, text in enumerate(rows):
        ids[row, : len(text)] = torch.from_numpy(text.astype(np.int64))
        mask[row, : len(text)] = 1
    return encoder(ids, mask)


def roberta() -> Encoder:
    tiny = tiny_encoder()
    config = XLMRobertaConfig(
        vocab_size=260, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48,
        max_position_embeddings=140, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, initializer_range=0.2,
    )  # fmt: skip
    torch.manual_seed(5)
    return Encoder(XLMRobertaModel(config, add_pooling_layer=False), tiny.tokenizer, pooling="cls").eval()


def distilbert() -> Encoder:
    config = DistilBertConfig(vocab_size=260, dim=32, n_layers=2, n_heads=4, hidden_dim=48, initializer_range=0.2)
    torch.manual_seed(5)
    return Encoder(DistilBertModel(config), tiny_encoder().tokenizer).eval()


@pytest.mark.parametrize(("make", "packs"), [(tiny_encoder, True), (roberta, True), (distilbert, False)])
@pytest.mark.parametrize(("chunk_tokens", "gradient_cache"), [(20, False), (10_000, False), (20, True)])
def test_vectors_and_gradients_equal_the_padded_forward(
    make, packs: bool, chunk_tokens: int, gradient_cache: bool
) -> None:
    encoder = make()
    assert can_pack(encoder.backbone) == packs
    ours = encode_ids(encoder, texts(), chunk_tokens, gradient_cache=gradient_cache)
    theirs = padded(encoder, texts())
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=0)
    weights = [parameter for parameter in encoder.parameters() if parameter.requires_grad]
    direction = torch.linspace(-1, 1, ours.numel()).view_as(ours)
    for ours_w, theirs_w in zip(
        torch.autograd.grad((ours * direction).sum(), weights),
        torch.autograd.grad((theirs * direction).sum(), weights),
        strict=True,
    ):
        torch.testing.assert_close(ours_w, theirs_w, atol=1e-5, rtol=1e-4)


def gradients(encoder: Encoder, gradient_cache: bool) -> list[torch.Tensor]:
    torch.manual_seed(9)
    vectors = encode_ids(encoder, texts(), 20, gradient_cache=gradient_cache)
    return list(torch.autograd.grad((vectors @ vectors.T).exp().sum(), list(encoder.parameters())))


@pytest.mark.parametrize("dropout", [0.0, 0.2])
def test_the_gradient_cache_gives_the_same_gradient(dropout: float) -> None:
    encoder = tiny_encoder().train()
    encoder.backbone.config.hidden_dropout_prob = dropout
    kept, cached = gradients(encoder, False), gradients(encoder, True)
    for kept_w, cached_w in zip(kept, cached, strict=True):
        torch.testing.assert_close(cached_w, kept_w, atol=1e-6, rtol=1e-5)


def test_the_gradient_cache_keeps_no_activations() -> None:
    def kept_bytes(gradient_cache: bool) -> int:
        kept: list[torch.Tensor] = []
        with torch.autograd.graph.saved_tensors_hooks(lambda x: (kept.append(x), x)[1], lambda x: x):
            encode_ids(tiny_encoder(), texts(), 20, gradient_cache=gradient_cache)
        return sum(x.nbytes for x in kept if not isinstance(x, torch.nn.Parameter))

    assert kept_bytes(True) < kept_bytes(False) / 10


def test_a_bert_with_another_activation_is_not_packed() -> None:
    encoder = tiny_encoder()
    encoder.backbone.config.hidden_act = "relu"
    assert isinstance(encoder.backbone, BertModel)
    assert not can_pack(encoder.backbone)


def test_chunks_hold_equal_work_and_every_text_once() -> None:
    ascending = sorted(texts(), key=len)
    chunks = equal_chunks(ascending, 30)
    assert [text for chunk in chunks for text in chunk] == ascending
    assert len(chunks) == 3  # 84 tokens in chunks of at most 30
    assert max(sum(map(len, chunk)) for chunk in chunks) <= 30 + max(LENGTHS)
    assert len(equal_chunks(ascending, 84)) == 1


def test_a_text_longer_than_a_chunk_is_a_chunk_of_its_own() -> None:
    assert [len(chunk) for chunk in equal_chunks([np.zeros(2), np.zeros(50)], 10)] == [1, 1]


def plain_roberta() -> Encoder:
    """RoBERTa proper, which is not packed and finds positions by the padding id."""
    config = RobertaConfig(
        vocab_size=260, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48,
        max_position_embeddings=140, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, initializer_range=0.2,
        pad_token_id=1,
    )  # fmt: skip
    torch.manual_seed(5)
    return Encoder(RobertaModel(config, add_pooling_layer=False), tiny_encoder().tokenizer).eval()


@pytest.mark.parametrize("make", [tiny_encoder, roberta, plain_roberta, distilbert])
def test_the_compact_vocabulary_gives_the_same_vectors(make) -> None:
    encoder = make()
    whole = encode_ids(encoder, texts(), 10_000)
    used = np.unique(np.concatenate(texts()))
    assert 1 not in used  # the padding id is in no text
    with training_vocabulary(encoder.backbone, used) as vocabulary:
        compact = encode_ids(encoder, [vocabulary.compact(text) for text in texts()], 10_000)
    torch.testing.assert_close(compact, whole, atol=1e-6, rtol=0)
