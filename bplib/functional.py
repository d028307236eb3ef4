"""Array operations as pure pairs: a function, and beside it the one that carries gradients back.

For one number a rule was its local derivatives; for arrays those would be Jacobians, so the rule becomes a
function, the vjp, that never forms them. Every pair has one form, and `VJP` lists them all::

    out, cache = op(x, ..., option=value)       # arrays by position in PyTorch's order, options by keyword
    dx, ... = op_backward(dout, cache)          # always a tuple, an entry for each array argument, in order

- The line above a function is its contract, the shapes of what it takes. `contract` holds callers to it, sees
  that `dout` has the shape and dtype of `out`, and hands a backward what its forward kept. So what stands
  below is mathematics. What a shape can't say is refused in the last part of this file.
- Nothing is changed in place: not the inputs, not `dout`, not the cache. No gradient shares memory with
  another, with `dout` or with an input. The cache may hold your arrays themselves, so leave them as they are
  until the backward is done.
- The gradient of an integer argument (`embedding`'s indices), or of a bias that was not given, is None.
- Ties: a rectifier's slope at 0 is that of its left side; max-pooling takes the first. NaN stays NaN.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from bplib.contract import Array, check_number, check_rng, check_shape, pairs_of, takes, vjp_of, wrong
from bplib.normal import density, distribution

Out = tuple[Array, Any]
Gradients = tuple[Array | None, ...]
#: A whole number for both axes of an image, or one for each.
Pair = int | tuple[int, int]

# np.dot and the bare reduction cost half of `@` and `.sum()` on the small arrays of a first network.
_dot = np.dot
_sum = np.add.reduce


# --- affine ---------------------------------------------------------------------------------------


@takes("x (B, n_in), W (n_out, n_in), b (n_out)")
def affine(x: Array, W: Array, b: Array) -> Out:
    """Multiply each row by a matrix and add a bias: x W^T + b, one layer's z for a batch.

    >>> out, cache = affine(np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]]), np.array([0.5]))
    >>> out, *affine_backward(np.array([[2.0]]), cache)
    (array([[11.5]]), array([[6., 8.]]), array([[2., 4.]]), array([2.]))
    """
    out = _dot(x, W.T)
    out += b
    return out, (x, W)


@vjp_of(affine)
def affine_backward(dout: Array, cache: Any, *, needs_dx: bool = True) -> tuple[Array | None, Array, Array]:
    """Return dx = dout W, dW = dout^T x and db, the sum of dout's rows.

    With `needs_dx=False` the first entry is None, and a first layer saves a matrix product.
    """
    x, W = cache
    return (_dot(dout, W) if needs_dx else None), _dot(dout.T, x), _sum(dout, 0)


# --- activations, entry by entry: the Jacobian is diagonal --------------------------------------------
#
# Five of them stand in the op table too. Generated from there they would cost up to 4.5 times as much, so
# these are written for arrays, and a test holds both to the same numbers.


def _is_positive(x: Array) -> Array:
    """Return 1.0 where x > 0, 0.0 where x <= 0 (the tie) and NaN where x is NaN."""
    return np.sign(np.maximum(x, 0))


@takes("x (...)")
def relu(x: Array) -> Out:
    """Keep what is positive: max(x, 0). The sign of the output is the slope, at 0 too.

    >>> out, cache = relu(np.array([-1.0, 0.0, 2.0]))
    >>> out, *relu_backward(np.ones(3), cache)
    (array([0., 0., 2.]), array([0., 0., 1.]))
    """
    out = np.maximum(x, 0.0)
    return out, out


@vjp_of(relu)
def relu_backward(dout: Array, cache: Any) -> tuple[Array]:
    """Pass `dout` where x was positive, 0 elsewhere."""
    dx = np.sign(cache)
    dx *= dout
    return (dx,)


@takes("x (...)")
def leaky_relu(x: Array, *, slope: float = 0.01) -> Out:
    """Keep what is positive and shrink what is not: x or slope x (Maas et al. 2013).

    >>> out, cache = leaky_relu(np.array([-1.0, 0.0, 2.0]), slope=0.1)
    >>> out, *leaky_relu_backward(np.ones(3), cache)
    (array([-0.1,  0. ,  2. ]), array([0.1, 0.1, 1. ]))
    """
    slopes = slope + (1 - slope) * _is_positive(x)
    return x * slopes, slopes


@vjp_of(leaky_relu)
def leaky_relu_backward(dout: Array, cache: Any) -> tuple[Array]:
    """Multiply `dout` by 1 where x was positive, by `slope` elsewhere."""
    return (dout * cache,)


@takes("x (...)")
def elu(x: Array, *, alpha: float = 1.0) -> Out:
    """Keep what is positive and bend the rest towards -alpha: x or alpha (e^x - 1) (Clevert et al. 2016).

    >>> out, cache = elu(np.array([-1.0, 2.0]))
    >>> out.round(6), elu_backward(np.ones(2), cache)[0].round(6)
    (array([-0.632121,  2.      ]), array([0.367879, 1.      ]))
    """
    return np.maximum(x, 0) + alpha * np.expm1(np.minimum(x, 0)), (x, alpha)


@vjp_of(elu)
def elu_backward(dout: Array, cache: Any) -> tuple[Array]:
    """Multiply `dout` by 1 where x was positive, by alpha e^x elsewhere."""
    x, alpha = cache
    positive = _is_positive(x)
    return (dout * (positive + (1 - positive) * alpha * np.exp(np.minimum(x, 0))),)


def _sigmoid(x: Array) -> tuple[Array, Array]:
    """Return sigma(x) = e^min(x, 0) / (1 + e) and e = exp(-|x|): no power here is positive."""
    e = np.exp(-np.abs(x))
    return np.exp(np.minimum(x, 0)) / (1 + e), e


@takes("x (...)")
def sigmoid(x: Array) -> Out:
    """Squash to (0, 1): 1 / (1 + e^-x).

    >>> out, cache = sigmoid(np.array([0.0, 40.0]))
    >>> out, *sigmoid_backward(np.ones(2), cache)
    (array([0.5, 1. ]), array([2.50000000e-01, 4.24835426e-18]))
    """
    return _sigmoid(x)


@vjp_of(sigmoid)
def sigmoid_backward(dout: Array, cache: Any) -> tuple[Array]:
    """Multiply `dout` by sigma(x) sigma(-x) = e / (1 + e)^2.

    Not by out (1 - out): from x = 37 on that is exactly 0, because `out` has rounded to 1.
    """
    return (dout * (cache / (1 + cache) ** 2),)


@takes("x (...)")
def tanh(x: Array) -> Out:
    """Squash to (-1, 1).

    >>> out, cache = tanh(np.array([0.0, 1.0]))
    >>> out.round(6), tanh_backward(np.ones(2), cache)[0].round(6)
    (array([0.      , 0.761594]), array([1.      , 0.419974]))
    """
    return np.tanh(x), x


@vjp_of(tanh)
def tanh_backward(dout: Array, cache: Any) -> tuple[Array]:
    """Multiply `dout` by 4 e / (1 + e)^2, e = exp(-2|x|): 1 - tanh^2 without its cancellation."""
    e = np.exp(-2 * np.minimum(np.abs(cache), 1e4))  # at 1e4 it is 0 long since; twice 1e308 is no number
    return (dout * (4 * e / (1 + e) ** 2),)


@takes("x (...)")
def softplus(x: Array) -> Out:
    """Smooth the rectifier: log(1 + e^x) (Dugas et al. 2001).

    >>> out, cache = softplus(np.array([0.0, 1e4]))
    >>> out, *softplus_backward(np.ones(2), cache)
    (array([6.93147181e-01, 1.00000000e+04]), array([0.5, 1. ]))
    """
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))), x


@vjp_of(softplus)
def softplus_backward(dout: Array, cache: Any) -> tuple[Array]:
    """Multiply `dout` by sigma(x)."""
    return (dout * _sigmoid(cache)[0],)


@takes("x (...)")
def gelu(x: Array) -> Out:
    """Weigh x by the chance that a standard normal number is smaller: x Phi(x) (Hendrycks and Gimpel 2016).

    The exact form, not the tanh approximation.

    >>> out, cache = gelu(np.array([-1.0, 0.0, 1.0]))
    >>> out.round(6), gelu_backward(np.ones(3), cache)[0].round(6)
    (array([-0.158655,  0.      ,  0.841345]), array([-0.083315,  0.5     ,  1.083315]))
    """
    below = distribution(x)
    return x * below, (x, below)


@vjp_of(gelu)
def gelu_backward(dout: Array, cache: Any) -> tuple[Array]:
    """Multiply `dout` by Phi(x) + x phi(x), phi the standard normal density."""
    x, below = cache
    x = np.clip(x, -39, 39)  # phi is 0 from there on, and the square of 1e200 is no number
    return (dout * (below + x * density(x)),)


# --- softmax --------------------------------------------------------------------------------------


def _shifted(x: Array, axis: int) -> Array:
    """Take the largest score off: in a softmax it cancels, and nothing can overflow."""
    _check_scores(x, axis)
    shifted: Array = x - x.max(axis=axis, keepdims=True)
    return shifted


@takes("x (...)")
def softmax(x: Array, *, axis: int = -1) -> Out:
    """Turn scores into probabilities along an axis: e^x_i / sum_j e^x_j.

    >>> softmax(np.array([0.0, 0.0, 1e4]))[0]
    array([0., 0., 1.])
    >>> softmax_backward(np.array([1.0, 0.0]), softmax(np.zeros(2))[1])
    (array([ 0.25, -0.25]),)
    """
    e = np.exp(_shifted(x, axis))
    out = e / e.sum(axis=axis, keepdims=True)
    return out, (out, axis)


@vjp_of(softmax)
def softmax_backward(dout: Array, cache: Any) -> tuple[Array]:
    """Multiply by the full Jacobian, diag(a) - a a^T: dx = a (dout - sum(a dout))."""
    a, axis = cache
    return (a * (dout - (a * dout).sum(axis=axis, keepdims=True)),)


@takes("x (...)")
def log_softmax(x: Array, *, axis: int = -1) -> Out:
    """Take the logarithm of softmax without forming it: x_i - log sum_j e^x_j.

    >>> out, cache = log_softmax(np.array([0.0, 1e4]))
    >>> out, *log_softmax_backward(np.array([1.0, 0.0]), cache)
    (array([-10000.,      0.]), array([ 1., -1.]))
    """
    shifted = _shifted(x, axis)
    out = shifted - np.log(np.exp(shifted).sum(axis=axis, keepdims=True))
    return out, (out, axis)


@vjp_of(log_softmax)
def log_softmax_backward(dout: Array, cache: Any) -> tuple[Array]:
    """Return dx = dout - softmax(x) sum(dout)."""
    out, axis = cache
    return (dout - np.exp(out) * dout.sum(axis=axis, keepdims=True),)


# --- norms ----------------------------------------------------------------------------------------


def _normalize(x: Array, axes: tuple[int, ...], eps: float) -> tuple[Array, Array, Array, Array]:
    """Return xhat = (x - mean) / std over the axes, with 1 / std, the mean and the variance."""
    mean = x.mean(axis=axes, keepdims=True)
    centered = x - mean
    var = (centered * centered).mean(axis=axes, keepdims=True)
    inverse_std = 1 / np.sqrt(var + eps)
    return centered * inverse_std, inverse_std, mean, var


def _normalize_backward(dxhat: Array, xhat: Array, inverse_std: Array, axes: tuple[int, ...]) -> Array:
    """Take out of dxhat what the mean and the standard deviation took out of x: every dx has sum 0."""
    along = (dxhat * xhat).mean(axis=axes, keepdims=True)
    dx: Array = inverse_std * (dxhat - dxhat.mean(axis=axes, keepdims=True) - xhat * along)
    return dx


@takes("x (...), gamma (n...), beta (n...)")
def layer_norm(x: Array, gamma: Array, beta: Array, *, eps: float = 1e-5) -> Out:
    """Normalise each sample over its last axes, then scale and shift: gamma xhat + beta (Ba et al. 2016).

    The shape of gamma and beta says which axes these are.

    >>> out, cache = layer_norm(np.array([[1.0, 3.0]]), np.array([1.0, 2.0]), np.zeros(2), eps=0.0)
    >>> out, *layer_norm_backward(np.array([[1.0, 1.0]]), cache)
    (array([[-1.,  2.]]), array([[0., 0.]]), array([-1.,  1.]), array([1., 1.]))
    """
    last = x.shape[x.ndim - gamma.ndim :]
    check_shape("gamma", gamma.shape, last, "x's last axes", "Write np.ones(x.shape[-1:]), say.")
    axes = tuple(range(-gamma.ndim, 0))
    xhat, inverse_std, _, _ = _normalize(x, axes, eps)
    return gamma * xhat + beta, (xhat, inverse_std, gamma)


@vjp_of(layer_norm)
def layer_norm_backward(dout: Array, cache: Any) -> tuple[Array, Array, Array]:
    """Carry `dout` back through `layer_norm`: gamma stands inside both means (dxhat = gamma dout)."""
    xhat, inverse_std, gamma = cache
    leading = tuple(range(xhat.ndim - gamma.ndim))
    dx = _normalize_backward(dout * gamma, xhat, inverse_std, tuple(range(-gamma.ndim, 0)))
    # A sum over no axes would hand back dout's own memory.
    dbeta = dout.sum(axis=leading) if leading else dout.copy()
    return dx, (dout * xhat).sum(axis=leading), dbeta


class BatchNormCache(NamedTuple):
    """What `batch_norm` keeps; a training loop reads the new running statistics in `contract.kept(cache)`."""

    xhat: Array
    inverse_std: Array
    gamma: Array
    train: bool
    running_mean: Array
    running_var: Array


@takes(
    "x (B, C, ...), gamma (C), beta (C), running_mean (C)?, running_var (C)?",
    x="Write x[:, None] for one channel.",
)
def batch_norm(
    x: Array,
    gamma: Array,
    beta: Array,
    *,
    running_mean: Array | None = None,
    running_var: Array | None = None,
    train: bool = True,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Out:
    """Normalise each channel over the batch, then scale and shift: gamma xhat + beta.

    In training with the batch's own mean and variance; `contract.kept(cache)` has new running ones, in which
    this batch has the weight `momentum` and the variance is the unbiased one, as in PyTorch. They start at 0
    and 1. Otherwise with the running ones, which must be given; they are read, never changed. Source: Ioffe
    and Szegedy 2015.

    >>> out, cache = batch_norm(np.array([[1.0], [3.0]]), np.ones(1), np.zeros(1), eps=0.0)
    >>> out.ravel(), cache[3].running_mean, cache[3].running_var
    (array([-1.,  1.]), array([0.2]), array([1.1]))
    """
    C, n = x.shape[1], x.size // max(x.shape[1], 1)
    _check_statistics(x, n, running_mean, running_var, train)
    mean = np.zeros(C, x.dtype) if running_mean is None else running_mean
    var = np.ones(C, x.dtype) if running_var is None else running_var
    axes, per_channel = (0, *range(2, x.ndim)), (C,) + (1,) * (x.ndim - 2)
    if train:
        xhat, inverse_std, batch_mean, batch_var = _normalize(x, axes, eps)
        mean = (1 - momentum) * mean + momentum * batch_mean.reshape(C)
        var = (1 - momentum) * var + momentum * batch_var.reshape(C) * (n / (n - 1))
    else:
        inverse_std = 1 / np.sqrt(var.reshape(per_channel) + eps)
        xhat = (x - mean.reshape(per_channel)) * inverse_std
    out = gamma.reshape(per_channel) * xhat + beta.reshape(per_channel)
    return out, BatchNormCache(xhat, inverse_std, gamma, train, mean, var)


@vjp_of(batch_norm)
def batch_norm_backward(dout: Array, cache: Any) -> tuple[Array, Array, Array]:
    """Carry `dout` back through `batch_norm`. In evaluation the statistics are constants."""
    xhat, inverse_std, gamma, train, _, _ = cache
    axes = (0, *range(2, xhat.ndim))
    dxhat = dout * gamma.reshape((-1,) + (1,) * (xhat.ndim - 2))
    dx = _normalize_backward(dxhat, xhat, inverse_std, axes) if train else dxhat * inverse_std
    return dx, (dout * xhat).sum(axis=axes), dout.sum(axis=axes)


# --- dropout, flatten, embedding ------------------------------------------------------------------


@takes("x (...)")
def dropout(x: Array, *, p: float = 0.5, rng: np.random.Generator, train: bool = True) -> Out:
    """Set each entry to 0 with probability p and scale the others by 1 / (1 - p) (Srivastava et al. 2014).

    So the expectation of the output is x. The mask comes from `rng`; with `train=False` nothing is dropped.

    >>> out, cache = dropout(np.ones(4), p=0.5, rng=np.random.default_rng(0))
    >>> out, *dropout_backward(np.ones(4), cache)
    (array([2., 0., 0., 0.]), array([2., 0., 0., 0.]))
    """
    check_number("p", p, "Try p=0.5.", least=0, below=1)
    check_rng(rng)
    kept = rng.random(x.shape) >= p if train else np.ones(x.shape)
    mask = np.asarray(kept / ((1 - p) if train else 1), dtype=x.dtype)
    return x * mask, mask


@vjp_of(dropout)
def dropout_backward(dout: Array, cache: Any) -> tuple[Array]:
    """Multiply `dout` by the same mask."""
    return (dout * cache,)


@takes("x (B, ...)")
def flatten(x: Array) -> Out:
    """Lay each sample out as one row, as between a convolution and an affine layer.

    >>> out, cache = flatten(np.zeros((2, 3, 4)))
    >>> out.shape, flatten_backward(np.ones((2, 12)), cache)[0].shape
    ((2, 12), (2, 3, 4))
    """
    return x.reshape(x.shape[0], math.prod(x.shape[1:])).copy(), x.shape


@vjp_of(flatten)
def flatten_backward(dout: Array, cache: Any) -> tuple[Array]:
    """Give `dout` the input's shape back."""
    return (dout.reshape(cache).copy(),)


