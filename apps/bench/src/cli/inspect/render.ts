import type { Tokenizer } from '@icl-gd/transformer';
import type { Inspection } from './inspect.ts';

/** An inspection as lines of text; with a tokenizer, tokens are shown as text too. */
export function renderInspection(inspection: Inspection, tokenizer?: Tokenizer): string {
  const { token_ids, nll, mean_nll, last_top5, greedy } = inspection;
  const text = (ids: readonly number[]): string =>
    tokenizer ? `  ${JSON.stringify(tokenizer.decode(ids))}` : '';
  const width = token_ids.reduce((widest, id) => Math.max(widest, String(id).length), 0);
  const lines = [
    `family      ${inspection.family}`,
    `parameters  ${inspection.parameters.toLocaleString('en')}`,
    `mean nll    ${mean_nll === null ? 'none: a single token predicts nothing' : `${mean_nll.toFixed(6)} nats per token`}`,
    'token, nll in nats:',
    ...token_ids.map(
      (id, i) =>
        `  ${String(id).padStart(width)}  ${(i === 0 ? '-' : (nll[i - 1] as number).toFixed(6)).padStart(10)}${text([id])}`,
    ),
    'best next tokens, logit:',
    ...last_top5.map(
      ([id, logit]) => `  ${String(id).padStart(width)}  ${logit.toFixed(6).padStart(10)}${text([id])}`,
    ),
  ];
  if (greedy.length > 0) lines.push(`greedy      ${greedy.join(',')}${text(greedy)}`);
  return lines.join('\n');
}
