import { type Contender, type TrainingTask, concatenated, inProcess } from '../contender.ts';
import { type Jax, type JaxArray, jaxLayerNorm } from './jax-api.ts';

type Tree = Record<string, JaxArray>;

/** Steps of training in jax-js: one compiled function for loss, gradients and AdamW. */
export function trainingOfJax(jax: Jax, task: TrainingTask): Contender {
  const { numpy, tree } = jax;
  const { learningRate, beta1, beta2, epsilon, weightDecay } = task.adamW;
  const names = [...task.parameters.keys()];
  const made = (make: (size: number, values: Float32Array) => Float32Array): Tree =>
    Object.fromEntries(
      [...task.parameters].map(([name, { shape, values }]) => [
        name,
        numpy.array(make(values.length, values)).reshape(shape),
      ]),
    );
  let parameters = made((_, values) => values);
  let first = made((size) => new Float32Array(size));
  let second = made((size) => new Float32Array(size));
  const gradient = jax.jit(jax.valueAndGrad((given: Tree) => loss(jax, task, given)));
  /** The new value, first and second moment of one parameter. */
  const update = jax.jit((p: JaxArray, g: JaxArray, m: JaxArray, v: JaxArray, step: JaxArray): JaxArray[] => {
    const newM = m.mul(beta1).add(g.ref.mul(1 - beta1));
    const newV = v.mul(beta2).add(g.ref.mul(g).mul(1 - beta2));
    const power = (beta: number): JaxArray => numpy.exp(step.ref.mul(Math.log(beta)));
    const scaledM = newM.ref.div(power(beta1).mul(-1).add(1));
    const scaledV = newV.ref.div(power(beta2).mul(-1).add(1));
    step.dispose();
    const change = scaledM.div(numpy.sqrt(scaledV).add(epsilon)).mul(learningRate);
    return [p.mul(1 - learningRate * weightDecay).sub(change), newM, newV];
  });
  let steps = 0;
  const learn = async (): Promise<{ value: number; gradients: Tree }> => {
    const [value, gradients] = gradient(tree.ref(parameters));
    steps++;
    for (const name of names) {
      const [p, m, v] = update(
        parameters[name] as JaxArray,
        (gradients[name] as JaxArray).ref,
        first[name] as JaxArray,
        second[name] as JaxArray,
        numpy.array(Float32Array.of(steps)),
      ) as [JaxArray, JaxArray, JaxArray];
      [parameters[name], first[name], second[name]] = [p, m, v];
    }
    return { value: (await value.data())[0] as number, gradients };
  };
  return inProcess(
    'jax-js',
    async () => {
      const { value, gradients } = await learn();
      tree.dispose(gradients);
      // What is never read is never computed.
      await Promise.all(names.map((name) => (parameters[name] as JaxArray).ref.blockUntilReady()));
      return Float32Array.of(value);
    },
    {
      async result() {
        const { value, gradients } = await learn();
        const read = [];
        for (const name of names) read.push(await (gradients[name] as JaxArray).data());
        const after = await gradient(tree.ref(parameters))[0].data();
        return concatenated([Float32Array.of(value), ...read, after]);
      },
      dispose: () => [parameters, first, second].forEach((all) => tree.dispose(all)),
    },
  );
}

/** Mean nats a predicted token. Takes the parameters. */
function loss(jax: Jax, task: TrainingTask, parameters: Tree): JaxArray {
  const { numpy, nn } = jax;
  const { heads } = task;
  const use = (name: string): JaxArray => (parameters[name] as JaxArray).ref;
  const linear = (x: JaxArray, name: string): JaxArray =>
    numpy.matmul(x, use(`${name}.weight`).transpose()).add(use(`${name}.bias`));
  const norm = (x: JaxArray, name: string): JaxArray =>
    jaxLayerNorm(jax, x, use(`${name}.weight`), use(`${name}.bias`));
  const count = task.tokens.length;
  const [vocabulary, width] = use('embedding.tokens').shape as [number, number];
  const ids = (tokens: readonly number[]): JaxArray =>
    nn.oneHot(numpy.array(Int32Array.from(tokens)), vocabulary);

  let x = numpy.matmul(ids(task.tokens), use('embedding.tokens')).add(use('embedding.positions'));
  for (let layer = 0; layer < task.layers; layer++) {
    const name = `layers.${layer}`;
    const y = norm(x.ref, `${name}.attentionNorm`);
    const [q, k, v] = ['query', 'key', 'value'].map((part) =>
      linear(y.ref, `${name}.attention.${part}`).reshape([1, count, heads, width / heads]),
    ) as [JaxArray, JaxArray, JaxArray];
    y.dispose();
    const out = nn.dotProductAttention(q, k, v, { isCausal: true }).reshape([count, width]);
    x = x.add(linear(out, `${name}.attention.output`));
    const inner = linear(norm(x.ref, `${name}.feedForwardNorm`), `${name}.feedForward.up`);
    x = x.add(linear(nn.gelu(inner, { approximate: true }), `${name}.feedForward.down`));
  }
  const logits = numpy.matmul(norm(x, 'finalNorm'), use('embedding.tokens').transpose());
  // The last token predicts nothing: its row of targets is all zeros.
  const targets = ids([...task.tokens.slice(1), -1]);
  for (const array of Object.values(parameters)) array.dispose();
  return numpy.sum(nn.logSoftmax(logits, -1).mul(targets)).mul(-1 / (count - 1));
}
