"""The training loop: batches, accuracy, History, reproducibility, what it refuses, the progress line."""

import io
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from bplib import data, layers, losses, optim, train
from bplib.contract import kept


def network(sizes=(2, 8, 1), seed=0, activation="tanh"):
    return layers.mlp(list(sizes), activation=activation, rng=np.random.default_rng(seed))


def run(seed=0, **options):
    rng = np.random.default_rng(seed)
    X, y = data.moons(60, rng)
    net = network()
    settings = {
        "loss": losses.bce_with_logits,
        "optimizer": optim.Adam(0.05),
        "epochs": 5,
        "batch_size": 16,
        "rng": rng,
    }
    history = train.fit(net, X, y, **(settings | options))
    return net, history


# --- minibatches and accuracy


@pytest.mark.parametrize(("n", "size"), [(10, 3), (10, 5), (10, 10), (10, 99), (1, 1)])
def test_every_sample_comes_once_with_its_target(n, size):
    X = np.arange(2.0 * n).reshape(n, 2)
    y = 10 * X.sum(axis=1)
    batches = list(train.minibatches(X, y, size, np.random.default_rng(0)))
    assert [len(rows) for rows, _ in batches] == [size] * (n // size) + [n % size] * bool(n % size)
    assert all(np.array_equal(targets, 10 * rows.sum(axis=1)) for rows, targets in batches)
    assert sorted(row[0] for rows, _ in batches for row in rows) == X[:, 0].tolist()


def test_each_epoch_has_an_order_of_its_own_and_a_seed_fixes_it():
    X = y = np.arange(50.0)
    rng = np.random.default_rng(1)
    first, second = ([t.tolist() for _, t in train.minibatches(X, y, 50, rng)] for _ in range(2))
    again = [t.tolist() for _, t in train.minibatches(X, y, 50, np.random.default_rng(1))]
    assert first == again
    assert first != second
    assert first != [X.tolist()]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            (np.zeros((0, 2)), np.zeros(0), 2),
            ValueError,
            r"^X: expected at least one sample, one a row, got shape \(0, 2\)",
        ),
        ((np.zeros((3, 2)), np.zeros(4), 2), ValueError, r"same samples.*got shapes \(3, 2\) and \(4,\)"),
        ((np.zeros((3, 2)), np.array(1.0), 2), ValueError, r"got shapes \(3, 2\) and \(\)"),
        (([[0.0], [1.0]], np.zeros(2), 2), TypeError, r"^X: expected a NumPy array.*list.*np\.asarray\(X\)"),
        ((np.zeros((2, 1)), [0, 1], 2), TypeError, r"^y: expected a NumPy array.*list.*np\.asarray\(y\)"),
        ((np.zeros((3, 2)), np.zeros(3), 0), ValueError, r"^batch_size: .* at least 1, got 0"),
        (
            (np.zeros((3, 2)), np.zeros(3), 2.0),
            TypeError,
            r"^batch_size: expected a whole number, .*, got 2\.0",
        ),
    ],
)
def test_what_minibatches_refuses_at_the_call(arguments, error, message):
    with pytest.raises(error, match=message):
        train.minibatches(*arguments, np.random.default_rng(0))


def test_a_missing_generator_is_named_with_its_remedy():
    with pytest.raises(TypeError, match=r"got NoneType\. Pass rng=np\.random\.default_rng\(0\)"):
        train.minibatches(np.zeros((3, 2)), np.zeros(3), 2, None)
    with pytest.raises(TypeError, match=r"got NoneType\. Pass rng=np\.random\.default_rng\(0\)"):
        run(rng=None)


def test_accuracy_reads_classes_in_every_form():
    out = np.array([[1.0, 3.0, 2.0], [5.0, 0.0, 1.0], [0.0, 0.0, 9.0], [2.0, 1.0, 0.0]])
    y = np.array([1, 0, 2, 2])
    assert train.accuracy(out, y) == 0.75
    assert train.accuracy(out, np.eye(3)[y]) == 0.75
    column = np.array([[0.2], [0.4], [0.6], [-1.0]])
    for targets in (np.array([[0.0], [1.0], [1.0], [0.0]]), np.array([0, 1, 1, 0])):
        assert train.accuracy(column, targets) == 0.75
        assert train.accuracy(column, targets, threshold=0.0) == 0.75
        assert train.accuracy(column, targets, threshold=0.3) == 1.0
        assert train.accuracy(column, targets, threshold=0.6) == 0.5  # at the threshold is not above it


def test_accuracy_refuses_shapes_that_do_not_belong_together():
    with pytest.raises(ValueError, match=r"got \(4, 1\) and \(4, 2\)"):
        train.accuracy(np.zeros((4, 1)), np.zeros((4, 2)))
    with pytest.raises(ValueError, match=r"got \(4,\) and \(4,\)"):
        train.accuracy(np.zeros(4), np.zeros(4))
    with pytest.raises(ValueError, match=r"^out: expected at least one sample.*got shape \(0, 1\)"):
        train.accuracy(np.zeros((0, 1)), np.zeros((0, 1)))
    with pytest.raises(TypeError, match=r"^out: expected a NumPy array"):
        train.accuracy([[0.2], [0.7]], np.zeros(2))


