import numpy as np
import pytest
import torch

from retrieval.tiny import tiny_encoder
from retrieval.vocabulary import training_vocabulary

USED = np.array([0, 2, 70, 71, 99], np.int32)


def test_used_rows_are_trained_and_all_others_stay() -> None:
    backbone = tiny_encoder().backbone
    before = backbone.get_input_embeddings().weight.detach().clone()
    with training_vocabulary(backbone, USED) as vocabulary:
        assert backbone.get_input_embeddings().num_embeddings == 6  # the padding id, 1, is among them
        assert vocabulary.compact(np.array([99, 0, 70], np.int32)).tolist() == [5, 0, 3]
        with torch.no_grad():
            backbone.get_input_embeddings().weight[3] += 1000  # token 70
    after = backbone.get_input_embeddings().weight.detach()
    assert after.shape == before.shape
    assert torch.equal((after - before).abs().sum(dim=1).nonzero().flatten(), torch.tensor([70]))


def test_an_unknown_token_is_named() -> None:
    with training_vocabulary(tiny_encoder().backbone, USED) as vocabulary, pytest.raises(KeyError, match="token 3 "):
        vocabulary.compact(np.array([2, 3], np.int32))


def test_the_whole_matrix_comes_back_after_an_error() -> None:
    backbone = tiny_encoder().backbone
    size = backbone.get_input_embeddings().num_embeddings
    with pytest.raises(ZeroDivisionError), training_vocabulary(backbone, USED):
        raise ZeroDivisionError
    assert backbone.get_input_embeddings().num_embeddings == size
