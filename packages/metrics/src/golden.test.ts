import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { accuracy, alpha, rec2ftp, simAM, simAMDelta, simAMZeroShot, simAOU, simAOUNorm } from './index.ts';
import type { LayerScores, ProbeArrays, ProbeShape } from './index.ts';

const settings = ['ZSL', 'ICL', 'GD', 'LCGD'] as const;
type Setting = (typeof settings)[number];

interface GoldenProbe {
  readonly h: Readonly<Record<Setting, number[][]>>;
  readonly m: Readonly<Record<Setting, number[][][]>>;
}

const ownFixtures = fileURLToPath(new URL('../../../tests/fixtures', import.meta.url));
const shared = process.env['ICL_GD_SHARED'];
const fixtures = [ownFixtures, ...(shared ? [join(shared, 'oracle')] : [])]
  .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
  .filter((folder) => existsSync(join(folder, 'golden', 'probe.json')));

function readCsv(...path: string[]): Record<string, string>[] {
  const [header, ...lines] = readFileSync(join(...path), 'utf8')
    .trim()
    .split('\n');
  const names = header!.split(',');
  return lines.map((line) => Object.fromEntries(line.split(',').map((cell, i) => [names[i], cell])));
}

const readJson = (...path: string[]): unknown => JSON.parse(readFileSync(join(...path), 'utf8'));

function scores({ h, m }: GoldenProbe): Record<string, LayerScores> {
  const shape: ProbeShape = { layers: h.ZSL.length, heads: m.ZSL[0]!.length, dModel: h.ZSL[0]!.length };
  const probe = (setting: Setting): ProbeArrays[] => [
    { attentionOutput: h[setting].flat(), attentionScores: m[setting].flat(2) },
  ];
  const [zsl, icl, gd, lcgd] = settings.map(probe) as [
    ProbeArrays[],
    ProbeArrays[],
    ProbeArrays[],
    ProbeArrays[],
  ];
  const ofMethod = (method: string, ft: ProbeArrays[]): Record<string, LayerScores> => ({
    [`${method} simaou`]: simAOU(icl, zsl, ft, shape),
    [`${method} simaou_norm`]: simAOUNorm(icl, zsl, ft, shape),
    [`${method} simam`]: simAM(icl, ft, shape),
    [`${method} simam_delta`]: simAMDelta(icl, zsl, ft, shape),
  });
  return {
    ...ofMethod('GD', gd),
    ...ofMethod('LCGD', lcgd),
    '- simam_zsl': simAMZeroShot(icl, zsl, shape),
    '- alpha': alpha(lcgd, gd, zsl, shape),
  };
}

const minus = (a: number[], b: number[]): number[] => a.map((value, i) => value - b[i]!);
const unit = (a: number[]): number[] => a.map((value) => value / Math.hypot(...a));
const cos = (a: number[], b: number[]): number => 1 - Math.hypot(...minus(unit(a), unit(b))) ** 2 / 2;

/** The same metrics by another route: the cosine of two vectors from the distance of their unit vectors. */
function scoresFromDistances({ h, m }: GoldenProbe): Record<string, number[]> {
  const layers = [...h.ZSL.keys()];
  const overHeads = (of: (layer: number, head: number) => number) =>
    layers.map((l) => m.ZSL[l]!.reduce((total, _, head) => total + of(l, head), 0) / m.ZSL[l]!.length);
  const delta = (a: Setting, b: Setting) =>
    overHeads((l, i) => cos(minus(m[a][l]![i]!, m.ZSL[l]![i]!), minus(m[b][l]![i]!, m.ZSL[l]![i]!)));
  const plain = (a: Setting, b: Setting) => overHeads((l, i) => cos(m[a][l]![i]!, m[b][l]![i]!));
  const ofMethod = (ft: Setting): Record<string, number[]> => ({
    [`${ft} simaou`]: layers.map((l) => cos(minus(h.ICL[l]!, h.ZSL[l]!), minus(h[ft][l]!, h.ZSL[l]!))),
    [`${ft} simaou_norm`]: layers.map((l) =>
      cos(minus(unit(h.ICL[l]!), unit(h.ZSL[l]!)), minus(unit(h[ft][l]!), unit(h.ZSL[l]!))),
    ),
    [`${ft} simam`]: plain('ICL', ft),
    [`${ft} simam_delta`]: delta('ICL', ft),
  });
  return {
    ...ofMethod('GD'),
    ...ofMethod('LCGD'),
    '- simam_zsl': plain('ICL', 'ZSL'),
    '- alpha': delta('LCGD', 'GD'),
  };
}

