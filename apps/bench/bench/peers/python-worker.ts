import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Contender, Usage } from './contender.ts';

/** A Python process that has PyTorch and does work that it is told of, line by line. */
export class PythonWorker {
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  readonly #folder = mkdtempSync(join(tmpdir(), 'icl-gd-peers-'));
  #files = 0;
  #last: Promise<unknown> = Promise.resolve();

  constructor(python: string) {
    const script = join(import.meta.dirname, 'torch_peer.py');
    // Threads that wait for work would count as CPU time, on a busy machine for most of it.
    const env = { OMP_WAIT_POLICY: 'passive', ...process.env };
    this.#child = spawn(python, ['-B', script], { stdio: ['pipe', 'pipe', 'inherit'], env });
    // Not there at all: told where an answer is waited for.
    this.#child.on('error', () => {});
    this.#child.stdin?.on('error', () => {});
    this.#answers = createInterface({ input: this.#child.stdout! })[Symbol.asyncIterator]();
  }

  /** @throws Error with what the process said is wrong, or that it ended */
  async ask<T>(request: Readonly<Record<string, unknown>>): Promise<T> {
    const turn = this.#last.then(async () => {
      this.#child.stdin?.write(`${JSON.stringify(request)}\n`);
      const { value, done } = await this.#answers.next();
      if (done === true) throw new Error('the Python process ended');
      const answer = JSON.parse(value) as T & { readonly error?: string };
      if (answer.error !== undefined) throw new Error(`PyTorch: ${answer.error}`);
      return answer;
    });
    this.#last = turn.catch(() => {});
    return await turn;
  }

  /** Writes numbers where the process can read them. */
  file(values: Float32Array): string {
    const file = this.#newFile();
    writeFileSync(file, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    return file;
  }

  /** Work of a kind, named and ready to be done; `work` is its number, for other work to build on. */
  async contender(
    name: string,
    request: Readonly<Record<string, unknown>>,
  ): Promise<Contender & { readonly work: number }> {
    const { work } = await this.ask<{ work: number }>({ do: 'prepare', ...request });
    return {
      name,
      work,
      result: async () => {
        const file = this.#newFile();
        await this.ask({ do: 'result', work, file });
        const bytes = readFileSync(file);
        rmSync(file);
        return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
      },
      run: (calls) => this.ask<Usage>({ do: 'run', work, calls }),
      dispose: () => void this.ask({ do: 'dispose', work }),
    };
  }

  dispose(): void {
    this.#child.stdin?.end();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #newFile(): string {
    return join(this.#folder, `${this.#files++}.f32`);
  }
}
