import type { Token } from './tokens.ts';
import {
  BOOL,
  F16,
  F32,
  I32,
  type MemoryDeclaration,
  type Type,
  U32,
  VOID,
  elementOf,
  roundTo,
  zeroOf,
} from './types.ts';

export interface Value {
  readonly code: string;
  readonly type: Type;
}

/** What can be assigned to, or a call. */
export interface Place extends Value {
  readonly isCall: boolean;
  assign(value: string): string;
}

/** Operators from the weakest to the strongest. */
const PRECEDENCE = [
  ['||'],
  ['&&'],
  ['|'],
  ['^'],
  ['&'],
  ['==', '!='],
  ['<', '>', '<=', '>='],
  ['<<', '>>'],
  ['+', '-'],
  ['*', '/', '%'],
];
const COMPARISONS = ['==', '!=', '<', '>', '<=', '>='];
const SCALARS: Readonly<Record<string, Type>> = { u32: U32, i32: I32, f32: F32, f16: F16, bool: BOOL };
/** A call at each name that yields floats of its argument's type. */
const MATH: Readonly<Record<string, string>> = {
  ...{ min: 'Math.min', max: 'Math.max', abs: 'Math.abs' },
  exp: '((x) => Math.fround(Math.exp(x)))',
  log: '((x) => Math.fround(Math.log(x)))',
};

const MATRIX_TYPE = /^subgroup_matrix_(left|right|result)$/;

/** Parses expressions to JavaScript with their types. */
export class Expressions {
  readonly memories: MemoryDeclaration[] = [];
  protected readonly aliases = new Map<string, Type>();
  protected readonly functions = new Map<string, Type>();
  readonly #tokens: readonly Token[];
  readonly #scopes: Map<string, Type>[] = [new Map()];
  protected position = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  protected atEnd(): boolean {
    return this.position >= this.#tokens.length;
  }

  protected next(): Token {
    const token = this.#tokens[this.position++];
    if (token === undefined) throw new Error('WGSL ends early');
    return token;
  }

  protected peek(ahead = 0): string {
    return this.#tokens[this.position + ahead]?.text ?? '';
  }

  protected accept(text: string): boolean {
    if (this.peek() !== text) return false;
    this.position++;
    return true;
  }

  protected expect(text: string): void {
    if (!this.accept(text))
      throw new Error(
        `WGSL: ${text} expected at ${this.textFrom(this.position - 4)} ${this.peek()} ${this.peek(1)}`,
      );
  }

  protected textFrom(start: number): string {
    return this.#tokens
      .slice(Math.max(start, 0), this.position)
      .map(({ text }) => text)
      .join(' ');
  }

  protected openScope(): void {
    this.#scopes.push(new Map());
  }

  protected closeScope(): void {
    this.#scopes.pop();
  }

  protected define(name: string, type: Type): void {
    this.#scopes.at(-1)?.set(name, type);
  }

  protected type(): Type {
    const name = this.next().text;
    const known = SCALARS[name] ?? this.aliases.get(name);
    if (known) return known;
    const args: (Type | number)[] = [];
    if (this.accept('<')) {
      while (!this.accept('>')) {
        args.push(/^\d/.test(this.peek()) || !this.#isType() ? this.#constant() : this.type());
        this.accept(',');
      }
    }
    const [of, ...sizes] = args as [Type, ...number[]];
    if (/^vec[234]$/.test(name)) return { kind: 'vector', size: Number(name[3]), of };
    if (name === 'array') return { kind: 'array', of, size: sizes[0] };
    if (MATRIX_TYPE.test(name)) return { kind: 'matrix', of, columns: sizes[0] ?? 0, rows: sizes[1] ?? 0 };
    throw new Error(`type ${name}`);
  }

  #isType(): boolean {
    const name = this.peek();
    if (name in SCALARS || this.aliases.has(name)) return true;
    return /^(vec[234]|array)$/.test(name) || MATRIX_TYPE.test(name);
  }

