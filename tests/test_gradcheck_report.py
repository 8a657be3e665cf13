"""What a report of gradcheck says: as text, in a notebook, as JSON, and in its first line."""

import json

import numpy as np
import pytest

from tinygrad_opt import Value, differentiable, gradcheck, gradcheck_graph


def twice(x):
    return x * x


def nowhere(x):
    return x * x


twice = differentiable(twice, lambda g, out, x: g * 4 * x)
nowhere = differentiable(nowhere, lambda g, out, x: g * np.nan)


def right():
    return gradcheck(lambda x, w: np.sum(x * w**2), [1.0, 2.0, 4.0], 0.5)


def wrong():
    return gradcheck(lambda x, w: np.sum(twice(x)) + w, [1.0, 2.0, 3.0], 0.5)


def infinite():
    return gradcheck(lambda x: np.sum(nowhere(x)), [1.0, 2.0])


def test_the_text_of_a_right_gradient():
    expected = """
gradcheck OK, 4 entries; no difference at all
 input   checked   status   worst at   backprop   differences   relative   ratio
 ───────────────────────────────────────────────────────────────────────────────
 x       3 of 3    OK       x[0]       0.25       0.25          0.0e+00    1
 w       1 of 1    OK       w          7          7             0.0e+00    1
"""
    assert str(right()) == expected.strip()


def test_the_text_of_a_wrong_gradient():
    expected = """
gradcheck FAIL: the gradient is wrong at 3 of 4 entries
 input   checked   status   worst at   backprop   differences   relative   ratio
 ───────────────────────────────────────────────────────────────────────────────
 x       3 of 3    FAIL     x[2]       12         6             5.0e-01    2
 w       1 of 1    OK       w          1          1             0.0e+00    1
x: twice what it should be: counted twice, or a factor 1/2 is missing
twice, in v1 = twice(x): its rule for x is wrong: at x[2] it gives 7.68507, differences 3.84254; \
twice what it should be: counted twice, or a factor 1/2 is missing
"""
    assert str(wrong()) == expected.strip()


@pytest.mark.parametrize(
    ("f", "inputs", "line"),
    [
        (np.sum, [np.zeros(0)], "gradcheck DEGENERATE: there was no entry to check"),
        (np.abs, [0.0], "gradcheck AT_KINK, 1 entry: the point lies on a kink: there the gradient lies between the "
                        "slopes of the two sides; no difference at all"),
        (lambda x: 3.0, [1.0], "gradcheck DEGENERATE, 1 entry: the gradient is zero here up to rounding, by backprop "
                               "and by differences, which shows nothing. Move away from a minimum; weight the results "
                               "of a softmax or a batch normalization, whose sum is constant"),
        (np.log, [0.0], "gradcheck NONFINITE: f is -inf at this point: log is the first to be so"),
        (nowhere, [2.0], "gradcheck NONFINITE: f or its gradient is not finite here at 1 of 1 entry"),
    ],
)  # fmt: skip
def test_the_first_line(f, inputs, line):
    assert gradcheck(f, *inputs).verdict == line


def test_the_notebook_form_shows_names_and_no_tags_of_theirs():
    html = gradcheck(lambda x: np.sum(x**2), Value([1.0], name="<b>w</b>"))._repr_html_()
    assert "&lt;b&gt;w&lt;/b&gt;" in html
    assert "<b>" not in html
    assert html.startswith("<pre")


@pytest.mark.parametrize("report", [right, wrong, infinite, lambda: gradcheck(np.log, 0.0)])
def test_a_record_is_json_and_complete(report):
    report = report()
    record = json.loads(json.dumps(report.record(), allow_nan=False))
    assert record["status"] == report.status
    assert record["ok"] is bool(report)
    assert record["evaluations"] == report.evaluations
    assert record["hints"] == report.hints
    assert [entry["index"] for entry in record["entries"]] == [list(entry.index) for entry in report.entries]
    assert len(record["operations"]) == len(report.operations)


def test_what_is_not_finite_is_text_in_a_record():
    entry = infinite().record()["entries"][0]
    assert (entry["analytic"], entry["ok"]) == ("nan", False)


def test_hints_name_their_input():
    assert wrong().hints == ["x: twice what it should be: counted twice, or a factor 1/2 is missing"]
    assert right().hints == []


def test_an_entry_as_a_line():
    line = str(wrong().failures[-1])
    assert line.startswith("x[2]: backprop 12, differences 6, off by 6 (relative 0.5, allowed ")


def test_the_text_of_a_graph():
    x = Value(2.0, name="x")
    assert str(gradcheck_graph(twice(x) * 3.0)) == (
        "gradcheck_graph FAIL: 1 of 2 rules are wrong\n"
        "  twice, in v1 = twice(x): its rule for x is wrong: at x it gives 1.00584, differences 0.502921; "
        "twice what it should be: counted twice, or a factor 1/2 is missing"
    )
    assert str(gradcheck_graph(x * x)) == "gradcheck_graph OK: 2 rules agree with differences of their operations"
    with pytest.raises(TypeError, match="checks the graph that made a Value; got float"):
        gradcheck_graph(3.0)
