// A project on its way: its plan, the file it is for, what is wrong with it, what was taken away, and how it is made. No drawing.
import { announce } from '../../lib/announce.svelte';
import { api, ApiError } from '../../lib/api/client';
import type { Arrangement, Fault, FileProposal, Plan, Row } from '../../lib/api/types';
import { t } from '../../lib/i18n.svelte';
import { newKey } from '../../lib/keys';
import type { Language } from '../../lib/prefs.svelte';
import { session } from '../session.svelte';
import { KeptDraft } from './draft';
import { asSent, bringIn, takeBack, type Made, type Making } from './making';
import { arranged, blankPlan, columnsOf, light } from './plan';
import { headOf, MediaOf, NoSource, sourceOf, sourceOfRows, sourceOfText, type Source } from './sources';

const CHECK_MS = 200;

export class Wizard {
  stage = $state<'opening' | 'start' | 'form' | 'made'>('opening');
  #plan = $state<Plan>(blankPlan(''));
  /** The last plan that had no fault, with every field: what the preview shows. */
  good = $state.raw<Plan | null>(null);
  faults = $state.raw<Fault[]>([]);
  toml = $state('');
  /** A tawsim.toml that is being written; null while the form leads. */
  text = $state<string | null>(null);
  textFault = $state.raw<Fault | null>(null);
  checking = $state(false);

  rows = $state.raw<Row[]>([]);
  proposed = $state.raw<FileProposal | null>(null);
  source = $state.raw<Source | null>(null);
  media = $state.raw<MediaOf | null>(null);
  /** The template that the plan came from. */
  template = $state('');
  /** The draft was found on the disk, though its file was not. */
  lost = $state(false);
  restored = $state(false);

  /** Questions with a fault are shown open. */
  showFaults = $state(false);
  busy = $state('');
  error = $state.raw<unknown>(null);
  making = $state.raw<Making | null>(null);
  made = $state.raw<Made | null>(null);
  /** What was taken away last, and how it comes back. */
  removed = $state.raw<{ words: string; back: () => void }[]>([]);

  #draft: KeptDraft;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asked = 0;
  #seen = '';
  /** The key under which the project is made: a retry makes no second one. */
  #key = newKey();

  constructor() {
    const who = session();
    this.#draft = new KeptDraft(`${who?.workspace.id ?? ''}/${who?.worker.id ?? ''}`);
  }

  get plan(): Plan {
    return this.#plan;
  }

  set plan(plan: Plan) {
    this.#plan = { ...plan, questions: plan.questions.map(light) };
  }

  get columns(): string[] {
    return this.proposed?.columns.map((one) => one.column) ?? [];
  }

  /** Columns that a block or question may name, with the text that is made of words. */
  get offered(): string[] {
    const joined = this.plan.data.tokens && !this.columns.includes(this.plan.text_column) ? [this.plan.text_column] : [];
    return this.columns.length > 0 ? [...this.columns, ...joined] : [...new Set([...columnsOf(this.plan), this.plan.text_column])];
  }

  /** Columns that may be put before people unasked: never one that holds a known answer. */
  get harmless(): string[] {
    const known = new Set(['label', 'labels', 'tags', 'votes', 'score']);
    const hidden = new Set(this.proposed?.columns.filter((one) => known.has(one.role)).map((one) => one.column));
    return this.offered.filter((one) => !hidden.has(one));
  }

  /** What a comparison begins with: columns that were read as candidates, or as a list of them. */
  get comparable(): string[] {
    const of = (role: string): string[] => this.proposed?.columns.filter((one) => one.role === role).map((one) => one.column) ?? [];
    const [lists, several] = [of('candidates'), of('candidate')];
    return several.length > 1 ? several : lists.slice(0, 1);
  }

