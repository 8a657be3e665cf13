"""The activations that Keras has and PyTorch lacks, beside Keras', run now."""

from importlib.util import find_spec

import pytest
from keras_activations import SAME, by_keras, by_us


@pytest.mark.skipif(not all(map(find_spec, ("keras", "jax"))), reason="needs keras and jax")
@pytest.mark.parametrize("name", SAME)
def test_activation(name):
    theirs = by_keras(name)
    for key, found in by_us(name).items():
        assert found == pytest.approx(theirs[key], rel=1e-12, abs=1e-14), key
