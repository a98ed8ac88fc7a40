import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UserError } from '../errors.ts';
import { LegacyMt19937 } from './legacy-mt19937.ts';
import { Pcg64 } from './pcg64.ts';

const shared = process.env['ICL_GD_SHARED'];
const fixtures = join(import.meta.dirname, '../../../../tests/fixtures');

/** One entry of the shared reference: a whole permutation or its beginning. */
interface Golden {
  seed: number;
  n: number;
  permutation?: number[];
  first_40?: number[];
}

function digest(order: number[]): string {
  return createHash('sha256').update(Uint32Array.from(order)).digest('hex');
}

// From numpy 2.4.6: default_rng(seed); three raw draws and three doubles of one generator, uniform(-2.5, 1.25),
// integers(0, 10) five times, integers(-5, 2**31), integers(0, 2**32), integers(3, 4), random(), permutation(9);
// and the SHA-256 of a fresh generator's permutation(120000) as little-endian 32-bit words.
const NUMPY = [
  {
    seed: 0n,
    raw: [11749869230777074271n, 4976686463289251617n, 755828109848996024n],
    doubles: [0.016527635528529094, 0.8132702392002724, 0.9127555772777217],
    uniform: -0.22511584087307535,
    integers: [9, 7, 6, 5, 5, 1752032165, 2881392816, 3],
    after: 0.8574042765875693,
    permutation: [4, 0, 6, 2, 5, 1, 3, 7, 8],
    large: '11f26113d8714f991bfa1426ef20d18d0fff34bb683525e6a23a9fd1bf665996',
  },
  {
    seed: 4294967301n,
    raw: [14281546376153053393n, 8683300866460616067n, 12836726618003871680n],
    doubles: [0.8165376458429717, 0.537936929104719, 0.5172962228698259],
    uniform: -1.7116707054741576,
    integers: [8, 0, 2, 4, 0, 1300665613, 3759938106, 3],
    after: 0.971710449671356,
    permutation: [2, 4, 6, 3, 5, 0, 8, 1, 7],
    large: 'ba151d9a7c085acbffb190fc2b15d3358d9b497a61bb811039f004f5684583e8',
  },
  {
    seed: 2n ** 200n + 12345n,
    raw: [8569441711451721702n, 10123634952380698007n, 10787088381334446622n],
    doubles: [0.15566440289616756, 0.4774477665362421, 0.7452184636904784],
    uniform: -1.7885426950914196,
    integers: [3, 4, 2, 6, 6, 2132627387, 1058045897, 3],
    after: 0.12370694529033177,
    permutation: [0, 6, 8, 1, 5, 4, 3, 7, 2],
    large: '98b63f35b1b68df3dd46eba3c59bdbb89b857f08c61de32794944d2e96689375',
  },
];

