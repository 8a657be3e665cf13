"""Files of plain data: bit for bit what was saved, written whole or not at all, refused if one bit is wrong."""

import gc
import io
import os
import pickle
import re
import struct
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from canary import Canary
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from tinygrad_opt import Value, nn
from tinygrad_opt.train import files, formats, load_weights, replacing, save_weights, structure

ENDINGS = [".npz", ".safetensors"]
each_ending = pytest.mark.parametrize("ending", ENDINGS)
SMALL = {"epoch": 3, "model": {"0.weight": np.array([[1.5, -2.0]], np.float32)}, "seen": [True, None, "x"]}
DTYPES = ["f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?"]
ROOT = Path(__file__).parent.parent


def exact(x):
    """x so that == compares its bits, kinds, and the order of dicts; tuples count as lists."""
    if isinstance(x, dict):
        return "dict", [(key, exact(part)) for key, part in x.items()]
    if isinstance(x, list | tuple):
        return "list", [exact(part) for part in x]
    if isinstance(x, np.ndarray):
        return "array", x.dtype, x.shape, x.tobytes()
    return type(x), struct.pack(">d", x) if isinstance(x, float) else x


def refusal(path, **settings):
    """What load says of a file that it refuses."""
    with pytest.raises(ValueError, match=f"^cannot load {re.escape(str(path))}: ") as caught:
        files.load(path, **settings)
    return str(caught.value)


def leftovers(folder):
    return [name for name in os.listdir(folder) if name.endswith(".part")]


def run(program, *args, **settings):
    return subprocess.run(
        [sys.executable, "-c", program, *map(str, args)], cwd=ROOT, capture_output=True, text=True, **settings
    )


# -- what is saved comes back ------------------------------------------------------------------
ARRAYS = st.sampled_from(DTYPES).flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
)
ATOMS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | ARRAYS
PLAIN = st.recursive(ATOMS, lambda part: st.lists(part) | st.dictionaries(st.text(), part), max_leaves=20)


@each_ending
@given(state=PLAIN)
@settings(max_examples=60, deadline=None)
def test_bit_for_bit(tmp_path_factory, ending, state):
    path = tmp_path_factory.getbasetemp() / f"any{ending}"
    files.save(path, state)
    assert exact(files.load(path)) == exact(state)


@each_ending
@pytest.mark.parametrize(
    "x",
    [
        0.1,
        -0.0,
        float("inf"),
        float("-inf"),
        struct.unpack(">d", bytes.fromhex("fff8000000000abc"))[0],
        5e-324,
        2**53 + 1,
        -(2**127),
        3**10_000,
        "\ud800 \0 é",
        {"$array": "x", "$$": {"$int": "1"}, "": 2.0},
        {"a.b": np.zeros(1), "a": {"b": np.ones(1)}, "a.b_": np.full(1, 2.0)},
        {"structure.json": np.zeros(1), "__metadata__": np.ones(1), "x.npy": np.ones(2), "file": np.zeros(2)},
        {"../up/é\0": np.zeros(1), "n" * 1000: np.ones(1), "n" * 1001: np.ones(2)},
        np.array(1.5, np.float32),
        np.array(-0.0),
        np.zeros((0, 3), bool),
        [],
        {},
    ],
    ids=lambda x: type(x).__name__,
)
def test_special_cases(tmp_path, ending, x):
    files.save(tmp_path / f"x{ending}", x)
    assert exact(files.load(tmp_path / f"x{ending}")) == exact(x)
    assert os.listdir(tmp_path) == [f"x{ending}"]


@each_ending
@pytest.mark.parametrize("kind", ["PCG64", "MT19937", "Philox", "SFC64"])
def test_a_generator_goes_on(tmp_path, ending, kind):
    rng = np.random.Generator(getattr(np.random, kind)(0))
    rng.random(3, dtype=np.float32)
    files.save(tmp_path / f"rng{ending}", rng.bit_generator.state)
    expected = rng.random(5, np.float32)
    rng.bit_generator.state = files.load(tmp_path / f"rng{ending}")
    assert (rng.random(5, np.float32) == expected).all()


