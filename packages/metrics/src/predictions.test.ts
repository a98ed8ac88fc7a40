import { describe, expect, it } from 'vitest';
import { accuracy, rec2ftp, rec2ftpBaseRate, rec2ftpCounts } from './index.ts';

describe('accuracy', () => {
  it('is the share of right predictions, null for none', () => {
    expect(accuracy([0, 1, 2, 1], [0, 1, 1, 1])).toBe(0.75);
    expect(accuracy([], [])).toBeNull();
  });

  it('rejects what is not a class and lengths that differ', () => {
    expect(() => accuracy([0], [0, 1])).toThrow(
      new RangeError('gold has length 1, predicted has length 2; they must agree'),
    );
    expect(() => accuracy([0], [Number.NaN])).toThrow(
      new RangeError('predicted[0] is NaN; a class must be a non-negative integer'),
    );
    expect(() => accuracy([0, -1], [0, 0])).toThrow(/^gold\[1\] is -1;/);
    expect(() => accuracy([0.5], [0])).toThrow(/^gold\[0\] is 0\.5;/);
  });
});

describe('rec2ftp', () => {
  it('asks only about examples that zero-shot gets wrong and fine-tuning right', () => {
    const gold = [0, 0, 0, 0, 1];
    const zsl = [1, 1, 1, 0, 0];
    const ft = [0, 0, 1, 0, 1];
    expect(rec2ftp({ gold, zsl, ft, icl: [0, 1, 0, 0, 0] })).toBe(1 / 3);
    expect(rec2ftp({ gold, zsl, ft, icl: [0, 0, 1, 1, 1] })).toBe(1);
  });

  it('is null if no example qualifies', () => {
    expect(rec2ftp({ gold: [0, 1], zsl: [0, 1], ft: [0, 1], icl: [0, 1] })).toBeNull();
  });

  it('names the array whose length differs', () => {
    expect(() => rec2ftp({ gold: [0], zsl: [0], ft: [0], icl: [] })).toThrow(
      /gold has length 1, icl has length 0/,
    );
    const right = { gold: [0], zsl: [0], icl: [0], ft: [0] };
    for (const name of ['zsl', 'icl', 'ft'])
      expect(() => rec2ftp({ ...right, [name]: [0, 1] })).toThrow(
        new RangeError(`gold has length 1, ${name} has length 2; they must agree`),
      );
  });

  it('names the array that holds what is not a class', () => {
    const right = { gold: [0], zsl: [0], icl: [0], ft: [0] };
    for (const name of ['gold', 'zsl', 'icl', 'ft'])
      expect(() => rec2ftp({ ...right, [name]: [-2] })).toThrow(
        new RangeError(`${name}[0] is -2; a class must be a non-negative integer`),
      );
  });
});

describe('the base rate of Rec2FTP', () => {
  const gold = [0, 0, 0, 0, 1];
  const zsl = [1, 1, 1, 0, 0];
  const ft = [0, 0, 1, 0, 1];
  const icl = [0, 1, 0, 0, 0];

  it('is the share that in-context learning gets right of what zero-shot gets wrong', () => {
    expect(rec2ftpBaseRate({ gold, zsl, icl })).toBe(2 / 4);
    expect(rec2ftpBaseRate({ gold, zsl: gold, icl })).toBeNull();
    expect(rec2ftpCounts({ gold, zsl, icl, ft })).toEqual({
      ...{ wrong: 4, iclCorrected: 2, corrected: 3, recalled: 1 },
    });
  });

  it('is Rec2FTP of a learner that gets everything right, which tells nothing', () => {
    expect(rec2ftp({ gold, zsl, icl, ft: gold })).toBe(rec2ftpBaseRate({ gold, zsl, icl }));
  });

  it('refuses what Rec2FTP refuses', () => {
    expect(() => rec2ftpBaseRate({ gold, zsl, icl: [0] })).toThrow(
      new RangeError('gold has length 5, icl has length 1; they must agree'),
    );
  });
});
