// One sitting of review: which answer is on screen, verdicts, undo. What two people do at once is told, not hidden. No drawing.
import { announce } from '../../lib/announce.svelte';
import { api, ApiError } from '../../lib/api/client';
import { reviewing, reviewOf, type ReviewItem, type Said, type Verdict, type Waiting } from '../../lib/api/reviews';
import type { Answers, Project } from '../../lib/api/types';
import { newKey } from '../../lib/keys';
import { t, type Key } from '../../lib/i18n.svelte';
import { contentOf, loadBlocks } from '../../blocks';
import { loadKinds } from '../../kinds';
import { Answering } from '../label/answering.svelte';
import { projectFor } from '../uptodate';

const SAID: Record<Verdict, Key> = { accept: 'v_said_accepted', fix: 'v_said_fixed', reject: 'v_said_rejected' };
/** What a server says when somebody else was first: the next answer is fetched, and this is told. */
const OVERTAKEN = new Set([404, 409]);

export class Reviewing {
  project = $state.raw<Project | null>(null);
  item = $state.raw<ReviewItem | null>(null);
  counts = $state.raw<Waiting | null>(null);
  fixing = $state.raw<Answering | null>(null);
  /** The last verdict, while it can be taken back. */
  last = $state.raw<{ id: string; verdict: Verdict } | null>(null);
  notice = $state('');
  error = $state.raw<unknown>(null);
  busy = $state(false);
  starting = $state(true);

  constructor(readonly id: string) {}

  get reasons(): string[] {
    return this.project ? reviewOf(this.project).reasons : [];
  }

  async start(): Promise<void> {
    this.starting = true;
    this.error = null;
    try {
      const { project } = await api.project(this.id);
      await Promise.all([loadKinds(project.questions), loadBlocks(contentOf(project))]);
      this.project = project;
      await this.next();
    } catch (error) {
      this.error = error;
    } finally {
      this.starting = false;
    }
  }

  async next(): Promise<void> {
    const { item, ...counts } = await reviewing.next(this.id);
    this.counts = counts;
    if (this.project) this.project = await projectFor(this.project, item?.task);
    this.item = item;
    this.fixing = null;
  }

  /** Gives what is on screen back, so that nobody waits for its time to run out. */
  leave(): void {
    if (this.item) void reviewing.release(this.item.answer.id).catch(() => undefined);
  }

  async say(verdict: Verdict, more: Pick<Said, 'reason' | 'words' | 'answers'> = {}): Promise<void> {
    const item = this.item;
    if (!item || this.busy) return;
    await this.#do(async () => {
      const { review } = await reviewing.say(item.answer.id, { key: newKey(), seen_version: item.answer.version, verdict, ...more });
      this.last = { id: review.id, verdict };
      this.#tell(t(SAID[verdict]));
      await this.next();
    });
  }

  /** Opens the labelling view on a copy of the answer; Ctrl+Enter sends it as the reviewer's own. */
  fix(): void {
    const { item, project } = this;
    if (!item || !project) return;
    this.fixing = new Answering(project.questions, { ...item.task, suggestions: {} }, item.answer.answers, (answers) => void this.#fixed(answers), (text) => this.#tell(text));
    this.notice = '';
  }

  async #fixed(answers: Answers): Promise<void> {
    await this.say('fix', { answers });
  }

  async undo(): Promise<void> {
    const last = this.last;
    if (!last || this.busy) return;
    await this.#do(async () => {
      const before = this.item;
      const { item } = await reviewing.undo(last.id, newKey());
      this.last = null;
      if (item) {
        if (before && before.answer.id !== item.answer.id) await reviewing.release(before.answer.id);
        this.item = item;
        this.fixing = null;
        this.counts = await reviewing.waiting(this.id);
      }
      this.#tell(t('v_said_undone'));
    });
  }

  async #do(work: () => Promise<void>): Promise<void> {
    this.busy = true;
    try {
      await work();
    } catch (error) {
      if (!(error instanceof ApiError)) this.error = error;
      else if (OVERTAKEN.has(error.status)) {
        this.#tell(error.message);
        await this.next().catch((again: unknown) => (this.error = again));
      } else this.#tell([error.message, error.hint].filter(Boolean).join(' '));
    } finally {
      this.busy = false;
    }
  }

  #tell(text: string): void {
    this.notice = text;
    announce(text);
  }
}