@each_ending
def test_what_comes_back_as_another_kind(tmp_path, ending):
    path = tmp_path / f"x{ending}"
    files.save(path, {"tuple": (1, 2), "scalar": np.float32(0.1), "count": np.int64(3), "flag": np.True_})
    expected = {"tuple": [1, 2], "scalar": float(np.float32(0.1)), "count": 3, "flag": True}
    assert exact(files.load(path)) == exact(expected)


@each_ending
def test_any_layout_of_an_array(tmp_path, ending):
    a = np.arange(24.0).reshape(2, 3, 4)
    laid_out = [a.T, a[:, ::-2], np.asfortranarray(a), a.astype(">f8"), np.broadcast_to(a[0], (5, 3, 4))]
    files.save(tmp_path / f"x{ending}", laid_out)
    for saved, x in zip(files.load(tmp_path / f"x{ending}"), laid_out, strict=True):
        assert saved.dtype == np.float64
        assert saved.flags.writeable
        np.testing.assert_array_equal(saved, x)


def test_other_programs_see_the_arrays_under_their_paths(tmp_path):
    safetensors = pytest.importorskip("safetensors.numpy")
    state = {"model": {"0.weight": np.ones((2, 3))}, "slots": [{"m": np.zeros(2, np.float32)}, {"m": np.array(7)}]}
    for ending in ENDINGS:
        files.save(tmp_path / f"run{ending}", state)
    with np.load(tmp_path / "run.npz", allow_pickle=False) as file:
        npz = {name: file[name] for name in file.files}
    text = npz.pop("structure.json")
    assert b'"model": {"0.weight": {"$array": "model.0.weight"}}' in text
    theirs = safetensors.load_file(tmp_path / "run.safetensors")
    for found in (npz, theirs):
        assert {name: (a.dtype.name, a.shape) for name, a in found.items()} == {
            "model.0.weight": ("float64", (2, 3)),
            "slots.0.m": ("float32", (2,)),
            "slots.1.m": ("int64", ()),
        }
    assert not subprocess.run([sys.executable, "-m", "zipfile", "-t", tmp_path / "run.npz"], capture_output=True).stderr


@each_ending
def test_arrays_of_another_program_where_they_are_welcome(tmp_path, ending):
    path, arrays = tmp_path / f"x{ending}", {"a": np.ones(2), "b": np.zeros((), np.int32)}
    np.savez(path, **arrays) if ending == ".npz" else path.write_bytes(formats.safetensors_library().save(arrays))
    assert exact(dict(sorted(files.load(path, foreign=True).items()))) == exact(arrays)
    assert re.search("another program wrote it; its arrays are (a, b|b, a)$", refusal(path))


def test_metadata_of_another_program_may_have_any_name(tmp_path):
    path = tmp_path / "x.safetensors"
    path.write_bytes(formats.safetensors_library().save({"a": np.ones(2)}, {"sha256": "0" * 64}))
    assert exact(files.load(path, foreign=True)) == exact({"a": np.ones(2)})


def test_many_arrays_take_time_by_their_number_alone():
    def seconds(n):
        began = time.process_time()
        structure.taken_apart({str(i): np.zeros(1) for i in range(n)}, "reserved")
        return time.process_time() - began

    assert min(seconds(16_000) for _ in range(2)) < 60 * max(seconds(1_000) for _ in range(5))  # by squares: 256


# -- what cannot be saved ----------------------------------------------------------------------
def nested():
    x = []
    x.append(x)
    return x


