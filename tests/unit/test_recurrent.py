"""Backpropagation through time: against PyTorch, numerically, by hand, and truncated."""

import numpy as np
import pytest

from bplib.gradcheck import gradcheck
from bplib.layers import RNNCell
from bplib.recurrent import bptt, unroll

T, B, N_IN, N = 6, 3, 2, 4


@pytest.fixture
def case():
    rng = np.random.default_rng(0)
    cell = RNNCell(N_IN, N, rng=rng)
    cell.params["b"][...] = rng.normal(size=N)
    return cell, rng.normal(size=(T, B, N_IN)), rng.normal(size=(B, N)), rng.normal(size=(T, B, N))


def test_gradients_equal_pytorchs(case, torch):
    cell, xs, h0, dhs = case
    hs = unroll(cell, xs, h0)
    dxs, dh0, shares = bptt(cell, dhs)

    rnn = torch.nn.RNN(N_IN, N, dtype=torch.float64)
    for theirs, ours in [("weight_ih_l0", "Wx"), ("weight_hh_l0", "Wh"), ("bias_ih_l0", "b")]:
        getattr(rnn, theirs).data[...] = torch.tensor(cell.params[ours])
    rnn.bias_hh_l0.data.zero_()
    inputs = torch.tensor(xs, requires_grad=True)
    start = torch.tensor(h0[None], requires_grad=True)
    out, _ = rnn(inputs, start)
    out.backward(torch.tensor(dhs))
    np.testing.assert_allclose(hs, out.detach().numpy(), rtol=1e-12)
    np.testing.assert_allclose(dxs, inputs.grad.numpy(), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(dh0, start.grad.numpy()[0], rtol=1e-12, atol=1e-15)
    for theirs, ours in [("weight_ih_l0", "Wx"), ("weight_hh_l0", "Wh"), ("bias_ih_l0", "b")]:
        np.testing.assert_allclose(cell.grads[ours], getattr(rnn, theirs).grad.numpy(), rtol=1e-12)
        np.testing.assert_allclose(shares[ours].sum(axis=0), cell.grads[ours], rtol=1e-12)


def test_gradients_agree_with_differences(case):
    cell, xs, h0, dhs = case

    def loss(Wx, Wh, b, xs, h0):
        cell.params.update(Wx=Wx, Wh=Wh, b=b)
        return float(np.sum(dhs * unroll(cell, xs, h0)))

    params = {**{name: p.copy() for name, p in cell.params.items()}, "xs": xs, "h0": h0}
    loss(**params)
    dxs, dh0, _ = bptt(cell, dhs)
    report = gradcheck(loss, params, {**cell.grads, "xs": dxs, "h0": dh0})
    assert report, report


def test_a_share_is_the_gradient_of_that_steps_copy_of_the_weights(case):
    cell, xs, h0, dhs = case
    unroll(cell, xs, h0)
    _, _, shares = bptt(cell, dhs)
    original = cell.params["Wh"].copy()

    def loss(Wh, t):
        h, total = h0, 0.0
        for s in range(T):
            cell.params["Wh"] = Wh if s == t else original
            h = cell.forward(xs[s], h)
            total += float(np.sum(dhs[s] * h))
        return total

    for t in range(T):
        report = gradcheck(lambda Wh, t=t: loss(Wh, t), {"Wh": original.copy()}, {"Wh": shares["Wh"][t]})
        assert report, report


@pytest.mark.parametrize("window", [1, 2, 4, T, T + 5])
def test_a_window_adds_up_the_last_shares_when_the_loss_is_at_the_end(case, window):
    cell, xs, h0, dhs = case
    dhs[:-1] = 0.0
    unroll(cell, xs, h0)
    dxs, dh0, whole = bptt(cell, dhs)
    unroll(cell, xs, h0)
    dxs_cut, dh0_cut, cut = bptt(cell, dhs, window=window)
    first = max(0, T - window)
    for name in whole:
        assert np.array_equal(cut[name][first:], whole[name][first:])
        assert not cut[name][:first].any()
        np.testing.assert_allclose(cell.grads[name], whole[name][first:].sum(axis=0), rtol=1e-13)
    assert np.array_equal(dxs_cut[first:], dxs[first:])
    assert not dxs_cut[:first].any()
    assert np.array_equal(dh0_cut, dh0 if window >= T else 0 * dh0)


def test_losses_further_back_reach_their_own_window(case):
    cell, xs, h0, dhs = case
    unroll(cell, xs, h0)
    _, _, shares = bptt(cell, dhs, window=2)
    middle = unroll(cell, xs, h0)[1]
    unroll(cell, xs[2:4], middle)
    _, _, alone = bptt(cell, dhs[2:4])
    np.testing.assert_allclose(shares["Wh"][2:4], alone["Wh"], rtol=1e-13)


def test_one_step_by_hand():
    cell = RNNCell(1, 1, rng=np.random.default_rng(0))
    cell.params.update(Wx=np.array([[0.5]]), Wh=np.array([[2.0]]), b=np.array([0.1]))
    h = unroll(cell, np.array([[[1.0]]]), np.array([[0.25]]))
    z = 0.5 + 0.5 + 0.1
    assert h[0, 0, 0] == pytest.approx(np.tanh(z), rel=1e-15)
    dxs, dh0, _ = bptt(cell, np.ones((1, 1, 1)))
    slope = 1 - np.tanh(z) ** 2
    assert dxs[0, 0, 0] == pytest.approx(0.5 * slope, rel=1e-14)
    assert dh0[0, 0] == pytest.approx(2.0 * slope, rel=1e-14)
    assert cell.grads["Wh"][0, 0] == pytest.approx(0.25 * slope, rel=1e-14)


def test_nothing_that_comes_in_is_changed(case):
    cell, xs, h0, dhs = case
    kept = [a.copy() for a in (xs, h0, dhs)]
    unroll(cell, xs, h0)
    dxs, _, _ = bptt(cell, dhs)
    assert all(np.array_equal(a, b) for a, b in zip((xs, h0, dhs), kept, strict=True))
    assert not np.shares_memory(dxs, dhs)


def test_float32_stays_float32(case):
    cell, xs, _, dhs = case
    cell.params = {name: param.astype(np.float32) for name, param in cell.params.items()}
    unroll(cell, xs.astype(np.float32))
    dxs, dh0, shares = bptt(cell, dhs.astype(np.float32))
    for array in (dxs, dh0, *shares.values(), *cell.grads.values()):
        assert array.dtype == np.float32


def test_what_is_refused(case):
    cell, xs, _, dhs = case
    with pytest.raises(
        ValueError, match=r"^xs: expected shape \(T > 0, B, n_in\), got \(6, 2\).*xs\[:, None, :\]"
    ):
        unroll(cell, xs[:, 0])
    with pytest.raises(ValueError, match=r"^xs: .*T > 0.* got \(0, 3, 2\)"):
        unroll(cell, xs[:0])
    unroll(cell, xs)
    with pytest.raises(ValueError, match=r"^dhs: expected shape .* got \(3, 4\)"):
        bptt(cell, dhs[0])
    for window, error in ((0, ValueError), (1.5, TypeError)):
        with pytest.raises(error, match=f"^window: expected a whole number, at least 1, got {window}"):
            bptt(cell, dhs, window=window)
    with pytest.raises(ValueError, match=r"expected a forward before it"):
        bptt(cell, np.zeros((T + 1, B, N)))
