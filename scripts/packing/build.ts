import { buildPackage } from './build-package.ts';

// npm run build: each package in its own folder.
buildPackage(process.cwd());
