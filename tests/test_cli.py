"""The command, run as a user runs it."""

import json
import os
import subprocess
import sys
import xml.dom.minidom

import numpy as np
import pytest
from fresh_processes import python_path

import tinygrad_opt
from tinygrad_opt.cli.expression import Expression, functions

ENVIRONMENT = os.environ | {"PYTHONPATH": python_path(), "COLUMNS": "80"}


def run(*arguments, cwd=None):
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "tinygrad_opt", *arguments],
        capture_output=True, text=True, encoding="utf-8", cwd=cwd, env=ENVIRONMENT, timeout=60, check=False,
    )  # fmt: skip


def explain(*arguments, cwd=None):
    return run("explain", *arguments, cwd=cwd)


def test_without_arguments_it_explains_a_neuron():
    done = explain()
    assert done.returncode == 0
    assert "L = tanh(v4) = tanh(0.881374) = 0.707107" in done.stdout
    assert "x1.grad += v1.grad * w1 = 0.5 * (-3) = -1.5" in done.stdout
    assert "gradcheck OK, 5 entries; relative error at most" in done.stdout
    assert done.stderr == ""


def test_the_same_expression_typed_out_prints_the_same():
    values = ["w1=-3", "x1=2", "w2=1", "x2=0", "b=6.8813735870195432"]
    assert explain("tanh(w1*x1 + w2*x2 + b)", *values).stdout == explain().stdout


def test_arrays_and_json():
    done = explain("mean((W @ x - y)**2)", "W=[[1,2],[3,4]]", "x=[1,-1]", "y=[0,1]", "--json")
    record = json.loads(done.stdout)
    assert record["gradients"] == {"W": [[-1.0, 1.0], [-2.0, 2.0]], "x": [-7.0, -10.0], "y": [1.0, 2.0]}
    assert all(entry["ok"] for entry in record["check"]["entries"])
    assert record["backward"][0]["op"] == "mean"


