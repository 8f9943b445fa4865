"""The same sweep in JAX and optax: `vmap` over learning rates of a `lax.scan` over epochs, every cost recorded.

usage: jax_sweep.py LANES OUTPUT
"""

import json
import sys

import jax
import jax.numpy as jnp
import numpy as np
import optax

X = jnp.array([1.0, 2.0, 3.0, 4.0])
Y = jnp.array([50.0, 70.0, 90.0, 85.0])
EPOCHS = 2000
OPTIMIZERS = {"sgd": optax.sgd, "adam": optax.adam, "rmsprop": optax.rmsprop}


def cost(parameters):
    W, b = parameters
    return jnp.mean((X * W + b - Y) ** 2)


def sweep(make, rates):
    def train(rate):
        optimizer = make(rate)
        start = (jnp.zeros(()), jnp.zeros(()))

        def step(carry, _):
            parameters, state = carry
            value, gradient = jax.value_and_grad(cost)(parameters)
            updates, state = optimizer.update(gradient, state, parameters)
            return (optax.apply_updates(parameters, updates), state), value

        (parameters, _), costs = jax.lax.scan(step, (start, optimizer.init(start)), length=EPOCHS)
        return parameters, costs, cost(parameters)

    return jax.jit(jax.vmap(train))(rates)


def main(lanes, output):
    rates = np.geomspace(1e-4, 1e-1, lanes).astype(np.float32)
    records = []
    for name, make in OPTIMIZERS.items():
        (W, b), costs, final = jax.tree.map(np.asarray, sweep(make, jnp.asarray(rates)))
        below = costs <= 46.875 + 1e-6 * (5681.25 - 46.875)
        first = np.where(below.any(1), below.argmax(1), -1)
        for row in zip(rates, W, b, final, costs.min(1), first, strict=True):
            fields = ("lr", "W", "b", "final_cost", "best_cost", "epochs_to_target")
            records.append({"optimizer": name, **dict(zip(fields, map(float, row), strict=True))})
    with open(output, "w") as file:
        json.dump(records, file)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
