import { UserError } from '../errors.ts';

/** What a pickle may build: numbers, text, containers, and the caller's own objects. */
export type PickleValue =
  | null
  | boolean
  | number
  | string
  | object
  | readonly PickleValue[]
  | Map<PickleValue, PickleValue>;

/** Who decides what the names in a pickle mean. Each may throw a UserError. */
export interface PickleHost {
  /** A function or class by its Python name. */
  global(module: string, name: string): object;
  /** The result of calling a global. */
  call(callee: PickleValue, args: readonly PickleValue[]): PickleValue;
  /** An object that lies outside of the pickle. */
  persistent(id: PickleValue): PickleValue;
}

/** Containers are what makes a short pickle large in memory. 16 MB of weights, all that is read, have below 900,000. */
const MAX_CONTAINERS = 1_000_000;
/** Things kept for later use; 16 MB of weights have some 1,100,000. */
const MAX_MEMO = 2_000_000;
/** Marks that are open at once; weights have below ten. */
const MAX_MARKS = 1000;
/** Values waiting for one container; Python's pickler writes a thousand at a time. */
const MAX_WAITING = 1_000_000;

/**
 * Runs the part of Python's pickle machine (protocols 2 to 5) that builds containers. Nothing is ever executed: every
 * function or class that the pickle names goes to the host, and every instruction that makes objects otherwise is refused.
 *
 * @param where names the pickle in errors
 * @throws UserError for an instruction that is not allowed, and for a pickle that is damaged
 */
export function readPickle(bytes: Uint8Array, host: PickleHost, where: string): PickleValue {
  return new PickleMachine(bytes, host, where).run();
}

class PickleMachine {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #host: PickleHost;
  readonly #where: string;
  readonly #memo = new Map<number, PickleValue>();
  /** Stacks that marks have set aside. */
  readonly #below: PickleValue[][] = [];
  #stack: PickleValue[] = [];
  #at = 0;
  #containers = 0;

  constructor(bytes: Uint8Array, host: PickleHost, where: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#host = host;
    this.#where = where;
  }

  run(): PickleValue {
    for (;;) {
      const at = this.#at;
      const code = this.#unsigned(1);
      if (code === STOP) return this.#pop();
      const instruction = INSTRUCTIONS[code];
      if (!instruction)
        throw new UserError(
          `${this.#where}: refused: instruction 0x${code.toString(16).padStart(2, '0')} at byte ${at} is not one that weights need`,
        );
      this.#execute(instruction);
    }
  }

  #execute([kind, operand]: Instruction): void {
    switch (kind) {
      case 'skip':
        this.#take(operand);
        break;
      case 'constant':
        this.#push(operand);
        break;
      case 'unsigned':
        this.#push(this.#unsigned(operand));
        break;
      case 'int32':
        this.#push(this.#view.getInt32(this.#take(4), true));
        break;
      case 'float':
        this.#push(this.#view.getFloat64(this.#take(8)));
        break;
      case 'long':
        this.#push(this.#long(this.#unsigned(operand)));
        break;
      case 'text':
        this.#push(this.#text(this.#unsigned(operand)));
        break;
      case 'mark':
        if (this.#below.length >= MAX_MARKS) throw this.#tooMuch(`leaves more than ${MAX_MARKS} marks open`);
        this.#below.push(this.#stack);
        this.#stack = [];
        break;
      case 'tuple':
        this.#push(this.#container(operand < 0 ? this.#toMark() : this.#popMany(operand)));
        break;
      case 'list':
        this.#push(this.#container([]));
        break;
      case 'dict':
        this.#push(this.#container(new Map()));
        break;
      case 'append':
        this.#append(operand < 0 ? this.#toMark() : this.#popMany(operand));
        break;
      case 'setItems':
        this.#setItems(operand < 0 ? this.#toMark() : this.#popMany(operand));
        break;
      case 'put':
        if (this.#memo.size >= MAX_MEMO) throw this.#tooMuch(`remembers more than ${MAX_MEMO} things`);
        this.#memo.set(operand < 0 ? this.#memo.size : this.#unsigned(operand), this.#top());
        break;
      case 'get':
        this.#push(this.#remembered(this.#unsigned(operand)));
        break;
      case 'global':
        this.#push(this.#host.global(this.#line(), this.#line()));
        break;
      case 'stackGlobal': {
        const [module, name] = this.#popMany(2);
        if (typeof module !== 'string' || typeof name !== 'string') throw this.#damaged();
        this.#push(this.#host.global(module, name));
        break;
      }
      case 'reduce': {
        const [callee, args] = this.#popMany(2) as [PickleValue, PickleValue];
        if (!Array.isArray(args)) throw this.#damaged();
        this.#push(this.#container(this.#host.call(callee, args)));
        break;
      }
      case 'persistent':
        this.#push(this.#container(this.#host.persistent(this.#pop())));
        break;
      case 'build':
        // Attributes of a dictionary, such as the versions that PyTorch notes down: nothing that is read here.
        this.#pop();
        if (!(this.#top() instanceof Map))
          throw new UserError(`${this.#where}: refused: it gives a state to an object that is no dictionary`);
        break;
    }
  }

  #container<T>(value: T): T {
    if (++this.#containers > MAX_CONTAINERS)
      throw this.#tooMuch(`builds more than ${MAX_CONTAINERS} objects`);
    return value;
  }

  #tooMuch(what: string): UserError {
    return new UserError(`${this.#where}: refused: it ${what}`);
  }

  #append(values: readonly PickleValue[]): void {
    const list = this.#top();
    if (!Array.isArray(list)) throw this.#damaged();
    for (const value of values) list.push(value);
  }

  #setItems(values: readonly PickleValue[]): void {
    const map = this.#top();
    if (!(map instanceof Map) || values.length % 2 !== 0) throw this.#damaged();
    for (let i = 0; i < values.length; i += 2)
      map.set(values[i] as PickleValue, values[i + 1] as PickleValue);
  }

