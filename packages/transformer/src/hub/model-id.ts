import { staysInside } from '../source/source.ts';

/** Kinds of repositories that are read: models and datasets have addresses and cache folders of their own. */
export type RepositoryType = 'model' | 'dataset';

/** A model or dataset on the hub at a branch, tag or commit. */
export interface HubRepository {
  /** `name` or `owner/name`. */
  readonly id: string;
  readonly revision: string;
}

const NAME = /^(?![.-])[\w.-]{1,96}(?<![.-])$/;

/** Reads `owner/name`, `name`, or either followed by `@revision`; undefined if the text cannot be an id of the hub. */
export function parseHubId(text: string): HubRepository | undefined {
  const at = text.indexOf('@');
  const id = at < 0 ? text : text.slice(0, at);
  const revision = at < 0 ? 'main' : text.slice(at + 1);
  const names = id.split('/');
  const isId =
    names.length <= 2 &&
    names.every((name) => NAME.test(name) && !name.includes('--') && !name.includes('..'));
  // The revision becomes part of a path in the cache.
  return isId && staysInside(revision) ? { id, revision } : undefined;
}
