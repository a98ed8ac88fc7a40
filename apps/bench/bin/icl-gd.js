#!/usr/bin/env node
// Plain JavaScript, so that any Node from 20 on can start it. The program is JavaScript too where it was packed. In the
// repository it is TypeScript, which Node runs directly from 24.3 on without a warning; an older Node hands over to the
// one that npm installed beside it.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { supervise } from './supervise.js';

const require = createRequire(import.meta.url);
// package.json says which it is.
const program = require.resolve('#main');
const node = !program.endsWith('.ts') || runsTypeScript() ? process.execPath : pinnedNode();

if (node === undefined) {
  console.error(
    `icl-gd: Node ${process.versions.node} cannot run this program and the npm package 'node' (24) is not installed beside it; run 'npm ci' or use Node 24.3 or newer`,
  );
  process.exitCode = 2;
} else {
  supervise(node, [...process.execArgv, program, ...process.argv.slice(2)]);
}

function runsTypeScript() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  return Boolean(process.features.typescript) && (major > 24 || (major === 24 && minor >= 3));
}

function pinnedNode() {
  const binary = process.platform === 'win32' ? 'node/bin/node.exe' : 'node/bin/node';
  try {
    const path = require.resolve(binary);
    return existsSync(path) ? path : undefined;
  } catch {
    return undefined;
  }
}
