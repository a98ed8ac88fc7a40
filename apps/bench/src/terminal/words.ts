/** A number with its noun, which takes an s unless it is one: `1 record`, `2 records`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

const MOST_CHARACTERS = 60;
const LONGEST_LIST = 160;

/** Names in a message: the first of them, each cut where it is long, and how many more there are. */
export function listed(names: readonly string[], most = 12): string {
  // Naming the last one takes no more room than counting it.
  const wanted = names.length === most + 1 ? names : names.slice(0, most);
  let text = '';
  let count = 0;
  for (const name of wanted) {
    const longer = `${text}${count === 0 ? '' : ', '}${cut(name)}`;
    if (count > 0 && longer.length > LONGEST_LIST) break;
    text = longer;
    count++;
  }
  return names.length > count ? `${text} and ${names.length - count} more` : text;
}

/** The start of a text, by default at most 60 characters. */
export function cut(text: string, most = MOST_CHARACTERS): string {
  return text.length <= most ? text : `${text.slice(0, most)}…`;
}
