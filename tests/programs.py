"""A function by the engine and as a program, held against each other bit by bit."""

import numpy as np

from tinygrad_opt.program import NotStatic, compile


def by_engine(f, parameters, *arrays):
    for p in parameters:
        p.grad = None
    loss = f(*arrays)
    loss.backward()
    return [np.float64(loss.item()), *(p.grad for p in parameters)]


def by_program(program, parameters, *arrays):
    for p in parameters:
        p.grad = None
    return [np.float64(program(*arrays)), *(p.grad for p in parameters)]


def assert_same_bits(ours, theirs):
    for a, b in zip(ours, theirs, strict=True):
        if a is None or b is None:
            assert a is b is None
            continue
        assert type(a) is type(b)
        assert np.asarray(a).dtype == np.asarray(b).dtype
        assert np.shape(a) == np.shape(b)
        assert np.asarray(a).tobytes() == np.asarray(b).tobytes()


def agrees(f, parameters, *batches):
    """Whether f has a program, which then agrees with the engine on all batches, also when parameters move."""
    program = compile(f)
    try:
        program(*batches[0])
    except NotStatic:
        return False
    for arrays in (*batches, *batches):
        assert_same_bits(by_program(program, parameters, *arrays), by_engine(f, parameters, *arrays))
        for p in parameters:
            if p.grad is not None:
                moved = p.data - 0.0001 * p.grad
                p.data = moved if type(p.data) is float else np.asarray(moved, p.dtype)
    return True
