import { buildPackages } from './build-package.ts';
import { rewriteManifest } from './manifest-in-place.ts';

// npm runs it in a package's folder before `npm pack` and `npm publish`; postpack.ts undoes it.
buildPackages([process.cwd()]);
rewriteManifest(process.cwd());
