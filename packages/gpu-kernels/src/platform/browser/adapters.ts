import type { FoundAdapter } from '../../device/adapters-of.ts';
import { findNavigatorAdapter, findNavigatorAdapters } from '../../device/navigator.ts';

/** As {@link findNavigatorAdapter}: there is nothing of Dawn that a page could switch. */
export function findAdapter(choice: string): Promise<FoundAdapter> {
  return findNavigatorAdapter(choice);
}

export const findAllAdapters = findNavigatorAdapters;
