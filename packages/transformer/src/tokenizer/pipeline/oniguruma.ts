import { codePoints } from './characters.ts';
import { CLASS_ESCAPES, LONE_WORD, POSIX, PROPERTIES, propertyName } from './oniguruma-classes.ts';
import { quote } from '../../words.ts';
import { type Place, refuse } from './component.ts';
import { emit, type PatternNode } from './pattern-node.ts';
import { slowPart } from './pattern-time.ts';

/** No real pattern is longer or nests deeper. */
const LONGEST = 10_000;
const DEEPEST = 50;

const CONTROLS: Readonly<Record<string, number>> = {
  ...{ t: 0x09, n: 0x0a, v: 0x0b, f: 0x0c, r: 0x0d, a: 0x07, e: 0x1b },
};
/** Letters that ignoring case makes of others, beside upper and lower case. */
const FOLDED: Readonly<Record<string, number>> = { s: 0x17f, k: 0x212a };
// Pairs that ignoring case finds in single characters too: ß, ﬀ, ﬁ, ﬂ, ﬆ.
const LIGATURES = /ss|ff|fi|fl|st/i;

const EDGES: Readonly<Record<string, string>> = {
  A: String.raw`(?<![\s\S])`,
  z: String.raw`(?![\s\S])`,
};

/** A reader of Oniguruma's syntax (Ruby's), as far as its meaning is sure to be the same here. */
class Parser {
  readonly #text: readonly string[];
  readonly #place: Place;
  readonly #pattern: string;
  #at = 0;
  #depth = 0;
  /** Letters that stand one after another where case is ignored. */
  #run = '';

  constructor(pattern: string, place: Place) {
    this.#text = [...pattern];
    this.#pattern = pattern;
    this.#place = place;
  }

  parse(): PatternNode {
    const node = this.#choice(false);
    if (this.#at < this.#text.length) this.#refuse('an unmatched ")"');
    return node;
  }

  #refuse(what: string): never {
    return refuse(
      this.#place,
      `the regular expression ${quote(this.#pattern)} has ${what}, which is not supported`,
    );
  }

