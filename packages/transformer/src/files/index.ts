export { removeEmptyFolder, removeFile, removeFolder, tryWriting } from './folders.ts';
export { hasCode, isSystemError, storageError } from './storage-error.ts';
export { isTemporary, sweepTemporaries } from './temporary.ts';
export { WholeFile, linkWhole, writeWhole } from './whole-file.ts';
