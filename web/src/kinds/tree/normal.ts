// Words as they are compared in a search: without case, accents, vowel signs, tatweel, and the many forms of one letter. Pure.

const SAME: Record<string, string> = { ى: 'ي', ی: 'ي', ې: 'ي', ک: 'ك', ة: 'ه', ە: 'ه', ہ: 'ه', ٱ: 'ا', ء: '' };
const FORMS = new RegExp(`[${Object.keys(SAME).join('')}]`, 'g');

/** `الرّيـاضَةُ` → `الرياضه`, `Été` → `ete`, `٣` → `3`. */
export function normal(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/[\p{M}\p{Cf}\u0640]/gu, '')
    .toLowerCase()
    .replace(FORMS, (letter) => SAME[letter] ?? letter)
    .replace(/[\u0660-\u0669\u06f0-\u06f9]/g, (digit) => String(digit.charCodeAt(0) & 0xf));
}

/** The words of a normal text. */
export const wordsOf = (text: string): string[] => text.match(/[\p{L}\p{N}]+/gu) ?? [];

/** A word without the Arabic article, by which half of all names would begin alike. */
export const bare = (word: string): string => (word.length > 3 && word.startsWith('ال') ? word.slice(2) : word);
