import { type ModelSource, httpSource, hubSource, memorySource } from '@icl-gd/transformer';
import type { ModelChoice } from './messages.ts';

/** Address of a hub that is not huggingface.co, if the page was built for one. */
const HUB = import.meta.env['VITE_HUB'] as string | undefined;

/** Reads the chosen model, until the signal ends it. */
export function sourceOf(choice: ModelChoice, signal: AbortSignal): ModelSource {
  if (choice.kind === 'hub') return hubSource(choice.id, { signal, ...(HUB ? { endpoint: HUB } : {}) });
  if (choice.kind === 'folder') return httpSource(choice.url, { signal, files: choice.files });
  return memorySource(choice.name, choice.files);
}

/** How the user calls the model. */
export function nameOf(choice: ModelChoice): string {
  if (choice.kind === 'hub') return choice.id;
  return choice.kind === 'folder' ? 'icl-gd tiny' : choice.name;
}

/** The same for the same model; undefined for files, which may have changed on disk. */
export function keyOf(choice: ModelChoice): string | undefined {
  if (choice.kind === 'files') return undefined;
  return choice.kind === 'hub' ? `hub ${choice.id}` : choice.url;
}
