"""gradcheck: the checker, a wing of its own.

Read `naive` first: the whole idea on one page, and what it can't see. Then `subject`, what is checked;
`numerical`, slopes that know how far they can be trusted; `diagnosis` and `guesses`, words for what is wrong;
`report`; `verdict`; and what you call, in `pairs`, `fronts` and `order`.
"""

from bplib.gradcheck.fronts import gradcheck, numerical_gradient
from bplib.gradcheck.order import check_hvp, check_order
from bplib.gradcheck.pairs import check_adjoint, check_vjp
from bplib.gradcheck.report import Report, Result

__all__ = [
    "Report", "Result", "check_adjoint", "check_hvp", "check_order", "check_vjp", "gradcheck",
    "numerical_gradient",
]  # fmt: skip
