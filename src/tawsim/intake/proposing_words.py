"""Why a column was read as it was, and what is asked: sentences in English and Arabic, by code. Words only."""

from collections.abc import Mapping
from typing import Any, Literal

Language = Literal["en", "ar"]

# code → (English, Arabic). Figures stand after a colon, so that no plural has to be formed.
WHY: Mapping[str, tuple[str, str]] = {
    "empty": ("It is empty in the rows that were read.", "هذا العمود فارغ في الصفوف التي قُرئت."),
    "messages": ("Every cell is a conversation: messages with a role and a text.", "كل خلية محادثة: رسائل لكل منها دور ونص."),
    "tokens": ("Every cell is a list of words.", "كل خلية قائمة كلمات."),
    "tags": ("Tags of words in BIO form. Tags: {values}.", "وسوم للكلمات بصيغة BIO. الوسوم: {values}."),
    "tags_nested": ("Further layers of BIO tags.", "طبقات إضافية من وسوم BIO."),
    "list_of_texts": ("Every cell is a list of texts to compare.", "كل خلية قائمة نصوص تُقارَن."),
    "list_of_labels": ("Every cell is a list of a few short values: {n}.", "كل خلية قائمة قيم قصيرة عددها الكلي قليل: {n}."),
    "votes": ("Answers that somebody gave before; nobody is shown them.", "إجابات أعطاها آخرون من قبل؛ لا تُعرض على أحد."),
    "table": ("Every cell is a small table.", "كل خلية جدول صغير."),
    "object": ("Every cell is an object with fields of its own.", "كل خلية كائن له حقوله."),
    "image_name": ("Names of pictures, such as {example}.", "أسماء صور، مثل {example}."),
    "image_data": ("Pictures inside the file.", "صور مضمّنة في الملف."),
    "audio_name": ("Names of sound files, such as {example}.", "أسماء ملفات صوتية، مثل {example}."),
    "audio_data": ("Sounds inside the file.", "أصوات مضمّنة في الملف."),
    "url": ("Addresses of the web. Nothing is fetched from outside.", "عناوين ويب. لا يُجلب شيء من الخارج."),
    "id_name": ("By its name it only identifies the row.", "يدل اسمه على أنه مجرد معرّف للصف."),
    "id_values": ("Every value is different and reads like a code.", "كل قيمة مختلفة وتشبه رمزًا."),
    "time": ("Dates or times.", "تواريخ أو أوقات."),
    "surroundings": ("Where the row comes from; not what is judged.", "يصف مصدر الصف، لا ما يُحكم عليه."),
    "label_name": (
        "Few different values ({n}) under a name that labels have: it looks like a label that is there already. "
        "Those who label are not shown it.",
        "قيم مختلفة قليلة ({n}) واسم من أسماء التصنيفات: يبدو تصنيفًا موجودًا من قبل. لا يُعرض على من يصنّفون.",
    ),
    "label_values": (
        "Few different short values ({n}), repeated: it looks like a label that is there already. "
        "Those who label are not shown it.",
        "قيم قصيرة مختلفة قليلة ({n}) تتكرر: يبدو تصنيفًا موجودًا من قبل. لا يُعرض على من يصنّفون.",
    ),
    "yes_no": ("True or false.", "صحيح أو خطأ."),
    "score": (
        "Whole numbers from {low} to {high} under a name that ratings have.",
        "أعداد صحيحة من {low} إلى {high} واسم من أسماء التقييمات.",
    ),
    "number": ("Numbers from {low} to {high}.", "أعداد من {low} إلى {high}."),
    "candidate": ("By its name it is one of several answers to compare.", "يدل اسمه على أنه إحدى إجابات تُقارَن."),
    "prompt": ("By its name it is what was asked.", "يدل اسمه على أنه السؤال أو الطلب."),
    "response": ("By its name it is what was answered.", "يدل اسمه على أنه الجواب."),
    "text_name": ("Text, under a usual name for it.", "نص، واسمه من الأسماء المعتادة للنصوص."),
    "text_long": ("Text. Characters on average: {length}.", "نص. متوسط عدد الأحرف: {length}."),
    "markdown": (
        "Text with marks of Markdown, such as headings, lists or code.",
        "نص فيه علامات Markdown، كالعناوين والقوائم والشيفرة.",
    ),
    "short": ("Short values, most of them different.", "قيم قصيرة معظمها مختلف."),
}  # fmt: skip

