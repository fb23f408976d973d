"""Labels in an order, such as grades: `Ordinal`."""

from tawsim.truth.ordinal.model import Ordinal

__all__ = ["Ordinal"]
