"""The files of a sentence-transformers folder beside the backbone's own: modules, pooling, dense layers, prompts."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from safetensors.torch import load_file, save_file
from torch import Tensor

from data.errors import BadInput

Side = Literal["query", "passage"]
Pooling = Literal["mean", "cls"]
Activation = Literal["tanh", "identity"]
_ACTIVATIONS: dict[str, Activation] = {
    "torch.nn.modules.activation.Tanh": "tanh",
    "torch.nn.modules.linear.Identity": "identity",
}
_MODULE = "sentence_transformers.models."  # the names that every version of sentence-transformers understands


@dataclass(frozen=True)
class DenseFiles:
    """A dense layer as stored: weight [out, in], bias [out] or None, and its activation."""

    weight: Tensor
    bias: Tensor | None
    activation: Activation


@dataclass(frozen=True)
class FolderLayout:
    """What a folder says about its encoder; `prefixes` and `max_length` are None where it says nothing."""

    transformer: str = ""
    pooling: Pooling = "mean"
    prefixes: dict[Side, str] | None = None
    max_length: int | None = None
    dense: tuple[DenseFiles, ...] = field(default=())


def read_layout(folder: Path) -> FolderLayout:
    """Read ``modules.json`` and what it names; a plain transformers folder gives the defaults.

    Raises
    ------
    BadInput
        If the folder is missing, a file is not JSON, or a module is one that we do not know.
    """
    if not (folder / "config.json").is_file() and not (folder / "modules.json").is_file():
        raise BadInput(f"there is no encoder in {folder}; give a folder with config.json or modules.json")
    modules = _read_json(folder / "modules.json", [])
    transformer, dense = "", []
    pooling: Pooling = "mean"
    for module in modules:
        kind, path = str(module["type"]).rsplit(".", 1)[-1], str(module["path"])
        if kind == "Transformer":
            transformer = path
        elif kind == "Pooling":
            pooling = _read_pooling(folder / path)
        elif kind == "Dense":
            dense.append(_read_dense(folder / path))
        elif kind != "Normalize":
            raise BadInput(
                f"the module {module['type']!r} in {folder} is not supported; "
                "an encoder may have Transformer, Pooling, Dense and Normalize"
            )
    sentence_config = _read_json(folder / transformer / "sentence_bert_config.json", {})
    if sentence_config.get("do_lower_case"):
        raise BadInput(f"do_lower_case in {folder} is not supported; put the lower-casing into tokenizer.json")
    return FolderLayout(
        transformer, pooling, _read_prefixes(folder), sentence_config.get("max_seq_length"), tuple(dense)
    )


def write_layout(folder: Path, layout: FolderLayout, *, width: int) -> None:
    """Write the files that `read_layout` reads; `width` is the backbone's hidden size."""
    kinds = ["Transformer", "Pooling", *["Dense"] * len(layout.dense), "Normalize"]
    paths = ["", *[f"{i}_{kind}" for i, kind in enumerate(kinds) if i]]
    modules = [
        {"idx": i, "name": str(i), "path": path, "type": _MODULE + kind}
        for i, (kind, path) in enumerate(zip(kinds, paths, strict=True))
    ]
    for path in paths[1:]:
        (folder / path).mkdir(exist_ok=True)
    _write_json(folder / "modules.json", modules)
    _write_json(folder / "sentence_bert_config.json", {"max_seq_length": layout.max_length, "do_lower_case": False})
    prompts: dict[str, str] = {str(side): prefix for side, prefix in (layout.prefixes or {}).items()}
    prompts["document"] = prompts.get("passage", "")  # what `SentenceTransformer.encode_document` looks for
    _write_json(
        folder / "config_sentence_transformers.json",
        {"prompts": prompts, "default_prompt_name": None, "similarity_fn_name": "cosine"},
    )
    _write_json(folder / paths[1] / "config.json", _pooling_config(layout.pooling, width))
    for path, files in zip(paths[2:], layout.dense, strict=False):
        _write_dense(folder / path, files)


def _pooling_config(pooling: Pooling, width: int) -> dict[str, Any]:
    return {
        "word_embedding_dimension": width,
        "pooling_mode_cls_token": pooling == "cls",
        "pooling_mode_mean_tokens": pooling == "mean",
        "pooling_mode_max_tokens": False,
        "pooling_mode_mean_sqrt_len_tokens": False,
    }


def _read_pooling(folder: Path) -> Pooling:
    """Read either form: ``pooling_mode: "mean"`` (new) or ``pooling_mode_mean_tokens: true`` (old)."""
    config = _read_json(folder / "config.json", {})
    modes = config.get("pooling_mode") or [
        key.removeprefix("pooling_mode_").removesuffix("_tokens").removesuffix("_token")
        for key, on in config.items()
        if key.startswith("pooling_mode_") and on
    ]
    modes = [modes] if isinstance(modes, str) else list(modes)
    if modes == ["mean"] and config.get("include_prompt", True):
        return "mean"
    if modes == ["cls"]:
        return "cls"
    raise BadInput(
        f"the pooling {'+'.join(modes)!r} in {folder} is not supported; use mean (over the prompt too) or cls"
    )


def _read_dense(folder: Path) -> DenseFiles:
    config = _read_json(folder / "config.json", {})
    activation = _ACTIVATIONS.get(config.get("activation_function", ""))
    if activation is None or config.get("use_residual"):
        raise BadInput(
            f"the dense layer in {folder} has activation {config.get('activation_function')!r}; "
            "Tanh and Identity without a residual are supported"
        )
    weights = folder / "model.safetensors"
    if not weights.is_file():
        raise BadInput(f"the dense layer in {folder} has no model.safetensors; save it as safetensors")
    state = load_file(weights)
    return DenseFiles(state["linear.weight"].float(), _float(state.get("linear.bias")), activation)


def _write_dense(folder: Path, files: DenseFiles) -> None:
    out_features, in_features = files.weight.shape
    names = {kind: name for name, kind in _ACTIVATIONS.items()}
    config = {
        "in_features": in_features,
        "out_features": out_features,
        "bias": files.bias is not None,
        "activation_function": names[files.activation],
    }
    _write_json(folder / "config.json", config)
    state = {"linear.weight": files.weight.contiguous()}
    if files.bias is not None:
        state["linear.bias"] = files.bias.contiguous()
    save_file(state, folder / "model.safetensors")


def _read_prefixes(folder: Path) -> dict[Side, str] | None:
    """Prompts by side; ``document`` is the newer name of ``passage``. Empty prompts are what every folder has."""
    prompts = _read_json(folder / "config_sentence_transformers.json", {}).get("prompts") or {}
    query, passage = prompts.get("query", ""), prompts.get("passage", prompts.get("document", ""))
    return {"query": query, "passage": passage} if query or passage else None


def _float(tensor: Tensor | None) -> Tensor | None:
    return None if tensor is None else tensor.float()


def _read_json(path: Path, default: Any) -> Any:
    if not path.is_file():
        return default
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise BadInput(f"{path} is not valid JSON ({error}); fetch the model again") from error


def _write_json(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
