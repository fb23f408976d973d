"""What type checkers see. A file of its own, so that looking names up at run time stays the one real import."""

from tawsim import truth as truth
from tawsim.core import errors as errors
from tawsim.core.errors import TawsimError as TawsimError
from tawsim.sdk.label import label as label
from tawsim.sdk.local import open_file as open  # noqa: F401
from tawsim.sdk.remote import connect as connect
from tawsim.sdk.surface import Item as Item
from tawsim.sdk.surface import Labeller as Labeller
from tawsim.sdk.surface import Project as Project
from tawsim.sdk.surface import Workspace as Workspace
from tawsim.sdk.tables import Agreement as Agreement
from tawsim.sdk.tables import Table as Table
from tawsim.sdk.tables import Truth as Truth
from tawsim.sdk.tables import WorkerTrust as WorkerTrust
from tawsim.truth import infer as infer

__version__: str
__all__: list[str]
