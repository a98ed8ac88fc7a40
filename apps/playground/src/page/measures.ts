/** What each chart compares, for readers who do not know the paper; by the metric's id. */
export const MEANINGS: Readonly<Record<string, string>> = {
  simaou:
    'Cosine of two updates of the attention output: by ICL, and by training. Dotted: a random vector in place of the second.',
  simaou_norm: 'As SimAOU, with each output scaled to length 1 before the updates are taken.',
  simam:
    'Cosine of the attention to the query’s tokens, in context and after training. Dotted: before training.',
  simam_delta: 'Cosine of two changes of the attention to the query’s tokens: by ICL, and by training.',
  alpha: 'As SimAM_Δ, but between GD and LCGD: do both train the same way?',
};
