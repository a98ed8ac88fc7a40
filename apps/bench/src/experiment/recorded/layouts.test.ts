import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ExactTensor, type NamedTensor, Pcg64, writeSafetensors } from '@icl-gd/transformer';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { scoreBaseline, scoreLearner, toScoreRecords } from '../scores.ts';
import { readProbeFolder } from './probe-folder.ts';
import { groupTrials } from './recorded-trials.ts';
import { type ScoredTrial, scoreRecordedTrial } from './score-trial.ts';

const SHAPE = { layers: 3, heads: 2, dModel: 4 };
const LENGTHS = [3, 5, 2, 4];
const SETTINGS = ['ZSL', 'ICL', 'GD'] as const;
type Setting = (typeof SETTINGS)[number];
/** Tokens before the query. */
const BEFORE: Readonly<Record<Setting, number>> = { ZSL: 1, ICL: 7, GD: 1 };

interface Example {
  /** By layer. */
  readonly h: readonly (readonly number[])[];
  /** By layer and head. */
  readonly m: readonly (readonly (readonly number[])[])[];
}

const random = new Pcg64(3);
/** What float16 and bfloat16 can hold. */
const draw = (count: number): number[] =>
  Array.from({ length: count }, () => Math.round(random.random() * 200 - 100) / 64);
const layers = <T>(make: () => T): T[] => Array.from({ length: SHAPE.layers }, make);
const RECORDED = Object.fromEntries(
  SETTINGS.map((setting) => [
    setting,
    LENGTHS.map((length): Example => ({
      h: layers(() => draw(SHAPE.dModel)),
      m: layers(() => [draw(length), draw(length)]),
    })),
  ]),
) as unknown as Readonly<Record<Setting, readonly Example[]>>;

const probesOf = (setting: Setting) =>
  RECORDED[setting].map(({ h, m }) => ({ attentionOutput: h.flat(), attentionScores: m.flat(2) }));
const [zsl, icl, ft] = SETTINGS.map(probesOf) as [
  ReturnType<typeof probesOf>,
  ReturnType<typeof probesOf>,
  ReturnType<typeof probesOf>,
];
const BASELINE = toScoreRecords(scoreBaseline({ zsl, icl }, SHAPE, 0), 0);
const LEARNER = toScoreRecords(scoreLearner({}, { zsl, icl, ft }, SHAPE), 0);

let folder: string;
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'icl-gd-recorded-'))));
afterEach(() => rm(folder, { recursive: true }));

const tensor = (name: string, shape: readonly number[], values: readonly number[]): NamedTensor => ({
  ...{ name, shape, dtype: 'float32' },
  data: Float32Array.from(values),
});
const save = (
  file: string,
  tensors: readonly (NamedTensor | ExactTensor)[],
  metadata?: Record<string, string>,
) => writeSafetensors(join(folder, `${file}.safetensors`), tensors, metadata);

async function scoreFolder(): Promise<ScoredTrial> {
  const { tensors } = await readProbeFolder(folder, () => {});
  const { trials } = groupTrials(tensors);
  expect(trials).toHaveLength(1);
  return await scoreRecordedTrial(trials[0]!, () => {});
}

async function expectScores(id = 'GD'): Promise<void> {
  const { result } = await scoreFolder();
  expect(result.baselines?.inContext.metrics).toEqual(BASELINE);
  expect(result.methods.map((own) => own.id)).toEqual([id]);
  expect(result.methods[0]?.record).toMatchObject({ metrics: LEARNER });
  expect(result.prepared.validationRows).toHaveLength(LENGTHS.length);
}

const { layers: L, heads: H, dModel: D } = SHAPE;
const N = LENGTHS.length;
const LONGEST = Math.max(...LENGTHS);
const stack = (setting: Setting) =>
  tensor(
    'h',
    [N, L, D],
    RECORDED[setting].flatMap(({ h }) => h.flat()),
  );
const each = (setting: Setting, make: (example: Example, i: number) => NamedTensor[]): NamedTensor[] =>
  RECORDED[setting].flatMap(make);
