import type { Gpu } from '../../runtime/gpu.ts';
import { type Kernel, memoizeKernel } from '../../runtime/kernel.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import type { Tuning } from '../../runtime/tuning.ts';
import { ACTIVATION_KINDS, ACTIVATION_WGSL, type ActivationKind } from '../activation/functions.ts';
import { gatedActivationForward } from '../gated-activation/gated-activation.ts';
import { definePointwise, pointwiseGrid } from '../pointwise.ts';
import { ofComponents } from '../wgsl.ts';
import { requireWhole } from './activated.ts';
import { addedUpOf } from './parts-text.ts';
import { hasBiasOffset, type SetProduct, matmulSet, planSet } from './set.ts';
import type { ApartMember } from './tiled-set-product.ts';

/** Operands of {@link gatedMatmul}. */
export interface GatedMatmulArguments {
  readonly kind: ActivationKind;
  /** The products, each into a whole tensor. */
  readonly up: SetProduct;
  readonly gate: SetProduct;
  /** float32, as long as either: receives f(gate) * up. */
  readonly out: Tensor;
}

/**
 * The products `up` and `gate`, and then `gatedActivationForward` of them: bit for bit as one after the other, in fewer dispatches
 * where sums over chunks are added up.
 * @throws RangeError if what they write are no whole tensors of one length; else what `matmulSet` throws
 */
export function gatedMatmul(gpu: Gpu, { kind, up, gate, out }: GatedMatmulArguments): void {
  for (const { c } of [up, gate]) requireWhole('gatedMatmul', c, [up.c.tensor, gate.c.tensor, out]);
  using parts =
    hasBiasOffset([up, gate]) || up.c.columns !== gate.c.columns
      ? undefined
      : planSet(gpu, [up, gate])?.recordApart?.();
  if (!parts) {
    matmulSet(gpu, [up, gate]);
    gatedActivationForward(gpu, { kind, gate: gate.c.tensor, up: up.c.tensor, out });
    return;
  }
  const count = out.length / 4;
  // Without a bias any readable buffer may stand in its place.
  const { tensor, members } = parts;
  const [ofUp, ofGate] = members as [ApartMember, ApartMember];
  gpu.dispatch(
    gatedSums(kind),
    {
      ...{ parts: tensor, upBias: up.bias ?? tensor, gateBias: gate.bias ?? tensor },
      ...{ up: up.c.tensor, gate: gate.c.tensor, out },
    },
    {
      ...{ count, columns: up.c.columns / 4, upParts: ofUp.parts, gateParts: ofGate.parts },
      ...{ useUpBias: Number(up.bias !== undefined), useGateBias: Number(gate.bias !== undefined) },
    },
    pointwiseGrid(count),
  );
}

/** Every kernel that {@link gatedMatmul} may run under a tuning, but for those of sets and gated activations. */
export function gatedMatmulKernels({ matmul }: Tuning): Kernel[] {
  return matmul.strategy === 'tiled' ? ACTIVATION_KINDS.map(gatedSums) : [];
}

/** Sets and their sums consist of whole vec4s. */
const gatedSums = memoizeKernel((kind: ActivationKind) => {
  const { helpers, forward } = ACTIVATION_WGSL[kind];
  const element = 'vec4<f32>';
  return definePointwise({
    label: `matmul.partial-sums.gated.${kind}`,
    storage: {
      ...{ parts: element, upBias: element, gateBias: element },
      ...{ up: `&${element}`, gate: `&${element}`, out: `&${element}` },
    },
    params: { columns: 'u32', upParts: 'u32', gateParts: 'u32', useUpBias: 'u32', useGateBias: 'u32' },
    declarations: `${helpers}${forward}${addedUpOf(element)}`,
    body: `
    let column = i % params.columns;
    var upValue = addedUpOf(i, params.count, params.upParts);
    if (params.useUpBias != 0u) { upValue += upBias[column]; }
    var value = addedUpOf(i + params.upParts * params.count, params.count, params.gateParts);
    if (params.useGateBias != 0u) { value += gateBias[column]; }
    up[i] = upValue;
    gate[i] = value;
    out[i] = ${ofComponents('activation', 'value')} * upValue;`,
  });
});
