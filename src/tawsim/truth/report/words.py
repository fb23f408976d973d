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
    "how": ("How it was inferred", "كيف استُنتجت الحقيقة"),
    "kind": ("Kind of answers", "نوع الإجابات"),
    "model": ("Model", "النموذج"),
    "weighed": ("Models that were weighed", "النماذج التي وُزنت"),
    "sure": ("How sure", "ما مدى الثقة"),
    "sure_explain_right": (
        "Each answered task by the probability p that its answer is right. The dashed line stands at {threshold}.",
        "المهام المجاب عنها بحسب احتمال صحة جوابها p. والخط المتقطع عند {threshold}.",
    ),
    "sure_explain_first": (
        "Each answered task by p: the probability that its first item is better than its second, not that the whole order "
        "is right.",
        "المهام المجاب عنها بحسب p، وهو احتمال أن يكون العنصر الأول أفضل من الثاني، لا احتمال صحة الترتيب كله.",
    ),
    "sure_explain_f1": (
        "Each answered task by p: the F1 to be expected of its spans, not the probability that all of them are right.",
        "المهام المجاب عنها بحسب p، وهو مقياس F1 المتوقع لمقاطع جوابها، لا احتمال صحتها جميعًا.",
    ),
    "sure_explain_words": (
        "Each answered task by p: the share of its words to be expected right, not the probability that all of them are.",
        "المهام المجاب عنها بحسب p، وهو النسبة المتوقعة للكلمات الصحيحة في جوابها، لا احتمال صحته كله.",
    ),
    "sure_explain_objects": (
        "Each answered task by p: the probability that nothing is missing or too much and every label is right. Places may "
        "still be off.",
        "المهام المجاب عنها بحسب p، وهو احتمال ألا ينقص جوابها شيء ولا يزيد وأن تصح وسومه. وقد تنحرف المواضع مع ذلك.",
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
    "why_one_answer": (
        "says “{label}” in {share} of the answers, whatever the item",
        "يقول «{label}» في {share} من إجاباته أيًّا كان العنصر",
    ),
    "why_no_agreement": (
        "the crowd agrees no more than chance would, so nothing tells who is right",
        "لا يتفق الموسّمون أكثر مما تعطيه المصادفة، فلا شيء يدل على المصيب",
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
    "agreement_alpha": (
        "Krippendorff's α is {value} (95 % interval {low} to {high}), over {n} tasks with two answers or more. 1 is full "
        "agreement, 0 what chance would give. Below 0.67, look at the guideline first.",
        "معامل كريبندورف α يساوي {value} (مجال 95 %: من {low} إلى {high})، على {n} من المهام التي لها إجابتان فأكثر. الواحد "
        "اتفاق تام، والصفر ما تعطيه المصادفة. وما دون 0.67 يدعو إلى مراجعة دليل التوسيم أولًا.",
    ),
    "agreement_interval": (
        "Two numbers disagree by the square of how far apart they are.",
        "ويُحسب الخلاف بين عددين بمربع البعد بينهما.",
    ),
    "agreement_ordinal": (
        "Two steps disagree the more, the more answers lie between them.",
        "ويُحسب الخلاف بين درجتين بقدر ما بينهما من الإجابات.",
    ),
    "agreement_sets": (
        "Two answers disagree by the share of their labels that they do not share.",
        "ويُحسب الخلاف بين إجابتين بنسبة ما لا تشتركان فيه من الوسوم.",
    ),
    "agreement_gamma": (
        "γ is {value} (95 % interval {low} to {high}), over {n} tasks with two answers or more: how well the spans of different "
        "workers fit in place and name. 1 is full agreement, 0 what chance would give.",
        "γ تساوي {value} (مجال 95 %: من {low} إلى {high})، على {n} من المهام التي لها إجابتان فأكثر، وهي تقيس توافق مقاطع "
        "الموسّمين موضعًا واسمًا. الواحد اتفاق تام، والصفر ما تعطيه المصادفة.",
    ),
    "agreement_overlap": (
        "What two workers drew overlaps by {value} on average (95 % interval {low} to {high}), over {n} tasks with two answers "
        "or more; an object that only one of them drew counts 0.",
        "متوسط تطابق ما رسمه كل اثنين {value} (مجال 95 %: من {low} إلى {high})، على {n} من المهام التي لها إجابتان فأكثر، وما "
        "رسمه أحدهما وحده يُحسب صفرًا.",
    ),
    "agreement_word_error": (
        "Two answers to a task differ in {value} of their words on average (95 % interval {low} to {high}), over {n} tasks with "
        "two answers or more.",
        "تختلف كل إجابتين عن المهمة الواحدة في {value} من الكلمات في المتوسط (مجال 95 %: من {low} إلى {high})، على {n} من "
        "المهام التي لها إجابتان فأكثر.",
    ),
    "confidence": ("How sure workers say they are", "ثقة الموسّمين بإجاباتهم"),
    "confidence_explain": (
        "Some gave a probability with each answer. 1: it tells as much as it claims; 0: it tells nothing, and was left aside. "
        "The value is learned with caution, so it is rather too low than too high.",
        "من الموسّمين من أعطى مع الإجابة احتمال صحتها. الواحد: يخبر الاحتمال بقدر ما يدّعي؛ والصفر: لا يخبر بشيء، فتُرك جانبًا. "
        "وتُقدَّر القيمة بحذر، فالأرجح أنها دون الحقيقة لا فوقها.",
    ),
    "confidence_tells": ("tells something", "يخبر بشيء"),
    "confidence_silent": ("tells little or nothing", "لا يكاد يخبر بشيء"),
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
    "how_many": ("how many", "العدد"),
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
    "model_why_too_large": ("{why}", "المهام والوسوم أكثر من أن يتسع الحساب لاحتمال لكل منها، فاعتُمدت الأغلبية."),
    "model_why_learned": ("{why}", "الإجابات المشتركة تكفي لمعرفة من يخلط بين أي وسوم."),
    "model_why_many_votes": ("{why}", "الأصوات كثيرة، فاعتُمد نموذج أسرع من الجمع بين عدة نماذج."),
    "model_why_gold": ("{why}", "حقيقة بعض المهام معروفة."),
    "model_why_many_labels": ("{why}", "الوسوم أكثر من أن يُعرف من يخلط بين أيها، فوُزن الموسّمون."),
    "model_why_only": ("{why}", "هو النموذج المعتمد لهذا النوع من الإجابات."),
    "gold_left_aside": (
        "Gold was left aside: with so many labels it could not be used.",
        "وتُركت الأجوبة المعروفة جانبًا، إذ لا يُستفاد منها مع هذا العدد من الوسوم.",
    ),
    "joint_by_hidden": (
        "Most weight has “{best}” ({weight}), by answers that were hidden from it.",
        "جُمعت عدة نماذج، أثقلها «{best}» (وزنه {weight}) بشهادة إجابات أُخفيت عنه.",
    ),
    "joint_by_gold": (
        "Most weight has “{best}” ({weight}), by {gold} gold tasks.",
        "جُمعت عدة نماذج، أثقلها «{best}» (وزنه {weight}) بشهادة أجوبة معروفة عددها {gold}.",
    ),
    "joint_worth": (
        "{votes_a_task} votes a task are worth {effective_votes_a_task} independent ones.",
        "وللمهمة في المتوسط {votes_a_task} من الأصوات تساوي {effective_votes_a_task} من الأصوات المستقلة.",
    ),
    "joint_copies": (
        "{copies} workers who copy one another count once a group.",
        "وثمة من ينسخ بعضهم عن بعض، وعددهم {copies}، فعُدّت كل مجموعة منهم صوتًا واحدًا.",
    ),
    "member_ability and difficulty": ("ability and difficulty", "القدرة والصعوبة"),
    "member_difficulty by worker": ("difficulty by worker", "أثر الصعوبة في كل موسّم"),
    "member_one coin": ("one accuracy a worker", "دقة واحدة لكل موسّم"),
    "member_confusions": ("who confuses what", "من يخلط بين ماذا"),
    "member_one coin, even labels": ("one accuracy a worker, labels even", "دقة واحدة لكل موسّم والوسوم متكافئة"),
    "member_wawa": ("agreement with the majority", "موافقة الأغلبية"),
    "by_majority": ("majority", "الأغلبية"),
    "by_wawa": ("agreement with the majority", "موافقة الأغلبية"),
    "by_dawid_skene": ("who confuses what", "من يخلط بين ماذا"),
    "by_one_coin": ("one accuracy a worker", "دقة واحدة لكل موسّم"),
    "by_bwa": ("weighted average", "متوسط موزون"),
    "by_difficulty": ("difficulty of tasks", "صعوبة المهام"),
    "by_correlated": ("workers that err together", "موسّمون يخطئون معًا"),
    "by_joint": ("several models averaged", "عدة نماذج مجتمعة"),
    "by_ordinal": ("steps of a scale", "درجات سلّم"),
    "by_numeric": ("bias and noise of each worker", "انحياز كل موسّم وتشتته"),
    "by_mean": ("mean", "المتوسط"),
    "by_median": ("median", "الوسيط"),
    "by_bradley_terry": ("scores from comparisons", "درجات من المقارنات"),
    "by_plackett_luce": ("scores from rankings", "درجات من الترتيب"),
    "by_spans": ("spans of several workers joined", "جمع مقاطع الموسّمين"),
    "by_tags": ("tags in a chain", "وسوم متسلسلة"),
    "by_text": ("the best text, fused or as it stands", "أفضل نص، مجموعًا أو كما ورد"),
    "by_rover": ("word by word", "كلمة كلمة"),
    "by_best": ("the best answer as it stands", "أفضل إجابة كما وردت"),
    "by_boxes": ("boxes matched and averaged", "صناديق طوبقت وأُخذ متوسطها"),
    "by_polygons": ("polygons matched and averaged", "مضلعات طوبقت وأُخذ متوسطها"),
    "by_keypoints": ("points matched and averaged", "نقاط طوبقت وأُخذ متوسطها"),
    "kind_why_asked": ("{why}", "طُلب هذا النوع بالاسم."),
    "kind_why_two_sides": ("{why}", "في الجدول العمودان \u2066left\u2069 و\u2066right\u2069."),
    "kind_why_labels": ("{why}", "وسوم مختلفة عددها {n}، في إجابات عددها {answers}."),
    "kind_why_nested_lists": ("{why}", "الإجابات قوائم JSON فيها قوائم: ترتيب فيه تساوٍ."),
    "kind_why_same_items": (
        "{why}",
        "الإجابات قوائم JSON، وقوائم المهمة الواحدة تضم العناصر نفسها على اختلاف في ترتيبها.",
    ),
    "kind_why_lists": ("{why}", "الإجابات قوائم JSON من الوسوم."),
    "kind_why_objects": ("{why}", "الإجابات قوائم JSON من كائنات لها حقول هذا النوع."),
    "kind_why_numbers": ("{why}", "الإجابات أعداد، والمختلف منها {n}."),
    "kind_why_whole_numbers": ("{why}", "الإجابات أعداد صحيحة من {low} إلى {high}، عُدّت أسماء بلا ترتيب."),
    "kind_why_few_numbers": ("{why}", "الإجابات أعداد، والمختلف منها {n}، عُدّت أسماء بلا ترتيب."),
    "kind_why_tags": (
        "{why}",
        "الإجابات صفوف من وسوم الكلمات، مثل \u2066O\u2069 و\u2066B-…\u2069 و\u2066I-…\u2069، لكل كلمة وسم.",
    ),
    "kind_why_long_answers": (
        "{why}",
        "إجابات من عدة كلمات، المختلف منها {n}، و{share} منها لا يرد إلا في مهمة واحدة.",
    ),
    "kind_why_short_answers": ("{why}", "وسوم مختلفة عددها {n}، و{share} منها لا يرد إلا في مهمة واحدة."),
    "note_otherwise_one_question": ("{why}", "إن كان كل صف سؤالًا واحدًا فاستعمل \u2066--kind choice\u2069."),
    "note_otherwise_no_order": ("{why}", "إن لم يكن للترتيب معنى فاستعمل \u2066--kind choices\u2069."),
    "note_otherwise_an_order": ("{why}", "إن كان للترتيب معنى فاستعمل \u2066--kind ranking\u2069."),
    "note_otherwise_no_numbers": (
        "{why}",
        "إن كانت الأعداد أسماء أصناف فاستعمل \u2066--kind choice\u2069، وإن كانت درجات سلّم فاستعمل \u2066--kind ordinal\u2069.",
    ),
    "note_otherwise_a_scale": (
        "{why}",
        "إن كانت الأعداد درجات سلّم فاستعمل \u2066--kind ordinal\u2069، وإن كانت مقادير فاستعمل \u2066--kind numeric\u2069.",
    ),
    "note_otherwise_labels": ("{why}", "إن كانت الإجابات وسومًا فاستعمل \u2066--kind choice\u2069."),
    "note_otherwise_free_text": (
        "{why}",
        "إن كانت الإجابات نصًا حرًا، ككلمة تُنسخ، فاستعمل \u2066--kind text\u2069.",
    ),
    "note_copies": (
        "{why}",
        "موسّمون ينسخ بعضهم عن بعض، وعددهم {n}، عُدّت كل مجموعة منهم صوتًا واحدًا: {names}.",
    ),
    "note_clipped": ("{why}", "إجابات شطّت حتى عُدّت زلّات فتُركت، وعددها {n}."),
    "note_groups": ("{why}", "في العناصر مجموعات لم تُقارن إحداها بالأخرى، وعددها {n}، فلا وجه للمقارنة بين درجاتها."),
    "note_gold_unseen": (
        "{why}",
        "في الأجوبة المعروفة وسوم لم يقل بها أحد، وعددها {n} ({names})؛ وتُعدّ مهامها خطأ.",
    ),
    "note_empty_names": (
        "{why}",
        "عُدّت الأسماء الآتية وسومًا كسائر الوسوم، مع أنها قد تعني خلية فارغة: {names}.",
    ),
    "note_confidence_unused": (
        "{why}",
        "تُرك العمود \u2066confidence\u2069 جانبًا، إذ لا يستعمله إلا النموذج \u2066joint\u2069 حين يكون الجواب وسمًا واحدًا.",
    ),
    "note_agreement_sampled": ("{why}", "قيس الاتفاق على عينة من المهام: {n} من أصل {of}."),
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
