import { posix } from 'node:path';

/** A README in which links that leave its package, `folder` of the repository, lead to the repository. */
export function linkedTo(repository: string, folder: string, readme: string): string {
  const web = repository.replace(/^git\+/, '').replace(/\.git$/, '');
  return readme.replaceAll(
    /\]\((\.\.\/[^)#\s]*)/g,
    (_, path: string) => `](${web}/blob/HEAD/${posix.join(folder.replaceAll('\\', '/'), path)}`,
  );
}
