import { quote, shown } from '../words.ts';
import { MISSING, type ModelSource, SourceFileError } from './source.ts';

/** What a file in memory may be; a text is encoded as UTF-8. A `File` of a form in a browser is a `Blob`. */
export type MemoryFile = Uint8Array<ArrayBuffer> | ArrayBuffer | Blob | string;

/**
 * Files that are in memory, or that a user chose in a browser: nothing is copied, and of a `Blob` no more is read than
 * is asked for.
 * @param name what the model is called, in tables and messages
 * @param files by their names within the model's directory: config.json, model.safetensors, tokenizer.json, …
 * @throws RangeError for what is no content of a file
 */
export function memorySource(
  name: string,
  files: Readonly<Record<string, MemoryFile>> | Iterable<readonly [string, MemoryFile]>,
): ModelSource {
  if (typeof files !== 'object' || files === null)
    throw new RangeError(`memorySource(name, files): the files of ${shown(String(name))} are missing`);
  const entries = Symbol.iterator in files ? files : Object.entries(files);
  const contents = new Map<string, Uint8Array<ArrayBuffer> | Blob>();
  for (const [file, content] of entries as Iterable<readonly [string, MemoryFile]>)
    contents.set(file, prepared(content, `${name}/${file}`));
  const found = (file: string) => {
    const content = contents.get(file);
    return content && { name: file, bytes: sizeOf(content) };
  };
  return {
    name,
    list: async () => [...contents.keys()].flatMap((file) => found(file) ?? []),
    stat: async (file) => found(file),
    read: async (file, offset, length, { signal } = {}) => {
      const content = contents.get(file);
      if (!content) throw new SourceFileError(`${name}/${file}`, MISSING);
      if (content instanceof Uint8Array) return content.subarray(offset, offset + length);
      signal?.throwIfAborted();
      return readBlob(content.slice(offset, offset + length), `${name}/${file}`);
    },
  };
}

function prepared(content: MemoryFile, place: string): Uint8Array<ArrayBuffer> | Blob {
  if (typeof content === 'string') return new TextEncoder().encode(content);
  if (content instanceof ArrayBuffer) return new Uint8Array(content);
  if (content instanceof Uint8Array || typeof (content as Blob | undefined)?.arrayBuffer === 'function')
    return content;
  throw new RangeError(
    `${place}: ${quote(content)} is no content of a file; give a text, bytes (Uint8Array) or a Blob`,
  );
}

function sizeOf(content: Uint8Array | Blob): number {
  return content instanceof Uint8Array ? content.length : content.size;
}

async function readBlob(blob: Blob, place: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await blob.arrayBuffer());
  } catch (error) {
    // A browser gives the file of a form no more once it was changed or removed on the disk.
    const reason = error instanceof Error ? error.name : 'unknown';
    throw new SourceFileError(place, `cannot be read any more (${reason}); choose it again`);
  }
}
