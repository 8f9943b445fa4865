"""`linbench compare --log-every N`: the tutorial's line, as the loop runs."""

import re

import pytest
import torch

HOURS = torch.tensor([[1.0], [2.0], [3.0], [4.0]])
SCORES = torch.tensor([[50.0], [70.0], [90.0], [85.0]])


def tutorial_log(optimizer_class, model_name, *, epochs, every, lr):
    """The lines of the plain loop: W and b after the update, and the cost that it was computed from."""
    if model_name == "manual":
        W, b = torch.zeros(1, requires_grad=True), torch.zeros(1, requires_grad=True)

        def model(x):
            return x * W + b
    else:
        torch.manual_seed(0)
        model = torch.nn.Linear(1, 1)
        W, b = model.weight, model.bias
    optimizer = optimizer_class([W, b], lr=lr)
    for epoch in range(1, epochs + 1):
        cost = torch.mean((model(HOURS) - SCORES) ** 2)
        optimizer.zero_grad()
        cost.backward()
        optimizer.step()
        if epoch % every == 0:
            yield f"Epoch {epoch:4d}/{epochs} W:{W.item():.3f} b:{b.item():.3f} Cost:{cost.item():.6f}"


@pytest.mark.parametrize("every", [1, 7, 100, 200])
def test_each_line_is_the_tutorials(linbench, every):
    result = linbench(f"compare -o sgd -m manual --epochs 200 --no-timing --log-every {every}")
    lines = list(tutorial_log(torch.optim.SGD, "manual", epochs=200, every=every, lr=0.01))
    assert len(lines) == 200 // every
    assert result.stderr.splitlines() == ["", "study-hours · manual · sgd:lr=0.01 · cpu · seed 0", *lines]


def test_the_line_is_written_out_as_the_tutorial_has_it(linbench):
    result = linbench("compare -o sgd -m manual --epochs 2000 --no-timing --log-every 100")
    lines = result.stderr.splitlines()[2:]
    assert len(lines) == 20
    assert lines[0].startswith("Epoch  100/2000 W:21.140 b:17.099 Cost:155.2832")
    assert lines[-1].startswith("Epoch 2000/2000 W:12.529 b:42.415 Cost:46.8762")


def test_each_case_has_its_log_under_a_heading(linbench):
    result = linbench("compare -o sgd,adam,rmsprop -m manual,linear --epochs 20 --no-timing --log-every 10 --lr 0.02")
    classes = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "rmsprop": torch.optim.RMSprop}
    logs = dict(block.strip().split("\n", 1) for block in result.stderr.split("\n\n"))
    assert logs == {
        f"study-hours · {model} · {name}:lr=0.02 · cpu · seed 0": "\n".join(
            tutorial_log(optimizer_class, model, epochs=20, every=10, lr=0.02)
        )
        for model in ("manual", "linear")
        for name, optimizer_class in classes.items()
    }


def test_watching_changes_neither_the_result_nor_stdout(linbench):
    options = "compare -o sgd,adam -m manual,linear --epochs 20 --no-timing --engine serial --format json"
    assert linbench(f"{options} --log-every 3").stdout == linbench(options).stdout


def test_a_model_of_several_weights_logs_them_as_a_list(linbench):
    result = linbench("compare -o sgd -m manual -p synthetic:n=6,d=2,targets=2 --epochs 1 --no-timing --log-every 1")
    line = result.stderr.splitlines()[-1]
    number = r"-?\d+\.\d{3}"
    pair = rf"\[{number}, {number}\]"
    assert re.fullmatch(rf"Epoch    1/1 W:\[{pair}, {pair}\] b:{pair} Cost:\d+\.\d{{6}}", line)


def test_the_log_of_a_problem_without_intercept_has_no_bias(linbench):
    result = linbench("compare -o sgd -m manual -p nist:set=noint2 --epochs 1 --no-timing --log-every 1")
    # From W = 0 the gradient is -2·56/3, and the step 0.01 of it.
    assert result.stderr.splitlines()[-1] == f"Epoch    1/1 W:{1.12 / 3:.3f} Cost:{41 / 3:.6f}"


def test_a_model_that_is_not_linear_in_its_parameters_logs_dashes(linbench, plugin):
    path = plugin("""
import torch

def rectified(n_features, n_targets):
    return torch.nn.Sequential(torch.nn.Linear(n_features, n_targets), torch.nn.ReLU())

@hookimpl
def linbench_models():
    return [Component("model", "relu", rectified)]
""")
    result = linbench(f"compare -o sgd -m relu --epochs 1 --no-timing --log-every 1 --plugin {path}")
    assert "Epoch    1/1 W:– b:– Cost:" in result.stderr


def test_mini_batches_log_the_cost_over_all_rows_before_the_epoch(linbench):
    result = linbench("compare -o sgd -m manual --epochs 2 --batch-size 2 --no-timing --log-every 1 --format json")
    first, second = result.stderr.splitlines()[2:]
    assert first.endswith("Cost:5681.250000")
    assert not second.endswith("Cost:5681.250000")
