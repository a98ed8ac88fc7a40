/** What each chart compares, for readers who do not know the paper; by the metric's id. */
export const MEANINGS: Readonly<Record<string, string>> = {
  simaou:
    'Cosine of two updates of the attention output: by ICL, and by training. Dotted: a random vector in place of the second.',
  simaou_norm: 'As SimAOU, with each output scaled to length 1 before the updates are taken.',
  simam:
    'Cosine of the attention to the query’s tokens, in context and after training. Dotted: before training.',
  simam_delta: 'Cosine of two changes of the attention to the query’s tokens: by ICL, and by training.',
  simaou_mismatched: 'SimAOU of the updates of two different texts: what of SimAOU is not about the text.',
  simaou_demeaned: 'SimAOU without what the updates of all texts share.',
  simaou_pooled: 'SimAOU in which texts count by how far they move.',
  update_norm: 'How long an update of the attention output is, beside that output. Dotted: by ICL.',
  simam_delta_mismatched: 'SimAM_Δ of the changes of two different texts of equal length.',
  simam_delta_centred:
    'SimAM_Δ without the part of a change that is the same for all tokens: softmax ignores it.',
  simam_delta_softmax: 'SimAM_Δ of the attention weights that softmax makes.',
  common_mode: 'The share of a change of the attention that softmax ignores. Dotted: by ICL.',
  alpha: 'As SimAM_Δ, but between GD and LCGD: do both train the same way?',
};
