"""`SequenceTruth`: tags or spans without overlap, by a hidden chain of true tags under workers who err. Pure arrays."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tawsim.core.errors import BadInput, TooLarge
from tawsim.truth.choice.calibration import worth
from tawsim.truth.choice.joint_pool import HUMILITY, humbled
from tawsim.truth.sequences.annotators import Crowd, Doings, doings
from tawsim.truth.sequences.chain import (
    Candidates,
    Layout,
    Posterior,
    allowed,
    best_spans,
    candidates,
    forward_backward,
)
from tawsim.truth.sequences.reading import Sequences, read_spans, sequences
from tawsim.truth.sequences.skill import span_skills
from tawsim.truth.sequences.tags import Span, tags_of_spans
from tawsim.truth.state import Restorable

Floats = NDArray[np.float64]
# Numbers (8 bytes) that the largest table may hold: workers × 3 × states × labels, or tokens × states.
MAX_CELLS = 100_000_000
# At the start a token in five begins or goes on with a span, and a span goes on in two cases of five.
MARKED, GOES_ON = 0.2, 0.4


class SequenceTruth(Restorable):
    """Spans of text from several people: Bayesian sequence combination, with something that only looks like a span.

    Model: the true tags z_1 … z_n of a task are a Markov chain over O, B-x and I-x, in which I-x only follows B-x or I-x.
    At token i worker w does u (leaves it out, goes on with the own open span, begins a span of type y) with

        p(u | w, g, z_i) = table[w, g, z_i, u],   g = nothing open / open and fitting z_i / open and of another type

    so what a worker did at the last token is known and only the truth is hidden: one forward–backward pass a sequence.
    EM to the maximum of the posterior; worker rows have a Dirichlet prior of `worker_strength` answers in the shape of
    the crowd's row, whose own prior of `type_strength` answers has the shape all types share. The chain's rows have
    `chain_strength` transitions of prior in a shape that all types share (they go on equally often, and what follows a span
    does not depend on it), and each document its own mixture of types, with `document_strength` spans of prior in the
    shape of all documents.

    Paper: E. Simpson and I. Gurevych, "A Bayesian approach for sequence tagging with crowds", EMNLP 2019 (their "seq"
    worker model; no words are seen here). Where we depart and why:
    * One more type, "nothing", for places that tempt workers and hold no span. Without it the errors of a crowd, which
      fall on the same places, look like agreement, and EM turns the rarest type into a class of such places: on
      ner_mturk_val that fell from F1 .747 after three steps to .73 after twenty, and to .73 even when started from the truth.
    * Position g and action u in place of the full previous tag: 3 × S × (X + 2) numbers a worker instead of S³, and a tag
      that goes on with nothing cannot be said.
    * Priors in three levels; the strengths count tokens, which come in documents and so tell less than their number.
    * Types vary by document (sports pages are full of one kind of team).
    * The answer is the set of spans with the highest expected span F1 (`best_spans`), not the most probable path.
    * Workers of one crowd err together, so in the last pass, which is what is reported, n votes on a token count as
      n / (1 + (n - 1) `vote_correlation`). No statistic of the votes alone can tell this correlation (answers hidden
      and predicted do not see it): 0.1 is an assumption.
    * What is reported of the spans chosen is less sure by the power `HUMILITY`, as `Joint` is and for its reason: a
      consensus is taken for the truth. On ner_mturk_val the calibration error is .105 with it and .121 without; on made
      crowds .034 and .037. Their probabilities are still too high there by some .1.

    Assumes that all answers to a task cover all of it. Cost an iteration: two passes over the longest sequence of S²
    numbers a live sequence, two sums over all tags of S numbers; memory about 6 N S + W 3 S (X + 2) numbers, S = 2 X + 3.

    Input: per answer BIO tags (text with blanks, or a list), or spans [{start, end, label}] (or JSON of them).
    Learned: `tasks_` (T,), `workers_` (W,), `labels_` (X,); `spans_` (T,) lists of (start, end, label), `span_probability_`
    (T,) lists of 0..1, that exactly this span is true; `confidence_` (T,) expected F1 of each task's answer, 0..1;
    `expected_f1_` of all; `precision_`, `recall_` (W, X, 3) [estimate, low, high of 95 %], NaN where there is nothing to
    tell from; `worker_f1_` (W, 3) the same, of all labels and drawn to the crowd's;
    `worker_table_` (W, 3, S, X + 2); `transition_` (S, S); `lengths_` (T,) tokens; `tagged_`;
    `n_iter_`, `converged_`, `log_likelihood_` (one an iteration).

    >>> said = {"ann": "B-PER I-PER O O", "bob": "B-PER I-PER O O", "eve": "O B-PER O O"}
    >>> model = SequenceTruth().fit([("t", worker, tags) for worker, tags in said.items()])
    >>> model.predict()
    ['B-PER I-PER O O']
    """

    tasks_: tuple[Any, ...]
    workers_: tuple[Any, ...]
    labels_: tuple[str, ...]
    lengths_: NDArray[np.int64]
    tagged_: bool
    spans_: list[list[tuple[int, int, str]]]
    span_probability_: list[list[float]]
    confidence_: Floats
    expected_f1_: float
    precision_: Floats
    recall_: Floats
    worker_f1_: Floats
    worker_table_: Floats
    transition_: Floats

    def __init__(
        self,
        *,
        worker_strength: float = 50.0,
        type_strength: float = 1000.0,
        chain_strength: float = 100.0,
        document_strength: float = 20.0,
        vote_correlation: float = 0.1,
        tolerance: float = 1e-3,
        max_iterations: int = 60,
        strict: bool = False,
    ) -> None:
        strengths = (worker_strength, type_strength, chain_strength, document_strength)
        if not all(0 < strength < 1e12 for strength in strengths):
            raise BadInput("The strengths of the priors are above 0.")
        if not (0 <= vote_correlation <= 1 and tolerance >= 0 and max_iterations >= 1):
            raise BadInput("vote_correlation is in 0..1, tolerance 0 or more, max_iterations 1 or more.")
        self.worker_strength = worker_strength
        self.type_strength = type_strength
        self.chain_strength = chain_strength
        self.document_strength = document_strength
        self.vote_correlation = vote_correlation
        self.tolerance = tolerance
        self.max_iterations = max_iterations
        self.strict = strict

    def fit(self, answers: Any) -> Self:
        """Learn from `answers` (task, worker, label). Raises `BadInput` for answers that cannot be read or that overlap,
        `TooLarge` where tables would not fit."""
        read = sequences(read_spans(answers, strict=self.strict))
        data = doings(
            read.token,
            read.answers.worker[read.answer].astype(np.int64),
            read.code,
            read.first,
            int(read.lengths.sum()),
            (len(read.answers.workers), len(read.labels)),
        )
        _check_size(data)
        layout = Layout(read.lengths)
        crowd, chain = Crowd(data, self.worker_strength, self.type_strength), _Chain(data.types, layout, self)
        self._learn(crowd, chain)
        final = self._last(crowd, chain, data)
        self._report(read, layout, final)
        self.worker_table_, self.transition_ = np.array(crowd.table), chain.transition
        return self

    def predict(self) -> list[Any]:
        """A task: BIO tags as text with blanks where the answers were tags, else a list of {start, end, label, p}."""
        _check(self)
        if not self.tagged_:
            return self.predict_spans()
        rows = zip(self.spans_, self.lengths_.tolist(), strict=True)
        return [" ".join(tags_of_spans(map(Span._make, spans), length)) for spans, length in rows]

    def predict_spans(self) -> list[list[dict[str, Any]]]:
        """A task: its spans in order, {start, end, label, p}; positions in tokens where the answers were tags."""
        _check(self)
        return [
            [{"start": a, "end": b, "label": x, "p": p} for (a, b, x), p in zip(spans, chances, strict=True)]
            for spans, chances in zip(self.spans_, self.span_probability_, strict=True)
        ]

    def _learn(self, crowd: Crowd, chain: "_Chain") -> None:
        history: list[float] = []
        self.converged_ = False
        posterior = chain.pass_over(crowd.log_weight())
        while len(history) < self.max_iterations and not self.converged_:
            crowd.learn(posterior.state)
            chain.learn(posterior)
            before, posterior = posterior, chain.pass_over(crowd.log_weight())
            history.append(posterior.log_likelihood)
            moved = np.abs(posterior.state - before.state).sum(axis=1)
            marked = 1 - posterior.state[:, 0] + 1 - before.state[:, 0]
            # As a share of what is marked: most tokens are outside and never move.
            self.converged_ = bool(moved.sum() <= self.tolerance * max(float(marked.sum()), 1e-12))
        self.n_iter_, self.log_likelihood_ = len(history), np.array(history)

    def _last(self, crowd: Crowd, chain: "_Chain", data: Doings) -> Posterior:
        """The pass in which votes count for less, as workers err together."""
        votes = np.bincount(data.token, minlength=data.tokens)
        return chain.pass_over(crowd.log_weight() * worth(votes, self.vote_correlation)[:, None], spans=True)

    def _report(self, read: Sequences, layout: Layout, final: Posterior) -> None:
        types = len(read.labels)
        found = _marked(candidates(final, types), read)
        expected = float(final.state[:, 1 : 1 + types].sum())
        chosen, _ = best_spans(found, expected)
        both = np.stack([found.probability, 1 - found.probability], axis=1)
        found = found._replace(probability=humbled(both, HUMILITY)[:, 0])
        self.expected_f1_ = float(2 * found.probability[chosen].sum() / max(chosen.sum() + expected, 1e-12))
        self.tasks_, self.workers_, self.labels_ = read.answers.tasks, read.answers.workers, read.labels
        self.lengths_, self.tagged_ = read.lengths, read.edges is None
        self.spans_ = [[] for _ in self.tasks_]
        self.span_probability_ = [[] for _ in self.tasks_]
        task = layout.sequence[found.start] if len(found.start) else found.start
        for i in np.flatnonzero(chosen).tolist():
            t = int(task[i])
            start, end = int(found.start[i] - layout.starts[t]), int(found.end[i] - layout.starts[t])
            if read.edges is not None:
                start, end = read.edges[t][start], read.edges[t][end]
            self.spans_[t].append((start, end, read.labels[found.kind[i]]))
            self.span_probability_[t].append(float(found.probability[i]))
        self.confidence_ = _confidence(found, chosen, task, final, layout, types)
        self.precision_, self.recall_, self.worker_f1_ = span_skills(read, layout, final)


class _Chain:
    """Transitions, first states and the mixture of types of each document."""

    def __init__(self, types: int, layout: Layout, settings: SequenceTruth) -> None:
        self._layout, self._types = layout, types
        self._chain, self._document = settings.chain_strength, settings.document_strength
        self._may = allowed(types + 1)
        states = 3 + 2 * types
        share = np.full(states, MARKED / (states - 1))
        share[0] = 1 - MARKED
        self.transition = self._may * share
        x = 1 + np.arange(types + 1)
        self.transition[x, types + 1 + x] = self.transition[types + 1 + x, types + 1 + x] = GOES_ON
        self.transition /= self.transition.sum(axis=1, keepdims=True)
        self.first = np.where(np.arange(states) > types + 1, 0.0, share)
        self.first /= self.first.sum()
        self._mixture = np.zeros((len(layout.starts) - 1, states))

    def pass_over(self, log_weight: Floats, *, spans: bool = False) -> Posterior:
        """The states' probabilities under the present chain."""
        log_weight = log_weight + self._mixture[self._layout.sequence]
        return forward_backward(log_weight, self.transition, self.first, self._layout, spans=spans)

    def learn(self, posterior: Posterior) -> None:
        """The most probable chain given the states' probabilities."""
        rows = posterior.pairs + self._chain * self._alike(posterior)
        self.transition = rows / rows.sum(axis=1, keepdims=True)
        starts = self._layout.starts[:-1][np.diff(self._layout.starts) > 0]
        first = np.where(self.first > 0, posterior.state[starts].sum(axis=0) + 0.5, 0)
        self.first = first / first.sum()
        if not self._types:
            return
        begun = np.zeros((len(self._mixture), self._types))
        np.add.at(begun, self._layout.sequence, posterior.state[:, 1 : 1 + self._types])
        share = (begun.sum(axis=0) + 1) / (begun.sum() + self._types)
        own = (begun + self._document * share) / (begun.sum(axis=1, keepdims=True) + self._document)
        self._mixture[:, 1 : 1 + self._types] = np.log(own / share)

    def _alike(self, posterior: Posterior) -> Floats:
        """Rows (S, S) in which all types go on equally often, and what follows a span does not depend on its type."""
        kinds = self._types + 1
        next_to = posterior.state.sum(axis=0) + 1.0
        next_to[1 + kinds :] = 0
        alike = np.tile(next_to / next_to.sum(), (len(next_to), 1))
        x = np.arange(kinds)
        for state in (1 + x, 1 + kinds + x):
            on, total = posterior.pairs[state, 1 + kinds + x].sum() + GOES_ON, posterior.pairs[state].sum() + 1.0
            alike[state] *= 1 - on / total
            alike[state, 1 + kinds + x] = on / total
        return alike