@each_ending
@pytest.mark.parametrize(
    ("state", "error", "text"),
    [
        ({"a": [1, {"b": Value(1.0)}]}, TypeError, "a.1.b is a Value: save its .data; a file holds dicts, lists, "),
        ({"a": {1, 2}}, TypeError, "a is a set; a file holds"),
        (1j, TypeError, "the state is a complex; a file holds"),
        ({"a": b"x"}, TypeError, "a is a bytes; a file holds"),
        ({"a": {3: 1}}, TypeError, "a has the key 3; a file holds dicts with text as keys"),
        ({"a": np.array([None])}, TypeError, "a is an array of object; a file holds arrays of float, integer and bool"),
        ({"a": np.array(["x"])}, TypeError, "a is an array of <U1"),
        ({"a": np.ones(1, complex)}, TypeError, "a is an array of complex128"),
        ({"a": np.ones(1, np.longdouble)}, TypeError, "a is an array of float128|a is an array of longdouble"),
        ({"a": np.longdouble(1)}, TypeError, "a is a longdouble"),
        ({"a": np.ma.masked_equal([1, 2], 1)}, TypeError, "a is a MaskedArray"),
        (nested(), ValueError, r"the state has more than 100 levels at 0\.0\.0\.0\.0\.\.\.: does it hold itself\?"),
    ],
)
def test_what_is_no_plain_data_is_refused(tmp_path, ending, state, error, text):
    path = tmp_path / f"x{ending}"
    files.save(path, SMALL)
    with pytest.raises(error, match=f"^{text}" if error is TypeError else text):
        files.save(path, state)
    assert exact(files.load(path)) == exact(SMALL)
    assert os.listdir(tmp_path) == [path.name]


@pytest.mark.parametrize("call", [lambda path: files.save(path, {}), files.load])
@pytest.mark.parametrize("name", ["run", "run.pkl", "run.npz.gz", "run.NPZ"])
def test_the_ending_says_the_format(call, name):
    with pytest.raises(ValueError, match=re.escape(f"a file is .npz or .safetensors, as its name ends; got '{name}'")):
        call(name)


def test_an_extra_that_is_broken_is_no_missing_one(tmp_path, monkeypatch):
    (tmp_path / "safetensors").mkdir()
    (tmp_path / "safetensors" / "__init__.py").write_text("import a_module_that_is_not_there")
    for name in [name for name in sys.modules if name.partition(".")[0] == "safetensors"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ImportError, match="cannot be imported here: No module named 'a_module_that_is_not_there'"):
        formats.safetensors_library()


def test_without_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "safetensors", None)
    monkeypatch.delitem(sys.modules, "safetensors.numpy", raising=False)
    with pytest.raises(ImportError, match=r"pip install 'tinygrad_opt\[safetensors\]'"):
        files.save(tmp_path / "x.safetensors", {})
    files.save(tmp_path / "x.npz", {})
    assert os.listdir(tmp_path) == ["x.npz"]


# -- what is not as it was written -------------------------------------------------------------
def saved(path, state):
    files.save(path, state)
    return path.read_bytes()


def is_refused(ending, data):
    """Whether the bytes are refused, even where files of other programs are welcome."""
    try:
        formats.unpacked(formats.FORMATS[ending], data)
    except ValueError:
        return True
    return False


@each_ending
def test_every_bit(tmp_path, ending):
    data = saved(tmp_path / f"x{ending}", SMALL)
    for i in range(len(data)):
        for bit in range(8):
            assert is_refused(ending, data[:i] + bytes([data[i] ^ 1 << bit]) + data[i + 1 :]), (i, bit)


@each_ending
def test_every_length(tmp_path, ending):
    data = saved(tmp_path / f"x{ending}", SMALL)
    for n in range(len(data)):
        for wrong in (data[:n], data[n + 1 :], data[:n] + b"\0" + data[n:], data[:n] + data[n + 1 :]):
            assert is_refused(ending, wrong), n
    assert all(is_refused(ending, data + more) for more in (b"\0", b" ", data))


@each_ending
def test_some_bytes_in_files(tmp_path, ending):
    path = tmp_path / f"x{ending}"
    data = saved(path, SMALL)
    for i in range(0, len(data), 29):
        path.write_bytes(data[:i] + bytes([data[i] ^ 255]) + data[i + 1 :])
        refusal(path)
        refusal(path, foreign=True)
        path.write_bytes(data[:i])
        refusal(path)


