import { type Mutant, mutantsOf } from '../mutant.ts';

const tests = ['packages/transformer/src/files/files.test.ts'];

/** How files come to their names, and what becomes of those that do not. */
export const mutants: readonly Mutant[] = [
  ...mutantsOf({ file: 'packages/transformer/src/files/whole-file.ts', tests }, [
    {
      id: 'file-not-discarded',
      kind: 'cleaning up dropped',
      find: '      await this.abandon();\n      throw storageError(this.#path, error);',
      replace: '      throw storageError(this.#path, error);',
    },
    {
      id: 'link-left-over',
      kind: 'cleaning up dropped',
      find: '      await discard(temporary);\n    });',
      replace: '    });',
    },
  ]),
  ...mutantsOf({ file: 'packages/transformer/src/files/temporary.ts', tests }, [
    {
      id: 'temporary-shared',
      kind: 'one name for all writers',
      find: "randomBytes(8).toString('hex')",
      replace: "'0'.repeat(16)",
    },
    {
      id: 'sweep-the-living',
      kind: 'check dropped',
      find: '? !inUse.has(name) : !isAlive(Number(id))',
      replace: '? true : true',
    },
    {
      id: 'sweep-at-once',
      kind: 'check dropped',
      find: 'written !== undefined && Date.now() - written.mtimeMs > ABANDONED_MS',
      replace: 'written !== undefined',
    },
  ]),
  ...mutantsOf({ file: 'packages/transformer/src/files/folders.ts', tests }, [
    {
      id: 'folder-race',
      kind: 'race',
      find: "attempt === ATTEMPTS || !hasCode(error, 'ENOENT')",
      replace: 'attempt > 0',
    },
  ]),
];
