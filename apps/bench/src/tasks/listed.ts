const MOST_NAMED = 5;
const MOST_CHARACTERS = 60;

/** Names in a sentence: the first few, each cut where it is long, and how many more there are. */
export function listed(names: readonly string[]): string {
  const more = names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : '';
  return names.slice(0, MOST_NAMED).map(cut).join(', ') + more;
}

/** The start of a text, at most 60 characters. */
export function cut(text: string): string {
  return text.length <= MOST_CHARACTERS ? text : `${text.slice(0, MOST_CHARACTERS)}…`;
}
