"""The hot loops of the truth models, compiled where there was a C compiler (em.c), else NumPy. Nothing here knows a model.

`name()` says which of the two is in use; `TAWSIM_KERNEL=numpy` in the environment asks for the second.
"""

from tawsim.truth.kernel.em import EMStep, Expected
from tawsim.truth.kernel.library import name
from tawsim.truth.kernel.sums import GroupedSum

__all__ = ["EMStep", "Expected", "GroupedSum", "name"]