def test_pictures_and_page_are_written(tmp_path):
    done = explain("x*y", "x=2", "y=3", "--svg", "a.svg", "--png", "a.png", "--html", "a.html", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert xml.dom.minidom.parse(str(tmp_path / "a.svg")).documentElement.tagName == "svg"
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    assert "v1.grad" not in (tmp_path / "a.html").read_text(encoding="utf-8")
    assert "L.grad * y" in (tmp_path / "a.html").read_text(encoding="utf-8")


def test_picture_of_one_step(tmp_path):
    assert explain("x*y + x", "x=2", "y=3", "--svg", "a.svg", "--step", "1", cwd=tmp_path).returncode == 0
    done = explain("x*y + x", "x=2", "y=3", "--svg", "a.svg", "--step", "9", cwd=tmp_path)
    assert done.returncode == 2
    assert "2" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["x*y", "x=1"], "no value for y: add y=NUMBER after the expression"),
        (["x", "x=1", "z=2"], "unknown name z: the expression uses x"),
        (["x+", "x=1"], "syntax error at column 3 of 'x+': invalid syntax"),
        (["2*(x+1", "x=1"], "syntax error at column 3 of '2*(x+1': '(' was never closed"),
        (["tanhh(x)", "x=1"], "unknown function 'tanhh'; did you mean 'tanh'? (at column 1 of 'tanhh(x)')"),
        (["1 + x.data", "x=1"], "attribute access is not allowed here (at column 5 of '1 + x.data')"),
        (["x if x else 1", "x=1"], "if/else (use where) is not allowed here (at column 1 of 'x if x else 1')"),
        (["x", "x=a"], "x=a: write a number or a nested list of numbers"),
        (["x", "x=inf"], "x=inf: write a number or a nested list of numbers"),
        (["x", "x=1e999"], "x=1e999: the value must be finite"),
        (["x", "x=1", "x=2"], "x is given twice"),
        (["x", "5"], "'5' is not NAME=VALUE, as in x=2 or W=[[1,2],[3,4]]"),
        (["x", "x=1j"], "x=1j: a Value must be real numbers; got complex data"),
        (["x", "x=[1,[2]]"], "x=[1,[2]]: a Value must be rectangular; got a ragged list"),
        (["W@x", "W=[[1,2]]", "x=[1,2,3]"], "matmul: shapes (1, 2) and (3,) do not fit: the left's last axis is 2"),
        (["x+y", "x=[1,2]", "y=[1,2,3]"], "add: shapes (2,) and (3,) do not broadcast: axis -1 has 2 and 3"),
        (
            ["log(x-1)", "x=1"],
            "log(v1) = log(0) = -inf: the first non-finite result, with v1 = x - 1; log needs v1 > 0",
        ),
        (["x/0", "x=1"], "x / 0 = 1 / 0 = inf: the first non-finite result; divide needs 0 != 0"),
        (["exp(1000)*x", "x=1"], "this constant is inf; it must be finite (at column 1"),
        (["x*x", "x=[1,2]"], "the result has shape (2,); backprop starts from a scalar: wrap it, sum(x*x)"),
        (["1+2"], "nothing to differentiate: the result depends on no name smoothly"),
        (["x>1", "x=2"], "nothing to differentiate"),
        (["x^2", "x=2"], "this operator is not allowed here: a power is x**2"),
        (["np.sin(x)", "x=2"], "functions stand by their bare names: sin(x), not np.sin(x)"),
        (["x**1000", "x=10"], "x ** 1000 = 10 ** 1000 = inf: the first non-finite result"),
        (["x[7]", "x=[1,2]"], "indexing of shape (2,), index=7: index 7 is out of bounds"),
        (["sum(x, axis=3)", "x=[1,2]"], "sum of shape (2,), axis=3: axis 3 is out of bounds"),
        (["sum(x, dtype=3)", "x=[1,2]"], "sum on a Value takes axis, keepdims; got dtype="),
        (["__import__('os')", "x=1"], "unknown name x: the expression uses none"),
        (["(lambda: x)()", "x=1"], "a call of anything but a function's name (np.sin is sin here) is not allowed here"),
        (["dropout(x)", "x=1"], "unknown function 'dropout'"),
        (["fromfile('a')*x", "x=1"], "unknown function 'fromfile'"),
        (["median(x, size=1)", "x=1"], "unexpected keyword argument 'size' (at column 1 of"),
        (["x['a']", "x=1"], "'a' cannot be an index or a parameter: use plain integers (at column 3 of"),
        (["x + 'a'", "x=1"], "'a' is not allowed here (at column 5 of"),
        (["gelu(x, 'erf')", "x=1"], """gelu takes approximate="none" or "tanh"; got 'erf' (at column 1 of"""),
        (["x", "x=1", "--svg", "/nowhere/at/all.svg"], "/nowhere/at/all.svg"),
    ],
)
def test_bad_input_is_one_line_and_status_2(arguments, message):
    done = explain(*arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.startswith("tinygrad-opt: ")
    assert done.stderr.count("\n") == 1


def test_a_kink_is_reported_as_such():
    done = explain("relu(x)", "x=0")
    assert done.returncode == 0
    assert "gradcheck AT_KINK, 1 entry: the point lies on a kink" in done.stdout


@pytest.mark.parametrize("arguments", [["--help"], ["explain", "--help"]])
def test_help_is_a_manual(arguments):
    done = run(*arguments)
    assert done.returncode == 0
    assert "exit status" in done.stdout.lower()


def test_a_reader_that_stops_is_no_error():
    command = f"{sys.executable} -m tinygrad_opt explain | head -n 1"
    done = subprocess.run(command, shell=True, env=ENVIRONMENT, capture_output=True, text=True, check=True)
    assert done.stdout == "inputs\n"
    assert done.stderr == ""


def test_deep_and_huge_expressions_are_refused_not_crashed():
    assert explain("+".join(["x"] * 20_000), "x=1").returncode == 2
    assert explain("(" * 500 + "x" + ")" * 500, "x=1").returncode == 2
    assert explain("x**9**9**9", "x=1").returncode in (1, 2)


def test_every_function_of_the_table_with_a_public_name_can_be_called():
    assert {"exp", "tanh", "where", "concatenate", "matmul", "softmax", "abs", "amax"} <= set(functions())
    assert not {"getitem", "spread", "cast", "scatter_add"} & set(functions())


@pytest.mark.parametrize(
    ("formula", "x", "expected"),
    [
        ("median(x)", [1, 2, 4], [0, 1, 0]),
        ("norm(x)", [3, 4], [0.6, 0.8]),
        ("det(x) + trace(x)", [[1, 2], [3, 4]], [[5, -3], [-2, 2]]),
        ("slogdet(x)[1]", [[2, 0], [0, 4]], [[0.5, 0], [0, 0.25]]),
        ("einsum('ij,j->', x, [1, 2])", [[1, 2], [3, 4]], [[1, 2], [1, 2]]),
        ("sum(clip(x, min=-1, max=3/2))", [-2, 1, 2], [0, 1, 0]),
        ("sum(take(x, [0, 0]))", [1, 2], [2, 0]),
        ("sum(celu(x, 1/2))", [1, 2], [1, 1]),
        ("sum(clip(x, max=x + 1))", [1, 2], [1, 1]),
        ("nll_loss(log_softmax(x), [0]) - cross_entropy(x, [0], reduction='sum')", [[1, 2]], [[0, 0]]),
        ("sum(layer_norm(x, 2, bias=x))", [1, 2], [1, 1]),
    ],
)
def test_what_is_written_in_other_functions_can_be_called(formula, x, expected):
    v = tinygrad_opt.Value(x)
    Expression(formula)({"x": v}).backward()
    np.testing.assert_allclose(v.grad, expected, atol=1e-15)


def test_only_functions_of_the_package_are_offered():
    offered = functions()
    assert {"mish", "celu", "glu", "cross_entropy", "layer_norm", "median", "einsum", "norm", "inv"} <= set(offered)
    assert not {"dropout", "load", "fromfile", "save", "random", "vectorize", "apply_along_axis"} & set(offered)


def test_names_come_in_order_of_appearance():
    assert Expression("b + a*b + exp(c)").names == ["b", "a", "c"]


# -- check -------------------------------------------------------------------------------------
LOSSES = """
import math
import numpy as np

def huber(x, delta=1.0):
    a = np.abs(x)
    return np.sum(np.where(a < delta, 0.5 * x * x, delta * (a - 0.5 * delta)))

def cut(x):
    return math.sin(x) * x

def loss(W, x):
    return np.sum((W @ x) ** 2)

def backprop(W, x):
    return 2 * np.outer(W @ x, x), 2 * W.T @ (W @ x)

def unscaled(W, x):
    return np.outer(W @ x, x), 2 * W.T @ (W @ x)
"""


@pytest.fixture
def losses(tmp_path):
    (tmp_path / "losses.py").write_text(LOSSES, encoding="utf-8")
    return tmp_path


AT = ["--at", "W=[[1,2],[3,5],[0,1]]", "x=[1,-2]"]


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (["losses.py:huber", "--at", "x=[0.5,-2,3]"], 0, "gradcheck OK, 3 entries"),
        (
            ["losses:huber", "--at", "x=[0.5,-2,3]", "delta=2.5", "--order", "2"],
            0,
            "gradcheck of order 2 OK, 4 entries",
        ),
        (["losses.py:huber", "--at", "x=@x.npy", "--method", "richardson"], 0, "gradcheck OK, 2 entries"),
        (["losses.py:cut", "--at", "x=1"], 1, "gradcheck FAIL: the gradient is wrong at 1 of 1 entry"),
        (["losses.py:loss", "--gradient", "losses.py:backprop", *AT], 0, "gradcheck OK, 8 entries"),
        (["losses.py:loss", "--gradient", "losses:unscaled", *AT], 1, "W: half of what it should be"),
        (["losses.py:loss", *AT, "--coverage", "random"], 0, "random coverage of 8 entries"),
    ],
)
def test_check_says_whether_a_gradient_is_right(losses, arguments, status, told):
    np.save(losses / "x.npy", np.array([0.5, 3.0]))
    done = run("check", *arguments, cwd=losses)
    assert told in done.stdout
    assert (done.returncode, done.stderr) == (status, "")


