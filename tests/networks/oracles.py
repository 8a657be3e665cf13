"""The same by PyTorch, in float64."""

import warnings

import numpy as np

from networks.cases import inputs, numbers_for, upstream


def run(case):
    """What PyTorch's module gives: the output, all gradients and all buffers, by name."""
    import torch

    module = case.theirs(torch).double().train(case.training)
    floats = {name: tuple(a.shape) for name, a in module.state_dict().items() if a.is_floating_point()}
    state = {name: torch.tensor(a) for name, a in numbers_for(floats).items()}
    module.load_state_dict(state, strict=False)
    for x in inputs(case):
        x = torch.tensor(x.copy(), requires_grad=x.dtype.kind == "f")
        module.zero_grad()
        with warnings.catch_warnings():  # convolution warns that for an even kernel it copies the input
            warnings.filterwarnings("ignore", "Using padding='same' with even kernel")
            out = module(x)
        out.backward(torch.tensor(upstream(tuple(out.shape))))
    found = {"output": out}
    if x.grad is not None:
        found["gradient of the input"] = x.grad
    found |= {f"gradient of {name}": p.grad for name, p in module.named_parameters()}
    found |= dict(module.named_buffers())
    return {name: np.asarray(a.detach().numpy()) for name, a in found.items()}
