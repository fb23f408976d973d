"""Certified error: a random audited sample → at most ε of the labels are wrong, with probability 1 - δ. Pure numbers.

`draw_audit` before any label is looked at, `exclude_audit` for whatever is fitted, `certify` at the end; `audit_size`
plans it. hypergeometric.py holds the mathematics.
"""

from tawsim.truth.certificates.audit import Audit, Slice, check_never_fitted, draw_audit, exclude_audit, verify_audit
from tawsim.truth.certificates.certify import Bound, Certificate, certify
from tawsim.truth.certificates.planning import audit_size

__all__ = [
    "Audit",
    "Bound",
    "Certificate",
    "Slice",
    "audit_size",
    "certify",
    "check_never_fitted",
    "draw_audit",
    "exclude_audit",
    "verify_audit",
]
