"""A random encoder of two layers, for tests and dry runs: it reads any text, byte by byte."""

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

from retrieval.encoder import E5_PREFIXES, Encoder

_SPECIAL = {"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3}
_MAX_LENGTH = 128


def tiny_encoder(seed: int = 0) -> Encoder:
    """Build a `BertModel` of 2 layers, hidden size 32, with the same random weights for the same seed."""
    tokenizer = _byte_tokenizer()
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=_MAX_LENGTH,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        pad_token_id=_SPECIAL["<pad>"],
        initializer_range=0.1,  # wide enough that different texts get clearly different vectors
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        backbone = BertModel(config, add_pooling_layer=False)
    return Encoder(backbone, tokenizer, prefixes=E5_PREFIXES, max_length=_MAX_LENGTH).eval()


def _byte_tokenizer() -> PreTrainedTokenizerFast:
    """One token a UTF-8 byte: a BPE model without merges."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocab = _SPECIAL | {letter: len(_SPECIAL) + i for i, letter in enumerate(alphabet)}
    tokenizer = Tokenizer(models.BPE(vocab=vocab, merges=[], unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[(token, _SPECIAL[token]) for token in ("<s>", "</s>")]
    )
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        bos_token="<s>", eos_token="</s>", cls_token="<s>", sep_token="</s>", pad_token="<pad>", unk_token="<unk>",
        model_max_length=_MAX_LENGTH,
    )  # fmt: skip
