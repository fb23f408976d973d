"""What runs in processes of its own, so that its memory and CPU are told apart: our server, an import, a history of answers.

    python benchmarks/parts/children.py serve FILE.tawsim
    python benchmarks/parts/children.py import FILE.tawsim ROWS.csv [OVERLAP]
    python benchmarks/parts/children.py answer FILE.tawsim WORKERS ANSWERS

Each prints one line of JSON. Called by world.py.
"""

import json
import random
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:1] = [str(ROOT / "src"), str(ROOT / "benchmarks")]  # not this folder, whose names are not modules

from parts.texts import LABELS  # noqa: E402

ROUNDS_A_WRITE = 10
HELD_AT_ONCE = 5


def serve(path: str) -> None:
    """Serve the workspace; the line has the owner's one-time link."""
    from tawsim.server.run import serve as run

    def tell(links: dict[str, str]) -> None:
        print(json.dumps({"link": next(iter(links.values()))}), flush=True)

    run([Path(path)], port=0, on_ready=tell)


def import_rows(path: str, rows: str, overlap: str = "1") -> dict[str, Any]:
    """A new workspace with one project of the file's rows, through `import_file`, as the terminal does it."""
    from tawsim.loop.importing import import_file, new_project_from_file
    from tawsim.workspaces.workspace import open_workspace

    workspace = open_workspace(Path(path), create=True, owner="owner")
    began = time.perf_counter()
    project = new_project_from_file(
        workspace.db, Path(rows), list(LABELS), overlap=int(overlap), actor_id=workspace.owner_id
    )
    report = import_file(workspace.db, project, Path(rows), actor_id=workspace.owner_id)
    seconds = time.perf_counter() - began
    held = peak_mb()
    workspace.close()
    return {"project": project.id, "rows": report.added, "seconds": seconds, "peak_mb": held}


def answer(path: str, workers: str, answers: str) -> dict[str, Any]:
    """So many workers answer so many tasks each, in the first project, through the functions that HTTP calls."""
    from tawsim.labelling.queue import next_leases
    from tawsim.labelling.submit import submit
    from tawsim.store.database import Transaction
    from tawsim.workspaces.workspace import add_worker, find_worker, open_workspace

    workspace = open_workspace(Path(path))
    db = workspace.db
    chance = random.Random(3)
    with db.read() as tx:
        project = tx.all("project_list")[0]["id"]

    def rounds(tx: Transaction, worker: str, wanted: int) -> int:
        done = 0
        for _ in range(ROUNDS_A_WRITE):
            for leased in next_leases(tx, project, worker, min(HELD_AT_ONCE, wanted - done)).leases:
                label = chance.choice(LABELS)
                submit(tx, worker, leased.lease_id, f"made-{leased.lease_id}", {"label": label})
                done += 1
            if done >= wanted:
                break
        return done

    began = time.perf_counter()
    for number in range(int(workers)):
        name = f"annotator {number}"
        with db.read() as tx:
            known = find_worker(tx, name)
        who = known or db.write(lambda tx, name=name: add_worker(tx, workspace.owner_id, f"bench {name}", name))  # type: ignore[misc]
        left = int(answers)
        while left > 0:
            done = db.write(lambda tx, who=who, left=left: rounds(tx, who.id, left))  # type: ignore[misc]
            if done == 0:
                break
            left -= done
    workspace.close()
    return {"seconds": time.perf_counter() - began}


def peak_mb() -> float:
    """The most memory this process has held."""
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(sys.argv[2])
    elif sys.argv[1] == "import":
        print(json.dumps(import_rows(*sys.argv[2:5])))
    else:
        print(json.dumps(answer(sys.argv[2], sys.argv[3], sys.argv[4])))
