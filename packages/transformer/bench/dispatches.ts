import type { DecoderConfig } from '../src/config.ts';
import { familyOf } from '../src/families/registry.ts';
import { LARGE } from '../src/testing/large-model.ts';
import type { RecordedWork } from '../src/testing/recorded-work.ts';
import { type Card, probeWork, stepWork } from '../src/testing/step-work.ts';
import { TINY_MODELS } from '../src/testing/tiny-models.ts';
import { wideModels } from '../src/testing/wide-models.ts';

const TOKENS = 30;

const configOf = (json: Readonly<Record<string, unknown>>): DecoderConfig =>
  familyOf(json, 'config.json').readConfig(json, 'config.json');

/** By how much each count grows with a layer, and what is there once. */
function perLayer(config: DecoderConfig, work: (config: DecoderConfig) => RecordedWork): string {
  const layers = config.layers;
  const { attentionWindows: _windows, ...rest } = config;
  const [few, more] = [work({ ...rest, layers }), work({ ...rest, layers: 2 * layers })];
  const grown = (of: 'total' | 'copies' | 'clears'): string => {
    const each = (more[of] - few[of]) / layers;
    return `${each} a layer + ${few[of] - each * layers}`;
  };
  return `${grown('total')} dispatches, ${grown('copies')} copies, ${grown('clears')} clears`;
}

const verbose = process.argv.includes('--labels');
const tuning = process.argv.indexOf('--tuning');
const card = tuning < 0 ? undefined : (process.argv[tuning + 1] as Card);
const large = { [LARGE.name]: LARGE.json };
const wide = [256, 2048].flatMap((width) =>
  Object.entries(wideModels(width)).map(([name, json]) => [`${name}, width ${width}`, json] as const),
);
const all = { ...large, ...TINY_MODELS, ...Object.fromEntries(wide) };
const only = process.argv.indexOf('--model');
const chosen = Object.entries(all).filter(([name]) => name.startsWith(process.argv[only + 1] ?? ''));
const models = only >= 0 ? Object.fromEntries(chosen) : verbose ? large : all;
for (const [name, json] of Object.entries(models)) {
  const config = configOf(json);
  const cases = {
    'GD step': (of: DecoderConfig) => stepWork(of, 'output', TOKENS, card),
    'LCGD step': (of: DecoderConfig) => stepWork(of, 'layerwise', TOKENS, card),
    'probe batch': (of: DecoderConfig) => probeWork(of, 8, TOKENS, card),
  };
  console.log(name);
  for (const [what, work] of Object.entries(cases)) {
    console.log(`  ${what}: ${perLayer(config, work)}`);
    if (!verbose) continue;
    for (const [label, count] of [...work(config).dispatches].sort(([, a], [, b]) => b - a))
      console.log(`    ${String(count).padStart(4)}  ${label}`);
  }
}