def test_check_writes_json_and_a_page(losses):
    done = run("check", "losses.py:loss", *AT, "--json", "--html", "report.html", cwd=losses)
    record = json.loads(done.stdout)
    assert (record["status"], record["evaluations"], len(record["entries"])) == ("OK", 18, 8)
    assert "gradcheck OK, 8 entries" in (losses / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["huber", "--at", "x=1"], "'huber' is not module:function or file.py:function"),
        (["nothing.py:huber", "--at", "x=1"], "there is no file nothing.py"),
        (["nothing:huber", "--at", "x=1"], "cannot import nothing: ModuleNotFoundError: No module named 'nothing'"),
        (["losses.py:f", "--at", "x=1"], "losses.py has no function f; it has huber, cut, loss, backprop, unscaled"),
        (["losses.py:huber"], "no value for x: add --at x=VALUE"),
        (["losses.py:huber", "--at", "y=1"], "losses.py:huber has no parameter y; it has x, delta"),
        (["losses.py:huber", "--at", "x=one"], "x=one: write a number or a nested list of numbers"),
        (["losses.py:huber", "--at", "x=@no.npy"], "x=@no.npy: [Errno 2] No such file or directory: 'no.npy'"),
        (
            ["losses.py:loss", "--at", "W=[1,2]", "x=[1,2,3]"],
            "losses.py:loss: ValueError: matmul: shapes (2,) and (3,)",
        ),
        (["losses.py:huber", "--at", "x=1", "--rtol", "2"], "rtol must be a number from 0 to 1; got 2.0"),
    ],
)
def test_bad_input_of_check_is_one_line_and_status_2(losses, arguments, message):
    done = run("check", *arguments, cwd=losses)
    assert done.returncode == 2
    assert message in done.stderr
    assert done.stderr.startswith("tinygrad-opt: ")
    assert done.stderr.count("\n") == 1
