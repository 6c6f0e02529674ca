"""Loading what transformers made: configuration, weights, tokenizer, each failure as one sentence."""

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import torch
import transformers
from safetensors import SafetensorError
from transformers import (
    AutoConfig,
    AutoModel,
    AutoTokenizer,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerFast,
)

from data.errors import BadInput

# What BERT and RoBERTa, DistilBERT, ModernBERT and others call the dropout of hidden states and of attention.
DROPOUT_SETTINGS = (
    "hidden_dropout_prob", "attention_probs_dropout_prob", "dropout", "attention_dropout", "embedding_dropout",
    "mlp_dropout",
)  # fmt: skip


def load_config(folder: Path) -> PretrainedConfig:
    """Read a backbone's configuration; BadInput when there is none that transformers knows."""
    try:
        return cast(
            PretrainedConfig, AutoConfig.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
        )
    except (OSError, ValueError, KeyError) as error:
        raise _unloadable(folder, error) from error


def load_backbone(folder: Path, dropout: float) -> PreTrainedModel:
    """Load the weights in fp32, without a pooler, out of safetensors and nothing else; BadInput when that fails."""
    config = load_config(folder)
    for setting in DROPOUT_SETTINGS:
        if hasattr(config, setting):
            setattr(config, setting, dropout)
    model_class: Any = AutoModel._model_mapping.get(type(config), None)
    options: dict[str, Any] = {"add_pooling_layer": False} if model_class and takes_pooler(model_class) else {}
    try:
        with quiet():
            backbone = AutoModel.from_pretrained(
                folder,
                config=config,
                dtype=torch.float32,
                use_safetensors=True,
                trust_remote_code=False,
                local_files_only=True,
                **options,
            )
    except (OSError, ValueError, KeyError, SafetensorError) as error:
        raise _unloadable(folder, error) from error
    return cast(PreTrainedModel, backbone)


def _unloadable(folder: Path, error: Exception) -> BadInput:
    reason = str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
    return BadInput(
        f"{folder} holds no model that transformers can load ({reason}); "
        "give a folder with config.json and model.safetensors"
    )


@contextmanager
def quiet() -> Iterator[None]:
    """Keep transformers from drawing bars, and from reporting the pooler that we leave out on purpose."""
    log: Any = transformers.logging
    verbosity, bars = log.get_verbosity(), log.is_progress_bar_enabled()
    log.set_verbosity_error()
    log.disable_progress_bar()
    try:
        yield
    finally:
        log.set_verbosity(verbosity)
        if bars:
            log.enable_progress_bar()


def takes_pooler(model_class: type) -> bool:
    """Whether a model class makes itself a pooler unless told otherwise."""
    return "add_pooling_layer" in inspect.signature(model_class).parameters


def load_tokenizer_files(folder: Path) -> PreTrainedTokenizerFast:
    """Load a fast tokenizer; BadInput when there is none."""
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False, local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        raise BadInput(f"{folder} holds no tokenizer that transformers can load; add tokenizer.json") from error
    if not tokenizer.is_fast:
        raise BadInput(f"the tokenizer in {folder} has no fast form; add tokenizer.json")
    return cast(PreTrainedTokenizerFast, tokenizer)


def longest_input(backbone: PreTrainedModel, tokenizer: PreTrainedTokenizerFast) -> int:
    """Most tokens that both the positions and the tokenizer allow."""
    positions = int(getattr(backbone.config, "max_position_embeddings", 512))
    if "roberta" in backbone.config.model_type:  # its positions start behind the padding id
        positions -= int(backbone.config.pad_token_id) + 1
    return min(positions, int(tokenizer.model_max_length))
