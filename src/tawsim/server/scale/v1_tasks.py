"""Tasks by the first version of the Scale-compatible API. What a task is and what may become of it is in loop/scale/."""

from collections.abc import Callable
from typing import Any

from fastapi.concurrency import run_in_threadpool

from tawsim.core.errors import BadInput, TawsimError
from tawsim.kinds.answers import brief
from tawsim.loop.scale import listing, tasks
from tawsim.loop.scale.listing import Asked, split_list
from tawsim.server.scale.queries import flag_of, number_of, span_of, text_of
from tawsim.server.scale.routes import MB, Call, route
from tawsim.store.database import Row, Transaction

MAX_TASK = 12 * MB
LIST = 32 * 1024


async def _changed(call: Call, change: Callable[[Transaction], Row]) -> Any:
    """The task as it is after the change, read in the same transaction."""

    def work(tx: Transaction) -> Any:
        return tasks.task_json(tx, change(tx))

    return await call.world.db.write_async(work)


@route("POST", "/v1/task/{}", right="manage", max_body=MAX_TASK, conflicts=True)
async def create(call: Call) -> Any:
    """A new task of the type in the path; with an Idempotency-Key, once."""
    key, ahead = await run_in_threadpool(_ahead, call) if call.large else (_key(call), None)
    return await _changed(call, lambda tx: tasks.create_once(tx, call.world, call.path[0], call.body, key, ahead=ahead))


def _key(call: Call) -> tasks.Key | None:
    return tasks.read_key(call.headers.get("idempotency-key", ""), call.path[0], call.body)


def _ahead(call: Call) -> tuple[tasks.Key | None, tasks.Checked | None]:
    """A large body, digested and checked before the writer has it. What a key may have been answered before is judged there
    alone."""
    key = _key(call)
    try:
        with call.world.db.read() as tx:
            return key, tasks.check_ahead(tx, call.world, call.path[0], call.body)
    except TawsimError:
        if key is not None:
            return key, None
        raise


@route("GET", "/v1/task/{}", right="manage")
async def get(call: Call) -> Any:
    """One task."""
    with call.world.db.read() as tx:
        return tasks.task_json(tx, tasks.task_row(tx, call.path[0]))


@route("GET", "/v1/tasks", right="manage")
def get_list(call: Call) -> Any:
    """A page of tasks, newest first."""
    query = call.query
    asked = Asked(
        project=text_of(query, "project"), batch=text_of(query, "batch"), type=text_of(query, "type"),
        status=text_of(query, "status"), unique_ids=tuple(query.get("unique_id", ())), tags=tuple(query.get("tags", ())),
        reviews=split_list(query.get("customer_review_status", ())),
        created=span_of(query, "start_time", "end_time"), updated=span_of(query, "updated_after", "updated_before"),
        completed=span_of(query, "completed_after", "completed_before"),
        limit=number_of(query, "limit", listing.MOST), token=text_of(query, "next_token"),
        limited=flag_of(query, "limited_response"),
    )  # fmt: skip
    flag_of(query, "include_attachment_url")  # addresses are always told; a value that is none is still refused
    with call.world.db.read() as tx:
        return listing.page(tx, asked)


@route("POST", "/v1/task/{}/cancel", right="manage")
async def cancel(call: Call) -> Any:
    """Take back a task that nobody has begun."""
    clear = flag_of(call.query, "clear_unique_id")
    return await _changed(call, lambda tx: tasks.cancel_task(tx, call.world, call.path[0], clear_unique_id=clear))


@route("POST", "/v1/task/{}/setMetadata", right="manage")
async def set_metadata(call: Call) -> Any:
    """Other metadata; no body empties it."""
    return await _changed(call, lambda tx: tasks.set_metadata(tx, call.path[0], call.body))


@route("POST", "/v1/task/{}/tags", right="manage", max_body=LIST)
async def set_tags(call: Call) -> Any:
    """These tags instead of those; no body leaves none."""
    return await _changed(call, lambda tx: tasks.set_tags(tx, call.path[0], call.body))


@route("PUT", "/v1/task/{}/tags", right="manage", max_body=LIST)
async def add_tags(call: Call) -> Any:
    """These tags too."""
    return await _changed(call, lambda tx: tasks.add_tags(tx, call.path[0], call.body))


@route("DELETE", "/v1/task/{}/tags", right="manage", max_body=LIST)
async def delete_tags(call: Call) -> Any:
    """Without these tags."""
    return await _changed(call, lambda tx: tasks.delete_tags(tx, call.path[0], call.body))


@route("POST", "/v1/task/{}/unique_id", right="manage", conflicts=True)
async def set_unique_id(call: Call) -> Any:
    """Another unique_id."""
    if not isinstance(call.body, dict) or call.body.get("unique_id") is None:
        raise BadInput(f'Send {{"unique_id": "…"}}, not {brief(call.body)}.', field="unique_id")
    return await _changed(call, lambda tx: tasks.set_unique_id(tx, call.path[0], call.body["unique_id"]))


@route("DELETE", "/v1/task/{}/unique_id", right="manage")
async def clear_unique_id(call: Call) -> Any:
    """No unique_id."""
    return await _changed(call, lambda tx: tasks.set_unique_id(tx, call.path[0], None))
