import { groupBy } from '../group-by.ts';
import { UserError } from '@icl-gd/gpu-kernels/errors';
import type { RecordedTensor } from './probe-folder.ts';

/** Elements of a tensor, run by run, in the order in which they are wanted. */
export interface Part {
  readonly tensor: RecordedTensor;
  readonly runs: readonly (readonly [first: number, count: number])[];
}

/** Where the numbers of each example lie, whatever way they were stored. */
export interface Located {
  /** Numbers of the examples where names say them, in the order of the parts; else undefined: places in a stack. */
  readonly ids: readonly number[] | undefined;
  /** By example: its extents without the layers', which come first. */
  readonly shapes: readonly (readonly number[])[];
  readonly layers: number;
  /** By example, parts whose elements make [layers, ...shape]. */
  readonly parts: readonly (readonly Part[])[];
  /** A tensor of it, for messages. */
  readonly first: RecordedTensor;
}

/** How a tensor is called in messages. */
export function tensorName({ file, info }: Pick<RecordedTensor, 'file' | 'info'>): string {
  return `${file.path}: tensor ${JSON.stringify(info.name)}`;
}

/**
 * Finds each example in tensors of one kind: one stack of all ([examples, layers, …]), a tensor an example ([layers, …]), a
 * layer ([examples, …]), or both ([…]). Extents of 1 that are too many are dropped.
 *
 * @param tensors of one setting and kind
 * @param extents how many there are after the layers: 1 for h (d_model), 2 for m (heads, query length)
 * @throws UserError for what is missing, there twice, of another shape, or ambiguous
 */
export function locate(tensors: readonly RecordedTensor[], extents: number): Located {
  const first = tensors[0] as RecordedTensor;
  const [byExample, byLayer] = (['example', 'layer'] as const).map((index) => {
    const other = tensors.find((tensor) => (tensor[index] === undefined) !== (first[index] === undefined));
    if (other)
      throw new UserError(
        `${tensorName(other)} and ${JSON.stringify(first.info.name)} are stored in two ways: one has the number of its ${index} in its name, the other has none`,
      );
    return first[index] !== undefined;
  });
  requireOnce(tensors);
  const layers = byLayer ? layersOf(tensors) : undefined;
  const ids = byExample ? [...new Set(tensors.map(({ example }) => example as number))] : undefined;
  if (byExample) {
    const groups = [...groupBy(tensors, ({ example }) => example).values()];
    const examples = groups.map((group) =>
      layers === undefined
        ? ofExample(group[0] as RecordedTensor, extents)
        : ofLayers(group, layers, extents),
    );
    return join(ids, examples, first);
  }
  return layers === undefined ? ofStack(first, extents) : ofLayerStacks(tensors, layers, extents);
}

interface OneExample {
  readonly layers: number;
  readonly shape: readonly number[];
  readonly parts: readonly Part[];
}

function join(ids: Located['ids'], examples: readonly OneExample[], first: RecordedTensor): Located {
  const { layers } = examples[0] as OneExample;
  const other = examples.find((own) => own.layers !== layers);
  if (other)
    throw new UserError(
      `${tensorName((other.parts[0] as Part).tensor)} has ${other.layers} layers, ${JSON.stringify(first.info.name)} has ${layers}`,
    );
  return {
    ids,
    layers,
    first,
    shapes: examples.map(({ shape }) => shape),
    parts: examples.map(({ parts }) => parts),
  };
}

/** [layers, …] */
function ofExample(tensor: RecordedTensor, extents: number): OneExample {
  const [layers, ...shape] = squeezed(tensor, ['layers', ...namesOf(extents)]) as [number, ...number[]];
  return { layers, shape, parts: [whole(tensor)] };
}

/** […] a layer. */
function ofLayers(group: readonly RecordedTensor[], layers: number, extents: number): OneExample {
  const ordered = inLayers(group, layers);
  const shapes = ordered.map((tensor) => squeezed(tensor, namesOf(extents)));
  requireAlike(ordered, shapes);
  return { layers, shape: shapes[0] as number[], parts: ordered.map(whole) };
}

/** [examples, layers, …], or [layers, …] of one example. */
function ofStack(tensor: RecordedTensor, extents: number): Located {
  const { shape } = tensor.info;
  if (shape.length === extents + 1) return join(undefined, [ofExample(tensor, extents)], tensor);
  const [examples, layers, ...rest] = squeezed(tensor, ['examples', 'layers', ...namesOf(extents)]) as [
    number,
    number,
    ...number[],
  ];
  const count = layers * product(rest);
  const parts = Array.from({ length: examples }, (_, i): Part[] => [{ tensor, runs: [[i * count, count]] }]);
  return { ids: undefined, layers, first: tensor, shapes: parts.map(() => rest), parts };
}

