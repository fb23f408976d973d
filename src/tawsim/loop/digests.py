"""Summaries by e-mail: what waits for a person, alerts for those who manage, results of reviews and disputes as numbers.

Daily or weekly, in the person's language, only where they asked for it and a mail server is named. A mail holds counts and
names of projects, and never a word of a task, an answer, a reason or another person.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from tawsim.core.errors import BadInput, EndpointDown, NotFound
from tawsim.labellers.mailing import Mailbox, send_mail
from tawsim.loop import alerts
from tawsim.store import rows
from tawsim.store.database import Database, Row, Transaction
from tawsim.workspaces.profiles import profile_of

log = logging.getLogger("tawsim.digests")
HOUR = 3_600_000_000
# A little less than a day and a week, so that the hour of a mail does not wander.
DAILY, WEEKLY = 23 * HOUR, 7 * 24 * HOUR - HOUR
TRY_AGAIN = HOUR
MOST = 200
Language = Literal["en", "ar"]
Send = Callable[[Mailbox, str, str, str], None]
MANAGERS, REVIEWERS = ("owner", "manager"), ("owner", "manager", "reviewer")
ALERTS = {
    "queue_dry": ("the queue will soon be empty", "ستفرغ قائمة المهام قريبًا"),
    "drift": ("somebody's answers agree less than before", "قلّ اتفاق إجابات أحد العاملين عمّا كان"),
    "budget": ("most of the hours of the budget are used", "استُهلك معظم ساعات الميزانية"),
    "gold_flagged": ("tasks of known answer are in doubt", "مهام معلومة الإجابة صارت موضع شك"),
    "disputes": ("disputes wait for a judge", "اعتراضات تنتظر من يحكم فيها"),
    "import_failed": ("an import failed", "فشل استيراد"),
    "disk": ("the disk is nearly full", "القرص شبه ممتلئ"),
    "webhook_failing": ("a webhook does not arrive", "خطاف ويب لا يصل"),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person asked for. `last_at`: when the last one went (0: none yet); `error`: why the last one did not."""

    every: str
    language: str
    last_at: int
    error: str
    email: str


def choice(tx: Transaction, worker_id: str) -> Choice:
    """A person's own."""
    row, email = tx.one("digest_get", worker_id=worker_id), profile_of(tx, worker_id).email
    if row is None:
        return Choice("off", "en", 0, "", email)
    return Choice(row["every"], row["language"], row["sent_at"], row["error"], email)


def choose(tx: Transaction, worker_id: str, every: str, language: str) -> Choice:
    """Off, daily or weekly; in English or Arabic. The first goes a day or a week from now. Raises BadInput."""
    if every not in ("off", "daily", "weekly"):
        raise BadInput(f"every is off, daily or weekly, not {every[:20]!r}.", field="every")
    if language not in ("en", "ar"):
        raise BadInput(f"language is en or ar, not {language[:20]!r}.", field="language")
    if every != "off" and not profile_of(tx, worker_id).email:
        raise BadInput("There is no e-mail address in your profile.", "Ask whoever manages people here.", field="every")
    tx.run("digest_set", worker_id=worker_id, every=every, language=language, now=tx.now)
    return choice(tx, worker_id)


def send_due(db: Database, box: Mailbox, base_url: str, *, send: Send = send_mail) -> int:
    """Send what is due and return how many mails went. One that fails is tried again after an hour; another person's goes."""
    with db.read() as tx:
        now = tx.now
        due = tx.all("digest_due", tried_before=now - TRY_AGAIN, daily=now - DAILY, weekly=now - WEEKLY, n=MOST)
    sent = 0
    for row in due:
        error, sent_at = "", now
        try:
            with db.read() as tx:
                email, mail = profile_of(tx, row["worker_id"]).email, compose(tx, row, base_url)
            if email and mail is not None:
                send(box, email, *mail)
                sent += 1
        except (EndpointDown, NotFound) as failed:
            error, sent_at = failed.message[:300], row["sent_at"]
            log.warning("the summary of %s: %s", row["worker_id"], failed.message)
        note = {"worker_id": row["worker_id"], "now": now, "error": error, "sent_at": sent_at}
        db.write(lambda tx, note=note: tx.run("digest_tried", **note))  # type: ignore[misc]
    return sent


