import type { Likeness } from '../likeness/likeness.ts';
import { Markdown, table, written } from '../markdown.ts';
import type { Provenance } from '../provenance.ts';
import type { Validation } from '../validation.ts';
import { BREAK, list } from './show.ts';

/** At which token this page looks; nothing where no manifest says it. */
export function probeNote([headline, ...others]: readonly Likeness[]): Markdown[] {
  const words: Readonly<Record<string, string>> = {
    prompt: 'the last of the prompt, at which the prediction is made',
    label: "the first answer's first, as in the released code",
  };
  const own = headline && words[headline.probe];
  if (!headline || own === undefined) return [];
  const beside = others.map(({ probe }) => probe);
  return [
    written`Probed token: **${headline.probe}** (${own})${beside.length === 0 ? '; no other was run' : `; beside it ${list(beside)} (${words[beside[0] as string] ?? ''})`}.`,
  ];
}

/** What it would take to get these numbers again. */
export function provenanceSection(validation: Validation): Markdown[] {
  const { provenance, claims, margin, declaredMargin, probe, selections } = validation;
  const [own] = provenance;
  const confirmatory = claims.filter(({ role }) => role === 'confirmatory').map(({ text }) => text);
  const rows: (readonly [string, string | Markdown])[] = [
    ['model', validation.model],
    ...(own ? provenanceRows(own) : []),
    ['probed tokens', list(validation.likeness.map((each) => each.probe))],
    ['beside the paper', validation.paper.datasets.size === 0 ? 'nothing' : `the run probed at ${probe}`],
    ['seeds and orders', list(selections)],
    [
      'margin',
      `±${margin}, ${declaredMargin === undefined ? 'not declared by the run' : declaredMargin === margin ? 'declared by the run' : `chosen afterwards; the run declared ±${declaredMargin}`}`,
    ],
    [
      'confirmatory',
      confirmatory.length === 0
        ? 'nothing: other rates than the published ones, or nothing to compare with'
        : list(confirmatory),
    ],
    ['command', commandOf(own)],
  ];
  return [written`## Where it comes from`, table(['', ''], rows)];
}

function provenanceRows({
  model,
  adapter,
  icl_gd,
  node,
  platform,
  settings,
}: Provenance): [string, string | Markdown][] {
  const { hub, files = [] } = model;
  const shown = [
    'methods',
    'controls',
    'shots',
    'examples',
    'learningRate',
    'dtype',
    'matmul',
    'development',
    'fineTuningOrder',
  ];
  const told = shown.flatMap((name) =>
    settings[name] === undefined ? [] : [`${name} ${plain(settings[name])}`],
  );
  return [
    ...(hub ? [['hub', [hub.id, hub.revision].filter(Boolean).join(' at ')] as [string, string]] : []),
    ['parameters', `${model.parameters}`],
    ['weights', files.map(({ file, sha256 }) => `${file} ${sha256.slice(0, 12)}`).join(', ') || 'unknown'],
    ['adapter', `${adapter.description} (${adapter.kind}, ${adapter.source})`],
    ['versions', `icl-gd ${icl_gd}, Node ${node}, ${platform}`],
    ['settings', new Markdown(told.map((own) => written`${own}`.source).join(BREAK))],
  ];
}

function plain(value: unknown): string {
  return Array.isArray(value)
    ? value.map(String).join(', ')
    : typeof value === 'object'
      ? JSON.stringify(value)
      : String(value);
}

function commandOf(own: Provenance | undefined): string {
  if (!own) return 'unknown: there is no manifest.json';
  return own.command ? own.command.map(quoted).join(' ') : 'manifest.json has all settings';
}

/** As a shell takes it. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
