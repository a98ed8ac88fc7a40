import { listed } from '../../terminal/words.ts';

/** Something that a metric asks for and that was not recorded. */
class Missing extends Error {}

/** What is not computed, by what it lacks. */
export class Lacking {
  readonly #byReason = new Map<string, string[]>();

  /**
   * An object whose parts are looked up as they are asked for: a metric needs no more than it reads.
   * @param parts by name: what is there, or in words what is not
   */
  static asked<K extends string, T>(
    parts: Readonly<Record<K, { readonly value: T | undefined; readonly name: string }>>,
  ): Readonly<Record<K, T>> {
    const asked = {} as Record<K, T>;
    const entries = Object.entries(parts) as [K, (typeof parts)[K]][];
    // Those that are there first: who wants to know how many examples there are looks at the first.
    for (const [key, { value, name }] of entries.toSorted(
      ([, a], [, b]) => Number(a.value === undefined) - Number(b.value === undefined),
    ))
      Object.defineProperty(asked, key, {
        enumerable: true,
        get() {
          if (value === undefined) throw new Missing(name);
          return value;
        },
      });
    return asked;
  }

  /** What is computed, undefined where it lacks something, be it a metric of someone's own that wraps errors. @param what is named in {@link lines} */
  unless<T>(what: string, compute: () => T): T | undefined {
    try {
      return compute();
    } catch (error) {
      const missing = [error, (error as Error | undefined)?.cause].find((own) => own instanceof Missing);
      if (!missing) throw error;
      this.add(missing.message, what);
      return undefined;
    }
  }

  add(reason: string, what: string): void {
    this.#byReason.set(reason, [...(this.#byReason.get(reason) ?? []), what]);
  }

  /** One line a reason. */
  lines(): string[] {
    return [...this.#byReason].map(([reason, what]) => `no ${reason}: without ${listed([...new Set(what)])}`);
  }
}