@takes("indices (int ...), weight (V, D)", weight="Write weight[:, None] for D = 1.")
def embedding(indices: Array, weight: Array) -> Out:
    """Look up a row of a table for each index: weight[indices].

    >>> out, cache = embedding(np.array([2, 0, 2]), np.array([[1.0], [2.0], [3.0]]))
    >>> nothing, dweight = embedding_backward(np.ones((3, 1)), cache)
    >>> out.ravel(), nothing, dweight.ravel()
    (array([3., 1., 3.]), None, array([1., 0., 2.]))
    """
    _check_rows(indices, weight)
    return weight.take(indices, axis=0), (indices, weight.shape)


@vjp_of(embedding)
def embedding_backward(dout: Array, cache: Any) -> tuple[None, Array]:
    """Add each row of `dout` to the row it was read from: a gather's transpose is a scatter-add."""
    indices, shape = cache
    dweight = np.zeros(shape, dout.dtype)
    # Entry by entry, because np.add.at is three times slower on rows.
    entries = indices.astype(np.intp).reshape(-1, 1) * shape[1] + np.arange(shape[1])
    np.add.at(dweight.reshape(-1), entries.reshape(-1), dout.reshape(-1))
    return None, dweight


# --- convolution and pooling ----------------------------------------------------------------------


