"""Pictures: what they show, that any name can stand in them, and that every way to render them works."""

import itertools
import os
import re
import subprocess
import sys
import time
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinygrad_opt import Value, differentiable, explain
from tinygrad_opt.draw import draw, render
from tinygrad_opt.draw.labels import escape
from tinygrad_opt.draw.picture import Picture
from tinygrad_opt.naming import one_line


def neuron():
    x1, x2 = Value(2.0, name="x1"), Value(0.0, name="x2")
    w1, w2 = Value(-3.0, name="w1"), Value(1.0, name="w2")
    o = np.tanh(w1 * x1 + w2 * x2 + Value(6.8813735870195432, name="b"))
    o.name = "o"
    return o


def edges(picture):
    return re.findall(r"^\s*([nc]\d+) -> ([nc]\d+)", picture.source, re.MULTILINE)


def statement(picture, name):
    """The DOT statement of the node that has this name or title."""
    return next(line for line in picture.source.splitlines() if f"<B>{name}</B>" in line)


def texts(picture):
    """The lines of text in the picture's SVG."""
    return [t.text or "" for t in ET.fromstring(picture.svg()).iter("{http://www.w3.org/2000/svg}text")]


def attribute(line, key):
    found = re.search(rf'\b{key}=(?:"([^"]*)"|(\w+))', line)
    return found and (found[1] or found[2])


# -- what is shown -------------------------------------------------------------------------------
def test_a_node_shows_its_name_operation_data_and_gradient():
    o = neuron()
    assert {"o", "x1", "v1", "data 2", "data 0.707107"} <= set(texts(draw(o)))
    assert "grad \N{EN DASH}" in texts(draw(o))
    o.backward()
    line = statement(draw(o), "x1")
    assert "data 2<" in line
    assert "grad -1.5<" in line
    assert "tanh" in statement(draw(o), "o")
    assert "grad \N{EN DASH}" not in texts(draw(o))


def test_arrays_show_their_shape_and_small_ones_their_entries():
    W, b = Value(np.ones((3, 4)), name="W"), Value([1.0, 2.0], name="b")
    picture = draw((W.sum(axis=0) * 2.0)[:2] @ b)
    assert "data (3, 4)" in statement(picture, "W")
    assert "shape (2,)" in statement(picture, "b")
    assert "data [1, 2]" in statement(picture, "b")
    assert "sum(axis=0)" in picture.source


def test_kinds_differ_in_shape_and_in_colour():
    x, k = Value(2.0, name="x"), Value(3.0, name="k", requires_grad=False)
    hidden = x * k
    hidden.name = "hidden"
    root = hidden + np.array([1.0, 2.0]) * 5.0
    root.name = "root"
    picture = draw(root)
    looks = {
        name: tuple(attribute(statement(picture, name), a) for a in ("shape", "style", "peripheries"))
        for name in ("x", "k", "hidden", "root")
    }
    colours = {attribute(statement(picture, name), "fillcolor") for name in looks}
    assert len(set(looks.values())) == len(colours) == 4
    assert "grad" not in statement(picture, "k")
    assert attribute(statement(picture, "c1"), "shape") == attribute(statement(picture, "k"), "shape") == "note"


def test_every_use_of_a_node_is_an_edge():
    a = Value(3.0, name="a")
    assert edges(draw(a + a)) == [("n0", "n1"), ("n0", "n1")]


def test_a_number_stands_beside_each_operation_that_uses_it_and_an_array_once():
    x, array = Value(2.0, name="x"), np.array([1.0, 2.0])
    assert edges(draw(x * 2.0 + 2.0)) == [("n0", "n1"), ("c0", "n1"), ("n1", "n2"), ("c1", "n2")]
    assert edges(draw(x * array + array)) == [("n0", "n1"), ("c0", "n1"), ("n1", "n2"), ("c0", "n2")]
    assert "shape=ellipse" in draw(x * 2.0).source


