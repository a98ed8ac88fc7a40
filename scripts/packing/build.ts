import { buildPackages } from './build-package.ts';

// npm run build: each package in its own folder.
buildPackages([process.cwd()]);
