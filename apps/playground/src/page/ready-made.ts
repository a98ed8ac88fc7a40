import { Pcg64 } from '@icl-gd/transformer';
import type { LabelledText } from '../experiment/texts.ts';

/** A row of a ready-made task: text and class index. */
export type Row = readonly [text: string, label: number];

/** A task that comes with the page; tasks.json is a list of these. */
export interface ReadyMadeTask {
  readonly id: string;
  readonly title: string;
  /** Whether the language is the one that the bundled model knows. */
  readonly invented: boolean;
  readonly template: string;
  readonly labelWords: readonly string[];
  readonly learningRate: number;
  /** Demonstrations are drawn from these. */
  readonly pool: readonly Row[];
  readonly queries: readonly Row[];
}

/** @throws Error if the file that belongs to the page is not there */
export async function readyMadeTasks(): Promise<readonly ReadyMadeTask[]> {
  const answer = await fetch('tasks.json');
  if (!answer.ok) throw new Error(`tasks.json: the server answered ${answer.status}`);
  return (await answer.json()) as readonly ReadyMadeTask[];
}

/** As many demonstrations as there are, at most; the same seed draws the same. */
export function drawDemonstrations({ pool }: ReadyMadeTask, count: number, seed: number): LabelledText[] {
  const order = new Pcg64(seed).permutation(pool.length);
  return Array.from(order.slice(0, count), (place) => labelled(pool[place] as Row));
}

/** The first queries. */
export function takeQueries({ queries }: ReadyMadeTask, count: number): LabelledText[] {
  return queries.slice(0, count).map(labelled);
}

function labelled([text, label]: Row): LabelledText {
  return { text, label };
}
