"""The small world of `tawsim demo`: real texts, simulated people, made through the same functions that people use.

Deterministic: every run gives the same answers. One of the people of a project answers at random and one mixes up two
labels, so that the page of trust has something to find. The texts and their licences are in demo_data/NOTICE.
"""

import csv
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import resources
from io import BytesIO
from pathlib import Path
from typing import Any

from tawsim.core.records import Worker
from tawsim.intake.media import MediaFile
from tawsim.labelling.projects import NewProject, create_project
from tawsim.labelling.queue import LeasedTask, next_leases
from tawsim.labelling.submit import Given, submit
from tawsim.loop.demo_team import WorkingDays, add_team
from tawsim.loop.importing import import_rows
from tawsim.loop.media import add_one
from tawsim.loop.template_files import Language, Template, read_template
from tawsim.store.database import Transaction
from tawsim.workspaces.workspace import Workspace, add_worker, open_workspace

FILE = "demo.tawsim"
OVERLAP = 3
FINISHED = 0.9
ROUNDS_A_TRANSACTION = 3
# The careless one and the one who mixes labels up come last.
EAGERNESS = (5, 5, 4, 4, 4)
EAGERNESS_OF_THE_LAST = (4, 3)

# What somebody answers to a text whose true label is given, among all labels.
Habit = Callable[[str, tuple[str, ...], random.Random], str]


@dataclass(frozen=True, slots=True)
class World:
    """One project of the demo: its texts and the people who label them."""

    name: str
    data: str
    title: str
    guideline: str
    labels: tuple[str, ...]
    people: Mapping[str, Habit]


def skilled(accuracy: float) -> Habit:
    """Right this often; else any other label."""

    def answer(true: str, labels: tuple[str, ...], chance: random.Random) -> str:
        return true if chance.random() < accuracy else chance.choice([one for one in labels if one != true])

    return answer


def careless(_true: str, labels: tuple[str, ...], chance: random.Random) -> str:
    """Any label, whatever the text says."""
    return chance.choice(labels)


def mixing(first: str, second: str, share: float) -> Habit:
    """Says one of the two labels for the other in `share` of the cases where one of them is true; else nearly right."""
    other = {first: second, second: first}
    usual = skilled(0.97)

    def answer(true: str, labels: tuple[str, ...], chance: random.Random) -> str:
        if true in other and chance.random() < share:
            return other[true]
        return usual(true, labels, chance)

    return answer


# Other kinds of question, by their templates: names in a text, two answers, boxes on a picture, a conversation.
SAMPLES: tuple[tuple[str, Language], ...] = (
    ("ner", "ar"), ("preference", "ar"), ("image_boxes", "en"), ("chat_rating", "en"),
)  # fmt: skip
WORLDS = (
    World(
        "مشاعر التغريدات",
        "arabic_sentiment.csv",
        "ما شعور كاتب هذه التغريدة؟",
        "اختر «إيجابي» إن كان الكاتب راضيًا أو متفائلًا أو مادحًا، و«سلبي» إن كان شاكيًا أو حزينًا أو منتقدًا.\n\n"
        "احكم على شعور الكاتب لا على رأيك في الموضوع. إن تعذّر الحكم فتخطَّ المهمة واكتب السبب.",
        ("إيجابي", "سلبي"),
        {
            "ليلى": skilled(0.97),
            "عمر": skilled(0.93),
            "سلمى": skilled(0.9),
            "يوسف": skilled(0.94),
            "مريم": skilled(0.91),
            "زياد": careless,
            "هند": mixing("إيجابي", "سلبي", 0.8),
        },
    ),
    World(
        "Bank questions",
        "bank_intents.csv",
        "What does the customer want?",
        "Choose what the customer wants done, not what they are angry about.\n\n"
        "“card arrival”: a card that was sent and has not come. “lost or stolen card”: a card that the customer had and has "
        "no more.",
        ("card arrival", "lost or stolen card", "exchange rate", "top up failed", "change pin", "terminate account"),
        {
            "Maya": skilled(0.97),
            "Sam": skilled(0.92),
            "Ines": skilled(0.86),
            "Rob": careless,
            "Tom": mixing("card arrival", "lost or stolen card", 0.8),
        },
    ),
)