/** [examples, …] a layer, or […] of one example. */
function ofLayerStacks(tensors: readonly RecordedTensor[], layers: number, extents: number): Located {
  const ordered = inLayers(tensors, layers);
  const first = ordered[0] as RecordedTensor;
  if (ordered.every(({ info }) => info.shape.length === extents))
    return join(undefined, [ofLayers(ordered, layers, extents)], first);
  const shapes = ordered.map((tensor) => squeezed(tensor, ['examples', ...namesOf(extents)]));
  requireAlike(ordered, shapes);
  const [examples, ...shape] = shapes[0] as [number, ...number[]];
  const count = product(shape);
  const parts = Array.from({ length: examples }, (_, i) =>
    ordered.map((tensor): Part => ({ tensor, runs: [[i * count, count]] })),
  );
  return { ids: undefined, layers, first, shapes: parts.map(() => shape), parts };
}

/** In the order of the layers: all of them, each once. */
export function inLayers(group: readonly RecordedTensor[], layers: number): RecordedTensor[] {
  return Array.from({ length: layers }, (_, layer) => {
    const found = group.find((tensor) => tensor.layer === layer);
    if (found) return found;
    const [one] = group as [RecordedTensor];
    const which = one.example === undefined ? '' : ` of example ${one.example}`;
    throw new UserError(
      `${one.file.path}: layer ${layer}${which} is missing beside tensor ${JSON.stringify(one.info.name)}`,
    );
  });
}

/** Layers count from 0. */
export function layersOf(tensors: readonly RecordedTensor[]): number {
  return tensors.reduce((most, { layer = 0 }) => Math.max(most, layer + 1), 0);
}

/** @throws UserError if two are of the same example and layer */
export function requireOnce(tensors: readonly RecordedTensor[]): void {
  const seen = new Map<string, RecordedTensor>();
  for (const tensor of tensors) {
    const place = `${tensor.example ?? ''}/${tensor.layer ?? ''}`;
    const earlier = seen.get(place);
    if (earlier)
      throw new UserError(
        `${tensorName(tensor)} is the same of ${tensor.setting} as ${tensorName(earlier)}: which of them counts?`,
      );
    seen.set(place, tensor);
  }
}

function namesOf(extents: number): string[] {
  return extents === 1 ? ['d_model'] : ['heads', 'query length'];
}

/** The extents, without as many of 1 as there are too many. @throws UserError if that can be done in several ways, or in none */
function squeezed(tensor: RecordedTensor, wanted: readonly string[]): number[] {
  const { shape } = tensor.info;
  const ways = new Map(dropOnes(shape, shape.length - wanted.length).map((own) => [own.join(), own]));
  const [only] = ways.values();
  const where = `${tensorName(tensor)} has shape [${shape.join(', ')}]`;
  if (ways.size > 1)
    throw new UserError(`${where}: which of its extents of 1 is too many? Squeeze it before it is saved`);
  if (only && only.every((extent) => extent > 0)) return only;
  throw new UserError(
    `${where}, where [${wanted.join(', ')}]${ofWhat(tensor)} is wanted, of the probed token alone: docs/probe-files.md has the shapes`,
  );
}

/** What its name says. A number that was meant otherwise (a seed) is taken for an example's. */
function ofWhat({ example, layer }: RecordedTensor): string {
  const indices = [
    ...(example === undefined ? [] : [`example ${example} (the number in a name, but for seed<seed>)`]),
    ...(layer === undefined ? [] : [`layer ${layer}`]),
  ];
  return indices.length === 0 ? '' : ` of ${indices.join(', ')}`;
}

function dropOnes(shape: readonly number[], count: number): number[][] {
  if (count < 0 || count > 4) return [];
  if (count === 0) return [[...shape]];
  return shape.flatMap((extent, at) => (extent === 1 ? dropOnes(shape.toSpliced(at, 1), count - 1) : []));
}

function requireAlike(tensors: readonly RecordedTensor[], shapes: readonly (readonly number[])[]): void {
  const other = shapes.findIndex((shape) => `${shape}` !== `${shapes[0]}`);
  if (other >= 0)
    throw new UserError(
      `${tensorName(tensors[other] as RecordedTensor)} has shape [${shapes[other]?.join(', ')}], ${JSON.stringify(tensors[0]?.info.name)} has [${shapes[0]?.join(', ')}]`,
    );
}

function whole(tensor: RecordedTensor): Part {
  return { tensor, runs: [[0, product(tensor.info.shape)]] };
}

function product(extents: readonly number[]): number {
  return extents.reduce((total, extent) => total * extent, 1);
}