@each_ending
@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_damage_of_any_kind(tmp_path_factory, ending, data):
    path = tmp_path_factory.getbasetemp() / f"damaged{ending}"
    whole = saved(path, {"a": np.arange(5000.0), "b": [np.ones(500, np.int8), {"c": list(range(300))}]})
    i, j = (data.draw(st.integers(0, len(whole))) for _ in range(2))
    put = data.draw(st.binary(max_size=64) | st.just(whole[j : j + 1000]) | st.just(bytes(512)))
    damaged = whole[:i] + put + whole[i + data.draw(st.sampled_from([0, len(put), 4096])) :]
    assert is_refused(ending, damaged) == (damaged != whole)


def png():
    return b"\x89PNG\r\n\x1a\n" + bytes(range(256))


def npz(**arrays):
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def zipped(comment=b"", **members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.comment = comment
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


@pytest.mark.parametrize(
    ("ending", "data", "text"),
    [
        (".npz", b"", "it is empty, 0 bytes"),
        (".npz", b"epoch 3\n", r"it is no .npz file: it begins with b'epoch 3\\n'"),
        (".npz", png(), r"it is no .npz file: it begins with b'\\x89PNG"),
        (".npz", pickle.dumps({"a": 1}), "it is no .npz file: it begins with"),
        (".npz", npz(a=np.ones(2)), "another program wrote it; its arrays are a"),
        (".npz", npz(**{c: np.ones(2) for c in "abcdef"}), "its arrays are a, b, c, d and 2 more"),
        (".npz", npz(), "another program wrote it; its arrays are none"),
        (".npz", npz(a=np.array([{}])), "ValueError: Object arrays cannot be loaded when allow_pickle=False"),
        (".npz", npz(a=np.ones(2))[:60], "it cannot be read, is it cut off\\? BadZipFile"),
        (".npz", zipped(**{"archive/data.pkl": b"x"}), "it holds what is no array: archive/data.pkl"),
        (".safetensors", b"", "it is empty, 0 bytes"),
        (".safetensors", b"epoch 3\n", r"it is no .safetensors file: it begins with b'epoch 3\\n'"),
        (".safetensors", png(), "it is no .safetensors file"),
        (".safetensors", npz(a=np.ones(2)), r"it is no .safetensors file: it begins with b'PK\\x03\\x04"),
        (
            ".safetensors",
            b'\x20\0\0\0\0\0\0\0{"a":',
            "it is cut off: 13 bytes, of which the header alone should have 32",
        ),
        (".safetensors", b"\x02\0\0\0\0\0\0\0{}", "another program wrote it; its arrays are none"),
        (".safetensors", b"\x02\0\0\0\0\0\0\0{]", "it cannot be read, is it cut off\\? JSONDecodeError"),
    ],
)
def test_foreign_files(tmp_path, ending, data, text):
    path = tmp_path / f"x{ending}"
    path.write_bytes(data)
    assert re.search(text, refusal(path))


@each_ending
def test_a_newer_format(tmp_path, ending, monkeypatch):
    monkeypatch.setattr(structure, "FORMAT", 2)
    files.save(tmp_path / f"x{ending}", SMALL)
    monkeypatch.undo()
    assert refusal(tmp_path / f"x{ending}").endswith("it has format 2; this version reads format 1")


@each_ending
@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "Expecting property name"),
        ("{}", "it lacks 'format'"),
        ('{"format": 1}', "it lacks 'state'"),
        ("[]", "list indices must be"),
        ('{"format": 1, "state": {"$array": "b"}}', "its array b is missing"),
        ('{"format": 1, "state": [{"$array": "a"}, {"$array": "a"}]}', "its array a is missing"),
        ('{"format": 1, "state": 0}', "it has arrays without a place: a"),
        ('{"format": 1, "state": [{"$array": "a"}, {"$float": "ff"}]}', "buffer size must be a multiple"),
        ('{"format": 1, "state": [{"$array": "a"}, {"$int": "xyz"}]}', "invalid literal for int"),
    ],
)
def test_a_structure_that_does_not_fit_its_arrays(tmp_path, ending, text, why):
    """Somebody changed it, and made the digest anew."""
    path, kind = tmp_path / f"x{ending}", formats.FORMATS[ending]
    path.write_bytes(b"".join(formats.packed(kind, text, {"a": np.ones(1)})))
    assert why in refusal(path)


