/**
 * Indents WGSL by its brackets, so that generated text reads as if written by hand. Blank lines stay between
 * declarations, one at a time, and go inside them.
 */
export function indentWgsl(text: string): string {
  const lines: string[] = [];
  let depth = 0;
  for (const line of text.split('\n').map((untidy) => untidy.trim())) {
    if (line === '') {
      if (depth === 0 && lines.length > 0 && lines.at(-1) !== '') lines.push('');
      continue;
    }
    const closing = /^[)}\]]*/.exec(line)?.[0].length ?? 0;
    lines.push('  '.repeat(depth - closing) + line);
    const code = line.replace(/\/\/.*/, '');
    depth += count(code, /[({[]/g) - count(code, /[)}\]]/g);
  }
  return `${lines.join('\n').trim()}\n`;
}

function count(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0;
}
