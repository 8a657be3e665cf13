"""IDX files and MNIST: every type, gzip or not, real files, and what is wrong with a file is said with its name."""

from __future__ import annotations

import gzip
import os
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from refusals import refused

from tinygrad_opt.datasets import load_mnist, load_mnist_parts, read_idx

DATA = Path(os.environ.get("TINYGRAD_OPT_DATA", Path(__file__).parents[2] / "shared" / "data")) / "mnist"
needs_mnist = pytest.mark.skipif(not DATA.is_dir(), reason=f"MNIST's files are not in {DATA}")

CODES = {"uint8": 8, "int8": 9, "int16": 11, "int32": 12, "float32": 13, "float64": 14}


def idx(array):
    """An array as the bytes of an IDX file, written from the description of the format."""
    head = struct.pack(f">BBBB{array.ndim}I", 0, 0, CODES[array.dtype.name], array.ndim, *array.shape)
    return head + array.astype(array.dtype.newbyteorder(">")).tobytes()


def images(n=5):
    return np.arange(n * 6, dtype=np.uint8).reshape(n, 2, 3)


def labels(n=5):
    return np.arange(n, dtype=np.uint8)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "t10k-images-idx3-ubyte").write_bytes(idx(images()))
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(idx(labels()))
    return tmp_path


@pytest.mark.parametrize("shape", [(0, *[1] * 99), (0, *[2**32 - 1] * 3)])
def test_a_shape_that_no_array_has(tmp_path, shape):
    file = tmp_path / "file"
    file.write_bytes(struct.pack(f">BBBB{len(shape)}I", 0, 0, 8, len(shape), *shape))
    start = f"{file} has {len(shape)} axes of lengths that NumPy does not take: "
    assert refused(lambda: read_idx(file), ValueError).startswith(start)


@pytest.mark.parametrize("shape", [(0, 28, 28), (3, 0, 28)])
def test_no_images(tmp_path, shape):
    file = tmp_path / "t10k-images-idx3-ubyte"
    file.write_bytes(idx(np.zeros(shape, np.uint8)))
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(idx(labels(shape[0])))
    message = f"{file}: expected samples; seen none, of shape {shape}"
    assert refused(lambda: load_mnist(tmp_path, train=False), ValueError) == message


# -- files -------------------------------------------------------------------------------------
some_arrays = st.sampled_from(list(CODES)).flatmap(
    lambda dtype: arrays.arrays(dtype, arrays.array_shapes(min_dims=0, min_side=0, max_dims=4))
)


@given(some_arrays, st.booleans())
def test_what_was_written_is_read(tmp_path_factory, array, packed):
    file = tmp_path_factory.mktemp("idx") / "file"
    file.write_bytes(gzip.compress(idx(array)) if packed else idx(array))
    found = read_idx(file)
    assert found.dtype == array.dtype
    assert found.dtype.isnative
    assert found.flags.writeable
    np.testing.assert_array_equal(found, array)


def test_bytes_are_read_as_the_format_has_them(tmp_path):
    (tmp_path / "file").write_bytes(bytes.fromhex("00000b02 00000001 00000002 0102 fffe"))
    assert read_idx(str(tmp_path / "file")).tolist() == [[258, -2]]


def whole():
    return idx(np.arange(6, dtype=np.int16).reshape(2, 3))


TYPES = "expected to begin with 00 00, a type (08, 09, 0b, 0c, 0d, 0e) and the number of axes"
DAMAGED = {
    "empty": (b"", f"is no IDX file: {TYPES}; seen nothing"),
    "three bytes": (b"\0\0\x08", f"is no IDX file: {TYPES}; seen 00 00 08"),
    "another format": (b"\x89PNG\r\n", f"is no IDX file: {TYPES}; seen 89 50 4e 47"),
    "unknown type": (b"\0\0\x0a\x01\0\0\0\0", f"is no IDX file: {TYPES}; seen 00 00 0a 01"),
    "cut in the head": (whole()[:9], "is cut off: expected 12 bytes that tell the lengths of 2 axes; seen 9"),
    "cut": (whole()[:-1], "is cut off: expected 24 bytes for shape (2, 3); seen 23"),
    "longer": (whole() + b"\0\0", "goes on after its last entry: expected 24 bytes for shape (2, 3); seen 26"),
    "vast": (
        b"\0\0\x0e\x03" + b"\xff" * 12,
        f"is cut off: expected {16 + 8 * (2**32 - 1) ** 3} bytes for shape (4294967295, 4294967295, 4294967295); "
        "seen 16",
    ),
}


@pytest.mark.parametrize(("content", "message"), DAMAGED.values(), ids=DAMAGED)
@pytest.mark.parametrize("packed", [False, True])
def test_what_is_wrong_is_said(tmp_path, content, message, packed):
    file = tmp_path / "data.gz"
    file.write_bytes(gzip.compress(content) if packed else content)
    assert refused(lambda: read_idx(file), ValueError) == f"{file} {message}"


