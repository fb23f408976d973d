// One sitting at one project: which task is on screen, what is being answered, undo, skip, the last ten. No drawing.
import { announce } from '../../lib/announce.svelte';
import { LAST_ANSWERS, LEASES_AT_FIRST } from '../../lib/api/ahead';
import { api, ApiError, NoConnection } from '../../lib/api/client';
import type { Answers, LeasedTask, Project, ProjectOverview, TaskView, Told } from '../../lib/api/types';
import { itemText } from '../../lib/bidi';
import { t } from '../../lib/i18n.svelte';
import { Drafts } from '../../lib/drafts';
import { newKey } from '../../lib/keys';
import type { Press } from '../../lib/keyboard';
import { outbox, type Outcome } from '../../lib/outbox/outbox.svelte';
import { Prefetch } from '../../lib/prefetch.svelte';
import { Watch } from '../../lib/watch';
import type { Layout, Shown } from '../../kinds/kind';
import { contentOf } from '../../blocks';
import { knows } from '../../kinds';
import { covers } from '../../kinds/asks';
import { session } from '../session.svelte';
import { projectFor, readyFor } from '../uptodate';
import { Answering } from './answering.svelte';

const IDLE_S = 300;
const LONGEST_SPENT_MS = 24 * 3600 * 1000;

/** One of the last answers. `annotation` is known once the server confirmed it. */
export interface Recent {
  key: string;
  lease: string;
  task: TaskView;
  answers: Answers;
  comment: string;
  flag: boolean;
  skipped: boolean;
  state: 'queued' | 'saved' | 'kept';
  /** Which version of the guideline it was given under. */
  guideline: number;
  annotation: { id: string; version: number } | null;
}

/** What is on screen, and how its answer will be sent. */
interface OnScreen extends LeasedTask {
  /** Set while an earlier answer is being changed: the answer is then sent as a new version. */
  amends: Recent | null;
}

/** Under what half an answer is kept: its lease; a change of an earlier answer apart from it. */
const draftKey = (shown: OnScreen): string => (shown.amends ? `change/${shown.lease.id}` : shown.lease.id);
/** The task, where a later lease of it may go on: not where candidates are blind, nor for changes. */
const draftTask = (shown: OnScreen): string => (shown.amends || Object.keys(shown.task.candidates ?? {}).length > 0 ? '' : shown.task.id);

export class Labelling {
  project = $state.raw<Project | null>(null);
  current = $state.raw<OnScreen | null>(null);
  answering = $state.raw<Answering | null>(null);
  comment = $state('');
  flag = $state(false);
  recents = $state.raw<Recent[]>([]);
  /** The project as it was last seen on the server; `project` is the one that is worked by. */
  newer = $state.raw<Project | null>(null);
  mine = $state(0);
  /** What the example just answered teaches; the next task waits until it was read. */
  lesson = $state.raw<{ told: Told; recent: Recent } | null>(null);
  notice = $state('');
  error = $state.raw<unknown>(null);
  starting = $state(true);

  readonly tasks: Prefetch;
  /** An answer is being written: keys wait. Not drawn, so not state. */
  private busy = false;
  #parked: OnScreen | null = null;
  #drafts: Drafts;
  /** How long hands were on what is on screen. */
  #watch = new Watch(() => ((this.project?.settings as { pay?: { idle_seconds?: number } } | undefined)?.pay?.idle_seconds ?? IDLE_S) * 1000);
  #unlisten: () => void;

  constructor(readonly id: string) {
    this.tasks = new Prefetch(id, (lease) => outbox.waiting.some((one) => one.lease === lease), () => ({
      maxLeases: this.project?.max_leases ?? LEASES_AT_FIRST,
      leaseSeconds: this.project?.lease_seconds ?? 300,
    }));
    const who = session();
    this.#drafts = new Drafts(`${who?.workspace.id ?? ''}/${who?.worker.id ?? ''}`, (reason) => this.#say(t('draft_not_kept', { reason: String(reason) })));
    this.#unlisten = outbox.onOutcome((outcome) => this.#settle(outcome));
  }

