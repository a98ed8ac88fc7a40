import type { DecoderConfig } from './config.ts';
import { UserError } from './errors.ts';

const KEYS = { bosTokenId: 'bos_token_id', eosTokenId: 'eos_token_id' } as const;

/**
 * A special token that the experiment cannot do without.
 * @param model whose it is, for the error: the model's name or directory
 * @throws UserError (`no-special-token`) naming the key of config.json if the model has no such token
 */
export function specialToken(
  config: Pick<DecoderConfig, 'bosTokenId' | 'eosTokenId'>,
  which: keyof typeof KEYS,
  model: string,
): number {
  const token = config[which];
  if (token !== null) return token;
  throw new UserError(
    `${model}: config.json has no ${KEYS[which]}, which is put ${which === 'bosTokenId' ? 'before every text' : 'after every demonstration'}; add the key, with a token id of the model's`,
    'no-special-token',
  );
}