def _marked(found: Candidates, read: Sequences) -> Candidates:
    """The spans each of whose tokens somebody marked: the chain also expects spans that all overlooked, but not where."""
    marked = np.zeros(int(read.lengths.sum()), bool)
    marked[read.token[read.code > 0]] = True
    so_far = np.concatenate(([0], np.cumsum(marked)))
    keep = so_far[found.end] - so_far[found.start] == found.end - found.start
    return Candidates(*(column[keep] for column in found))


def _confidence(
    found: Candidates, chosen: NDArray[np.bool_], task: NDArray[np.int64], final: Posterior, layout: Layout, types: int
) -> Floats:
    """Expected F1 of each task's answer; where it has no span, the probability that there is none, about exp(-expected)."""
    tasks = len(layout.starts) - 1
    each = final.state[:, 1 : 1 + types].sum(axis=1)
    expected = np.bincount(layout.sequence, each, tasks)
    hits = np.bincount(task[chosen], found.probability[chosen], tasks)
    count = np.bincount(task[chosen], minlength=tasks)
    confidence: Floats = np.where(count > 0, 2 * hits / np.maximum(count + expected, 1e-12), np.exp(-expected))
    return np.clip(confidence, 0, 1)


def _check(model: Any) -> None:
    if not hasattr(model, "tasks_"):
        raise BadInput(f"This {type(model).__name__} has not seen any answers.", "Call fit(answers) first.")


def _check_size(data: Doings) -> None:
    states = data.states()
    if max(3 * data.workers * states * (data.types + 2), data.tokens * states, len(data.worker) * states) > MAX_CELLS:
        raise TooLarge(
            f"{data.workers} workers, {data.tokens} tokens and {data.types} labels are too many for one chain.",
            "Fit fewer tasks at once, or fewer labels.",
        )
