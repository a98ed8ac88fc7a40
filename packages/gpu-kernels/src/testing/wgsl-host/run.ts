import { type HostMatrix, multiplyAccumulate } from './matrices.ts';
import { translate } from './translate.ts';
import { type MemoryDeclaration, widthOf } from './types.ts';

type Numbers = Float32Array | Uint32Array | Float16Array;

/** An access of one invocation to a place of memory. */
export interface Access {
  /** Which access of the text, and how often the invocation was there before. */
  readonly site: number;
  readonly occurrence: number;
  readonly invocation: number;
  readonly workgroup: number;
  readonly memory: string;
  readonly space: 'storage' | 'workgroup';
  readonly kind: 'load' | 'store';
  /** In elements of the memory's type, of `width` numbers. */
  readonly index: number;
  readonly width: number;
}

export interface HostRun {
  /** Contents of the bindings, which kernels change. */
  readonly storage: Readonly<Record<string, Numbers>>;
  readonly params: Readonly<Record<string, number>>;
  readonly workgroups: readonly [number, number];
  /** Sees each access; none if absent. */
  readonly onAccess?: (access: Access) => void;
  /** Invocations of a subgroup; 32 if absent. */
  readonly subgroupSize?: number;
}

/** Where a matrix lies in memory, by the words of the text. */
interface MatrixPlace {
  readonly memory: number;
  readonly site: number;
  readonly order: string;
}

/**
 * Runs a kernel's text on the host, one workgroup after the other. Nothing is robust here: an access outside a buffer
 * or an array fails, and so does one to workgroup memory that another invocation writes between the same barriers, or to
 * what another of the workgroup writes in a buffer. Matrices of subgroups are loaded, multiplied and stored by the first
 * lane alone.
 */
export function runOnHost(wgsl: string, run: HostRun): void {
  const { source, memories, workgroupSize } = translate(wgsl);
  // The text is the project's own.
  // oxlint-disable-next-line no-implied-eval, no-new-func
  const invocation = new Function('env', `return (function* () {\n${source}\n})();`) as (
    env: Environment,
  ) => Generator<undefined>;
  const [width, height] = run.workgroups;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const shared = new Memories(memories, run, y * width + x);
      const running = Array.from({ length: workgroupSize }, (_, i) =>
        invocation(new Environment(shared, run, { x, y }, i)),
      );
      for (let waiting = running; waiting.length > 0; shared.epoch++) {
        const still = waiting.filter((own) => own.next().done !== true);
        if (still.length > 0 && still.length < waiting.length)
          throw new Error('a barrier that not every invocation reaches');
        waiting = still;
      }
    }
  }
}

/** What the invocations of a workgroup have in common. */
class Memories {
  epoch = 0;
  readonly all: readonly {
    readonly declaration: MemoryDeclaration;
    readonly width: number;
    readonly data: Numbers;
    /** By element, who wrote or read it last, between which barriers. */
    readonly written: Int32Array;
    readonly writer: Int32Array;
    readonly read: Int32Array;
    readonly reader: Int32Array;
  }[];

  readonly workgroup: number;

  constructor(declarations: readonly MemoryDeclaration[], { storage }: HostRun, workgroup: number) {
    this.workgroup = workgroup;
    this.all = declarations.map((declaration) => {
      const { name, space, size = 0, element } = declaration;
      const width = widthOf(element);
      // What was not written yet is no number.
      const data = space === 'workgroup' ? new Float32Array(size * width).fill(NaN) : storage[name];
      if (data === undefined) throw new Error(`binding ${name} is missing`);
      const track = space === 'workgroup' ? size : declaration.writable ? data.length / width : 0;
      const marks = (): Int32Array => new Int32Array(track).fill(-1);
      return { declaration, width, data, written: marks(), writer: marks(), read: marks(), reader: marks() };
    });
  }
}

const BIT_ARRAYS = { f32: Float32Array, u32: Uint32Array, f16: Float16Array } as const;
type BitType = keyof typeof BIT_ARRAYS;

/** What the code of an invocation calls. */
class Environment {
  readonly params: Readonly<Record<string, number>>;
  readonly builtins: Readonly<Record<string, unknown>>;
  readonly #memories: Memories;
  readonly #run: HostRun;
  readonly #index: number;
  readonly #isFirstLane: boolean;
  readonly #occurrences = new Map<number, number>();

  constructor(memories: Memories, run: HostRun, group: { x: number; y: number }, index: number) {
    const { subgroupSize = 32 } = run;
    this.#memories = memories;
    this.#run = run;
    this.#index = index;
    this.#isFirstLane = index % subgroupSize === 0;
    this.params = run.params;
    this.builtins = {
      workgroup_id: [group.x, group.y, 0],
      num_workgroups: [...run.workgroups, 1],
      local_invocation_index: index,
      subgroup_id: Math.floor(index / subgroupSize),
      subgroup_invocation_id: index % subgroupSize,
    };
  }