const padded = (m: Example['m'], fill: number): number[] =>
  m.flat().flatMap((row) => [...row, ...Array<number>(LONGEST - row.length).fill(fill)]);
const lengths = (name: string): ExactTensor => ({
  ...{ name, shape: [N], dtype: 'int64' },
  data: BigInt64Array.from(LENGTHS, BigInt),
});

/** Stands for what {@link writeSafetensors} does not write. */
const MARK = 54_321;

async function replaceMarks(file: string, value: number): Promise<void> {
  const path = join(folder, `${file}.safetensors`);
  const bytes = await readFile(path);
  for (let at = 8 + Number(bytes.readBigUInt64LE()); at + 4 <= bytes.length; at += 4)
    if (bytes.readFloatLE(at) === MARK) bytes.writeFloatLE(value, at);
  await writeFile(path, bytes);
}

/** The cache of one example: every position, of which the last counts; keys of what stands before the query. */
function cache(setting: Setting, i: number, prefix: string, batch: readonly number[]): NamedTensor[] {
  const { h, m } = RECORDED[setting][i] as Example;
  const length = BEFORE[setting] + (LENGTHS[i] as number);
  return h.flatMap((row, layer) => [
    tensor(
      `${prefix}blocks.${layer}.hook_attn_out`,
      [...batch, length, D],
      [...draw((length - 1) * D), ...row],
    ),
    tensor(
      `${prefix}blocks.${layer}.attn.hook_attn_scores`,
      [...batch, H, length, length],
      (m[layer] as Example['m'][number]).flatMap((keys) => [
        ...draw(length * (length - 1)),
        ...draw(BEFORE[setting]),
        ...keys,
      ]),
    ),
    tensor(`${prefix}blocks.${layer}.hook_resid_post`, [...batch, length, D], draw(length * D)),
    tensor(`${prefix}blocks.${layer}.attn.q.hook_out`, [...batch, length, D], draw(length * D)),
  ]);
}

/** What `pos_slice=-1` keeps of a cache. @param before the extents before the keys */
const lastPosition = (tensors: readonly NamedTensor[], before: (heads: number) => number[]): NamedTensor[] =>
  tensors.flatMap(({ name, shape, data }) => {
    const [width, count] = [shape.at(-1)!, shape.at(-2)!];
    const values = data as Float32Array;
    const rows = values.length / width;
    const last = Array.from({ length: rows }, (_, row) => row)
      .filter((row) => row % count === count - 1)
      .flatMap((row) => [...values.subarray(row * width, (row + 1) * width)]);
    if (name.endsWith('hook_attn_scores')) return [tensor(name, [...before(H), width], last)];
    return name.endsWith('hook_attn_out') ? [tensor(name, [1, width], last)] : [];
  });

