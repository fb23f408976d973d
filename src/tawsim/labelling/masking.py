"""What a labeller calls a task. Where tasks of known answer are mixed in, its number and its id could tell which they are:
a number out of the row of those before, an id that was made on another day. There they get a name and a number of their own.

Pure. The same worker and task always give the same name, so that half an answer is found again.
"""

from hashlib import blake2b

from tawsim.core.records import Project


def is_masked(project: Project) -> bool:
    """Whether labellers see names of their own in this project."""
    return project.settings.gold.on or project.settings.training.on


def shown_id(project: Project, worker_id: str, task_id: str) -> str:
    """The task's id, or the name that it has for this worker. An id holds 62 random bits, so none can be found by trying."""
    if not is_masked(project):
        return task_id
    digest = blake2b(f"{worker_id}/{task_id}".encode(), digest_size=16).hexdigest()
    return f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:]}"


def shown_seq(project: Project, seq: int, number: int) -> int:
    """The task's number, or how many this worker was given before it (`number`; 0: given before that was counted)."""
    return number if number and is_masked(project) else seq