  load(memory: number, index: number, site: number): number | number[] {
    const { data, width } = this.#access(memory, index, site, 'load');
    if (width === 1) return data[index] ?? NaN;
    return Array.from(data.subarray(index * width, (index + 1) * width));
  }

  store(memory: number, index: number, value: number | readonly number[], site: number): void {
    const { data, width, declaration } = this.#access(memory, index, site, 'store');
    if (!declaration.writable) throw new Error(`${declaration.name} is written`);
    if (typeof value === 'number') data[index] = value;
    else data.set(value, index * width);
  }

  #access(memory: number, index: number, site: number, kind: Access['kind']) {
    const own = this.#memories.all[memory];
    if (own === undefined) throw new Error('no such memory');
    const { declaration, width, data, written, writer, read, reader } = own;
    const { name, space } = declaration;
    const { workgroup } = this.#memories;
    if (!(index >= 0 && (index + 1) * width <= data.length))
      throw new Error(`${name}[${index}] of ${data.length / width}`);
    if (declaration.writable) {
      // Barriers of workgroups say nothing of buffers.
      const epoch = space === 'workgroup' ? this.#memories.epoch : 0;
      const others = (when: Int32Array, who: Int32Array): boolean =>
        when[index] === epoch && who[index] !== this.#index;
      if (others(written, writer) || (kind === 'store' && others(read, reader)))
        throw new Error(`${name}[${index}]: a ${kind} between the same barriers as another's access`);
      const [when, who] = kind === 'store' ? [written, writer] : [read, reader];
      // Two readers: whoever writes is another than one of them.
      who[index] = when[index] === epoch && who[index] !== this.#index ? -2 : this.#index;
      when[index] = epoch;
    }
    const occurrence = this.#occurrences.get(site) ?? 0;
    this.#occurrences.set(site, occurrence + 1);
    const invocation = this.#index;
    this.#run.onAccess?.({
      site,
      occurrence,
      invocation,
      workgroup,
      memory: name,
      space,
      kind,
      index,
      width,
    });
    return own;
  }

  within(index: number, length: number): number {
    if (!(index >= 0 && index < length)) throw new Error(`element ${index} of ${length}`);
    return index;
  }

  select<T>(otherwise: T, value: T, condition: boolean | readonly boolean[]): T {
    if (typeof condition === 'boolean') return condition ? value : otherwise;
    const [no, yes] = [otherwise, value] as unknown as [number[], number[]];
    return condition.map((own, i) => (own ? yes[i] : no[i])) as T;
  }

  each(f: (...values: number[]) => number, ...vectors: readonly number[][]): number[] {
    return (vectors[0] ?? []).map((_, i) => f(...vectors.map((vector) => vector[i] ?? NaN)));
  }

  unpack2x16float(word: number): number[] {
    return Array.from(new Float16Array(Uint32Array.of(word).buffer));
  }

  bitcast(from: BitType, to: BitType, value: number | readonly number[]): number | number[] {
    const bits = BIT_ARRAYS[from].from(typeof value === 'number' ? [value] : value).buffer;
    const values = Array.from(new BIT_ARRAYS[to](bits));
    return values.length === 1 ? (values[0] as number) : values;
  }

  zeroMatrix(rows: number, columns: number): HostMatrix {
    return { rows, columns, data: this.#isFirstLane ? new Float32Array(rows * columns) : undefined };
  }

  /** From `offset` on, rows or columns `stride` apart, both in elements of the memory. */
  loadMatrix(place: MatrixPlace, rows: number, columns: number, offset: number, stride: number): HostMatrix {
    const matrix = this.zeroMatrix(rows, columns);
    const { data: sums } = matrix;
    if (sums === undefined) return matrix;
    this.#eachNumber(place, matrix, { offset, stride, kind: 'load' }, (data, at, i) => {
      sums[i] = data[at] ?? NaN;
    });
    return matrix;
  }

  storeMatrix(place: MatrixPlace, offset: number, matrix: HostMatrix, stride: number): void {
    const { data: sums } = matrix;
    if (sums === undefined) return;
    this.#eachNumber(place, matrix, { offset, stride, kind: 'store' }, (data, at, i) => {
      data[at] = sums[i] ?? NaN;
    });
  }

  multiplyAccumulate(left: HostMatrix, right: HostMatrix, sums: HostMatrix): HostMatrix {
    return multiplyAccumulate(left, right, sums);
  }

  #eachNumber(
    { memory, site, order }: MatrixPlace,
    { rows, columns }: HostMatrix,
    { offset, stride, kind }: { offset: number; stride: number; kind: Access['kind'] },
    visit: (data: Numbers, at: number, index: number) => void,
  ): void {
    const width = this.#memories.all[memory]?.width ?? 1;
    const inRows = order === 'row_major';
    if (stride * width < (inRows ? columns : rows)) throw new Error(`a matrix with the stride ${stride}`);
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) {
        const [major, minor] = inRows ? [r, c] : [c, r];
        const at = (offset + major * stride) * width + minor;
        const { data } = this.#access(memory, Math.floor(at / width), site, kind);
        visit(data, at, r * columns + c);
      }
    }
  }
}
