import { describe, expect, it } from 'vitest';
import { refuseMisspelt, requireOneOf } from './options.ts';

const KNOWN = { learningRate: true, seed: true, signal: true, onProgress: true };
const ask = (options: object) => () => refuseMisspelt('train', options, KNOWN);

describe('an option', () => {
  it.each([
    ['learningrate', 'learningRate'],
    ['learning_rate', 'learningRate'],
    ['lerningRate', 'learningRate'],
    ['learningRates', 'learningRate'],
    ['laerningRate', 'learningRate'],
    ['sed', 'seed'],
    ['singal', 'signal'],
    ['onprogres', 'onProgress'],
  ])('%s is refused with what is meant', (name, meant) => {
    expect(ask({ [name]: 1 })).toThrow(
      new RangeError(`train: unknown option ${name}; did you mean ${meant}?`),
    );
  });

  it('that is known, or like none that is, passes', () => {
    for (const options of [{}, { ...KNOWN }, { rate: 1, momentum: 2, s: 3, sign: 4, seeing: 5 }])
      expect(ask(options)).not.toThrow();
  });

  it('that is one of a few words is refused where it is another', () => {
    expect(() => requireOneOf('dtype', 'float32', ['float32', 'half'])).not.toThrow();
    expect(() => requireOneOf('dtype', 'float', ['float32', 'half'])).toThrow(
      new RangeError('dtype is "float"; it can be float32, half'),
    );
    expect(() => requireOneOf('dtype', undefined, ['half'])).toThrow('dtype is undefined; it can be half');
  });
});
