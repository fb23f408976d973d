"""Every name that a filter of the task table may use: its type, its operators, whether one can sort by it, who may ask.

An allow-list and nothing else: a name stands for one column of figures that the table keeps. No name leads to another
table, and there is no way to write one that would.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from tawsim.core.records import Role

Type = Literal["number", "share", "date", "flag", "word", "name", "text"]
COMPARING = (":", "<", "<=", ">", ">=")
TEAM: frozenset[Role] = frozenset({"owner", "manager", "reviewer"})
LEADS: frozenset[Role] = frozenset({"owner", "manager"})


@dataclass(frozen=True, slots=True)
class Name:
    """One name. `type`: a whole number, a share (0..1), a date, a flag (yes or no), one of `words`, a name that somebody gave
    (label, tag, person), or words of the row. `says` is its line in the documentation."""

    name: str
    type: Type
    says: str
    words: tuple[str, ...] = ()
    sorts: bool = False
    roles: frozenset[Role] = TEAM

    @property
    def operators(self) -> tuple[str, ...]:
        """What may stand between the name and its value."""
        return COMPARING if self.type in ("number", "share", "date") else (":",)


_ALL = (
    Name("seq", "number", "The number of the task, from 1 in the order of import.", sorts=True),
    Name("state", "word", "`open` wants answers, `done` has them, `skipped` was set aside after skips, `removed` is out "
         "(and only shown where it is asked for).", ("open", "done", "skipped", "removed")),
    Name("accepted", "number", "How many answers count.", sorts=True),
    Name("overlap", "number", "How many answers are wanted.", sorts=True),
    Name("missing", "number", "How many answers are still wanted.", sorts=True),
    Name("leases", "number", "How many people have it open at this moment."),
    Name("skips", "number", "How many people skipped it in this round.", sorts=True),
    Name("round", "number", "0, and one more with each reopening.", sorts=True),
    Name("priority", "number", "From −100 to 100; what is higher comes first.", sorts=True),
    Name("due", "date", "The day by which it is wanted; `none` where there is none.", sorts=True),
    Name("late", "flag", "Due before now and not done."),
    Name("changed", "date", "When its latest answer was given or edited; `none` without answers.", sorts=True),
    Name("label", "name", "What the truth of it is, as the project's first question has it; `none` where nobody answered."),
    Name("p", "share", "How probable that truth is.", sorts=True),
    Name("answer", "name", "Somebody answered it with this label (questions of one label)."),
    Name("distinct", "number", "How many different answers it has.", sorts=True),
    Name("disagree", "flag", "It has answers that are not all the same."),
    Name("flagged", "flag", "Somebody flagged it while answering."),
    Name("comment", "flag", "Somebody left a comment on it."),
    Name("reviewed", "word", "What reviews of its answers said; `none` where nobody reviewed.",
         ("accepted", "fixed", "rejected", "none")),
    Name("tag", "name", "It has this tag; `none` for tasks without any."),
    Name("worker", "name", "This person's answer to it counts.", roles=LEADS),
    Name("purpose", "word", "`work` is labelled, `gold` and `training` have a known answer.", ("work", "gold", "training"),
         roles=LEADS),
    Name("lane", "name", "Only people of this language, dialect, skill or group, or only this person, may have it; `none` for "
         "everybody's.", roles=LEADS),
    Name("batch", "name", "It came in this batch; `none` for tasks of no batch.", roles=LEADS),
    Name("text", "text", "The row has these words, wherever they stand in it. Three characters at least. Letters with and "
         "without marks, hamza, tatweel or capitals are the same."),
)  # fmt: skip

NAMES: Mapping[str, Name] = {one.name: one for one in _ALL}


def names_for(role: Role) -> tuple[Name, ...]:
    """The names that this role may use, in the order of the documentation."""
    return tuple(one for one in NAMES.values() if role in one.roles)
