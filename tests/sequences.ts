/** Token sequences that fit the vocabulary of every own fixture: no text, but none like another. */
export function sequence(length: number, step: number): number[] {
  return Array.from({ length }, (_, i) => 2 + ((i * step) % 150));
}
