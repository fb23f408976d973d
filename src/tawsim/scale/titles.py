"""Headings of the questions for which a task brings none, in both languages of the pages: a task may go to speakers of either.
What customers sent as a title stays as it is."""

from collections.abc import Mapping

EACH_LINE = "one per line · واحد في كل سطر"
IN_ORDER = "one per line, in the order of the boxes from the top · واحد في كل سطر، بترتيب المستطيلات من الأعلى"
OWN: Mapping[str, str] = {
    "category": "Which category? · أيّ فئة؟",
    "choice": "Your choice · اختيارك",
    "better": "Which is better? · أيّهما أفضل؟",
    "text": "Your answer · إجابتك",
    "entities": "Mark the entities · حدِّد الكيانات",
    "regions": "Draw a box around each · ارسم مستطيلًا حول كلٍّ منها",
    "box": "Boxes · مستطيلات",
    "polygon": "Outlines · مضلّعات",
    "point": "Points · نقاط",
    "preference": "Which response is better? · أيّ الردّين أفضل؟",
    "ranking": "Rank the responses, the best first · رتِّب الردود، الأفضل أوّلًا",
    "response": "Write the response · اكتب الردّ",
    "rewrite": "Rewrite the better response · أعِد كتابة الردّ الأفضل",
    "rating": "Rate the responses · قيِّم الردود",
    "rewrites": "Rewrite what could be better · أعِد كتابة ما يمكن تحسينه",
    "talk": "Talk with the model · حاوِر النموذج",
    "justification": "Why? · لماذا؟",
}


def sent(title: str) -> str:
    """The title if a customer sent it; "" for one of ours, which no response should hold."""
    return "" if title in OWN.values() else title