def _patches(x: Array, kernel: tuple[int, ...], stride: tuple[int, ...]) -> Array:
    """View (B, C, H, W) as (B, C, kH, kW, H_out, W_out): for each tap of the kernel, the entries it meets."""
    windows = sliding_window_view(x, kernel, axis=(2, 3))
    taps: Array = windows[:, :, :: stride[0], :: stride[1]].transpose(0, 1, 4, 5, 2, 3)
    return taps


def _columns(patches: Array) -> Array:
    """Copy patches out as matrices, (B, C kH kW, H_out W_out)."""
    B, C, kH, kW, H, W = patches.shape
    return patches.reshape(B, C * kH * kW, H * W)


def _scatter(shape: Any, kernel: Any, stride: Any, like: Array, dtap: Callable[[int, int], Array]) -> Array:
    """Transpose `_patches`: add dtap(i, j), the gradient of what tap (i, j) met, where it was met."""
    (kH, kW), (sH, sW), (H, W) = kernel, stride, like.shape[2:]
    dx = np.zeros(shape, like.dtype)
    for i in range(kH):
        for j in range(kW):
            dx[:, :, i : i + sH * H : sH, j : j + sW * W : sW] += dtap(i, j)
    return dx


@takes("x (B, C_in, H, W), W (C_out, C_in, kH, kW), b (C_out)?")
def conv2d(x: Array, W: Array, b: Array | None = None, *, stride: Pair = 1, padding: Pair = 0) -> Out:
    """Slide kernels over images: cross-correlation, called convolution (LeCun et al. 1989).

    out[n, o, r, c] = b[o] + sum over i, u, v of W[o, i, u, v] x[n, i, r stride + u, c stride + v], where
    `padding` rows and columns of zeros stand on each side: H_out = (H + 2 padding - kH) // stride + 1.

    >>> x, W = np.arange(9.0).reshape(1, 1, 3, 3), np.array([[[[1.0, 0.0], [0.0, -1.0]]]])
    >>> out, cache = conv2d(x, W)
    >>> dx, dW, db = conv2d_backward(np.ones((1, 1, 2, 2)), cache)
    >>> out.ravel(), dx.ravel(), dW.ravel(), db
    (array([-4., -4., -4., -4.]), array([ 1.,  1.,  0.,  1.,  0., -1.,  0., -1., -1.]),
     array([ 8., 12., 20., 24.]), None)
    """
    stride, padding = _per_axis("stride", stride, 1), _per_axis("padding", padding, 0)
    _check_fits(x, W.shape[2:], padding)
    if any(padding):
        x = np.pad(x, ((0, 0), (0, 0), (padding[0],) * 2, (padding[1],) * 2))
    patches = _patches(x, W.shape[2:], stride)
    # Patches as columns: the whole convolution is one matrix product a sample, in the output's layout.
    columns = _columns(patches)
    out = (W.reshape(len(W), columns.shape[1]) @ columns).reshape(len(x), len(W), *patches.shape[4:])
    if b is not None:
        out += b[:, None, None]
    # The columns are kH kW times as large as x: cheaper to copy them out again than to keep them.
    return out, (x, W, b is not None, stride, padding)


