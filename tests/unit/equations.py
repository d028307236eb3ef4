"""Equations of arrays that fit by name, by chance or not at all: Python and the page judge them alike."""

ARRAYS = "X (B, n0), W (n1, n0), b (n1,), c (n0, 1), Z (B, n1), V (n1, n1), loss ()"
START = {"B": 2, "n0": 3, "n1": 2}

EQUATIONS = [
    "Z = X @ W.T + b",
    "Z = X @ W + b",
    "Z = X.T @ W",
    "Z = b + X @ W.T",
    "Z = relu(X @ W.T) * 2",
    "Z = (X + Z) @ V",
    "Z = (W @ X.T).T",
    "Z = Z @ V.T",
    "Z = Z @ V @ W",
    "Z = Z - X",
    "Z = W.T",
    "Z = b",
    "Z = -X / B",
    "X = Z @ W - X * 0.5",
    "b = W @ c",
    "b = dZ.sum(axis=0)",
    "b = dZ.sum(0)",
    "b = dZ.sum(axis=1)",
    "c = W.sum(axis=0, keepdims=True).T",
    "loss = (Z * Z).mean()",
    "loss = b @ b",
    "b = b @ V",
    "dW = dZ.T @ X",
    "dW = X.T @ dZ",
    "dW = dZ @ X",
    "dW = X @ dZ.T",
]
