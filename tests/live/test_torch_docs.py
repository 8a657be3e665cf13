"""The weights that the page on networks moves to PyTorch and back arrive: the page itself compares the outputs."""

import pytest
from test_docs import ROOT, blocks

torch = pytest.importorskip("torch")


def test_weights_move_both_ways(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code = [block for block in blocks(ROOT / "docs/networks.md") if block.language in ("python", "py")]
    assert [block.text.count("assert") for block in code if "import torch" in block.text] == [2]
    namespace = {"__name__": "__main__"}
    for block in code:
        exec(block.text, namespace)
