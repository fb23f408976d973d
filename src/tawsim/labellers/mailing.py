"""Sending mail through the SMTP server that the machine's owner named in the environment. What a mail says is not here.

Off unless `TAWSIM_SMTP_HOST` and `TAWSIM_SMTP_FROM` are set. No user of Tawsim names this server, so it may be a private one.
"""

import os
import smtplib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Literal

from tawsim.core.errors import BadInput, EndpointDown

TIMEOUT_S = 20
Security = Literal["starttls", "tls", "none"]


@dataclass(frozen=True, slots=True)
class Mailbox:
    """How mail leaves this machine."""

    host: str
    port: int
    sender: str
    user: str = ""
    password: str = field(default="", repr=False)
    security: Security = "starttls"


def mailbox(environment: Mapping[str, str] = os.environ) -> Mailbox | None:
    """What the environment says, or None where no mail is wanted. Raises BadInput for what cannot be."""
    host, sender = environment.get("TAWSIM_SMTP_HOST", ""), environment.get("TAWSIM_SMTP_FROM", "")
    if not host or not sender:
        return None
    security = environment.get("TAWSIM_SMTP_TLS", "starttls")
    if security not in ("starttls", "tls", "none"):
        raise BadInput(f"TAWSIM_SMTP_TLS is starttls, tls or none, not {security[:20]!r}.")
    user = environment.get("TAWSIM_SMTP_USER", "")
    if security == "none" and user:
        raise BadInput("TAWSIM_SMTP_TLS=none would send the password in the clear.", "Use starttls or tls.")
    port = environment.get("TAWSIM_SMTP_PORT", "465" if security == "tls" else "587")
    if not port.isdecimal() or not 1 <= int(port) <= 65_535:
        raise BadInput(f"TAWSIM_SMTP_PORT is a number from 1 to 65535, not {port[:20]!r}.")
    return Mailbox(host, int(port), sender, user, environment.get("TAWSIM_SMTP_PASSWORD", ""), security)  # type: ignore[arg-type]


def send_mail(box: Mailbox, to: str, subject: str, text: str) -> None:
    """One mail of plain text to one person. Raises EndpointDown with what the server said."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = box.sender, to, subject
    mail["Date"], mail["Message-ID"] = formatdate(), make_msgid(domain="tawsim.invalid")
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(text)
    try:
        with _connected(box) as line:
            if box.user:
                line.login(box.user, box.password)
            line.send_message(mail)
    except (smtplib.SMTPException, OSError, UnicodeError) as error:
        said = getattr(error, "smtp_error", b"") or str(error)
        told = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
        raise EndpointDown(
            f"The mail server {box.host} did not take the mail: {told[:200]}", "See its settings."
        ) from error


def _connected(box: Mailbox) -> smtplib.SMTP:
    safe = ssl.create_default_context()
    if box.security == "tls":
        return smtplib.SMTP_SSL(box.host, box.port, timeout=TIMEOUT_S, context=safe)
    line = smtplib.SMTP(box.host, box.port, timeout=TIMEOUT_S)
    if box.security == "starttls":
        try:
            line.starttls(context=safe)  # raises where the server has none: nothing goes in the clear instead
        except BaseException:
            line.close()
            raise
    return line
