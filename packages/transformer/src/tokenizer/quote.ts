/** A text from a file or a user as it may stand in a message: quoted, control characters escaped, cut at 60 characters. */
export function quote(text: string): string {
  return JSON.stringify(text.length <= 60 ? text : `${text.slice(0, 60)}…`);
}
