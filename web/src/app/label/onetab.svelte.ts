// One project is labelled in one tab: two would show the same leases. Web Locks decide; the user may move it here.
import { labelLock } from '../../lib/api/ahead';
import { session } from '../session.svelte';

export class OneTab {
  state: 'asking' | 'here' | 'elsewhere' = $state('asking');
  #let: (() => void) | null = null;
  #name: string;

  constructor(project: string) {
    this.#name = labelLock(session()?.worker.id ?? '', project);
  }

  /** True once this tab may label. `steal` takes it from the other tab, which is told. */
  take(steal = false): Promise<boolean> {
    if (!navigator.locks) {
      this.state = 'here';
      return Promise.resolve(true);
    }
    return new Promise((tell) => {
      const held = (lock: Lock | null): Promise<void> | undefined => {
        this.state = lock ? 'here' : 'elsewhere';
        tell(lock !== null);
        return lock ? new Promise((done) => (this.#let = done)) : undefined;
      };
      navigator.locks.request(this.#name, steal ? { steal: true } : { ifAvailable: true }, held).catch(() => {
        this.state = 'elsewhere'; // another tab took it over
      });
    });
  }

  leave(): void {
    this.#let?.();
    this.#let = null;
  }
}
