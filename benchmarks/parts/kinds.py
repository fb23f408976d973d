"""For each kind of question: a project, rows, and the keys of one answer. The pictures and sounds are made here."""

import base64
import io
import json
import math
import random
import struct
import wave
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

WORDS = (
    *("الخدمة", "سريعة", "والموظف", "متعاون", "جدًا", "لكن", "السعر", "مرتفع", "قليلًا", "شكرًا"),
    *("the", "parcel", "came", "early", "and", "in", "one", "piece"),
)


def text_of(number: int, words: int = 30) -> str:
    """A text of mixed Arabic and English, the same for the same number."""
    chance = random.Random(number)
    return f"{number} " + " ".join(chance.choice(WORDS) for _ in range(words))


def _png(number: int) -> str:
    width, height = 640, 420
    line = b"".join(bytes(((x + number * 7) % 256, (x * 2) % 256, 120)) for x in range(width))
    raw = b"".join(b"\0" + line for _ in range(height))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")
    return "data:image/png;base64," + base64.b64encode(data).decode()


def _wav(number: int) -> str:
    held = io.BytesIO()
    with wave.open(held, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        tone = 220 + number % 200
        file.writeframes(b"".join(struct.pack("<h", int(9000 * math.sin(t * tone / 1273))) for t in range(8000 * 2)))
    return "data:audio/wav;base64," + base64.b64encode(held.getvalue()).decode()


def _plain(number: int) -> dict[str, Any]:
    return {"text": text_of(number)}


def _pair(number: int) -> dict[str, Any]:
    return {"text": text_of(number, 12), "one": text_of(number + 1, 60), "two": text_of(number + 2, 60)}


def _talk(number: int) -> dict[str, Any]:
    roles = ("user", "assistant", "user", "assistant")
    return {
        "messages": [{"role": role, "content": text_of(number * 10 + place, 25)} for place, role in enumerate(roles)]
    }


@dataclass(frozen=True)
class Script:
    """A project of one question, and how one answer is given: `keys`, then `last`, which submits. `ready` is a selector
    that is there once the question can be answered."""

    name: str
    question: dict[str, Any]
    keys: tuple[str, ...]
    last: str
    row: Callable[[int], dict[str, Any]] = _plain
    content: list[dict[str, Any]] = field(default_factory=list)
    text_column: str = "text"
    ready: str = ""

    def named(self, name: str) -> "Script":
        """The same under another name."""
        return replace(self, name=name)


def _question(kind: str, **more: Any) -> dict[str, Any]:
    return {"kind": kind, "name": "q", "title": "", **more}


PICTURE = {
    "content": [{"kind": "image", "column": "image"}],
    "text_column": "image",
    "row": lambda n: {"image": _png(n)},
}
SCRIPTS: tuple[Script, ...] = (
    Script("choice", _question("choice", labels=["إيجابي", "سلبي", "neutral"]), (), "1"),
    Script("choices", _question("choices", labels=["price", "سرعة", "staff", "جودة"]), ("1", "3"), "Enter"),
    Script("number", _question("number", low=0, high=100), ("4", "2"), "Enter"),
    Script("scale", _question("scale", low=1, high=5), (), "4"),
    Script("text", _question("text"), ("e", "a", "b", "c", "d"), "Control+Enter"),
    Script("spans", _question("spans", labels=["PER", "ORG", "مكان"]), ("ArrowLeft", "ArrowLeft", "1"), "Control+Enter"),
    Script("pairwise", _question("pairwise", candidates=["one", "two"]), (), "1", row=_pair),
    Script("ranking", _question("ranking", candidates=["text", "one", "two"]), ("2", "1", "3"), "Control+Enter",
           row=lambda n: {**_pair(n), "prompt": text_of(n, 8)}, content=[{"kind": "text", "column": "prompt"}],
           text_column="prompt"),
    Script("rubric", _question("rubric", criteria=[{"name": "correct"}, {"name": "clear"}, {"name": "complete"}]),
           ("4", "3", "5"), "Control+Enter"),
    Script("chat", _question("chat", on="messages", rating={"labels": ["good", "bad"]}), ("1", "2"), "Control+Enter",
           row=_talk, content=[{"kind": "chat", "column": "messages"}], text_column="messages"),
    Script("boxes", _question("boxes", labels=["قطة", "dog"]), ("b", "ArrowRight", "ArrowDown"), "Control+Enter",
           ready="[data-testid=question] svg", **PICTURE),
    Script("polygons", _question("polygons", labels=["حقل", "road"]),
           ("ArrowRight", "Space", "Shift+ArrowRight", "Space", "Shift+ArrowDown", "Space", "Enter"), "Control+Enter",
           ready="[data-testid=question] svg", **PICTURE),
    Script("keypoints", _question("keypoints", labels=["عين", "nose"]), ("1", "ArrowRight", "Space"), "Control+Enter",
           ready="[data-testid=question] svg", **PICTURE),
    Script("segments", _question("segments", labels=["caller", "وكيل"], transcript=False), ("i", "ArrowRight", "o"),
           "Control+Enter", row=lambda n: {"audio": _wav(n)}, content=[{"kind": "audio", "column": "audio"}],
           text_column="audio", ready="[data-testid=question] canvas"),
)  # fmt: skip


def _labels() -> list[str]:
    """5,000 labels in a tree of three levels, of distinct made-up words."""
    chance = random.Random(5)
    letters, vowels = "bdfgklmnprstvz", "aeiou"

    def word() -> str:
        return "".join(chance.choice(letters) + chance.choice(vowels) for _ in range(4))

    found: dict[str, None] = {}
    tops = [word() for _ in range(10)]
    while len(found) < 5_000:
        found[f"{chance.choice(tops)}/{word()}/{word()}"] = None
    return list(found)


TREE = Script("tree", _question("choice", labels=_labels(), separator="/"), (), "Enter")


def tree_queries(count: int) -> list[tuple[str, str]]:
    """Labels drawn at random with what a person would type for each: the first letters of its parts, then of its last."""
    chance = random.Random(11)
    drawn = chance.sample(TREE.question["labels"], count)
    return [(label, label.split("/")[-1][:3]) for label in drawn]


if __name__ == "__main__":
    print(json.dumps({script.name: script.row(1) for script in SCRIPTS}, ensure_ascii=False)[:500])
