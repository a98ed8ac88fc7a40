import { UserError } from '../errors.ts';
import type { Recording } from './buffer-use.ts';
import type { ParameterType } from './kernel.ts';
import type { CompiledKernel } from './pipeline-cache.ts';
import { type Operand, Tensor } from './tensor.ts';

const LARGEST_U32 = 2 ** 32 - 1;
const [SMALLEST_I32, LARGEST_I32] = [-(2 ** 31), 2 ** 31 - 1];

/** The ranges of a dispatch's storage bindings, in their order; one object is used again and again. */
export class BoundRanges {
  /** How many there are: what stands after them is of an earlier dispatch. */
  count = 0;
  readonly buffers: GPUBuffer[] = [];
  /** Of the buffers, in numbers. */
  readonly ids: number[] = [];
  /** First bytes. */
  readonly offsets: number[] = [];
  /** In bytes. */
  readonly sizes: number[] = [];
}

/**
 * Finds the ranges of a kernel's storage bindings, and marks their buffers as used by what is being recorded.
 * @throws RangeError naming kernel and binding if one is missing, disposed, on another device, or of another dtype; UserError
 *   (`binding-limit`) if one is larger than may be bound
 */
export function bindStorage(
  { kernel, storage }: CompiledKernel,
  operands: Readonly<Record<string, Operand>>,
  { device, maxBindingBytes }: { readonly device: GPUDevice; readonly maxBindingBytes: number },
  { recording, ranges }: { readonly recording: Recording; readonly ranges: BoundRanges },
): void {
  const count = storage.length;
  for (let i = 0; i < count; i++) {
    const { name, dtype } = storage[i] as (typeof storage)[number];
    const operand = operands[name];
    if (operand === undefined) throw new RangeError(`kernel ${kernel.label}: binding ${name} is missing`);
    const whole = operand instanceof Tensor;
    const tensor = whole ? operand : operand.tensor;
    if (tensor.disposed || tensor.device !== device)
      tensor.refuseUnlessOn(device, `kernel ${kernel.label}: ${name}`, operand.label);
    if (tensor.dtype !== dtype) {
      throw new RangeError(
        `kernel ${kernel.label}: binding ${name} takes ${dtype}; tensor ${operand.label} is ${tensor.dtype}`,
      );
    }
    const size = whole ? tensor.byteLength : operand.size;
    if (size > maxBindingBytes) {
      throw new UserError(
        `kernel ${kernel.label}: ${name} (${operand.label}) spans ${size} bytes; this adapter binds at most ${maxBindingBytes}`,
        'binding-limit',
      );
    }
    ranges.buffers[i] = tensor.buffer;
    ranges.ids[i] = tensor.use.id;
    ranges.offsets[i] = whole ? 0 : operand.offset;
    // Views as vec4 need whole vectors: buffers are padded to 256 bytes, or kernels check what they bind.
    ranges.sizes[i] = Math.max(size, 4);
    tensor.use.recording = recording;
  }
  ranges.count = count;
}

/**
 * Writes a kernel's parameters as the members of its block, little-endian from `offset` on.
 * @throws RangeError naming kernel and parameter if one is missing or not of its type
 */
export function writeParameters(
  { kernel, params }: CompiledKernel,
  values: Readonly<Record<string, number>>,
  view: DataView,
  offset: number,
): void {
  let at = offset;
  for (let i = 0; i < params.length; i++, at += 4) {
    const { name, type } = params[i] as (typeof params)[number];
    const value = values[name];
    if (value === undefined) throw new RangeError(`kernel ${kernel.label}: parameter ${name} is missing`);
    if (!isOfType(value, type))
      throw new RangeError(`kernel ${kernel.label}: parameter ${name} is ${value}, which is no ${type}`);
    if (type === 'f32') view.setFloat32(at, value, true);
    else if (type === 'i32') view.setInt32(at, value, true);
    else view.setUint32(at, value, true);
  }
}

function isOfType(value: number, type: ParameterType): boolean {
  switch (type) {
    case 'f32':
      return Number.isFinite(Math.fround(value));
    case 'i32':
      return Number.isInteger(value) && value >= SMALLEST_I32 && value <= LARGEST_I32;
    case 'u32':
      return Number.isInteger(value) && value >= 0 && value <= LARGEST_U32;
  }
}
