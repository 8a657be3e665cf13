"""What the documents show is what happens: their code runs, their output is printed, their links lead somewhere."""

import contextlib
import inspect
import io
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from fresh_processes import python_path

import tinygrad_opt

ROOT = Path(__file__).parents[1]
DOCUMENTS = [*ROOT.glob("README.md"), *sorted(ROOT.glob("docs/**/*.md"))]
PAGES = sorted({*DOCUMENTS, *ROOT.glob("*.md")})
LEARNING = {"mnist.py", "cnn_on_digits.py", "character_transformer.py"}  # tests/test_demos_learn.py runs them
DEMOS = sorted(path for path in ROOT.glob("demos/*.py") if path.name not in LEARNING)
ENVIRONMENT = os.environ | {
    "PYTHONPATH": python_path(),
    "PYTHONIOENCODING": "utf-8",
    "MPLBACKEND": "agg",
}

FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"")
HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)
COMMAND = "tinygrad-opt "
ROUNDING = re.compile(r" *\b\d(\.\d+)?e-(0[89]|1\d)\b *")  # the size of a rounding error differs between machines


class Block(NamedTuple):
    """A fenced block: its language, its text, the line it starts on, and the output shown right after it, if any."""

    language: str
    text: str
    line: int
    shown: str | None


def relative(path):
    return str(path.relative_to(ROOT))


def blocks(path):
    document = path.read_text(encoding="utf-8")
    fences = list(FENCE.finditer(document))
    following = [m[2] if m[1] in ("text", "output") else None for m in fences[1:]] + [None]
    return [
        Block(m[1], m[2], document.count("\n", 0, m.start(2)) + 1, shown)
        for m, shown in zip(fences, following, strict=True)
    ]


@pytest.mark.parametrize("path", DOCUMENTS, ids=relative)
def test_python_prints_what_is_shown(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    namespace = {"__name__": "__main__"}
    for block in blocks(path):
        if block.language == "python":
            printed = io.StringIO()
            source = "\n" * (block.line - 1) + block.text  # so that a traceback names the document's own line
            with contextlib.redirect_stdout(printed):
                exec(compile(source, str(path), "exec"), namespace)
            if block.shown is not None:
                assert portable(printed.getvalue()) == portable(block.shown), f"{relative(path)}:{block.line}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=relative)
def test_commands_print_what_is_shown(path, tmp_path):
    for block in blocks(path):
        commands = [line.removeprefix("$ ") for line in block.text.splitlines()]
        if block.language in ("sh", "console") and any(line.startswith(COMMAND) for line in commands):
            printed = "".join(run_command(line, tmp_path) for line in commands if line.startswith(COMMAND))
            if block.shown is not None:
                assert portable(printed) == portable(block.shown), f"{relative(path)}:{block.line}"


def portable(text):
    """What is printed on every machine."""
    return ROUNDING.sub(" (rounding) ", text.rstrip())


def run_command(line, folder):
    """What a tinygrad-opt command prints; it must succeed."""
    arguments = shlex.split(line.removeprefix(COMMAND), comments=True)
    return succeed([sys.executable, "-m", "tinygrad_opt", *arguments], folder)


def succeed(command, folder):
    done = subprocess.run(command, cwd=folder, env=ENVIRONMENT, capture_output=True, encoding="utf-8", timeout=120)
    assert done.returncode == 0, f"{shlex.join(command)} failed:\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.mark.parametrize("path", DEMOS, ids=relative)
def test_demo_runs(path, tmp_path):
    succeed([sys.executable, "-W", "error", str(path)], tmp_path)


@pytest.mark.parametrize("path", PAGES, ids=relative)
def test_links_lead_somewhere(path):
    prose = FENCE.sub("", path.read_text(encoding="utf-8"))
    targets = [link or source for link, source in LINK.findall(prose)]
    broken = [target for target in targets if "://" not in target and not leads(path, target)]
    assert not broken


def leads(path, target):
    """Whether a link from a document leads to a file and, after #, to one of its headings."""
    name, _, anchor = target.partition("#")
    page = path.parent / name if name else path
    return page.exists() and (not anchor or anchor in anchors(page))


def anchors(page):
    prose = FENCE.sub("", page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in HEADING.findall(prose)}


@pytest.mark.parametrize("name", tinygrad_opt.__all__)
def test_public_name_is_documented(name):
    assert inspect.getdoc(getattr(tinygrad_opt, name))