  #peek(): string | undefined {
    return this.#text[this.#at];
  }

  /** Takes what comes next if it is this. */
  #take(expected: string): boolean {
    for (const [i, letter] of [...expected].entries()) if (this.#text[this.#at + i] !== letter) return false;
    this.#at += expected.length;
    return true;
  }

  #takeMatch(pattern: RegExp): RegExpExecArray | null {
    const match = pattern.exec(this.#text.slice(this.#at, this.#at + 64).join(''));
    if (match !== null) this.#at += [...match[0]].length;
    return match;
  }

  #choice(ignoreCase: boolean): PatternNode {
    if (++this.#depth > DEEPEST) this.#refuse(`groups nested more than ${DEEPEST} deep`);
    const options: PatternNode[] = [];
    do {
      this.#run = '';
      options.push(this.#sequence(ignoreCase));
    } while (this.#take('|'));
    this.#run = '';
    this.#depth--;
    return options.length === 1 ? options[0]! : { kind: 'choice', options };
  }

  #sequence(ignoreCase: boolean): PatternNode {
    const items: PatternNode[] = [];
    while (this.#peek() !== undefined && this.#peek() !== '|' && this.#peek() !== ')') {
      if (this.#take('(?i)')) {
        // Until the end of the group, alternatives included.
        items.push(this.#choice(true));
        break;
      }
      const before = this.#at;
      const atom = this.#atom(ignoreCase);
      items.push(this.#quantified(atom, before));
    }
    return items.length === 1 ? items[0]! : { kind: 'sequence', items };
  }

  #quantified(atom: PatternNode, before: number): PatternNode {
    const quantifier = this.#takeMatch(/^(?:[*+?]|\{(?<exact>\d+)\}|\{(?<min>\d*),(?<max>\d*)\})/);
    if (quantifier === null) return atom;
    const { exact, min = '', max = '' } = quantifier.groups!;
    const sign = quantifier[0];
    if (sign === '{,}') {
      this.#at -= 3;
      return this.#refuse('{,}');
    }
    this.#run = '';
    if (atom.kind === 'edge' || atom.kind === 'look') this.#refuse('a repeated assertion');
    const isInterval = sign.startsWith('{');
    const [least, most] = isInterval
      ? [Number(exact ?? min), exact === undefined && max === '' ? Infinity : Number(exact ?? max)]
      : { '*': [0, Infinity], '+': [1, Infinity], '?': [0, 1] }[sign as '*' | '+' | '?'];
    if (least! > most! || least! > 1000 || (most! > 1000 && most !== Infinity))
      this.#refuse(`the repetition ${sign}`);
    const suffix = this.#takeMatch(/^[*+?]|^\{\d*,?\d*\}/)?.[0];
    const again = this.#takeMatch(/^[*+?]|^\{\d*,?\d*\}/);
    if (isInterval && suffix === '+' && least! <= 1 && atom.kind === 'set' && again === null) {
      // Not possessive: an interval, repeated.
      return { kind: 'repeat', body: atom, min: least!, max: Infinity, mode: 'greedy' };
    }
    const known =
      suffix === undefined || (suffix === '?' && exact === undefined) || (suffix === '+' && !isInterval);
    if (!known || again !== null) {
      this.#refuse(`${this.#text.slice(before, this.#at).join('')}, a repetition of a repetition`);
    }
    const mode = suffix === '?' ? 'lazy' : suffix === '+' ? 'possessive' : 'greedy';
    return { kind: 'repeat', body: atom, min: least!, max: most!, mode };
  }

  #atom(ignoreCase: boolean): PatternNode {
    const letter = this.#text[this.#at++]!;
    switch (letter) {
      case '(':
        return this.#group(ignoreCase);
      case '[':
        this.#run = '';
        return { kind: 'set', source: this.#set(ignoreCase) };
      case '.':
        this.#run = '';
        return { kind: 'set', source: `[^${codePoints(0x0a)}]` };
      case '^':
        // Not after a line feed that ends the text.
        return { kind: 'edge', source: String.raw`(?:(?<![\s\S])|(?<=\n)(?=[\s\S]))` };
      case '$':
        return { kind: 'edge', source: String.raw`(?=\n|(?![\s\S]))` };
      case '\\':
        return this.#escape(ignoreCase);
      case '*':
      case '+':
      case '?':
        return this.#refuse(`${letter} with nothing before it`);
      case ')':
        return this.#refuse('an unmatched ")"');
      default:
        return this.#literal(letter.codePointAt(0)!, ignoreCase);
    }
  }

  #literal(point: number, ignoreCase: boolean): PatternNode {
    if (!ignoreCase) return { kind: 'set', source: `[${codePoints(point)}]` };
    this.#run += String.fromCodePoint(point);
    if (LIGATURES.test(this.#run)) this.#refuse(`${quote(this.#run)} where case is ignored`);
    return { kind: 'set', source: `[${this.#anyCase(point)}]` };
  }

  /** A character and those that are the same where case is ignored. */
  #anyCase(point: number): string {
    if (point > 0x7f) this.#refuse(`${quote(String.fromCodePoint(point))} where case is ignored`);
    const letter = String.fromCharCode(point).toLowerCase();
    if (!/[a-z]/.test(letter)) return codePoints(point);
    const folded = FOLDED[letter];
    const cases = codePoints(letter.charCodeAt(0)) + codePoints(letter.toUpperCase().charCodeAt(0));
    return folded === undefined ? cases : cases + codePoints(folded);
  }

  #group(ignoreCase: boolean): PatternNode {
    const opening = this.#takeMatch(/^\?(?::|i:|=|!|>|<=|<!)/)?.[0];
    if (opening === undefined && this.#peek() === '?') {
      return this.#refuse(`a group that begins with (${this.#text.slice(this.#at, this.#at + 3).join('')}`);
    }
    const run = this.#run;
    const body = this.#choice(ignoreCase || opening === '?i:');
    if (!this.#take(')')) this.#refuse('an unmatched "("');
    // What a group ends with may make a ligature with what follows.
    if (ignoreCase && run !== '') this.#run = run;
    switch (opening) {
      case '?=':
      case '?!':
        return { kind: 'look', ahead: true, negated: opening === '?!', body };
      case '?<=':
      case '?<!':
        if (!isFixed(body)) this.#refuse('a look-behind that repeats something');
        return { kind: 'look', ahead: false, negated: opening === '?<!', body };
      case '?>':
        return { kind: 'atomic', body };
      default:
        return { kind: 'group', body };
    }
  }

  #escape(ignoreCase: boolean): PatternNode {
    const letter = this.#peek();
    if (letter === undefined) return this.#refuse('a \\ at its end');
    const edge = EDGES[letter];
    if (edge !== undefined) {
      this.#at++;
      return { kind: 'edge', source: edge };
    }
    if (/[sdwh]/i.test(letter) || /[pP]/.test(letter)) {
      this.#run = '';
      return { kind: 'set', source: this.#classEscape(ignoreCase, false) };
    }
    return this.#literal(this.#codePoint(), ignoreCase);
  }

  /** The character of an escape; the reader stands after the backslash. */
  #codePoint(): number {
    const hex = this.#takeMatch(
      /^(?:x\{(?<long>[0-9a-f]{1,6})\}|x(?<short>[0-7][0-9a-f])|u(?<fixed>[0-9a-f]{4}))/i,
    );
    if (hex !== null) {
      const point = Number.parseInt(hex.groups!['long'] ?? hex.groups!['short'] ?? hex.groups!['fixed']!, 16);
      if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) this.#refuse(`\\${hex[0]}`);
      return point;
    }
    const letter = this.#text[this.#at++]!;
    const control = CONTROLS[letter];
    if (control !== undefined) return control;
    if (/[A-Za-z0-9]/.test(letter) || letter.codePointAt(0)! > 0x7f) this.#refuse(`\\${letter}`);
    return letter.codePointAt(0)!;
  }

  /** A class by escape, as a class by itself; the reader stands after the backslash. */
  #classEscape(ignoreCase: boolean, inClass: boolean): string {
    const letter = this.#text[this.#at++]!;
    const lower = letter.toLowerCase();
    if (lower === 'p') {
      const named = this.#takeMatch(/^\{(?<not>\^?)(?<name>[^}^]+)\}/);
      const source = PROPERTIES.get(propertyName(named?.groups!['name'] ?? ''));
      if (named === null || source === undefined) return this.#refuse(`\\${letter}${named?.[0] ?? ''}`);
      if (ignoreCase && !/^n/i.test(named.groups!['name']!))
        this.#refuse(`\\${letter}${named[0]} where case is ignored`);
      return (letter === 'P') !== (named.groups!['not'] === '^') ? `[^${source}]` : source;
    }
    if (ignoreCase && lower === 'w') this.#refuse(`\\${letter} where case is ignored`);
    const source = lower === 'w' && !inClass ? LONE_WORD : CLASS_ESCAPES.get(lower)!;
    return letter === lower ? source : `[^${source}]`;
  }

  /** A class in brackets, as a class by itself; the reader stands after the opening bracket. */
  #set(ignoreCase: boolean): string {
    if (++this.#depth > DEEPEST) this.#refuse(`classes nested more than ${DEEPEST} deep`);
    const negated = this.#take('^');
    const operands: string[] = [];
    let operand = '';
    let first = true;
    for (; ; first = false) {
      if (this.#peek() === undefined) this.#refuse('an unmatched "["');
      if (this.#take(']')) {
        if (first) this.#refuse('an empty class');
        break;
      }
      if (this.#take('&&')) {
        operands.push(operand);
        operand = '';
      } else {
        operand += this.#member(ignoreCase);
      }
    }
    operands.push(operand);
    this.#depth--;
    if (operands.includes('')) this.#refuse('an empty class');
    const source = operands.length === 1 ? operands[0]! : operands.map((part) => `[${part}]`).join('&&');
    return `[${negated ? '^' : ''}${source}]`;
  }

  #member(ignoreCase: boolean): string {
    if (this.#peek() === '[') {
      const posix = this.#takeMatch(/^\[:(?<not>\^?)(?<name>[a-z]+):\]/i);
      this.#at += posix === null ? 1 : 0;
      if (posix === null) return this.#set(ignoreCase);
      const source = POSIX.get(posix.groups!['name']!);
      if (source === undefined || ignoreCase) this.#refuse(posix[0]);
      return posix.groups!['not'] === '^' ? `[^${source}]` : source!;
    }
    const start = this.#at;
    if (this.#take('\\')) {
      if (this.#peek() === undefined) this.#refuse('an unmatched "["');
      if (/[sdwhp]/i.test(this.#peek()!)) {
        const source = this.#classEscape(ignoreCase, true);
        if (this.#peek() === '-' && this.#text[this.#at + 1] !== ']')
          this.#refuse('a range that begins with a class');
        return source;
      }
    } else if (this.#peek() === '-') {
      // By itself at the beginning or end alone: elsewhere versions differ.
      this.#at++;
      const before = this.#text[start - 1];
      const isEdge = before === '[' || before === '^' || this.#peek() === ']';
      if (!isEdge) this.#refuse('a "-" between members of a class');
      return codePoints(0x2d);
    }
    const from = this.#point(start);
    if (this.#peek() !== '-' || this.#text[this.#at + 1] === ']') return this.#caseOf(from, from, ignoreCase);
    this.#at++;
    const end = this.#at;
    if (this.#peek() === '[' || this.#peek() === undefined) this.#refuse('a range that ends with a class');
    if (this.#take('\\') && /[sdwhp]/i.test(this.#peek() ?? ''))
      this.#refuse('a range that ends with a class');
    const to = this.#point(end);
    if (to < from) this.#refuse(`the range ${this.#text.slice(start, this.#at).join('')}`);
    return this.#caseOf(from, to, ignoreCase);
  }

  /** A single character of a class, escaped or not; `start` is where it begins. */
  #point(start: number): number {
    return this.#text[start] === '\\' ? this.#codePoint() : this.#text[this.#at++]!.codePointAt(0)!;
  }

  #caseOf(from: number, to: number, ignoreCase: boolean): string {
    if (!ignoreCase) return codePoints(from, to);
    if (to > 0x7f) this.#refuse('characters outside of ASCII where case is ignored');
    let source = '';
    for (let point = from; point <= to; point++) source += this.#anyCase(point);
    return source;
  }
}

/** Whether everything that a node matches has a length that is known. */
function isFixed(node: PatternNode): boolean {
  switch (node.kind) {
    case 'set':
      return true;
    case 'sequence':
      return node.items.every(isFixed);
    case 'choice':
      return node.options.every(isFixed);
    case 'group':
      return isFixed(node.body);
    default:
      return false;
  }
}

/**
 * A regular expression of Oniguruma as one of JavaScript that finds the same, with the flags g and v.
 *
 * @throws UserError naming what is not supported, or may take for ever
 */
export function compileOniguruma(pattern: string, place: Place): RegExp {
  if (pattern.length > LONGEST) refuse(place, `a regular expression has more than ${LONGEST} characters`);
  const node = new Parser(pattern, place).parse();
  const slow = slowPart(node);
  if (slow !== undefined) {
    refuse(place, `the regular expression ${quote(pattern)} may take for ever: it has ${slow}`);
  }
  try {
    return new RegExp(emit(node), 'gv');
  } catch {
    return refuse(place, `the regular expression ${quote(pattern)} is not supported`);
  }
}
