"""What a specification means, what it refuses and in which words, and that remembering what fitted lets nothing in."""
# ruff: noqa: E501  (one mistake a line reads best)

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

from bplib import contract
from bplib.contract import kept, takes, vjp_of

f = np.zeros


@pytest.fixture(autouse=True)
def table(monkeypatch):
    """The pairs that a test writes stay out of the package's table."""
    monkeypatch.setattr(contract, "VJP", {})
    return contract.VJP


def op(spec, **remedies):
    """An operation that does nothing but take arrays."""

    @takes(spec, **remedies)
    def forward(*args, **options):
        return np.zeros((2, 3)), args

    return forward


AFFINE = "x (B, n_in), W (n_out, n_in), b (n_out)"

FITS = [
    (AFFINE, [f((4, 2)), f((3, 2)), f(3)]),
    (AFFINE, [f((0, 2)), f((3, 2)), f(3)]),
    ("x (...)", [f(())]),
    ("x (...)", [np.float64(1)]),
    ("x (...)", [f((2, 3, 4))]),
    ("x (B, ...)", [f(2)]),
    ("yhat (...), y (...)", [f((2, 3)), f((2, 3))]),
    ("gamma (n...), beta (n...)", [f((2, 3)), f((2, 3))]),
    ("q (..., T, d), k (..., S, d)", [f((2, 2)), f((3, 2))]),
    ("q (..., T, d), k (..., S, d)", [f((5, 6, 2, 2)), f((5, 6, 3, 2))]),
    ("x (B, C), b (C)?", [f((2, 3)), None]),
    ("x (B, C), b (C)?", [f((2, 3))]),
    ("indices (int ...), W (V, D)", [np.zeros((2, 3), np.uint8), f((2, 3))]),
    ("z (B, C), y (int B | B, C)", [f((2, 3)), np.zeros(2, int)]),
    ("z (B, C), y (int B | B, C)", [f((2, 3)), f((2, 3))]),
    ("z (B > 0, C)", [f((1, 0))]),
    ("x (n, n)", [f((2, 2))]),
]  # fmt: skip


@pytest.mark.parametrize(("spec", "arrays"), FITS)
def test_what_fits_goes_through_and_the_cache_says_what_dout_must_look_like(spec, arrays):
    forward = op(spec)
    for _ in range(2):  # looked at, then remembered
        _, cache = forward(*arrays)
        assert cache[:3] == (forward, (2, 3), np.dtype(float))
        assert all(a is b for a, b in zip(kept(cache), arrays, strict=True))