@vjp_of(conv2d)
def conv2d_backward(dout: Array, cache: Any, *, needs_dx: bool = True) -> Gradients:
    """Carry `dout` back through `conv2d`.

    dx spreads each entry of dout over the patch it came from (the flipped kernel slid over dout), dW
    correlates x with dout, db sums dout over all but the channels. With `needs_dx=False` the first entry is
    None.
    """
    x, W, has_b, stride, padding = cache
    rows = dout.reshape(*dout.shape[:2], math.prod(dout.shape[2:]))
    columns = _columns(_patches(x, W.shape[2:], stride))
    dW = (rows @ columns.swapaxes(1, 2)).sum(axis=0).reshape(W.shape)
    db = rows.sum(axis=(0, 2)) if has_b else None
    if not needs_dx:
        return None, dW, db

    def dtap(i: int, j: int) -> Array:
        product: Array = W[:, :, i, j].T @ rows
        return product.reshape(*x.shape[:2], *dout.shape[2:])

    dx = _scatter(x.shape, W.shape[2:], stride, dout, dtap)
    top, left = padding
    return dx[:, :, top : x.shape[2] - top, left : x.shape[3] - left], dW, db


@takes("x (B, C_in, T), W (C_out, C_in, k), b (C_out)?")
def conv1d(x: Array, W: Array, b: Array | None = None, *, stride: int = 1, padding: int = 0) -> Out:
    """Slide kernels along sequences: `conv2d` on images one row high.

    >>> out, cache = conv1d(np.array([[[1.0, 2.0, 4.0]]]), np.array([[[-1.0, 1.0]]]))
    >>> out, *conv1d_backward(np.ones((1, 1, 2)), cache)
    (array([[[1., 2.]]]), array([[[-1.,  0.,  1.]]]), array([[[3., 6.]]]), None)
    """
    (along,), (beyond,) = _per_axis("stride", stride, 1, axes=1), _per_axis("padding", padding, 0, axes=1)
    _check_fits(x, W.shape[2:], (beyond,))
    out, cache = conv2d(x[:, :, None], W[:, :, None], b, stride=(1, along), padding=(0, beyond))
    return out[:, :, 0], cache


