import { type Gpu, acquireGpu } from '@icl-gd/gpu-kernels';
import { type Model, type Tokenizer, loadModel, loadTokenizer } from '@icl-gd/transformer';
import { config } from 'zod';
import type { Experiment } from '../experiment/experiment.ts';
import { runExperiment } from '../experiment/run-experiment.ts';
import { encodeTexts } from '../experiment/texts.ts';
import { inWords } from './in-words.ts';
import type { Answer, ModelChoice, Order } from './messages.ts';
import { keyOf, nameOf, sourceOf } from './source.ts';

// Schemas are checked without making code of them, which pages with a strict content security policy forbid.
config({ jitless: true });

/** More than this is read only after the user has agreed. */
const LARGE_BYTES = 300_000_000;

/** The model that the last run had: the next one has it too, more often than not. */
let kept: { readonly key: string; readonly model: Model; readonly tokenizer: Tokenizer } | undefined;
let gpu: Gpu | undefined;
let running: AbortController | undefined;
let proceed: (() => void) | undefined;

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- that of a worker takes none
const tell = (answer: Answer): void => self.postMessage(answer);

self.addEventListener('message', ({ data }: MessageEvent<Order>) => {
  if (data.kind === 'proceed') return proceed?.();
  if (data.kind === 'cancel') return running?.abort(new DOMException('cancelled', 'AbortError'));
  return void run(data.model, data.experiment);
});

async function run(choice: ModelChoice, experiment: Experiment): Promise<void> {
  running = new AbortController();
  const { signal } = running;
  try {
    const { model, tokenizer } = await modelOf(choice, signal);
    const { config: shape, gpu: device } = model;
    tell({
      kind: 'model',
      model: {
        ...{ name: nameOf(choice), layers: shape.layers, heads: shape.heads, dModel: shape.dModel },
        adapter: device.adapter.description,
      },
    });
    const texts = encodeTexts(experiment, tokenizer, shape);
    if (texts.unknownWords.length > 0) tell({ kind: 'note', text: unknown(texts.unknownWords) });
    await runExperiment(model, experiment, texts, (event) => tell({ kind: 'event', event }), signal);
    tell({ kind: 'finished' });
  } catch (error) {
    tell(
      signal.aborted ? { kind: 'cancelled' } : { kind: 'failed', message: inWords(error, nameOf(choice)) },
    );
  } finally {
    running = undefined;
  }
}

async function modelOf(choice: ModelChoice, signal: AbortSignal): Promise<NonNullable<typeof kept>> {
  const key = keyOf(choice);
  if (kept && kept.key === key) return kept;
  kept?.model.dispose();
  kept = undefined;
  gpu ??= await openGpu();
  const source = sourceOf(choice, signal);
  const files = await source.list();
  const bytes = files
    .filter(({ name }) => /\.(safetensors|bin)$/.test(name))
    .reduce((sum, file) => sum + file.bytes, 0);
  if (choice.kind === 'hub' && bytes > LARGE_BYTES) await agreement(source.name, bytes, signal);
  const tokenizer = await loadTokenizer(source, { signal });
  const model = await loadModel(gpu, source, {
    signal,
    onProgress: (done) => tell({ kind: 'loading', ...done }),
  });
  const read = { key: key ?? '', model, tokenizer };
  kept = read;
  return read;
}

async function openGpu(): Promise<Gpu> {
  const opened = await acquireGpu();
  void opened.device.lost.then(() => {
    // The next run opens another one.
    gpu = undefined;
    kept = undefined;
  });
  return opened;
}

function agreement(name: string, bytes: number, signal: AbortSignal): Promise<void> {
  tell({ kind: 'large', name, bytes });
  return new Promise((resolve, reject) => {
    proceed = resolve;
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
  });
}

const MOST_NAMED = 8;

function unknown(words: readonly string[]): string {
  const more = words.length > MOST_NAMED ? ` and ${words.length - MOST_NAMED} more` : '';
  return `The model’s vocabulary lacks ${words.slice(0, MOST_NAMED).join(', ')}${more}: it reads each of them as one and the same unknown word.`;
}
