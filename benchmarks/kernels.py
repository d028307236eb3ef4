"""Convolution and attention, forward and backward, beside PyTorch's."""

from collections.abc import Callable
from typing import Any

import numpy as np
from measure import Table, compare, duration, peer

from bplib.functional import attention, attention_backward, conv2d, conv2d_backward


def problems() -> dict[
    str, tuple[Callable[..., Any], Callable[..., Any], str, list[np.ndarray], dict[str, int]]
]:
    """Return for each row: forward, backward, PyTorch's name, arguments, options."""
    rng = np.random.default_rng(0)
    image, kernel, bias = (
        rng.normal(size=(32, 16, 28, 28)),
        rng.normal(size=(32, 16, 3, 3)),
        rng.normal(size=32),
    )
    tokens = [rng.normal(size=(32, 64, 64)) for _ in range(3)]
    return {
        "conv2d, 3x3, 16 to 32 channels, 28x28, B=32": (
            conv2d, conv2d_backward, "conv2d", [image, kernel, bias], {"padding": 1},
        ),
        "attention, 64 tokens of 64 numbers, B=32": (
            attention, attention_backward, "scaled_dot_product_attention", tokens, {},
        ),
    }  # fmt: skip


def table() -> Table:
    """Measure, and check that the gradients agree."""
    result = Table(
        "Convolution and attention",
        ["operation", "bplib", "PyTorch", "bplib / PyTorch"],
        notes=["Forward and backward with respect to every argument. Goal: at most 3 times PyTorch's time."],
    )
    torch = peer("torch")
    for title, (forward, backward, name, args, options) in problems().items():
        dout = np.random.default_rng(1).normal(size=forward(*args, **options)[0].shape)

        def ours(forward=forward, backward=backward, args=args, options=options, dout=dout) -> Any:
            return backward(dout, forward(*args, **options)[1])

        if torch is None:
            result.rows.append(
                [title, duration(compare({"bplib": ours}).seconds("bplib")), "not installed", ""]
            )
            continue
        inputs = [torch.tensor(array, requires_grad=True) for array in args]
        function, cotangent = getattr(torch.nn.functional, name), torch.tensor(dout)

        def theirs(
            function=function, inputs=inputs, options=options, cotangent=cotangent, grad=torch.autograd.grad
        ) -> Any:
            return grad(function(*inputs, **options), inputs, cotangent)

        for mine, right in zip(ours(), theirs(), strict=True):
            np.testing.assert_allclose(mine, right.numpy(), rtol=1e-9, atol=1e-9)
        times = compare({"bplib": ours, "PyTorch": theirs})
        seconds = [duration(times.seconds(who)) for who in ("bplib", "PyTorch")]
        result.rows.append([title, *seconds, f"{times.ratio('bplib', 'PyTorch'):.2f}"])
    return result
