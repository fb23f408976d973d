"""Templates of usual jobs: each a project file with sample rows, in English and in Arabic, in `templates/`. Reads only.

A file is a `tawsim.toml` with two more tables: [template] says what it is for, [[row]] holds sample rows. Pictures and
sounds that its rows name are made by sample_media.py from [template.media].
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any, Literal

from tawsim.core.errors import NotFound
from tawsim.loop.project_file import parse_toml, plan_of_tables
from tawsim.loop.project_plan import ProjectPlan, plan_json
from tawsim.loop.sample_media import make_media

Language = Literal["en", "ar"]
LANGUAGES: tuple[Language, ...] = ("en", "ar")
# In the order in which they are offered; the groups are headings of the page.
GROUPS: Mapping[str, tuple[str, ...]] = {
    "texts": ("sentiment", "intent", "topic_tree", "ner", "relations", "toxicity", "dialect", "fact_check"),
    "models": (
        "preference", "best_of_n", "rubric", "chat_rating", "sft_demonstration", "red_team", "summary_quality",
        "translation_quality",
    ),
    "media": ("ocr_check", "image_boxes", "transcription", "audio_quality"),
}  # fmt: skip
TEMPLATES: tuple[str, ...] = tuple(name for group in GROUPS.values() for name in group)


@dataclass(frozen=True, slots=True)
class Template:
    """A usual job: `title` and `what` it is for, the plan of its project, sample rows, and how its media are drawn."""

    id: str
    language: Language
    group: str
    title: str
    what: str
    plan: ProjectPlan
    rows: tuple[Mapping[str, Any], ...]
    media: Mapping[str, Mapping[str, Any]]

    def media_files(self) -> dict[str, bytes]:
        """Name → bytes of the pictures and sounds of the sample rows, made here."""
        return {name: make_media(name, drawn) for name, drawn in self.media.items()}


def list_templates(language: Language = "en") -> list[Template]:
    """All templates in a language, in the order in which they are offered."""
    return [read_template(name, language) for name in TEMPLATES]


@lru_cache(maxsize=64)
def read_template(name: str, language: Language = "en") -> Template:
    """One template. Raises NotFound that lists those there are."""
    if name not in TEMPLATES or language not in LANGUAGES:
        raise NotFound(f"There is no template “{name[:60]}” in the language “{language[:20]}”.", ", ".join(TEMPLATES))
    file = f"{name}.{language}.toml"
    text = resources.files("tawsim.loop").joinpath("templates", file).read_text(encoding="utf-8")
    tables = parse_toml(text, file)
    about, rows = tables.pop("template"), tables.pop("row")
    plan = plan_of_tables(tables, text, file)
    group = next(group for group, names in GROUPS.items() if name in names)
    return Template(name, language, group, about["title"], about["what"], plan, tuple(rows), about.get("media", {}))


def template_json(one: Template, *, whole: bool = True) -> dict[str, Any]:
    """A template as JSON; in a list without its plan and rows."""
    kinds = [question["kind"] for question in one.plan.questions]
    head = {
        "id": one.id, "language": one.language, "group": one.group, "title": one.title, "what": one.what,
        "kinds": list(dict.fromkeys(kinds)), "blocks": [block["kind"] for block in one.plan.content],
    }  # fmt: skip
    if not whole:
        return head
    rows = [dict(row) for row in one.rows]
    return {**head, "plan": plan_json(one.plan), "rows": rows, "media": sorted(one.media)}
