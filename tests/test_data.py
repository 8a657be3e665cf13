"""Datasets and loaders: pairs stay pairs, an epoch is the data, order is a function of seed and epoch, refusals."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from refusals import Refusals, refused

from tinygrad_opt import Value
from tinygrad_opt.train import DataLoader, Dataset

NAN, INF = float("nan"), float("inf")


def pairs(n):
    """Samples that tell their number: x has it twice, and y."""
    return Dataset(np.stack([np.arange(n), -np.arange(n)], axis=1).astype(float), np.arange(n))


loaders = st.builds(
    lambda n, batch_size, shuffle, drop_last, seed: DataLoader(
        pairs(n), min(batch_size, n), shuffle=shuffle, drop_last=drop_last, seed=seed
    ),
    st.integers(1, 40),
    st.integers(1, 45),
    st.booleans(),
    st.booleans(),
    st.integers(0, 2**70),
)
epochs = st.integers(0, 5)


def numbers(batches):
    return [y.tolist() for _, y in batches]


def flat(batches):
    return [number for batch in numbers(batches) for number in batch]


# -- laws of batches ---------------------------------------------------------------------------
@given(loaders, epochs)
def test_x_and_y_belong_together_in_every_order(loader, epoch):
    for x, y in loader.batches(epoch):
        np.testing.assert_array_equal(x, np.stack([y, -y], axis=1))


@given(loaders, epochs)
def test_an_epoch_has_every_sample_once(loader, epoch):
    batches = numbers(loader.batches(epoch))
    samples = [number for batch in batches for number in batch]
    assert len(batches) == len(loader) == loader.steps_per_epoch
    assert all(len(batch) == loader.batch_size for batch in batches[:-1])
    assert len(set(samples)) == len(samples)
    left = len(loader.data) % loader.batch_size if loader.drop_last else 0
    assert len(samples) == len(loader.data) - left
    assert set(samples) <= set(range(len(loader.data)))


@given(loaders, epochs, st.data())
def test_a_start_in_the_middle_gives_the_rest_of_the_epoch(loader, epoch, data):
    start = data.draw(st.integers(0, len(loader)))
    assert numbers(loader.batches(epoch, start)) == numbers(loader.batches(epoch))[start:]


@given(loaders, epochs)
def test_the_order_is_a_function_of_seed_and_epoch(loader, epoch):
    twin = DataLoader(
        loader.data, loader.batch_size, shuffle=loader.shuffle, drop_last=loader.drop_last, seed=loader.seed
    )
    list(twin.batches(epoch + 1))
    assert numbers(twin.batches(epoch)) == numbers(loader.batches(epoch))


def test_the_order_is_the_permutation_that_is_documented():
    loader = DataLoader(pairs(50), 8, shuffle=True, seed=3)
    expected = np.random.default_rng([3, 7]).permutation(50)
    np.testing.assert_array_equal(np.concatenate([y for _, y in loader.batches(7)]), expected)


def test_orders_of_epochs_and_seeds_differ():
    orders = [
        flat(DataLoader(pairs(50), 50, shuffle=True, seed=seed).batches(epoch))
        for seed in range(3)
        for epoch in range(3)
    ]
    assert len({tuple(order) for order in orders}) == 9


def test_without_shuffle_the_order_is_that_of_the_data():
    assert numbers(DataLoader(pairs(5), 2)) == [[0, 1], [2, 3], [4]]
    assert numbers(DataLoader(pairs(5), 2, drop_last=True)) == [[0, 1], [2, 3]]


def test_two_thousand_samples_at_500_are_four_batches():
    assert len(DataLoader(Dataset(np.zeros(2000)), 500)) == 4


# -- epochs ------------------------------------------------------------------------------------
def test_a_loop_is_the_next_epoch_also_after_one_that_was_left_early():
    loader = DataLoader(pairs(20), 4, shuffle=True, seed=0)
    assert numbers(loader) == numbers(loader.batches(0))
    next(iter(loader))
    assert loader.epoch == 2
    assert numbers(loader) == numbers(loader.batches(2))
    assert loader.epoch == 3


def test_a_seed_is_drawn_once_and_kept():
    loader = DataLoader(pairs(30), 30, shuffle=True)
    other = DataLoader(pairs(30), 30, shuffle=True)
    assert loader.seed != other.seed
    assert numbers(loader) == numbers(DataLoader(pairs(30), 30, shuffle=True, seed=loader.seed))


def test_a_saved_loader_goes_on_where_it_was():
    loader = DataLoader(pairs(20), 4, shuffle=True)
    list(loader)
    state = loader.state_dict()
    other = DataLoader(pairs(20), 4, shuffle=True)
    other.load_state_dict(state)
    assert other.state_dict() == state
    assert numbers(other) == numbers(loader)


def state(**changed):
    return DataLoader(pairs(20), 4, shuffle=True, seed=5).state_dict() | changed


STATES: dict[str, tuple[object, str]] = {
    "none": (
        None,
        "the state of a DataLoader is a dict of seed, epoch, batch_size, drop_last, shuffle, samples; got None",
    ),
    "lacks": (
        {"seed": 1, "epoch": 2},
        "the state of a DataLoader is a dict of seed, epoch, batch_size, drop_last, shuffle, samples; "
        "got one of seed, epoch",
    ),
    "batch size": (state(batch_size=5), "DataLoader: the saved run had batch_size 5; this loader has 4"),
    "samples": (state(samples=19), "DataLoader: the saved run had samples 19; this loader has 20"),
    "shuffle": (state(shuffle=False), "DataLoader: the saved run had shuffle False; this loader has True"),
    "epoch": (state(seed=9, epoch=-1), "DataLoader: epoch must be a whole number, at least 0; got -1"),
}


@pytest.mark.parametrize(("saved", "message"), STATES.values(), ids=STATES)
def test_a_state_that_does_not_fit_changes_nothing(saved, message):
    loader = DataLoader(pairs(20), 4, shuffle=True, seed=5)
    assert refused(lambda: loader.load_state_dict(saved), ValueError) == message
    assert loader.state_dict() == state()


# -- arrays ------------------------------------------------------------------------------------
@pytest.fixture
def on_disk(tmp_path):
    array = np.memmap(tmp_path / "x", np.float32, "w+", shape=(100, 3))
    array[:] = np.arange(300).reshape(100, 3)
    return array


@pytest.mark.parametrize("shuffle", [False, True])
def test_batches_of_a_memmap_are_arrays_in_memory(on_disk, shuffle):
    data = Dataset(on_disk, np.arange(100))
    for x, y in DataLoader(data, 32, shuffle=shuffle):
        assert type(x) is np.ndarray
        assert x.dtype == np.float32
        assert not np.shares_memory(x, on_disk)
        np.testing.assert_array_equal(x[:, 0], 3 * y)
    assert type(data[2:4][0]) is type(data[7][0]) is np.ndarray


def test_nothing_is_copied_before_it_is_read(on_disk):
    class Watched:
        shape, dtype = on_disk.shape, on_disk.dtype

        def __len__(self):
            return 100

        def __getitem__(self, rows):
            read.append(len(rows))
            return on_disk[rows]

    read: list[int] = []
    training, _ = Dataset(Watched()).split(0.5)
    loader = DataLoader(training, 20, shuffle=True)
    assert read == []
    next(iter(loader))
    assert read == [20]


@pytest.mark.parametrize("shuffle", [False, True])
def test_memory_is_bounded(tmp_path, shuffle):
    """80 MB on disk go through batches of 40 kB; the order takes 8 bytes a sample, 80 kB."""
    array = np.memmap(tmp_path / "x", np.float64, "w+", shape=(10_000, 1000))
    array[:] = 1
    loader = DataLoader(Dataset(array), 5, shuffle=shuffle)
    next(iter(loader))  # NumPy loads its generators
    tracemalloc.start()
    try:
        total = sum(x.sum() for x in loader)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert total == 1e7
    assert peak < 400e3


@pytest.mark.parametrize("shuffle", [False, True])
def test_a_batch_may_be_written_to(shuffle):
    x, y = np.ones((6, 2)), np.ones(6)
    for xs, ys in DataLoader(Dataset(x, y), 4, shuffle=shuffle):
        xs[...] = ys[...] = 0
    data = Dataset(x, y)
    for index in (0, slice(0, 3), [1, 2]):
        data[index][0][...] = 0
    assert x.all()
    assert y.all()


@pytest.mark.parametrize("dtype", ["float32", "float64", "uint8", "bool", ">f4"])
def test_batches_have_the_dtype_of_the_data(dtype):
    for x in DataLoader(Dataset(np.ones((5, 2), dtype)), 2, shuffle=True):
        assert x.dtype == np.dtype(dtype)


def test_without_y_there_is_x_alone():
    data = Dataset([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    assert data[1].tolist() == [3, 4]
    assert [x.tolist() for x in DataLoader(data, 2)] == [[[1, 2], [3, 4]], [[5, 6]]]


def test_indices_are_those_of_numpy():
    data, numbers = pairs(6), np.arange(6)
    for index in (slice(1, 5, 2), slice(None, None, -1), [3, 1, 3], [-1, 0], np.array([], int), [], numbers % 2 == 0):
        np.testing.assert_array_equal(data[index][1], numbers[index])
    assert data[-1][1] == 5
    assert data[np.int64(2)][1] == 2
    assert [int(y) for _, y in data] == list(range(6))


def test_what_counts_by_label_is_read_by_place():
    class Series:  # as pandas has it, after the rows were sorted
        shape, dtype = (3,), np.dtype(float)

        def to_numpy(self):
            return np.array([3.0, 1.0, 2.0])

    assert Dataset(Series())[[0, 1]].tolist() == [3, 1]


def test_text():
    assert repr(pairs(4)) == "<Dataset of 4 samples: x (2,) float64, y () int64>"
    assert repr(Dataset(np.zeros((2, 3, 4), np.float32))) == "<Dataset of 2 samples: x (3, 4) float32>"


# -- split -------------------------------------------------------------------------------------
@given(st.integers(2, 50), st.floats(0.01, 0.99), st.integers(0, 100))
def test_a_split_parts_the_samples(n, fraction, seed):
    first = round(fraction * n)
    if first in (0, n):
        message = refused(lambda: pairs(n).split(fraction), ValueError)
        assert message == f"split({fraction}) of {n} samples gives {first} and {n - first}; neither may be empty"
        return
    parts = pairs(n).split(fraction, np.random.default_rng(seed))
    assert [len(part) for part in parts] == [first, n - first]
    assert sorted(np.concatenate([part[:][1] for part in parts])) == list(range(n))
    for part in parts:
        x, y = part[:]
        np.testing.assert_array_equal(x[:, 0], y)
        assert sorted(y) == list(y)


def test_a_part_can_be_split_again():
    rng = np.random.default_rng(0)
    rest, test = pairs(100).split(0.8, rng)
    training, validation = rest.split(0.75, rng)
    assert [len(training), len(validation), len(test)] == [60, 20, 20]
    assert sorted(np.concatenate([part[:][1] for part in (training, validation, test)])) == list(range(100))


def test_one_seed_gives_one_split():
    splits = [pairs(50).split(0.5, np.random.default_rng(seed))[0][:][1].tolist() for seed in (0, 0, 1)]
    assert splits[0] == splits[1] != splits[2]


# -- refusals ----------------------------------------------------------------------------------
ten = pairs(10)

REFUSALS: Refusals = {
    "lengths": (
        lambda: Dataset(np.zeros((100, 2)), np.zeros(90)),
        ValueError,
        "Dataset: x has 100 samples and y has 90; each x needs its y",
    ),
    "empty": (lambda: Dataset(np.zeros((0, 3))), ValueError, "Dataset: there are no samples: x has shape (0, 3)"),
    "empty list": (lambda: Dataset([], []), ValueError, "Dataset: there are no samples: x has shape (0,)"),
    "scalar y": (
        lambda: Dataset([1.0, 2.0], 3.0),
        ValueError,
        "y of a Dataset needs an axis of samples; got a single number, 3.0",
    ),
    "names": (
        lambda: Dataset([1.0, 2.0], ["cat", "dog"]),
        TypeError,
        "y of a Dataset must be real numbers; got words, such as 'cat': "
        "number them with names, y = np.unique(y, return_inverse=True)",
    ),
    "array of names": (
        lambda: Dataset([1.0, 2.0], np.array(["cat", "dog"])),
        TypeError,
        "y of a Dataset must be real numbers; got words, such as 'cat': "
        "number them with names, y = np.unique(y, return_inverse=True)",
    ),
    "objects that are names": (
        lambda: Dataset([1.0, 2.0], np.array([["cat"], ["dog"]], object)),
        TypeError,
        "y of a Dataset must be real numbers; got words, such as 'cat': "
        "number them with names, y = np.unique(y, return_inverse=True)",
    ),
    "objects": (
        lambda: Dataset(np.array([[1, None], [2, 3]])),
        TypeError,
        "x of a Dataset must be real numbers; got objects (ndarray, dtype object)",
    ),
    "ragged": (
        lambda: Dataset([[1.0, 2.0], [3.0]]),
        ValueError,
        "x of a Dataset must be rectangular; got a ragged list: make its rows equal",
    ),
    "complex": (
        lambda: Dataset(np.ones(3) * 1j),
        TypeError,
        "x of a Dataset must be real numbers; got complex data (ndarray, dtype complex128): "
        "take np.real or np.abs first",
    ),
    "masked": (
        lambda: Dataset(np.ma.masked_equal([1.0, 2.0], 2)),
        TypeError,
        "x of a Dataset cannot be a masked array: fill it first, x.filled(0)",
    ),
    "Value": (
        lambda: Dataset(Value([1.0, 2.0])),
        TypeError,
        "x of a Dataset was to be made of a Value: use it as it is, or its .data",
    ),
    "generator": (
        lambda: Dataset(i for i in range(3)),
        TypeError,
        "x of a Dataset must be real numbers; got objects (generator, dtype object)",
    ),
    "index": (lambda: ten[10], IndexError, "there is no sample 10: the Dataset has 10"),
    "indices": (lambda: ten[[3, -11]], IndexError, "there is no sample -11: the Dataset has 10"),
    "floats": (
        lambda: ten[[0.5]],
        IndexError,
        "a Dataset of 10 samples takes a number, a slice, a list of numbers or a mask (10,); got [0.5]",
    ),
    "mask": (
        lambda: ten[[True, False]],
        IndexError,
        "a Dataset of 10 samples takes a number, a slice, a list of numbers or a mask (10,); got [True, False]",
    ),
    "columns": (
        lambda: ten[0, 1, None],
        IndexError,
        "a Dataset of 10 samples takes a number, a slice, a list of numbers or a mask (10,); got (0, 1, None)",
    ),
    "fraction": (
        lambda: ten.split(80),
        ValueError,
        "split: fraction must be a number between 0 and 1, the share of the first part; got 80",
    ),
    "empty part": (
        lambda: ten.split(0.99),
        ValueError,
        "split(0.99) of 10 samples gives 10 and 0; neither may be empty",
    ),
    "rng": (
        lambda: ten.split(0.5, 0),
        TypeError,
        "split needs a NumPy Generator: rng=np.random.default_rng(seed); got 0",
    ),
    "no Dataset": (
        lambda: DataLoader(np.zeros(3)),
        TypeError,
        "DataLoader takes a Dataset: DataLoader(Dataset(x, y)); got ndarray",
    ),
    "batch size 0": (
        lambda: DataLoader(ten, 0),
        ValueError,
        "DataLoader: batch_size must be a whole number, at least 1; got 0",
    ),
    "negative": (
        lambda: DataLoader(ten, -3),
        ValueError,
        "DataLoader: batch_size must be a whole number, at least 1; got -3",
    ),
    "not whole": (
        lambda: DataLoader(ten, 2.5),
        ValueError,
        "DataLoader: batch_size must be a whole number, at least 1; got 2.5",
    ),
    "drop_last": (
        lambda: DataLoader(ten, 32, drop_last=True),
        ValueError,
        "DataLoader: drop_last=True leaves no batch: there are 10 samples, batch_size is 32",
    ),
    "shuffle": (
        lambda: DataLoader(ten, shuffle="yes"),
        ValueError,
        "DataLoader: shuffle must be True or False; got 'yes'",
    ),
    "seed": (
        lambda: DataLoader(ten, seed=-1),
        ValueError,
        "DataLoader: seed must be a whole number, at least 0; got -1",
    ),
    "start": (
        lambda: DataLoader(ten, 5).batches(0, 3),
        ValueError,
        "DataLoader: start must be from 0 to 2, the batches of an epoch; got 3",
    ),
    "epoch": (
        lambda: DataLoader(ten, 5).batches(1.5),
        ValueError,
        "DataLoader: epoch must be a whole number, at least 0; got 1.5",
    ),
}


@pytest.mark.parametrize(("call", "error", "message"), REFUSALS.values(), ids=REFUSALS)
def test_refusals(call, error, message):
    assert refused(call, error) == message


@pytest.mark.parametrize("bad", [NAN, INF, -INF])
@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_batch_that_is_not_finite_is_refused_with_the_number_of_the_sample(bad, shuffle, dtype):
    x = np.ones((10, 2, 3), dtype)
    x[7, 1, 2] = bad
    loader = DataLoader(Dataset(x, np.arange(10)), 4, shuffle=shuffle, seed=0)
    number = next(
        n
        for n, (_, y) in enumerate(DataLoader(Dataset(np.ones(10), np.arange(10)), 4, shuffle=shuffle, seed=0))
        if 7 in y
    )
    batches = loader.batches(0)
    for _ in range(number):
        next(batches)
    message = f"DataLoader: x of sample 7 is {bad} at (1, 2), in batch {number} of epoch 0"
    assert refused(lambda: next(batches), ValueError) == message


def test_y_is_looked_at_too_and_neither_if_not_wanted():
    data = Dataset(np.ones(4), [0.0, 1.0, NAN, INF])
    message = "DataLoader: y of sample 2 is nan, in batch 1 of epoch 3"
    assert refused(lambda: list(DataLoader(data, 2).batches(3)), ValueError) == message
    assert len(list(DataLoader(data, 2, check_finite=False))) == 2


def test_large_numbers_are_finite():
    x = np.full((4, 2), np.finfo(np.float32).max, np.float32)
    assert len(list(DataLoader(Dataset(x), 2))) == 2
