"""The page of truth says in the reader's language why a model was taken: every reason the server gives has its words."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
GIVEN = re.compile(r'(?:return "\w+", |else \(model, )Why\(\s*"(\w+)"')
SAID = re.compile(r"(\w+): '(\w+)'")


def test_every_reason_for_a_model_has_words_in_both_languages() -> None:
    codes = set(GIVEN.findall((ROOT / "src/tawsim/truth/infer.py").read_text(encoding="utf-8")))
    assert {"gold", "learned", "many_labels", "asked"} <= codes
    page = (ROOT / "web/src/app/truth/TruthPage.svelte").read_text(encoding="utf-8")
    said = dict(SAID.findall(page.split("const WHY", 1)[1].split("};", 1)[0]))
    assert codes <= said.keys()
    for language in ("en", "ar"):
        words = json.loads((ROOT / f"web/src/messages/{language}.json").read_text(encoding="utf-8"))
        assert [key for key in said.values() if not words.get(key)] == []
