import type { PreTokenizerDefinition } from './definition.ts';

// GPT-2's pattern with \s spelled out as Unicode White_Space: JavaScript's \s, which the library's own ByteLevel uses,
// lacks U+0085 and includes U+FEFF.
const GPT2_PATTERN = String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\p{White_Space}\p{L}\p{N}]+|\p{White_Space}+(?!\P{White_Space})|\p{White_Space}+`;

/** The same steps, with the pattern and the prefix space of every ByteLevel as steps of their own. */
export function expandByteLevel(step: PreTokenizerDefinition): PreTokenizerDefinition {
  if (step.pretokenizers !== undefined) {
    return { ...step, pretokenizers: step.pretokenizers.map(expandByteLevel) };
  }
  if (step.type !== 'ByteLevel' || step['use_regex'] === false) return step;
  const steps: PreTokenizerDefinition[] = [
    { type: 'Split', pattern: { Regex: GPT2_PATTERN }, behavior: 'Isolated', invert: false },
    { ...step, add_prefix_space: false, use_regex: false },
  ];
  if (step['add_prefix_space'] === true) {
    steps.unshift({ type: 'Replace', pattern: { Regex: String.raw`\A(?! )` }, content: ' ' });
  }
  return { type: 'Sequence', pretokenizers: steps };
}

/** The merges of a merges.txt, without its first line and empty ones. */
export function mergeLines(text: string): string[] {
  return text.split(/\r?\n/).filter((line) => line !== '' && !line.startsWith('#version'));
}
