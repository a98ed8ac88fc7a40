import { Expressions } from './expressions.ts';
import { tokensOf } from './tokens.ts';
import { type MemoryDeclaration, type Type, U32, VOID, zeroOf } from './types.ts';

/** A kernel as a generator of JavaScript, which yields at barriers. */
export interface Translation {
  readonly source: string;
  readonly memories: readonly MemoryDeclaration[];
  readonly workgroupSize: number;
  /** Loops whose end the text does not say as a number, by their condition. */
  readonly openLoops: readonly string[];
}

/**
 * Translates the WGSL of a kernel, as far as the kernels of this package use it, to the body of a JavaScript generator
 * of `env` (see run.ts): one invocation, whose accesses to memory go through `env`.
 * @throws Error at what is not understood
 */
export function translate(wgsl: string): Translation {
  return new Translator(tokensOf(wgsl)).translation();
}

class Translator extends Expressions {
  readonly #out: string[] = [];
  readonly #openLoops: string[] = [];
  #workgroupSize = 0;

  translation(): Translation {
    while (!this.atEnd()) this.#declaration();
    return {
      source: this.#out.join('\n'),
      memories: this.memories,
      workgroupSize: this.#workgroupSize,
      openLoops: this.#openLoops,
    };
  }

  #declaration(): void {
    if (this.accept('enable') || this.accept('diagnostic') || this.accept('requires')) {
      while (!this.accept(';')) this.next();
    } else if (this.accept('alias')) {
      const name = this.next().text;
      this.expect('=');
      this.aliases.set(name, this.type());
      this.expect(';');
    } else if (this.accept('const')) {
      const name = this.next().text;
      this.expect('=');
      const value = this.expression();
      this.expect(';');
      this.define(name, value.type);
      this.#out.push(`const _${name} = ${value.code};`);
    } else if (this.accept('struct')) this.#struct();
    else this.#attributed();
  }

  #struct(): void {
    const name = this.next().text;
    this.expect('{');
    const members = new Map<string, Type>();
    while (!this.accept('}')) {
      const member = this.next().text;
      this.expect(':');
      members.set(member, this.type());
      this.accept(',');
    }
    this.aliases.set(name, { kind: 'struct', members });
  }

  #attributed(): void {
    let isEntry = false;
    while (this.accept('@')) {
      const attribute = this.next().text;
      if (attribute === 'compute') isEntry = true;
      if (!this.accept('(')) continue;
      const values: string[] = [];
      while (!this.accept(')')) values.push(this.next().text);
      if (attribute === 'workgroup_size')
        this.#workgroupSize = values
          .filter((value) => value !== ',')
          .reduce((size, own) => size * parseInt(own), 1);
    }
    if (this.accept('var')) this.#global();
    else {
      this.expect('fn');
      this.#function(isEntry);
    }
  }

  #global(): void {
    this.expect('<');
    const space = this.next().text;
    const writable = this.accept(',') && this.next().text === 'read_write';
    this.expect('>');
    const name = this.next().text;
    this.expect(':');
    const type = this.type();
    this.expect(';');
    if (type.kind === 'struct') {
      this.define(name, type);
      this.#out.push(`const _${name} = env.params;`);
    } else if (type.kind === 'array') {
      this.memories.push({
        ...{ name, element: type.of, size: type.size },
        space: space === 'workgroup' ? 'workgroup' : 'storage',
        writable: writable || space === 'workgroup',
      });
    } else throw new Error(`variable ${name}`);
  }

  #function(isEntry: boolean): void {
    const name = this.next().text;
    this.openScope();
    this.expect('(');
    const parameters: string[] = [];
    while (!this.accept(')')) {
      let builtin: string | undefined;
      if (this.accept('@')) {
        this.expect('builtin');
        this.expect('(');
        builtin = this.next().text;
        this.expect(')');
      }
      const parameter = this.next().text;
      this.expect(':');
      this.define(parameter, this.type());
      if (builtin === undefined) parameters.push(`_${parameter}`);
      else this.#out.push(`const _${parameter} = env.builtins.${builtin};`);
      this.accept(',');
    }
    const result = this.accept('->') ? this.type() : VOID;
    this.functions.set(name, result);
    if (!isEntry) this.#out.push(`function _${name}(${parameters.join(', ')})`);
    this.#block();
    this.closeScope();
  }

  #block(): void {
    this.expect('{');
    this.openScope();
    this.#out.push('{');
    while (!this.accept('}')) this.#statement();
    this.#out.push('}');
    this.closeScope();
  }

  #statement(): void {
    if (this.accept(';')) return;
    if (this.peek() === '{') this.#block();
    else if (this.accept('if')) this.#if();
    else if (this.accept('for')) this.#for();
    else if (this.accept('return')) {
      this.#out.push(this.peek() === ';' ? 'return;' : `return ${this.expression().code};`);
      this.expect(';');
    } else if (this.accept('break')) {
      this.expect(';');
      this.#out.push('break;');
    } else {
      this.#out.push(`${this.#simple()};`);
      this.expect(';');
    }
  }

  #if(): void {
    this.#out.push(`if (${this.expression().code})`);
    this.#block();
    if (!this.accept('else')) return;
    this.#out.push('else');
    if (this.accept('if')) this.#if();
    else this.#block();
  }

  #for(): void {
    this.expect('(');
    this.openScope();
    const first = this.#simple();
    this.expect(';');
    const from = this.position;
    const condition = this.expression().code;
    const text = this.textFrom(from);
    if (!/^\w+ < \d+u$/.test(text)) this.#openLoops.push(text);
    this.expect(';');
    const step = this.#simple();
    this.expect(')');
    this.#out.push(`for (${first}; ${condition}; ${step})`);
    this.#block();
    this.closeScope();
  }

  /** A declaration, an assignment or a call. */
  #simple(): string {
    if (this.accept('let') || this.accept('var')) {
      const name = this.next().text;
      const declared = this.accept(':') ? this.type() : undefined;
      const value = this.accept('=') ? this.expression() : undefined;
      const type = declared ?? value?.type;
      if (type === undefined) throw new Error(`${name} without a type`);
      this.define(name, type);
      return `let _${name} = ${value?.code ?? zeroOf(type)}`;
    }
    if (this.peek() === 'workgroupBarrier') {
      this.next();
      this.expect('(');
      this.expect(')');
      return 'yield';
    }
    const target = this.place();
    if (target.isCall) return target.code;
    if (this.accept('++')) return target.assign(this.arithmetic('+', target, { code: '1', type: U32 }).code);
    const operator = this.next().text;
    const value = this.expression();
    if (operator === '=') return target.assign(value.code);
    return target.assign(this.arithmetic(operator.slice(0, -1), target, value).code);
  }
}