def compose(tx: Transaction, person: Row, base_url: str) -> tuple[str, str] | None:
    """Subject and text, or None where there is nothing to say. `person`: worker_id, name, role, language, every."""
    arabic = person["language"] == "ar"
    lines = [*_notices(tx, person["worker_id"], arabic), *_waiting(tx, person, arabic)]
    if person["role"] in MANAGERS:
        lines += _alerts(tx, arabic)
    if not lines:
        return None
    daily = person["every"] == "daily"
    if arabic:
        subject = "توسيم: ملخّص اليوم" if daily else "توسيم: ملخّص الأسبوع"
        head, foot = f"مرحبًا {person['name']}،", "تصلك هذه الرسالة لأنك طلبتها. لإيقافها افتح صفحة حسابك."
    else:
        subject = "Tawsim: your day" if daily else "Tawsim: your week"
        head, foot = f"Hello {person['name']},", "You asked for this mail. Your account page switches it off."
    body = "\n".join(f"- {line}" for line in lines)
    return subject, f"{head}\n\n{body}\n\n{base_url}\n\n{foot}\n"


def _notices(tx: Transaction, worker_id: str, arabic: bool) -> list[str]:
    """Unseen notices, counted by what they are about."""
    groups: dict[str, int] = {}
    for row in tx.all("digest_notices", worker_id=worker_id):
        group = row["kind"].partition(".")[0]
        groups[group if group in ("review", "dispute", "training") else "other"] = (
            groups.get(group if group in ("review", "dispute", "training") else "other", 0) + row["n"]
        )
    words = {
        "review": ("reviews of your answers that you have not seen", "مراجعات لإجاباتك لم ترها بعد"),
        "dispute": ("results of disputes that you have not seen", "نتائج اعتراضات لم ترها بعد"),
        "training": ("news of your training", "أخبار تخص تدريبك"),
        "other": ("other notices", "إشعارات أخرى"),
    }
    return [_counted(groups[one], words[one], arabic) for one in words if groups.get(one)]


def _waiting(tx: Transaction, person: Row, arabic: bool) -> list[str]:
    """What the person could do next, project by project."""
    found = []
    for row in tx.all("project_list"):
        project = rows.project(row)
        counts = tx.one("project_count_get", project_id=project.id)
        if project.state != "running" or counts is None:
            continue
        member = tx.one("member_get", project_id=project.id, worker_id=person["worker_id"])
        may = project.settings.access == "everyone" or (member is not None and member["member"])
        if may and counts["answers_wanted"] - counts["answers"] - counts["leases"] > 0:
            found.append(f"{project.name}: مهام مفتوحة للتوسيم" if arabic else f"{project.name}: tasks are open")
        if person["role"] in REVIEWERS:
            waiting = tx.one("progress_waiting", project_id=project.id)
            assert waiting is not None
            for name, words in (
                ("reviews", ("answers wait for review", "إجابات تنتظر المراجعة")),
                ("disputes", ("disputes wait for a judge", "اعتراضات تنتظر الحكم")),
            ):
                if waiting[name]:
                    found.append(f"{project.name}: " + _counted(waiting[name], words, arabic))
    return found


def _alerts(tx: Transaction, arabic: bool) -> list[str]:
    names = {row["id"]: row["name"] for row in tx.all("project_list")}
    found = []
    for one in alerts.standing(tx):
        words = ALERTS.get(one["kind"])
        if words is not None:
            where = f"{names[one['project_id']]}: " if one["project_id"] in names else ""
            found.append(f"{where}{'تنبيه: ' if arabic else 'alert: '}{words[int(arabic)]}")
    return found


def _counted(n: Any, words: tuple[str, str], arabic: bool) -> str:
    # With a colon, so that every number fits: a count before an Arabic noun would ask for six forms.
    return f"{words[1]}: {n:,}" if arabic else f"{words[0]}: {n:,}"
