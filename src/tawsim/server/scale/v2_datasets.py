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
NO_FILE = "There is no such file in the response of this task."


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
    address = _address(call)
    if file_id_of(address) is not None:
        address = f"/v2/datasets/task/{'/response_url/'.join(quote(one, safe='') for one in call.path)}/file"
    return Reply(302, {"url": address}, (("location", address),))


@route("GET", "/v2/datasets/task/{}/response_url/{}/file", right="manage")
def response_file(call: Call) -> Reply:
    """The bytes of such a file that is kept here, to be saved: nothing of it is ever shown as a page."""
    address = _address(call)
    if file_id_of(address) is None:
        raise NotFound(NO_FILE)
    with call.world.db.read() as tx:
        row = files.find_file(tx, call.world.workspace_id, address)
        files.check_here(row)
    headers = (
        ("content-type", row["mime"]), ("content-length", str(row["size"])),
        ("content-disposition", f"attachment; filename*=UTF-8''{quote(row['name'], safe='')}"),
        ("content-security-policy", "sandbox; default-src 'none'"),
    )  # fmt: skip
    return Reply(200, files.read_pieces(call.world.db, row["id"], row["size"]), headers)


def _address(call: Call) -> str:
    task_id, attachment_id = call.path
    with call.world.db.read() as tx:
        row = v2_finding.task(tx, task_id)
    response = json.loads(row["response"]) if row["status"] == "completed" and row["response"] else None
    address = address_of(task_id, response, attachment_id)
    if address is None:
        raise NotFound(NO_FILE)
    return address
