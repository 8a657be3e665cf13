"""The same by PyTorch, in float64."""

from models.cases import batches


def start(training):
    """The weights that PyTorch draws."""
    import torch

    torch.manual_seed(0)
    return {name: a.numpy() for name, a in training.layers(torch.nn).double().state_dict().items()}


def run(training, start):
    """PyTorch's losses, one for each step, and the state that they end in."""
    import torch

    torch.set_num_threads(1)  # on arrays this small, threads that wait for each other took minutes on a busy machine
    model = training.layers(torch.nn).double()
    model.load_state_dict({name: torch.tensor(a) for name, a in start.items()})
    optimizer = training.theirs(torch, model.parameters())
    losses = []
    for x, y in batches(training):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(torch.tensor(x)), torch.tensor(y))
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses, {name: a.numpy() for name, a in model.state_dict().items()}
