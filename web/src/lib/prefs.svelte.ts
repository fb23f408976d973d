// What this browser remembers of its user's taste: language, theme, single keys, open panels. Never anything of the work.

export type Language = 'ar' | 'en';
export type Theme = 'system' | 'light' | 'dark';

interface Prefs {
  language: Language;
  theme: Theme;
  singleKeys: boolean;
  guideline: boolean;
  /** Keys that were moved: action → place on the keyboard. */
  keys: Record<string, string>;
}

const PLACE = 'tawsim-prefs';

function fromBrowser(): Language {
  const wanted = navigator.languages.find((tag) => /^(ar|en)\b/i.test(tag));
  return wanted?.toLowerCase().startsWith('ar') ? 'ar' : 'en';
}

function load(): Prefs {
  const defaults: Prefs = { language: fromBrowser(), theme: 'system', singleKeys: true, guideline: true, keys: {} };
  try {
    return { ...defaults, ...JSON.parse(localStorage.getItem(PLACE) ?? '{}') };
  } catch {
    return defaults; // storage is blocked or holds rubbish: taste is not worth an error
  }
}

export const prefs = $state(load());

/** Keeps the present taste and shows it on the page at once. */
export function applyPrefs(change: Partial<Prefs> = {}): void {
  Object.assign(prefs, change);
  const root = document.documentElement;
  root.lang = prefs.language;
  root.dir = prefs.language === 'ar' ? 'rtl' : 'ltr';
  if (prefs.theme === 'system') delete root.dataset.theme;
  else root.dataset.theme = prefs.theme;
  try {
    localStorage.setItem(PLACE, JSON.stringify(prefs));
  } catch {
    // not kept, still applied
  }
}
