"""One training step (forward, loss, backward) of one network, written for each library in its own idiom.

The network is an MLP with ReLU between its layers, softmax cross-entropy from the logits, class indices.
Every function here takes the same weights and batch and returns a call without arguments that does the step
and returns the gradients, W and b of each layer in order.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from bplib.init import he

Step = Callable[[], Any]


@dataclass
class Problem:
    """A network's weights and one batch."""

    sizes: list[int]
    weights: list[np.ndarray]
    biases: list[np.ndarray]
    X: np.ndarray
    y: np.ndarray

    @classmethod
    def draw(cls, sizes: list[int], batch: int) -> "Problem":
        """Draw He weights, zero biases and a random batch."""
        rng = np.random.default_rng(0)
        weights = [he((n_out, n_in), rng) for n_in, n_out in pairwise(sizes)]
        biases = [np.zeros(n_out) for n_out in sizes[1:]]
        return cls(
            sizes, weights, biases, rng.normal(size=(batch, sizes[0])), rng.integers(sizes[-1], size=batch)
        )


def numpy_step(problem: Problem) -> Step:
    """Hand-fused NumPy: nothing but the arithmetic, in place where that is possible. The yardstick."""
    Ws, bs, X, y = problem.weights, problem.biases, problem.X, problem.y
    rows, last, count = np.arange(len(y)), len(Ws) - 1, len(y)

    def step() -> list[np.ndarray]:
        inputs, a = [X], X
        for W, b in zip(Ws[:-1], bs, strict=False):
            a = np.dot(a, W.T)
            a += b
            np.maximum(a, 0.0, out=a)
            inputs.append(a)
        z = np.dot(a, Ws[last].T)
        z += bs[last]
        z -= np.maximum.reduce(z, 1, keepdims=True)
        chosen = z[rows, y]
        np.exp(z, out=z)
        total = np.add.reduce(z, 1, keepdims=True)
        loss = (np.add.reduce(np.log(total[:, 0])) - np.add.reduce(chosen)) / count  # noqa: F841
        z /= total
        z[rows, y] -= 1.0
        z /= count
        grads: list[np.ndarray] = []
        for i in range(last, 0, -1):
            grads += [np.add.reduce(z, 0), np.dot(z.T, inputs[i])]
            z = np.dot(z, Ws[i])
            z *= inputs[i] > 0
        grads += [np.add.reduce(z, 0), np.dot(z.T, X)]
        return grads[::-1]

    return step


def bplib_step(problem: Problem) -> Step:
    """Layers of bplib and its cross-entropy from logits, put together as `fit` does."""
    from bplib.layers import mlp
    from bplib.losses import cross_entropy_with_logits, cross_entropy_with_logits_backward

    net = mlp(problem.sizes, activation="relu", rng=np.random.default_rng(0))
    arrays = [array for pair in zip(problem.weights, problem.biases, strict=True) for array in pair]
    for name, array in zip(net.params, arrays, strict=True):
        net.params[name][...] = array
    X, y = problem.X, problem.y

    def step() -> Any:
        loss, cache = cross_entropy_with_logits(net.forward(X), y)  # noqa: RUF059
        net.backward_params(cross_entropy_with_logits_backward(1.0, cache)[0])
        return net.grads.values()

    return step


def torch_step(problem: Problem) -> Step:
    """PyTorch, eager."""
    import torch

    layers: list[Any] = []
    for W, b in zip(problem.weights, problem.biases, strict=True):
        linear = torch.nn.Linear(W.shape[1], W.shape[0], dtype=torch.float64)
        linear.weight.data[...] = torch.from_numpy(W)
        linear.bias.data[...] = torch.from_numpy(b)
        layers += [linear, torch.nn.ReLU()]
    net = torch.nn.Sequential(*layers[:-1])
    X, y = torch.from_numpy(problem.X), torch.from_numpy(problem.y)

    def step() -> list[Any]:
        net.zero_grad()
        torch.nn.functional.cross_entropy(net(X), y).backward()
        return [p.grad for p in net.parameters()]

    return step


def jax_step(problem: Problem) -> Step:
    """JAX, compiled by jit, waited for."""
    import jax
    import jax.numpy as jnp

    X, y = jnp.asarray(problem.X), jnp.asarray(problem.y)
    params = [(jnp.asarray(W), jnp.asarray(b)) for W, b in zip(problem.weights, problem.biases, strict=True)]

    def loss(params: Any, X: Any, y: Any) -> Any:
        for W, b in params[:-1]:
            X = jax.nn.relu(X @ W.T + b)
        W, b = params[-1]
        logits = jax.nn.log_softmax(X @ W.T + b)
        return -jnp.take_along_axis(logits, y[:, None], axis=1).mean()

    compiled = jax.jit(jax.value_and_grad(loss))

    def step() -> list[Any]:
        return jax.tree.leaves(jax.block_until_ready(compiled(params, X, y))[1])

    return step


def autograd_step(problem: Problem) -> Step:
    """HIPS autograd."""
    import autograd.numpy as anp
    from autograd import value_and_grad
    from autograd.scipy.special import logsumexp

    X, y = problem.X, problem.y
    rows = np.arange(len(y))
    params = list(zip(problem.weights, problem.biases, strict=True))

    def loss(params: Any) -> Any:
        a = X
        for W, b in params[:-1]:
            a = anp.maximum(anp.dot(a, W.T) + b, 0.0)
        W, b = params[-1]
        logits = anp.dot(a, W.T) + b
        return anp.mean(logsumexp(logits, axis=1) - logits[rows, y])

    gradient = value_and_grad(loss)
    return lambda: [grad for pair in gradient(params)[1] for grad in pair]


def mygrad_step(problem: Problem) -> Step:
    """MyGrad."""
    import mygrad as mg
    from mygrad.nnet.activations import relu
    from mygrad.nnet.losses import softmax_crossentropy

    params = [(mg.tensor(W), mg.tensor(b)) for W, b in zip(problem.weights, problem.biases, strict=True)]
    X, y = problem.X, problem.y

    def step() -> list[Any]:
        a: Any = X
        for W, b in params[:-1]:
            a = relu(mg.matmul(a, W.T) + b)
        W, b = params[-1]
        softmax_crossentropy(mg.matmul(a, W.T) + b, y).backward()
        return [p.grad for pair in params for p in pair]

    return step


#: Which package each needs, how it is called in the tables, and how it makes a step.
LIBRARIES: dict[str, tuple[str, Callable[[Problem], Step]]] = {
    "bare NumPy": ("numpy", numpy_step),
    "bplib": ("bplib", bplib_step),
    "PyTorch eager": ("torch", torch_step),
    "JAX jit": ("jax", jax_step),
    "HIPS autograd": ("autograd", autograd_step),
    "MyGrad": ("mygrad", mygrad_step),
}