const values = (measured: Record<string, LayerScores>): Record<string, readonly (number | null)[]> =>
  Object.fromEntries(Object.entries(measured).map(([metric, score]) => [metric, score.values]));

const undefinedCounts = (measured: Record<string, LayerScores>): Record<string, readonly number[]> =>
  Object.fromEntries(Object.entries(measured).map(([metric, score]) => [metric, score.undefinedCounts]));

/** To be matched within 1e-12; null in the layers in which a cosine is undefined. */
const close = (expected: Record<string, number[]>, undefinedIn: Record<string, readonly number[]>): unknown =>
  Object.fromEntries(
    Object.entries(expected).map(([metric, layers]) => [
      metric,
      layers.map((value, layer) => (undefinedIn[metric]![layer]! > 0 ? null : expect.closeTo(value, 12))),
    ]),
  );

/** The golden numbers of undefined cosines, per example: in these fixtures all of a layer's or none are. */
function goldenUndefinedCounts(folder: string): Record<string, number[]> {
  const { examples } = readJson(folder, 'golden', 'summary.json') as { examples: number };
  const counts: Record<string, number[]> = {};
  for (const { method, metric, layer, undefined: count } of readCsv(folder, 'golden', 'layerwise.csv')) {
    (counts[`${method} ${metric}`] ??= [])[Number(layer)] = Number(count ?? 0) / examples;
  }
  return counts;
}

describe.each(fixtures.map((folder) => [basename(folder), folder]))('golden fixture %s', (_, folder) => {
  it('gives the cosines of the first example', () => {
    const probe = readJson(folder, 'golden', 'probe.json') as GoldenProbe;
    const measured = scores(probe);
    const expectedUndefined = goldenUndefinedCounts(folder);
    expect(undefinedCounts(measured)).toEqual(expectedUndefined);
    expect(values(measured)).toEqual(close(scoresFromDistances(probe), expectedUndefined));
  });

  it('gives the accuracies and Rec2FTP of the summary', () => {
    const rows = readCsv(folder, 'golden', 'predictions.csv');
    const column = (setting: Setting, name: string): number[] =>
      rows.filter((row) => row['setting'] === setting).map((row) => Number(row[name]));
    const summary = readJson(folder, 'golden', 'summary.json') as {
      accuracy: Record<Setting, number>;
      rec2ftp: Record<'GD' | 'LCGD', { value: number | null }>;
    };
    const gold = column('ZSL', 'gold');
    const [zsl, icl, gd, lcgd] = settings.map((setting) => column(setting, 'predicted'));
    expect({
      ZSL: accuracy(gold, zsl!),
      ICL: accuracy(gold, icl!),
      GD: accuracy(gold, gd!),
      LCGD: accuracy(gold, lcgd!),
    }).toEqual(summary.accuracy);
    expect({
      GD: rec2ftp({ gold, zsl: zsl!, icl: icl!, ft: gd! }),
      LCGD: rec2ftp({ gold, zsl: zsl!, icl: icl!, ft: lcgd! }),
    }).toEqual({ GD: summary.rec2ftp.GD.value, LCGD: summary.rec2ftp.LCGD.value });
  });
});

// Computed with NumPy from the same file.
it('gives the cosines of own-text-gpt2 that NumPy gives', () => {
  const probe = readJson(ownFixtures, 'own-text-gpt2', 'golden', 'probe.json') as GoldenProbe;
  const measured = scores(probe);
  const numPy = {
    'GD simaou': [0.24842661312809783, 0.21033688484368562],
    'GD simaou_norm': [0.21283676552234387, 0.34622964224244623],
    'GD simam': [0.8744180824582509, 0.6409949528081982],
    'GD simam_delta': [-0.035638017918824094, 0.19351123284170488],
    'LCGD simaou': [0.4818531625835615, 0.11171945305020572],
    'LCGD simaou_norm': [0.3906939177296208, 0.3465034236090625],
    'LCGD simam': [0.8743196322834671, 0.6426552950016368],
    'LCGD simam_delta': [-0.03803596168620819, 0.31414801655161223],
    '- simam_zsl': [0.8750357758682684, 0.6354159279918975],
    '- alpha': [0.6905628733258838, 0.8686015728050546],
  };
  expect(values(measured)).toEqual(close(numPy, undefinedCounts(measured)));
});