def build_demo(folder: Path) -> Path:
    """A workspace file in `folder` with two projects, about nine tenths labelled, and four of other kinds of question with a
    few tasks each, untouched. Raises AlreadyExists for a second one."""
    clock = WorkingDays()
    workspace = open_workspace(folder / FILE, create=True, owner="You", clock=clock)
    try:
        plays = [_Play(workspace, world, 20_261_121 + number) for number, world in enumerate(WORLDS)]
        while any(play.left > 0 for play in plays):  # in turn, so that each world has its part of every day
            for play in plays:
                clock.at(1 - play.left / play.whole)
                play.turn(clock)
        add_team(workspace, plays[0].project, plays[0].workers, plays[0].true)
        for name, language in SAMPLES:
            _add_sample(workspace, read_template(name, language))
    finally:
        workspace.close()
    return folder / FILE


def _add_sample(workspace: Workspace, template: Template) -> None:
    """The project of a template with its sample rows, for the visitor to try."""
    db, owner = workspace.db, workspace.owner_id
    new = template.plan.new_project(template.title)
    project = db.write(lambda tx: create_project(tx, owner, f"demo/{template.id}", new))
    for name, data in template.media_files().items():
        add_one(db, project, MediaFile(name, name, partial(BytesIO, data)), actor_id=owner)
    import_rows(db, project, template.rows, actor_id=owner, key=f"demo/{template.id}", source=template.id)


class _Play:
    """One world while it is played: its project, its people, and how many answers are `left` to give."""

    def __init__(self, workspace: Workspace, world: World, seed: int) -> None:
        db, owner = workspace.db, workspace.owner_id
        texts = read_texts(world.data)
        self.db, self.world, self.chance = db, world, random.Random(seed)  # noqa: S311  (a play, not a secret)
        self.project = db.write(lambda tx: create_project(tx, owner, f"demo/{world.name}", _new(world)))
        rows = [{"text": one["text"], "source_id": one["source_id"]} for one in texts]
        import_rows(db, self.project, rows, actor_id=owner, key="demo", source=world.data)
        self.workers = db.write(lambda tx: _hire(tx, owner, world))
        self.weights = (*EAGERNESS[: len(self.workers) - 2], *EAGERNESS_OF_THE_LAST)
        self.true = {one["text"]: one["expected"] for one in texts}
        self.whole = self.left = int(len(texts) * OVERLAP * FINISHED)

    def turn(self, clock: WorkingDays) -> None:
        """Some people take a few tasks each, and answer them a little later."""
        if self.left <= 0:
            return
        who = self.chance.choices(self.workers, weights=self.weights, k=ROUNDS_A_TRANSACTION)
        turns = [(worker, self.chance.randint(2, 5)) for worker in who]
        held = self.db.write(lambda tx: self._lease(tx, turns))
        answers = [self._answer(worker, lease.content["text"]) for worker, lease in held]
        clock.later(sum(spent for _, spent in answers))
        self.db.write(lambda tx: self._submit(tx, held, answers))
        self.left = self.left - len(held) if held else 0

    def _lease(self, tx: Transaction, turns: list[tuple[Worker, int]]) -> list[tuple[Worker, LeasedTask]]:
        found: dict[str, tuple[Worker, LeasedTask]] = {}
        for worker, count in turns:
            most = min(count, self.left - len(found))
            for lease in next_leases(tx, self.project.id, worker.id, most).leases if most > 0 else ():
                found[lease.lease_id] = worker, lease  # whoever comes twice holds the same ones
        return list(found.values())

    def _answer(self, worker: Worker, text: str) -> tuple[str, float]:
        """A label, and the seconds it took: longer texts take longer, the careless one takes none of it to heart."""
        habit = self.world.people[worker.name]
        seconds = 2.0 if habit is careless else 4.0 + 0.06 * len(text)
        label = habit(self.true[text], self.world.labels, self.chance)
        return label, round(seconds * self.chance.uniform(0.6, 1.6), 1)

    def _submit(self, tx: Transaction, held: list[tuple[Worker, LeasedTask]], answers: list[tuple[str, float]]) -> None:
        for (worker, lease), (label, spent) in zip(held, answers, strict=True):
            given = Given(spent_ms=int(spent * 1000))
            submit(tx, worker.id, lease.lease_id, f"demo/{lease.lease_id}", {"label": label}, given).or_raise()


def _new(world: World) -> NewProject:
    question = {"kind": "choice", "name": "label", "title": world.title, "labels": list(world.labels)}
    return NewProject(name=world.name, questions=[question], guideline=world.guideline, overlap=OVERLAP)


def _hire(tx: Transaction, owner_id: str, world: World) -> list[Worker]:
    return [add_worker(tx, owner_id, f"demo/{name}", name, kind="simulated") for name in world.people]


def read_texts(name: str) -> list[dict[str, Any]]:
    """The rows of one of the demo's files: source_id, text, and the label that its authors gave (`expected`)."""
    text = resources.files("tawsim.loop").joinpath("demo_data", name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
