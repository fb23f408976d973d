"""The words of the report in English and Arabic. A key has the same places ({n}, {share} …) in both. No logic."""

from typing import Any

from tawsim.core.errors import BadInput

LANGUAGES = {"en": "ltr", "ar": "rtl"}

WORDS: dict[str, tuple[str, str]] = {
    "title": ("What is the truth, and how sure is it?", "ما الحقيقة، وما مدى الثقة بها؟"),
    "summary": (
        "{share} of the answered tasks have an answer with a probability of {threshold} or more.",
        "{share} من المهام المجاب عنها لها جواب يبلغ احتمال صحته {threshold} أو أكثر.",
    ),
    "comma": (", ", "، "),
    "tasks": ("tasks", "المهام"),
    "answers": ("answers", "الإجابات"),
    "workers": ("workers", "الموسّمون"),
    "mean_p": ("mean p", "متوسط p"),
    "expected_errors": ("errors expected", "أخطاء متوقعة"),
    "how": ("How it was inferred", "كيف استُنتجت"),
    "kind": ("Kind of answers", "نوع الإجابات"),
    "model": ("Model", "النموذج"),
    "weighed": ("Models that were weighed", "النماذج التي وُزنت"),
    "sure": ("How sure", "ما مدى الثقة"),
    "sure_explain": (
        "Each answered task by the probability p that its answer is right. The dashed line stands at {threshold}.",
        "المهام المجاب عنها بحسب احتمال صحة جوابها p. والخط المتقطع عند {threshold}.",
    ),
    "sure_explain_confidence": (
        "Each answered task by the confidence in its answer. The dashed line stands at {threshold}.",
        "المهام المجاب عنها بحسب الثقة بجوابها. والخط المتقطع عند {threshold}.",
    ),
    "labels": ("Labels", "الوسوم"),
    "labels_explain": (
        "How many of these tasks have each label, with a 95 % interval that comes from the doubt in each task's answer.",
        "عدد المهام التي لها كل وسم، مع مجال 95 % ينشأ من الشك في جواب كل مهمة.",
    ),
    "label": ("label", "الوسم"),
    "expected": ("tasks, likely", "المهام، على الأرجح"),
    "interval": ("95 % interval", "مجال 95 %"),
    "said": ("answers that said so", "إجابات قالت به"),
    "more_rows": ("{n} more are not shown here.", "لم يُعرض هنا {n} أخرى."),
    "who": ("Who was trusted", "بمن نثق"),
    "who_explain": (
        "The dot is each worker's {measure}, the line its 95 % interval. It allows for few answers, not for a crowd that is "
        "wrong as a whole.",
        "النقطة {measure} لكل موسّم، والخط مجال 95 %. وهو يراعي قلة الإجابات، ولا يراعي خطأ الجميع معًا.",
    ),
    "who_explain_plain": ("The dot is each worker's {measure}.", "النقطة {measure} لكل موسّم."),
    "spread_explain": (
        "Each answered task by the standard deviation of its number.",
        "المهام المجاب عنها بحسب الانحراف المعياري لعددها.",
    ),
    "worker": ("worker", "الموسّم"),
    "verdict": ("verdict", "الحكم"),
    "accuracy": ("accuracy", "الدقة"),
    "reliability": ("reliability", "الموثوقية"),
    "spread": ("spread of errors", "تشتت الأخطاء"),
    "weight": ("weight", "الوزن"),
    "hit_rate": ("share of objects found", "نسبة ما وُجد من الأشياء"),
    "sharpness": ("sharpness", "الحدة"),
    "follows": ("follows the order", "يتبع الترتيب"),
    "random": ("as if at random", "كأنه عشوائي"),
    "reversed": ("the other way round", "معكوس"),
    "items": ("Items", "العناصر"),
    "items_explain": (
        "Scores from all comparisons, best first, with 95 % intervals. Only differences count.",
        "درجات مستخلصة من كل المقارنات، الأفضل أولًا، مع مجالات 95 %. والعبرة بالفروق وحدها.",
    ),
    "rank": ("rank", "الرتبة"),
    "item": ("item", "العنصر"),
    "trusted": ("trusted", "موثوق"),
    "careless": ("careless", "غير مبالٍ"),
    "mixes": ("mixes two labels", "يخلط بين وسمين"),
    "unsure": ("not sure yet", "لا نعرف بعد"),
    "why_agrees": (
        "agrees with the likely truth far beyond chance",
        "يوافق الحقيقة المرجحة أكثر بكثير مما تفعل المصادفة",
    ),
    "why_exchanges_labels": (
        "exchanges “{a}” and “{b}” in {share} of the cases where one of them is true; others do in {others}",
        "يبدّل بين «{a}» و«{b}» في {share} من الحالات التي يصح فيها أحدهما، ويفعل ذلك غيره في {others}",
    ),
    "why_near_chance": ("tells little more than guessing would", "لا تكاد إجاباته تخبر بأكثر من التخمين"),
    "why_against_truth": (
        "mostly says the opposite of the likely truth: perhaps the labels were understood the wrong way round",
        "يقول عكس الحقيقة المرجحة في أغلب المرات، فلعله فهم الوسوم معكوسة",
    ),
    "why_few_answers": ("about {n} more answers would tell", "للحسم يلزم من الإجابات الأخرى نحو {n}"),
    "why_few_answers_far": ("too few answers to tell", "الإجابات أقل من أن تحسم"),
    "why_borderline": (
        "right on the line; more answers would hardly tell",
        "على الحد تمامًا، ولن تحسم أمره إجابات أخرى إلا بصعوبة",
    ),
    "why_nothing_shared": (
        "nobody else answered the same tasks, so there is nothing to compare with",
        "لم يجب غيره عن مهامه، فلا شيء يقارن به",
    ),
    "why_one_label": ("only one label was ever given", "لم يُعطَ سوى وسم واحد"),
    "mixed": ("Who says what when what is true", "ما الذي يقال حين تكون الحقيقة كذا"),
    "mixed_explain": (
        "Rows: the likely truth. Columns: what was answered, in per cent of the row.",
        "الصفوف: الحقيقة المرجحة. الأعمدة: ما أُجيب به، بالمئة من الصف.",
    ),
    "crowd": ("The whole crowd", "الجميع"),
    "truth_down": ("truth", "الحقيقة"),
    "agreement": ("Agreement", "الاتفاق"),
    "agreement_explain": (
        "Krippendorff's α is {alpha} (95 % interval {low} to {high}), over {n} tasks with two answers or more. 1 is full "
        "agreement, 0 what chance would give. Below 0.67, look at the guideline first.",
        "معامل كريبندورف α يساوي {alpha} (مجال 95 %: من {low} إلى {high})، على {n} من المهام التي لها إجابتان فأكثر. الواحد "
        "اتفاق تام، والصفر ما تعطيه المصادفة. وما دون 0.67 يدعو إلى مراجعة دليل التوسيم أولًا.",
    ),
    "doubt": ("The least sure tasks", "أقل المهام ثقة"),
    "doubt_explain": (
        "One more answer is worth most here, or a word in the guideline.",
        "هنا تنفع إجابة أخرى أكثر من غيرها، أو كلمة تضاف إلى الدليل.",
    ),
    "task": ("task", "المهمة"),
    "answer": ("answer", "الجواب"),
    "or_else": ("or else", "أو"),
    "gold": ("Against gold", "بالمقارنة بالأجوبة المعروفة"),
    "gold_held_out": (
        "Measured on {n} tasks whose truth is known; each was hidden from the model while it was judged (cross-fitting).",
        "قيست على مهام معروفة الحقيقة عددها {n}، أُخفيت حقيقة كل منها عن النموذج حين حُكم عليها.",
    ),
    "gold_plain": (
        "Measured on {n} tasks whose truth is known. The model was not given it.",
        "قيست على مهام معروفة الحقيقة عددها {n}، ولم تُعطَ حقيقتها للنموذج.",
    ),
    "gold_explain": (
        "Does p mean what it says? On the diagonal it does; below it, the labels claim more than they hold. The bars show "
        "how many tasks lie where.",
        "هل تعني p ما تقول؟ على القطر نعم، وتحته تدّعي الوسوم أكثر مما فيها. والأعمدة تبيّن عدد المهام في كل موضع.",
    ),
    "claimed": ("claimed probability p", "الاحتمال المدّعى p"),
    "was_right": ("share that was right", "نسبة ما صحّ"),
    "measure": ("measure", "المقياس"),
    "value": ("value", "القيمة"),
    "ece": ("calibration error (ECE)", "خطأ المعايرة (ECE)"),
    "brier": ("Brier score", "درجة برير"),
    "nll": ("surprise (NLL, nats)", "المفاجأة (NLL)"),
    "macro_f1": ("macro F1", "متوسط F1"),
    "mae": ("mean absolute error", "متوسط الخطأ المطلق"),
    "rmse": ("root mean squared error", "جذر متوسط مربع الخطأ"),
    "inside": ("truths inside the 95 % interval", "حقائق داخل مجال 95 %"),
    "span_f1": ("F1 of whole spans", "F1 للمقاطع التامة"),
    "precision": ("precision", "الضبط"),
    "recall": ("recall", "الاستدعاء"),
    "iou": ("mean overlap (IoU)", "متوسط التطابق (IoU)"),
    "word_error": ("share of wrong words", "نسبة الكلمات الخاطئة"),
    "wer": ("word error rate", "نسبة الخطأ في الكلمات"),
    "f1": ("F1 of spans", "F1 للمقاطع"),
    "same": ("exactly right", "مطابق تمامًا"),
    "score": ("score", "الدرجة"),
    "families": ("Who errs together", "من يخطئون معًا"),
    "families_explain": (
        "Answers of one family repeat each other. Beside each: what its members' answers are worth as independent ones.",
        "إجابات العائلة الواحدة يكرر بعضها بعضًا. وبجانب كل عائلة ما تساويه إجابات أعضائها لو كانت مستقلة.",
    ),
    "effective": (
        "{n} answers a task are worth {effective} independent ones.",
        "{n} من الإجابات للمهمة الواحدة تساوي {effective} مستقلة.",
    ),
    "members": ("members", "الأعضاء"),
    "worth": ("worth", "تساوي"),
    "notes": ("What to look at in the data", "ما ينبغي النظر إليه في البيانات"),
    "repeated": (
        "Answers replaced by a later one of the same worker on the same task: {n}.",
        "إجابات حلّت محلها إجابة لاحقة للموسّم نفسه عن المهمة نفسها: {n}.",
    ),
    "lookalikes": (
        "Labels that read alike and were counted apart; if they mean the same, make them one and infer again:",
        "وسوم متشابهة في القراءة عُدّت مختلفة؛ إن كانت بمعنى واحد فوحّدها وأعد الاستنتاج:",
    ),
    "foot": ("Made by Tawsim", "أنشأه توسيم"),
    "model_why_asked": ("{why}", "طُلب هذا النموذج بالاسم."),
    "model_why_one_label": ("{why}", "لم يُعطَ سوى وسم واحد، فلا شيء يوازن."),
    "model_why_few_workers": ("{why}", "لا يُعرف المصيب عند الاختلاف إلا بثلاثة أشخاص، فاعتُمدت الأغلبية."),
    "model_why_few_shared_tasks": ("{why}", "قلّت المهام التي لها إجابتان فأكثر، فاعتُمدت الأغلبية."),
    "model_why_too_large": ("{why}", "كثر الموسّمون والوسوم فلا يتسع الحساب لجدول خلط لكل واحد."),
    "model_why_learned": ("{why}", "الإجابات المشتركة تكفي لمعرفة من يخلط بين أي وسوم."),
    "model_why_many_votes": ("{why}", "الأصوات كثيرة، فاعتُمد نموذج أسرع من الجمع بين عدة نماذج."),
    "model_why_only": ("{why}", "هو النموذج المعتمد لهذا النوع من الإجابات."),
    "model_why_hidden_votes": ("{why}", "جُمعت عدة نماذج، لكل منها وزن بقدر ما أجاد التنبؤ بإجابات أُخفيت عنه."),
    "model_why_gold": ("{why}", "جُمعت عدة نماذج، لكل منها وزن بقدر ما وافق الأجوبة المعروفة."),
    "kind_choice": ("one label", "وسم واحد"),
    "kind_choices": ("several labels", "عدة وسوم"),
    "kind_ordinal": ("labels in order", "وسوم مرتبة"),
    "kind_numeric": ("numbers", "أعداد"),
    "kind_pairwise": ("comparisons of two", "مقارنة اثنين"),
    "kind_ranking": ("rankings", "ترتيب"),
    "kind_spans": ("spans of text", "مقاطع من نص"),
    "kind_tags": ("tags of tokens", "وسوم كلمات"),
    "kind_text": ("free text", "نص حر"),
    "kind_boxes": ("boxes", "صناديق"),
    "kind_polygons": ("polygons", "مضلعات"),
    "kind_keypoints": ("key points", "نقاط"),
}


class Words:
    """The words of one language. Raises `BadInput` for a language there is none of."""

    def __init__(self, language: str) -> None:
        if language not in LANGUAGES:
            raise BadInput(f"There is no report in the language {language!r}.", "Known: " + ", ".join(LANGUAGES))
        self.language, self.direction = language, LANGUAGES[language]
        self._place = list(LANGUAGES).index(language)

    def __call__(self, key: str, /, **values: Any) -> str:
        """The words for `key`, with `values` in their places; the key itself where there are none, as for a new model."""
        found = WORDS.get(key)
        if found is None:
            return str(values.get("why", key))
        return found[self._place].format(**values) if values else found[self._place]

    def has(self, key: str) -> bool:
        """Whether there are words for `key`."""
        return key in WORDS
