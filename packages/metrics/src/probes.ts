import { requireFinite, requireSameLength, requireSize } from './validation.ts';
import type { NumericArray } from './vectors.ts';

/** What one validation example leaves behind in one setting, at the last token of the input. */
export interface ProbeArrays {
  /** h, shape [layers, dModel]: the attention block's output after the output projection, before the residual. */
  readonly attentionOutput: NumericArray;
  /** m, shape [layers, heads, queryLength]: attention scores before softmax to the tokens of the query part. */
  readonly attentionScores: NumericArray;
}

/** Sizes shared by all examples. The query length is not among them: it differs from example to example. */
export interface ProbeShape {
  readonly layers: number;
  readonly heads: number;
  readonly dModel: number;
}

/** The settings that a metric compares, by the name of its argument: `probes.icl[example]`. */
type Settings = Readonly<Record<string, readonly ProbeArrays[]>>;

/** Arrays that were found to be finite while {@link lookingOnceAtProbes} runs. */
let lookedAt: WeakSet<NumericArray> | undefined;

/**
 * Runs metrics of the same probes, all of which look whether what they read is finite: arrays that one has looked at the next
 * does not look at again. Nothing may change them meanwhile.
 */
export function lookingOnceAtProbes<T>(work: () => T): T {
  const outer = lookedAt;
  lookedAt ??= new WeakSet();
  try {
    return work();
  } finally {
    lookedAt = outer;
  }
}

function requireFiniteOnce(name: string, tensor: NumericArray): void {
  if (lookedAt?.has(tensor)) return;
  requireFinite(name, tensor);
  lookedAt?.add(tensor);
}

function requireShape(shape: ProbeShape): void {
  // Arrays from JavaScript, whatever comes with them.
  if (typeof shape !== 'object' || shape === null)
    throw new RangeError('shape is missing: { layers, heads, dModel }');
  requireSize('shape.layers', shape.layers);
  requireSize('shape.heads', shape.heads);
  requireSize('shape.dModel', shape.dModel);
}

/** Calls `check` for every example with its name and that of the same example in the first setting. */
function forEachExample(
  settings: Settings,
  check: (name: string, probe: ProbeArrays, firstName: string, first: ProbeArrays) => void,
): void {
  const entries = Object.entries(settings);
  const [firstName, firstProbes] = entries[0]!;
  for (const [name, probes] of entries) requireSameLength(firstName, firstProbes, name, probes);
  for (const [name, probes] of entries) {
    probes.forEach((probe, e) => check(`${name}[${e}]`, probe, `${firstName}[${e}]`, firstProbes[e]!));
  }
}

/** Checks every h of the settings compared: [layers, dModel], finite. */
export function requireAttentionOutputs(settings: Settings, shape: ProbeShape): void {
  requireShape(shape);
  const expected = shape.layers * shape.dModel;
  forEachExample(settings, (name, { attentionOutput }) => {
    if (attentionOutput.length !== expected) {
      throw new RangeError(
        `${name}.attentionOutput has length ${attentionOutput.length}; ` +
          `[layers, dModel] = [${shape.layers}, ${shape.dModel}] needs ${expected}`,
      );
    }
    requireFiniteOnce(`${name}.attentionOutput`, attentionOutput);
  });
}

/** Checks every m of the settings compared: [layers, heads, queryLength], finite, the same length in all settings. */
export function requireAttentionScores(settings: Settings, shape: ProbeShape): void {
  requireShape(shape);
  const rows = shape.layers * shape.heads;
  forEachExample(settings, (name, { attentionScores }, firstName, first) => {
    if (attentionScores.length === 0 || attentionScores.length % rows !== 0) {
      throw new RangeError(
        `${name}.attentionScores has length ${attentionScores.length}; ` +
          `[layers, heads, queryLength] needs a positive multiple of ${shape.layers} × ${shape.heads} = ${rows}`,
      );
    }
    requireSameLength(
      `${firstName}.attentionScores`,
      first.attentionScores,
      `${name}.attentionScores`,
      attentionScores,
    );
    requireFiniteOnce(`${name}.attentionScores`, attentionScores);
  });
}
