import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fakeRun } from '../testing/fake-run.ts';

const out = mkdtempSync(join(tmpdir(), 'icl-gd-damaged-records-'));
afterAll(() => rmSync(out, { recursive: true }));

const settings = { seeds: [5], noiseFloor: false };
let records: string[];
beforeAll(async () => {
  await fakeRun(out, { settings });
  records = readdirSync(join(out, 'records')).filter((name) => name.endsWith('.json'));
});

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
const values: readonly Json[] = [
  ...[7, -7, 1e308, -1e308, 1e101, 0.5, 1.5, 2 ** 53, null, true, '', 'x', '__proto__', [], {}],
  ...[{ __proto__: null }, [null], [[]], 'NaN'],
];

/** Replaces, drops or doubles the value that the path leads to, each step modulo what there is. */
function damage(value: Json, path: readonly number[], put: Json | 'drop' | 'double'): Json {
  if (typeof value !== 'object' || value === null || path.length === 0)
    return put === 'drop' || put === 'double' ? null : put;
  const keys = Object.keys(value);
  if (keys.length === 0) return put;
  const key = keys[(path[0] as number) % keys.length] as string;
  const own = Array.isArray(value) ? value[Number(key)] : value[key];
  const last = path.length === 1 || typeof own !== 'object' || own === null;
  if (last && put === 'drop')
    return Array.isArray(value)
      ? value.filter((_, i) => i !== Number(key))
      : Object.fromEntries(Object.entries(value).filter(([name]) => name !== key));
  if (last && put === 'double') return Array.isArray(value) ? [...value, own as Json] : value;
  const changed = damage(own as Json, path.slice(1), put);
  return Array.isArray(value) ? value.with(Number(key), changed) : { ...value, [key]: changed };
}

test('whatever is damaged in a record, it is computed again, or it is one that there could be: no table has nonsense in it', async () => {
  const change = fc.record({
    record: fc.nat(20),
    path: fc.array(fc.nat(9), { minLength: 1, maxLength: 6 }),
    put: fc.constantFrom(...values, 'drop', 'double'),
  });
  let again = 0;
  await fc.assert(
    fc.asyncProperty(change, async ({ record, path, put }) => {
      const file = join(out, 'records', records[record % records.length] as string);
      const text = readFileSync(file, 'utf8');
      const parsed = JSON.parse(text) as { result: Json };
      try {
        writeFileSync(file, JSON.stringify({ ...parsed, result: damage(parsed.result, path, put) }));
        const { tables, lines } = await fakeRun(out, { settings });
        again += lines.length;
        for (const table of Object.values(tables))
          expect(/NaN|Infinity|undefined,|\[object/.exec(table.slice(table.indexOf('\n')))).toBeNull();
      } finally {
        writeFileSync(file, text);
      }
    }),
    { numRuns: Number(process.env['ICL_GD_FUZZ'] ?? 150) },
  );
  expect(again).toBeGreaterThan(0);
});
