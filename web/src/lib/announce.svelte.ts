// What the live region says to people who do not see the screen. One short sentence at a time.

export const spoken = $state({ text: '' });

/** Says `text` politely. The same sentence twice is said twice (a no-break space makes it new). */
export function announce(text: string): void {
  spoken.text = spoken.text === text ? `${text}\u00a0` : text;
}
