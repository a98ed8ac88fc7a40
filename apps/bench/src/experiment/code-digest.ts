import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The packages that make the numbers of a record. */
const PACKAGES = ['gpu-kernels', 'transformer', 'methods', 'metrics'];

/**
 * Digest of the text of kernels, decoder, learners and metrics as they are installed. Part of every record's key, so that a
 * record is not taken for that of other code. Comments count too: to recompute is safe, to misread is not.
 */
export function codeDigest(): string {
  const hash = createHash('sha256');
  for (const name of PACKAGES) {
    const root = dirname(fileURLToPath(import.meta.resolve(`@icl-gd/${name}`)));
    for (const file of sources(root))
      hash.update(`${name}/${file.split(sep).join('/')}\0`).update(readFileSync(join(root, file)));
  }
  return hash.digest('hex').slice(0, 32);
}

function sources(root: string): string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((file) => /(?<!\.test|\.d)\.[jt]s$/.test(file) && !file.split(sep).includes('testing'))
    .toSorted();
}
