"""bplib: backpropagation on NumPy, to be read whole.

Read the files in this order: ops, scalar, recording, tape, contract, neurons, normal, functional,
losses, gradcheck, init, layers, optim, train, data, recurrent, checkpoint. `gradcheck` is a wing: read
its `naive`, one page that checks what `functional` claims, and go on; what the page can't see stands
behind it, for an evening.
Import what you need from the file that holds it, as in ``from bplib.scalar import Value``.
"""

__version__ = "0.1.0"
