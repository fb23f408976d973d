"""A `Report` as one HTML page: no script, nothing from elsewhere, no style but its own. Text out; nothing is computed.

All text of users is escaped and set with dir="auto" inside an element of its own, so that a Latin name in an Arabic page,
or the other way round, keeps its direction.
"""

from collections.abc import Iterable
from html import escape

import numpy as np

from tawsim.truth.lookalikes import told_apart
from tawsim.truth.report import svg
from tawsim.truth.report.facts import FEW_GOLD, TELLS, Confusion, Report, WorkerRow, p_means
from tawsim.truth.report.measures import Measure
from tawsim.truth.report.saying import percent, sentence, why_model
from tawsim.truth.report.style import CSS, policy
from tawsim.truth.report.words import Words

BARS = 20
TONES = {
    "trusted": "good", "careless": "bad", "mixes": "warn", "unsure": "", "follows": "good", "random": "bad",
    "reversed": "bad",
}  # fmt: skip
# Measures that are shares, and shown in per cent.
SHARES = ("accuracy", "hit_rate", "word_error", "f1", "inside", "same", "span_f1", "precision", "recall", "iou", "wer")
LONGEST = 300  # characters of an answer or a name; whole ones are in the files


def report_html(report: Report, language: str = "en") -> str:
    """The page in `language` ("en" or "ar"). The same report gives the same bytes. Raises `BadInput` for another one."""
    words = Words(language)
    sections = [
        _head(report, words),
        _how(report, words),
        _sure(report, words),
        _labels(report, words),
        _items(report, words),
        _gold(report, words),
        _doubt(report, words),
        _who(report, words),
        _confidence(report, words),
        _mixed(report, words),
        _agreement(report, words),
        _families(report, words),
        _notes(report, words),
    ]
    title = f"{escape(report.source)} · Tawsim"
    return (
        f'<!doctype html>\n<html lang="{words.language}" dir="{words.direction}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy()}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{CSS}</style>\n</head>\n<body>\n<main>\n"
        + "\n".join(part for part in sections if part)
        + f"\n<footer>{escape(words('foot'))}</footer>\n</main>\n</body>\n</html>\n"
    )


def _user(text: str) -> str:
    """Text of a user or a file."""
    shown = text if len(text) <= LONGEST else text[:LONGEST] + "…"
    return f'<bdi dir="auto">{escape(shown)}</bdi>'


def _section(title: str, explain: str, body: str) -> str:
    text = f"<p>{explain}</p>" if explain else ""
    return f"<section>\n<h2>{escape(title)}</h2>\n{text}\n{body}\n</section>"


def _table(head: Iterable[tuple[str, bool]], rows: Iterable[str], kind: str = "wide") -> str:
    """`head`: what stands above each column (HTML), and whether it holds numbers."""
    # Columns of numbers run from left to right; their headings keep the direction of their words.
    cells = "".join(
        f'<th scope="col" class="number"><bdi>{text}</bdi></th>' if number else f'<th scope="col">{text}</th>'
        for text, number in head
    )
    return (
        f'<div class="scroll"><table class="{kind}"><thead><tr>{cells}</tr></thead>'
        f"<tbody>{''.join(f'<tr>{row}</tr>' for row in rows)}</tbody></table></div>"
    )


def _number(text: str) -> str:
    return f'<td class="number"><bdi dir="ltr">{text}</bdi></td>'


def _probability(p: float) -> str:
    """Never rounded up to a certainty that is not there."""
    return "1" if p >= 1 else f"{min(p, 0.999):.3f}"


def _head(report: Report, words: Words) -> str:
    sure = float((report.p >= report.threshold).mean()) if len(report.p) else 0.0
    numbers = [
        (words("tasks"), f"{report.tasks:,}"),
        (words("answers"), f"{report.answers:,}"),
        (words("workers"), f"{report.workers_total:,}"),
    ]
    if len(report.p):
        numbers.append((words("mean_p"), f"{float(report.p.mean()):.3f}"))
    if right := len(report.p) > 0 and p_means(report.kind) == "right":
        numbers.append((words("expected_errors"), f"{float((1 - report.p).sum()):,.0f}"))
    cells = "".join(
        f'<div><dt>{escape(name)}</dt><dd><bdi dir="ltr">{value}</bdi></dd></div>' for name, value in numbers
    )
    summary = words("summary", share=percent(sure), threshold=percent(report.threshold)) if right else ""
    return (
        f"<header><h1>{escape(words('title'))}</h1>\n<p>{_user(report.source)}</p>\n<p>{escape(summary)}</p>\n"
        f'<dl class="numbers">{cells}</dl></header>'
    )


