"""EarlyStopping and ReduceLROnPlateau decide as Keras' do, run now."""

from importlib.util import find_spec

import pytest
from keras_callbacks import by_keras, by_us, cases


@pytest.mark.skipif(not all(map(find_spec, ("keras", "jax"))), reason="needs Keras and JAX")
def test_decisions_are_those_of_keras():
    made = list(cases(120))
    theirs = by_keras(made)
    for case, decided in zip(made, theirs, strict=True):
        assert by_us(*case) == decided, case
    stops = [length for (kind, *_), (length, *_) in zip(made, theirs, strict=True) if kind == "EarlyStopping"]
    assert len(set(stops)) > 6
