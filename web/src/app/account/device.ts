// What a browser calls itself, in the few words a person knows it by.
const BROWSERS: [RegExp, string][] = [[/Edg\//, 'Edge'], [/OPR\//, 'Opera'], [/Firefox\//, 'Firefox'], [/Chrom(e|ium)\//, 'Chrome'], [/Safari\//, 'Safari']];
const SYSTEMS: [RegExp, string][] = [[/Android/, 'Android'], [/iPhone|iPad/, 'iOS'], [/Windows/, 'Windows'], [/Mac OS X/, 'macOS'], [/Linux/, 'Linux']];

/** `Firefox · Linux`; the first words of what it said where it is neither. */
export function deviceName(said: string): string {
  const found = [BROWSERS, SYSTEMS].map((all) => all.find(([pattern]) => pattern.test(said))?.[1]).filter(Boolean);
  return found.length ? found.join(' · ') : said.slice(0, 30);
}
