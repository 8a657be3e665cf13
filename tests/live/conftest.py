"""Without PyTorch nothing here is collected that needs it."""

from importlib.util import find_spec

collect_ignore = [] if find_spec("torch") else ["twins"]
