import { z } from 'zod';
import { UserError } from '../../errors.ts';
import { quote } from '../../words.ts';

/** Where in which file a component stands, for messages: `pre_tokenizer.pretokenizers.1`. */
export interface Place {
  readonly file: string;
  readonly path: string;
}

/** A type of component: checks the options and makes it. */
type Make<Made> = (definition: object, place: Place) => Made;

/** The types of normalizer, pre-tokenizer or decoder that are supported, by name. Whatever is not here is refused. */
export type ComponentTypes<Made> = ReadonlyMap<string, Make<Made>>;

/** No real file nests components deeper. */
const DEEPEST = 16;

/** @throws UserError naming file and component */
export function refuse(place: Place, reason: string): never {
  throw new UserError(`${place.file}: ${place.path}: ${reason}`);
}

export function inside(place: Place, ...steps: (string | number)[]): Place {
  return { file: place.file, path: [place.path, ...steps].join('.') };
}

/** A type with the options of the schema and no others: an option that nothing reads is refused. */
export function componentType<Shape extends z.ZodRawShape, Made>(
  shape: Shape,
  make: (options: z.output<z.ZodObject<Shape>>, place: Place) => Made,
): Make<Made> {
  const schema = z.strictObject(shape);
  return (definition, place) => {
    const parsed = schema.safeParse(definition);
    if (parsed.success) return make(parsed.data as z.output<z.ZodObject<Shape>>, place);
    const issue = parsed.error.issues[0]!;
    const { type } = definition as { type: string };
    if (issue.code === 'unrecognized_keys') {
      refuse(place, `${type} has the option ${quote(issue.keys[0])}, which is not supported`);
    }
    return refuse(place, `${type}: ${issue.path.join('.')}: ${issue.message}`);
  };
}

/** Makes the component that a part of a tokenizer.json describes, or refuses it by name. */
export function makeComponent<Made>(types: ComponentTypes<Made>, definition: unknown, place: Place): Made {
  if (place.path.split('.').length > DEEPEST * 2) refuse(place, `is nested more than ${DEEPEST} deep`);
  if (typeof definition !== 'object' || definition === null || !('type' in definition)) {
    return refuse(place, 'is no component: it has no type');
  }
  const { type, ...options } = definition;
  const make = typeof type === 'string' ? types.get(type) : undefined;
  if (make === undefined) {
    return refuse(
      place,
      `the type ${quote(type)} is not supported (supported are ${[...types.keys()].join(', ')})`,
    );
  }
  return make({ type, ...options }, place);
}

/** The steps of a Sequence; no real file has more than ten. */
export const stepList = z.array(z.unknown()).max(100);

/** One character (code point), as the Rust implementation's `char`. */
export const character = z.string().refine((text) => [...text].length === 1, 'must be a single character');
