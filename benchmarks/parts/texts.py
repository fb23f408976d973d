"""Made rows to label: Arabic and English in turn, 15 to 45 words, none alike, the same for the same seed."""

import csv
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

LABELS = ("positive", "negative", "neutral")
ENGLISH = "order came early and well packed but its colour is not what they showed so i sent it back the next day"
ARABIC = "وصل الطلب مبكرا ومغلفا جيدا لكن لونه ليس كما عرضوه فأعدته في اليوم التالي وكان الرد لطيفا وسريعا"


def rows(count: int, *, seed: int = 1) -> Iterator[dict[str, Any]]:
    """Rows of text, ref and lang."""
    chance = random.Random(seed)
    words = {"en": ENGLISH.split(), "ar": ARABIC.split()}
    for ref in range(count):
        lang = "ar" if ref % 2 else "en"
        text = " ".join(chance.choices(words[lang], k=chance.randint(15, 45)))
        yield {"text": f"{ref}: {text}", "ref": ref, "lang": lang}


def write_csv(path: Path, count: int, *, seed: int = 1) -> Path:
    """The rows as a CSV file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ("text", "ref", "lang"))
        writer.writeheader()
        writer.writerows(rows(count, seed=seed))
    return path
