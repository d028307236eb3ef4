"""Predictions of every kind and bets on them: Python and the page judge each of them alike."""

from bplib.widgets.predict import Handles, predict

SMALLER = "A share is no slope: what it adds says nothing of a nudge."
ZERO = "The weight adds nothing, and still the loss listens to it."
HALF = "That is the slope of one use; the parts of both add up."
BELOW = "One of the two uses was left out."
ABOVE = "A use was counted more often than it stands there."
NEGATIVE = "The error is negative; its slope is something else."
EARLY = "The squash is behind the mix, so its gradient is known first."
LATE = "The loss comes first on the way back, as 1."
FAR = "From the loss to the mix the way leads through the squash."
SIGN = "Left of the lowest point a curve falls."
TURN = "Far out the squash is flat again, and so is this."


def choice(**more):
    ratio = 2.0**3
    options = ["zero", "smaller", "larger"]
    answer = options[0 if ratio == 0 else 1 if ratio < 1 else 2]
    because = {"zero": ZERO, "smaller": SMALLER}
    given = {
        "options": options,
        "answer": answer,
        "because": because,
        "name": "choice",
        "then": "It is 8 times larger.",
    }
    return predict("How large is the gradient at `w` = 0?", **{**given, **more})


def number(**more):
    slope = 2.0 * 3
    because = {slope / 2: HALF, "below": BELOW, "above": ABOVE}
    given = {"number": 0.25, "answer": slope, "because": because, "name": "number"}
    return predict("How steep is x * x at 3?", **{**given, **more})


def many(**more):
    passes = 2.0 * 669_706
    because = {passes / 2: HALF, "below": BELOW, "above": ABOVE}
    given = {"number": 0.25, "answer": passes, "because": because, "name": "many"}
    return predict("How many passes are that?", **{**given, **more})


def sign(**more):
    because = {"negative": NEGATIVE, "zero": ZERO}
    given = {"sign": True, "answer": 0.2 - 0.1, "because": because, "name": "sign"}
    return predict("Which sign has the derivative?", **{**given, **more})


def order(**more):
    way = ["mix", "squash", "loss"]
    because = {("mix", "squash"): EARLY, ("mix", "loss"): FAR, ("squash", "loss"): LATE}
    given = {"order": way, "answer": way[::-1], "because": because, "name": "order"}
    return predict("In which order are gradients known?", **{**given, **more})


HANDLES = Handles({"left": -2.0, "near": -0.5, "far": 1.0, "right": 3.0}, y=(-1, 1))


def place(**more):
    heights = [-x / (1 + x * x) for x in HANDLES.at.values()]
    given = {
        "place": HANDLES, "answer": heights, "because": {"sign": SIGN, "turn": TURN}, "name": "place",
        "pictures": [[0.2, 0.4, 0.5, 0.9], [-0.5, -0.5, 0.5, 0.5], [0.9, 0.4, -0.4, -0.9]],
    }  # fmt: skip
    return predict("Where is the slope?", **{**given, **more})


def varied():
    def product(a, b):
        slope = float(a * b * 2)
        because = {slope / 2: HALF, "below": BELOW, "above": ABOVE}
        return {"question": f"u = {a}, v = {b}: how steep is u * v * v?", "answer": slope, "because": because}

    return predict(
        **product(3, 4), number=0.25, vary=lambda rng: product(*rng.integers(2, 8, 2)), name="varied"
    )


#: What makes a prediction, a bet, and the sentence it gets, "" for a right one.
WAGERS = [
    (choice, "larger", ""),
    (choice, "smaller", SMALLER),
    (choice, "zero", ZERO),
    (number, 6.0, ""),
    (number, 6.25, ""),
    (number, 5.75, ""),
    (number, 6.5, ABOVE),
    (number, 5.5, BELOW),
    (number, 3.0, HALF),
    (number, 3.25, HALF),
    (number, 3.5, BELOW),
    (number, -6.0, BELOW),
    (number, "6.1", ""),
    (number, " 12/2 ", ""),
    (number, "6/2", HALF),
    (number, "600%", ""),
    (number, "−25 %", BELOW),
    (many, "1339412", ""),
    (many, "1,339,412", ""),
    (many, "1 339 412", ""),
    (many, "1\u202f339\u202f412", ""),
    (many, "1_339_412.0", ""),
    (many, "669,706", HALF),
    (many, "2,678,824/2", ""),
    (sign, "positive", ""),
    (sign, "zero", ZERO),
    (sign, "negative", NEGATIVE),
    (order, ["loss", "squash", "mix"], ""),
    (order, ["mix", "squash", "loss"], EARLY),
    (order, ["loss", "mix", "squash"], EARLY),
    (order, ["squash", "mix", "loss"], FAR),
    (order, ["squash", "loss", "mix"], LATE),
    (place, [0.4, 0.4, -0.5, -0.3], ""),
    (place, [0.35, 0.42, -0.6, -0.2], ""),
    (place, [0.4, 0.4, 0.5, -0.3], SIGN),
    (place, [0.1, 0.4, -0.5, -0.3], SIGN),
    (place, [0.6, 0.4, -0.5, -0.6], TURN),
    (place, [0.4, 0.4, -0.5, -0.5], TURN),
]
#: What is no number, and what is said of it.
NO_NUMBERS = {
    "": "number", "six": "number", "1e999": "number", "1/": "number", "1/0": "number", "1/2/3": "number",
    "%": "number", "1,33,412": "number", "1 339,412": "number", "12 34": "number", "nan": "number",
    "0,25": "after a point", "1,5": "after a point", "0,125": "after a point", "−3,14": "after a point",
}  # fmt: skip
KINDS = (choice, number, sign, order, place)