# What the whole proposal is, and each alternative.
LAYOUT: Mapping[str, tuple[str, str]] = {
    "spans": ("Mark spans in the text that the words make.", "تحديد مقاطع في النص المكوَّن من الكلمات."),
    "chat": ("Rate the replies of a conversation.", "تقييم الردود في محادثة."),
    "pairwise": ("Say which of two is better.", "الحكم بأيّ الاثنين أفضل."),
    "ranking": ("Put several in order, best first.", "ترتيب عدة نصوص من الأفضل إلى الأدنى."),
    "image_label": ("Choose a label for each picture.", "اختيار تصنيف لكل صورة."),
    "boxes": ("Draw boxes around what is in the picture.", "رسم صناديق حول ما في الصورة."),
    "ocr": ("Compare the text with the picture and correct it.", "مقارنة النص بالصورة وتصحيحه."),
    "transcription": ("Write down what is heard, piece by piece.", "تدوين المسموع مقطعًا مقطعًا."),
    "transcript_check": ("Listen and correct the transcript.", "الاستماع وتصحيح التفريغ."),
    "audio_label": ("Choose a label for each sound.", "اختيار تصنيف لكل مقطع صوتي."),
    "diff": ("Judge a change from one text to the other.", "الحكم على تغيير بين نصين."),
    "summary": ("Rate a summary beside its text.", "تقييم ملخص إلى جانب نصه."),
    "translation": ("Rate a translation beside its source.", "تقييم ترجمة إلى جانب أصلها."),
    "claim": ("Check a claim against its evidence.", "التحقق من ادعاء بحسب دليله."),
    "response": ("Rate an answer beside what was asked.", "تقييم جواب إلى جانب سؤاله."),
    "demonstration": ("Write a good answer to what is asked.", "كتابة جواب جيد عن المطلوب."),
    "choice": ("Choose one label for each text.", "اختيار تصنيف واحد لكل نص."),
    "choices": ("Choose all labels that fit each text.", "اختيار كل التصنيفات المناسبة لكل نص."),
    "scale": ("Rate each text on a scale.", "تقييم كل نص على مقياس."),
    "all_labels": ("Ask for every label that the file holds.", "السؤال عن كل تصنيف في الملف."),
    "mark": ("Mark spans in the text.", "تحديد مقاطع في النص."),
    "table": ("Judge a table.", "الحكم على جدول."),
    "nothing": (
        "The file holds answers or codes, but nothing to show and judge. To infer the truth of answers: tawsim infer.",
        "في الملف إجابات أو رموز، وليس فيه ما يُعرض ليُحكم عليه. لاستنتاج الحقيقة من إجابات: tawsim infer.",
    ),
}  # fmt: skip

NOTES: Mapping[str, tuple[str, str]] = {
    "placeholder": (
        "The file does not say which labels there are; these are examples, to be replaced.",
        "لا يذكر الملف التصنيفات الممكنة؛ هذه أمثلة تُستبدل.",
    ),
    "joined": (
        "The words are joined by single spaces into the column “text”; offsets count in that text.",
        "تُوصل الكلمات بمسافات مفردة في العمود «text»، وتُحسب المواضع في ذلك النص.",
    ),
    "hidden": ("Not shown to those who label: {columns}.", "لا يُعرض على من يصنّفون: {columns}."),
    "codes": ("The labels are codes; say in the guideline what each means.", "التصنيفات رموز؛ بيّن في الدليل معنى كل منها."),
    "cut": ("More labels may stand further down in the file.", "قد ترد تصنيفات أخرى في بقية الملف."),
    "media": ("The files that the rows name are imported beside the rows.", "الملفات التي تسميها الصفوف تُستورد معها."),
}  # fmt: skip

# Titles of questions and example labels, where the file names none.
ASK: Mapping[str, tuple[str, str]] = {
    "label": ("Which label fits?", "ما التصنيف المناسب؟"),
    "labels": ("Which labels fit?", "ما التصنيفات المناسبة؟"),
    "spans": ("Mark what is named in the text.", "حدّد ما يُسمّى في النص."),
    "better": ("Which is better?", "أيّهما أفضل؟"),
    "order": ("Put them in order, best first.", "رتّبها من الأفضل إلى الأدنى."),
    "rating": ("How good is it?", "ما مدى جودته؟"),
    "replies": ("How good is each reply?", "ما جودة كل رد؟"),
    "boxes": ("Draw a box around each.", "ارسم صندوقًا حول كل منها."),
    "corrected": ("Correct the text where it differs.", "صحّح النص حيث يختلف."),
    "segments": ("Who says what, and when?", "من يقول ماذا، ومتى؟"),
    "improved": ("Is the second text better than the first?", "هل النص الثاني أفضل من الأول؟"),
    "faithful": ("Is it true to the text?", "هل هو أمين للنص؟"),
    "supported": ("What does the evidence say about the claim?", "ماذا يقول الدليل عن الادعاء؟"),
    "answer": ("Write the best answer.", "اكتب أفضل جواب."),
}  # fmt: skip
LABELS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "label": (("positive", "negative", "neutral"), ("إيجابي", "سلبي", "محايد")),
    "boxes": (("object", "other"), ("جسم", "غير ذلك")),
    "spans": (("person", "place", "organisation"), ("شخص", "مكان", "منظمة")),
    "improved": (("better", "the same", "worse"), ("أفضل", "مثله", "أسوأ")),
    "supported": (("supported", "refuted", "not enough information"), ("يؤيده", "ينفيه", "لا يكفي")),
    "yes_no": (("yes", "no"), ("نعم", "لا")),
}  # fmt: skip


def say(
    table: Mapping[str, tuple[str, str]], code: str, language: Language, facts: Mapping[str, Any] | None = None
) -> str:
    """The sentence of a code in a language, with its figures."""
    return table[code][1 if language == "ar" else 0].format_map(facts or {})


def sample_labels(code: str, language: Language) -> list[str]:
    """Example labels of a code in a language."""
    return list(LABELS[code][1 if language == "ar" else 0])
