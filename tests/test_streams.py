"""Streams: the laws of loaders hold for samples that a function makes; memory is bounded; refusals."""

from __future__ import annotations

import functools
import itertools
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from refusals import Refusals, refused

from tinygrad_opt.train import StreamLoader


def source(n):
    """A function that makes samples which tell their number."""
    return lambda: ((np.array([i, -i], float), i) for i in range(n))


@st.composite
def loaders(draw):
    n = draw(st.integers(1, 40))
    batch_size = draw(st.integers(1, 45))
    drop_last = draw(st.booleans()) and n >= batch_size
    return StreamLoader(
        source(n),
        batch_size,
        shuffle_buffer=draw(st.integers(0, 50)),
        length=draw(st.sampled_from([None, n])),
        drop_last=drop_last,
        seed=draw(st.integers(0, 2**40)),
    ), n


epochs = st.integers(0, 5)


def numbers(batches):
    return [y.tolist() for _, y in batches]


def flat(batches):
    return [number for batch in numbers(batches) for number in batch]


# -- the laws of loaders -----------------------------------------------------------------------
@given(loaders(), epochs)
def test_an_epoch_is_the_data_and_pairs_are_kept(made, epoch):
    loader, n = made
    batches = list(loader.batches(epoch))
    for x, y in batches:
        np.testing.assert_array_equal(x, np.stack([y, -y], axis=1))
    samples = flat(batches)
    assert len(set(samples)) == len(samples) == (n - n % loader.batch_size if loader.drop_last else n)
    assert all(len(y) == loader.batch_size for _, y in batches[:-1])
    assert loader.steps_per_epoch in (None, len(batches))


@given(loaders(), epochs, st.data())
def test_a_start_in_the_middle_gives_the_rest_of_the_epoch(made, epoch, data):
    loader, _ = made
    whole = numbers(loader.batches(epoch))
    start = data.draw(st.integers(0, len(whole)))
    assert numbers(loader.batches(epoch, start)) == whole[start:]


@given(loaders(), epochs)
def test_the_order_is_a_function_of_seed_and_epoch(made, epoch):
    loader, n = made
    twin = StreamLoader(
        source(n), loader.batch_size, shuffle_buffer=loader.shuffle_buffer, drop_last=loader.drop_last, seed=loader.seed
    )
    list(twin.batches(epoch + 1))
    assert numbers(twin.batches(epoch)) == numbers(loader.batches(epoch))


def test_orders_of_epochs_and_seeds_differ():
    orders = [
        tuple(numbers(StreamLoader(source(50), 50, shuffle_buffer=20, seed=seed).batches(epoch))[0])
        for seed in range(3)
        for epoch in range(3)
    ]
    assert len(set(orders)) == 9


def test_without_shuffle_the_order_is_that_of_the_source():
    assert numbers(StreamLoader(source(5), 2)) == [[0, 1], [2, 3], [4]]
    assert numbers(StreamLoader(source(5), 2, drop_last=True)) == [[0, 1], [2, 3]]


@given(st.integers(1, 20), st.integers(0, 100))
def test_no_sample_comes_out_more_than_the_buffer_too_early(size, seed):
    order = flat(StreamLoader(source(60), 7, shuffle_buffer=size, seed=seed))
    assert all(sample <= place + size for place, sample in enumerate(order))


def test_a_buffer_as_large_as_the_data_shuffles_evenly():
    """Each of 6 samples comes first equally often: chi-squared of 5 degrees of freedom, below 20.5 in 999 of 1,000."""
    loader = StreamLoader(source(6), 6, shuffle_buffer=6, seed=0)
    first = np.bincount([next(loader.batches(epoch))[1][0] for epoch in range(1200)], minlength=6)
    assert np.sum((first - 200) ** 2 / 200) < 20.5


# -- sources -----------------------------------------------------------------------------------
def told(epoch):
    yield from ([float(epoch)], [float(epoch)])


def by_position(number, /):
    return told(number)


def by_name(path="here", *, epoch=None):
    return told(epoch)


def never_told(size=2):
    return ([7.0] for _ in range(size))


@pytest.mark.parametrize(
    ("source", "expected"),
    [(told, 4), (by_position, 4), (by_name, 4), (never_told, 7), (functools.partial(by_name, "there"), 4)],
)
def test_a_source_is_told_the_epoch_if_it_asks_for_it(source, expected):
    assert [x.tolist() for x in StreamLoader(source, 5).batches(4)] == [[[expected], [expected]]]


def test_a_list_that_is_returned_twice_is_no_used_iterator():
    loader = StreamLoader(lambda data=[1.0, 2.0, 3.0]: data, 2)
    assert [x.tolist() for x in loader] == [x.tolist() for x in loader] == [[1, 2], [3]]


