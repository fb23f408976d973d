"""Datasets of the second version: there are none here, and each call says so in its own form. Files of responses lie under
their path too, and those are here."""

import json
from typing import Any, NoReturn
from urllib.parse import quote

from tawsim.core.errors import BadInput, NotFound
from tawsim.loop.scale import files, v2_finding
from tawsim.loop.scale.v2_addresses import address_of, file_id_of
from tawsim.server.scale.routes import Call, Reply, route
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


@route("GET", "/v2/datasets/task/{}/response_url/{}", right="manage")
def response_url(call: Call) -> Reply:
    """To where a file lies that the response of a completed task names."""
    task_id, attachment_id = call.path
    with call.world.db.read() as tx:
        row = v2_finding.task(tx, task_id)
        response = json.loads(row["response"]) if row["status"] == "completed" and row["response"] else None
        address = address_of(task_id, response, attachment_id)
        file_id = None if address is None else file_id_of(address)
        if address is None or (file_id is not None and call.world.mode == "test"):
            raise NotFound(
                "There is no such file in the response of this task."
            )  # nothing of test keys is served as a page
        if file_id is not None:
            files.check_here(files.find_file(tx, call.world.workspace_id, address))
    place = address if file_id is None else f"/api/v1/scale/files/{quote(file_id, safe='')}"
    return Reply(302, {"url": place}, (("location", place),))
