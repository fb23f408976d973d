"""Datasets of the second version: there are none here, and each call says so in its own form."""

from typing import Any, NoReturn

from tawsim.core.errors import BadInput, NotFound
from tawsim.server.scale.routes import Call, route
from tawsim.server.scale.v2_reading import Asked

EXPANDED = ("dataset", "delivery")


@route("GET", "/v2/datasets", right="manage")
def datasets(call: Call) -> Any:
    """All datasets."""
    return {"datasets": []}


@route("GET", "/v2/datasets/deliveries", right="manage")
def deliveries(call: Call) -> Any:
    """The deliveries of a dataset, or of all."""
    asked = Asked(call.query)
    asked.span("delivered")
    asked.several("expand", ("dataset",))
    if asked.text("dataset_id") is not None:
        raise NotFound("There is no such dataset.")
    return {"deliveries": []}


@route("GET", "/v2/datasets/delivery", right="manage")
def delivery(call: Call) -> NoReturn:
    """One delivery of a dataset with its tasks."""
    asked = Asked(call.query)
    asked.page()
    asked.several("expand", EXPANDED)
    asked.needed("delivery_id")
    raise NotFound("There is no such delivery of a dataset.")


@route("GET", "/v2/datasets/tasks", right="manage")
def tasks(call: Call) -> NoReturn:
    """The tasks of a dataset or of a delivery of one."""
    asked = Asked(call.query)
    asked.page()
    asked.span("delivered")
    asked.several("expand", EXPANDED)
    if asked.text("dataset_id") is None and asked.text("delivery_id") is None:
        raise BadInput("dataset_id or delivery_id is needed.")
    raise NotFound("There is no such dataset.")


@route("GET", "/v2/datasets/task", right="manage")
def task(call: Call) -> NoReturn:
    """One task of a dataset."""
    asked = Asked(call.query)
    asked.several("expand", EXPANDED)
    asked.needed("task_id")
    raise NotFound("There is no such task of a dataset.")