def _how(report: Report, words: Words) -> str:
    kind = words(f"kind_{report.kind}") if words.has(f"kind_{report.kind}") else report.kind
    body = (
        f"<dt>{escape(words('kind'))}</dt>"
        f"<dd>{escape(kind)}<small>{_user(sentence('kind_why', report.kind_why, words))}</small></dd>"
        f"<dt>{escape(words('model'))}</dt>"
        f"<dd>{_model(report.model, words)}<small>{_user(why_model(report.why, words))}</small></dd>"
    )
    if report.candidates:
        rows = "".join(
            f'<tr><th scope="row">{_member(one.name, words)}</th>{_number(f"{one.weight:.2f}")}</tr>'
            for one in report.candidates
        )
        body += f"<dt>{escape(words('weighed'))}</dt><dd><table><tbody>{rows}</tbody></table></dd>"
    return _section(words("how"), "", f'<dl class="how">{body}</dl>')


def _model(name: str, words: Words) -> str:
    """The model in words, and its name as options have it."""
    code = f'<bdi dir="ltr">{escape(name)}</bdi>'
    return f"{escape(words(f'by_{name}'))} ({code})" if words.has(f"by_{name}") else code


def _member(name: str, words: Words) -> str:
    return escape(words(f"member_{name}")) if words.has(f"member_{name}") else _user(name)


def _sure(report: Report, words: Words) -> str:
    if not len(report.p):
        return _spread(report, words)
    # From the chance level up: below it there is nothing with a best answer.
    start = 0.5 if float(report.p.min()) >= 0.5 else 0.0
    counts = np.histogram(report.p, bins=BARS, range=(start, 1.0))[0].tolist()
    means = p_means(report.kind)
    text = words(f"sure_explain_{means}", threshold=percent(report.threshold))
    plot = svg.histogram(counts, start, 1.0, words("sure"), mark=report.threshold if means == "right" else None)
    return _section(words("sure"), escape(text), f'<div class="scroll">{plot}</div>')


def _spread(report: Report, words: Words) -> str:
    """How sure numbers are: by their standard deviations."""
    if not len(report.spread):
        return ""
    end = svg.round_up(float(report.spread.max()))
    counts = np.histogram(report.spread, bins=BARS, range=(0.0, end))[0].tolist()
    plot = svg.histogram(counts, 0.0, end, words("sure"), share=False)
    return _section(words("sure"), escape(words("spread_explain")), f'<div class="scroll">{plot}</div>')


def _labels(report: Report, words: Words) -> str:
    if not report.labels:
        return ""
    top = svg.round_up(max(one.high for one in report.labels))
    head = [
        (escape(words("label")), False), (escape(words("expected")), True), (escape(words("interval")), True),
        (svg.axis(0, top, share=False), False), (escape(words("said")), True),
    ]  # fmt: skip
    rows = [
        f'<th scope="row">{_user(one.name)}</th>{_number(f"{one.tasks:,.0f}")}'
        f"{_number(f'{one.low:,.0f} – {one.high:,.0f}')}"
        f"<td class=mark>{svg.interval(one.tasks, one.low, one.high, 0, top, '', f'{one.tasks:,.1f}')}</td>"
        f"{_number(f'{one.votes:,}')}"
        for one in report.labels
    ]
    return _section(
        words("labels"), escape(words("labels_explain")),
        _table(head, rows) + _more(report.labels_total - len(report.labels), words),
    )  # fmt: skip


def _items(report: Report, words: Words) -> str:
    if not report.items:
        return ""
    start = -svg.round_up(-min(0.0, *(one.low for one in report.items)))
    end = svg.round_up(max(0.0, *(one.high for one in report.items)))
    head = [
        (escape(words("rank")), True), (escape(words("item")), False), (escape(words("score")), True),
        (svg.axis(start, end, share=False), False), (escape(words("interval")), True),
    ]  # fmt: skip
    rows = [
        f'{_number(str(one.rank))}<th scope="row">{_user(one.name)}</th>{_number(svg.number(one.score, ".2f"))}'
        f"<td class=mark>{svg.interval(one.score, one.low, one.high, start, end, '', f'{one.score:,.3f}')}</td>"
        + _number(" … ".join(svg.number(end, ".2f") for end in (one.low, one.high)))
        for one in report.items
    ]
    return _section(
        words("items"), escape(words("items_explain")),
        _table(head, rows) + _more(report.items_total - len(report.items), words),
    )  # fmt: skip


def _more(many: int, words: Words) -> str:
    return f"<p>{escape(words('more_rows', n=f'{many:,}'))}</p>" if many > 0 else ""


