"""Every module that states routes of the Scale-compatible API. A module that does not stand here has no routes."""

from types import ModuleType

from tawsim.server.scale import (
    v1_batches,
    v1_files,
    v1_projects,
    v1_quality,
    v1_studio,
    v1_tasks,
    v2_batches,
    v2_chat,
    v2_datasets,
    v2_deliveries,
    v2_projects,
    v2_tasks,
)
from tawsim.server.scale.routes import TABLE, Table

ROOMS: tuple[ModuleType, ...] = (
    v1_files, v1_projects, v1_batches, v1_quality, v1_tasks, v1_studio, v2_projects, v2_batches, v2_tasks, v2_chat,
    v2_deliveries, v2_datasets,
)  # fmt: skip


def table() -> Table:
    """The routes of all of them: they stated themselves as they were imported."""
    return TABLE
