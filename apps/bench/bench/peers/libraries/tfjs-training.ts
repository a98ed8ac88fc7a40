import { causalMask } from '../causal-mask.ts';
import { type Contender, type TrainingTask, concatenated, inProcess } from '../contender.ts';
import { type Tf, type TfTensor, type TfVariable, tfAttention, tfLayerNorm } from './tfjs-api.ts';

const GELU = { scale: Math.sqrt(2 / Math.PI), cubic: 0.044715 };

/** Steps of training in TensorFlow.js. */
export function trainingOfTfjs(tf: Tf, task: TrainingTask): Contender {
  const { learningRate, beta1, beta2, epsilon, weightDecay } = task.adamW;
  const variables = new Map<string, TfVariable>();
  const moments = new Map<string, readonly [TfVariable, TfVariable]>();
  for (const [name, { shape, values }] of task.parameters) {
    variables.set(name, tf.variable(tf.tensor(values, shape), true, name));
    const zeros = (moment: number): TfVariable => tf.variable(tf.zeros(shape), false, `${name}/${moment}`);
    moments.set(name, [zeros(1), zeros(2)]);
  }
  const inputs = new Inputs(tf, task);
  const all = [...variables.values()];
  const backward = () => tf.variableGrads(() => loss(tf, task, variables, inputs), all);
  let steps = 0;
  const learn = () =>
    tf.tidy(() => {
      const { value, grads } = backward();
      steps++;
      for (const [name, variable] of variables) {
        const g = grads[name] as TfTensor;
        const [m, v] = moments.get(name) as readonly [TfVariable, TfVariable];
        m.assign(m.mul(beta1).add(g.mul(1 - beta1)));
        v.assign(v.mul(beta2).add(g.mul(g).mul(1 - beta2)));
        const scale = tf.sqrt(v.div(1 - beta2 ** steps)).add(epsilon);
        const change = m
          .div(1 - beta1 ** steps)
          .div(scale)
          .mul(learningRate);
        variable.assign(variable.mul(1 - learningRate * weightDecay).sub(change));
      }
      return [value, ...[...variables.keys()].map((name) => grads[name] as TfTensor)];
    });
  return inProcess(
    'tfjs',
    async () => {
      const [value, ...gradients] = learn() as [TfTensor, ...TfTensor[]];
      for (const gradient of gradients) gradient.dispose();
      // The smallest that comes last: its data are there when all that was submitted is done.
      await (variables.get('finalNorm.bias') as TfVariable).data();
      const read = await value.data();
      value.dispose();
      return read;
    },
    {
      async result() {
        const made = learn();
        const read = [];
        for (const tensor of made) {
          read.push(await tensor.data());
          tensor.dispose();
        }
        const after = tf.tidy(() => loss(tf, task, variables, inputs));
        read.push(await after.data());
        after.dispose();
        return concatenated(read);
      },
      dispose() {
        for (const variable of [...all, ...[...moments.values()].flat()]) variable.dispose();
        inputs.dispose();
      },
    },
  );
}

/** What does not change from step to step. */
class Inputs {
  readonly tokens: TfTensor;
  readonly targets: TfTensor;
  readonly mask: TfTensor;

  constructor(tf: Tf, { tokens, parameters }: TrainingTask) {
    const vocabulary = parameters.get('embedding.tokens')?.shape[0] as number;
    const count = tokens.length;
    this.tokens = tf.tensor(Int32Array.from(tokens), [count], 'int32');
    // The last token predicts nothing: its row of targets is all zeros.
    const following = tf.tensor(Int32Array.from([...tokens.slice(1), -1]), [count], 'int32');
    this.targets = tf.oneHot(following, vocabulary);
    following.dispose();
    this.mask = tf.tensor(causalMask(count), [count, count]);
  }

  dispose(): void {
    for (const tensor of [this.tokens, this.targets, this.mask]) tensor.dispose();
  }
}

/** Mean nats a predicted token. */
function loss(
  tf: Tf,
  task: TrainingTask,
  variables: ReadonlyMap<string, TfVariable>,
  inputs: Inputs,
): TfTensor {
  const use = (name: string): TfVariable => variables.get(name) as TfVariable;
  const linear = (x: TfTensor, name: string): TfTensor =>
    tf.matMul(x, use(`${name}.weight`), false, true).add(use(`${name}.bias`));
  const norm = (x: TfTensor, name: string): TfTensor =>
    tfLayerNorm(tf, x, use(`${name}.weight`), use(`${name}.bias`));
  const count = task.tokens.length;
  const width = task.parameters.get('embedding.tokens')?.shape[1] as number;
  const headDim = width / task.heads;

  let x = tf.gather(use('embedding.tokens'), inputs.tokens).add(use('embedding.positions'));
  for (let layer = 0; layer < task.layers; layer++) {
    const name = `layers.${layer}`;
    const y = norm(x, `${name}.attentionNorm`);
    const projected = ['query', 'key', 'value'].map((part) =>
      tf.reshape(linear(y, `${name}.attention.${part}`), [count, task.heads, headDim]),
    ) as [TfTensor, TfTensor, TfTensor];
    const heads = tfAttention(tf, projected, inputs.mask, headDim);
    x = x.add(linear(tf.reshape(heads, [count, width]), `${name}.attention.output`));
    const inner = linear(norm(x, `${name}.feedForwardNorm`), `${name}.feedForward.up`);
    const cubed = inner.mul(inner).mul(inner).mul(GELU.cubic);
    const active = inner.mul(0.5).mul(tf.tanh(inner.add(cubed).mul(GELU.scale)).add(1));
    x = x.add(linear(active, `${name}.feedForward.down`));
  }
  const logits = tf.matMul(norm(x, 'finalNorm'), use('embedding.tokens'), false, true);
  // The target's logit is taken out of the row by a product: gathering one number a row has no gradient here.
  const predicted = tf.sum(logits.mul(inputs.targets));
  const rows = tf.slice(tf.logSumExp(logits, -1), [0], [count - 1]);
  return tf
    .sum(rows)
    .sub(predicted)
    .div(count - 1);
}