def _who(report: Report, words: Words) -> str:
    if not report.workers:
        return ""
    share = report.worker_measure in SHARES
    known = [one for one in report.workers if one.value is not None]
    ends = [end for one in known for end in (one.low, one.high, one.value) if end is not None and np.isfinite(end)]
    start, end = 0.0, 1.0
    if ends and not share:
        start, end = -svg.round_up(-min(ends)) if min(ends) < 0 else 0.0, svg.round_up(max(ends))
    head = [(escape(words("worker")), False), (escape(words("answers")), True)]
    if known:
        head += [(escape(words(report.worker_measure)), True), (svg.axis(start, end, share=share), False)]
    if any(one.verdict for one in report.workers):
        head.append((escape(words("verdict")), False))
    rows = [_worker(one, words, start, end, share=share, known=bool(known), wide=len(head)) for one in report.workers]
    with_ends = any(one.low is not None for one in known)
    key = "who_explain" if with_ends else "who_explain_plain"
    explain = words(key, measure=words(report.worker_measure)) if known else ""
    table = _table(head, rows) + _more(report.workers_total - len(report.workers), words)
    return _section(words("who"), escape(explain), table)


def _worker(one: WorkerRow, words: Words, start: float, end: float, *, share: bool, known: bool, wide: int) -> str:
    def text(value: float) -> str:
        return percent(value) if share else svg.number(value, ".3g")

    row = f'<th scope="row">{_user(one.name)}</th>{_number(f"{one.answers:,}")}'
    if known and one.value is None:
        row += "<td></td><td></td>"
    elif known and one.value is not None:
        low, high = (one.value if at is None else at for at in (one.low, one.high))
        tone = TONES.get(one.verdict, "")
        says = f"{text(one.value)} ({text(low)} – {text(high)})"
        row += f"{_number(text(one.value))}<td class=mark>{svg.interval(one.value, low, high, start, end, tone, says)}</td>"
    if wide in (3, 5):
        why = _reason(one, words)
        small = f"<small>{why}</small>" if why else ""
        name = escape(words(one.verdict)) if one.verdict else ""
        row += f'<td><span class="verdict {TONES.get(one.verdict, "")}">{name}</span>{small}</td>'
    return row


def _reason(one: WorkerRow, words: Words) -> str:
    """The facts behind a verdict, for all but the plainly trusted: their table would be the same line forty times."""
    code = one.why.get("code")
    if one.verdict in ("", "trusted") or code is None:
        return ""
    if code == "exchanges_labels":
        a, b = (str(label) for label in one.why["labels"])
        # Isolated by characters, as markup cannot stand inside the words.
        return escape(
            words(
                "why_exchanges_labels", a=f"\u2068{a}\u2069", b=f"\u2068{b}\u2069",
                share=percent(one.why["share"]), others=percent(one.why["others"]),
            )
        )  # fmt: skip
    if code == "few_answers":
        more = one.why.get("more_answers")
        return escape(words("why_few_answers", n=f"{more:,}") if more else words("why_few_answers_far"))
    if code == "one_answer":
        return escape(words("why_one_answer", label=f"\u2068{one.why['label']}\u2069", share=percent(one.why["share"])))
    return escape(words(f"why_{code}"))


def _mixed(report: Report, words: Words) -> str:
    if report.crowd is None:
        return ""
    maps = [_heat(report.crowd, words)] + [_heat(one, words) for one in report.picked]
    return _section(words("mixed"), escape(words("mixed_explain")), f'<div class="heats">{"".join(maps)}</div>')


def _heat(one: Confusion, words: Words) -> str:
    title = _user(one.name) if one.name else escape(words("crowd"))
    head = "".join(f'<th scope="col">{_user(name)}</th>' for name in one.names)
    rows = []
    for k, name in enumerate(one.names):
        cells = "".join(
            f'<td class="h{round(float(value) * 10)}{" own" if k == l else ""}">{value * 100:.0f}</td>'
            if one.answers[k] > 0
            else "<td>–</td>"
            for l, value in enumerate(one.share[k].tolist())
        )
        rows.append(f'<tr><th scope="row">{_user(name)}</th>{cells}</tr>')
    return (
        f'<div><h3>{title}</h3><div class="scroll"><table class="heat"><thead><tr><td></td>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div></div>"
    )


def _confidence(report: Report, words: Words) -> str:
    if not report.confidence:
        return ""
    head = [(escape(words("worker")), False), (escape(words("value")), True), (escape(words("verdict")), False)]
    rows = [
        f'<th scope="row">{_user(name)}</th>{_number(f"{slope:.2f}")}'
        f"<td>{escape(words('confidence_tells' if slope >= TELLS else 'confidence_silent'))}</td>"
        for name, slope in report.confidence
    ]
    return _section(words("confidence"), escape(words("confidence_explain")), _table(head, rows))


