/**
 * Gives a place without explicit resource management (Safari) the symbol that `using` looks for: the one that compilers of
 * `using` fall back on as well.
 */
export function ensureDisposeSymbol(symbols: { readonly dispose?: symbol }): void {
  if (symbols.dispose === undefined)
    Object.defineProperty(symbols, 'dispose', { value: Symbol.for('Symbol.dispose') });
}

ensureDisposeSymbol(Symbol);

/** What owns memory of a device: give it back with `dispose`, which may be called again, or let `using` do so. */
export abstract class Resource implements Disposable {
  /** Gives the memory back; may be called again. */
  abstract dispose(): void;

  /** As `dispose`, for `using`. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
