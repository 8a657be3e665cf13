"""Dropout and noise where nothing is random: in evaluation, and for p = 0."""

from networks.cases import Case
from tinygrad_opt import nn


def at_rest(name, ours, theirs, shape):
    return Case(f"{name}, eval", ours, theirs, shape, training=False)


def net(torch):
    return torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Dropout(0.4), torch.nn.Linear(4, 2))


CASES = [
    at_rest("Dropout", lambda: nn.Dropout(0.3), lambda torch: torch.nn.Dropout(0.3), (5, 3)),
    at_rest("Dropout1d", lambda: nn.Dropout1d(), lambda torch: torch.nn.Dropout1d(), (2, 3, 4)),
    at_rest("Dropout2d", lambda: nn.Dropout2d(), lambda torch: torch.nn.Dropout2d(), (2, 3, 2, 2)),
    at_rest("AlphaDropout", lambda: nn.AlphaDropout(), lambda torch: torch.nn.AlphaDropout(), (5, 3)),
    at_rest("a net", lambda: nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.4), nn.Linear(4, 2)), net, (5, 3)),
    Case("Dropout of nothing", lambda: nn.Dropout(0.0), lambda torch: torch.nn.Dropout(0.0), (5, 3)),
    Case("AlphaDropout of nothing", lambda: nn.AlphaDropout(0.0), lambda torch: torch.nn.AlphaDropout(0.0), (5, 3)),
]
