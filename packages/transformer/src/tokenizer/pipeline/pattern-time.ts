import type { PatternNode } from './pattern-node.ts';

// A backtracking matcher tries every way to divide a text between repetitions. Where two of them can take the same
// characters and something after them may fail, or a repeated group can match a text in two ways, the number of ways
// grows as a power of the text's length or exponentially. Such patterns are refused; what remains takes at most the square.

/** Characters that stand for all others: planes 0 and 1, with every 32nd of the large uniform blocks. */
const SAMPLE = (() => {
  let sample = '';
  for (let point = 0; point < 0x20000; point++) {
    if (point >= 0xd800 && point <= 0xdfff) continue;
    const uniform =
      (point > 0x3400 && point < 0xa000) || (point > 0xac00 && point < 0xf900) || point > 0x16fff;
    if (!uniform || point % 32 === 0) sample += String.fromCodePoint(point);
  }
  return sample;
})();
/** Repetitions of more are as good as without end. */
const FEW = 4;
/** Parts that may take one character more or less, beside each other: each doubles the number of ways. */
const MOST_VARYING = 5;
/** No real pattern needs more comparisons. */
const MOST_COMPARISONS = 3000;

/** A part of a sequence as the matcher meets it. */
interface Step {
  /** Classes of what it may begin with; none if it takes no characters. */
  readonly first: readonly string[];
  /** Classes of all that it may take. */
  readonly all: readonly string[];
  readonly mayBeEmpty: boolean;
  /** It may take more or fewer characters of the same text. */
  readonly varies: boolean;
  /** It may take any number of characters, and give back any number. */
  readonly repeats: boolean;
}

class SlowPart extends Error {}

class Checker {
  readonly #known = new Map<string, boolean>();
  #comparisons = 0;

  #overlap(some: readonly string[], others: readonly string[]): boolean {
    return some.some((a) => others.some((b) => a === b || this.#meet(a, b)));
  }

  #meet(a: string, b: string): boolean {
    const key = `${a}&&${b}`;
    let meets = this.#known.get(key);
    if (meets === undefined) {
      if (++this.#comparisons > MOST_COMPARISONS) throw new SlowPart('too many repetitions');
      meets = new RegExp(`[${key}]`, 'v').test(SAMPLE);
      this.#known.set(key, meets);
    }
    return meets;
  }

  /** The steps of a node, its own parts checked. */
  steps(node: PatternNode): Step[] {
    switch (node.kind) {
      case 'set': {
        const set = [node.source];
        return [{ first: set, all: set, mayBeEmpty: false, varies: false, repeats: false }];
      }
      case 'edge':
        return [{ first: [], all: [], mayBeEmpty: false, varies: false, repeats: false }];
      case 'look':
        this.sequence(node.body);
        return [{ first: [], all: [], mayBeEmpty: false, varies: false, repeats: false }];
      case 'sequence':
        return node.items.flatMap((item) => this.steps(item));
      case 'group':
        return this.steps(node.body);
      case 'atomic':
        return [{ ...this.#whole(this.sequence(node.body)), varies: false, repeats: false }];
      case 'choice': {
        const options = node.options.map((option) => this.#whole(this.sequence(option)));
        return [
          {
            first: options.flatMap(({ first }) => first),
            all: options.flatMap(({ all }) => all),
            mayBeEmpty: options.some(({ mayBeEmpty }) => mayBeEmpty),
            varies: options.some(({ varies, mayBeEmpty }) => varies || mayBeEmpty),
            repeats: options.some(({ repeats }) => repeats),
          },
        ];
      }
      case 'repeat':
        return [this.#repeat(node)];
    }
  }

  #repeat({ body, min, max, mode }: PatternNode & { kind: 'repeat' }): Step {
    const steps = this.sequence(body);
    const { first, all, mayBeEmpty, varies } = this.#whole(steps);
    // Oniguruma and JavaScript do not agree on these either.
    if (mayBeEmpty) throw new SlowPart('a repetition of what may be empty');
    if (max > 1) this.#checkRepeated(body, steps);
    const givesBack = mode !== 'possessive';
    return {
      first,
      all,
      mayBeEmpty: mayBeEmpty || min === 0,
      varies: givesBack && (min !== max || varies),
      repeats: givesBack && max > FEW && min !== max,
    };
  }

  /** A group that is repeated must match every text in one way alone. */
  #checkRepeated(body: PatternNode, steps: readonly Step[]): void {
    this.#checkChoices(body);
    for (const [i, step] of steps.entries()) {
      if (!step.varies) continue;
      for (let k = 1; k <= steps.length; k++) {
        const next = steps[(i + k) % steps.length]!;
        if (this.#overlap(step.all, next.first)) {
          throw new SlowPart('a repetition inside of a repetition that can take the same characters');
        }
        if (!next.mayBeEmpty && next.first.length > 0) break;
      }
    }
  }

  #checkChoices(node: PatternNode): void {
    if (node.kind === 'sequence') node.items.forEach((item) => this.#checkChoices(item));
    if (node.kind === 'group' || node.kind === 'repeat') this.#checkChoices(node.body);
    if (node.kind !== 'choice') return;
    const options = node.options.map((option) => this.#whole(this.sequence(option)));
    for (const [i, option] of options.entries()) {
      this.#checkChoices(node.options[i]!);
      if (option.mayBeEmpty || options.slice(0, i).some(({ first }) => this.#overlap(first, option.first))) {
        throw new SlowPart('a repetition of alternatives that begin with the same characters');
      }
    }
  }

  /** The steps of a sequence; no two repetitions in it may share characters if something after them can fail. */
  sequence(node: PatternNode): Step[] {
    const steps = this.steps(node);
    const last = steps.findLastIndex(({ mayBeEmpty }) => !mayBeEmpty);
    for (const [i, step] of steps.entries()) {
      if (!step.varies) continue;
      let sharing = 0;
      for (let k = i + 1; k < last; k++) {
        const next = steps[k]!;
        const shares = this.#overlap(step.all, next.all);
        if (shares && next.varies) sharing++;
        if ((shares && step.repeats && next.repeats) || sharing > MOST_VARYING) {
          throw new SlowPart('repetitions after each other that can take the same characters');
        }
        if (!next.mayBeEmpty && next.all.length > 0 && !shares) break;
      }
    }
    return steps;
  }

  #whole(steps: readonly Step[]): Step {
    const begin = steps.findIndex(({ mayBeEmpty, first }) => !mayBeEmpty && first.length > 0);
    return {
      first: steps.slice(0, begin === -1 ? steps.length : begin + 1).flatMap(({ first }) => first),
      all: steps.flatMap(({ all }) => all),
      mayBeEmpty: steps.every(({ mayBeEmpty, all }) => mayBeEmpty || all.length === 0),
      varies: steps.some(({ varies }) => varies),
      repeats: steps.some(({ repeats }) => repeats),
    };
  }
}

/** What in a pattern may take more than the square of a text's length; nothing if nothing does. */
export function slowPart(node: PatternNode): string | undefined {
  try {
    new Checker().sequence(node);
    return undefined;
  } catch (error) {
    if (error instanceof SlowPart) return error.message;
    throw error;
  }
}
