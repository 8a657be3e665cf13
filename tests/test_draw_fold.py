"""Folding: large graphs become few boxes that still say what the graph is."""

import itertools
import random
import re
import sys
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygrad_opt import Value
from tinygrad_opt.draw import draw
from tinygrad_opt.draw.fold import fold
from tinygrad_opt.draw.graph import Graph
from tinygrad_opt.draw.scopes import common, path, scopes
from tinygrad_opt.draw.snapshot import Snapshot

TIMES = "\N{MULTIPLICATION SIGN}"


def titles(picture):
    return re.findall(r"<B>(.*?)</B>", picture.source)


def chain(length):
    x = Value(0.5, name="x")
    for _ in range(length):
        x = x.tanh()
    return x


def perceptron(sizes, rng):
    """A scalar multi-layer perceptron as micrograd builds it."""
    layer = [Value(rng.random(), name=f"x{i}") for i in range(sizes[0])]
    for width in sizes[1:]:
        layer = [sum((Value(rng.random()) * x for x in layer), Value(0.0)).relu() for _ in range(width)]
    loss = (layer[0] - 1.0) ** 2
    loss.name = "loss"
    return loss


def tangle(count, rng):
    values = [Value(rng.random()) for _ in range(20)]
    for _ in range(count):
        a, b = rng.choice(values), rng.choice(values)
        values.append(rng.choice([np.add, np.multiply])(a, b) if rng.random() < 0.8 else np.tanh(a))
    return sum(values[-count // 3 :])


def layers(count, scope="layers"):
    x = Value(np.ones((5, 2)), name="x", requires_grad=False)
    for i in range(count):
        weight, bias = Value(np.ones((2, 2)), name=f"{scope}.{i}.weight"), Value(np.ones(2), name=f"{scope}.{i}.bias")
        x = np.tanh(x @ weight + bias)
    return np.mean(x)


# -- below the budget ----------------------------------------------------------------------------
def test_nothing_is_folded_within_the_budget():
    picture = draw(chain(149), budget=150)
    assert "folded" not in picture.source
    assert len(titles(picture)) == 150


# -- runs ----------------------------------------------------------------------------------------
def test_a_chain_of_one_operation_is_a_run():
    picture = draw(chain(10_001))
    assert titles(picture) == ["x", f"tanh {TIMES}10000", "v10001"]
    assert "v1 … v10000" in picture.source
    assert "10000 of 10002 nodes are folded into 1" in picture.source
    assert "to see more: draw(node, budget=300), or draw an intermediate node" in picture.source


def test_a_node_that_is_used_elsewhere_ends_a_run():
    x = chain(200)
    y = x
    for _ in range(200):
        y = y.tanh()
    assert f"tanh {TIMES}200" in titles(draw(y * x))


def test_doubling_is_a_run():
    x = Value(1.0, name="x")
    for _ in range(201):
        x = x + x
    assert titles(draw(x)) == ["x", f"add {TIMES}200", "v201"]


def test_a_constant_at_every_link_is_one_box():
    x = Value(1.0, name="x")
    for _ in range(201):
        x = x * 1.01
    picture = draw(x)
    assert titles(picture) == ["x", f"constant {TIMES}200", f"multiply {TIMES}200", "v201"]
    assert '<TD COLSPAN="3">1.01</TD>' in picture.source


# -- alike nodes ---------------------------------------------------------------------------------
def test_alike_neurons_fold_layer_by_layer():
    picture = draw(perceptron((3, 8, 8, 1), random.Random(0)))
    found = titles(picture)
    for title in (f"multiply {TIMES}24", f"add {TIMES}24", f"multiply {TIMES}64", f"add {TIMES}64"):
        assert found.count(title) == 1
    assert len(found) < 25
    assert "x0 … x2" in picture.source
    assert "loss" in found


def test_a_wide_sum_has_one_box_of_inputs():
    picture = draw(sum(Value(float(i)) for i in range(10_000)))
    assert f"input {TIMES}9999" in titles(picture)
    assert f"add {TIMES}9999" in titles(picture)


def test_a_wide_stack_has_one_box_of_inputs():
    picture = draw(np.sum(np.stack([Value(float(i)) for i in range(10_000)])))
    assert f"input {TIMES}10000" in titles(picture)
    assert picture.source.count("->") == 2


def test_different_shapes_are_not_alike():
    small = [np.sum(Value(np.ones(2)) * 2.0) for _ in range(40)]
    large = [np.sum(Value(np.ones(3)) * 2.0) for _ in range(40)]
    picture = draw(sum(small + large))
    assert titles(picture).count(f"multiply {TIMES}40") == 2
    assert "shape (2,)" in picture.source
    assert "shape (3,)" in picture.source


# -- scopes --------------------------------------------------------------------------------------
def test_scopes_fold_to_one_box_each():
    picture = draw(layers(20), budget=60)
    assert [title for title in titles(picture) if title.startswith("layers")] == [f"layers.{i}" for i in range(20)]
    assert "2 inputs<BR/>1 matmul<BR/>1 add" in picture.source
    assert "shape=folder" in picture.source


def test_the_scopes_around_fold_when_the_inner_ones_are_too_many():
    picture = draw(layers(40, scope="model.layers"), budget=30)
    assert "model.layers" in titles(picture)


def test_a_scope_that_is_entered_again_is_a_box_for_each_visit():
    w, b, state = Value(0.5, name="cell.w"), Value(0.1, name="cell.b"), Value(1.0, name="x")
    for i in range(4):
        state = np.tanh(state * w + b) * Value(2.0, name=f"gate{i}.g")
    graph = Graph(state)
    visits = [
        box for box in fold(graph, scopes(graph), Snapshot(), budget=15) if len(box.members) > 1 and box.how == "scope"
    ]
    ops = [sorted(graph.says(i) for i in box.members) for box in visits]
    assert ops.count(["add", "multiply"]) == 3
    assert ops.count(["add", "input", "input", "multiply"]) == 1


def test_the_scope_of_a_name():
    assert path("layers.0.weight") == ("layers", "0")
    assert path("weight") == path(None) == path("3.14") == path("a..b") == path("see e.g. this") == ()
    assert len(path("a." * 5_000 + "b")) == 8
    assert common([("a", "b", "c"), ("a", "b"), ("a", "b", "d")]) == ("a", "b")
    assert common([("a",), ("b",)]) == common([]) == ()


def test_what_lies_between_two_layers_belongs_to_the_scope_around_them():
    graph = Graph(layers(2))
    found = [(graph.says(i), scope) for i, scope in enumerate(scopes(graph)) if graph.kind(i) == "operation"]
    first, second, around = ("layers", "0"), ("layers", "1"), ("layers",)
    assert found[:3] == [("matmul", first), ("add", first), ("tanh", around)]
    assert found[3:] == [("matmul", second), ("add", second), ("tanh", ()), ("mean", ())]


# -- the rest ------------------------------------------------------------------------------------
def test_a_tangle_keeps_what_is_nearest_to_the_root():
    picture = draw(tangle(3_000, random.Random(0)), budget=50)
    rest = [title for title in titles(picture) if title.endswith("earlier nodes")]
    assert len(rest) == 1
    assert re.search(r"\d+ (add|multiply)<BR/>\d+ ", picture.source)
    assert len(titles(picture)) <= 50


@pytest.mark.parametrize("step", [1, 700, 2_000])
def test_a_step_stays_in_sight_however_much_is_folded(step):
    root = tangle(3_000, random.Random(1))
    picture = draw(root, budget=40, step=step)
    assert len(titles(picture)) <= 40
    assert picture.source.count("penwidth=3") == 1
    assert "label=<+= " in picture.source
    assert picture.svg()


def test_states_do_not_fold_into_each_other():
    picture = draw(chain(1_000), step=500)
    assert f"tanh {TIMES}498" in titles(picture)
    assert f"tanh {TIMES}499" in titles(picture)
    assert "498 done" in picture.source
    assert "499 waiting" in picture.source


# -- size ----------------------------------------------------------------------------------------
LARGE = {
    "chain": lambda: chain(10_000),
    "wide": lambda: sum(Value(float(i)) for i in range(10_000)),
    "tangled": lambda: tangle(10_000, random.Random(0)),
    "perceptron": lambda: perceptron((10, 40, 40, 40, 1), random.Random(0)),
}


@pytest.mark.parametrize("make", LARGE.values(), ids=LARGE.keys())
def test_ten_thousand_nodes_are_drawn_in_seconds(make):
    root = make()
    start = time.perf_counter()
    picture = draw(root)
    assert picture.svg()
    assert time.perf_counter() - start < 10
    assert len(re.findall(r"^\s*[nc]\d+ \[", picture.source, re.MULTILINE)) <= 150


def test_a_million_nodes_under_the_default_recursion_limit():
    assert sys.getrecursionlimit() <= 1_000
    assert titles(draw(chain(1_000_001))) == ["x", f"tanh {TIMES}1000000", "v1000001"]


# -- laws ----------------------------------------------------------------------------------------
@given(st.integers(0, 10_000), st.integers(20, 200), st.integers(10, 60))
@settings(max_examples=40, deadline=None)
def test_folding_loses_and_repeats_no_vertex_and_keeps_the_budget(seed, count, budget):
    rng = random.Random(seed)
    names = [None, "x", "a.w", "a.b.w", "a.b.v", "c.w"]
    values = [Value(rng.random(), name=rng.choice(names)) for _ in range(8)]
    for _ in range(count):
        a, b = rng.choice(values[-12:]), rng.choice([*values, 2.0])
        values.append(rng.choice([np.add, np.multiply])(a, b) if rng.random() < 0.7 else np.tanh(a))
    graph = Graph(sum(values[-9:]))
    boxes = fold(graph, scopes(graph), Snapshot(), budget)
    assert len(boxes) <= budget
    assert sorted(itertools.chain.from_iterable(box.members for box in boxes)) == list(range(len(graph.vertices)))
    place = {i: b for b, box in enumerate(boxes) for i in box.members}
    across = {(place[j], place[i]) for i, inputs in enumerate(graph.inputs) for j in inputs}
    arrows = {(j, i) for i, box in enumerate(boxes) for j in box.inputs}
    assert arrows == {(j, i) for j, i in across if j != i}
    assert is_acyclic(arrows)


def is_acyclic(arrows):
    while arrows:
        targets = {i for _, i in arrows}
        rest = {(j, i) for j, i in arrows if j in targets}
        if rest == arrows:
            return False
        arrows = rest
    return True
