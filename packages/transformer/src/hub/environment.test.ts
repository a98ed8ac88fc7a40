import { userInfo } from 'node:os';
import { describe, expect, it, vi } from 'vitest';
import { expandPath, isTrue } from './environment.ts';

const ENV = { HOME: '/home/me/', USERPROFILE: '/home/me/', A: 'a', B_1: 'b $A', E: '' };

// What Python 3.11 makes of the same texts, by expandvars(expanduser(text)).
describe.skipIf(process.platform === 'win32')('expandPath', () => {
  it.each([
    ['~', '/home/me'],
    ['~/x', '/home/me/x'],
    ['~/', '/home/me/'],
    ['x/~', 'x/~'],
    ['$A/${A}/$B_1', 'a/a/b $A'],
    ['$AB/$A.x', '$AB/a.x'],
    ['${A', '${A'],
    ['$', '$'],
    ['$$A', '$a'],
    ['${}', '${}'],
    ['${NO}/$NO', '${NO}/$NO'],
    ['$E/x', '/x'],
    ['%A%', '%A%'],
    ['$Ä/$A', '$Ä/a'],
    ['a$A$A', 'aaa'],
  ])('makes of %s what Python makes: %s', (text, expected) =>
    expect(expandPath(text, 'HF_HOME', ENV)).toBe(expected),
  );

  it('knows the home of this user by name, and refuses that of nobody', () => {
    const { username, homedir } = userInfo();
    expect(expandPath(`~${username}/x`, 'HF_HOME', ENV)).toBe(`${homedir}/x`);
    expect(expandPath('~root', 'HF_HOME', ENV)).toMatch(/^\/.*root$/);
    expect(() => expandPath('~no-such-user/x', 'HF_HOME', ENV)).toThrow(
      /^HF_HOME=~no-such-user\/x: the home directory of the user "no-such-user" is not known here/,
    );
  });

  it('says which variable is not set', () => {
    const warn = vi.fn<(line: string) => void>();
    expandPath('$A/$SCRATCH/x', 'HF_HOME', ENV, warn);
    expect(warn.mock.calls).toEqual([
      ['HF_HOME names $SCRATCH, which is not set: a folder of that very name is used'],
    ]);
  });
});

it('takes the words of huggingface_hub for yes', () => {
  for (const yes of ['1', 'on', 'ON', 'Yes', 'true', 'TRUE']) expect(isTrue(yes), yes).toBe(true);
  for (const no of ['0', 'off', 'no', 'false', '', ' 1', '2', 'y', 't', undefined])
    expect(isTrue(no), no).toBe(false);
});