@vjp_of(conv1d)
def conv1d_backward(dout: Array, cache: Any, *, needs_dx: bool = True) -> Gradients:
    """Carry `dout` back through `conv1d`."""
    dx, dW, db = conv2d_backward(dout[:, :, None], cache, needs_dx=needs_dx)
    return (None if dx is None else dx[:, :, 0]), dW[:, :, 0], db  # type: ignore[index]


def _pooled(x: Array, kernel_size: Pair, stride: Pair | None) -> Out:
    """Return x's windows as (B, C, kH kW, H_out, W_out), and what `_scatter` needs to undo that."""
    kernel = _per_axis("kernel_size", kernel_size, 1)
    stride = kernel if stride is None else _per_axis("stride", stride, 1)
    _check_fits(x, kernel, (0, 0))
    taps = _patches(x, kernel, stride)
    return taps.reshape(*x.shape[:2], math.prod(kernel), *taps.shape[4:]), (x.shape, kernel, stride)


@takes("x (B, C, H, W)")
def max_pool2d(x: Array, *, kernel_size: Pair, stride: Pair | None = None) -> Out:
    """Keep the largest entry of each window, the first of a tie or of several NaN (Ranzato et al. 2007).

    The stride is the kernel's size if it is not given.

    >>> out, cache = max_pool2d(np.array([[[[1.0, 5.0], [5.0, 2.0]]]]), kernel_size=2)
    >>> out.item(), max_pool2d_backward(np.ones((1, 1, 1, 1)), cache)[0].ravel()
    (5.0, array([0., 1., 0., 0.]))
    """
    taps, undo = _pooled(x, kernel_size, stride)
    winner = taps.argmax(axis=2)
    return np.take_along_axis(taps, winner[:, :, None], axis=2)[:, :, 0], (winner, undo)