def test_length_is_an_epoch_of_a_source_without_end():
    loader = StreamLoader(lambda: map(float, itertools.count()), 4, length=10)
    assert len(loader) == 3
    assert [x.tolist() for x in loader] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]


def test_a_source_may_use_its_arrays_again():
    def reusing():
        x = np.zeros(2)
        for i in range(6):
            x[:] = i
            yield x, i

    for shuffle in (0, 4):
        for x, y in StreamLoader(reusing, 4, shuffle_buffer=shuffle, seed=0):
            np.testing.assert_array_equal(x[:, 0], y)


def test_batches_are_new_arrays_and_keep_the_dtype():
    loader = StreamLoader(lambda: ((np.ones(2, np.float32), np.uint8(i)) for i in range(4)), 2, shuffle_buffer=2)
    (x, y), (other, _) = loader
    assert [x.dtype, y.dtype] == [np.float32, np.uint8]
    assert not np.shares_memory(x, other)


def test_a_source_is_closed_also_where_an_epoch_is_left_early():
    closed = []

    def reading():
        try:
            yield from [1.0, 2.0, 3.0]
        finally:
            closed.append(True)

    loader = StreamLoader(reading, 1)
    for _ in loader:
        break
    batches = loader.batches(0)
    next(batches)
    batches.close()
    assert len(closed) == 2


def test_memory_is_bounded():
    """200 MB go through a buffer of 200 samples and batches of 50, of 8 kB each: 2 MB, and a batch that is held."""
    n, x = 25_000, np.ones(1000)
    loader = StreamLoader(lambda: ((x * i, i) for i in range(n)), 50, shuffle_buffer=200, seed=0)
    tracemalloc.start()
    try:
        total = sum(int(y.sum()) for _, y in loader)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert total == n * (n - 1) // 2
    assert peak < 4e6


@pytest.mark.parametrize("n", [64, 1024, 1025, 5000])
def test_room_is_made_as_samples_come(n):
    """A buffer or a batch far larger than all samples, and what it gives is what one that just fits gives."""
    for size in (10**12, n):
        ((x, y),) = StreamLoader(source(n), size)
        np.testing.assert_array_equal(x[:, 0], np.arange(n))
        np.testing.assert_array_equal(y, np.arange(n))
    far, fitting = (StreamLoader(source(n), n, shuffle_buffer=size, seed=3) for size in (10**12, n))
    assert numbers(far) == numbers(fitting)
    assert sorted(flat(far)) == [*range(n)]


# -- where a run stands ------------------------------------------------------------------------
def test_a_saved_loader_goes_on_where_it_was():
    loader = StreamLoader(source(20), 4, shuffle_buffer=5)
    list(loader)
    state = loader.state_dict()
    assert state == {
        "seed": loader.seed, "epoch": 1, "batch_size": 4, "drop_last": False, "shuffle_buffer": 5, "length": None,
    }  # fmt: skip
    other = StreamLoader(source(20), 4, shuffle_buffer=5)
    other.load_state_dict(state)
    assert numbers(other) == numbers(loader)


def test_a_state_of_another_buffer_is_refused():
    loader = StreamLoader(source(20), 4, shuffle_buffer=5, seed=0)
    state = StreamLoader(source(20), 4, shuffle_buffer=6, seed=1).state_dict()
    message = "StreamLoader: the saved run had shuffle_buffer 6; this loader has 5"
    assert refused(lambda: loader.load_state_dict(state), ValueError) == message
    assert loader.seed == 0


def test_a_loader_without_length_is_true_and_can_be_listed():
    loader = StreamLoader(source(3), 2)
    assert loader.steps_per_epoch is None
    assert loader
    assert len(list(loader)) == 2


# -- refusals ----------------------------------------------------------------------------------
def samples(*made):
    return lambda: iter(made)


def used_twice():
    iterator = iter([1.0, 2.0])
    loader = StreamLoader(lambda: iterator, 1)
    return [list(loader) for _ in range(2)]


def run(source, batch_size=2, **settings):
    return list(StreamLoader(source, batch_size, **settings))


