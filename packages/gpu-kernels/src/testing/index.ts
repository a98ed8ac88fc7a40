export { type Tolerance, expectClose, expectSameBits } from './closeness.ts';
export { dot, finiteDifferences } from './finite-differences.ts';
export { acquireTestGpu, useGpu } from './gpu.ts';
export { caseOf, expectForAll, seeds } from './property.ts';
export { TestRandom } from './random.ts';
export { tolerances } from './tolerances.ts';
