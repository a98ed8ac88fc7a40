import { type Operation, type Peer, inProcess } from '../contender.ts';
import { importModule, versionOf } from '../installed.ts';
import { type Jax, type JaxArray, jaxLayerNorm } from './jax-api.ts';
import { trainingOfJax } from './jax-training.ts';

const NAME = '@jax-js/jax';

export async function jaxPeer(): Promise<Peer> {
  const jax = await importModule<Jax>(`${NAME}/dist/index.js`);
  const devices = await jax.init('webgpu');
  if (!devices.includes('webgpu')) throw new Error('jax-js finds no WebGPU');
  jax.defaultDevice('webgpu');
  return {
    name: 'jax-js',
    version: versionOf(NAME),
    webgpu: true,
    operation: async (operation, operands) => contender(jax, operation, operands),
    training: async (task) => trainingOfJax(jax, task),
    dispose() {},
  };
}

function contender(jax: Jax, operation: Operation, operands: readonly Float32Array[]) {
  const { numpy, nn } = jax;
  const upload = (i: number, shape: readonly number[]): JaxArray =>
    numpy.array(operands[i] as Float32Array).reshape(shape);
  const run = (given: readonly JaxArray[], work: (...given: JaxArray[]) => JaxArray) => {
    const compiled = jax.jit(work);
    return inProcess('jax-js', async () => await compiled(...given.map((array) => array.ref)).data(), {
      dispose: () => given.forEach((array) => array.dispose()),
    });
  };
  switch (operation.kind) {
    case 'matmul': {
      const { m, k, n, transposeB } = operation;
      const [a, b] = [upload(0, [m, k]), upload(1, transposeB ? [n, k] : [k, n])];
      return run([a, b], (x, y) =>
        numpy.matmul(x as JaxArray, transposeB ? (y as JaxArray).transpose() : (y as JaxArray)),
      );
    }
    case 'layer-norm': {
      const { rows, columns } = operation;
      const given = [upload(0, [rows, columns]), upload(1, [columns]), upload(2, [columns])];
      return run(given, (x, weight, bias) =>
        jaxLayerNorm(jax, x as JaxArray, weight as JaxArray, bias as JaxArray),
      );
    }
    case 'log-sum-exp':
      return run([upload(0, [operation.rows, operation.columns])], (x) => nn.logsumexp(x as JaxArray, -1));
    case 'attention': {
      const { tokens, heads, headDim } = operation;
      const given = [0, 1, 2].map((i) => upload(i, [1, tokens, heads, headDim]));
      return run(given, (q, k, v) =>
        nn.dotProductAttention(q as JaxArray, k as JaxArray, v as JaxArray, { isCausal: true }),
      );
    }
  }
}