REFUSED = [
    (AFFINE, [f(2), f((3, 2)), f(3)], ValueError, r"^x: expected shape \(B, n_in\), got \(2,\)\. Write x\[None, :\] for one sample\.$"),
    (AFFINE, [f(()), f((3, 2)), f(3)], ValueError, r"^x: .*got \(\)\. Write x\.reshape\(1, 1\) for one number\.$"),
    (AFFINE, [f((2, 3, 4)), f((3, 2)), f(3)], ValueError, r"^x: .*Write x\.reshape\(len\(x\), -1\)\.$"),
    (AFFINE, [f((1, 2)), f((2, 3)), f(3)], ValueError, r"^W: expected shape \(n_out, 2\) to go with x of shape \(1, 2\), got \(2, 3\)\. Is it transposed\? Write W\.T\.$"),
    (AFFINE, [f((1, 5)), f((3, 2)), f(3)], ValueError, r"^W: .*Its axis 1 goes with axis 1 of x\.$"),
    (AFFINE, [f((1, 2)), f((3, 2)), f((3, 1))], ValueError, r"^b: expected shape \(3,\) to go with W of shape \(3, 2\), got \(3, 1\)\. Write b\.reshape\(-1\)\.$"),
    (AFFINE, [f((1, 2)), f((3, 2)), f(4)], ValueError, r"^b: .*Its axis 0 goes with axis 0 of W\.$"),
    (AFFINE, [f((1, 2)), f((3, 2)), None], TypeError, "^b: expected a plain NumPy array of floats, got NoneType"),
    ("yhat (...), y (...)", [f((2, 1)), f(2)], ValueError, r"^y: expected shape \(2, 1\) to go with yhat of shape \(2, 1\), got \(2,\)\. Write y\.reshape\(yhat\.shape\)\.$"),
    ("x (B, ...)", [f(())], ValueError, r"^x: expected shape \(B, \.\.\.\), got \(\)"),
    ("gamma (n...)", [f(())], ValueError, r"^gamma: expected shape \(n\.\.\.\), got \(\)"),
    ("z (B > 0, C > 0)", [f((0, 3))], ValueError, r"^z: expected shape \(B > 0, C > 0\), got \(0, 3\)\. Give it 2 axes, none of them empty\.$"),
    ("yhat (... > 0)", [f((2, 0))], ValueError, r"^yhat: expected shape \(\.\.\. > 0\), got \(2, 0\)\. Give it"),
    ("x (n, n)", [f((2, 3))], ValueError, r"^x: expected shape \(n, n\), got \(2, 3\)"),
    ("q (..., T, d), k (..., S, d)", [f((5, 2, 2)), f((6, 3, 2))], ValueError, r"^k: expected shape \(5, S, 2\) to go with q of shape \(5, 2, 2\), got \(6, 3, 2\)"),
    ("q (..., T, d)", [f(2)], ValueError, r"^q: expected shape \(\.\.\., T, d\), got \(2,\)\. Write q\[None, :\]"),
    ("z (B, C), y (int B | B, C)", [f((2, 3)), np.zeros(3, int)], ValueError, r"^y: expected shape \(2,\)"),
    ("z (B, C), y (int B | B, C)", [f((2, 3)), f(2)], ValueError, r"^y: expected shape \(2, 3\)"),
    ("z (B, C), y (int B | B, C)", [f((2, 3)), [0, 1]], TypeError, r"^y: expected a plain NumPy array of integers or floats, got list\. Write np\.asarray\(y, dtype=int\)\.$"),
    ("i (int ...)", [f(2)], TypeError, r"^i: expected an array of integers, got dtype float64\. Write i\.astype\(int\)\.$"),
    ("x (...)", [np.zeros(2, int)], TypeError, r"^x: expected an array of floats, got dtype int64, which can't hold a gradient step\. Write x\.astype\(float\)\.$"),
    ("x (...)", [np.zeros(2, bool)], TypeError, r"^x: expected an array of floats, got dtype bool\. Write"),
    ("x (...), y (...)", [f(2), np.zeros(2, np.float32)], TypeError, "^x, y: expected one dtype for all, got float64, float32. Convert"),
]  # fmt: skip


@pytest.mark.parametrize(("spec", "arrays", "error", "message"), REFUSED)
def test_a_refusal_says_argument_expected_came_and_remedy(spec, arrays, error, message):
    forward = op(spec)
    for _ in range(2):  # a refusal is not remembered as a fit
        with pytest.raises(error, match=message):
            forward(*arrays)


def test_a_hand_written_remedy_comes_before_a_guess_but_after_what_surely_mends():
    forward = op("x (B, C), w (C)", x="Write x[:, None] for one channel.", w="To start anew, np.ones({C}).")
    with pytest.raises(ValueError, match=r"got \(2,\)\. Write x\[:, None\] for one channel\.$"):
        forward(f(2), f(3))
    with pytest.raises(ValueError, match=r"got \(4,\)\. To start anew, np\.ones\(3\)\.$"):
        forward(f((2, 3)), f(4))
    with pytest.raises(ValueError, match=r"got \(3, 1\)\. Write w\.reshape\(-1\)\.$"):
        forward(f((2, 3)), f((3, 1)))


