import { RowGroups } from '@icl-gd/gpu-kernels';
import {
  type EvaluationRequest,
  type EvaluationResult,
  readEvaluation,
  recordEvaluation,
  requireRequests,
} from '../decoder/evaluate.ts';
import type { Pass } from '../decoder/pass.ts';
import { type EvaluateOptions, type Model, passOver } from '../model.ts';
import { type ParameterRole, parameterSpecs } from '../parameters.ts';
import { tensorsByName } from '../tensors-by-name.ts';
import type { ParameterSet } from '../weights/parameter-set.ts';
import { addStack } from './stacks.ts';

/** What `linear.ts` reads: what can be stacked. */
const LINEAR: ReadonlySet<ParameterRole> = new Set(['query', 'key', 'value', 'output', 'feedForward']);

/** What one of several models is asked. */
export interface ModelEvaluation {
  readonly model: Model;
  readonly requests: readonly EvaluationRequest[];
}

/**
 * Whether {@link evaluateTogether} takes these models: of one device, what each has of its own are weights and biases of linear
 * layers in float32, and all else is shared by all (the base itself may be among them). Not with matrix units or hooks.
 */
export function evaluateInOnePass(models: readonly Model[]): boolean {
  const [first] = models;
  const base = baseOf(models);
  if (!first || !base) return false;
  const { gpu, config } = first;
  if (models.some((own) => own.gpu !== gpu || own.config !== config || own.hooks.length > 0)) return false;
  const own = ownNames(models, base);
  if (own.length > 0 && gpu.matrixUnits) return false;
  const roles = new Map(parameterSpecs(config).map(({ name, role }) => [name, role]));
  return own.every(
    (name) =>
      LINEAR.has(roles.get(name) as ParameterRole) &&
      models.every(({ parameters }) => parameters.get(name).dtype === 'float32'),
  );
}

/**
 * Evaluates sequences of several models as one packed batch: bit for bit what `Model.evaluate` gives for each. What the models have
 * of their own is copied for it. All of its work is given to the device before it returns.
 * @returns one list a model, in their order, each with one result a request
 * @throws as `Model.evaluate`; RangeError for models that {@link evaluateInOnePass} does not take
 */
export async function evaluateTogether(
  evaluations: readonly ModelEvaluation[],
  { signal, allocate }: Pick<EvaluateOptions, 'signal' | 'allocate'> = {},
): Promise<EvaluationResult[][]> {
  signal?.throwIfAborted();
  const models = evaluations.map(({ model }) => model);
  const disposed = models.find((model) => model.disposed);
  if (disposed) throw new RangeError(`model ${disposed.name} was disposed`);
  const requests = evaluations.flatMap((own) => own.requests);
  requireRequests(requests);
  if (requests.length === 0) return evaluations.map(() => []);
  if (!evaluateInOnePass(models))
    throw new RangeError('evaluateTogether: models that do not share all but linear layers of their own');
  let reading: Promise<EvaluationResult[]>;
  {
    using stacked = stackModels(models);
    const asked = evaluations.map((own) => own.requests);
    using cells = passOverCells(stacked, asked);
    reading = readEvaluation(cells.pass, requests, recordEvaluation(cells.pass, requests), allocate);
  }
  const results = await reading;
  signal?.throwIfAborted();
  let next = 0;
  return evaluations.map((own) => results.slice(next, (next += own.requests.length)));
}

/** A pass over the sequences of each cell of a model whose own parameters are stacks, [C, …]. */
export function passOverCells(
  stacked: Model,
  asked: readonly (readonly EvaluationRequest[])[],
): Disposable & { readonly pass: Pass } {
  const counts = asked.map((own) => own.reduce((sum, { tokens }) => sum + tokens.length, 0));
  const rows = new RowGroups(stacked.gpu, counts);
  try {
    const own = stacked.parameters.replacements;
    const pass = passOver(
      stacked,
      asked.flatMap((each) => each.map(({ tokens }) => tokens)),
      { groups: { rows, has: (name) => own.has(name) } },
    );
    return {
      pass,
      [Symbol.dispose]() {
        pass[Symbol.dispose]();
        rows.dispose();
      },
    };
  } catch (error) {
    rows.dispose();
    throw error;
  }
}

/** What the models' own parameters lie on; undefined if that is not the same of all. */
function baseOf(models: readonly Model[]): ParameterSet | undefined {
  const [first, ...others] = models.map(({ parameters }) => parameters.foundation);
  const other = others.find((set) => set !== first);
  const base = !other || other.base === first ? first : first?.base;
  const lies = ({ parameters: { foundation } }: Model): boolean =>
    foundation === base || (base !== undefined && foundation.base === base);
  return models.every(lies) ? base : undefined;
}

/** Names of what some of the models do not share with their base. */
function ownNames(models: readonly Model[], base: ParameterSet): string[] {
  const names = models.flatMap(({ parameters: { foundation } }) =>
    foundation === base ? [] : [...foundation.replacements.keys()],
  );
  return [...new Set(names)];
}

/** The base with the models' own parameters one below the other, [C, …], which it owns. */
function stackModels(models: readonly Model[]): Model {
  const [first] = models as readonly [Model, ...Model[]];
  const base = baseOf(models) as ParameterSet;
  const stacks = tensorsByName((made) => {
    for (const name of ownNames(models, base)) {
      const sources = models.map(({ parameters }) => parameters.get(name));
      addStack(first.gpu, made, { name, purpose: 'stacked', sources });
    }
  });
  return first.withParameters(base.overlay(stacks));
}
