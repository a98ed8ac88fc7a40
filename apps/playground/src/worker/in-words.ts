import { UserError, type UserErrorCode } from '@icl-gd/transformer';

/** What can be done about an error here, where it does not say so itself. */
const ADVICE: Partial<Record<UserErrorCode, string>> = {
  'unfit-device': 'Another browser or graphics card may do.',
  'out-of-memory': 'Choose a smaller model, or close other pages that use the graphics card.',
  'device-full': 'Choose a smaller model, or close other pages that use the graphics card.',
  'memory-budget': 'Choose a smaller model, or fewer and shorter texts.',
  'buffer-limit': 'This device cannot hold a weight of this model: choose a smaller one.',
  'binding-limit': 'This device cannot hold a weight of this model: choose a smaller one.',
  'hub-unavailable': 'Check the network, or try again later.',
};

/** Of the hub's answers, what a program could do about them is no help on a page. */
const HUB: Partial<Record<UserErrorCode, string>> = {
  'hub-not-found':
    'the hub has no such model or revision (404). An id is owner/name, as in EleutherAI/pythia-70m.',
  'hub-access':
    'the hub asks for a token: the model is private, gated or does not exist. This page reads public models alone.',
};

/**
 * An error as a sentence or two for the user.
 * @param model how the user calls the model
 */
export function inWords(error: unknown, model: string): string {
  if (!(error instanceof Error)) return `Something failed that should not: ${String(error)}.`;
  const said = /[.!?]$/.test(error.message) ? error.message : `${error.message}.`;
  if (error instanceof UserError) {
    const ofHub = error.code && HUB[error.code];
    if (ofHub) return `${model}: ${ofHub}`;
    const happened = error.code === 'hub-unavailable' ? `${said.split('; ')[0]}.` : said;
    return [happened, error.code && ADVICE[error.code]].filter(Boolean).join(' ');
  }
  if (error.name === 'DivergedError') return `${said} Choose a smaller learning rate.`;
  // Asleep, unplugged, with a new driver, or ended by the browser: nothing that was computed on it is left.
  if (error.message.includes('device lost'))
    return 'The browser took the graphics device away, or it failed, and what was being computed is lost. Run again; if it happens again, choose a smaller model.';
  return `Something failed that should not: ${said}`;
}