  /** A size: a number, or a product of them. */
  #constant(): number {
    let value = Number.parseInt(this.next().text);
    while (this.accept('*')) value *= Number.parseInt(this.next().text);
    return value;
  }

  expression(level = 0): Value {
    const operators = PRECEDENCE[level];
    if (operators === undefined) return this.#unary();
    let left = this.expression(level + 1);
    for (;;) {
      const operator = this.#operator();
      if (!operators.includes(operator)) return left;
      this.position += operator === '>>' ? 2 : 1;
      left = this.arithmetic(operator, left, this.expression(level + 1));
    }
  }

  #operator(): string {
    return this.peek() === '>' && this.peek(1) === '>' ? '>>' : this.peek();
  }

  arithmetic(operator: string, left: Value, right: Value): Value {
    const vector = [left.type, right.type].find(({ kind }) => kind === 'vector');
    const of = elementOf(vector ?? left.type);
    const compares = COMPARISONS.includes(operator);
    const type = compares ? { ...(vector ?? BOOL), ...(vector ? { of: BOOL } : {}) } : (vector ?? left.type);
    if (!vector) return { code: scalarArithmetic(operator, of, left.code, right.code), type: type as Type };
    const pick = ({ type: own }: Value, name: string): string =>
      own.kind === 'vector' ? `${name}[i]` : name;
    const each = scalarArithmetic(operator, of, pick(left, 'l'), pick(right, 'r'));
    return {
      code: `((l, r) => [${Array.from({ length: (vector as { size: number }).size }, (_, i) => each.replaceAll('[i]', `[${i}]`)).join(', ')}])(${left.code}, ${right.code})`,
      type: type as Type,
    };
  }

  #unary(): Value {
    if (this.accept('-')) {
      const value = this.#unary();
      return { ...value, code: `(-${value.code})` };
    }
    if (this.accept('!')) return { code: `(!${this.#unary().code})`, type: BOOL };
    return this.place();
  }

  place(): Place {
    let place = this.#primary();
    for (;;) {
      if (this.accept('[')) {
        const index = this.expression().code;
        this.expect(']');
        place = this.#element(place, index);
      } else if (this.accept('.')) place = component(place, this.next().text);
      else return place;
    }
  }

  #element({ code, type, isCall }: Place, index: string): Place {
    const memory = this.memories.findIndex(({ name }) => code === `memory ${name}`);
    const site = this.position;
    if (memory >= 0)
      return {
        code: `env.load(${memory}, ${index}, ${site})`,
        type: this.memories[memory]?.element ?? VOID,
        isCall: false,
        assign: (value) => `env.store(${memory}, ${index}, ${value}, ${site})`,
      };
    const at = `${code}[env.within(${index}, ${code}.length)]`;
    return { code: at, type: elementOf(type), isCall, assign: (value) => `${at} = ${value}` };
  }

  #primary(): Place {
    const fixed = (code: string, type: Type, isCall = false): Place => ({
      ...{ code, type, isCall },
      assign: () => {
        throw new Error(`assignment to ${code}`);
      },
    });
    if (this.accept('(')) {
      const { code, type } = this.expression();
      this.expect(')');
      return fixed(`(${code})`, type);
    }
    if (this.#tokens[this.position]?.isNumber) {
      const { text } = this.next();
      const type = text.endsWith('u') ? U32 : text.endsWith('h') ? F16 : /[.f]/.test(text) ? F32 : U32;
      return fixed(text.replace(/[ufhi]$/, ''), type);
    }
    if (this.#isType()) {
      const type = this.type();
      return fixed(construct(type, this.#arguments()), type);
    }
    const name = this.next().text;
    if (name.startsWith('subgroupMatrix')) {
      const { code, type } = this.#matrixCall(name);
      return fixed(code, type, true);
    }
    if (name === 'bitcast') {
      const { code, type } = this.#bitcast();
      return fixed(code, type, true);
    }
    if (this.peek() === '(') {
      const { code, type } = this.#call(name);
      return fixed(code, type, true);
    }
    if (name === 'true' || name === 'false') return fixed(name, BOOL);
    if (this.memories.some((memory) => memory.name === name)) return fixed(`memory ${name}`, VOID);
    const type = this.#scopes.findLast((scope) => scope.has(name))?.get(name);
    if (type === undefined) throw new Error(`WGSL: ${name} is not declared`);
    return { code: `_${name}`, type, isCall: false, assign: (value) => `_${name} = ${value}` };
  }

  #arguments(): Value[] {
    this.expect('(');
    const values: Value[] = [];
    while (!this.accept(')')) {
      values.push(this.expression());
      this.accept(',');
    }
    return values;
  }

  #bitcast(): Value {
    this.expect('<');
    const type = this.type();
    this.expect('>');
    const [value] = this.#arguments();
    if (!value) throw new Error('WGSL: bitcast of nothing');
    const [from, to] = [elementOf(value.type), elementOf(type)].map((of) => (of as { name: string }).name);
    return { code: `env.bitcast('${from}', '${to}', ${value.code})`, type };
  }

  /** Of matrices that a subgroup holds together. */
  #matrixCall(name: string): Value {
    const site = this.position;
    let type: Type = VOID;
    let order = '';
    if (this.accept('<')) {
      while (!this.accept('>')) {
        if (/^(row|col)_major$/.test(this.peek())) order = this.next().text;
        else type = this.type();
        this.accept(',');
      }
    }
    if (name === 'subgroupMatrixMultiplyAccumulate') {
      const values = this.#arguments();
      const codes = values.map(({ code }) => code);
      return { code: `env.multiplyAccumulate(${codes.join(', ')})`, type: values[2]?.type ?? VOID };
    }
    this.expect('(');
    this.expect('&');
    const memory = this.memories.findIndex(({ name: own }) => own === this.peek());
    if (memory < 0) throw new Error(`WGSL: ${name} of ${this.peek()}`);
    this.next();
    const codes: string[] = [];
    while (!this.accept(')')) {
      this.accept(',');
      codes.push(this.expression().code);
    }
    const place = `{ memory: ${memory}, site: ${site}, order: '${order}' }`;
    if (name === 'subgroupMatrixStore')
      return { code: `env.storeMatrix(${place}, ${codes.join(', ')})`, type: VOID };
    if (name !== 'subgroupMatrixLoad' || type.kind !== 'matrix') throw new Error(`WGSL: function ${name}`);
    return {
      code: `env.loadMatrix(${place}, ${type.rows}, ${type.columns}, ${codes.join(', ')})`,
      type,
    };
  }

  #call(name: string): Value {
    const values = this.#arguments();
    const codes = values.map(({ code }) => code);
    const [first, second, third] = values;
    const own = this.functions.get(name);
    if (own) return { code: `_${name}(${codes.join(', ')})`, type: own };
    if (name === 'fma' && first && third) {
      const of = first.type;
      const term = (l: string, r: string, s: string): string => roundTo(elementOf(of), `${l} * ${r} + ${s}`);
      if (of.kind !== 'vector')
        return { code: `((l, r, s) => ${term('l', 'r', 's')})(${codes.join(', ')})`, type: of };
      const terms = Array.from({ length: of.size }, (_, i) => term(`l[${i}]`, `r[${i}]`, `s[${i}]`));
      return { code: `((l, r, s) => [${terms.join(', ')}])(${codes.join(', ')})`, type: of };
    }
    if (name === 'select' && first && second && third)
      return {
        code: `env.select(${codes.join(', ')})`,
        type: first.type,
      };
    if (name === 'unpack2x16float')
      return { code: `env.unpack2x16float(${codes[0]})`, type: { kind: 'vector', size: 2, of: F32 } };
    const math = MATH[name];
    if (math && first) {
      if (first.type.kind === 'vector')
        return { code: `env.each(${math}, ${codes.join(', ')})`, type: first.type };
      return { code: `${math}(${codes.join(', ')})`, type: first.type };
    }
    throw new Error(`WGSL: function ${name}`);
  }
}