# --- what has fitted is remembered by class, shape and dtype: nothing else gets in by that -----------------


ODD = {
    "matrix": (lambda x: np.matrix(x), r"a plain NumPy array of floats, got matrix\. Write np\.asarray\(x, dtype=float\)"),
    "masked": (lambda x: np.ma.masked_array(x), r"a plain NumPy array of floats, got MaskedArray\. Fill its gaps"),
    "object": (lambda x: x.astype(object), r"an array of floats, got dtype object\. Write x\.astype\(float\)"),
    "big-endian": (lambda x: x.astype(">f8"), r"byte order, got dtype >f8\. Write x\.astype\(np\.float64\)"),
    "complex": (lambda x: x.astype(complex), "an array of floats, got dtype complex128"),
    "list": (lambda x: x.tolist(), "a plain NumPy array of floats, got list"),
}  # fmt: skip


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
@pytest.mark.parametrize("kind", ODD)
def test_odd_arrays_of_a_shape_that_has_fitted_are_refused_still_and_as_dout_too(kind):
    make, message = ODD[kind]

    @takes("x (B, n)")
    def double(x):
        return 2 * x, None

    @vjp_of(double)
    def double_backward(dout, cache):
        return (2 * dout,)

    x = f((2, 3))
    _, cache = double(x)
    with pytest.raises(TypeError, match=message):
        double(make(x))
    with pytest.raises(TypeError, match=r"^dout: expected"):
        double_backward(make(x), cache)


def test_a_memory_map_is_a_plain_array(tmp_path):
    np.save(tmp_path / "x.npy", f((2, 3)))
    x = np.load(tmp_path / "x.npy", mmap_mode="r")
    assert type(x) is np.memmap
    op("x (B, n)")(x)


def test_what_has_fitted_does_not_make_another_shape_fit():
    forward = op("x (B, n), w (n)")
    forward(f((2, 3)), f(3))
    for bad in ([f((2, 3)), f(2)], [f((2, 2)), f(3)], [f(3), f(3)], [f((2, 3)), f(())]):
        with pytest.raises(ValueError, match="expected shape"):
            forward(*bad)


def test_the_memory_of_what_fitted_is_bounded():
    forward = op("x (n)")
    for n in range(1000):
        forward(f(n))
    (memory,) = (c.cell_contents for c in forward.__closure__ if hasattr(c.cell_contents, "cache_info"))
    assert memory.cache_info().currsize == memory.cache_info().maxsize == 256


# --- how arguments may be given -------------------------------------------------------------------------


def test_arrays_may_be_given_by_name_and_options_may_be_arrays():
    @takes("x (B, C), w (C), mean (C)?")
    def forward(x, w, *, mean=None, scale=1.0):
        return x * w * scale, None

    x, w = f((2, 3)), f(3)
    forward(x, w=w)
    forward(x=x, w=w, scale=2.0)
    forward(x, w, mean=f(3))
    with pytest.raises(ValueError, match=r"^w: expected shape \(3,\)"):
        forward(x, w=f(2))
    with pytest.raises(ValueError, match=r"^mean: expected shape \(3,\)"):
        forward(x, w, mean=f(2))
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'w'"):
        forward(x)
    with pytest.raises(TypeError, match="takes 2 positional arguments but 4 were given"):
        forward(x, w, f(3), f(3))


def test_help_shows_the_contract_after_the_first_sentence():
    @takes(AFFINE)
    def affine(x, W, b):
        """Say what it does.

        And more.
        """

    @vjp_of(affine)
    def affine_backward(dout, cache):
        """Carry it back."""

    assert affine.__name__ == "affine"
    assert (
        affine.__doc__
        == f"Say what it does.\n\nTakes {AFFINE}, floats of one dtype; else TypeError or ValueError.\n\nAnd more."
    )
    assert affine_backward.__doc__ == "Carry it back.\n\nThe cache is affine's; dout is like its output."


