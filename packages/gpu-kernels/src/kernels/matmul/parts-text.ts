import type { ParameterType } from '../../runtime/kernel.ts';
import { MAX_CHUNKS, MAX_SUMMED, type ProductParts } from './product-parts.ts';
import { repeat } from '../wgsl.ts';

type Element = 'f32' | 'vec4<f32>';

/** Loads that are on their way together: what the parts of an element cost is waiting for them. */
const TOGETHER = 8;

/** Parts of each product, and elements of a part. */
export const PARTS_PARAMS = {
  partSize: 'u32',
  parts0: 'u32',
  parts1: 'u32',
  parts2: 'u32',
} as const satisfies Record<string, ParameterType>;

/** The parameters of {@link addedUp}. */
export function partsParams(
  { counts, length }: ProductParts,
  { vector }: { readonly vector: boolean },
): Record<keyof typeof PARTS_PARAMS, number> {
  const [parts0 = 0, parts1 = 0, parts2 = 0] = counts;
  return { partSize: vector ? length / 4 : length, parts0, parts1, parts2 };
}

/** WGSL of `fn addedUpOf(at, size, count)`: an element of the sum of `count` parts of `size`, the first of them at `at` of the binding `parts`. */
export function addedUpOf(element: Element): string {
  const later = (j: number): string => `
        let value${j} = select(${element}(), parts[at + min(i + ${j}u, count - 1u) * size], i + ${j}u < count);`;
  return `
    fn addedUpOf(at: u32, size: u32, count: u32) -> ${element} {
      var sum = ${element}();
      // A constant bound: no guard against loops without end.
      for (var i = 0u; i < ${MAX_CHUNKS}u; i += ${TOGETHER}u) {
        if (i >= count) { break; }
        let value0 = parts[at + i * size];
        ${repeat(TOGETHER - 1, (j) => later(j + 1))}
        ${repeat(TOGETHER, (j) => `sum += value${j};`)}
      }
      return sum;
    }
    `;
}

/**
 * WGSL of `fn addedUp(at)`: an element of all products' sum, as it is added up elsewhere. Sums begin at zero, so that none is -0.
 */
export function addedUp(element: Element): string {
  const counts = Array.from({ length: MAX_SUMMED }, (_, i) => `params.parts${i}`);
  return `${addedUpOf(element)}
    fn addedUp(at: u32) -> ${element} {
      var value = ${element}();
      var first = at;
      // Rolled: the text of each product would take seconds to compile on software adapters.
      let counts = vec${MAX_SUMMED}<u32>(${counts.join(', ')});
      for (var product = 0u; product < ${MAX_SUMMED}u; product++) {
        let count = counts[product];
        if (count == 0u) { break; }
        value += addedUpOf(first, params.partSize, count);
        first += count * params.partSize;
      }
      return value;
    }
    `;
}
