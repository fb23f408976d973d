// The messages of a language, in two parts (words.mjs).
declare module 'words:*' {
  const words: Record<string, string | Partial<Record<Intl.LDMLPluralRule, string>>>;
  export default words;
}