def test_scopes_are_nested_clusters():
    picture = draw(network())
    for scope in ("layers", "layers.0", "layers.1"):
        assert f"label=<{scope}>" in picture.source
    assert picture.source.count("subgraph cluster_") == 3
    inner = picture.source.split("label=<layers.0>")[1].split("}")[0]
    assert "<B>layers.0.weight</B>" in inner
    assert "matmul" in inner


def network():
    x = Value(np.ones((5, 3)), name="x", requires_grad=False)
    sizes = [3, 4, 1]
    for i, (n, m) in enumerate(itertools.pairwise(sizes)):
        weight = Value(np.full((n, m), 0.5), name=f"layers.{i}.weight")
        x = np.tanh(x @ weight + Value(np.zeros(m), name=f"layers.{i}.bias"))
    loss = np.mean(x)
    loss.name = "loss"
    return loss


def test_the_direction_can_be_chosen():
    assert "rankdir=TB" in draw(neuron(), rankdir="TB").source


def test_the_background_is_transparent():
    assert "bgcolor=transparent" in draw(neuron()).source
    assert 'fill="white"' not in draw(neuron()).svg()


def test_a_leaf_alone_is_a_picture():
    assert "x" in texts(draw(Value(2.0, name="x")))


def test_a_gradient_that_is_a_graph_shows_its_number():
    x = Value(3.0, name="x")
    (x * x).backward(create_graph=True)
    assert "grad 6<" in draw(x * x).source


# -- one backward step ---------------------------------------------------------------------------
def test_a_step_shows_who_is_done_active_and_waiting():
    a, b = Value(2.0, name="a"), Value(3.0, name="b")
    e = a * b
    e.name = "e"
    d = e + a
    d.name = "d"
    picture = draw(d, step=1)
    assert "penwidth=3" in statement(picture, "d")
    assert "active" in statement(picture, "d")
    assert "waiting 1/2" in statement(picture, "a")
    assert "grad 1<" in statement(picture, "a")
    assert "waiting 1/1" in statement(picture, "e")
    assert "waiting 0/1" in statement(picture, "b")
    assert "dashed" in statement(picture, "b")
    picture = draw(d, step=2)
    assert "done" in statement(picture, "d")
    assert "active" in statement(picture, "e")
    assert "done" in statement(picture, "a")
    assert "dashed" not in statement(picture, "a")
    assert "grad 4<" in statement(picture, "a")
    assert "label=<+= 3>" in picture.source
    assert "label=<+= 2>" in picture.source
    assert "backward step 2 of 2: e passes its gradient on" in texts(picture)
    assert a.grad is None


def test_both_contributions_of_a_plus_a_are_on_edges():
    a = Value(3.0, name="a")
    assert draw((a + a) * 2.0, step=2).source.count("label=<+= 2>") == 2


def test_a_constant_has_no_part_in_a_step():
    k = Value(3.0, name="k", requires_grad=False)
    line = statement(draw(Value(2.0, name="x") * k, step=1), "k")
    assert not re.search("done|waiting|active", line)


def test_the_last_step_shows_the_gradients_of_the_explanation():
    o = neuron()
    gradients = explain(o).gradients
    picture = draw(o, step=len(explain(o).steps))
    for name, gradient in gradients.items():
        assert f"grad {gradient:.6g}<" in statement(picture, name)


def test_a_step_from_an_array_needs_the_gradient():
    x = Value([1.0, 2.0], name="x")
    assert "grad [3, 6]" in statement(draw(x * 3.0, step=1, gradient=[1.0, 2.0]), "x")
    with pytest.raises(ValueError, match="starts from a scalar"):
        draw(x * 3.0, step=1)


@pytest.mark.parametrize("step", [0, 6, -1, 1.5, "2"])
def test_a_step_that_is_not_there(step):
    with pytest.raises(ValueError, match=rf"step={step!r}: the backward pass from o has steps 1 to 5"):
        draw(neuron(), step=step)