@each_ending
def test_a_shape_that_does_not_fit_its_numbers(tmp_path, ending):
    path, kind = tmp_path / f"x{ending}", formats.FORMATS[ending]
    files.save(path, {"a": np.ones(5)})
    old, new = (b"(5,)", b"(6,)") if ending == ".npz" else (b'"shape":[5]', b'"shape":[6]')
    data = path.read_bytes().replace(old, new)
    at = kind.digest_at(memoryview(data))
    path.write_bytes(data[:at] + formats.digest(memoryview(data), at) + data[at + 64 :])
    assert "it cannot be read, is it cut off? " in refusal(path)


@pytest.mark.parametrize("is_sealed", [False, True])
def test_a_pickle_inside_is_never_opened(tmp_path, is_sealed):
    path, trace = tmp_path / "x.npz", tmp_path / "trace"
    file = io.BytesIO()
    np.save(file, np.array([Canary(trace)]), allow_pickle=True)
    text = '{"format": 1, "state": {"$array": "a"}}'
    comment = formats.MARK + formats.BLANK if is_sealed else b""
    data = zipped(comment, **{"structure.json": text, "a.npy": file.getvalue()})
    path.write_bytes(data[:-64] + formats.digest(memoryview(data), len(data) - 64) if is_sealed else data)
    for foreign in (False, True):
        assert "Object arrays cannot be loaded when allow_pickle=False" in refusal(path, foreign=foreign)
    assert not trace.exists()


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"x\.npz"):
        files.load(tmp_path / "x.npz")


# -- written whole or not at all ---------------------------------------------------------------
@each_ending
@pytest.mark.parametrize(
    ("module", "name"), [(os, "fsync"), (os, "replace"), (replacing, "open"), (replacing, "is_ours")]
)
@pytest.mark.parametrize("is_there", [False, True])
def test_an_error_leaves_what_was_there(tmp_path, monkeypatch, ending, module, name, is_there):
    path = tmp_path / f"x{ending}"
    if is_there:
        files.save(path, SMALL)

    def fails(*args, **kwargs):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(module, name, fails, raising=False)
    stands = "the file from before stands unchanged" if is_there else "there is no such file"
    with pytest.raises(OSError, match=f"cannot save {re.escape(str(path))}: Input/output error; {stands}") as caught:
        files.save(path, {})
    assert caught.value.errno == 5
    monkeypatch.undo()
    assert os.listdir(tmp_path) == ([path.name] if is_there else [])
    if is_there:
        assert exact(files.load(path)) == exact(SMALL)