  async open(): Promise<void> {
    const found = await this.#draft.read();
    if (!found) {
      this.stage = 'start';
      return;
    }
    const { kept, source } = found;
    this.#key = kept.project || this.#key;
    this.plan = kept.plan;
    this.text = kept.text;
    this.rows = kept.rows;
    this.proposed = kept.proposed;
    this.template = kept.template;
    this.#setSource(source, false);
    this.lost = source === null && kept.proposed !== null;
    this.restored = true;
    this.stage = 'form';
    this.check();
  }

  // ---- beginnings ---------------------------------------------------------------------------------------------------
  #setSource(source: Source | null, keep = true): void {
    this.source = source;
    this.media = source ? new MediaOf(source) : null;
    this.lost = false;
    if (keep) void this.#draft.keepSource(source);
  }

  /** Does `work` with `words` shown meanwhile; an error is shown and changes nothing. */
  async #try(words: string, work: () => Promise<void>): Promise<boolean> {
    if (this.busy) return false;
    this.busy = words;
    this.error = null;
    try {
      await work();
      return true;
    } catch (caught) {
      this.error = caught instanceof NoSource ? new Error(t(caught.words)) : caught;
      return false;
    } finally {
      this.busy = '';
    }
  }

  /** Files that were dropped or chosen. A tawsim.toml among them leads; else the table is read and a project proposed. */
  takeFiles(files: File[]): Promise<boolean> {
    return this.#try(t('w_reading', { name: files[0]?.name ?? '' }), async () => {
      const config = files.find((one) => /\.toml$/i.test(one.name));
      const rest = files.filter((one) => one !== config);
      if (rest.length > 0) await this.#takeSource(await sourceOf(rest), config !== undefined);
      if (config) await this.#takeText(await config.text());
      if (!config && rest.length === 0) throw new NoSource('w_no_table');
    });
  }

  takeText(text: string): Promise<boolean> {
    return this.#try(t('w_reading', { name: '' }), () => this.#takeSource(sourceOfText(text, t('w_pasted')), false));
  }

  async #takeSource(source: Source, keepPlan: boolean): Promise<void> {
    const { head, cut } = headOf(source);
    const found = await api.propose(head, { filename: source.name, cut });
    const before = this.#everything();
    const there = new Set(found.proposal.columns.map((one) => one.column));
    const fits = this.stage === 'form' && this.plan.questions.length > 0 && columnsOf(this.plan).every((one) => there.has(one));
    this.rows = found.rows;
    this.proposed = found.proposal;
    this.#setSource(source);
    if (keepPlan || fits) this.plan.data = { ...this.plan.data, file: source.name };
    else {
      const fitted = this.template ? await this.#fitted(source, this.template) : null;
      const wanted = fitted ?? found.plan;
      if (!fitted) this.template = '';
      this.#replace(this.stage === 'form' ? { ...wanted, name: this.plan.name || wanted.name } : wanted, this.stage === 'form' ? before : null);
    }
    this.stage = 'form';
    announce(t('w_read_n', { n: found.proposal.rows }));
  }

  async #fitted(source: Source, template: string): Promise<Plan | null> {
    const { head, cut } = headOf(source);
    const [id, language] = template.split('.') as [string, Language];
    return api.propose(head, { filename: source.name, cut, template: id, language }).then(({ plan }) => plan, (error: unknown) => {
      if (error instanceof ApiError) return null;
      throw error;
    });
  }

  async #takeText(text: string): Promise<void> {
    const checked = await api.check({ toml: text, columns: [] });
    this.stage = 'form';
    if (checked.plan) this.#replace(checked.plan, null);
    else this.writeText(text);
  }

  /** A template: on the columns of the file that is there, else with its own rows. */
  takeTemplate(id: string, language: Language, own: boolean): Promise<boolean> {
    return this.#try(t('w_reading', { name: '' }), async () => {
      const before = this.stage === 'form' ? this.#everything() : null;
      if (this.source && !own && !this.isSample) {
        const { head, cut } = headOf(this.source);
        const { plan } = await api.propose(head, { filename: this.source.name, cut, template: id, language });
        this.#replace({ ...plan, name: this.plan.name || plan.name }, before);
      } else {
        const { template } = await api.template(id, language);
        const loose = await Promise.all(Object.entries(template.media).map(async ([name, address]) => ({ name, file: blobOf(address) })));
        const source = sourceOfRows(`${id}.jsonl`, template.rows, loose);
        const found = await api.propose(source.table, { filename: source.name, cut: false, language });
        this.rows = template.rows;
        this.proposed = { ...found.proposal, alternatives: [], notes: [] };
        this.#setSource(source);
        this.#replace({ ...template.plan, data: { file: source.name } }, before);
      }
      this.template = `${id}.${language}`;
      this.stage = 'form';
    });
  }

  /** Are the rows those that came with the template? */
  get isSample(): boolean {
    return this.template !== '' && this.source?.name === `${this.template.split('.')[0]}.jsonl`;
  }

  takeNothing(): void {
    this.#replace({ ...blankPlan(t('w_blank_name')), content: [], questions: [] }, null);
    this.stage = 'form';
  }

  arrange(one: Arrangement): void {
    this.#replace(arranged($state.snapshot(this.plan) as Plan, structuredClone(one)), this.#everything());
  }

  /** Throws the draft away and begins anew; it can be taken back as long as the page lives. */
  anew(): void {
    const before = this.#everything();
    const { source } = this;
    void this.#draft.drop(); // nobody waits for the disk: a file that is dropped meanwhile is not thrown away with the draft
    this.plan = blankPlan('');
    this.rows = [];
    this.proposed = this.good = null;
    this.#setSource(null, false);
    this.template = '';
    this.text = null;
    this.faults = [];
    this.error = null;
    this.restored = this.lost = false;
    this.#key = newKey();
    this.stage = 'start';
    this.removed = [{ words: t('w_draft_gone'), back: () => { this.stage = 'form'; this.#setSource(source); before(); } }];
  }

  // ---- changes and going back -----------------------------------------------------------------------------------------
  /** How to come back to all that is there now. */
  #everything(): () => void {
    const plan = $state.snapshot(this.plan) as Plan;
    const { rows, proposed, source, template } = this;
    return () => {
      this.plan = plan;
      this.rows = rows;
      this.proposed = proposed;
      this.template = template;
      if (source !== this.source) this.#setSource(source);
      this.text = null;
    };
  }

  #replace(plan: Plan, before: (() => void) | null): void {
    this.plan = plan;
    this.text = null;
    if (before) this.#push(t('w_replaced'), before);
    else this.removed = [];
  }

  #push(words: string, back: () => void): void {
    this.removed = [...this.removed.slice(-49), { words, back }];
    announce(`${words} ${t('w_undo_hint')}`);
  }

  /** Takes the `place`-th of a list of the plan out; it can be put back where it was. */
  remove<T>(list: T[], place: number, words: string): void {
    const [gone] = list.splice(place, 1);
    this.#push(words, () => void list.splice(Math.min(place, list.length), 0, gone as T));
  }

  undo(): void {
    const last = this.removed.at(-1);
    if (!last) return;
    this.removed = this.removed.slice(0, -1);
    last.back();
    announce(t('w_undone'));
  }

  move<T>(list: T[], place: number, by: 1 | -1): boolean {
    const other = place + by;
    if (other < 0 || other >= list.length) return false;
    const [one] = list.splice(place, 1);
    list.splice(other, 0, one as T);
    return true;
  }

  // ---- what is wrong ------------------------------------------------------------------------------------------------
  /** The form changed: it is kept and, in a moment, checked. */
  changed(): void {
    const plan = $state.snapshot(this.plan) as Plan;
    this.#draft.keep({
      plan, text: this.text, rows: this.rows, proposed: this.proposed, template: this.template, project: this.#key, at: Date.now(),
    });
    this.check();
  }

  /** The form was changed by hand: it leads, also over a text that could not be read. */
  formChanged(): void {
    if (this.text !== null) {
      const { text } = this;
      const unread = this.textFault !== null;
      this.text = null;
      this.textFault = null;
      if (unread) this.#push(t('w_text_left'), () => this.writeText(text));
    }
    this.changed();
  }

  writeText(text: string): void {
    this.text = text;
    this.changed();
  }

  check(): void {
    clearTimeout(this.#timer);
    this.checking = true;
    this.#timer = setTimeout(() => void this.#check(), CHECK_MS);
  }

  async #check(): Promise<void> {
    const asked = ++this.#asked;
    const { text } = this;
    const plan = asSent($state.snapshot(this.plan) as Plan);
    try {
      const found = await api.check(text === null ? { plan, columns: this.columns } : { toml: text, columns: this.columns });
      if (asked !== this.#asked) return;
      if (text !== null) this.#readText(found.plan, found.errors);
      else this.faults = found.errors;
      if (found.plan) {
        this.good = found.plan;
        this.toml = found.toml;
      }
    } catch (caught) {
      if (asked === this.#asked) this.error = caught;
    } finally {
      if (asked === this.#asked) this.checking = false;
    }
  }

  #readText(plan: Plan | null, errors: Fault[]): void {
    this.textFault = errors[0] ?? null;
    if (!plan) return;
    this.faults = [];
    this.#seen = JSON.stringify(plan);
    this.plan = plan;
  }

  /** Did the form change by hand, and not because the text was read? */
  isOwnChange(plan: string): boolean {
    const own = plan !== this.#seen;
    this.#seen = plan;
    return own;
  }

  /** Everything written so far has been checked. */
  async settled(): Promise<void> {
    clearTimeout(this.#timer);
    if (this.checking) await this.#check();
  }

  faultOf(table: string, place: number | null, field: string): Fault | null {
    return this.faults.find((one) => one.table === table && one.place === place && one.field === field) ?? null;
  }

  faultsOf(table: string, place: number): Fault[] {
    return this.faults.filter((one) => one.table === table && one.place === place);
  }

  // ---- making -------------------------------------------------------------------------------------------------------
  /** Makes the project and brings its file in. What the server refuses leaves no project behind, and all of the form. */
  async make(): Promise<void> {
    if (this.making || this.faults.length > 0 || this.textFault) return;
    const plan = asSent($state.snapshot(this.plan) as Plan);
    this.error = null;
    this.making = { step: 'project', share: 0, name: '' };
    let project = '';
    try {
      const { name, questions, content, text_column, guideline, overlap, order, lease_seconds, max_leases, skip_limit, settings } = plan;
      const answer = await api.createProject({
        key: this.#key, name, questions, content, text_column, guideline, overlap, order, lease_seconds, max_leases, skip_limit, settings,
      });
      project = answer.project.id;
      const report = this.source ? await bringIn(project, this.source, plan, (making) => (this.making = making)) : null;
      this.made = { project, name: answer.project.name, report };
      this.removed = [];
      await this.#draft.drop();
      this.stage = 'made';
      announce(t('w_made', { name: answer.project.name }));
    } catch (caught) {
      this.error = caught;
      // A broken connection may have done its work: the same key then finds the same project. A refusal is final.
      if (caught instanceof ApiError) {
        this.#key = newKey();
        if (project) await takeBack(project);
        this.changed();
      }
    } finally {
      this.making = null;
    }
  }

  close(): void {
    clearTimeout(this.#timer);
    void this.#draft.flush();
  }
}

/** The bytes of a data: address. */
function blobOf(address: string): Blob {
  const comma = address.indexOf(',');
  const bytes = Uint8Array.from(atob(address.slice(comma + 1)), (letter) => letter.charCodeAt(0));
  return new Blob([bytes], { type: address.slice(5, comma).split(';')[0]! });
}
