/** What a tokenizer.json would say of a GPT-2 style byte-level BPE that comes as vocab.json and merges.txt. */
export function byteLevelDefinition(vocab: unknown, mergesText: string): unknown {
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false };
  const merges = mergesText.split(/\r?\n/).filter((line) => line !== '' && !line.startsWith('#version'));
  return { pre_tokenizer: byteLevel, decoder: byteLevel, model: { type: 'BPE', vocab, merges } };
}
