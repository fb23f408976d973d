"""A labeller of the storm: asks, answers, walks away, skips, sends twice, reuses keys, and survives the server's death."""

import http.client
import json
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

LABELS = ("a", "b", "c")
LEASE_S = 2
WALK_AWAY, SKIP, TWICE, REUSE = 0.10, 0.05, 0.10, 0.05


@dataclass
class Log:
    """What one client saw, on the one monotonic clock of this process."""

    worker: str
    leases: dict[str, tuple[str, str, float]] = field(default_factory=dict)  # id → project, task, first seen
    sent: dict[str, float] = field(default_factory=dict)  # lease → when its first submit was sent
    acknowledged: dict[str, tuple[str, str, str, bool, float]] = field(default_factory=dict)  # id → lease, key, label …
    skipped: dict[str, float] = field(default_factory=dict)
    results: dict[str, set[str]] = field(default_factory=dict)  # key → every result it was answered with
    drafts: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


class Client:
    """One person with one token; connections of its own."""

    def __init__(self, port: int, token: str, worker: str, projects: list[str], seed: int, ends: float) -> None:
        self.port, self.token, self.projects, self.ends = port, token, projects, ends
        self.log = Log(worker)
        self.random = random.Random(seed)
        self.connections = threading.local()

    # ---- one call ----------------------------------------------------------------------------------------------
    def once(self, path: str, body: Any) -> tuple[int, Any] | None:
        """Status and body; None if the answer was lost."""
        connection = getattr(self.connections, "one", None)
        if connection is None:
            connection = self.connections.one = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(
                "POST", "/api/v1" + path, json.dumps(body),
                {"authorization": f"Bearer {self.token}", "content-type": "application/json"},
            )  # fmt: skip
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError):
            connection.close()
            self.connections.one = None
            return None

    def call(self, path: str, body: Any) -> tuple[int, Any]:
        """The same request until it is answered."""
        while (found := self.once(path, body)) is None:
            self.log.counts["lost answers"] += 1
            if time.monotonic() > self.ends:
                raise TimeoutError(path)
            time.sleep(0.05)
        return found

    # ---- a day's work ------------------------------------------------------------------------------------------
    def run(self) -> None:
        try:
            left = set(self.projects)
            while left and time.monotonic() < self.ends:
                project = self.random.choice(sorted(left))
                status, found = self.call(f"/projects/{project}/next", {"count": 1})
                seen = time.monotonic()
                if status != 200:
                    self.log.wrong.append(f"next {status} {found}")
                    return
                for one in found["leases"]:
                    lease = one["lease"]
                    self.log.leases.setdefault(lease["id"], (project, lease["task_id"], seen))
                    self.work(lease["id"])
                if not found["leases"]:
                    if found["none"]["reason"] == "done":
                        left.discard(project)
                    else:
                        time.sleep(self.random.uniform(0.05, 0.2))
        except TimeoutError as error:
            self.log.wrong.append(f"no answer in time: {error}")

    def work(self, lease: str) -> None:
        choice = self.random.random()
        key, label = f"{lease}/{self.random.random()}", self.random.choice(LABELS)
        if choice < WALK_AWAY:
            self.log.counts["walked away"] += 1
            time.sleep(LEASE_S + 0.2)
            if self.random.random() < 0.5:
                self.submit(lease, key, label)
        elif choice < WALK_AWAY + SKIP:
            self.log.skipped[lease] = time.monotonic()
            status, _ = self.call(f"/leases/{lease}/skip", {"reason": "unclear"})
            self.log.counts[f"skip {status}"] += 1
        elif choice < WALK_AWAY + SKIP + TWICE:
            other = threading.Thread(target=self.submit, args=(lease, key, label))
            other.start()
            self.submit(lease, key, label)
            other.join()
            self.log.counts["sent twice"] += 1
        else:
            self.submit(lease, key, label)
            if self.random.random() < REUSE:
                self.reuse(lease, key, LABELS[(LABELS.index(label) + 1) % len(LABELS)])

    def submit(self, lease: str, key: str, label: str) -> None:
        self.log.sent.setdefault(lease, time.monotonic())
        status, found = self.call(f"/leases/{lease}/submit", {"key": key, "answers": {"label": label}})
        self.log.counts[f"submit {status}"] += 1
        if status == 200:
            done = found["annotation"]
            self.log.results.setdefault(key, set()).add(json.dumps(done, sort_keys=True))
            self.log.acknowledged.setdefault(done["id"], (lease, key, label, done["late"], time.monotonic()))
        elif status == 409 and found["error"]["code"] == "TW-LEASE-LOST":
            self.log.results.setdefault(key, set()).add(json.dumps(found["error"]["details"], sort_keys=True))
            if draft := found["error"]["details"]["draft"]:
                self.log.drafts.add(draft)
        else:
            self.log.wrong.append(f"submit {status} {found}")

    def reuse(self, lease: str, key: str, label: str) -> None:
        """The key again with other content. It was answered before, so it must be refused."""
        status, found = self.call(f"/leases/{lease}/submit", {"key": key, "answers": {"label": label}})
        self.log.counts["key reused"] += 1
        if (status, found.get("error", {}).get("code")) != (409, "TW-KEY-REUSED"):
            self.log.wrong.append(f"reused key: {status} {found}")
