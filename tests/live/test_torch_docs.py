"""The weights that the page on networks moves to PyTorch and back arrive: its last lines compare the outputs."""

import pytest
from test_docs import ROOT, blocks

torch = pytest.importorskip("torch")


def test_weights_move_both_ways(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code = [block for block in blocks(ROOT / "docs/networks.md") if block.language in ("python", "py")]
    assert any("import torch" in block.text for block in code)
    namespace = {"__name__": "__main__"}
    for block in code:
        exec(block.text, namespace)
    assert "there" in namespace