@given(st.data())
def test_gzip_data_that_are_damaged_are_never_read_as_others(tmp_path_factory, data):
    """A byte changed anywhere is found, or is one that does not matter, such as the time of packing."""
    file = tmp_path_factory.mktemp("idx") / "file.gz"
    content = bytearray(gzip.compress(whole(), mtime=0))
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    file.write_bytes(content)
    try:
        outcome = read_idx(file).tolist()
    except ValueError as error:
        outcome = str(error).replace(str(file), "file")
    assert outcome == [[0, 1, 2], [3, 4, 5]] or outcome.startswith(("file is damaged: ", "file is no IDX file: "))


@pytest.mark.parametrize("cut", [3, 15, 30])
def test_gzip_data_that_are_cut_off(tmp_path, cut):
    file = tmp_path / "file.gz"
    file.write_bytes(gzip.compress(whole())[:cut])
    message = refused(lambda: read_idx(file), ValueError)
    assert message.startswith(f"{file} is damaged: expected gzip data; seen {cut} bytes that do not unpack (")
    assert message.endswith("): fetch the file again")


# -- MNIST -------------------------------------------------------------------------------------
@pytest.mark.parametrize("part", ["train", "t10k"])
@pytest.mark.parametrize("dot", ["-", "."])
@pytest.mark.parametrize("packed", [False, True])
def test_files_go_by_many_names(tmp_path, part, dot, packed):
    for stem, array in ((f"images{dot}idx3", images()), (f"labels{dot}idx1", labels())):
        content = gzip.compress(idx(array)) if packed else idx(array)
        (tmp_path / f"{part}-{stem}-ubyte{'.gz' * packed}").write_bytes(content)
    x, y = load_mnist(tmp_path, train=part == "train")
    assert (x.dtype, y.dtype) == (np.float32, np.int64)
    np.testing.assert_array_equal(x, images().reshape(5, 6).astype(np.float32) / np.float32(255))
    np.testing.assert_array_equal(y, labels())


def test_pixels_in_float64(folder):
    x, _ = load_mnist(folder, train=False, dtype="float64")
    np.testing.assert_array_equal(x, images().reshape(5, 6) / 255)


def test_both_parts(folder):
    (x, y), (new_x, new_y) = load_mnist_parts(folder)
    np.testing.assert_array_equal(np.concatenate([x, new_x]), load_mnist(folder, train=False)[0])
    assert (y.tolist(), new_y.tolist()) == ([0, 1, 2, 3], [4])
    (folder / "train-images-idx3-ubyte").write_bytes(idx(images(7)))
    (folder / "train-labels-idx1-ubyte").write_bytes(idx(labels(7)))
    (x, y), (new_x, new_y) = load_mnist_parts(str(folder), dtype="float64")
    assert (len(x), y.tolist(), len(new_x), new_y.tolist()) == (7, [*range(7)], 5, [*range(5)])
    assert x.dtype == new_x.dtype == np.float64
    (folder / "train-labels-idx1-ubyte").unlink()
    assert "train-labels-idx1-ubyte" in refused(lambda: load_mnist_parts(folder), FileNotFoundError)


def test_a_file_that_is_not_there(folder):
    message = refused(lambda: load_mnist(folder), FileNotFoundError)
    assert message == (
        f"{folder}: expected one of train-images-idx3-ubyte, train-images.idx3-ubyte, train-images-idx3-ubyte.gz, "
        "train-images.idx3-ubyte.gz; seen ['t10k-images-idx3-ubyte', 't10k-labels-idx1-ubyte']"
    )
    (folder / "empty").mkdir()
    assert refused(lambda: load_mnist(folder / "empty"), FileNotFoundError).endswith("; seen an empty folder")
    assert refused(lambda: load_mnist(folder / "none"), FileNotFoundError).endswith("; seen no such folder")


def test_more_images_than_labels(folder):
    label_file = folder / "t10k-labels-idx1-ubyte"
    label_file.write_bytes(idx(labels(4)))
    message = refused(lambda: load_mnist(folder, train=False), ValueError)
    assert message == f"{label_file}: expected 5 labels, as {folder / 't10k-images-idx3-ubyte'} has images; seen 4"


def test_files_that_were_confused(folder):
    image_file, label_file = folder / "t10k-images-idx3-ubyte", folder / "t10k-labels-idx1-ubyte"
    label_file.write_bytes(image_file.read_bytes())
    message = refused(lambda: load_mnist(folder, train=False), ValueError)
    assert message == (f"{label_file}: expected bytes along 1 axis (magic number 2049); seen uint8 of shape (5, 2, 3)")
    image_file.write_bytes(idx(images().astype(np.int32)))
    message = refused(lambda: load_mnist(folder, train=False), ValueError)
    assert message == (f"{image_file}: expected bytes along 3 axes (magic number 2051); seen int32 of shape (5, 2, 3)")


def test_arguments(folder):
    message = "load_mnist: train must be True or False; got 't10k'"
    assert refused(lambda: load_mnist(folder, "t10k"), ValueError) == message
    message = "load_mnist gives arrays of dtype float32 or float64; got 'uint8'"
    assert refused(lambda: load_mnist(folder, train=False, dtype="uint8"), TypeError) == message


@needs_mnist
def test_the_published_files():
    x, y = load_mnist(DATA, train=False)
    assert x.shape == (10_000, 784)
    assert (x.min(), x.max()) == (0, 1)
    assert y[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    assert np.bincount(y).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
