from pathlib import Path

import pytest

from retrieval.precision import resolve_precision


@pytest.mark.parametrize(
    ("flags", "precision"),
    [("fpu avx2", "fp32"), ("fpu avx512_bf16", "bf16"), ("amx_bf16 fpu", "bf16"), ("avx512f avx512_vnni", "fp32")],
)
def test_auto_goes_by_the_processors_flags(tmp_path: Path, flags: str, precision: str) -> None:
    (tmp_path / "cpuinfo").write_text(f"processor\t: 0\nflags\t\t: {flags}\n")
    assert resolve_precision("auto", tmp_path / "cpuinfo") == precision


def test_auto_is_fp32_where_the_kernel_lists_no_flags(tmp_path: Path) -> None:
    assert resolve_precision("auto", tmp_path / "none") == "fp32"


def test_a_stated_precision_stays(tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text("flags : avx512_bf16")
    assert resolve_precision("fp32", tmp_path / "cpuinfo") == "fp32"