const LAYOUTS: Readonly<Record<string, (setting: Setting) => Promise<void>>> = {
  'h in one stack, m an example': (setting) =>
    save(setting, [
      stack(setting),
      ...each(setting, ({ m }, i) => [tensor(`m.${i}`, [L, H, LENGTHS[i]!], m.flat(2))]),
    ]),
  'everything an example, with a batch of 1': (setting) =>
    save(
      setting,
      each(setting, ({ h, m }, i) => [
        tensor(`h.${i}`, [1, L, D], h.flat()),
        tensor(`m.${i}`, [1, L, H, LENGTHS[i]!], m.flat(2)),
      ]),
    ),
  'h a layer without the word, where m shows that it is one': (setting) =>
    save(setting, [
      ...Array.from({ length: L }, (_, layer) =>
        tensor(
          `h.${layer}`,
          [N, D],
          RECORDED[setting].flatMap(({ h }) => h[layer]!),
        ),
      ),
      ...each(setting, ({ m }, i) => [tensor(`m.${i}`, [L, H, LENGTHS[i]!], m.flat(2))]),
    ]),
  'places in names, rows in the metadata': (setting) =>
    save(
      setting,
      [stack(setting), ...each(setting, ({ m }, i) => [tensor(`m.${i}`, [L, H, LENGTHS[i]!], m.flat(2))])],
      { validation_rows: '17,4,9,0' },
    ),
  'everything a layer and example, by words': (setting) =>
    save(
      setting,
      each(setting, ({ h, m }, i) =>
        h.flatMap((row, layer) => [
          tensor(`attention_output.layer${layer}.example${i}`, [D], row),
          tensor(`example_${i}/layer_${layer}/attn_scores`, [H, 1, LENGTHS[i]!], m[layer]!.flat()),
        ]),
      ),
    ),
  'h in a stack a layer, m in one that is filled up with zeros': (setting) =>
    save(`my-${setting.toLowerCase()}-probes`, [
      ...Array.from({ length: L }, (_, layer) =>
        tensor(
          `h.layer.${layer}`,
          [N, D],
          RECORDED[setting].flatMap(({ h }) => h[layer]!),
        ),
      ),
      tensor(
        'm',
        [N, L, H, LONGEST],
        RECORDED[setting].flatMap(({ m }) => padded(m, 0)),
      ),
      lengths('query_lengths'),
    ]),
  'a file a kind, float64, m in stacks a layer': async (setting) => {
    await save(`${setting}_h`, [
      {
        ...{ name: 'attention_output', shape: [N, L, D], dtype: 'float64' },
        data: Float64Array.from(RECORDED[setting].flatMap(({ h }) => h.flat())),
      },
    ]);
    await save(`${setting}_m`, [
      ...Array.from({ length: L }, (_, layer) =>
        tensor(
          `attention_logits.layer${layer}`,
          [N, H, LONGEST],
          RECORDED[setting].flatMap(({ m }) => padded([m[layer]!], -10_000)),
        ),
      ),
      lengths('query_length'),
    ]);
  },
  'one stack of h and one of m that is filled up with NaN, token ids beside them': async (setting) => {
    const values = RECORDED[setting].flatMap(({ m }) => padded(m, MARK));
    await save(setting, [stack(setting), tensor('m', [N, L, H, LONGEST], values), lengths('input_ids')]);
    await replaceMarks(setting, Number.NaN);
  },
  'm in one stack that is filled up with the least float32, as a mask does': (setting) =>
    save(setting, [
      stack(setting),
      tensor(
        'm',
        [N, L, H, LONGEST],
        RECORDED[setting].flatMap(({ m }) => padded(m, -3.4028234663852886e38)),
      ),
    ]),
  'm in one stack that is filled up with zeros at the beginning': (setting) =>
    save(setting, [
      stack(setting),
      tensor(
        'm',
        [N, L, H, LONGEST],
        RECORDED[setting].flatMap(({ m }) =>
          m.flat().flatMap((row) => [...Array<number>(LONGEST - row.length).fill(0), ...row]),
        ),
      ),
      lengths('query_lengths'),
    ]),
  'm in one stack that is filled up with NaN at the beginning': async (setting) => {
    const values = RECORDED[setting].flatMap(({ m }) =>
      m.flat().flatMap((row) => [...Array<number>(LONGEST - row.length).fill(MARK), ...row]),
    );
    await save(setting, [stack(setting), tensor('m', [N, L, H, LONGEST], values)]);
    await replaceMarks(setting, Number.NaN);
  },
  float16: (setting) =>
    save(setting, [
      { ...stack(setting), dtype: 'float16' } as NamedTensor,
      ...each(setting, ({ m }, i) => [
        { ...tensor(`m.${i}`, [L, H, LENGTHS[i]!], m.flat(2)), dtype: 'float16' } as NamedTensor,
      ]),
    ]),
  'a file an example, in a folder a setting': async (setting) => {
    for (const [i, { h, m }] of RECORDED[setting].entries())
      await save(`${setting.toLowerCase()}/example-${i}`, [
        tensor('h', [L, D], h.flat()),
        tensor('m', [L, H, LENGTHS[i]!], m.flat(2)),
      ]);
  },
  'a file an example, the setting in its name': async (setting) => {
    for (const [i, { h, m }] of RECORDED[setting].entries())
      await save(`${setting}-${i}`, [
        tensor('h', [1, L, D], h.flat()),
        tensor('m', [L, H, LENGTHS[i]!], m.flat(2)),
      ]);
  },
  'the setting in the metadata alone': (setting) =>
    save(
      `file ${BEFORE[setting] + setting.length}`,
      [stack(setting), ...each(setting, ({ m }, i) => [tensor(`m.${i}`, [L, H, LENGTHS[i]!], m.flat(2))])],
      {
        format: 'pt',
        setting: { ZSL: 'zero-shot', ICL: 'In Context', GD: 'gd' }[setting],
        validation_rows: '0, 1, 2, 3',
      },
    ),
  'caches of TransformerLens, a file an example': async (setting) => {
    for (const i of LENGTHS.keys()) await save(`${setting}/${i}`, cache(setting, i, '', [1]));
  },
  'modules of Hugging Face models, a file an example': async (setting) => {
    for (const [i, { h, m }] of RECORDED[setting].entries())
      await save(
        `${setting}/${i}`,
        h.flatMap((row, layer) => [
          tensor(`transformer.h.${layer}.attn.c_proj`, [1, D], row),
          tensor(`model.layers.${layer}.self_attn.attn_scores`, [H, LENGTHS[i]!], m[layer]!.flat()),
        ]),
      );
  },
  'zero-shot, few-shot and fine-tuned by GD': (setting) =>
    save({ ZSL: 'zero_shot', ICL: 'few-shot', GD: 'finetuned_gd' }[setting], [
      stack(setting),
      ...each(setting, ({ m }, i) => [tensor(`m.${i}`, [L, H, LENGTHS[i]!], m.flat(2))]),
    ]),
  'caches of TransformerLens of the last position alone, with its extent': async (setting) => {
    for (const i of LENGTHS.keys())
      await save(
        `${setting}/${i}`,
        lastPosition(cache(setting, i, '', [1]), (heads) => [1, heads, 1]),
      );
  },
  'caches of TransformerLens of the last position alone, without its extent': async (setting) => {
    for (const i of LENGTHS.keys())
      await save(
        `${setting}/${i}`,
        lastPosition(cache(setting, i, '', [1]), (heads) => [1, heads]),
      );
  },
  'caches of TransformerLens, a file a setting': (setting) =>
    save(
      setting,
      LENGTHS.flatMap((_, i) => cache(setting, i, `example${i}.`, [])),
    ),
};

