import { UserError, type UserErrorCode } from '@icl-gd/transformer';
import { expect, test } from 'vitest';
import { inWords } from './in-words.ts';

test.each<[string, Error, RegExp]>([
  ['a mistake of the user', new UserError('x.json: no object'), /^x\.json: no object\.$/],
  ['a full device', new UserError('no room', 'device-full'), /^no room\. Choose a smaller model/],
  ['an unknown model', ofHub('neither here nor there; set HF_ENDPOINT', 'hub-not-found'), /^a\/b: .*404/],
  ['a private model', ofHub('wants a token; set HF_TOKEN', 'hub-access'), /^a\/b: .*public models alone\.$/],
  ['no network', ofHub('cannot reach it; set HF_ENDPOINT', 'hub-unavailable'), /^cannot reach it\. Check/],
  ['a lost device', new Error('GPU error on x: device lost: y'), /^The browser took .* Run again/],
  ['anything else', new TypeError('x is not a function'), /should not: x is not a function\.$/],
])('%s is told in sentences, without the options of a library', (_, error, sentences) => {
  const said = inWords(error, 'a/b');
  expect(said).toMatch(sentences);
  expect(said).not.toMatch(/HF_/);
});

function ofHub(message: string, code: UserErrorCode): UserError {
  return new UserError(message, code);
}
