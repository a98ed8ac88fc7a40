import type { GateGain } from '../../development/gate.ts';
import type { GateRow } from '../../development/measured-development.ts';
import type { GateOutcome } from '../likeness/gates.ts';
import { type Likeness, plainLearners } from '../likeness/likeness.ts';
import { type Inline, Markdown, table, written } from '../markdown.ts';
import { BREAK, NBSP, bullets, names, range, signed } from './show.ts';

const TITLE = 'Was anything learned?';

/** Whether there is anything to be alike in, before how alike it is. */
export function gateSection({ gates: { rows }, ladder: { datasets: all } }: Likeness): Markdown[] {
  if (rows.length === 0)
    return [
      written`## ${TITLE}`,
      written`**Not measured**: the run had no development data (${new Markdown('`icl-gd run --development 256`')}). Whether ICL and the learners learned anything that they could be alike in is not known.`,
    ];
  const datasets = all.filter((id) => rows.some(({ dataset }) => dataset === id));
  const methods = [...new Set(rows.map(({ method }) => method))];
  const find = (method: string, dataset: string): GateRow | undefined =>
    rows.find((row) => row.method === method && row.dataset === dataset);
  return [
    written`## ${TITLE}`,
    bullets([
      iclInWords(rows, datasets),
      ...plainLearners(methods).map((method) => inWords(method, rows, datasets)),
    ]),
    table(
      ['accuracy over zero-shot', ...datasets],
      [
        ['ICL', ...datasets.map((id) => showGain(rows.find(({ dataset }) => dataset === id)?.icl ?? null))],
        ...methods.map((method) => [
          method,
          ...datasets.map((id) => {
            const row = find(method, id);
            return row ? written`${showGain(row.learner)}${new Markdown(BREAK)}${row.outcome}` : '';
          }),
        ]),
      ],
    ),
    written`On development data. A cell speaks about likeness only where ICL and the learner both beat zero-shot (learned: both 95 % intervals above 0); where one gains nothing, its verdict is “nothing was learned”, not that a claim does not hold.`,
  ];
}

function iclInWords(rows: readonly GateRow[], datasets: readonly string[]): Markdown {
  const gains = datasets.map((id) => ({ id, icl: rows.find(({ dataset }) => dataset === id)?.icl }));
  const beats = gains.flatMap(({ id, icl }) => (icl && icl.lower !== null && icl.lower > 0 ? [id] : []));
  return written`ICL beats zero-shot on ${`${beats.length}`} of ${`${datasets.length}`} datasets.`;
}

function inWords(method: string, rows: readonly GateRow[], datasets: readonly string[]): Markdown {
  const of = (outcome: GateOutcome): string[] =>
    datasets.filter((id) =>
      rows.some((row) => row.method === method && row.dataset === id && row.outcome === outcome),
    );
  const [learned, nothing, undecided, missing] = [
    ...[of('learned'), of('nothing was learned'), of('undecided'), of('not measured')],
  ] as const;
  const parts = [
    `learned something on ${learned!.length} of ${datasets.length}`,
    ...(nothing!.length > 0 ? [`nothing on ${nothing!.length} (${names(nothing!)})`] : []),
    ...(undecided!.length > 0 ? [`undecided on ${undecided!.length} (${names(undecided!)})`] : []),
    ...(missing!.length > 0 ? [`not measured on ${missing!.length} (${names(missing!)})`] : []),
  ];
  return written`${method} ${parts.join(', ')}.`;
}

function showGain(gain: GateGain | null): Inline {
  if (!gain) return '–';
  const { lower, upper } = gain;
  const interval = lower === null || upper === null ? null : { lower, upper };
  return written`${signed(gain.mean).replaceAll(' ', NBSP)}${range(interval)}`;
}