describe('equals numpy.random.default_rng', () => {
  test.each(NUMPY)('seed $seed: every kind of draw, in sequence', (golden) => {
    const random = new Pcg64(golden.seed);
    expect(Array.from({ length: 3 }, () => random.nextUint64())).toEqual(golden.raw);
    expect(Array.from({ length: 3 }, () => random.random())).toEqual(golden.doubles);
    expect(random.uniform(-2.5, 1.25)).toBe(golden.uniform);
    const integers = Array.from({ length: 5 }, () => random.integers(0, 10));
    integers.push(random.integers(-5, 2 ** 31), random.integers(0, 2 ** 32), random.integers(3, 4));
    expect(integers).toEqual(golden.integers);
    expect(random.random()).toBe(golden.after);
    expect(random.permutation(9)).toEqual(golden.permutation);
    expect(digest(new Pcg64(golden.seed).permutation(120000))).toBe(golden.large);
  });

  test('permutations of the reference, small and of dataset size', () => {
    expect(new Pcg64(0).permutation(1)).toEqual([0]);
    expect(new Pcg64(1).permutation(2)).toEqual([0, 1]);
    expect(new Pcg64(5).permutation(10)).toEqual([7, 6, 1, 3, 2, 4, 0, 9, 5, 8]);
    expect(new Pcg64(4294967301).permutation(12)).toEqual([6, 9, 5, 8, 2, 4, 7, 0, 11, 10, 3, 1]);
    expect(new Pcg64(1).permutation(872).slice(0, 8)).toEqual([859, 619, 662, 605, 153, 488, 265, 613]);
    expect(new Pcg64(2).permutation(67349).slice(0, 6)).toEqual([29199, 21524, 12250, 29268, 48181, 9569]);
    expect(new Pcg64(3).permutation(120000).slice(0, 6)).toEqual([
      109501, 118972, 74249, 23493, 97938, 85273,
    ]);
  });

  test.each(['own-text-gpt2', 'own-text-xglm'])('demonstrations and validation rows of %s', (fixture) => {
    const readJson = (file: string) => JSON.parse(readFileSync(join(fixtures, fixture, file), 'utf8'));
    const run: { dataset: string; k: number; seed: number; permutation: number } = readJson('run.json');
    const golden: { train_rows: number[]; validation_rows: number[] } = readJson(
      'golden/demonstrations.json',
    );
    const count = (split: string): number =>
      readFileSync(join(fixtures, fixture, 'data', run.dataset, `${split}.jsonl`), 'utf8')
        .trimEnd()
        .split('\n').length;

    const drawn = new Pcg64(run.seed).permutation(count('train')).slice(0, run.k);
    const legacy = new LegacyMt19937(run.seed);
    const reorderings = Array.from({ length: 5 }, () => legacy.permutation(drawn.length));
    const order = run.permutation > 0 ? reorderings[run.permutation]! : drawn.map((_, i) => i);
    expect(order.map((i) => drawn[i])).toEqual(golden.train_rows);
    const validation = new Pcg64(1).permutation(count('validation'));
    expect(validation.slice(0, golden.validation_rows.length)).toEqual(golden.validation_rows);
  });

  const files = shared === undefined ? [] : [join(shared, 'oracle/rng.json')];
  test.each(files)('every permutation of %s', (file) => {
    const golden: { default_rng: Golden[] } = JSON.parse(readFileSync(file, 'utf8'));
    for (const { seed, n, permutation, first_40: first } of golden.default_rng) {
      const expected = permutation ?? first!;
      expect(new Pcg64(seed).permutation(n).slice(0, expected.length)).toEqual(expected);
    }
  });
});

test('32-bit draws are the halves of the 64-bit draws, lower half first', () => {
  const words = new Pcg64(0);
  const low = words.nextUint32();
  const high = words.nextUint32();
  expect((BigInt(high) << 32n) | BigInt(low)).toBe(11749869230777074271n);
});

test('a permutation holds every index once, and the generator goes on', () => {
  fc.assert(
    fc.property(fc.nat(), fc.integer({ min: 21, max: 300 }), (seed, n) => {
      const random = new Pcg64(seed);
      const order = random.permutation(n);
      expect(order.toSorted((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
      expect(random.permutation(n)).not.toEqual(order);
    }),
  );
});

test('normal deviates have the moments of N(0, 1)', () => {
  const random = new Pcg64(7);
  const n = 400_000;
  const moments = [0, 0, 0, 0];
  let beyond = 0;
  for (let i = 0; i < n; i++) {
    const x = random.normal();
    for (let p = 0; p < 4; p++) moments[p]! += x ** (p + 1) / n;
    if (Math.abs(x) > 1.959964) beyond++;
  }
  // Five standard errors of each moment; the tail holds 5 %.
  const expected = [0, 1, 0, 3];
  const errors = [1, 2, 15, 96].map((variance) => 5 * Math.sqrt(variance / n));
  moments.forEach((moment, p) => expect(Math.abs(moment - expected[p]!)).toBeLessThan(errors[p]!));
  expect(Math.abs(beyond / n - 0.05)).toBeLessThan(0.002);
});

test('seeds and ranges that mean nothing are refused', () => {
  expect(() => new Pcg64(-1)).toThrow(UserError);
  expect(() => new Pcg64(1.5)).toThrow('seed 1.5: a seed is a non-negative integer');
  expect(() => new Pcg64(-1n)).toThrow(UserError);
  expect(() => new Pcg64(0).integers(3, 3)).toThrow(RangeError);
  expect(() => new Pcg64(0).permutation(-1)).toThrow(RangeError);
});
