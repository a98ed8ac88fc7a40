import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { anyText, spellings, withOptional } from '../../testing/arbitrary-yaml.ts';
import { readPreset } from './read-preset.ts';

const folder = mkdtempSync(join(tmpdir(), 'icl-gd-preset-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Keys of a preset's options, and what the options are called inside the program. */
const NAMES: Readonly<Record<string, string>> = {
  ...{ model: 'model', data: 'data', datasets: 'datasets', methods: 'methods', variants: 'variants' },
  ...{ controls: 'controls', 'matched-demonstrations': 'matchedDemonstrations' },
  ...{ shots: 'shots', seeds: 'seeds', permutation: 'permutation', examples: 'examples', probe: 'probe' },
  ...{ 'fine-tuning-order': 'fineTuningOrder', 'learning-rate': 'learningRate', adapter: 'adapter' },
  ...{ 'init-seed': 'initSeed', 'token-budget': 'tokenBudget' },
  ...{ 'save-probes': 'saveProbes', 'released-norms': 'releasedNorms' },
  ...{ 'weight-changes': 'weightChanges', 'gradient-norms': 'gradientNorms' },
};
// Whole numbers beyond 2^53 are refused.
const number = fc.double({ min: -1e9, max: 1e9, noNaN: true }).map((value) => value + 0);
const single = fc.oneof(anyText, fc.integer(), number);
const list = fc.oneof(single, fc.array(single, { minLength: 1, maxLength: 3 }));
const FLAGS = [
  ...['save-probes', 'released-norms', 'matched-demonstrations'],
  ...['weight-changes', 'gradient-norms', 'training-attention'],
];
const LISTS = ['datasets', 'methods', 'controls', 'variants', 'seeds'];
const valueOf = (name: string) =>
  FLAGS.includes(name) ? fc.boolean() : LISTS.includes(name) ? list : single;
const options = withOptional({}, Object.fromEntries(Object.keys(NAMES).map((name) => [name, valueOf(name)])));
const preset = withOptional(
  { title: anyText },
  {
    prepare: fc.constantFrom('embedded', 'smoke'),
    options,
    passes: fc.array(fc.record({ name: fc.stringMatching(/^\w[\w.-]{0,8}$/), options }), { maxLength: 2 }),
  },
);

/** Options as they would be typed: lists with commas. */
function typed(own: unknown = {}): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(own as Record<string, unknown>).map(([name, set]) => [
      NAMES[name],
      typeof set === 'boolean' ? set : [set].flat().map(String).join(','),
    ]),
  );
}

test('a preset says the same however it is written: its options are those that would be typed', () => {
  fc.assert(
    fc.property(preset, (file) => {
      const {
        passes = [],
        options: own,
        ...rest
      } = file as { passes?: { name: string; options: object }[] } & {
        readonly options?: object;
      };
      const meant = {
        ...rest,
        options: typed(own),
        passes: passes.map((pass) => ({ name: pass.name, options: typed(pass.options) })),
      };
      for (const spelling of spellings(file)) {
        const path = join(folder, 'preset.yaml');
        writeFileSync(path, spelling);
        expect(readPreset(path)).toEqual(meant);
      }
    }),
    { numRuns: 60 },
  );
});
