import { type Mutant, mutantsOf } from '../mutant.ts';

/** Measured against published: cells, claims, curves, figures and pages. */
export const mutants: readonly Mutant[] = [
  ...mutantsOf(
    {
      file: 'apps/bench/src/results/validation/cells.ts',
      tests: ['apps/bench/src/results/validation/cells.test.ts'],
    },
    [
      {
        id: 'cells-average-half',
        kind: 'wrong interval',
        find: 'value + half(({ upper }, own) => upper - own)',
        replace: 'value + half(({ upper }, own) => 2 * (upper - own))',
      },
      {
        id: 'cells-average',
        kind: 'not divided',
        find: 'of(interval as Interval, measured as number))) /',
        replace: 'of(interval as Interval, measured as number))) / 1 ||',
      },
      {
        id: 'cells-difference',
        kind: 'sign',
        find: 'cell.measured - cell.published',
        replace: 'cell.published - cell.measured',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'apps/bench/src/results/validation/claim-list.ts',
      tests: ['apps/bench/src/results/validation/claims.test.ts'],
    },
    [
      {
        id: 'claims-direction',
        kind: 'direction of a claim',
        find: "greater: key('simam_delta', 'LCGD'), smaller: key('simam_delta', 'GD')",
        replace: "greater: key('simam_delta', 'GD'), smaller: key('simam_delta', 'LCGD')",
      },
      {
        id: 'claims-layer-norm-only',
        kind: 'wrong variant',
        find: "key('simaou', 'GD', 'layer-norm-only')",
        replace: "key('simaou', 'GD', 'untrained')",
      },
      {
        id: 'claims-margin',
        kind: 'sign',
        find: 'margin === undefined ? 0 : -margin',
        replace: 'margin === undefined ? 0 : margin',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'apps/bench/src/results/validation/claims.ts',
      tests: ['apps/bench/src/results/validation/claims.test.ts'],
    },
    [
      {
        id: 'claims-single-seed',
        kind: 'judged by one seed',
        find: 'each.seeds > 1 ? pValue(each, against) : null',
        replace: 'pValue(each, against)',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'apps/bench/src/results/validation/compare-curves.ts',
      tests: ['apps/bench/src/results/validation/curves.test.ts'],
    },
    [{ id: 'compare-curves-diff', kind: 'sign', find: 'Math.abs(value - other)', replace: 'value - other' }],
  ),
  ...mutantsOf(
    {
      file: 'apps/bench/src/results/validation/curves.ts',
      tests: ['apps/bench/src/results/validation/curves.test.ts'],
    },
    [
      {
        id: 'curves-layer',
        kind: 'layer off by one',
        find: 'point.layer === layer ? (point',
        replace: 'point.layer === layer + 1 ? (point',
      },
      {
        id: 'curves-step-first',
        kind: 'steps dropped',
        find: 'mean(steps.flatMap(',
        replace: 'mean(steps.slice(0, 1).flatMap(',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'apps/bench/src/results/inference/estimate.ts',
      tests: [
        'apps/bench/src/results/inference/estimate.test.ts',
        'apps/bench/src/results/validation/claims.test.ts',
      ],
    },
    [
      {
        id: 'estimate-level',
        kind: 'wrong percentiles',
        find: 'const LEVEL = 0.95;',
        replace: 'const LEVEL = 0.5;',
      },
      {
        id: 'estimate-widest',
        kind: 'the narrower interval',
        find: 'width(widest) >= width(part)',
        replace: 'width(widest) <= width(part)',
      },
      {
        id: 'estimate-shared-examples',
        kind: 'examples that seeds share forgotten',
        find: 'Math.hypot(t.interval.upper - t.mean, shared.half)',
        replace: 'Math.hypot(t.interval.upper - t.mean, 0 * shared.half)',
      },
      {
        id: 'estimate-mapped-interval',
        kind: 'bounds swapped',
        find: '{ lower: offset - upper, upper: offset - lower }',
        replace: '{ lower: offset - lower, upper: offset - upper }',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'apps/bench/src/results/inference/equivalence.ts',
      tests: ['apps/bench/src/results/inference/equivalence.test.ts'],
    },
    [
      {
        id: 'equivalence-sides',
        kind: 'one side tested',
        find: 'interval90.lower > -margin && interval90.upper < margin',
        replace: 'interval90.upper < margin',
      },
      {
        id: 'equivalence-rounding',
        kind: 'rounding forgotten',
        find: '(tQuantile((1 + level) / 2, Infinity) * ROUNDING) / Math.sqrt(3)',
        replace: '0 * ROUNDING',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'apps/bench/src/results/inference/holm.ts',
      tests: ['apps/bench/src/results/inference/statistics.test.ts'],
    },
    [
      {
        id: 'holm-rank',
        kind: 'off by one',
        find: '(pValues.length - rank)',
        replace: '(pValues.length - rank - 1)',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'apps/bench/src/results/inference/sign-flip.ts',
      tests: ['apps/bench/src/results/inference/statistics.test.ts'],
    },
    [
      {
        id: 'sign-flip-sides',
        kind: 'one-sided',
        find: 'if (Math.abs(sum) >= least) count++;',
        replace: 'if (sum >= least) count++;',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'apps/bench/src/results/validation/example-scores.ts',
      tests: ['apps/bench/src/results/validation/example-scores.test.ts'],
    },
    [
      {
        id: 'examples-unpaired',
        kind: 'not paired',
        find: 'own.set(row, score)',
        replace: 'own.set(i, score)',
      },
      {
        id: 'examples-seeds',
        kind: 'seeds dropped',
        find: 'seeds.flatMap((seed) => [...(first.get(seed)?.keys() ?? [])])',
        replace: '[...(first.values().next().value?.keys() ?? [])]',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'apps/bench/src/results/validation/figures.ts',
      tests: ['apps/bench/src/results/validation/figures.test.ts'],
    },
    [
      {
        id: 'figure-band',
        kind: 'half a band',
        find: '[[layer, value - deviation, value + deviation]]',
        replace: '[[layer, value - deviation, value]]',
      },
      {
        id: 'figure-layer',
        kind: 'layer off by one',
        find: 'points: means.map((value, layer) => [layer, value]),',
        replace: 'points: means.map((value, layer) => [layer + 1, value]),',
      },
      {
        id: 'figure-norm-definition',
        kind: 'wrong definition',
        find: 'gradientNormCurves(cells, definition)',
        replace: "gradientNormCurves(cells, 'kv')",
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'apps/bench/src/results/validation/gradient-norms.ts',
      tests: ['apps/bench/src/results/validation/claims.test.ts'],
    },
    [
      {
        id: 'norms-ratio',
        kind: 'direction of a claim',
        find: 'Math.log10(lcgd / gd)',
        replace: 'Math.log10(gd / lcgd)',
      },
      {
        id: 'norms-definition',
        kind: 'wrong definition',
        find: 'released: (cell: MeasuredCell) => cell.releasedGradientNorms,',
        replace: 'released: (cell: MeasuredCell) => cell.gradientNorms,',
      },
      {
        id: 'norms-seed',
        kind: 'seeds merged',
        find: 'return `${seed}/${permutation}`;',
        replace: 'return `${permutation}/${seed === 0}`;',
      },
      {
        id: 'norms-dataset',
        kind: 'datasets merged',
        find: ' && cell.dataset === dataset &&',
        replace: ' &&',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'apps/bench/src/results/validation/render.ts',
      tests: ['apps/bench/src/results/validation/render.test.ts'],
    },
    [
      {
        id: 'page-difference',
        kind: 'sign',
        find: '(measured - published).toFixed(3)',
        replace: '(published - measured).toFixed(3)',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'apps/bench/src/results/validation/sections/show.ts',
      tests: ['apps/bench/src/results/validation/render.test.ts'],
    },
    [
      {
        id: 'summary-marks',
        kind: 'marks swapped',
        find: "holds: '✓', 'does not hold': '✗'",
        replace: "holds: '✗', 'does not hold': '✓'",
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'apps/bench/src/results/validation/likeness/ladder.ts',
      tests: ['apps/bench/src/results/validation/likeness/likeness.test.ts'],
    },
    [
      {
        id: 'ladder-scale',
        kind: 'wrong denominator',
        find: 'examples.difference(of(metric, ceiling), of(mismatched)),',
        replace: 'examples.difference(of(metric, ceiling), of(metric)),',
      },
      {
        id: 'ladder-no-scale',
        kind: 'guard dropped',
        find: ' && isNotZero(room.interval) ? gain',
        replace: ' ? gain',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'apps/bench/src/results/validation/likeness/gates.ts',
      tests: ['apps/bench/src/results/validation/likeness/likeness.test.ts'],
    },
    [
      {
        id: 'gate-worst',
        kind: 'the best counts',
        find: "'nothing was learned', 'undecided', 'not measured', 'learned'",
        replace: "'learned', 'not measured', 'undecided', 'nothing was learned'",
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'apps/bench/src/results/validation/gated-claims.ts',
      tests: ['apps/bench/src/results/validation/sections/sections.test.ts'],
    },
    [
      {
        id: 'gate-claims',
        kind: 'closed cells judged',
        find: '? { ...cell, scores: new Map() } : cell',
        replace: '? cell : cell',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'apps/bench/src/results/validation/claim-table.ts',
      tests: ['apps/bench/src/results/validation/validate.test.ts'],
    },
    [
      {
        id: 'claim-csv-interval',
        kind: 'columns swapped',
        find: '[interval?.lower ?? null, interval?.upper ?? null]',
        replace: '[interval?.upper ?? null, interval?.lower ?? null]',
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'apps/bench/src/results/validation/verdict.ts',
      tests: ['apps/bench/src/results/validation/verdict.test.ts'],
    },
    [
      {
        id: 'above-significance',
        kind: 'not adjusted away',
        find: 'if (adjustedP > SIGNIFICANCE || value === against)',
        replace: 'if (value === against)',
      },
      {
        id: 'all-verdicts',
        kind: 'one is enough',
        find: "verdicts.length > 0 && verdicts.every((own) => own === 'holds')",
        replace: "verdicts.some((own) => own === 'holds')",
      },
    ],
  ),
  ...mutantsOf(
    {
      file: 'apps/bench/src/results/published/paper-match.ts',
      tests: ['apps/bench/src/results/published/paper-match.test.ts'],
    },
    [
      {
        id: 'paper-any-model',
        kind: 'figure of another model',
        find: "? 'same' : 'another'",
        replace: "? 'same' : 'alike'",
      },
      {
        id: 'paper-any-rows',
        kind: 'figure of other data',
        find: 'first === train && second === validation',
        replace: 'first === train || second === validation || true',
      },
    ],
  ),
];