# --- backward ---------------------------------------------------------------------------------------------


def pair(out):
    @takes("x (...)")
    def forward(x):
        return out, x

    @vjp_of(forward)
    def backward(dout, cache):
        return (dout, cache)

    return forward, backward


def test_a_backward_is_entered_and_gets_what_its_forward_kept(table):
    forward, backward = pair(f((2, 3)))
    assert table == {forward: backward}
    x = f(2)
    _, cache = forward(x)
    assert backward(f((2, 3)), cache)[1] is x
    assert contract.pairs_of(__name__) == {forward: backward}
    assert contract.pairs_of("elsewhere") == {}


@pytest.mark.parametrize(
    ("dout", "error", "message"),
    [
        (f((3, 2)), ValueError, r"^dout: expected the shape of the output, \(2, 3\), got \(3, 2\)\. It is the gradient"),
        (np.zeros((2, 3), np.float32), TypeError, r"^dout: expected the output's dtype float64, got dtype float32\. Write dout\.astype"),
        ([0.0], TypeError, r"^dout: expected a plain NumPy array of floats, got list\. Write np\.asarray"),
        (None, TypeError, "^dout: expected a plain NumPy array of floats, got NoneType"),
        (1.0, TypeError, "^dout: expected a plain NumPy array of floats, got float"),
    ],
)  # fmt: skip
def test_a_dout_that_is_not_the_outputs_is_refused(dout, error, message):
    forward, backward = pair(f((2, 3)))
    _, cache = forward(f(2))
    with pytest.raises(error, match=message):
        backward(dout, cache)


@pytest.mark.parametrize("dout", [3.0, 3, np.float32(3), np.array(3.0), np.int64(3), Fraction(3)])
def test_the_dout_of_one_number_is_one_number(dout):
    forward, backward = pair(np.float64(0))
    got = backward(dout, forward(f(2))[1])[0]
    assert got == 3.0 and type(got) is float


@pytest.mark.parametrize("dout", ["x", "1.0", f(1), f(2), None, [1.0], 1j, np.array(1j)])
def test_what_is_not_one_number_is_refused(dout):
    forward, backward = pair(np.float64(0))
    with pytest.raises(TypeError, match=r"^dout: expected one number, got .*Write 1\.0 for the loss itself"):
        backward(dout, forward(f(2))[1])


def test_the_cache_of_another_operation_is_refused():
    (one, back), (other, _) = pair(f(2)), pair(f(2))
    with pytest.raises(
        TypeError, match=r"^cache: expected what forward saved, got tuple\. Write out, cache = forward"
    ):
        back(f(2), (f(2),))
    with pytest.raises(TypeError, match=r"^cache: expected what forward saved, got that of forward"):
        back(f(2), other(f(2))[1])
    for odd in (None, 3.0, (), f((4, 2))):
        with pytest.raises(
            TypeError, match=rf"^cache: expected what forward saved, got {type(odd).__name__}\."
        ):
            back(f(2), odd)
    back(f(2), one(f(2))[1])


# --- one argument alone -----------------------------------------------------------------------------------