@vjp_of(max_pool2d)
def max_pool2d_backward(dout: Array, cache: Any) -> tuple[Array]:
    """Give each entry of `dout` to the entry that won its window; where windows overlap, sum."""
    winner, (shape, kernel, stride) = cache
    return (_scatter(shape, kernel, stride, dout, lambda i, j: dout * (winner == i * kernel[1] + j)),)


@takes("x (B, C, H, W)")
def avg_pool2d(x: Array, *, kernel_size: Pair, stride: Pair | None = None) -> Out:
    """Take the mean of each window.

    >>> out, cache = avg_pool2d(np.array([[[[1.0, 5.0], [5.0, 1.0]]]]), kernel_size=2)
    >>> out.item(), avg_pool2d_backward(np.ones((1, 1, 1, 1)), cache)[0].ravel()
    (3.0, array([0.25, 0.25, 0.25, 0.25]))
    """
    taps, undo = _pooled(x, kernel_size, stride)
    return taps.mean(axis=2), undo


@vjp_of(avg_pool2d)
def avg_pool2d_backward(dout: Array, cache: Any) -> tuple[Array]:
    """Share each entry of `dout` equally among its window."""
    shape, kernel, stride = cache
    share = dout / math.prod(kernel)
    return (_scatter(shape, kernel, stride, dout, lambda i, j: share),)