def test_a_root_without_steps():
    with pytest.raises(ValueError, match="from x has no steps, for x was not computed from anything"):
        draw(Value(1.0, name="x"), step=1)


# -- arguments -----------------------------------------------------------------------------------
def test_only_values_can_be_drawn():
    with pytest.raises(TypeError, match=r"draw\(\) draws a Value .* got ndarray"):
        draw(np.ones(3))


def test_a_budget_too_small():
    with pytest.raises(ValueError, match="at least 10; got 3"):
        draw(neuron(), budget=3)


def test_a_direction_that_is_none():
    with pytest.raises(ValueError, match="one of LR, RL, TB, BT; got 'up'"):
        draw(neuron(), rankdir="up")


# -- names ---------------------------------------------------------------------------------------
NASTY = [
    "<b>", "<", ">", "</TABLE>", "<!--", "]]>", "&", "&amp;", "&lt", 'a"b', "a\\", "\\", "\\N", "\\\\n", "{a|b}",
    "a:b:c", "a\nb", "a\tb", "a\x00b", "\x1b[0m", "\N{GRINNING FACE}", "\ud800", "\u202e", " ", "%", "->", "n0",
    "digraph", "x" * 10_000, "a." * 5_000 + "b",
]  # fmt: skip


def squeezed(text):
    return re.sub(r"\s", "", text)


@pytest.mark.parametrize("name", NASTY)
def test_a_nasty_name(name):
    check_name(name)


@given(st.text(st.characters(), min_size=1, max_size=60))
@settings(max_examples=100, deadline=None)
def test_any_name(name):
    check_name(name)


def check_name(name):
    x = Value(2.0, name=name)
    picture = draw(x * 3.0)
    assert squeezed(one_line(name)) in [squeezed(text) for text in texts(picture)]
    assert picture.png().startswith(b"\x89PNG")
    scoped = Value(2.0, name=f"layers.{name}")
    assert draw(scoped * x, step=1).svg()


@given(st.text(st.characters(), max_size=30))
@settings(max_examples=50, deadline=None)
def test_escaped_text_is_one_line_that_graphviz_shows_as_it_is(text):
    drawn = Picture()
    drawn.node("n0", label=f"<.{escape(text)}.>")
    shown = "".join(c if c.isprintable() else " " for c in text)
    assert squeezed(f".{shown}.") in squeezed("".join(texts(drawn)))


def test_an_operation_with_a_nasty_name():
    def twice(x):
        return 2 * x

    twice.__name__ = "<lambda> \\N"
    op = differentiable(twice, lambda g, out, x: 2 * g)
    assert any("<lambda> \\N" in text for text in texts(draw(op(Value(1.0)))))


# -- the same bytes ------------------------------------------------------------------------------
def test_ids_are_given_by_age():
    x = Value(1.0, name="x")
    y = x * 2.0
    picture = draw(y + Value(5.0, name="z"))
    ids = {name: statement(picture, name).split()[0] for name in ("x", "v1", "z")}
    assert ids == {"x": "n0", "v1": "n1", "z": "n2"}


PROGRAM = """
import random
from tinygrad_opt import Value
from tinygrad_opt.draw import draw
random.seed(0)
layer = [Value(random.random(), name=f"x{i}") for i in range(3)]
for _ in range(3):
    layer = [sum(Value(random.random()) * x for x in layer).tanh() for _ in range(6)]
root = sum(layer)
for picture in (draw(root), draw(root, budget=20), draw(root, budget=40, step=9)):
    print(picture.source)
    print(picture.svg())
"""


def test_the_same_program_draws_the_same_bytes():
    runs = {
        subprocess.run(
            [sys.executable, "-c", PROGRAM], capture_output=True, check=True, env=os.environ | {"PYTHONHASHSEED": seed}
        ).stdout
        for seed in ("1", "2")
    }
    assert len(runs) == 1


