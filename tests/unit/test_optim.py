"""Optimisers and schedules beside PyTorch's, clipping, and what they refuse."""

import math

import numpy as np
import pytest

from bplib import optim

STEPS = 20


def start(seed=0):
    rng = np.random.default_rng(seed)
    return {"W": rng.normal(size=(3, 4)), "b": rng.normal(size=4), "s": np.array(rng.normal())}


def gradients(params, step):
    """A gradient that depends on where the parameters stand, so that an error grows, and on the step."""
    return {name: np.asarray(np.cos(step + 1 + p) * p * 10.0 ** (step % 3 - 1)) for name, p in params.items()}


PAIRS = {
    "SGD": (lambda lr: optim.SGD(lr), lambda t, p: t.optim.SGD(p, lr=0.01)),
    "Momentum": (
        lambda lr: optim.Momentum(lr, momentum=0.8),
        lambda t, p: t.optim.SGD(p, lr=0.01, momentum=0.8),
    ),
    "Nesterov": (
        lambda lr: optim.Nesterov(lr, momentum=0.8),
        lambda t, p: t.optim.SGD(p, lr=0.01, momentum=0.8, nesterov=True),
    ),
    "RMSProp": (
        lambda lr: optim.RMSProp(lr, decay=0.95, eps=1e-6),
        lambda t, p: t.optim.RMSprop(p, lr=0.01, alpha=0.95, eps=1e-6),
    ),
    "Adam": (
        lambda lr: optim.Adam(lr, beta1=0.8, beta2=0.95, eps=1e-6),
        lambda t, p: t.optim.Adam(p, lr=0.01, betas=(0.8, 0.95), eps=1e-6),
    ),
    "AdamW": (
        lambda lr: optim.AdamW(lr, beta1=0.8, beta2=0.95, eps=1e-6, weight_decay=0.3),
        lambda t, p: t.optim.AdamW(p, lr=0.01, betas=(0.8, 0.95), eps=1e-6, weight_decay=0.3),
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_twenty_steps_equal_pytorchs(name, torch):
    make, make_torch = PAIRS[name]
    ours, params = make(0.01), start()
    their_params = {key: torch.tensor(p, requires_grad=True) for key, p in params.items()}
    theirs = make_torch(torch, list(their_params.values()))
    for step in range(STEPS):
        ours.step(params, gradients(params, step))
        current = {key: p.detach().numpy().copy() for key, p in their_params.items()}
        for key, grad in gradients(current, step).items():
            their_params[key].grad = torch.tensor(grad)
        theirs.step()
    for key, p in params.items():
        np.testing.assert_allclose(p, their_params[key].detach().numpy(), rtol=1e-12, atol=1e-14)


DEFAULTS = {
    "RMSProp": (optim.RMSProp, "RMSprop"),
    "Adam": (optim.Adam, "Adam"),
    "AdamW": (optim.AdamW, "AdamW"),
}


@pytest.mark.parametrize("name", DEFAULTS)
def test_default_settings_are_pytorchs(name, torch):
    ours, theirs = DEFAULTS[name][0](), getattr(torch.optim, DEFAULTS[name][1])([torch.zeros(1)])
    settings = theirs.param_groups[0]
    assert ours.lr == settings["lr"]
    assert ours.eps == settings["eps"]
    if name == "RMSProp":
        assert ours.decay == settings["alpha"]
    else:
        assert (ours.beta1, ours.beta2) == settings["betas"]
    if name == "AdamW":
        assert ours.weight_decay == settings["weight_decay"]


SCHEDULES = {
    "step_decay": (
        optim.step_decay(0.5, every=6, factor=0.3),
        lambda s, o: s.StepLR(o, step_size=6, gamma=0.3),
    ),
    "cosine": (
        optim.cosine(0.5, steps=STEPS, final=0.01),
        lambda s, o: s.CosineAnnealingLR(o, T_max=STEPS, eta_min=0.01),
    ),
    "warm_up": (
        optim.warm_up(optim.constant(0.5), steps=5),
        lambda s, o: s.LinearLR(o, start_factor=1 / 5, total_iters=4),
    ),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_schedules_equal_pytorchs(name, torch):
    schedule, make_torch = SCHEDULES[name]
    theirs = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.5)
    scheduler = make_torch(torch.optim.lr_scheduler, theirs)
    for step in range(STEPS):
        assert schedule(step) == pytest.approx(theirs.param_groups[0]["lr"], rel=1e-12, abs=0), step
        theirs.step()
        scheduler.step()


def test_a_schedule_sets_the_rate_of_each_step():
    params, grads = {"w": np.zeros(1)}, {"w": np.ones(1)}
    optimizer = optim.SGD(lambda step: [1.0, 10.0, 100.0][step])
    for total in (-1.0, -11.0, -111.0):
        optimizer.step(params, grads)
        assert params["w"] == total


def test_warm_up_starts_any_schedule():
    plain = optim.step_decay(1.0, every=2)
    gentle = optim.warm_up(plain, steps=4)
    assert [gentle(t) / plain(t) for t in range(5)] == pytest.approx([0.25, 0.5, 0.75, 1, 1], rel=1e-15)


@pytest.mark.parametrize("name", PAIRS)
def test_a_step_changes_the_parameters_in_place_and_nothing_else(name):
    params = start()
    arrays = dict(params)
    before = {key: p.copy() for key, p in params.items()}
    grads = gradients(params, 0)
    kept = {key: g.copy() for key, g in grads.items()}
    optimizer = PAIRS[name][0](0.01)
    optimizer.step(params, grads)
    for key in params:
        assert params[key] is arrays[key]
        assert not np.array_equal(params[key], before[key])
        assert np.array_equal(grads[key], kept[key])
        # What is remembered must not change when the caller reuses the gradient's array.
        assert not any(np.shares_memory(m, grads[key]) for m in optimizer.memory[key].values())


def test_a_rule_of_ones_own_needs_one_method():
    class SignDescent(optim.Optimizer):
        def update(self, param, grad, memory, rate):
            param -= rate * np.sign(grad)

    params = {"w": np.array([1.0, 1.0])}
    SignDescent(0.5).step(params, {"w": np.array([100.0, -1e-9])})
    assert params["w"].tolist() == [0.5, 1.5]
    with pytest.raises(NotImplementedError, match="Optimizer must define update"):
        optim.Optimizer(0.1).step({"w": np.zeros(1)}, {"w": np.ones(1)})


def test_clipping_equals_pytorchs(torch):
    grads = gradients(start(), 0)
    theirs = [torch.zeros(g.shape, dtype=torch.float64) for g in grads.values()]
    for p, g in zip(theirs, grads.values(), strict=True):
        p.grad = torch.tensor(g)
    expected = float(torch.nn.utils.clip_grad_norm_(theirs, 0.1))
    assert optim.clip_by_global_norm(grads, 0.1) == pytest.approx(expected, rel=1e-14)
    assert optim.global_norm(grads) == pytest.approx(0.1, rel=1e-14)
    for p, g in zip(theirs, grads.values(), strict=True):
        # PyTorch divides by the norm plus 1e-6.
        np.testing.assert_allclose(g, p.grad.numpy(), rtol=1e-5)


def test_clipping_leaves_short_gradients_alone():
    grads = gradients(start(), 0)
    kept = {key: g.copy() for key, g in grads.items()}
    optim.clip_by_global_norm(grads, 1e9)
    for key, g in grads.items():
        assert np.array_equal(g, kept[key])


@pytest.mark.parametrize("size", [1e200, 1e-200, 0.0])
def test_the_norm_neither_overflows_nor_underflows(size):
    assert optim.global_norm({"a": np.array([3 * size]), "b": np.array([4 * size])}) == 5 * size


def test_the_norm_of_nothing_is_zero():
    assert optim.global_norm({}) == 0.0
    assert optim.global_norm({"a": np.zeros((0, 3))}) == 0.0


def test_the_norm_of_a_long_float16_gradient_is_a_number():
    ones = np.ones(100_000, np.float16)  # their sum is not a float16
    assert optim.global_norm({"a": ones}) == pytest.approx(1e5**0.5, rel=1e-15)


@pytest.mark.parametrize("first", [0.0, 1.0])
def test_a_nan_is_not_lost_among_numbers(first):
    grads = {"a": np.array([first]), "b": np.array([math.nan])}
    assert math.isnan(optim.global_norm(grads))
    with pytest.raises(ValueError, match=r"^grads: expected finite numbers, got NaN or infinity. No factor"):
        optim.clip_by_global_norm(grads, 1.0)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_gradients_that_are_not_finite_are_refused_before_anything_moves(bad):
    params = {"a": np.zeros(2), "b": np.zeros(2)}
    optimizer = optim.Adam(0.1)
    with pytest.raises(
        ValueError, match=r"^grads\['b'\]: expected finite numbers, got NaN or infinity\. No step was taken"
    ):
        optimizer.step(params, {"a": np.ones(2), "b": np.array([1.0, bad])})
    assert not params["a"].any()
    assert optimizer.steps == 0
    for wrong, came in ((np.float64(3.0), "float64"), ([3.0], "list"), (np.array([3]), "dtype int64")):
        grads = {"a": np.array([4.0]), "b": wrong}
        with pytest.raises(TypeError, match=rf"^grads\['b'\]: expected .*array of floats, got {came}"):
            optim.clip_by_global_norm(grads, 1.0)
        assert grads["a"] == 4.0
    with pytest.raises(ValueError, match=r"^grads: expected finite numbers, got NaN or infinity. No factor"):
        optim.clip_by_global_norm({"b": np.array([1.0, bad])}, 1.0)


def test_what_step_refuses():
    optimizer = optim.Momentum(0.1)
    with pytest.raises(
        ValueError,
        match=r"^grads: expected the keys 'W', 'V', got \['V'\] in only one of them\. Pass net\.params",
    ):
        optimizer.step({"W": np.zeros(2), "V": np.zeros(2)}, {"W": np.zeros(2)})
    with pytest.raises(
        ValueError,
        match=r"^grads\['W'\]: expected the shape of params\['W'\], \(2,\), got \(3, 2\).*sum over",
    ):
        optimizer.step({"W": np.zeros(2)}, {"W": np.zeros((3, 2))})
    with pytest.raises(
        TypeError, match=r"^params\['W'\]: expected an array of floats, got dtype int64.*astype\(float\)"
    ):
        optimizer.step({"W": np.zeros(2, dtype=np.int64)}, {"W": np.zeros(2)})
    with pytest.raises(
        TypeError, match=r"^params\['W'\]: expected a plain NumPy array of floats, got float\. .*np\.asarray"
    ):
        optimizer.step({"W": 1.0}, {"W": 1.0})
    for wrong, came in ((None, "NoneType"), ([1.0, 2.0], "list"), (np.ones(2, complex), "dtype complex128")):
        with pytest.raises(
            TypeError, match=rf"^grads\['W'\]: expected .*array of floats or integers, got {came}"
        ):
            optimizer.step({"W": np.zeros(2)}, {"W": wrong})
    optimizer.step({"W": np.zeros(2)}, {"W": np.ones(2)})
    with pytest.raises(ValueError, match=r"^params\['W'\]: .*\(2,\), got \(3,\)\. Make a new optimizer"):
        optimizer.step({"W": np.zeros(3)}, {"W": np.ones(3)})


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: optim.SGD(-0.1), "^lr: expected a finite number, at least 0, got -0.1. Try"),
        (lambda: optim.SGD(math.nan), "^lr: expected a finite number, at least 0, got nan"),
        (
            lambda: optim.Momentum(0.1, momentum=1.0),
            "^momentum: expected a finite number, at least 0 and below 1, got 1.0",
        ),
        (lambda: optim.RMSProp(decay=1.5), "^decay: expected a finite number, at least 0"),
        (lambda: optim.RMSProp(eps=0.0), "^eps: expected a finite number, above 0"),
        (lambda: optim.Adam(beta1=-0.1), "^beta1: expected a finite number, at least 0"),
        (lambda: optim.Adam(beta2=1.0), "^beta2: expected .* below 1"),
        (lambda: optim.AdamW(weight_decay=-1.0), "^weight_decay: expected a finite number, at least 0"),
        (lambda: optim.clip_by_global_norm({}, 0.0), "^max_norm: expected a finite number, above 0, got 0.0"),
        (
            lambda: optim.clip_by_global_norm({}, math.nan),
            "^max_norm: expected a finite number, above 0, got nan",
        ),
        (lambda: optim.constant(-1.0), "^lr: expected a finite number"),
        (lambda: optim.step_decay(0.1, every=0), "^every: expected a whole number, at least 1, got 0"),
        (lambda: optim.step_decay(0.1, every=1, factor=-1.0), "^factor: expected a finite number"),
        (lambda: optim.cosine(0.1, steps=0), "^steps: expected a whole number"),
        (lambda: optim.cosine(0.1, steps=5, final=-1.0), "^final: expected a finite number"),
    ],
)
def test_settings_out_of_range(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_settings_of_the_wrong_kind():
    with pytest.raises(
        TypeError, match=r"^lr: expected a finite number, at least 0, got dict.*optimizer\.step"
    ):
        optim.SGD({"W": np.zeros(2)})
    for make in (lambda: optim.step_decay(0.1, every=2.5), lambda: optim.cosine(0.1, steps=math.nan)):
        with pytest.raises(TypeError, match=r": expected a whole number, at least 1, got (2\.5|nan)"):
            make()
    with pytest.raises(TypeError, match=r"Write constant\(0\.1\)"):
        optim.warm_up(0.1, steps=5)
    with pytest.raises(ValueError, match=r"^lr: .* got nan"):
        optim.SGD(lambda step: math.nan).step({"w": np.zeros(1)}, {"w": np.zeros(1)})
