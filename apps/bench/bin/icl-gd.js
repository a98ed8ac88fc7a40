#!/usr/bin/env node
// Plain JavaScript, so that any Node from 20 on can start it. The program itself is TypeScript, which Node runs
// directly from 24.3 on without a warning; an older Node hands over to the one that npm installed beside it.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { supervise } from './supervise.js';

const program = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const node = runsTypeScript() ? process.execPath : pinnedNode();

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
  const require = createRequire(import.meta.url);
  const binary = process.platform === 'win32' ? 'node/bin/node.exe' : 'node/bin/node';
  try {
    const path = require.resolve(binary);
    return existsSync(path) ? path : undefined;
  } catch {
    return undefined;
  }
}
