import type { StorageType } from '../../runtime/kernel.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { ACTIVATION_KINDS, ACTIVATION_WGSL, type ActivationKind } from '../activation/functions.ts';

/**
 * What is made of a product's elements as they are stored: C keeps what the activation saw, or the gradient with respect to it;
 * of a gated activation the gradient with respect to `up`, and `gradGate` has that with respect to `gate`.
 */
export type Finish =
  | { readonly type: 'activation'; readonly kind: ActivationKind; readonly out: Tensor }
  | { readonly type: 'activation-gradient'; readonly kind: ActivationKind; readonly x: Tensor }
  | {
      readonly type: 'gated-gradient';
      readonly kind: ActivationKind;
      readonly gate: Tensor;
      readonly up: Tensor;
      readonly gradGate: Tensor;
    };

/** What of it is baked into a kernel. */
export type FinishText = Pick<Finish, 'type' | 'kind'>;

/** All kinds, for lists of kernels. */
export const FINISHES: readonly FinishText[] = ACTIVATION_KINDS.flatMap((kind) => [
  { type: 'activation', kind },
  { type: 'activation-gradient', kind },
  { type: 'gated-gradient', kind },
]);

/** The other tensors of a finish, laid out as C. */
export function finishStorage(finish: Finish): Readonly<Record<string, Tensor>> {
  const { type: _type, kind: _kind, ...tensors } = finish;
  return tensors;
}

/** The bindings of those tensors, in elements as C has them. */
export function finishBinding(
  finish: FinishText | undefined,
  element: 'f32' | 'vec4<f32>',
): Record<string, StorageType> {
  switch (finish?.type) {
    case undefined:
      return {};
    case 'activation':
      return { out: `&${element}` };
    case 'activation-gradient':
      return { x: element };
    case 'gated-gradient':
      return { gate: element, up: element, gradGate: `&${element}` };
  }
}

/** WGSL of the functions that {@link finishStore} calls. */
export function finishFunctions(finish: FinishText | undefined): string {
  if (!finish) return '';
  const { helpers, forward, derivative } = ACTIVATION_WGSL[finish.kind];
  const texts = { activation: forward, 'activation-gradient': derivative };
  return `${helpers}${finish.type === 'gated-gradient' ? `${forward}${derivative}` : texts[finish.type]}`;
}

/** WGSL: stores `value` at `at`. */
export function finishStore(finish: FinishText | undefined, element: 'f32' | 'vec4<f32>'): string {
  const call = (name: string, argument: string): string =>
    element === 'f32'
      ? `${name}(${argument})`
      : `vec4<f32>(${['x', 'y', 'z', 'w'].map((e) => `${name}(${argument}.${e})`).join(', ')})`;
  switch (finish?.type) {
    case undefined:
      return 'c[at] = value;';
    case 'activation':
      return `c[at] = value; out[at] = ${call('activation', 'value')};`;
    case 'activation-gradient':
      return `let seen = x[at]; c[at] = value * ${call('derivative', 'seen')};`;
    case 'gated-gradient':
      return `let seen = gate[at]; gradGate[at] = value * up[at] * ${call('derivative', 'seen')}; c[at] = value * ${call('activation', 'seen')};`;
  }
}

export function finishLabel(finish: FinishText | undefined): string {
  return finish ? `.${finish.kind}.${LABELS[finish.type]}` : '';
}

const LABELS = {
  activation: 'forward',
  'activation-gradient': 'backward',
  'gated-gradient': 'gated-backward',
} as const satisfies Record<FinishText['type'], string>;
