"""Keyed draws: every random choice is a hash of (seed, purpose, index), so that changing one stream shifts no other."""

import hashlib
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

UInt64 = NDArray[np.uint64]


def keyed_uint64(seed: int, purpose: str, index: NDArray[np.integer] | int) -> UInt64:
    """Draw 64 uniform bits for each index.

    The (seed, purpose) pair is hashed with BLAKE2b into a 64-bit key, and the key and each index go through the
    SplitMix64 finaliser (Steele, Lea and Flood 2014), which is a bijection: no two indices collide.
    """
    digest = hashlib.blake2b(f"{seed}/{purpose}".encode(), digest_size=8).digest()
    key = np.uint64(int.from_bytes(digest, "little"))
    x = np.atleast_1d(np.asarray(index)).astype(np.uint64)
    with np.errstate(over="ignore"):
        x = key + (x + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return x ^ (x >> np.uint64(31))


def keyed_permutation(seed: int, purpose: str, n: int) -> NDArray[np.int64]:
    """A permutation of ``range(n)``: the indices sorted by their keyed draws."""
    return np.argsort(keyed_uint64(seed, purpose, np.arange(n)), kind="stable").astype(np.int64)


def keyed_fraction(seed: int, purpose: str) -> Fraction:
    """An exact fraction, uniform in [0, 1)."""
    return Fraction(int(keyed_uint64(seed, purpose, 0)[0]), 2**64)


def keyed_order(seed: int, purpose: str, names: Sequence[str]) -> list[str]:
    """Sort names by their keyed hash: an order that does not change when names are added or removed."""
    return sorted(names, key=lambda name: hashlib.blake2b(f"{seed}/{purpose}/{name}".encode()).digest())
