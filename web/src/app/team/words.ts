// Names of languages in the reader's own, and lists as people type them.
import { prefs } from '../../lib/prefs.svelte';

/** `Arabic (Egypt)` for ar-EG, in the reader's language; the tag itself where the browser does not know it. */
export function languageName(tag: string): string {
  try {
    return new Intl.DisplayNames(prefs.language, { type: 'language' }).of(tag) ?? tag;
  } catch {
    return tag;
  }
}

/** A dialect: often a tag such as ar-EG, which has a name; else the workspace's own word. */
export const dialectName = (word: string): string => (/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})+$/.test(word) ? languageName(word) : word);

/** Words between commas, Arabic ones too; each once. */
export const listOf = (text: string): string[] => [...new Set(text.split(/[,،;؛\n]/).map((one) => one.trim()).filter(Boolean))];