# --- attention ------------------------------------------------------------------------------------


@takes(
    "q (..., T, d > 0), k (..., S > 0, d), v (..., S, d_v)",
    k="Is it transposed? It has q's leading axes and width, and at least one key.",
)
def attention(q: Array, k: Array, v: Array, *, mask: Array | None = None) -> Out:
    """Mix values by how well queries match keys: softmax(q k^T / sqrt(d)) v (Vaswani et al. 2017).

    `mask` is boolean, broadcasts to (..., T, S) and is True where a query may look: `np.tri(T, dtype=bool)`
    hides the future. The last entry of `contract.kept(cache)` is the weights, of shape (..., T, S).

    >>> out, cache = attention(np.zeros((1, 2)), np.eye(2), np.array([[1.0], [3.0]]))
    >>> out, attention_backward(np.ones((1, 1)), cache)[2].ravel()
    (array([[2.]]), array([0.5, 0.5]))
    """
    scores = q @ k.swapaxes(-1, -2)
    scores /= math.sqrt(q.shape[-1])
    if mask is not None:
        _check_mask(mask, scores)
        scores = np.where(mask, scores, -np.inf)
    weights, squashed = softmax(scores)
    return weights @ v, (q, k, v, squashed, weights)


@vjp_of(attention)
def attention_backward(dout: Array, cache: Any) -> tuple[Array, Array, Array]:
    """Carry `dout` back through `attention`: two matrix products, the softmax between them, two more."""
    q, k, v, squashed, weights = cache
    (dscores,) = softmax_backward(dout @ v.swapaxes(-1, -2), squashed)
    dscores /= math.sqrt(q.shape[-1])
    return dscores @ k, dscores.swapaxes(-1, -2) @ q, weights.swapaxes(-1, -2) @ dout


