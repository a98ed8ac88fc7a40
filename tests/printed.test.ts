import { spawnSync } from 'node:child_process';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FixtureCopy } from './damage.ts';
import { type CommandResult, iclGd } from './golden.ts';

/** Clears the screen, sets the title, hides the cursor, turns the direction of text, breaks lines. */
const ESCAPES = '\u001b[2J\u001b]0;owned\u0007\u009b?25l\u202eab\u2066c\u2028d\re\u0085f\u007f';

/** What no terminal may get from names and values of others, and lines longer than a message may be. */
function faults({ stdout, stderr }: CommandResult): string[] {
  const obeyed = /(?!\n)\p{Cc}|[\u2028-\u202E\u2066-\u2069]/gu;
  return [
    ...[...`${stdout}${stderr}`.matchAll(obeyed)].map(([character]) => JSON.stringify(character)),
    ...stderr.split('\n').filter((line) => line.length > 300),
  ];
}

describe('names and values that hold terminal escapes are shown escaped, each message in one line', () => {
  let copy: FixtureCopy;
  beforeAll(() => {
    copy = new FixtureCopy('own-text-gpt2');
  });
  afterAll(() => copy[Symbol.dispose]());

  /** How a command ends, what is wrong with what it printed, and whether an escape is shown. */
  async function outcome(args: readonly string[]): Promise<object> {
    const result = await iclGd(args);
    const shown = result.stderr.includes(String.raw`\u001b`);
    return { code: result.code, shown, faults: faults(result) };
  }
  const REFUSED = { code: 2, shown: true, faults: [] };

  it.each([
    ['run', '--model', `m${ESCAPES}`, '--data', 'd', '--out', 'o'],
    ['run', `--${ESCAPES}`],
    [ESCAPES],
    ['run', '--preset', ESCAPES, '--out', 'o'],
    ['run', '--task-file', ESCAPES, '--model', 'm', '--out', 'o'],
    ['run', '--learner-file', ESCAPES, '--model', 'm', '--data', 'd', '--out', 'o'],
    ['run', '--datasets', ESCAPES, '--model', 'm', '--data', 'd', '--out', 'o'],
    ['run', '--shots', ESCAPES, '--model', 'm', '--data', 'd', '--out', 'o'],
    ['run', '--methods', ESCAPES, '--model', 'm', '--data', 'd', '--out', 'o'],
    ['ls', ESCAPES],
    ['inspect', '--model', `${ESCAPES}`, '--tokens', '1'],
    ['validate', '--from', ESCAPES],
    ['tables', '--from', ESCAPES],
    ['pretrain', '--preset', ESCAPES, '--out', 'o'],
  ])('options: %j', async (...args) => {
    expect(await outcome(args)).toEqual(REFUSED);
  });

  it('the adapter', async () => {
    expect(await outcome(copy.arguments('--adapter', `no${ESCAPES}`))).toEqual(REFUSED);
  });

  it('the model type', async () => {
    copy.editConfig({ model_type: `gpt2${ESCAPES}` });
    expect(await outcome(copy.arguments())).toEqual(REFUSED);
    copy.editConfig({ model_type: 'gpt2' });
  });

  it('text that is no JSON', async () => {
    copy.edit('model/config.json', (text) => `${ESCAPES}${text}`);
    expect(await outcome(copy.arguments())).toEqual(REFUSED);
    copy.edit('model/config.json', (text) => text.slice(ESCAPES.length));
  });

  it('tensors, of which some thousand are missing or not known', async () => {
    copy.editWeights((header) => {
      const [name] = Object.keys(header).filter((own) => own !== '__metadata__') as [string];
      header[`${name}${ESCAPES}`] = header[name]!;
      delete header[name];
    });
    const result = await iclGd(copy.arguments());
    expect(faults(result), result.stderr).toEqual([]);
    expect(result.code).toBe(2);
  });

  it('a task whose id, title, label and template have them', async () => {
    const file = join(copy.folder, 'task.yaml');
    for (const change of [
      { id: `t${ESCAPES}` },
      { title: `t${ESCAPES}`, label: `label${ESCAPES}` },
      { template: `{text}${ESCAPES} {field}` },
      { label_words: [`good${ESCAPES}`, `good${ESCAPES}`] },
      { [ESCAPES]: 1 },
    ]) {
      const task = { id: 'mr', template: '{text}', label_words: ['bad', 'good'], ...change };
      writeFileSync(file, JSON.stringify(task));
      for (const more of [['--dry-run'], ['--check-only']]) {
        const result = await iclGd([
          ...['run', '--model', copy.model, '--data', copy.data, '--task-file', file, '--out', copy.out],
          ...more,
        ]);
        expect(faults(result), result.stderr).toEqual([]);
      }
    }
  });

  it('rows', async () => {
    copy.edit('data/mr/train.jsonl', (text) => `{"text": "a", "label": "${ESCAPES}"}\n${text}`);
    const result = await iclGd(copy.arguments());
    expect(faults(result), result.stderr).toEqual([]);
    expect(result.code).toBe(2);
  });

  it('a run that is read back', async () => {
    writeFileSync(
      join(copy.folder, 'summary.csv'),
      `model,variant,dataset,method,metric,value\n"${ESCAPES}",a,b,c,d,e\n`,
    );
    for (const command of ['tables', 'validate'])
      expect(await outcome([command, '--from', copy.folder])).toMatchObject({ code: 2, faults: [] });
  });
});

it('where standard output cannot be written, a line and the exit code say so', () => {
  const launcher = join(import.meta.dirname, '..', 'apps', 'bench', 'bin', 'icl-gd.js');
  const notForWriting = openSync(launcher, 'r');
  try {
    const stdio = ['ignore', notForWriting, 'pipe'] as const;
    const { status, stderr } = spawnSync(process.execPath, [launcher, 'ls', 'presets'], {
      stdio: [...stdio],
    });
    expect(`${stderr}`).toBe('icl-gd: standard output cannot be read or written [EBADF]\n');
    expect(status).toBe(3);
  } finally {
    closeSync(notForWriting);
  }
});
