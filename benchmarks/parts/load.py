"""Section `load`: annotators over HTTP at every level and size, with and without a history, and a crowd that thinks."""

import csv
import io
from collections import Counter
from typing import Any

from parts.annotators import Profile, label
from parts.figures import median_of
from parts.files import download
from parts.options import Options
from parts.texts import rows
from parts.world import Server, Worlds, child, new_project, serving

THINK_S = 2.0
AHEAD = 5
HISTORY_SIZE = 100_000
SMALL = 20_000


def run(options: Options, worlds: Worlds) -> dict[str, Any]:
    """All of it."""
    found: dict[str, Any] = {"sizes": [_at_size(options, worlds, size) for size in options.sizes]}
    if options.history:
        found["history"] = _history(options, worlds)
    if options.crowd:
        found["crowd"] = _crowd(options, worlds)
    return found


def _at_size(options: Options, worlds: Worlds, size: int) -> dict[str, Any]:
    """Every level, again and again in turn, so that a slow minute of the machine falls on all alike.

    A small project would be empty before the time is up, so there each run gets a new one of that size.
    """
    profiles = [Profile(people, options.seconds) for people in options.levels]
    profiles.append(Profile(max(options.levels), options.seconds, ahead=AHEAD))
    runs: dict[Profile, list[dict[str, Any]]] = {profile: [] for profile in profiles}
    sent: dict[str, Counter[str]] = {}
    with serving(worlds.of(size)) as server:
        for number in range(options.repeat):
            for profile in profiles:
                name = f"{number}-{profile.people}-{profile.ahead}"
                project = new_project(server, name, list(rows(size))) if size <= SMALL else server.project()
                result, acknowledged = label(server, project, profile)
                runs[profile].append(result)
                sent.setdefault(project, Counter()).update(acknowledged)
        checks = [verify(server, project, answers) for project, answers in sent.items()]
    check = {name: sum(one[name] for one in checks) for name in checks[0]}
    return {"tasks": size, "levels": [median_of(one) for one in runs.values()], "check": check}


def _history(options: Options, worlds: Worlds) -> dict[str, Any]:
    """One person with many answers behind them and one without any, in turn, on the same project."""
    size = max(min(HISTORY_SIZE, max(options.sizes)), 4 * options.history, SMALL)
    path, _ = worlds.fresh(size)
    child("answer", str(path), "1", str(options.history))
    runs: dict[int, list[dict[str, Any]]] = {0: [], 1: []}
    with serving(path) as server:
        project = server.project()
        for _ in range(options.repeat):
            for person, results in runs.items():
                results.append(label(server, project, Profile(1, options.seconds, first=person))[0])
    return {"tasks": size, "answers": options.history, "with": median_of(runs[0]), "without": median_of(runs[1])}


def _crowd(options: Options, worlds: Worlds) -> dict[str, Any]:
    """Many people who read for two seconds on average."""
    size = max(*options.sizes, SMALL)
    with serving(worlds.of(size)) as server:
        project = server.project()
        server.people(options.crowd)
        profile = Profile(options.crowd, max(20.0, options.seconds), think=THINK_S)
        result, acknowledged = label(server, project, profile)
        return {"tasks": size, **result, "check": verify(server, project, acknowledged)}


def verify(server: Server, project: str, acknowledged: Counter[str], overlap: int = 1) -> dict[str, int]:
    """Read every vote back: tasks with more answers than asked, and acknowledged answers that are not there."""
    body = download(server, project, "csv", kind="votes").body
    found = list(csv.DictReader(io.StringIO(body.decode())))
    votes, held = Counter(row["task_id"] for row in found), Counter(row["lease"] for row in found)
    return {
        "answered_tasks": len(votes),
        "answers": votes.total(),
        "more_than_asked": sum(1 for count in votes.values() if count > overlap),
        "acknowledged": acknowledged.total(),
        "lost": sum(max(0, count - held[lease]) for lease, count in acknowledged.items()),
    }
