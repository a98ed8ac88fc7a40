export { makeFolder, removeFile, removeFolder, tryWriting } from './folders.ts';
export { REASONS, hasCode, isSystemError, storageError } from './storage-error.ts';
export { isTemporary, sweepTemporaries } from './temporary.ts';
export { WholeFile, linkWhole, writeWhole } from './whole-file.ts';