def test_a_number_comes_back_as_a_float():
    for x in (3, np.int64(3), np.float32(3), Fraction(3), 3.0):
        got = contract.check_number("x", x)
        assert got == 3.0 and type(got) is float
    assert contract.check_number("x", 0, least=0, below=1) == 0.0


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: contract.check_number("x", "a"), TypeError, r"^x: expected a finite number, got str 'a'\. Write float\(x\)"),
        (lambda: contract.check_number("x", f(2)), TypeError, r"^x: .* got an array of shape \(2,\)"),
        (lambda: contract.check_number("x", 1j), TypeError, "^x: .* got complex 1j"),
        (lambda: contract.check_number("x", None), TypeError, "^x: .* got NoneType None"),
        (lambda: contract.check_number("x", math.nan), ValueError, r"^x: expected a finite number, got nan\. Look for an overflow"),
        (lambda: contract.check_number("x", 10**400), ValueError, "^x: .* got inf"),
        (lambda: contract.check_number("x", -1, "Try 1.", above=0), ValueError, r"^x: expected a finite number, above 0, got -1\.0\. Try 1\.$"),
        (lambda: contract.check_number("x", 0, "Try 1.", above=0), ValueError, "^x: .*above 0, got 0"),
        (lambda: contract.check_number("x", 1, "Try 0.", least=0, below=1), ValueError, r"^x: expected a finite number, at least 0 and below 1, got 1\.0"),
        (lambda: contract.check_whole("n", 2.0), TypeError, r"^n: expected a whole number, at least 1, got 2\.0\. Write n=10, say\.$"),
        (lambda: contract.check_whole("n", 3, 4), ValueError, r"^n: expected a whole number, at least 4, got 3\. Write n=10, say\.$"),
        (lambda: contract.check_rng(0), TypeError, r"^rng: expected a NumPy random generator, got int\. Pass rng=np\.random\.default_rng\(0\)"),
        (lambda: contract.check_type("net", dict, str, "a string", "Write one."), TypeError, r"^net: expected a string, got the class dict\. Write one\.$"),
        (lambda: contract.check_type("g", 3, Callable, "a function", "Write a def."), TypeError, r"^g: expected a function, got int\. Write a def\.$"),
        (lambda: contract.check_one_of("m", "c", ["a", "b"]), ValueError, r"^m: expected one of 'a', 'b', got 'c'\. Write m='a', say\.$"),
        (lambda: contract.check_array("X", [1]), TypeError, r"^X: expected a NumPy array, got list\. Write np\.asarray\(X\)\.$"),
        (lambda: contract.check_floats("g", [1]), TypeError, r"^g: expected a plain NumPy array of floats, got list"),
        (lambda: contract.check_floats("g", np.ones(1, int)), TypeError, r"^g: expected an array of floats, got dtype int64"),
        (lambda: contract.check_floats("g", np.float64(1)), TypeError, r"^g: expected a plain NumPy array of floats, got float64\. Write np\.asarray\(g, dtype=float\)"),
        (lambda: contract.check_floats("g", np.ones(1, bool), or_integers=True), TypeError, r"^g: expected an array of floats or integers, got dtype bool"),
        (lambda: contract.check_floats("g", None, or_integers=True), TypeError, "^g: expected a plain NumPy array of floats or integers, got NoneType"),
        (lambda: contract.check_shape("g", (2,), (3,), "w", "Sum it."), ValueError, r"^g: expected the shape of w, \(3,\), got \(2,\)\. Sum it\.$"),
        (lambda: contract.check_keys("g", {"a": 1}, {"a": 1, "b": 2}, "Add it."), ValueError, r"^g: expected the keys 'a', 'b', got \['b'\] in only one of them\. Add it\.$"),
        (lambda: contract.check_finite("g", np.array([math.inf]), "Clip it."), ValueError, r"^g: expected finite numbers, got NaN or infinity\. Clip it\.$"),
        (lambda: contract.as_reals("x", [[1], [1, 2]]), ValueError, "^x: expected one shape, got rows that differ in length"),
        (lambda: contract.as_reals("x", ["a"]), TypeError, r"^x: expected real numbers, got <U1 \(\['a'\]\)\. Give floats"),
        (lambda: contract.as_reals("x", True), TypeError, "^x: expected real numbers, got bool"),
    ],
)  # fmt: skip
def test_the_words_of_each_check(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_real_numbers_come_back_as_a_new_array():
    given = np.ones(2)
    got = contract.as_reals("x", given)
    assert not np.shares_memory(got, given)
    np.testing.assert_array_equal(contract.as_reals("x", [[1, 2]]), [[1.0, 2.0]])