describe('scores are those of the numbers, whatever way they were stored:', () => {
  test.each(Object.entries(LAYOUTS))('%s', async (_, write) => {
    for (const setting of SETTINGS) await write(setting);
    await expectScores();
  });

  test('one file of all settings', async () => {
    await save(
      'activations',
      SETTINGS.flatMap((setting) => [
        { ...stack(setting), name: `h_${setting}` } as NamedTensor,
        ...each(setting, ({ m }, i) => [tensor(`${setting}.m.${i}`, [L, H, LENGTHS[i]!], m.flat(2))]),
      ]),
    );
    await expectScores();
  });

  test('examples in another order in each setting, with the rows said', async () => {
    const orders: Readonly<Record<Setting, readonly number[]>> = {
      ZSL: [0, 1, 2, 3],
      ICL: [3, 1, 0, 2],
      GD: [2, 0, 3, 1],
    };
    for (const setting of SETTINGS) {
      const order = orders[setting];
      const own = order.map((i) => RECORDED[setting][i] as Example);
      await save(setting, [
        tensor(
          'h',
          [N, L, D],
          own.flatMap(({ h }) => h.flat()),
        ),
        tensor(
          'validation_rows',
          [N],
          order.map((i) => 10 + i),
        ),
        ...order.map((i, at) => tensor(`m.${10 + i}`, [L, H, LENGTHS[i]!], own[at]!.m.flat(2))),
      ]);
    }
    await expectScores();
  });

  test.each([
    ['in a file of their own', 'labels', 'probes'],
    ['once in the file of all settings', 'probes', 'probes'],
  ])('right classes %s are those of every setting', async (_, gold, probes) => {
    const labels = {
      ...{ name: 'labels', shape: [N], dtype: 'int64' },
      data: BigInt64Array.of(1n, 0n, 1n, 1n),
    } as ExactTensor;
    const tensors = SETTINGS.flatMap((setting) => [
      { ...stack(setting), name: `h_${setting}` } as NamedTensor,
      ...each(setting, ({ m }, i) => [tensor(`${setting}.m.${i}`, [L, H, LENGTHS[i]!], m.flat(2))]),
      tensor(
        `log_probs_${setting}`,
        [N, 2],
        LENGTHS.flatMap(() => [-1, -2]),
      ),
    ]);
    await save(probes, gold === probes ? [...tensors, labels] : tensors);
    if (gold !== probes) await save(gold, [labels]);
    await expectScores();
    const { result, lacking } = await scoreFolder();
    expect(result.prepared.gold).toEqual([1, 0, 1, 1]);
    expect(lacking.join()).not.toContain('gold');
  });

  test('a learner of any name', async () => {
    const write = LAYOUTS['everything an example, with a batch of 1']!;
    for (const setting of SETTINGS) await write(setting);
    await rename(join(folder, 'GD.safetensors'), join(folder, 'My learner.safetensors'));
    await expectScores('My learner');
  });
});

