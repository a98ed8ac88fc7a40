import { Pcg64 } from '@icl-gd/transformer';
import type { ReadyMadeTask, Row } from './ready-made-task.ts';
import type { LabelledText } from '../experiment/experiment.ts';

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
