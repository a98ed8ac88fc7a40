import { acquireGpu } from '@icl-gd/gpu-kernels';
import { httpSource, loadModel, loadTokenizer } from '@icl-gd/transformer';
import { TEXTS, compare } from './compare.ts';

const status = document.querySelector('#status') as HTMLElement;
const format = (value: number | null | undefined): string => value?.toFixed(4) ?? 'undefined';

/** Fills a table; what stands in the first row and column are headings. */
function show(id: string, rows: readonly (readonly string[])[]): void {
  const table = document.querySelector(id) as HTMLTableElement;
  for (const [y, cells] of rows.entries()) {
    const row = table.insertRow();
    for (const [x, text] of cells.entries()) {
      const cell = document.createElement(x === 0 || y === 0 ? 'th' : 'td');
      if (cell.tagName === 'TH') cell.setAttribute('scope', y === 0 ? 'col' : 'row');
      cell.textContent = text;
      row.append(cell);
    }
  }
}

/** Naming the files spares the server questions about others, which it would answer with 404. */
const source = httpSource('./model', {
  files: ['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json'],
});

async function run(): Promise<void> {
  using gpu = await acquireGpu();
  const tokenizer = await loadTokenizer(source);
  using model = await loadModel(gpu, source);
  status.textContent = `Computing on ${gpu.adapter.vendor} ${gpu.adapter.architecture} …`;
  const results = await compare(model, tokenizer);

  const settings = Object.entries(results);
  show('#answers', [
    ['query and answer', ...settings.map(([name]) => name)],
    ...TEXTS.queries.flatMap((query, i) =>
      TEXTS.options.map((option, j) => [
        `${query} ${option}`,
        ...settings.map(([, { probes }]) => format(probes[i]?.optionLogProbs[j])),
      ]),
    ),
  ]);
  show('#similarities', [
    ['measure', ...Array.from({ length: model.config.layers }, (_, layer) => `layer ${layer}`)],
    ...(['GD', 'LCGD'] as const).flatMap((name) =>
      Object.entries(results[name].similarities).map(([id, { values }]) => [
        `${name} ${id}`,
        ...values.map(format),
      ]),
    ),
  ]);
  // To be looked at in the browser's console.
  Object.assign(globalThis, { results });
  status.textContent = 'Finished: see `results` in the console for all numbers.';
}

try {
  await run();
} catch (error) {
  status.textContent = (error as Error).message;
}
