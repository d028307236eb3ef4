"""bplib: backpropagation on NumPy, to be read whole.

Read the files in this order: ops, scalar, recording, tape, contract, neurons, numerical, diagnosis, report,
verdict, gradcheck, normal, functional, losses, init, layers, optim, train, data, recurrent, checkpoint.
Import what you need from the file that holds it, as in ``from bplib.scalar import Value``.
"""

__version__ = "0.1.0"
