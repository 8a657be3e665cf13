"""Linear layers and what is made of modules."""

from networks.cases import Case
from tinygrad_opt import nn


def without_bias(torch):
    return torch.nn.Linear(3, 2, bias=False)


def small(torch):
    return torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2))


CASES = [
    Case("Linear", lambda: nn.Linear(3, 2), lambda torch: torch.nn.Linear(3, 2), (5, 3)),
    Case("Linear without bias", lambda: nn.Linear(3, 2, bias=False), without_bias, (5, 3)),
    Case("Linear of one sample", lambda: nn.Linear(3, 2), lambda torch: torch.nn.Linear(3, 2), (3,)),
    Case("Linear of a batch of rows", lambda: nn.Linear(3, 2), lambda torch: torch.nn.Linear(3, 2), (2, 4, 3)),
    Case("Sequential", lambda: nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)), small, (5, 3)),
]