  /** Loads the project, the last answers and the first tasks, all at once; no tasks and nothing more where this tab is not to label. */
  async start(allowed: Promise<boolean>): Promise<void> {
    this.starting = true;
    this.error = null;
    try {
      const tasks = allowed.then(async (here) => here && (await Promise.all([this.tasks.topUp(), this.#drafts.open()]), here));
      const [overview, last, here] = await Promise.all([this.#overview(), api.mine(this.id, LAST_ANSWERS).catch(() => null), tasks]);
      if (!here) return;
      this.#watch.start();
      this.project = overview.project;
      const unsent = outbox.waiting.filter((one) => one.project === this.id && one.kind === 'submit');
      this.mine = overview.mine.answers + unsent.length;
      this.recents = (last?.annotations ?? []).filter((one) => one.state === 'accepted').map((one) => ({
        key: one.id, lease: one.lease_id, task: one.task, answers: one.answers, comment: one.comment, flag: one.flag, skipped: false,
        state: 'saved' as const, guideline: one.guideline_version,
        annotation: { id: one.id, version: one.version },
      }));
      this.#show(this.tasks.take());
    } catch (error) {
      this.error = error;
    } finally {
      this.starting = false;
    }
  }

  /** The project, with what draws it: fetched as soon as the project is known, while tasks and drafts are still coming. */
  async #overview(): Promise<ProjectOverview> {
    const overview = await api.project(this.id);
    const strange = overview.project.questions.find((one) => !knows(one.kind));
    if (strange) throw new Error(t('unknown_kind', { kind: strange.kind }));
    await readyFor(overview.project);
    return overview;
  }

  stop(): void {
    this.#watch.stop();
    this.#drafts.flush();
    this.#unlisten();
    this.tasks.stop();
  }

  /** Looks whether the project was changed meanwhile. Nothing on screen changes by itself: `newer` says it. */
  async refresh(): Promise<void> {
    const now = await api.project(this.id).catch(() => null);
    if (now) this.newer = await readyFor(now.project).catch(() => this.newer);
  }

  /** Asks again when nothing was left: after a wait, or when the connection is back. */
  async again(): Promise<void> {
    await this.tasks.topUp(true);
    if (!this.current && !this.lesson) this.#show(this.tasks.take());
  }

  /** Hands a key to the question at hand. True if it meant something there. */
  press(press: Press, layout: Layout, turned: Shown['turned']): boolean {
    const answering = this.answering;
    const question = answering?.question;
    if (!answering || !question || !this.current || !this.project || this.busy) return false;
    const block = contentOf(this.project).find((one) => one.column === question.on) ?? null;
    return answering.press(press, layout, { task: this.current.task, block, turned, lease: this.current.lease.id });
  }

  setComment(text: string): void {
    this.comment = text;
    this.#keepDraft();
  }

  setFlag(on: boolean): void {
    this.flag = on;
    this.#keepDraft();
    announce(t(on ? 'said_flagged' : 'said_unflagged'));
  }

  #keepDraft(): void {
    const shown = this.current;
    if (!shown || !this.answering) return;
    const { values } = this.answering;
    const { comment, flag } = this;
    this.#drafts.keep(draftKey(shown), () => ({ task: draftTask(shown), schema: this.project?.schema_version ?? 0, values, comment, flag }));
  }

  /** Writes the answer to the outbox, then shows the next task. */
  async submit(given: Answers): Promise<void> {
    const shown = this.current;
    if (!shown || this.busy) return;
    const answers = $state.snapshot(given) as Answers;
    if (shown.amends) await this.#amend(shown, shown.amends, answers);
    else await this.#leave(shown, 'submit', answers, '');
    // It could not be written: what was chosen last stays on the screen.
    if (this.current === shown && this.answering) this.answering.values = { ...this.answering.values, ...answers };
  }

  async skip(reason: string): Promise<void> {
    const shown = this.current;
    if (!shown || this.busy) return;
    if (shown.amends) return this.#say(t('cannot_skip_answered'));
    await this.#leave(shown, 'skip', {}, reason);
  }

  async #leave(shown: OnScreen, kind: 'submit' | 'skip', answers: Answers, reason: string): Promise<void> {
    const key = newKey();
    const { lease, task } = shown;
    this.busy = true;
    try {
      await outbox.add({ project: this.id, kind, key, lease: lease.id, task: task.id, seq: task.seq, text: this.textOf(task).slice(0, 200), answers, reason, ...this.#extras() });
      this.#watch.reset();
    } catch (error) {
      this.#say(t('not_written', { reason: String(error) }));
      return;
    } finally {
      this.busy = false;
    }
    this.#drafts.drop(draftKey(shown));
    this.#remember({ key, lease: lease.id, task, answers, comment: this.comment, flag: this.flag, skipped: kind === 'skip', state: 'queued', guideline: (this.newer ?? this.project)?.guideline_version ?? 0, annotation: null });
    if (kind === 'submit') this.mine += 1;
    this.notice = '';
    this.#show(this.tasks.take());
    announce(t(kind === 'skip' ? 'said_skipped' : outbox.link === 'ok' ? 'said_saved' : 'said_queued'));
  }

  async #amend(shown: OnScreen, earlier: Recent, answers: Answers): Promise<void> {
    if (JSON.stringify([answers, this.comment, this.flag]) !== JSON.stringify([earlier.answers, earlier.comment, earlier.flag])) {
      const entry = {
        project: this.id, kind: 'amend' as const, key: newKey(), lease: earlier.lease, task: shown.task.id, seq: shown.task.seq,
        text: this.textOf(shown.task).slice(0, 200), answers, reason: '', ...this.#extras(),
      };
      const known = earlier.annotation ? { annotation: earlier.annotation.id, version: earlier.annotation.version } : { after: earlier.key };
      this.busy = true;
      try {
        await outbox.add({ ...entry, ...known });
        this.#watch.reset();
      } catch (error) {
        return this.#say(t('not_written', { reason: String(error) }));
      } finally {
        this.busy = false;
      }
      this.recents = this.recents.map((one) => (one.key === earlier.key ? { ...one, answers, comment: entry.comment, flag: entry.flag, state: 'queued' } : one));
      announce(t('said_changed'));
    }
    this.back();
  }

  #extras(): { comment: string; flag: boolean; schema: number; spent: number } {
    return { comment: this.comment.trim(), flag: this.flag, schema: this.project?.schema_version ?? 0, spent: Math.min(this.#watch.read(), LONGEST_SPENT_MS) };
  }

  /** Leaves an earlier answer as it was and returns to the task that was waiting. */
  back(): void {
    if (!this.current?.amends) return;
    this.#drafts.drop(draftKey(this.current));
    const parked = this.#parked;
    this.#parked = null;
    if (parked) this.#show(parked);
    else this.#show(this.tasks.take());
  }

  /** Backspace: takes the last answer back. Unsent: here and now. Sent: the server gives the task to us again. */
  async undo(): Promise<void> {
    if (this.busy) return;
    if (this.current?.amends) return this.back();
    const last = this.recents[0];
    if (!last) return this.#say(t('nothing_to_undo'));
    this.busy = true;
    try {
      const waiting = outbox.find(last.key);
      if (await outbox.cancel(last.key)) {
        this.#watch.add(waiting?.spent ?? 0);
        return this.#reopen(last, { id: last.lease, task_id: last.task.id, deadline: 0, round: 0 });
      }
      if (last.skipped) return this.#say(t('skip_stays'));
      await outbox.settled(last.key);
      await this.#undoSent(this.recents.find((one) => one.key === last.key) ?? last);
    } finally {
      this.busy = false;
    }
  }

  async #undoSent(last: Recent): Promise<void> {
    if (last.state === 'kept') return this.#say(t('kept_stays'));
    if (!last.annotation) return this.open(last);
    try {
      const leased = await api.undo(last.annotation.id, newKey());
      this.#reopen(last, leased.lease, leased.previous?.answers);
    } catch (error) {
      if (error instanceof NoConnection) this.open(last); // away from the server: change it instead, which can wait in the outbox
      else this.#say(error instanceof ApiError ? error.message : String(error));
    }
  }

  #reopen(last: Recent, lease: LeasedTask['lease'], previous?: Answers): void {
    const was = this.current;
    if (was && !was.amends) this.tasks.putBack(was);
    this.recents = this.recents.filter((one) => one.key !== last.key);
    if (!last.skipped) this.mine = Math.max(0, this.mine - 1);
    const leased = { lease, task: last.task, previous: last.skipped ? null : { answers: previous ?? last.answers, comment: last.comment, flag: last.flag } };
    this.tasks.hold(leased);
    this.#show(leased);
    this.#say(t('said_undone'));
  }

  /** Opens one of the last answers to look at or change it. Nothing is taken back until another answer is given. */
  open(recent: Recent): void {
    if (recent.skipped || recent.state === 'kept') return;
    if (this.current && !this.current.amends) this.#parked = this.current;
    const lease = { id: recent.lease, task_id: recent.task.id, deadline: 0, round: 0 };
    this.#show({ lease, task: recent.task, previous: { answers: recent.answers, comment: recent.comment, flag: recent.flag } }, recent);
    announce(t('said_opened'));
  }

  /** The text that is judged. */
  textOf(task: TaskView): string {
    return itemText(task.content, this.project?.text_column ?? '');
  }

  /** Where rows say what they ask, their questions may grow: those there are now hold from this task on. False: they are being
   * fetched, since it asks what is not known here, and it is shown then. */
  #keepUp(task: LeasedTask | null, amends: Recent | null): boolean {
    const { project, newer } = this;
    if (!task?.task.asks || !project) return true;
    if (newer && newer.schema_version > project.schema_version) this.project = newer;
    if (covers(this.project!.questions, task.task.asks)) return true;
    this.current = null;
    this.answering = null;
    this.starting = true;
    void projectFor(project, task.task).then((now) => {
      this.project = now;
      this.#show(task, amends, true);
    }, (error: unknown) => (this.error = error)).finally(() => (this.starting = false));
    return false;
  }

  #show(task: LeasedTask | null, amends: Recent | null = null, known = false): void {
    if (!known && !this.#keepUp(task, amends)) return;
    const shown = task ? { ...task, amends } : null;
    if (shown) this.lesson = null;
    if (!this.current) this.#watch.reset(); // time without a task in hand is nobody's
    this.current = shown;
    const draft = shown ? this.#drafts.find(draftKey(shown), draftTask(shown), this.project?.schema_version ?? 0) : null;
    const before = draft?.values ?? task?.previous?.answers ?? null;
    this.comment = draft?.comment ?? task?.previous?.comment ?? '';
    this.flag = draft?.flag ?? task?.previous?.flag ?? false;
    this.answering = task && this.project
      ? new Answering(this.project.questions, task.task, before, (answers) => void this.submit(answers), (text) => this.#say(text), () => this.#keepDraft())
      : null;
    if (!task && !this.tasks.none) void this.#whenMore();
  }

  async #whenMore(): Promise<void> {
    await this.tasks.topUp(true);
    if (!this.current && !this.lesson && this.tasks.ahead.length > 0) this.#show(this.tasks.take());
  }

  #remember(recent: Recent): void {
    this.recents = [recent, ...this.recents].slice(0, LAST_ANSWERS);
  }

  /** The lesson was read: on with the next task. */
  learned(): void {
    this.lesson = null;
    if (!this.current) this.#show(this.tasks.take());
  }

  #settle({ entry, annotation, kept, told }: Outcome): void {
    if (entry.project !== this.id) return;
    const taught = told ? this.recents.find((one) => one.key === entry.key) : undefined;
    if (told && taught) {
      if (this.current && !this.current.amends) this.tasks.putBack(this.current);
      this.lesson = { told, recent: taught };
      this.current = null;
    }
    const key = entry.kind === 'amend' ? (this.recents.find((one) => one.lease === entry.lease)?.key ?? '') : entry.key;
    this.recents = this.recents.map((one) => {
      if (one.key !== key) return one;
      return { ...one, state: kept ? 'kept' : 'saved', annotation: annotation ? { id: annotation.id, version: annotation.version } : one.annotation };
    });
    if (kept) {
      if (entry.kind === 'submit') this.mine = Math.max(0, this.mine - 1);
      void this.refresh();
      this.#say(t('said_kept'));
    }
    // A confirmed answer has freed its lease: only now can the server grant another one.
    void this.tasks.topUp().then(() => {
      if (!this.current && !this.starting && !this.lesson && this.tasks.ahead.length > 0) this.#show(this.tasks.take());
    });
  }

  #say(text: string): void {
    this.notice = text;
    announce(text);
  }
}