describe('what cannot be understood is refused in one line:', () => {
  const good = LAYOUTS['everything an example, with a batch of 1']!;
  const m = (setting: Setting): NamedTensor[] =>
    each(setting, (example, i) => [tensor(`m.${i}`, [L, H, LENGTHS[i]!], example.m.flat(2))]);
  const CASES: Readonly<Record<string, readonly [() => Promise<unknown>, RegExp]>> = {
    'a tensor of an unknown name': [
      () => save('ICL', [stack('ICL'), ...m('ICL'), tensor('resid', [N, D], draw(N * D))]),
      /ICL\.safetensors: tensor "resid" is none that is known/,
    ],
    'attention after the softmax': [
      () => save('ICL', [stack('ICL'), tensor('attentions.0', [L, H, 3], draw(18))]),
      /tensor "attentions\.0" is attention after the softmax/,
    ],
    'two numbers in a name without words': [
      () => save('ICL', [tensor('h.0.1', [D], draw(D))]),
      /tensor "h\.0\.1": its name says two times which example/,
    ],
    'a layer that is missing': [
      () =>
        save('ICL', [
          tensor('h.layer0', [N, D], draw(N * D)),
          tensor('h.layer2', [N, D], draw(N * D)),
          ...m('ICL'),
        ]),
      /layer 1 is missing beside tensor "h\.layer0"/,
    ],
    'h without m': [() => save('ICL', [stack('ICL')]), /of ICL there is no m/],
    'm without h': [() => save('ICL', m('ICL')), /of ICL there is no h/],
    'an example that one setting lacks': [
      () =>
        save(
          'ICL',
          each('ICL', ({ h, m: own }, i) =>
            i === 2
              ? []
              : [tensor(`h.${i}`, [L, D], h.flat()), tensor(`m.${i}`, [L, H, LENGTHS[i]!], own.flat(2))],
          ),
        ),
      /ICL lacks example 2 of ZSL/,
    ],
    'an example that h lacks': [
      () =>
        save(
          'ICL',
          each('ICL', ({ h, m: own }, i) => [
            ...(i === 2 ? [] : [tensor(`h.${i}`, [L, D], h.flat())]),
            tensor(`m.${i}`, [L, H, LENGTHS[i]!], own.flat(2)),
          ]),
        ),
      /is of 4 examples, others of ICL are of 3/,
    ],
    'm towards the demonstrations too': [
      () =>
        save('ICL', [
          stack('ICL'),
          ...each('ICL', (_, i) => [
            tensor(`m.${i}`, [L, H, LENGTHS[i]! + 6], draw(L * H * (LENGTHS[i]! + 6))),
          ]),
        ]),
      /ICL has m towards 9 tokens in example 0, ZSL .* towards 3: .* without BOS and demonstrations/,
    ],
    'another number of heads': [
      () =>
        save('ICL', [
          stack('ICL'),
          ...each('ICL', (_, i) => [tensor(`m.${i}`, [L, 1, LENGTHS[i]!], draw(L * LENGTHS[i]!))]),
        ]),
      /ICL has heads 1, ZSL .* has 2/,
    ],
    'another d_model': [
      () => save('ICL', [tensor('h', [N, L, D + 1], draw(N * L * (D + 1))), ...m('ICL')]),
      /ICL has dModel 5, ZSL .* has 4/,
    ],
    'a stack with too many extents': [
      () => save('ICL', [tensor('h', [N, 2, L, D], draw(N * 2 * L * D)), ...m('ICL')]),
      /tensor "h" has shape \[4, 2, 3, 4\], where \[examples, layers, d_model\] is wanted/,
    ],
    'extents of 1 that can be read in several ways': [
      () => save('ICL', [stack('ICL'), tensor('m.0', [1, L, 1, 3], draw(3 * L))]),
      /which of its extents of 1 is too many/,
    ],
    'NaN in h': [
      async () => {
        await save('ICL', [tensor('h', [N, L, D], [...draw(N * L * D - 1), MARK]), ...m('ICL')]);
        await replaceMarks('ICL', Number.NaN);
      },
      /tensor "h" is NaN in example 3: h and m must be finite/,
    ],
    'infinity in m': [
      async () => {
        await save('ICL', [
          stack('ICL'),
          ...m('ICL').map((own, i) =>
            i === 1 ? tensor('m.1', own.shape, [MARK, ...draw(L * H * 5 - 1)]) : own,
          ),
        ]);
        await replaceMarks('ICL', Number.NEGATIVE_INFINITY);
      },
      /tensor "m\.1" is -Infinity in example 1/,
    ],
    'the same setting twice': [
      () =>
        good('ICL')
          .then(() => rename(join(folder, 'ICL.safetensors'), join(folder, 'icl 2nd.safetensors')))
          .then(() => good('ICL')),
      /is the same of ICL as .*: which of them counts\?/,
    ],
    'other rows than those in names': [
      () => save('ICL', [stack('ICL'), ...m('ICL')], { validation_rows: '0,1,2,9,5' }),
      /is of 4 examples, others of ICL are of 5/,
    ],
    'a stack beside numbers that say no order': [
      () =>
        save('ICL', [
          stack('ICL'),
          ...each('ICL', ({ m: own }, i) => [tensor(`m.${10 + i}`, [L, H, LENGTHS[i]!], own.flat(2))]),
        ]),
      /say the order of the list as validation_rows/,
    ],
    'sizes that the metadata deny': [
      () => save('ICL', [stack('ICL'), ...m('ICL')], { layers: '12' }),
      /the metadata say layers 12, the tensors have 3/,
    ],
    'a seed that is no number': [
      () => save('ICL', [stack('ICL'), ...m('ICL')], { seed: 'five' }),
      /the metadata has seed "five"/,
    ],
    'a file and its tensors of two settings': [
      () => save('ICL', [{ ...stack('ICL'), name: 'zsl.h' } as NamedTensor]),
      /the file is of ICL, but the name of a tensor says ZSL/,
    ],
    'two models in one folder': [
      () => save('ICL', [stack('ICL'), ...m('ICL')], { model: 'gpt2' }),
      /are of different models \(.*recorded.*gpt2|gpt2.*recorded/,
    ],
    'what PyTorch pickled': [
      () => writeFile(join(folder, 'ICL.pt'), 'x'),
      /ICL\.pt: safetensors alone is read: from safetensors\.torch import save_file/,
    ],
    'a file that is cut off': [
      async () => {
        await good('ICL');
        const path = join(folder, 'ICL.safetensors');
        await writeFile(path, (await readFile(path)).subarray(0, -4));
      },
      /ICL\.safetensors: .*cut off/,
    ],
    'integers as h': [
      () =>
        save('ICL', [
          { name: 'h', shape: [N, L, D], dtype: 'int64', data: new BigInt64Array(N * L * D) },
          ...m('ICL'),
        ]),
      /tensor "h" has dtype I64/,
    ],
    'a batch of several sequences in a cache': [
      () =>
        save(
          'ICL',
          cache('ICL', 0, '', [1]).map(
            (own) =>
              ({ ...own, shape: [2, ...own.shape.slice(1, -1), own.shape.at(-1)! / 2] }) as NamedTensor,
          ),
        ),
      /is of a batch of 2/,
    ],
    'scores of the last position alone, of which nothing says that they are': [
      () =>
        save('ICL', [
          stack('ICL'),
          ...LENGTHS.flatMap((_, i) =>
            lastPosition(cache('ICL', i, `${i}.`, [1]), (heads) => [1, heads]).filter(({ name }) =>
              name.endsWith('scores'),
            ),
          ),
        ]),
      /has shape \[1, 2, 10\]: 2 heads at one position, or one head at 2\?/,
    ],
    'right classes of a dataset that nothing else is of': [
      async () => {
        for (const setting of SETTINGS) await good(`${setting}`);
        await save('other/labels', [lengths('labels')], { dataset: 'sst2' });
        await save('mr/ICL', [stack('ICL'), ...m('ICL')]);
      },
      /labels\.safetensors: tensor "labels" is of no setting, and of dataset sst2/,
    ],
    'a number in the name of a file of all examples': [
      () => save('icl-5', [stack('ICL'), ...m('ICL')]),
      /tensor "h" has shape \[4, 3, 4\], where \[layers, d_model\] of example 5 \(the number in a name/,
    ],
    'attention weights of a module': [
      () => save('ICL', [tensor('h.0.attn.attn_weights', [H, 3], draw(3 * H))]),
      /"h.0.attn.attn_weights" is attention after the softmax/,
    ],
    'a cache that nothing says the length of the query for': [
      () =>
        save(
          'ICL',
          LENGTHS.flatMap((_, i) => cache('ICL', i, `${i + 4}.`, [])),
        ),
      /nothing says how many of them are the query's/,
    ],
  };

  test.each(Object.entries(CASES))('%s', async (_, [spoil, message]) => {
    await good('ZSL');
    await good('GD');
    await spoil();
    await expect(scoreFolder()).rejects.toThrow(message);
    await expect(scoreFolder()).rejects.toMatchObject({ name: 'UserError' });
  });

  test('a folder without recordings, one that is not there, a file', async () => {
    await expect(readProbeFolder(folder, () => {})).rejects.toThrow('has no .safetensors files: it is empty');
    await writeFile(join(folder, 'notes.txt'), '');
    await expect(readProbeFolder(folder, () => {})).rejects.toThrow('there is notes.txt');
    await expect(readProbeFolder(join(folder, 'no'), () => {})).rejects.toThrow('does not exist');
    await expect(readProbeFolder(join(folder, 'notes.txt'), () => {})).rejects.toThrow('is a file');
  });
});

test('next tokens are read in the order of the examples, by number or as a stack; what are no tokens is refused', async () => {
  const ids = (i: number) => Array.from({ length: 12 }, (_, place) => 100 * i + place);
  const write = LAYOUTS['everything an example, with a batch of 1']!;
  for (const setting of SETTINGS) await write(setting);
  const logProbs = (setting: string) =>
    tensor(
      `option_log_probs_${setting}`,
      [N, 2],
      LENGTHS.flatMap((_, i) => [-1 - i, -2]),
    );
  const stacked = tensor(
    'next_tokens_icl',
    [N, 12],
    LENGTHS.flatMap((_, i) => ids(i)),
  );
  const apart = LENGTHS.map((_, i) => tensor(`next_tokens_gd_${i}`, [12], ids(i).toReversed()));
  const beside = [...['zsl', 'icl', 'gd'].map(logProbs), stacked];
  await save('beside', [...beside, ...apart]);
  const { result } = await scoreFolder();
  expect(result.baselines?.inContext.predictions.map(({ nextTokens }) => nextTokens)).toEqual(
    LENGTHS.map((_, i) => ids(i).slice(0, 10)),
  );
  expect(result.methods[0]?.record).toMatchObject({
    predictions: LENGTHS.map((_, i) => ({ nextTokens: ids(i).toReversed().slice(0, 10) })),
  });
  expect(result.baselines?.zeroShot.predictions[0]).not.toHaveProperty('nextTokens');
  for (const wrong of [
    [1, 1],
    [0.5, 1],
    [-1, 2],
  ]) {
    await save('beside', [...beside, ...LENGTHS.map((_, i) => tensor(`next_tokens_gd_${i}`, [2], wrong))]);
    await expect(scoreFolder()).rejects.toThrow(
      /next_tokens_gd_0" has .*, where ids of tokens are wanted, each once/,
    );
  }
});

describe('what was not recorded is named, and the rest computed:', () => {
  const write = LAYOUTS['everything an example, with a batch of 1']!;

  test('without option_log_probs no accuracies, without LCGD no α', async () => {
    for (const setting of SETTINGS) await write(setting);
    const { lacking, result } = await scoreFolder();
    expect(lacking).toEqual([
      'no right classes (gold): without accuracy_zsl, accuracy_icl, accuracy_ft of GD, rec2ftp of GD',
      'no LCGD recording: without alpha',
    ]);
    expect(result.pairs).toEqual({});
  });

  test('without ICL there is nothing that it is compared with', async () => {
    await write('ZSL');
    await write('GD');
    await save('LCGD', LAYOUTS_OF_GD());
    const { lacking, result } = await scoreFolder();
    expect(lacking[0]).toMatch(/^no ICL recording: without simaou_random, simam_zsl, .*simaou of GD/);
    expect(Object.keys(result.pairs)).toEqual(['alpha']);
    // The same vectors: α is 1.
    expect(result.pairs['alpha']?.values.every((value) => Math.abs((value ?? 0) - 1) < 1e-9)).toBe(true);
  });

  test('without ZSL what needs no update is there', async () => {
    await write('ICL');
    await write('GD');
    const { result } = await scoreFolder();
    const record = result.methods[0]?.record;
    expect(record?.status === 'finished' && Object.keys(record.metrics)).toEqual(['simam']);
    expect(record).toMatchObject({ metrics: { simam: LEARNER['simam'] } });
  });

  const LAYOUTS_OF_GD = (): NamedTensor[] =>
    each('GD', ({ h, m }, i) => [
      tensor(`h.${i}`, [L, D], h.flat()),
      tensor(`m.${i}`, [L, H, LENGTHS[i]!], m.flat(2)),
    ]);
});

test('trials are told apart by folders, seeds and orders in names or metadata; zero-shot without a seed is shared', async () => {
  const write = LAYOUTS['everything an example, with a batch of 1']!;
  await write('ICL');
  await write('GD');
  await mkdir(join(folder, 'mr/seed5'), { recursive: true });
  await mkdir(join(folder, 'mr/seed6-order2'), { recursive: true });
  for (const name of ['ICL', 'GD']) {
    await writeFile(
      join(folder, `mr/seed5/${name}.safetensors`),
      await readFile(join(folder, `${name}.safetensors`)),
    );
    await rename(join(folder, `${name}.safetensors`), join(folder, `mr/seed6-order2/${name}.safetensors`));
  }
  await write('ZSL');
  await rename(join(folder, 'ZSL.safetensors'), join(folder, 'mr/ZSL.safetensors'));
  const { tensors } = await readProbeFolder(folder, () => {});
  const { trials } = groupTrials(tensors);
  expect(
    trials.map(({ dataset, seed, permutation, settings }) => [
      dataset,
      seed,
      permutation,
      [...settings.keys()],
    ]),
  ).toEqual([
    ['mr', 5, 0, ['ZSL', 'ICL', 'GD']],
    ['mr', 6, 2, ['ZSL', 'ICL', 'GD']],
  ]);
});