function component({ code, type, isCall }: Place, name: string): Place {
  if (type.kind === 'struct')
    return {
      code: `${code}.${name}`,
      type: type.members.get(name) ?? VOID,
      isCall,
      assign: (value) => `${code}.${name} = ${value}`,
    };
  const at = `${code}[${'xyzw'.indexOf(name)}]`;
  return { code: at, type: elementOf(type), isCall, assign: (value) => `${at} = ${value}` };
}

/** A value of the type made of others: nothing, one for all components, or one or more for some each. */
function construct(type: Type, values: readonly Value[]): string {
  const [first] = values;
  if (first === undefined) return zeroOf(type);
  if (type.kind === 'scalar') return roundTo(type, `Number(${first.code})`);
  if (type.kind === 'array') return `[${values.map(({ code }) => code).join(', ')}]`;
  if (type.kind !== 'vector') throw new Error(`constructing ${type.kind}`);
  const rounded = (code: string): string => roundTo(type.of, code);
  if (values.length === 1 && first.type.kind === 'scalar')
    return `((s) => [${Array.from({ length: type.size }, () => 's').join(', ')}])(${rounded(first.code)})`;
  const parts = values.map(({ code, type: own }) => (own.kind === 'vector' ? `...${code}` : code));
  return `[${parts.join(', ')}].map((s) => ${rounded('s')})`;
}

function scalarArithmetic(operator: string, type: Type, left: string, right: string): string {
  if (COMPARISONS.includes(operator)) {
    const own = operator === '==' ? '===' : operator === '!=' ? '!==' : operator;
    return `(${left} ${own} ${right})`;
  }
  if (operator === '&&' || operator === '||') return `(${left} ${operator} ${right})`;
  const integer = type === U32 || type === I32;
  if (type === BOOL) return `Boolean(${left} ${operator} ${right})`;
  if (integer && operator === '*') return roundTo(type, `Math.imul(${left}, ${right})`);
  if (operator === '>>' && type === U32) return `(${left} >>> ${right})`;
  return roundTo(type, `${left} ${operator} ${right}`);
}
