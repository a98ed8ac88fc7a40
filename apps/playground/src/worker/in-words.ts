import { UserError } from '@icl-gd/transformer';

/** What can be done about an error, by its code. */
const ADVICE: Readonly<Record<string, string>> = {
  'no-adapter': 'This page computes with WebGPU; see below which browsers have it.',
  'out-of-memory': 'Choose a smaller model, or close other pages that use the graphics card.',
  'device-full': 'Choose a smaller model, or close other pages that use the graphics card.',
  'memory-budget': 'Choose a smaller model, or fewer and shorter texts.',
  'buffer-limit': 'This device cannot hold a weight of this model: choose a smaller one.',
  'binding-limit': 'This device cannot hold a weight of this model: choose a smaller one.',
};

/** An error as a sentence or two for the user. */
export function inWords(error: unknown): string {
  if (!(error instanceof Error)) return `Something failed that should not: ${String(error)}.`;
  const sentence = /[.!?]$/.test(error.message) ? error.message : `${error.message}.`;
  const said = `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}`;
  if (error instanceof UserError) return [said, ADVICE[error.code ?? '']].filter(Boolean).join(' ');
  if (error.name === 'DivergedError') return `${said} Choose a smaller learning rate.`;
  return `Something failed that should not: ${said}`;
}
