import type { StorageType } from '../../runtime/kernel.ts';
import type { Tensor } from '../../runtime/tensor.ts';
import { ACTIVATION_KINDS, ACTIVATION_WGSL, type ActivationKind } from '../activation/functions.ts';

/** What is made of a product's elements as they are stored: C keeps what the activation saw, or the gradient with respect to it. */
export type Finish =
  | { readonly type: 'activation'; readonly kind: ActivationKind; readonly out: Tensor }
  | { readonly type: 'activation-gradient'; readonly kind: ActivationKind; readonly x: Tensor };

/** What of it is baked into a kernel. */
export type FinishText = Pick<Finish, 'type' | 'kind'>;

/** All kinds, for lists of kernels. */
export const FINISHES: readonly FinishText[] = ACTIVATION_KINDS.flatMap((kind) => [
  { type: 'activation', kind },
  { type: 'activation-gradient', kind },
]);

/** The other tensor of a finish, laid out as C. */
export function finishStorage(finish: Finish): Readonly<Record<string, Tensor>> {
  return finish.type === 'activation' ? { out: finish.out } : { x: finish.x };
}

/** The binding of that tensor, in elements as C has them. */
export function finishBinding(
  finish: FinishText | undefined,
  element: 'f32' | 'vec4<f32>',
): Record<string, StorageType> {
  if (!finish) return {};
  return finish.type === 'activation' ? { out: `&${element}` } : { x: element };
}

/** WGSL of the functions that {@link finishStore} calls. */
export function finishFunctions(finish: FinishText | undefined): string {
  if (!finish) return '';
  const { helpers, forward, derivative } = ACTIVATION_WGSL[finish.kind];
  return `${helpers}${finish.type === 'activation' ? forward : derivative}`;
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
  }
}

export function finishLabel(finish: FinishText | undefined): string {
  return finish ? `.${finish.kind}.${finish.type === 'activation' ? 'forward' : 'backward'}` : '';
}
