"""What the names of columns say, in English and Arabic, before a value is looked at. Lists and rules of names only."""

import re

from tawsim.intake.columns import TEXT_NAMES

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_BREAK = re.compile(r"[\W_]+")


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


TEXTS = frozenset(TEXT_NAMES)
PROMPTS = _names("prompt instruction question query input user_input request سؤال السؤال تعليمات التعليمات طلب الطلب")
RESPONSES = _names(
    "response answer output completion reply generation prediction جواب الجواب إجابة الإجابة رد الرد مخرجات"
)
LABELS = (
    "label", "labels", "gold", "gold_label", "class", "category", "intent", "sentiment", "target", "topic", "topics",
    "emotion", "tag", "verdict", "polarity", "stance", "toxicity", "sarcasm", "dialect", "التصنيف", "تصنيف", "الفئة",
    "فئة", "التسمية", "تسمية", "الوسم", "وسم", "الرأي", "المشاعر", "النية", "الموضوع", "اللهجة", "الحكم", "answer",
    "الإجابة",
)  # fmt: skip
# A scale, if its numbers are few and whole.
SCORES = _names("rating ratings stars star score quality grade تقييم التقييم درجة الدرجة نجوم")
TOKENS = _names("tokens words كلمات الكلمات رموز")
SURROUNDINGS = _names(
    "split subset fold source platform lang language locale model system annotator worker author user username domain "
    "subject dataset version country city doc corpus channel variety المصدر المنصة اللغة الكاتب القسم المجموعة"
)
VOTES = re.compile(
    r"^(annotator|annotation|annotations|vote|votes|judge|worker|rater|coder|n_votes|n_judgements|agreement|decision)"
    r"([\W_].*|\d*)$"
)
PAST = re.compile(r"^(original|old|previous|predicted|pred|model|auto|snorkel|weak|worse|random|aggre|clean)[\W_]")
TIMES = re.compile(r"(^|_)(time|date|timestamp|created|updated|start|end|at|تاريخ|التاريخ|الوقت)($|_)")
_LABEL = re.compile(r"(^|_)labels?_?\d*$")
_SIDE = re.compile(r"^(.*?)_?(a|b|c|d|e|f|[1-9]|first|second|third|left|right|one|two|three|أ|ب|ج|د)$")
_COMPARED = _names(
    "response answer output completion candidate reply generation solution result model translation summary "
    "إجابة الإجابة رد الرد جواب الجواب مرشح ترجمة ملخص"
)
_CHOSEN = (
    ("chosen", "rejected"),
    ("better", "worse"),
    ("preferred", "rejected"),
    ("مقبول", "مرفوض"),
    ("المختار", "المرفوض"),
)
# What two texts are to one another → names of the first, names of the second.
_PAIRS = {
    "diff": (
        "before old original draft source_text قبل الأصل النص_الأصلي",
        "after new corrected edited revised final correction بعد المصحح النص_المصحح التصحيح",
    ),
    "summary": (
        "document article text body content النص المقال الوثيقة",
        "summary highlights abstract tldr الملخص ملخص الخلاصة",
    ),
    "translation": (
        "source src source_text en english text النص المصدر الإنجليزية",
        "target tgt translation ar arabic mt hypothesis الترجمة ترجمة العربية",
    ),
    "claim": (
        "claim statement hypothesis ادعاء الادعاء",
        "evidence source_passage passage premise context الدليل دليل الشاهد",
    ),
}


def plain(name: str) -> str:
    """`responseA`, `Response-A ` → `response_a`: the form in which names are compared."""
    return _BREAK.sub("_", _CAMEL.sub("_", name.strip())).strip("_").casefold()


def is_label(simple: str) -> bool:
    """Whether a plain name is one that labels have: label, sentiment, clean_label, label_2, التصنيف."""
    return simple in LABELS or _LABEL.search(simple) is not None


def groups_of_candidates(columns: list[str]) -> list[tuple[str, ...]]:
    """Columns that stand for the same thing side by side: response_a and response_b, chosen and rejected."""
    known = {plain(name): name for name in reversed(columns)}
    found = [(known[one], known[other]) for one, other in _CHOSEN if one in known and other in known]
    stems: dict[str, list[str]] = {}
    for name in columns:
        side = _SIDE.match(plain(name))
        if side and side[1].rstrip("_") in _COMPARED:
            stems.setdefault(side[1].rstrip("_"), []).append(name)
    return [*found, *(tuple(names) for names in stems.values() if len(names) > 1)]


def pair_of(columns: list[str]) -> tuple[str, str, str] | None:
    """What two text columns are to one another by their names (diff, summary, translation, claim), and which they are."""
    known = {plain(name): name for name in reversed(columns)}
    for kind, (firsts, seconds) in _PAIRS.items():
        first = next((known[one] for one in firsts.split() if one in known), None)
        second = next((known[one] for one in seconds.split() if one in known), None)
        if first is not None and second is not None and first != second:
            return kind, first, second
    return None
