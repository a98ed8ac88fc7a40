import { NORM_EPSILON, type Operation, type Peer, inProcess } from '../contender.ts';
import { causalMask } from '../causal-mask.ts';
import { addressOf, importModule, requireModule, versionOf } from '../installed.ts';
import { type OnnxNode, type OnnxValue, onnxModel } from '../onnx-model.ts';

interface OrtTensor {
  /** Reads it from the device; gives its memory back if asked. */
  getData(release?: boolean): Promise<Float32Array>;
  dispose(): void;
}

interface OrtSession {
  run(feeds: Readonly<Record<string, OrtTensor>>): Promise<Readonly<Record<string, OrtTensor>>>;
  release(): Promise<void>;
}

interface Ort {
  readonly InferenceSession: {
    create(model: Uint8Array, options: Readonly<Record<string, unknown>>): Promise<OrtSession>;
  };
  readonly Tensor: {
    new (type: 'float32', values: Float32Array, shape: readonly number[]): OrtTensor;
    fromGpuBuffer(
      buffer: GPUBuffer,
      options: { readonly dataType: 'float32'; readonly dims: readonly number[] },
    ): OrtTensor;
  };
  readonly env: {
    readonly wasm: { numThreads: number; wasmPaths: string };
    readonly webgpu: { readonly device: Promise<GPUDevice> };
  };
}

const OPERAND_NAMES = ['x', 'y', 'z'];

/** ONNX Runtime's WebGPU provider, as it runs in browsers. */
export async function onnxruntimeWebGpu(): Promise<Peer> {
  const name = 'onnxruntime-web';
  const ort = await importModule<Ort>(`${name}/dist/ort.webgpu.bundle.min.mjs`);
  ort.env.wasm.numThreads = 1;
  ort.env.wasm.wasmPaths = `${addressOf(name)}dist/`;
  const upload = async (values: Float32Array, shape: readonly number[]): Promise<OrtTensor> => {
    const device = await ort.env.webgpu.device;
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC;
    // Its kernels bind whole vectors of four.
    const buffer = device.createBuffer({ size: Math.ceil(values.byteLength / 16) * 16, usage });
    device.queue.writeBuffer(buffer, 0, values as Float32Array<ArrayBuffer>);
    return ort.Tensor.fromGpuBuffer(buffer, { dataType: 'float32', dims: shape });
  };
  const options = { executionProviders: ['webgpu'], preferredOutputLocation: 'gpu-buffer' };
  return peer({ name: 'ort-webgpu', version: versionOf(name), webgpu: true }, ort, options, upload);
}

/** ONNX Runtime's own CPU kernels. */
export function onnxruntimeCpu(): Peer {
  const name = 'onnxruntime-node';
  const ort = requireModule<Ort>(name);
  const upload = async (values: Float32Array, shape: readonly number[]): Promise<OrtTensor> =>
    new ort.Tensor('float32', values, shape);
  return peer(
    { name: 'ort-cpu', version: versionOf(name), webgpu: false },
    ort,
    // Its threads wait passively, as PyTorch's do: looking out for work would count.
    { executionProviders: ['cpu'], extra: { session: { intra_op: { allow_spinning: '0' } } } },
    upload,
  );
}

function peer(
  about: Pick<Peer, 'name' | 'version' | 'webgpu'>,
  ort: Ort,
  options: Readonly<Record<string, unknown>>,
  upload: (values: Float32Array, shape: readonly number[]) => Promise<OrtTensor>,
): Peer {
  return {
    ...about,
    async operation(operation, operands) {
      const { nodes, shapes, constants = [], out } = graph(operation);
      const inputs = [
        ...shapes.map((shape, i) => ({
          name: OPERAND_NAMES[i] as string,
          shape,
          values: operands[i] as Float32Array,
        })),
        ...constants,
      ];
      const bytes = onnxModel(nodes, inputs, [{ name: 'out', shape: out }]);
      const session = await ort.InferenceSession.create(bytes, { ...options, logSeverityLevel: 3 });
      const feeds: Record<string, OrtTensor> = {};
      for (const { name, shape, values } of inputs) feeds[name] = await upload(values, shape);
      return inProcess(
        about.name,
        async () => {
          const result = (await session.run(feeds))['out'] as OrtTensor;
          return await result.getData(true);
        },
        { dispose: () => Object.values(feeds).forEach((tensor) => tensor.dispose()) },
      );
    },
    dispose() {},
  };
}

interface Graph {
  readonly nodes: readonly OnnxNode[];
  /** Of the operands. */
  readonly shapes: readonly (readonly number[])[];
  readonly constants?: readonly (OnnxValue & { readonly values: Float32Array })[];
  readonly out: readonly number[];
}

function graph(operation: Operation): Graph {
  switch (operation.kind) {
    case 'matmul': {
      const { m, k, n, transposeB } = operation;
      const attributes = { transB: { int: Number(transposeB) } };
      const inputs = ['x', 'y'];
      const node = transposeB ? { operator: 'Gemm', inputs, attributes } : { operator: 'MatMul', inputs };
      const shapes = [[m, k], transposeB ? [n, k] : [k, n]];
      return { nodes: [{ ...node, outputs: ['out'] }], shapes, out: [m, n] };
    }
    case 'layer-norm': {
      const { rows, columns } = operation;
      const attributes = { axis: { int: 1 }, epsilon: { float: NORM_EPSILON } };
      const node = { operator: 'LayerNormalization', inputs: OPERAND_NAMES, outputs: ['out'], attributes };
      return { nodes: [node], shapes: [[rows, columns], [columns], [columns]], out: [rows, columns] };
    }
    case 'log-sum-exp': {
      const { rows, columns } = operation;
      const attributes = { axes: { ints: [1] }, keepdims: { int: 0 } };
      const node = { operator: 'ReduceLogSumExp', inputs: ['x'], outputs: ['out'], attributes };
      return { nodes: [node], shapes: [[rows, columns]], out: [rows] };
    }
    case 'attention': {
      const { tokens, heads, headDim } = operation;
      const turn = (name: string, perm: readonly number[], out: string): OnnxNode => ({
        operator: 'Transpose',
        inputs: [name],
        outputs: [out],
        attributes: { perm: { ints: perm } },
      });
      const simple = (operator: string, inputs: readonly string[], out: string): OnnxNode => ({
        operator,
        inputs,
        outputs: [out],
      });
      const shape = [tokens, heads, headDim];
      return {
        nodes: [
          turn('x', [1, 0, 2], 'q'),
          turn('y', [1, 2, 0], 'k'),
          turn('z', [1, 0, 2], 'v'),
          simple('MatMul', ['q', 'k'], 'products'),
          simple('Mul', ['products', 'scale'], 'scores'),
          simple('Add', ['scores', 'mask'], 'masked'),
          { ...simple('Softmax', ['masked'], 'weights'), attributes: { axis: { int: 2 } } },
          simple('MatMul', ['weights', 'v'], 'heads'),
          turn('heads', [1, 0, 2], 'out'),
        ],
        shapes: [shape, shape, shape],
        constants: [
          { name: 'scale', shape: [1], values: Float32Array.of(headDim ** -0.5) },
          { name: 'mask', shape: [tokens, tokens], values: causalMask(tokens) },
        ],
        out: shape,
      };
    }
  }
}
