import { UserError } from '../errors.ts';
import { networkReason } from '../hub/network-reason.ts';

/** A failure after which another attempt may do better. */
export class TransferError extends UserError {
  /** Milliseconds that the server asks to wait. */
  readonly retryAfter: number;

  constructor(message: string, retryAfter = 0) {
    super(message);
    this.retryAfter = retryAfter;
  }
}

/** Attempts at a request, and how long they may take. */
export interface TransferLimits {
  /** Pause in milliseconds before the second attempt; each further one doubles it. */
  readonly retryDelay: number;
  /** Milliseconds without a byte after which an attempt is given up. */
  readonly stallTimeout: number;
}

const ATTEMPTS = 4;
const LONGEST_PAUSE = 30_000;

/** Repeats an attempt that failed for what may pass, with growing pauses. */
export async function withRetries<T>(
  attempt: () => Promise<T>,
  { retryDelay }: TransferLimits,
  signal: AbortSignal | undefined,
): Promise<T> {
  for (let failures = 1; ; failures++) {
    try {
      return await attempt();
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof TransferError) || failures === ATTEMPTS) throw error;
      const delay = Math.max(error.retryAfter, retryDelay * 2 ** (failures - 1));
      if (delay > LONGEST_PAUSE) throw error;
      await pause(delay, signal);
    }
  }
}

/** Waits so many milliseconds, or rejects with the signal's reason. */
export function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((done, fail) => {
    const stop = (): void => {
      clearTimeout(timer);
      fail(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      done();
    }, milliseconds);
    signal?.addEventListener('abort', stop, { once: true });
  });
}

/** Why a request failed, in words; what a browser does not say could be any of several things. */
export function failureReason(error: unknown): string {
  const { navigator } = globalThis as { navigator?: { onLine?: boolean } };
  return navigator?.onLine === false ? 'the browser is offline' : networkReason(error).reason;
}

/** One exchange with a server: it ends when a signal says so, or when nothing arrives for a while. */
export class Exchange {
  readonly #controller = new AbortController();
  readonly #outer: readonly AbortSignal[];
  readonly #stall: number;
  readonly #onBytes: ((bytes: number) => void) | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param outer signals that end it
   * @param stallTimeout milliseconds without a byte that end it
   * @param onBytes told of bytes as they arrive
   */
  constructor(
    outer: readonly (AbortSignal | undefined)[],
    stallTimeout: number,
    onBytes?: (bytes: number) => void,
  ) {
    this.#outer = outer.filter((signal) => signal !== undefined);
    this.#stall = stallTimeout;
    this.#onBytes = onBytes;
    for (const signal of this.#outer) {
      signal.throwIfAborted();
      signal.addEventListener('abort', this.#stop);
    }
    this.#wait();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  readonly #stop = (): void => this.#controller.abort();

  #wait(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#stop, this.#stall);
  }

  /**
   * The bytes of an answer.
   * @param most more are not read: they end with a RangeError
   * @param into takes them, if it is given and they fit
   */
  async bytes(
    { body }: Response,
    most: number,
    into?: Uint8Array<ArrayBuffer>,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const chunks: Uint8Array[] = [];
    let length = 0;
    const reader = body?.getReader();
    for (;;) {
      const read = await reader?.read();
      if (read?.value === undefined) break;
      this.#wait();
      if (length + read.value.length > most) {
        await reader?.cancel().catch(() => {});
        throw new RangeError(`more than ${most} bytes`);
      }
      if (into) into.set(read.value, length);
      else chunks.push(read.value);
      length += read.value.length;
      this.#onBytes?.(read.value.length);
    }
    if (into) return into.subarray(0, length);
    const whole = new Uint8Array(length);
    let at = 0;
    for (const chunk of chunks) {
      whole.set(chunk, at);
      at += chunk.length;
    }
    return whole;
  }

  /** What is still under way is given up. */
  end(): void {
    clearTimeout(this.#timer);
    for (const signal of this.#outer) signal.removeEventListener('abort', this.#stop);
    this.#controller.abort();
  }
}
