import type { StorageType } from '../../runtime/kernel.ts';
import { Tensor } from '../../runtime/tensor.ts';
import { ACTIVATION_KINDS, ACTIVATION_WGSL, type ActivationKind } from '../activation/functions.ts';
import { ofComponents } from '../wgsl.ts';

/**
 * What is made of a product's elements as they are stored: C keeps what the activation saw, or the gradient with respect to it;
 * of a gated activation the gradient with respect to `up`, and `gradGate` has that with respect to `gate`. Or the sum with x.
 */
export type Finish =
  | { readonly type: 'activation'; readonly kind: ActivationKind; readonly out: Tensor }
  | { readonly type: 'activation-gradient'; readonly kind: ActivationKind; readonly x: Tensor }
  | { readonly type: 'sum'; readonly x: Tensor }
  | {
      readonly type: 'gated-gradient';
      readonly kind: ActivationKind;
      readonly gate: Tensor;
      readonly up: Tensor;
      readonly gradGate: Tensor;
    };

/** What of it is baked into a kernel. */
export type FinishText =
  | { readonly type: 'sum' }
  | { readonly type: Exclude<Finish['type'], 'sum'>; readonly kind: ActivationKind };

/** What of a finish is baked into a kernel. */
export function textOf(finish: Finish): FinishText {
  return finish.type === 'sum' ? { type: 'sum' } : { type: finish.type, kind: finish.kind };
}

/** All kinds, for lists of kernels. */
export const FINISHES: readonly FinishText[] = [
  ...ACTIVATION_KINDS.flatMap((kind): FinishText[] => [
    { type: 'activation', kind },
    { type: 'activation-gradient', kind },
    { type: 'gated-gradient', kind },
  ]),
  { type: 'sum' },
];

/** The other tensors of a finish, laid out as C. */
export function finishStorage(finish: Finish): Readonly<Record<string, Tensor>> {
  return Object.fromEntries(
    Object.entries<unknown>({ ...finish }).filter(
      (entry): entry is [string, Tensor] => entry[1] instanceof Tensor,
    ),
  );
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
    case 'sum':
      return { x: element };
    case 'gated-gradient':
      return { gate: element, up: element, gradGate: `&${element}` };
  }
}

/** WGSL of the functions that {@link finishStore} calls. */
export function finishFunctions(finish: FinishText | undefined): string {
  if (!finish || finish.type === 'sum') return '';
  const { helpers, forward, derivative } = ACTIVATION_WGSL[finish.kind];
  const texts = { activation: forward, 'activation-gradient': derivative };
  return `${helpers}${finish.type === 'gated-gradient' ? `${forward}${derivative}` : texts[finish.type]}`;
}

/** WGSL: stores `value` at `at`. */
export function finishStore(finish: FinishText | undefined, element: 'f32' | 'vec4<f32>'): string {
  const call = (name: string, argument: string): string =>
    element === 'f32' ? `${name}(${argument})` : ofComponents(name, argument);
  switch (finish?.type) {
    case undefined:
      return 'c[at] = value;';
    case 'sum':
      return 'c[at] = value + x[at];';
    case 'activation':
      return `c[at] = value; out[at] = ${call('activation', 'value')};`;
    case 'activation-gradient':
      return `let seen = x[at]; c[at] = value * ${call('derivative', 'seen')};`;
    case 'gated-gradient':
      return `let seen = gate[at]; gradGate[at] = value * up[at] * ${call('derivative', 'seen')}; c[at] = value * ${call('activation', 'seen')};`;
  }
}

export function finishLabel(finish: FinishText | undefined): string {
  if (!finish) return '';
  return finish.type === 'sum' ? '.sum' : `.${finish.kind}.${LABELS[finish.type]}`;
}

const LABELS = {
  activation: 'forward',
  'activation-gradient': 'backward',
  'gated-gradient': 'gated-backward',
} as const satisfies Record<Exclude<FinishText['type'], 'sum'>, string>;