  #push(value: PickleValue): void {
    if (this.#stack.length >= MAX_WAITING)
      throw this.#tooMuch(`has more than ${MAX_WAITING} values in one list`);
    this.#stack.push(value);
  }

  #pop(): PickleValue {
    const value = this.#stack.pop();
    if (value === undefined) throw this.#damaged();
    return value;
  }

  #popMany(count: number): PickleValue[] {
    if (this.#stack.length < count) throw this.#damaged();
    return this.#stack.splice(this.#stack.length - count, count);
  }

  #toMark(): PickleValue[] {
    const below = this.#below.pop();
    if (!below) throw this.#damaged();
    const values = this.#stack;
    this.#stack = below;
    return values;
  }

  #top(): PickleValue {
    const value = this.#stack.at(-1);
    if (value === undefined) throw this.#damaged();
    return value;
  }

  #remembered(index: number): PickleValue {
    const value = this.#memo.get(index);
    if (value === undefined) throw this.#damaged();
    return value;
  }

  /** Moves past `count` bytes and says where they begin. */
  #take(count: number): number {
    const start = this.#at;
    if (start + count > this.#bytes.length) throw this.#damaged();
    this.#at = start + count;
    return start;
  }

  #unsigned(bytes: number): number {
    const start = this.#take(bytes);
    let value = 0;
    for (let i = bytes - 1; i >= 0; i--) value = value * 256 + (this.#bytes[start + i] as number);
    return value;
  }

  /** A two's complement integer of so many bytes. */
  #long(bytes: number): number {
    const value = bytes === 0 ? 0 : this.#unsigned(bytes);
    const negative = bytes > 0 && ((this.#bytes[this.#at - 1] as number) & 0x80) !== 0;
    const signed = negative ? value - 256 ** bytes : value;
    if (!Number.isSafeInteger(signed)) throw new UserError(`${this.#where}: an integer is too large`);
    return signed;
  }

  #text(bytes: number): string {
    const start = this.#take(bytes);
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
        this.#bytes.subarray(start, start + bytes),
      );
    } catch {
      throw this.#damaged();
    }
  }

  #line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#at);
    if (end < 0) throw this.#damaged();
    const text = this.#text(end - this.#at);
    this.#at = end + 1;
    return text;
  }

  #damaged(): UserError {
    return new UserError(`${this.#where}: the pickle is damaged at byte ${this.#at}`);
  }
}

type Instruction =
  | readonly ['constant', null | boolean]
  | readonly [
      (
        | 'skip'
        | 'unsigned'
        | 'int32'
        | 'float'
        | 'long'
        | 'text'
        | 'mark'
        | 'tuple'
        | 'list'
        | 'dict'
        | 'append'
        | 'setItems'
        | 'put'
        | 'get'
        | 'global'
        | 'stackGlobal'
        | 'reduce'
        | 'persistent'
        | 'build'
      ),
      /** Bytes of the operand, or values taken from the stack: −1 for all down to the mark. */
      number,
    ];

const STOP = 0x2e;

/** By instruction code, as in Python's pickletools. */
const INSTRUCTIONS: Readonly<Partial<Record<number, Instruction>>> = {
  0x80: ['skip', 1],
  0x95: ['skip', 8],
  0x4e: ['constant', null],
  0x88: ['constant', true],
  0x89: ['constant', false],
  0x4b: ['unsigned', 1],
  0x4d: ['unsigned', 2],
  0x4a: ['int32', 4],
  0x47: ['float', 8],
  0x8a: ['long', 1],
  0x8c: ['text', 1],
  0x58: ['text', 4],
  0x8d: ['text', 8],
  0x28: ['mark', 0],
  0x29: ['tuple', 0],
  0x85: ['tuple', 1],
  0x86: ['tuple', 2],
  0x87: ['tuple', 3],
  0x74: ['tuple', -1],
  0x5d: ['list', 0],
  0x7d: ['dict', 0],
  0x61: ['append', 1],
  0x65: ['append', -1],
  0x73: ['setItems', 2],
  0x75: ['setItems', -1],
  0x71: ['put', 1],
  0x72: ['put', 4],
  0x94: ['put', -1],
  0x68: ['get', 1],
  0x6a: ['get', 4],
  0x63: ['global', 0],
  0x93: ['stackGlobal', 0],
  0x52: ['reduce', 0],
  0x51: ['persistent', 0],
  0x62: ['build', 0],
};