def test_importing_draw_imports_only_numpy():
    program = "import sys, tinygrad_opt.draw; print([m for m in ('graphviz', 'rich', 'jinja2') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# -- rendering -----------------------------------------------------------------------------------
def test_notebooks_get_svg():
    picture = draw(neuron())
    assert picture._repr_mimebundle_() == {"image/svg+xml": picture.svg()}
    assert picture._repr_svg_() == picture.svg()


STARTS = {".svg": b"<?xml", ".PNG": b"\x89PNG", ".gv": b"digraph", ".dot": b"digraph"}


@pytest.mark.parametrize(("suffix", "start"), STARTS.items())
def test_a_picture_is_written_as_its_suffix_says(tmp_path, suffix, start):
    path = tmp_path / f"picture{suffix}"
    assert draw(neuron()).write(path) == path
    assert path.read_bytes().startswith(start)


def test_another_suffix_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"\.svg, \.png, \.gv or \.dot; got .*picture\.pdf"):
        draw(neuron()).write(tmp_path / "picture.pdf")
    assert not list(tmp_path.iterdir())


def test_pipe_and_render_are_digraphs(tmp_path):
    picture = draw(neuron())
    assert picture.pipe() == picture.svg().encode()
    assert picture.pipe(format="png") == picture.png()
    assert picture.pipe("svg", encoding="utf-8", quiet=True) == picture.svg()
    assert picture.render("neuron", directory=tmp_path, format="png") == str(tmp_path / "neuron.png")
    assert (tmp_path / "neuron.png").read_bytes() == picture.png()
    assert (tmp_path / "neuron").read_text(encoding="utf-8").startswith("digraph")
    out = tmp_path / "out.svg"
    assert picture.render(outfile=out, cleanup=True) == str(out)
    assert out.read_text(encoding="utf-8") == picture.svg()
    assert not (tmp_path / "out.gv").exists()
    assert picture.copy().source == picture.source


def test_warnings_of_the_layout_are_not_shown(capfd):
    assert draw(Value(1.0, name="\N{GREEK SMALL LETTER ALPHA} \N{GRINNING FACE}") * 2.0).svg()
    assert capfd.readouterr() == ("", "")


def test_what_graphviz_refuses_is_told():
    with pytest.raises(RuntimeError, match="could not draw as nonsense"):
        draw(neuron()).pipe("nonsense")


def test_a_layout_has_a_time_limit():
    x = Value(0.5)
    values = [x]
    rng = np.random.default_rng(0)
    for _ in range(2_000):
        i, j = rng.integers(len(values), size=2)
        values.append(values[i] * values[j] + values[-1])
    picture = draw(values[-1], budget=100_000)
    picture.time_limit = 0.5
    start = time.perf_counter()
    with pytest.raises(TimeoutError, match=r"layout of 4001 nodes and 8000 edges was stopped after 0\.5 s: lower the"):
        picture.svg()
    assert time.perf_counter() - start < 10


def test_the_system_dot_comes_first_then_the_wheel(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    wheel = render.executable()
    assert "graphviz-pure" in wheel
    assert draw(neuron()).svg()
    system = tmp_path / "dot"
    system.symlink_to(wheel)
    assert render.executable() == str(system)
    assert draw(neuron()).svg()


def test_no_program_at_all(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(render, "WHEEL", "no-such-wheel")
    with pytest.raises(RuntimeError, match="pip install no-such-wheel"):
        draw(neuron()).svg()
    assert draw(neuron()).source


@pytest.mark.parametrize("name", ["graph.svg", "graph.png"])
def test_saving_under_a_pictures_name_saves_the_picture(tmp_path, name):
    draw(Value(2.0, name="x") * 3).save(tmp_path / name)
    assert (tmp_path / name).read_bytes()[:4] in (b"<?xm", b"\x89PNG")
