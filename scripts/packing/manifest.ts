/** What package.json may hold where a path stands: the path, or conditions and what stands under each. */
export type Target = string | null | { readonly [condition: string]: Target };

/** The part of a package.json that packing looks at. */
export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly private?: boolean;
  readonly exports: Readonly<Record<string, Target>>;
  readonly imports?: Readonly<Record<string, Target>>;
  readonly [field: string]: unknown;
}

/** Of the repository alone. */
const UNPACKED_FIELDS = ['scripts', 'devDependencies'];
/** Folders and files of sources that are not built: what only tests use. */
export const UNBUILT = /\.test\.ts$|(^|\/)(testing|fixtures)\/|(^|\/)test-(support|server)\.ts$/;

/**
 * The manifest of a tarball: every `./src/x.ts` under `exports` becomes `./dist/x.d.ts` and `./dist/x.js`, under `imports`
 * `./dist/x.js`, whatever conditions stand before it. Subpaths for tests are left out.
 * @throws RangeError for a path that the rule does not cover
 */
export function packedManifest(manifest: Manifest): Manifest {
  const kept = Object.entries(manifest).filter(([field]) => !UNPACKED_FIELDS.includes(field));
  const exported = Object.entries(manifest.exports).filter(([, target]) => !isUnbuilt(target));
  return {
    ...(Object.fromEntries(kept) as Manifest),
    exports: {
      ...Object.fromEntries(exported.map(([path, target]) => [path, mapTarget(target, typed)])),
      './package.json': './package.json',
    },
    ...(manifest.imports && {
      imports: Object.fromEntries(
        Object.entries(manifest.imports).map(([name, target]) => [name, mapTarget(target, built)]),
      ),
    }),
  };
}

/** Paths of a target, whatever their conditions. */
export function pathsOf(target: Target): string[] {
  if (target === null) return [];
  return typeof target === 'string' ? [target] : Object.values(target).flatMap(pathsOf);
}

function isUnbuilt(target: Target): boolean {
  const paths = pathsOf(target);
  return paths.length > 0 && paths.every((path) => UNBUILT.test(path));
}

function mapTarget(target: Target, map: (path: string) => Target): Target {
  if (target === null) return null;
  if (typeof target === 'string') return map(target);
  return Object.fromEntries(
    Object.entries(target).map(([condition, inner]) => [condition, mapTarget(inner, map)]),
  );
}

/** Other packages, which `imports` may name, stay as they are. */
function built(path: string): string {
  if (!path.startsWith('./')) return path;
  if (!/^\.\/src\/.+(?<!\.d)\.ts$/.test(path)) throw new RangeError(`${path} is not of the form ./src/….ts`);
  return path.replace(/^\.\/src\//, './dist/').replace(/\.ts$/, '.js');
}

/** `types` first: the first condition that holds counts. */
function typed(path: string): Target {
  if (!path.startsWith('./src/')) throw new RangeError(`${path} is not of the form ./src/….ts`);
  return { types: built(path).replace(/\.js$/, '.d.ts'), default: built(path) };
}
