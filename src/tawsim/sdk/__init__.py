"""Tawsim for Python users: `import tawsim as tw`. The same calls on a file (`tw.open`) and on a server (`tw.connect`)."""

from tawsim.sdk.label import label
from tawsim.sdk.local import open_file
from tawsim.sdk.remote import connect
from tawsim.sdk.scale import scale_client
from tawsim.sdk.surface import Item, Labeller, Project, Workspace
from tawsim.sdk.tables import Agreement, Table, Truth, WorkerTrust

__all__ = [
    "Agreement", "Item", "Labeller", "Project", "Table", "Truth", "WorkerTrust", "Workspace", "connect", "label",
    "open_file", "scale_client",
]  # fmt: skip
