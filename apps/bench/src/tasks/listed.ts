const MOST_NAMED = 5;
const MOST_CHARACTERS = 60;
const LONGEST_LIST = 100;

/** Names in a sentence: the first few, each cut where it is long, and how many more there are. */
export function listed(names: readonly string[]): string {
  let text = '';
  let count = 0;
  for (const name of names.slice(0, MOST_NAMED)) {
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
