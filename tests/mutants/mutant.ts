/** A careless edit that the tests must notice. */
export interface Mutant {
  /** Unique, in kebab-case. */
  readonly id: string;
  /** What kind of mistake it is: 'wrong stride', 'missing barrier', 'dropped bias'. */
  readonly kind: string;
  /** From the repository's root. */
  readonly file: string;
  /** Occurs exactly once in the file. */
  readonly find: string;
  readonly replace: string;
  /** Test files, from the root, that should notice it: run first. */
  readonly tests: readonly string[];
  /** Part of the name of the adapter that alone has the kernel, where there is one that comes along; any if absent. */
  readonly adapter?: 'swiftshader';
}

/** Mutants of one file that the same tests should notice. */
export function mutantsOf(
  place: Pick<Mutant, 'file' | 'tests' | 'adapter'>,
  edits: readonly Omit<Mutant, 'file' | 'tests' | 'adapter'>[],
): Mutant[] {
  return edits.map((edit) => ({ ...edit, ...place }));
}

/** Test files that compare the text of sources, not what they do: no mutant counts as noticed by them. */
export const TEXT_TESTS = [
  'packages/gpu-kernels/src/kernels/catalogue.test.ts',
  'tests/architecture.test.ts',
  'tests/mutants.test.ts',
] as const;

/** The file's text with the mutant in it. */
export function mutate(text: string, { id, find, replace }: Mutant): string {
  const at = text.indexOf(find);
  if (at < 0 || text.includes(find, at + 1)) throw new Error(`${id}: its text does not occur exactly once`);
  return text.slice(0, at) + replace + text.slice(at + find.length);
}
