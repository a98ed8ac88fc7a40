import { restoreManifest } from './manifest-in-place.ts';

restoreManifest(process.cwd());