REFUSALS: Refusals = {
    "generator": (
        lambda: StreamLoader(x for x in [1.0]),
        TypeError,
        "StreamLoader takes a function that returns a new iterator for each epoch, such as a generator function, "
        "itself and not called; got a generator",
    ),
    "used": (
        used_twice,
        ValueError,
        "StreamLoader: for epoch 1 the source returned the iterator that it had returned before, which is used up: "
        "let it make a new one each time it is called",
    ),
    "returns nothing": (
        lambda: run(lambda: None),
        TypeError,
        "StreamLoader: the source must return an iterator of samples; it returned None",
    ),
    "needs more": (
        lambda: StreamLoader(lambda path, epochs: iter([])),
        TypeError,
        "StreamLoader calls its source with nothing, or with the epoch; this one needs path, epochs: "
        "fill them in with functools.partial",
    ),
    "empty": (lambda: run(samples()), ValueError, "StreamLoader: the source has no samples in epoch 0"),
    "shorter": (
        lambda: run(samples(1.0, 2.0, 3.0), length=4),
        ValueError,
        "StreamLoader: the source has 3 samples in epoch 0; length=4 is more",
    ),
    "three": (
        lambda: run(samples((1.0, 2.0, 3.0))),
        ValueError,
        "StreamLoader: a sample is a tuple (x, y), or x alone; sample 0 is of 3",
    ),
    "a list": (
        lambda: run(samples([np.zeros(2), 0])),
        ValueError,
        "StreamLoader: a sample is a tuple (x, y); sample 0 is a list [x, y]",
    ),
    "batches": (
        lambda: run(samples((np.zeros((4, 2)), np.zeros(4)), (np.zeros((3, 2)), np.zeros(3)))),
        ValueError,
        "StreamLoader: samples must be alike: sample 1 of epoch 0 is x (3, 2) float64 with y (3,) float64; "
        "sample 0 is x (4, 2) float64 with y (4,) float64: if these are batches, let the source give one sample at a "
        "time, StreamLoader makes the batches",
    ),
    "shapes": (
        lambda: run(samples(([1.0, 2.0], 0), ([1.0, 2.0], 1), ([1.0], 1))),
        ValueError,
        "StreamLoader: samples must be alike: sample 2 of epoch 0 is x (1,) float64 with y () int64; "
        "sample 0 is x (2,) float64 with y () int64",
    ),
    "dtypes": (
        lambda: run(samples(1, 2.5)),
        ValueError,
        "StreamLoader: samples must be alike: sample 1 of epoch 0 is x () float64; sample 0 is x () int64",
    ),
    "y at times": (
        lambda: run(samples((1.0, 2.0), 3.0)),
        ValueError,
        "StreamLoader: samples must be alike: sample 1 of epoch 0 is x () float64; "
        "sample 0 is x () float64 with y () float64",
    ),
    "names": (
        lambda: run(samples((1.0, "cat"))),
        TypeError,
        "y of sample 0 must be real numbers; got a string (str, dtype <U3): convert it with float(...)",
    ),
    "ragged": (
        lambda: run(samples([1.0, 2.0], [[1.0], [2.0, 3.0]])),
        ValueError,
        "x of sample 1 must be rectangular; got a ragged list: make its rows equal",
    ),
    "nan": (
        lambda: run(samples((1.0, 1.0), (1.0, 1.0), (1.0, float("nan")))),
        ValueError,
        "StreamLoader: y of sample 2 is nan, in batch 1 of epoch 0",
    ),
    "inf in the buffer": (
        lambda: run(lambda: ([float(i), np.inf if i == 5 else 0.0] for i in range(10)), 10, shuffle_buffer=4),
        ValueError,
        "StreamLoader: x of sample 5 is inf at (1,), in batch 0 of epoch 0",
    ),
    "batch size": (
        lambda: StreamLoader(samples(1.0), 0),
        ValueError,
        "StreamLoader: batch_size must be a whole number, at least 1; got 0",
    ),
    "shuffle_buffer": (
        lambda: StreamLoader(samples(1.0), shuffle_buffer=True),
        ValueError,
        "StreamLoader: shuffle_buffer must be a whole number, at least 0; got True",
    ),
    "length": (
        lambda: StreamLoader(samples(1.0), length=0),
        ValueError,
        "StreamLoader: length must be a whole number, at least 1; got 0",
    ),
    "drop_last": (
        lambda: StreamLoader(samples(1.0), 8, length=5, drop_last=True),
        ValueError,
        "StreamLoader: drop_last=True leaves no batch: length is 5, batch_size is 8",
    ),
    "drop_last of all there is": (
        lambda: run(samples(1.0, 2.0), 3, drop_last=True),
        ValueError,
        "StreamLoader: drop_last=True leaves no batch: the source has 2 samples, batch_size is 3",
    ),
    "len": (
        lambda: len(StreamLoader(samples(1.0))),
        TypeError,
        "this StreamLoader has no length: nobody said how many samples an epoch has; give length=",
    ),
    "start": (
        lambda: list(StreamLoader(source(5), 2).batches(1, 4)),
        ValueError,
        "StreamLoader: epoch 1 has 3 batches; it cannot start at 4",
    ),
    "known start": (
        lambda: StreamLoader(source(5), 2, length=5).batches(1, 4),
        ValueError,
        "StreamLoader: start must be from 0 to 3, the batches of an epoch; got 4",
    ),
}


@pytest.mark.parametrize(("call", "error", "message"), REFUSALS.values(), ids=REFUSALS)
def test_refusals(call, error, message):
    assert refused(call, error) == message


def test_nan_may_pass_if_wanted():
    assert len(run(samples(1.0, float("nan")), check_finite=False)) == 1
