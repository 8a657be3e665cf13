"""Races: on the map, as a table, and as a picture."""

import math
import re
import subprocess
import sys

import numpy as np
import pytest

from tinygrad_opt import cli, plots
from tinygrad_opt.optim import landscapes
from tinygrad_opt.optim.race import RATES, race

booth = landscapes.get("booth")


def test_each_runs_with_its_best_rate_and_the_lowest_comes_first():
    runs = race(booth, ["adagrad", "sgd"], steps=60)
    assert [run.name for run in runs] == ["sgd", "adagrad"]
    for name, run in zip(("sgd", "adagrad"), runs, strict=True):
        others = [race(booth, [name], steps=60, lr=lr)[0].heights[-1] for lr in (0.01, 0.1, 0.3)]
        assert run.heights[-1] <= np.nanmin(others)


def test_a_run_is_the_walk_of_its_optimizer():
    (run,) = race(booth, ["sgd"], steps=2, lr=0.1, start=(0.0, 0.0))
    np.testing.assert_allclose(run.path, [[0, 0], [3.4, 3.8], [0.36, 1.08]], rtol=1e-12)
    assert run.heights.tolist() == [booth(point) for point in run.path]


def test_one_that_leaves_the_map_is_lost_and_comes_last():
    runs = race(booth, ["sgd", "adam"], steps=50, lr=1.0)
    assert [run.name for run in runs] == ["adam", "sgd"]
    assert runs[1].diverged
    assert math.isnan(runs[1].height_at(50))
    assert len(runs[1].path) < 51


def test_a_rate_of_zero_stays_at_the_start():
    (run,) = race(booth, ["sgd"], steps=3, lr=0.0, start=(1.0, 2.0))
    assert run.lr == 0.0
    assert run.path.tolist() == [[1.0, 2.0]] * 4


def test_rates_from_an_iterator_serve_every_name():
    assert [run.lr for run in race(booth, ["sgd", "adam"], steps=3, rates=iter([0.1]))] == [0.1, 0.1]


@pytest.mark.parametrize("lost", [(math.nan, 0.0), (0.0, math.nan), (0.0, -2e6)])
def test_a_run_is_lost_by_either_coordinate(lost, monkeypatch):
    class Jump:
        def __init__(self, params):
            self.params = params

        def zero_grad(self):
            pass

        def step(self, loss):
            for p, x in zip(self.params, lost, strict=True):
                p.data = x

    monkeypatch.setattr("tinygrad_opt.optim.race.get", lambda name, lr: Jump)
    (run,) = race(booth, ["jump"], steps=5)
    assert run.diverged
    assert len(run.path) == 2


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"steps": 0}, "a race has at least one step; got 0"),
        ({"rates": []}, "a race has at least one learning rate to try; got no rates"),
        ({"start": (1, 2, 3)}, "a race starts at a point x, y; got (1, 2, 3)"),
    ],
)
def test_refusals(settings, text):
    with pytest.raises(ValueError, match=re.escape(text)):
        race(booth, ["sgd"], **settings)


def test_the_help_tells_the_rates(capsys):
    with pytest.raises(SystemExit):
        cli.main(["race", "--help"])
    shown = " ".join(capsys.readouterr().out.split())
    assert f"of {len(RATES)} between {RATES[0]:g} and {RATES[-1]:g}" in shown


def test_the_command_prints_a_table(capsys):
    assert cli.main(["race", "booth", "sgd", "adam", "--steps", "20", "--lr", "0.05", "--no-picture"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("booth: (x + 2 * y - 7) ** 2 + (2 * x + y - 5) ** 2, lowest at (1, 3): 0")
    assert lines[1].split() == ["lr", "step", "1", "step", "10", "step", "20", "ends", "at", "distance"]
    assert [line.split()[0] for line in lines[3:]] == ["sgd", "adam"]


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["booth", "adm"], "there is no optimizer 'adm': did you mean 'Adam'?"),
        (["boot", "adam"], "there is no landscape 'boot': did you mean 'booth'?"),
        (["booth", "adam", "l-bfgs"], "a race gives one look a step; LBFGS looks as often as it needs to"),
        (["booth", "adam", "--lr", "-1"], "Adam: lr must not be negative; got -1"),
    ],
)
def test_bad_words_on_the_command_line(words, text, capsys):
    assert cli.main(["race", *words]) == 2
    assert text in capsys.readouterr().err


def test_the_picture_shows_every_run(tmp_path):
    pytest.importorskip("matplotlib")
    runs = race(booth, ["sgd", "adam"], steps=20, lr=0.05)
    figure = plots.race(booth, runs)
    ground, fall = figure.axes
    assert [text.get_text() for text in fall.get_legend().get_texts()] == [f"{run.name}, lr 0.05" for run in runs]
    np.testing.assert_array_equal(ground.lines[0].get_xydata(), runs[0].path)
    figure.savefig(tmp_path / "race.png")
    assert (tmp_path / "race.png").read_bytes().startswith(b"\x89PNG")


def test_the_command_starts_where_it_is_told(capsys):
    words = ["race", "booth", "sgd", "--steps", "1", "--lr", "0.1", "--no-picture", "--start", "-1", "3"]
    assert cli.main(words) == 0
    assert "step 1" in capsys.readouterr().out


def test_the_command_writes_the_picture(tmp_path, monkeypatch, capsys):
    pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    assert cli.main(["race", "booth", "sgd", "--steps", "5", "--lr", "0.05"]) == 0
    assert cli.main(["race", "booth", "sgd", "--steps", "5", "--lr", "0.05", "--picture", "mine.png"]) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine.png", "race-booth.svg"]
    assert "picture: race-booth.svg" in capsys.readouterr().out


def test_without_matplotlib_the_extra_is_named():
    program = (
        "import sys; sys.modules['matplotlib.figure'] = None; from tinygrad_opt import plots\n"
        "try: plots.new_figure(1, 1)\nexcept ImportError as error: print(error)"
    )
    found = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert found.stdout.strip() == "pictures need matplotlib: pip install 'tinygrad_opt[plots]'"