# --- fit


def test_the_same_generator_gives_the_same_bits():
    (net, history), (again, history_again), (other, _) = run(0), run(0), run(1)
    assert history == history_again
    for name in net.params:
        assert np.array_equal(net.params[name], again.params[name])
    assert not all(np.array_equal(net.params[name], other.params[name]) for name in net.params)


def test_fit_is_the_loop_written_out():
    X, y = data.quadrants(40, np.random.default_rng(0))
    net, twin = network(), network()
    history = train.fit(net, X, y, loss=losses.mse, optimizer=optim.SGD(0.1), epochs=3)
    for epoch in range(3):
        out = twin.forward(X)
        value, cache = losses.mse(out, y)
        twin.backward(losses.mse_backward(1.0, cache)[0])
        assert history.loss[epoch] == value
        for name, grad in twin.grads.items():
            assert history.grad_norms[name][epoch] == pytest.approx(np.linalg.norm(grad), rel=1e-14)
        for name, grad in twin.grads.items():
            twin.params[name][...] -= 0.1 * grad
    for name in net.params:
        assert np.array_equal(net.params[name], twin.params[name])


def test_the_loss_is_the_mean_over_samples_when_the_last_batch_is_smaller():
    X, y = data.moons(50, np.random.default_rng(0))
    net = network()
    expected, _ = losses.bce_with_logits(net.forward(X), y)
    right = train.accuracy(net.forward(X), y, threshold=0.0)
    # A learning rate of 0 leaves the network as it is, so all batches meet the same one.
    history = train.fit(
        net, X, y, loss=losses.bce_with_logits, optimizer=optim.SGD(0.0), epochs=2, batch_size=16,
        rng=np.random.default_rng(0),
    )  # fmt: skip
    assert history.loss == pytest.approx([expected] * 2, rel=1e-14)
    assert history.accuracy == pytest.approx([right] * 2, rel=1e-14)


def test_training_learns_what_it_should():
    rng = np.random.default_rng(0)
    X, y = data.digits(500, rng)
    net = network((64, 32, 10), activation="relu")
    history = train.fit(
        net,
        X,
        y,
        loss=losses.cross_entropy_with_logits,
        optimizer=optim.Adam(0.01),
        epochs=15,
        batch_size=25,
        rng=rng,
    )
    assert history.accuracy[0] < 0.6
    assert history.accuracy[-1] > 0.97
    assert history.loss[-1] < 0.2 * history.loss[0]
    assert len(history) == len(history.accuracy) == 15
    assert set(history.grad_norms) == set(net.params)
    assert all(len(norms) == 15 and min(norms) > 0 for norms in history.grad_norms.values())


def test_which_losses_say_what_a_class_is():
    X, y = data.xor()
    labels = y[:, 0].astype(int)
    for loss, target, sizes, expected in [
        (losses.bce_with_logits, y, (2, 4, 1), 1),
        (losses.mse, y, (2, 4, 1), 0),
        (losses.cross_entropy_with_logits, labels, (2, 4, 2), 1),
    ]:
        history = train.fit(network(sizes), X, target, loss=loss, optimizer=optim.SGD(0.1), epochs=1)
        assert len(history.accuracy) == expected, loss
    history = train.fit(network(), X, y, loss=losses.mse, optimizer=optim.SGD(0.1), epochs=1, threshold=0.5)
    assert len(history.accuracy) == 1


@pytest.mark.parametrize(
    "backward",
    [
        lambda dout, cache: losses.mse_backward(dout, cache),
        lambda dout, cache: 2 * dout * kept(cache) / kept(cache).size,
    ],
)
def test_a_pair_of_ones_own_is_a_loss(backward):
    X, y = data.xor()
    own = train.fit(network(), X, y, loss=(losses.mse, backward), optimizer=optim.SGD(0.1), epochs=3)
    known = train.fit(network(), X, y, loss=losses.mse, optimizer=optim.SGD(0.1), epochs=3)
    assert own.loss == pytest.approx(known.loss, rel=1e-14)


def test_clipping_bounds_the_step_and_the_history_shows_the_length_before():
    X, y = data.xor()
    net, start = network(), network()
    history = train.fit(net, X, 100 * y, loss=losses.mse, optimizer=optim.SGD(1.0), epochs=1, max_norm=0.5)
    moved = optim.global_norm({name: net.params[name] - start.params[name] for name in net.params})
    assert moved == pytest.approx(0.5, rel=1e-12)
    assert sum(norms[0] ** 2 for norms in history.grad_norms.values()) ** 0.5 > 1


def test_training_is_in_training_mode():
    net = network()
    net.train = False
    X, y = data.xor()
    train.fit(net, X, y, loss=losses.mse, optimizer=optim.SGD(0.1), epochs=1)
    assert net.train