def test_a_folder_that_may_be_written_and_not_read(tmp_path, monkeypatch):
    def fails(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", fails)
    files.save(tmp_path / "x.npz", SMALL)
    monkeypatch.undo()
    assert exact(files.load(tmp_path / "x.npz")) == exact(SMALL)


def test_numbers_are_on_the_disk_before_the_name_and_the_name_before_it_returns(tmp_path, monkeypatch):
    done = []

    def noted(name, call):
        def wrapped(x, *args):
            done.append((name, x if name == "replace" else os.fstat(x).st_ino))
            return call(x, *args)

        monkeypatch.setattr(os, name, wrapped)

    noted("fsync", os.fsync)
    noted("replace", os.replace)
    files.save(tmp_path / "x.npz", SMALL)
    file, (rename, _), folder = done
    assert (file, rename) == (("fsync", (tmp_path / "x.npz").stat().st_ino), "replace")
    assert folder == ("fsync", tmp_path.stat().st_ino)


def test_an_interruption_leaves_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / "x.npz"
    files.save(path, SMALL)

    def interrupted(*args):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        files.save(path, {})
    assert os.listdir(tmp_path) == ["x.npz"]
    assert exact(files.load(path)) == exact(SMALL)


@pytest.mark.parametrize("at", range(1, 6))
def test_an_interruption_while_a_file_is_put_together_is_what_is_raised(tmp_path, monkeypatch, at):
    """Within a member of the zip archive, which cannot be closed then."""
    compressor, calls = zipfile._get_compressor, []

    def interrupted(*args):
        calls.append(args)
        if len(calls) == at:
            raise KeyboardInterrupt
        return compressor(*args)

    monkeypatch.setattr(zipfile, "_get_compressor", interrupted)
    with pytest.raises(KeyboardInterrupt):
        files.save(tmp_path / "x.npz", {str(i): np.ones(2) for i in range(9)})
    gc.collect()
    assert os.listdir(tmp_path) == []


def test_an_interruption_as_the_file_is_begun_leaves_nothing_open(tmp_path, monkeypatch):
    is_ours, opened = replacing.is_ours, []

    def interrupted(descriptor):
        opened.append(descriptor)
        is_ours(descriptor)
        raise KeyboardInterrupt

    monkeypatch.setattr(replacing, "is_ours", interrupted)
    with pytest.raises(KeyboardInterrupt):
        files.save(tmp_path / "x.npz", SMALL)
    assert os.listdir(tmp_path) == []
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(opened[0])


@pytest.mark.parametrize("letter", ["x", "é"])
def test_names_as_long_as_the_system_takes(tmp_path, letter):
    path = tmp_path / (letter * (251 // len(os.fsencode(letter))) + ".npz")
    (tmp_path / (replacing.stem(path) + "0123456789abcdef.part")).touch()
    files.save(path, SMALL)
    assert exact(files.load(path)) == exact(SMALL)
    assert os.listdir(tmp_path) == [path.name]


def test_errors_are_of_the_system_s_kind(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none/x\.npz: No such file or directory; there is no such file"):
        files.save(tmp_path / "none" / "x.npz", {})
    (tmp_path / "x.npz").mkdir()
    with pytest.raises(IsADirectoryError, match="Is a directory; the file from before stands unchanged"):
        files.save(tmp_path / "x.npz", {})
    assert os.listdir(tmp_path) == ["x.npz"]


def test_what_a_link_points_to_is_replaced(tmp_path):
    (tmp_path / "runs").mkdir()
    (tmp_path / "latest.npz").symlink_to(tmp_path / "runs" / "1.npz")
    files.save(tmp_path / "latest.npz", SMALL)
    files.save(tmp_path / "latest.npz", SMALL)
    assert (tmp_path / "latest.npz").is_symlink()
    assert exact(files.load(tmp_path / "runs" / "1.npz")) == exact(SMALL)
    assert os.listdir(tmp_path / "runs") == ["1.npz"]


def test_permissions_are_the_usual_ones_and_stay(tmp_path):
    path, usual = tmp_path / "x.npz", tmp_path / "usual"
    usual.touch()
    files.save(path, {})
    assert path.stat().st_mode == usual.stat().st_mode
    path.chmod(0o600)
    files.save(path, {})
    assert path.stat().st_mode & 0o777 == 0o600


FULL = """
import os, resource, sys
import numpy as np
from tinygrad_opt.train import files

path, limit = sys.argv[1], int(sys.argv[2])
files.save(path, {"a": 1})
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    files.save(path, {"a": np.zeros(1_000_000)})
except OSError as error:
    print(error)
print(files.load(path), os.listdir(os.path.dirname(path)))
"""


@each_ending
def test_a_file_that_may_not_grow(tmp_path, ending):
    path = tmp_path / f"x{ending}"
    found = run(FULL, path, 100_000).stdout
    assert "] cannot save" in found
    assert f"x{ending}: File too large; the file from before stands unchanged\n{{'a': 1}} ['x{ending}']" in found


@pytest.fixture
def small_disk(tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a small disk can be mounted by root only")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


@each_ending
def test_a_full_disk(small_disk, ending):
    found = run(FULL, small_disk / f"x{ending}", 0).stdout
    assert f"x{ending}: No space left on device; the file from before stands unchanged" in found
    assert f"{{'a': 1}} ['x{ending}']" in found


def test_a_disk_that_may_only_be_read(small_disk):
    path = small_disk / "x.npz"
    files.save(path, SMALL)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(OSError, match="Read-only file system; the file from before stands unchanged"):
        files.save(path, {})
    assert exact(files.load(path)) == exact(SMALL)


# -- several processes -------------------------------------------------------------------------
def test_what_killed_processes_left_is_removed(tmp_path):
    path, abandoned = tmp_path / "x.npz", ".x.npz.0123456789abcdef.part"
    others = [".y.npz.0123456789abcdef.part", ".x.npz.part", ".x.npz.mine.part", "x.npz.bak"]
    for name in [abandoned, *others]:
        (tmp_path / name).write_bytes(b"PK half")
    files.save(path, SMALL)
    assert sorted(os.listdir(tmp_path)) == sorted([*others, "x.npz"])


def test_what_a_process_is_writing_is_not_removed(tmp_path):
    path = tmp_path / "x.npz"
    program = "import sys; from tinygrad_opt.train import files; files.save(sys.argv[1], {})"
    with replacing.begun(path) as (_, temporary):
        assert not run(program, path).stderr
        assert temporary.exists()
    assert not run(program, path).stderr
    assert os.listdir(tmp_path) == ["x.npz"]


def test_a_temporary_file_taken_for_abandoned_is_begun_anew(tmp_path, monkeypatch):
    """Another process cleans up between the making of a file and its locking."""
    lock, seen = replacing.lock, []

    def late(descriptor):
        if len(seen) < 2:
            seen.append(descriptor)
            (name,) = leftovers(tmp_path)
            (tmp_path / name).unlink()
            if len(seen) == 2:
                raise BlockingIOError
        lock(descriptor)

    monkeypatch.setattr(replacing, "lock", late)
    files.save(tmp_path / "x.npz", SMALL)
    assert len(seen) == 2
    assert os.listdir(tmp_path) == ["x.npz"]


def test_a_file_system_without_locks(tmp_path, monkeypatch):
    def unsupported(descriptor):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(replacing, "lock", unsupported)
    (tmp_path / ".x.npz.0123456789abcdef.part").touch()
    files.save(tmp_path / "x.npz", SMALL)
    assert len(os.listdir(tmp_path)) == 2


WRITERS = """
import os, sys
import numpy as np
from tinygrad_opt.train import files

def state(who, i):
    return {"who": who, "i": i, "a": np.full(20_000, i * 10.0 + who)}

path = sys.argv[1]
files.save(path, state(0, 0))
writers = []
for who in range(3):
    if not (writer := os.fork()):
        for i in range(40):
            files.save(path, state(who, i))
        os._exit(0)
    writers.append(writer)
for _ in range(100):
    seen = files.load(path)
    assert (seen["a"] == seen["i"] * 10.0 + seen["who"]).all()
print([os.waitpid(writer, 0)[1] for writer in writers], os.listdir(os.path.dirname(path)))
"""


@each_ending
def test_several_writers_and_a_reader(tmp_path, ending):
    found = run(WRITERS, tmp_path / f"x{ending}")
    assert found.stdout == f"[0, 0, 0] ['x{ending}']\n", found.stderr


KILLED = """
import os, random, signal, sys, time
import numpy as np
from tinygrad_opt.train import files

path, last = sys.argv[1], 0
random.seed(0)
files.save(path, {"i": 0, "a": np.zeros(100_000)})
for _ in range(30):
    if not (writer := os.fork()):
        for i in range(last + 1, last + 100_000):
            files.save(path, {"i": i, "a": np.full(100_000, float(i))})
    time.sleep(random.uniform(0.005, 0.05))
    os.kill(writer, signal.SIGKILL)
    os.waitpid(writer, 0)
    seen = files.load(path)
    assert seen["i"] >= last and (seen["a"] == seen["i"]).all()
    last = seen["i"]
files.save(path, {"i": 0})
print(last > 0, os.listdir(os.path.dirname(path)))
"""


@each_ending
def test_killed_thirty_times(tmp_path, ending):
    found = run(KILLED, tmp_path / f"x{ending}")
    assert found.stdout == f"True ['x{ending}']\n", found.stderr


def test_the_path_of_weights_comes_first(tmp_path):
    model = nn.Linear(1, 1)
    for use in (save_weights, load_weights):
        with pytest.raises(TypeError, match=r"the path comes first, and then the model, a Module; got Linear.* and 'w"):
            use(model, "w.npz")
