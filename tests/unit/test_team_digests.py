"""Summaries by e-mail: who asked for one gets it, in their language, with counts only; a mail server that fails harms nobody."""

import email
import email.policy
import socketserver
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from labelling_world import World

from tawsim.core.errors import BadInput, EndpointDown
from tawsim.labellers.mailing import Mailbox, mailbox, send_mail
from tawsim.labelling.notices import notify
from tawsim.loop import digests
from tawsim.store.rows import to_json
from tawsim.workspaces.workspace import Workspace

DAY = 86_400


class Smtp(socketserver.ThreadingTCPServer):
    """As much of an SMTP server as one mail needs."""

    allow_reuse_address, daemon_threads = True, True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Line)
        self.mails: list[tuple[str, bytes]] = []
        self.refuse = ""

    @property
    def box(self) -> Mailbox:
        return Mailbox("127.0.0.1", self.server_address[1], "tawsim@example.org", security="none")


class Line(socketserver.StreamRequestHandler):
    server: Smtp

    def say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self) -> None:
        self.say("220 here")
        to = ""
        while line := self.rfile.readline().decode().strip():
            word = line[:4].upper()
            if word == "RCPT":
                to = line[8:].strip("<>")
                if self.server.refuse and self.server.refuse in to:
                    self.say("550 no such person")
                    continue
            if word == "DATA":
                self.say("354 go on")
                body = b""
                while (piece := self.rfile.readline()) != b".\r\n":
                    body += piece
                self.server.mails.append((to, body))
            self.say("221 bye" if word == "QUIT" else "250 ok")
            if word == "QUIT":
                return


@pytest.fixture
def smtp() -> Iterator[Smtp]:
    with Smtp() as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def world(workspace: Workspace, clock: Any) -> World:
    made = World(workspace, clock)
    for worker in (made.a, made.b, made.owner):
        profile = to_json({"email": f"{worker[-4:]}@example.org"})
        made.db.write(lambda tx, worker=worker, profile=profile: tx.run("profile_set", id=worker, profile=profile))
    return made


def text_of(mail: bytes) -> tuple[str, str]:
    read = email.message_from_bytes(mail, policy=email.policy.default)
    body = read.get_body()
    assert body is not None
    return str(read["Subject"]), body.get_content()


def wants(world: World, worker: str, every: str = "daily", language: str = "en") -> None:
    world.db.write(lambda tx: digests.choose(tx, worker, every, language))


def go(world: World, smtp: Smtp) -> int:
    return digests.send_due(world.db, smtp.box, "http://127.0.0.1:7373")


def test_each_gets_their_own_in_their_language_once_a_day_or_week(world: World, smtp: Smtp) -> None:
    world.add(5)
    wants(world, world.a, "daily", "ar")
    wants(world, world.b, "weekly")
    for worker in (world.a, world.b):
        world.db.write(lambda tx, worker=worker: notify(tx, worker, "review.rejected", reason="سبب سري"))
        world.db.write(lambda tx, worker=worker: notify(tx, worker, "dispute.upheld"))
    assert go(world, smtp) == 0  # not before a day has passed
    world.clock.advance(DAY)
    assert go(world, smtp) == 1
    assert go(world, smtp) == 0
    world.clock.advance(6 * DAY)
    assert go(world, smtp) == 2
    subject, text = text_of(smtp.mails[0][1])
    assert subject == "توسيم: ملخّص اليوم"
    assert "مراجعات لإجاباتك لم ترها بعد: 1" in text
    assert "نتائج اعتراضات لم ترها بعد: 1" in text
    assert "reviews: مهام مفتوحة للتوسيم" in text
    weekly = next(text_of(body)[1] for to, body in smtp.mails if to.startswith(world.b[-4:]))
    assert "reviews of your answers that you have not seen: 1" in weekly
    assert "reviews: tasks are open" in weekly


def test_no_mail_holds_a_word_of_tasks_answers_or_reasons(world: World, smtp: Smtp) -> None:
    world.add(3)
    world.answer(world.a, {"label": "نعم"})
    wants(world, world.a)
    world.db.write(lambda tx: notify(tx, world.a, "review.rejected", reason="secret reason", words="secret words"))
    world.clock.advance(DAY)
    go(world, smtp)
    ((_, body),) = smtp.mails
    _, text = text_of(body)
    assert "secret" not in text
    assert "نعم" not in text
    assert not any(task["content"][10:40] in text for task in world.tasks())


def test_where_there_is_nothing_to_say_no_mail_goes(world: World, smtp: Smtp) -> None:
    wants(world, world.a)
    world.clock.advance(2 * DAY)
    assert go(world, smtp) == 0
    assert smtp.mails == []


def test_alerts_are_for_those_who_manage(world: World, smtp: Smtp) -> None:
    world.db.write(
        lambda tx: tx.run(
            "alert_insert", id="1", project_id=world.project.id, kind="budget", object_id="", data="{}", since=tx.now
        )
    )
    wants(world, world.a)
    wants(world, world.owner)
    world.clock.advance(DAY)
    assert go(world, smtp) == 1
    assert "reviews: alert: most of the hours of the budget are used" in text_of(smtp.mails[0][1])[1]


def test_one_address_that_is_refused_keeps_no_other_from_its_mail(world: World, smtp: Smtp) -> None:
    world.add(5)
    smtp.refuse = world.a[-4:]
    wants(world, world.a)
    wants(world, world.b)
    world.clock.advance(DAY)
    assert go(world, smtp) == 1
    with world.db.read() as tx:
        assert "no such person" in digests.choice(tx, world.a).error
    assert go(world, smtp) == 0
    smtp.refuse = ""
    world.clock.advance(3_700)
    assert go(world, smtp) == 1
    with world.db.read() as tx:
        assert digests.choice(tx, world.a).error == ""


def test_a_person_without_an_address_is_told_so(world: World) -> None:
    with pytest.raises(BadInput, match="no e-mail address"):
        wants(world, world.c)
    wants(world, world.c, "off")
    for every, language in (("hourly", "en"), ("daily", "fr")):
        with pytest.raises(BadInput):
            wants(world, world.a, every, language)


def test_no_mail_server_no_mail() -> None:
    assert mailbox({}) is None
    assert mailbox({"TAWSIM_SMTP_HOST": "mail"}) is None
    with pytest.raises(EndpointDown):
        send_mail(Mailbox("127.0.0.1", 1, "a@b", security="none"), "c@d", "x", "y")


@pytest.mark.parametrize(
    "more",
    [{"TAWSIM_SMTP_TLS": "maybe"}, {"TAWSIM_SMTP_PORT": "0"}, {"TAWSIM_SMTP_PORT": "x"},
     {"TAWSIM_SMTP_TLS": "none", "TAWSIM_SMTP_USER": "u"}],
)  # fmt: skip
def test_settings_that_cannot_be_are_refused(more: dict[str, str]) -> None:
    with pytest.raises(BadInput):
        mailbox({"TAWSIM_SMTP_HOST": "mail", "TAWSIM_SMTP_FROM": "a@b", **more})


def test_a_server_without_tls_gets_nothing_where_tls_is_wanted(smtp: Smtp) -> None:
    with pytest.raises(EndpointDown):
        send_mail(Mailbox("127.0.0.1", smtp.box.port, "a@b"), "c@d", "x", "y")
    assert smtp.mails == []
