"""Arguments made of several arrays: dicts, lists and tuples of them, nested.

A list or tuple of plain numbers is an array, as it is to NumPy; one that holds arrays, Values or
dicts is a tree, and each of those is a leaf or a branch of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from .ops import Operand


def is_branch(x: Any) -> bool:
    if isinstance(x, list | tuple):
        return any(isinstance(entry, Operand | np.ndarray) or is_branch(entry) for entry in x)
    return isinstance(x, dict)


def paths(tree: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Each leaf with the index expression that leads to it, such as ``['W'][0]``."""
    if not is_branch(tree):
        yield path, tree
        return
    for key, branch in tree.items() if isinstance(tree, dict) else enumerate(tree):
        yield from paths(branch, f"{path}[{key!r}]")


def leaves(tree: Any) -> list[Any]:
    """The leaves in order."""
    return [leaf for _, leaf in paths(tree)]


def in_order_of(pattern: Any, tree: Any, role: str) -> Any:
    """tree with the keys of its dicts in the order of pattern's, which must have the same."""
    if isinstance(pattern, dict):
        if not isinstance(tree, dict) or pattern.keys() != tree.keys():
            seen = f"the keys {', '.join(map(str, tree))}" if isinstance(tree, dict) else f"a {type(tree).__name__}"
            raise TypeError(f"{role} must be a dict with the keys {', '.join(map(str, pattern))}; got {seen}")
        return {key: in_order_of(pattern[key], tree[key], role) for key in pattern}
    if is_branch(pattern) and isinstance(tree, list | tuple) and len(tree) == len(pattern):
        return [in_order_of(p, t, role) for p, t in zip(pattern, tree, strict=True)]
    return tree


def mapped(fn: Callable[[Any], Any], tree: Any) -> Any:
    """The same tree with fn of each leaf."""
    if not is_branch(tree):
        return fn(tree)
    if isinstance(tree, dict):
        return {key: mapped(fn, branch) for key, branch in tree.items()}
    branches = [mapped(fn, branch) for branch in tree]
    return type(tree)(*branches) if hasattr(tree, "_fields") else type(tree)(branches)


def filled(tree: Any, values: Iterable[Any]) -> Any:
    """The same tree with these values for its leaves."""
    remaining = iter(values)
    return mapped(lambda _: next(remaining), tree)
