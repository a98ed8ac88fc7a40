import { UserError, type UserErrorCode } from '@icl-gd/transformer';

/** What can be done about an error here, where it does not say so itself. */
const ADVICE: Partial<Record<UserErrorCode, string>> = {
  'unfit-device': 'Another browser or graphics card may do.',
  'out-of-memory': 'Choose a smaller model, or close other pages that use the graphics card.',
  'device-full': 'Choose a smaller model, or close other pages that use the graphics card.',
  'memory-budget': 'Choose a smaller model, or fewer and shorter texts.',
  'buffer-limit': 'This device cannot hold a weight of this model: choose a smaller one.',
  'binding-limit': 'This device cannot hold a weight of this model: choose a smaller one.',
  'hub-not-found': 'An id is owner/name, as in EleutherAI/pythia-70m.',
  'hub-access': 'This page reads public models alone.',
};

/** An error as a sentence or two for the user. */
export function inWords(error: unknown): string {
  if (!(error instanceof Error)) return `Something failed that should not: ${String(error)}.`;
  const said = /[.!?]$/.test(error.message) ? error.message : `${error.message}.`;
  if (error instanceof UserError) return [said, error.code && ADVICE[error.code]].filter(Boolean).join(' ');
  if (error.name === 'DivergedError') return `${said} Choose a smaller learning rate.`;
  return `Something failed that should not: ${said}`;
}