def _agreement(report: Report, words: Words) -> str:
    found = report.agreement
    if found is None:
        return ""
    share = found.measure in ("overlap", "word_error")
    value, low, high = (
        percent(one) if share else svg.number(one, ".2f") for one in (found.value, found.low, found.high)
    )
    text = words(f"agreement_{found.measure}", value=value, low=low, high=high, n=f"{found.tasks:,}")
    if words.has(f"agreement_{found.metric}"):
        text += " " + words(f"agreement_{found.metric}")
    steps = [(at, percent(at)) for at in (0.0, 0.5, 1.0)] if share else [(0.0, "0"), (1.0, "1")]
    if found.measure == "alpha":
        steps[1:1] = [(0.67, "0.67"), (0.8, "0.8")]
    plot = svg.scale(found.value, found.low, found.high, words("agreement"), steps)
    return _section(words("agreement"), escape(text), f'<div class="scroll">{plot}</div>')


def _doubt(report: Report, words: Words) -> str:
    if not report.uncertain:
        return ""
    head = [
        (escape(words("task")), False), (escape(words("answer")), False), ("p", True), (escape(words("or_else")), False),
        (escape(words("answers")), True),
    ]  # fmt: skip
    rows = [
        f'<th scope="row">{_user(one.task)}</th><td class="user">{_user(one.answer)}</td>{_number(_probability(one.p))}'
        "<td class=user>"
        + words("comma").join(f'{_user(name)} <bdi dir="ltr">({_probability(p)})</bdi>' for name, p in one.others)
        + f"</td>{_number(f'{one.answers:,}')}"
        for one in report.uncertain
    ]
    return _section(words("doubt"), escape(words("doubt_explain")), _table(head, rows))


def _gold(report: Report, words: Words) -> str:
    found, measures = report.gold, list[tuple[str, Measure, bool]]()
    if found is None and not report.gold_other:
        return ""
    if found is not None:
        measures += [
            ("accuracy", found.accuracy, True), ("macro_f1", found.macro_f1, True), ("ece", found.ece, True),
            ("brier", found.brier, False), ("nll", found.nll, False),
        ]  # fmt: skip
        measures = [one for one in measures if one[0] != "ece" or report.gold_tasks >= FEW_GOLD]
    measures += [(name, one, name in SHARES) for name, one in report.gold_other.items()]
    rows = []
    for name, one, share in measures:
        form = ",.3g" if name in ("mae", "rmse") and one.high < 1 else ",.3f"  # the unit of the answers, however small
        value, low, high = (percent(x, 1) if share else f"{x:{form}}" for x in (one.value, one.low, one.high))
        rows.append(f'<th scope="row">{escape(words(name))}</th>{_number(value)}{_number(f"{low} – {high}")}')
    head = [(escape(words("measure")), False), (escape(words("value")), True), (escape(words("interval")), True)]
    body = _table(head, rows, "")
    text = words("gold_held_out" if report.held_out else "gold_plain", n=f"{report.gold_tasks:,}")
    if found is None:
        return _section(words("gold"), escape(text), body)
    dots = [svg.Dot(one.mean_p, one.right, one.low, one.high, one.tasks) for one in found.reliability]
    plot = svg.reliability(dots, words("gold_explain"), words("claimed"), words("was_right"))
    text += " " + words("gold_explain")
    return _section(words("gold"), escape(text), f'<div class="pair">{plot}{body}</div>')


def _families(report: Report, words: Words) -> str:
    if not report.families and report.effective is None:
        return ""
    text = escape(words("families_explain")) if report.families else ""
    if report.effective is not None and report.tasks:
        each = report.answers / report.tasks
        text += " " + escape(words("effective", n=f"{each:.1f}", effective=f"{report.effective:.1f}"))
    if not report.families:
        return _section(words("families"), text, "")
    head = [(escape(words("members")), False), (escape(words("how_many")), True), (escape(words("worth")), True)]
    rows = [
        f'<td class="user">{words("comma").join(_user(name) for name in one.members[:12])}'
        f"{'…' if len(one.members) > 12 else ''}</td>{_number(f'{len(one.members):,}')}"
        f"{_number(f'{one.effective:.1f}')}"
        for one in report.families
    ]
    return _section(words("families"), text, _table(head, rows))


def _notes(report: Report, words: Words) -> str:
    lines = []
    if report.repeated:
        lines.append(escape(words("repeated", n=f"{report.repeated:,}")))
    if report.lookalikes:
        groups = "".join(f"<li>{' · '.join(map(_user, told_apart(group)))}</li>" for group in report.lookalikes[:50])
        lines.append(f"{escape(words('lookalikes'))}<ul>{groups}</ul>")
    lines += [_user(sentence("note", note, words)) for note in report.notes]
    if not lines:
        return ""
    return _section(words("notes"), "", f"<ul>{''.join(f'<li>{line}</li>' for line in lines)}</ul>")
