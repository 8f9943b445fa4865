"""The plain script that linbench is measured against: the tutorial's loop, six times, printing the final costs."""

import sys

import torch

X = torch.tensor([[1.0], [2.0], [3.0], [4.0]])
Y = torch.tensor([[50.0], [70.0], [90.0], [85.0]])
EPOCHS = 2000


def manual():
    W = torch.zeros(1, requires_grad=True)
    b = torch.zeros(1, requires_grad=True)
    return (lambda x: x * W + b), [W, b]


def linear():
    torch.manual_seed(0)
    model = torch.nn.Linear(1, 1)
    return model, list(model.parameters())


def train(optimizer_class, make):
    model, parameters = make()
    optimizer = optimizer_class(parameters, lr=0.01)
    for _ in range(EPOCHS):
        cost = torch.mean((model(X) - Y) ** 2)
        optimizer.zero_grad()
        cost.backward()
        optimizer.step()
    return torch.mean((model(X) - Y) ** 2).item()


if __name__ == "__main__":
    models = {"manual": manual, "linear": linear}
    chosen = sys.argv[1:] or list(models)  # `bare_six.py manual` trains three runs
    for optimizer_class in (torch.optim.SGD, torch.optim.Adam, torch.optim.RMSprop):
        for name in chosen:
            print(optimizer_class.__name__, name, train(optimizer_class, models[name]))
