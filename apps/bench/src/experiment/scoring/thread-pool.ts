import { Worker } from 'node:worker_threads';

interface Waiting<Job, Reply> {
  readonly job: Job;
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: Error) => void;
}

/** Threads that each work on one job at a time. They are started as jobs come, and keep no process from ending. */
export class ThreadPool<Job, Reply> {
  readonly #url: URL;
  readonly #size: number;
  readonly #idle: Worker[] = [];
  readonly #busy = new Map<Worker, Waiting<Job, Reply>>();
  readonly #queue: Waiting<Job, Reply>[] = [];

  /** @param url a module that answers each message with one */
  constructor(url: URL, size: number) {
    this.#url = url;
    this.#size = size;
  }

  /** @throws an error if the thread ended over the job, or the pool was disposed of */
  run(job: Job): Promise<Reply> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ job, resolve, reject });
      this.#hand();
    });
  }

  dispose(): void {
    const workers = [...this.#idle.splice(0), ...this.#busy.keys()];
    const waiting = [...this.#busy.values(), ...this.#queue.splice(0)];
    this.#busy.clear();
    for (const { reject } of waiting) reject(new Error('the threads were ended'));
    for (const worker of workers) void worker.terminate();
  }

  #hand(): void {
    while (this.#queue.length > 0 && (this.#idle.length > 0 || this.#busy.size < this.#size)) {
      const worker = this.#idle.pop() ?? this.#start();
      const waiting = this.#queue.shift() as Waiting<Job, Reply>;
      this.#busy.set(worker, waiting);
      worker.ref();
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port, not a window
      worker.postMessage(waiting.job);
    }
  }

  #start(): Worker {
    const worker = new Worker(this.#url);
    const fail = (error: Error): void => {
      const waiting = this.#busy.get(worker);
      this.#busy.delete(worker);
      waiting?.reject(error);
      this.#hand();
    };
    worker.on('message', (reply: Reply) => {
      const waiting = this.#busy.get(worker);
      if (!waiting) return;
      this.#busy.delete(worker);
      this.#idle.push(worker);
      worker.unref();
      waiting.resolve(reply);
      this.#hand();
    });
    worker.on('error', fail);
    worker.on('exit', () => fail(new Error('a thread ended by itself')));
    return worker;
  }
}