#: Every forward function and its backward. The tests walk over it, so nothing public is left unchecked.
VJP: dict[Callable[..., tuple[Array, Any]], Callable[..., Gradients]] = pairs_of(__name__)


# --- what a shape can't say -------------------------------------------------------------------------


def _check_scores(x: Array, axis: int) -> None:
    if not x.size and not x.shape[axis]:
        raise wrong("x", f"at least one score along axis {axis}", f"shape {x.shape}", "Leave it out.")


def _check_statistics(x: Array, n: int, mean: Array | None, var: Array | None, train: bool) -> None:
    if train and n < 2:
        remedy = "With one the variance is 0: use a larger batch, or train=False."
        raise wrong("x", "at least two entries for each channel in training", f"shape {x.shape}", remedy)
    if not train and (mean is None or var is None):
        remedy = "Pass what training returned in its cache."
        raise wrong("running_mean, running_var", "arrays when train=False", "None", remedy)


def _check_rows(indices: Array, weight: Array) -> None:
    if indices.size and not (indices.min() >= 0 and indices.max() < len(weight)):
        expected, came = f"numbers from 0 to {len(weight) - 1}", f"{indices.min()} to {indices.max()}"
        raise wrong("indices", f"{expected}, one row of weight each", came, "Map unknown words to a row.")


def _per_axis(name: str, value: Pair, least: int, axes: int = 2) -> tuple[Any, ...]:
    """Read an option that is one whole number for all axes, or a tuple with one for each."""
    each: tuple[Any, ...] = value if isinstance(value, tuple) else (value,) * axes
    if len(each) != axes or not all(isinstance(n, int | np.integer) and n >= least for n in each):
        expected = f"a whole number of at least {least}{', or a pair of them' * (axes == 2)}"
        raise wrong(name, expected, f"{value!r}", f"For example {name}={max(least, 1)}.")
    return each


def _check_fits(x: Array, kernel: tuple[int, ...], padding: tuple[int, ...]) -> None:
    room = tuple(n + 2 * p for n, p in zip(x.shape[2:], padding, strict=True))
    if any(k > n or k == 0 for k, n in zip(kernel, room, strict=True)):
        came = f"{room}{' with padding' * any(padding)}"
        expected = f"at least as many entries as the kernel {kernel} along each axis"
        raise wrong("x", expected, came, "Use a smaller kernel or a larger x.")


def _check_mask(mask: Any, scores: Array) -> None:
    came = getattr(mask, "dtype", type(mask).__name__)
    if came != np.bool_:
        remedy = "Write np.asarray(mask, dtype=bool)."
        raise wrong("mask", "a boolean array, True where a query may look", came, remedy, TypeError)
    try:
        np.broadcast_to(mask, scores.shape)
    except ValueError:
        remedy = "It has T rows and S columns."
        raise wrong("mask", f"one that broadcasts to {scores.shape}", mask.shape, remedy) from None
    if not mask.any(axis=-1).all():
        raise wrong("mask", "a True for every query", "a row of False", "Let it see its own place.")
