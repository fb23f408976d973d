"""The same machine over HTTP: what routes, credentials and JSON add must change nothing in what the queue promises."""

from typing import Any

import pytest
from hypothesis.stateful import precondition, rule
from queue_driver_http import OverHttp
from queue_driver_killed import KilledServer
from test_queue_machine import QueueMachine, labels, pick, run


class HttpMachine(QueueMachine):
    """A deactivated person is not let in at all, so what the functions would answer them cannot be seen here."""

    driver_class = OverHttp

    @precondition(lambda self: self.model.leases and not self.failing)
    @rule(n=pick, who=pick, label=labels)
    def foreign_and_absent_are_equal_to_the_byte(self, n: int, who: int, label: int) -> None:
        driver: Any = self.driver
        lease = self._one(self.model.leases, n)
        other = self._worker(who)
        if other == lease.worker or not self.model.workers[other]:
            return
        bodies = []
        for one in (lease.id, "0" * 8 + lease.id[8:]):
            body = {"key": next(self.keys), "answers": self._content(label)}
            answer = driver.raw(other, "POST", f"/leases/{one}/submit", body)
            assert answer.status_code == 404
            bodies.append((answer.content, sorted(answer.headers.items())))
        assert bodies[0] == bodies[1]


def test_the_api_does_what_the_model_does() -> None:
    run(HttpMachine, 12, 30)


@pytest.mark.slow
@pytest.mark.timeout(1_200)  # two minutes on a quiet machine
def test_the_api_does_what_the_model_does_for_longer() -> None:
    run(HttpMachine, 60, 50)


class KilledMachine(HttpMachine):
    """A real server over a socket, and SIGKILL for a crash."""

    driver_class = KilledServer


@pytest.mark.kill
@pytest.mark.slow
def test_a_server_that_is_killed_does_what_the_model_does() -> None:
    run(KilledMachine, 3, 20)
    print(f"{KilledServer.kills} kills")
    assert KilledServer.kills > 4
