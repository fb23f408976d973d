"""v1: files/upload and files/import, and what is known of a file. What a file is, and how it is kept: loop/scale/files.py."""

from typing import Any

from tawsim.core.errors import BadInput
from tawsim.loop.scale import files
from tawsim.server.scale.routes import MB, Call, route


@route("POST", "/v1/files/upload", right="manage", body="multipart", max_body=files.MAX_BYTES + MB)
def upload(call: Call) -> dict[str, Any]:
    """Keep the file of the part `file`. Its address may be named wherever a task names an attachment."""
    sent = call.form.files.get("file") if call.form is not None else None
    if sent is None or call.form is None:
        raise BadInput("file: the form has no part of this name that is a file.", field="file")
    # A form repeats a field to give several values; the client sends a list so.
    fields = {name: values if len(values) > 1 else values[0] for name, values in call.form.fields.items()}
    new = files.read_new(sent.filename, fields)
    row = files.store_file(call.world.db, new, sent.file, actor_id=call.world.actor_id)
    return files.file_json(call.world.workspace_id, row)


@route("POST", "/v1/files/import", right="manage")
def import_file(call: Call) -> dict[str, Any]:
    """Take a file from an address, in a moment; the answer does not wait for it."""
    sent = call.body
    if not isinstance(sent, dict):
        raise BadInput("file_url: an http or https address is needed.", field="file_url")
    new = files.read_new(sent.get("name"), sent)
    row = call.world.db.write(lambda tx: files.await_file(tx, sent.get("file_url"), new, actor_id=call.world.actor_id))
    return files.file_json(call.world.workspace_id, row)


@route("GET", "/v1/files/{}", right="manage")
def get(call: Call) -> dict[str, Any]:
    """What is known of a file: size and type once it is here, or why it could not be fetched."""
    with call.world.db.read() as tx:
        row = files.find_file(tx, call.world.workspace_id, files.url_of(call.world.workspace_id, call.path[0]))
    return files.file_json(call.world.workspace_id, row)
