"""Nested plain data taken apart: a text of JSON for its structure, and the arrays beside it by name."""

from __future__ import annotations

import json
import math
import re
import struct
from collections.abc import Container
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

FORMAT = 1
DEEPEST = 100
"""So many levels of dicts and lists at most: what is deeper holds itself, and would never end."""
LARGEST = 2**53
"""Integers beyond are written as hexadecimal text: other readers of JSON take numbers for float64."""
LONGEST = 200
"""Characters of an array's name, which is made from its path: file formats have their limits."""
ODD = re.compile(r"[^\w.\- ]")


def taken_apart(state: Any, *reserved: str) -> tuple[str, dict[str, Array]]:
    """The structure as a text, and the arrays under their paths, such as "model.0.weight", or names close to them."""
    arrays: dict[str, Array] = {}
    document = {"format": FORMAT, "state": encoded(state, (), arrays, reserved)}
    return json.dumps(document, allow_nan=False), arrays


def encoded(x: Any, path: tuple[str, ...], arrays: dict[str, Array], reserved: tuple[str, ...]) -> Any:
    """x as JSON holds it; what it cannot hold becomes a dict of one name that starts with "$"."""
    if len(path) > DEEPEST:
        raise ValueError(f"the state has more than {DEEPEST} levels at {shown(path[:5])}...: does it hold itself?")
    if isinstance(x, np.generic):
        x = x.item()
    if x is None or isinstance(x, bool | str):
        return x
    if isinstance(x, int):
        return int(x) if abs(x) <= LARGEST else {"$int": hex(x)}
    if isinstance(x, float):
        return x if math.isfinite(x) else {"$float": struct.pack(">d", x).hex()}
    if isinstance(x, dict):
        return {escaped(key, path): encoded(part, (*path, key), arrays, reserved) for key, part in x.items()}
    if isinstance(x, list | tuple):
        return [encoded(part, (*path, str(i)), arrays, reserved) for i, part in enumerate(x)]
    if type(x) not in (np.ndarray, np.memmap):
        raise TypeError(f"{shown(path)} is {described(x)}; a file holds dicts, lists, numbers, text, None and arrays")
    dtype = x.dtype.newbyteorder("=")
    if not (dtype.kind in "biu" or dtype in (np.float16, np.float32, np.float64)):
        raise TypeError(f"{shown(path)} is an array of {x.dtype}; a file holds arrays of float, integer and bool")
    name = new_name(path, arrays, reserved)
    arrays[name] = np.asarray(x, dtype, order="C")
    return {"$array": name}


def escaped(key: Any, path: tuple[str, ...]) -> str:
    if not isinstance(key, str):
        raise TypeError(f"{shown(path)} has the key {key!r}; a file holds dicts with text as keys")
    return f"${key}" if key.startswith("$") else str(key)


def new_name(path: tuple[str, ...], taken: Container[str], reserved: Container[str]) -> str:
    """The path with dots; what a file or an array in it cannot be called is replaced or added to."""
    name = ODD.sub("_", ".".join(path))[:LONGEST] or "array"
    while name in taken or name in reserved or name.endswith(".npy"):
        name += "_"
    return name


def shown(path: tuple[str, ...]) -> str:
    return ".".join(path) or "the state"


def described(x: Any) -> str:
    kind = type(x).__name__
    return f"a {kind}: save its .data" if kind == "Value" else f"a {kind}"


def put_together(text: str, arrays: dict[str, Array]) -> Any:
    """What was taken apart; ValueError, KeyError or TypeError where the two do not fit together."""
    document = json.loads(text)
    if document["format"] != FORMAT:
        raise ValueError(f"it has format {document['format']}; this version reads format {FORMAT}")
    unused = dict(arrays)
    state = decoded(document["state"], unused)
    if unused:
        raise ValueError(f"it has arrays without a place: {', '.join(unused)}")
    return state


def decoded(node: Any, arrays: dict[str, Array]) -> Any:
    """What a part of the JSON stands for; each array is used once, and taken away."""
    if isinstance(node, list):
        return [decoded(part, arrays) for part in node]
    if not isinstance(node, dict):
        return node
    match node:
        case {"$array": str(name)}:
            if name not in arrays:
                raise ValueError(f"its array {name} is missing")
            return arrays.pop(name)
        case {"$int": str(digits)}:
            return int(digits, 16)
        case {"$float": str(digits)}:
            return np.frombuffer(bytes.fromhex(digits), ">f8").item()
    return {key.removeprefix("$"): decoded(part, arrays) for key, part in node.items()}
