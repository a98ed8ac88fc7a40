import { fineTune, runInContext, runZeroShot, tokenize } from '@icl-gd/methods';
import { similarity } from '@icl-gd/metrics';
import type { Model, Tokenizer } from '@icl-gd/transformer';

const prompt = (text: string): string => `Review: ${text} Sentiment:`;

/** Made-up sentences, in words that the example's model has seen. */
export const TEXTS = {
  options: ['Negative', 'Positive'],
  demonstrations: [
    { prompt: prompt('that ladder was worth every coin .'), label: 'Positive' },
    { prompt: prompt('our tour guide never arrived .'), label: 'Negative' },
    { prompt: prompt('my second bicycle is a joy in 1997 .'), label: 'Positive' },
    { prompt: prompt('the evening concert hurts to look at .'), label: 'Negative' },
  ],
  queries: [
    prompt('the harbour view was worth every coin .'),
    prompt('the soup made us wait for hours .'),
    prompt('my second bicycle never arrived .'),
  ],
};

/** What the demonstrations change in the model: put into its context (ICL), and trained on by GD and by LCGD. */
export async function compare(model: Model, tokenizer: Tokenizer, learningRate = 0.01) {
  const { demonstrations, queries } = tokenize(tokenizer, TEXTS);
  const zsl = await runZeroShot(model, queries);
  const icl = await runInContext(model, demonstrations, queries);
  const trained = async (method: 'GD' | 'LCGD') => {
    using tuned = await fineTune(model, demonstrations, { method, learningRate });
    const ft = await tuned.probe(queries);
    return { probes: ft, training: tuned.training, similarities: similarity({ zsl, icl, ft }, model.config) };
  };
  return { ZSL: { probes: zsl }, ICL: { probes: icl }, GD: await trained('GD'), LCGD: await trained('LCGD') };
}
