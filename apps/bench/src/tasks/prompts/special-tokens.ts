import type { Dataset } from '../dataset.ts';
import { cut } from '../../terminal/words.ts';
import type { Task } from '../task.ts';

/**
 * Where a text, the template or a label word holds a special token's characters, in one line; undefined where none does. They
 * stay text here, as in the released code's fine-tuning data: tokenizers of other programs make one token of them.
 */
export function specialTokenWarning(
  task: Task,
  dataset: Pick<Dataset, 'train' | 'validation'>,
  specialTokens: readonly string[],
): string | undefined {
  if (specialTokens.length === 0) return undefined;
  const any = new RegExp(specialTokens.map(escapePattern).join('|'), 'u');
  for (const [place, text] of textsOf(task, dataset)) {
    const found = any.exec(text)?.[0];
    if (found === undefined) continue;
    return `${place} ${JSON.stringify(cut(found))}, which is a special token of the model's tokenizer: it stays text here, where other programs make one token of it`;
  }
  return undefined;
}

function* textsOf(
  { template, labelWords, fields }: Task,
  dataset: Pick<Dataset, 'train' | 'validation'>,
): Generator<readonly [string, string]> {
  yield ['"template" has', template];
  for (const word of labelWords) yield ['a label word has', word];
  for (const split of ['train', 'validation'] as const) {
    for (const [i, example] of dataset[split].entries()) {
      for (const field of fields) yield [`row ${i + 1} of ${split} has`, example.fields[field] ?? ''];
    }
  }
}

function escapePattern(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`);
}
