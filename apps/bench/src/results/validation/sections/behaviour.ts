import { mean } from '@icl-gd/metrics';
import { ZERO_SHOT } from '../../outputs.ts';
import { ATTENTION_LEVELS, type MeasuredAttention } from '../../training-attention.ts';
import {
  BEHAVIOUR_MEASURES,
  type BehaviourRow,
  type OutputMeasure,
  behaviourGain,
} from '../likeness/behaviour.ts';
import { ALL } from '../likeness/ladder.ts';
import { type Likeness, plainLearners } from '../likeness/likeness.ts';
import { type Markdown, table, written } from '../markdown.ts';
import { bullets, estimated, number } from './show.ts';

const NAMES: Readonly<Record<OutputMeasure, string>> = {
  agreement: 'agreement',
  kappa: 'κ',
  js_divergence: 'JS divergence',
  log_odds_correlation: 'Δ log-odds, r',
  rec2ftp: 'Rec2FTP',
  rec2ftp_base: 'its base rate',
  next_token_overlap: 'next tokens shared',
};

/** Whether what a setting puts out is what ICL puts out. */
export function behaviourSection({ behaviour, attention, probe }: Likeness): Markdown[] {
  const rows = behaviour.filter(({ dataset }) => dataset === ALL);
  return [
    ...(rows.length === 0
      ? []
      : [
          written`## Behaviour`,
          bullets(
            plainLearners(rows.map(({ method }) => method)).flatMap((method) => inWords(method, behaviour)),
          ),
          table(
            ['setting, against ICL', ...BEHAVIOUR_MEASURES.map((measure) => NAMES[measure])],
            rows.map(({ method, measures }) => [
              method,
              ...BEHAVIOUR_MEASURES.map((measure) => show(measures[measure])),
            ]),
          ),
          written`Means over seeds and datasets. Zero-shot is what doing nothing has in common with ICL; directions (tangent) predict nothing. outputs.csv has every seed.`,
        ]),
    ...attentionSection(attention, probe),
  ];
}

function show(value: number | null): string {
  return value === null ? '–' : number(value);
}

function inWords(method: string, rows: readonly BehaviourRow[]): Markdown[] {
  const of = (id: string): number | null =>
    rows.find((row) => row.method === id && row.dataset === ALL)?.measures.agreement ?? null;
  const [own, nothing] = [of(method), of(ZERO_SHOT)];
  if (own === null || nothing === null) return [];
  const gain = behaviourGain(rows, 'agreement', [method, ZERO_SHOT]);
  const { lower = 0, upper = 0 } = gain?.interval ?? {};
  const than = lower > 0 ? 'more often than' : upper < 0 ? 'less often than' : 'about as often as';
  const open =
    gain && lower < upper && lower <= 0 && upper >= 0 ? ': whether more or less is inconclusive' : '';
  const apart = gain ? `; difference ${estimated({ value: gain.mean, interval: gain.interval })}` : '';
  if (!gain)
    return [
      written`${method} predicts what ICL predicts for ${number(own)} of the examples, zero-shot for ${number(nothing)}.`,
    ];
  return [
    written`${method} predicts what ICL predicts ${than} zero-shot (${number(own)} of the examples, zero-shot ${number(nothing)}${apart})${open}.`,
  ];
}

function attentionSection(attention: readonly MeasuredAttention[], probe: string): Markdown[] {
  if (attention.length === 0) return [];
  const methods = [...new Set(attention.map(({ method }) => method))];
  const over = (
    own: readonly MeasuredAttention[],
    of: 'kendallTau' | 'kendallTauRandom' | 'topKRecall' | 'topKRecallRandom',
  ): number | null =>
    mean(own.flatMap(({ layers }) => mean(layers.flatMap((layer) => layer[of] ?? [])) ?? []));
  const plain = plainLearners(methods);
  const rows = methods.flatMap((method) =>
    ATTENTION_LEVELS.map((level) => {
      const own = attention.filter((each) => each.method === method && each.level === level);
      const [tau, random] = [over(own, 'kendallTau'), over(own, 'kendallTauRandom')];
      return {
        ...{ method, level, tau, random },
        cells: [
          ...[method, level, show(tau), show(random), show(over(own, 'topKRecall'))],
          show(over(own, 'topKRecallRandom')),
        ],
      };
    }),
  );
  return [
    written`### Attention to the demonstrations`,
    bullets(
      rows.flatMap(({ method, level, tau, random }) =>
        tau === null || random === null || !plain.includes(method)
          ? []
          : [
              written`${method}'s ranking of ${level === 'token' ? 'tokens' : 'demonstrations'} agrees with ICL's by Kendall's τ = ${number(tau)}, a random one by ${number(random)}.`,
            ],
      ),
    ),
    table(
      ['learner', 'ranked', "Kendall's τ", 'of random scores', 'top-k recall', 'of random scores'],
      rows.map(({ cells }) => cells),
    ),
    written`Means over layers, seeds and datasets; probed token: ${probe}. training\\_attention.csv has every layer.`,
  ];
}
