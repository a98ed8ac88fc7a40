import type { Experiment, ExperimentEvent } from '../experiment/experiment.ts';

/** Where the model comes from. */
export type ModelChoice =
  /** A folder on a web server, by its address, with the files in it: the model that comes with this page. */
  | { readonly kind: 'folder'; readonly url: string; readonly files: readonly string[] }
  | { readonly kind: 'hub'; readonly id: string }
  /** Files of a model directory, by name. */
  | { readonly kind: 'files'; readonly name: string; readonly files: Readonly<Record<string, Blob>> };

/** From the page to the worker. */
export type Order =
  | { readonly kind: 'run'; readonly model: ModelChoice; readonly experiment: Experiment }
  | { readonly kind: 'cancel' }
  /** The answer to `large`. */
  | { readonly kind: 'proceed' };

/** From the worker to the page. */
export type Answer =
  | { readonly kind: 'event'; readonly event: ExperimentEvent }
  | { readonly kind: 'model'; readonly model: ModelFacts }
  /** Something that the user should know, and the run goes on. */
  | { readonly kind: 'note'; readonly text: string }
  /** The model has so many bytes: it is read after `proceed`. */
  | { readonly kind: 'large'; readonly name: string; readonly bytes: number }
  | { readonly kind: 'loading'; readonly finished: number; readonly total: number }
  | { readonly kind: 'finished' }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'failed'; readonly message: string };

/** What the page says of the model. */
export interface ModelFacts {
  readonly name: string;
  readonly layers: number;
  readonly heads: number;
  readonly dModel: number;
  /** What computes. */
  readonly adapter: string;
}
