/** A number with its noun, which takes an s unless it is one: `1 record`, `2 records`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** Names in a message: the first of them, and how many more there are. */
export function listed(names: readonly string[], most = 12): string {
  const more = names.length - most;
  // Naming the last one takes no more room than counting it.
  return more <= 1 ? names.join(', ') : `${names.slice(0, most).join(', ')} and ${more} more`;
}
