"""What to do with a gradient: take a step downhill.

`layers` holds parameters and their gradients in dicts with the same keys, `init` filled them; this file
adds the rules that turn the second into a change of the first, and how large that change is over time.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from bplib import contract
from bplib.contract import Array

#: Takes the number of steps done so far (0, 1, 2, ...), returns the learning rate of the next one.
Schedule = Callable[[int], float]


class Optimizer:
    """What all the rules share: the learning rate, the memory of each parameter, the checks.

    A rule of your own needs one method, `update`.

    Parameters
    ----------
    lr : float or callable
        The learning rate, 0 or more, or a schedule (`step_decay`, `cosine`, ...) that returns it.

    Attributes
    ----------
    steps : int
        How many steps have been taken.
    memory : dict of str to dict of str to ndarray
        What the rule remembers about each parameter, such as its velocity.

    Raises
    ------
    ValueError
        If `lr` is not a finite number, 0 or more.
    """

    def __init__(self, lr: float | Schedule) -> None:
        self.lr = lr
        self.steps = 0
        self.memory: dict[str, dict[str, Array]] = {}
        if not callable(lr):
            _rate(lr)

    def step(self, params: Mapping[str, Array], grads: Mapping[str, Array]) -> None:
        """Move every parameter once. The arrays in `params` change in place; `grads` doesn't.

        Parameters
        ----------
        params, grads : dict of str to ndarray
            The same keys, and for each key the same shape. Parameters are floating-point arrays.

        Raises
        ------
        TypeError
            If a parameter is not an array of floats, which can't be changed in place by fractions, or a
            gradient is not an array of numbers.
        ValueError
            If keys or shapes differ, or a gradient isn't finite. Nothing has moved then.
        """
        self._check(params, grads)
        rate = _rate(self.lr(self.steps)) if callable(self.lr) else self.lr
        self.steps += 1
        for name, param in params.items():
            self.update(param, grads[name], self.memory.setdefault(name, {}), rate)

    def update(self, param: Array, grad: Array, memory: dict[str, Array], rate: float) -> None:
        """Move one parameter in place: the rule itself.

        Parameters
        ----------
        param, grad : ndarray
            One parameter and its gradient, of one shape.
        memory : dict of str to ndarray
            What this rule stored for this parameter; empty at the first step.
        rate : float
            The learning rate of this step.
        """
        raise NotImplementedError(f"{type(self).__name__} must define update(param, grad, memory, rate).")

    def _check(self, params: Mapping[str, Array], grads: Mapping[str, Array]) -> None:
        contract.check_keys("grads", grads, params, "Pass net.params and net.grads, after net.backward.")
        for name, param in params.items():
            grad, of, by = grads[name], f"params[{name!r}]", f"grads[{name!r}]"
            contract.check_floats(of, param)
            contract.check_floats(by, grad, or_integers=True)
            contract.check_shape(by, grad.shape, param.shape, of, "Did the backward sum over the batch?")
            contract.check_finite(by, grad, "No step was taken: clip, or lower the learning rate.")
            for kept in self.memory.get(name, {}).values():
                remedy = "Make a new optimizer for a new network."
                contract.check_shape(of, param.shape, kept.shape, "the one remembered by that name", remedy)


class SGD(Optimizer):
    r"""Gradient descent: one step against the gradient.

    .. math:: \theta \leftarrow \theta - \eta\, g

    On a random mini-batch it is called stochastic. Source: Robbins and Monro 1951.

    Parameters
    ----------
    lr : float or callable
        The learning rate.

    Examples
    --------
    >>> params, grads = {"w": np.array([1.0, 2.0])}, {"w": np.array([10.0, 0.0])}
    >>> SGD(lr=0.01).step(params, grads)
    >>> params["w"]
    array([0.9, 2. ])
    """

    def update(self, param: Array, grad: Array, memory: dict[str, Array], rate: float) -> None:  # noqa: D102
        param -= rate * grad


class Momentum(Optimizer):
    r"""Heavy ball: the step follows a decaying sum of the gradients so far.

    .. math:: v \leftarrow \mu v + g, \qquad \theta \leftarrow \theta - \eta\, v

    Along a direction in which the gradient keeps its sign the steps grow to 1 / (1 - mu) times; across
    a valley, where it alternates, they cancel. Source: Polyak 1964, in PyTorch's form.

    Parameters
    ----------
    lr : float or callable
        The learning rate.
    momentum : float
        The decay mu, from 0 up to but not including 1.

    Examples
    --------
    >>> params, grads = {"w": np.array([0.0])}, {"w": np.array([1.0])}
    >>> optimizer = Momentum(lr=1.0, momentum=0.5)
    >>> for _ in range(3):
    ...     optimizer.step(params, grads)
    ...     print(params["w"])
    [-1.]
    [-2.5]
    [-4.25]
    """

    def __init__(self, lr: float | Schedule, *, momentum: float = 0.9) -> None:
        super().__init__(lr)
        self.momentum = contract.check_number("momentum", momentum, "Try momentum=0.9.", least=0, below=1)

    def update(self, param: Array, grad: Array, memory: dict[str, Array], rate: float) -> None:  # noqa: D102
        param -= rate * self._velocity(grad, memory)

    def _velocity(self, grad: Array, memory: dict[str, Array]) -> Array:
        v = memory["velocity"] = self.momentum * memory.get("velocity", 0.0) + grad
        return v


class Nesterov(Momentum):
    r"""Momentum that looks ahead: it adds the gradient to the velocity it is about to have.

    .. math:: v \leftarrow \mu v + g, \qquad \theta \leftarrow \theta - \eta\,(g + \mu v)

    Source: Nesterov 1983; the form in which the gradient is taken where the parameters stand is
    Sutskever et al. 2013's, as PyTorch writes it.

    Parameters
    ----------
    lr : float or callable
        The learning rate.
    momentum : float
        The decay mu, from 0 up to but not including 1.

    Examples
    --------
    >>> params, grads = {"w": np.array([0.0])}, {"w": np.array([1.0])}
    >>> Nesterov(lr=1.0, momentum=0.5).step(params, grads)
    >>> params["w"]
    array([-1.5])
    """

    def update(self, param: Array, grad: Array, memory: dict[str, Array], rate: float) -> None:  # noqa: D102
        param -= rate * (grad + self.momentum * self._velocity(grad, memory))


class RMSProp(Optimizer):
    r"""Divide each entry's step by the recent root mean square of its gradient.

    .. math:: s \leftarrow \rho s + (1 - \rho) g^2, \qquad
        \theta \leftarrow \theta - \eta\, g / (\sqrt{s} + \epsilon)

    So an entry with small gradients moves as far as one with large gradients. Source: Hinton's
    lecture 6e, 2012.

    Parameters
    ----------
    lr : float or callable
        The learning rate: about the size of a step in each entry.
    decay : float
        The decay rho, from 0 up to but not including 1.
    eps : float
        Keeps the division from 0 / 0.

    Examples
    --------
    >>> params, grads = {"w": np.array([0.0, 0.0])}, {"w": np.array([1.0, 100.0])}
    >>> RMSProp(lr=0.1, decay=0.99).step(params, grads)
    >>> params["w"].round(4)
    array([-1., -1.])
    """

    def __init__(self, lr: float | Schedule = 0.01, *, decay: float = 0.99, eps: float = 1e-8) -> None:
        super().__init__(lr)
        self.decay = contract.check_number("decay", decay, "Try decay=0.99.", least=0, below=1)
        self.eps = contract.check_number("eps", eps, "Try eps=1e-8.", above=0)

    def update(self, param: Array, grad: Array, memory: dict[str, Array], rate: float) -> None:  # noqa: D102
        s = memory["square"] = self.decay * memory.get("square", 0.0) + (1 - self.decay) * grad * grad
        param -= rate * grad / (np.sqrt(s) + self.eps)


class Adam(Optimizer):
    r"""Momentum and RMSProp together, both corrected for having started at zero.

    .. math::
        m \leftarrow \beta_1 m + (1 - \beta_1) g, \quad v \leftarrow \beta_2 v + (1 - \beta_2) g^2, \quad
        \theta \leftarrow \theta - \eta \frac{m / (1 - \beta_1^t)}{\sqrt{v / (1 - \beta_2^t)} + \epsilon}

    Here t counts the steps from 1. The first step is `lr` in every entry, whatever the gradient's size.
    Source: Kingma and Ba 2015.

    Parameters
    ----------
    lr : float or callable
        The learning rate.
    beta1, beta2 : float
        The decays of the two averages, from 0 up to but not including 1.
    eps : float
        Keeps the division from 0 / 0.

    Examples
    --------
    >>> params, grads = {"w": np.array([0.0, 0.0])}, {"w": np.array([1.0, -100.0])}
    >>> Adam(lr=0.1).step(params, grads)
    >>> params["w"].round(6)
    array([-0.1,  0.1])
    """

    def __init__(
        self, lr: float | Schedule = 0.001, *, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8
    ) -> None:
        super().__init__(lr)
        self.beta1 = contract.check_number("beta1", beta1, "Try beta1=0.9.", least=0, below=1)
        self.beta2 = contract.check_number("beta2", beta2, "Try beta2=0.999.", least=0, below=1)
        self.eps = contract.check_number("eps", eps, "Try eps=1e-8.", above=0)

    def update(self, param: Array, grad: Array, memory: dict[str, Array], rate: float) -> None:  # noqa: D102
        m = memory["mean"] = self.beta1 * memory.get("mean", 0.0) + (1 - self.beta1) * grad
        v = memory["square"] = self.beta2 * memory.get("square", 0.0) + (1 - self.beta2) * grad * grad
        m_hat = m / (1 - self.beta1**self.steps)
        v_hat = v / (1 - self.beta2**self.steps)
        param -= rate * m_hat / (np.sqrt(v_hat) + self.eps)


class AdamW(Adam):
    r"""Adam with weight decay beside it: parameters shrink, whatever their gradients' size.

    .. math:: \theta \leftarrow (1 - \eta \lambda)\, \theta, \qquad \text{then Adam's step}

    An L2 penalty inside the loss would be divided by Adam's root mean square like the rest of the gradient,
    and so would hardly shrink weights with large gradients. Source: Loshchilov and Hutter 2019.

    Parameters
    ----------
    lr, beta1, beta2, eps
        As in `Adam`.
    weight_decay : float
        The decay lambda, 0 or more.

    Examples
    --------
    >>> params, grads = {"w": np.array([10.0])}, {"w": np.array([0.0])}
    >>> AdamW(lr=0.1, weight_decay=0.5).step(params, grads)
    >>> params["w"]
    array([9.5])
    """

    def __init__(self, lr: float | Schedule = 0.001, *, weight_decay: float = 0.01, **adam: float) -> None:
        super().__init__(lr, **adam)
        self.weight_decay = contract.check_number("weight_decay", weight_decay, "Try 0.01.", least=0)

    def update(self, param: Array, grad: Array, memory: dict[str, Array], rate: float) -> None:  # noqa: D102
        param *= 1 - rate * self.weight_decay
        super().update(param, grad, memory, rate)


def global_norm(grads: Mapping[str, Array]) -> float:
    """Length of all gradients together, as one long vector.

    Parameters
    ----------
    grads : dict of str to ndarray
        Gradients of any shapes.

    Returns
    -------
    float
        The square root of the sum of the squares of all entries, without overflow; 0 for an empty dict.

    Examples
    --------
    >>> global_norm({"W": np.array([[3.0]]), "b": np.array([4.0])})
    5.0
    """
    # Not Python's max, in which a NaN after a 0 is lost.
    largest = float(np.max([np.abs(g).max(initial=0.0) for g in grads.values()], initial=0.0))
    if largest == 0 or not math.isfinite(largest):
        return largest
    # Squares of numbers beyond 1e154 overflow, and so does a long sum in float16; neither does this one.
    return largest * math.sqrt(sum(float(np.sum((g / largest) ** 2, dtype=float)) for g in grads.values()))


def clip_by_global_norm(grads: Mapping[str, Array], max_norm: float) -> float:
    """Shorten the gradients, in place and all by one factor, so that their global norm is at most `max_norm`.

    One factor keeps the direction. A gradient that is short enough stays as it is, to the last bit.
    Source: Pascanu et al. 2013.

    Parameters
    ----------
    grads : dict of str to ndarray
        Gradients; changed in place.
    max_norm : float
        The largest norm that is left alone, above 0.

    Returns
    -------
    float
        The norm before clipping: worth plotting, because it shows how often clipping was needed.

    Raises
    ------
    TypeError
        If a gradient is not an array of floats, which alone can be shortened in place.
    ValueError
        If `max_norm` is not a number above 0, or a gradient isn't finite (infinity has no direction).

    Examples
    --------
    >>> grads = {"W": np.array([[3.0]]), "b": np.array([4.0])}
    >>> clip_by_global_norm(grads, 1.0)
    5.0
    >>> grads["W"], grads["b"]
    (array([[0.6]]), array([0.8]))
    """
    if max_norm != math.inf:
        contract.check_number("max_norm", max_norm, "Try max_norm=1.0.", above=0)
    for name, grad in grads.items():
        contract.check_floats(f"grads[{name!r}]", grad)
    norm = global_norm(grads)
    contract.check_finite("grads", norm, "No factor shortens that: find the first layer that overflows.")
    if norm > max_norm:
        for grad in grads.values():
            grad *= max_norm / norm
    return norm


def constant(rate: float) -> Schedule:
    """Schedule: the same learning rate for ever.

    Parameters
    ----------
    rate : float
        The learning rate, 0 or more.

    Returns
    -------
    callable
        From the number of steps done to the learning rate.

    Examples
    --------
    >>> constant(0.1)(1000)
    0.1
    """
    rate = _rate(rate)
    return lambda step: rate


def step_decay(rate: float, *, every: int, factor: float = 0.1) -> Schedule:
    """Schedule: multiply the learning rate by `factor` after every `every` steps.

    Parameters
    ----------
    rate : float
        The first learning rate, 0 or more.
    every : int
        How many steps each level lasts.
    factor : float
        What one level is multiplied by to give the next.

    Returns
    -------
    callable
        From the number of steps done to the learning rate.

    Examples
    --------
    >>> schedule = step_decay(1.0, every=10, factor=0.5)
    >>> [schedule(step) for step in (0, 9, 10, 25)]
    [1.0, 1.0, 0.5, 0.25]
    """
    rate, factor = _rate(rate), contract.check_number("factor", factor, "Try factor=0.1.", least=0)
    contract.check_whole("every", every)
    return lambda step: rate * factor ** (step // every)


def cosine(rate: float, *, steps: int, final: float = 0.0) -> Schedule:
    r"""Schedule: from `rate` down to `final` along half a cosine.

    .. math:: \eta_t = \eta_T + \tfrac12 (\eta_0 - \eta_T)(1 + \cos(\pi t / T))

    After step T it stays at `final`. Source: Loshchilov and Hutter 2017, without restarts.

    Parameters
    ----------
    rate : float
        The first learning rate, 0 or more.
    steps : int
        T, the number of steps the descent takes.
    final : float
        The learning rate at the end, 0 or more.

    Returns
    -------
    callable
        From the number of steps done to the learning rate.

    Examples
    --------
    >>> schedule = cosine(1.0, steps=100)
    >>> [round(schedule(step), 6) for step in (0, 50, 100, 200)]
    [1.0, 0.5, 0.0, 0.0]
    """
    rate, final = _rate(rate), contract.check_number("final", final, "Try final=0.0.", least=0)
    contract.check_whole("steps", steps)
    return lambda step: final + 0.5 * (rate - final) * (1 + math.cos(math.pi * min(step, steps) / steps))


def warm_up(schedule: Schedule, *, steps: int) -> Schedule:
    """Schedule: let another one start gently, its rate times 1/steps, 2/steps, ... up to 1.

    Parameters
    ----------
    schedule : callable
        The schedule to start gently; `constant` for a plain learning rate.
    steps : int
        The step at which the full rate is reached.

    Returns
    -------
    callable
        From the number of steps done to the learning rate.

    Examples
    --------
    >>> schedule = warm_up(constant(1.0), steps=4)
    >>> [schedule(step) for step in (0, 1, 2, 3, 4)]
    [0.25, 0.5, 0.75, 1.0, 1.0]
    """
    remedy = f"Write constant({schedule!r}) for a number."
    contract.check_type("schedule", schedule, Callable, "a function", remedy)
    contract.check_whole("steps", steps)
    return lambda step: schedule(step) * min(1.0, (step + 1) / steps)


def _rate(rate: Any) -> float:
    """Return a learning rate. A schedule may end at 0; a NaN or a negative rate is a mistake."""
    remedy = "Try lr=0.1. Parameters are given to step: optimizer.step(net.params, net.grads)."
    return contract.check_number("lr", rate, remedy, least=0)