def test_the_history_says_how_it_went():
    assert repr(train.History()) == "History(no epochs)"
    history = train.History(loss=[0.7, 0.1], accuracy=[0.5, 1.0])
    assert repr(history) == "History(2 epochs, loss 0.7 to 0.1, accuracy 0.5 to 1)"


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (
            {"loss": "mse"},
            ValueError,
            r"^loss: expected a function of bplib\.losses.*got 'mse'.*losses\.mse.*bce, .*mse",
        ),
        ({"loss": np.sum}, ValueError, r"or a pair \(loss, loss_backward\)"),
        ({"loss": [losses.mse, losses.mse_backward]}, ValueError, r"or a pair \(loss, loss_backward\)"),
        ({"epochs": 0}, ValueError, r"^epochs: expected a whole number, at least 1, got 0"),
        ({"epochs": 1.5}, TypeError, r"^epochs: expected a whole number, at least 1, got 1\.5"),
        ({"optimizer": 0.1}, TypeError, r"^optimizer: expected .*, got float\. Write SGD\(lr=0\.1\)"),
        ({"batch_size": 0}, ValueError, r"^batch_size: .* at least 1"),
    ],
)
def test_what_fit_refuses(options, error, message):
    with pytest.raises(error, match=message):
        run(**options)


def test_no_data_and_data_that_does_not_belong_together():
    settings = {"loss": losses.mse, "optimizer": optim.SGD(0.1), "epochs": 1}
    with pytest.raises(ValueError, match="at least one sample"):
        train.fit(network(), np.zeros((0, 2)), np.zeros((0, 1)), **settings)
    with pytest.raises(ValueError, match="same samples"):
        train.fit(network(), np.zeros((3, 2)), np.zeros((4, 1)), **settings)


def test_a_loss_that_explodes_stops_with_advice():
    X, y = data.xor()
    net = network(activation="relu")
    with (
        np.errstate(all="ignore"),
        pytest.raises(ValueError, match=r"NaN or inf|got (nan|inf) in epoch \d+\. Lower"),
    ):
        train.fit(net, X, y, loss=losses.mse, optimizer=optim.SGD(1e6), epochs=100)


@pytest.mark.parametrize("bad", ["X", "y"])
def test_a_nan_in_the_data_is_found_there(bad):
    samples = dict(zip("Xy", data.xor(), strict=True))
    samples[bad][0] = np.nan
    with pytest.raises(ValueError, match=rf"nan in epoch 1\. There is NaN or infinity in {bad}: leave"):
        train.fit(network(), **samples, loss=losses.mse, optimizer=optim.SGD(0.1), epochs=1)


@pytest.mark.parametrize(
    ("net", "came"), [(None, "NoneType"), ([layers.ReLU()], "list"), (layers.ReLU, "ReLU")]
)
def test_what_is_no_network_is_refused(net, came):
    with pytest.raises(TypeError, match=rf"^net: expected a Layer.*, got (the class )?{came}\. Derive"):
        train.fit(net, *data.xor(), loss=losses.mse, optimizer=optim.SGD(0.1), epochs=1)


def test_parameters_made_at_the_first_forward_are_trained_and_recorded():
    class Scale(layers.Layer):
        def forward(self, x):
            self.x = x
            self.params.setdefault("s", np.ones(x.shape[1]))
            return x * self.params["s"]

        def backward(self, dout):
            self.grads["s"] = (dout * self.x).sum(axis=0)
            return dout * self.params["s"]

    net = layers.Sequential(Scale(), network())
    history = train.fit(net, *data.xor(), loss=losses.mse, optimizer=optim.SGD(0.1), epochs=2)
    assert len(history.grad_norms["0.s"]) == 2
    assert not np.array_equal(net.params["0.s"], np.ones(2))


# --- the progress line


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_gets_one_line_that_ends(monkeypatch):
    monkeypatch.setattr(sys, "stdout", Terminal())
    run()
    text = sys.stdout.getvalue()
    assert text.endswith("\n")
    assert text.count("\n") == 1
    last = text.split("\r")[-1]
    assert "epoch 5/5" in last
    assert "loss 0." in last
    assert "accuracy 0." in last


def test_nobody_watching_gets_nothing(capsys):
    run()
    run(progress=False)
    assert capsys.readouterr() == ("", "")


def test_it_can_be_asked_for(capsys):
    run(progress=True)
    assert "epoch 5/5" in capsys.readouterr().out


@pytest.mark.parametrize("watched", [True, False])
def test_a_notebook_shows_it_where_a_person_could_be_asked(monkeypatch, watched):
    # ipykernel tells with each cell whether the front end can answer an input(); nbval and nbclient can't.
    kernel = SimpleNamespace(get_parent=lambda: {"content": {"allow_stdin": watched}})
    monkeypatch.setitem(
        sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel=kernel))
    )
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    run()
    assert bool(sys.stdout.getvalue()) == watched
