/** Of an option that may be given several times: the values so far and this one. */
export function again(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}
