import { spawnSync } from 'node:child_process';
import { NORM_EPSILON, type Peer } from '../contender.ts';
import { PythonWorker } from '../python-worker.ts';

export interface TorchPeer extends Peer {
  readonly worker: PythonWorker;
}

/** PyTorch on the CPU, if the interpreter has it. */
export async function torchPeer(python: string): Promise<TorchPeer | undefined> {
  if (spawnSync(python, ['-c', 'import torch'], { stdio: 'ignore' }).status !== 0) return undefined;
  const worker = new PythonWorker(python);
  const about = await worker.ask<{ version: string; config: string; threads: number }>({ do: 'about' });
  const blas = /BLAS_INFO=(\w+)/.exec(about.config)?.[1] ?? 'unknown';
  const name = 'torch';
  return {
    name,
    version: `${about.version}, BLAS ${blas}, ${about.threads} threads`,
    webgpu: false,
    worker,
    operation: (operation, operands) =>
      worker.contender(name, {
        ...operation,
        epsilon: NORM_EPSILON,
        operands: operands.map((values) => worker.file(values)),
      }),
    training: ({ parameters, ...task }) =>
      worker.contender(name, {
        ...task,
        kind: 'training',
        parameters: [...parameters].map(([parameter, { shape, values }]) => ({
          name: parameter,
          shape,
          file: worker.file(values),
        })),
      }),
    dispose: () => worker.dispose(),
  };
}
